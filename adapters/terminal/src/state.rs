//! `netvane state`: shows, exports, imports and removes what a server stores.

use std::{
    fs::{File, OpenOptions},
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use netvane_core::{
    document::{
        Cell, Document, Severity,
        render::{self, Layout},
    },
    settings::Settings,
    store::{
        self, Bucket, BucketUsage, Store, StoreError,
        bucket::{self},
        state_directory,
    },
};

use crate::output::print;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum StateAction {
    /// List the buckets with their entries and bytes; works while the server runs.
    List,
    /// Export the state to a new file, to move the server to another machine.
    Export {
        /// The file to write; only its owner can read it. It contains callback URLs in full.
        file: PathBuf,
    },
    /// Add the entries of an export. Entries that exist are kept.
    Import {
        /// The file to read, or `-` for standard input.
        file: PathBuf,
    },
    /// Remove the entries of a bucket, or those that have expired.
    Purge(Purge),
}

#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Purge {
    /// Name of the bucket; see `netvane state list`.
    bucket: Option<String>,
    /// Remove expired entries of all buckets.
    #[arg(long)]
    expired: bool,
}

impl StateAction {
    /// Runs the subcommand on the state directory.
    pub(crate) fn run(self, settings: &Settings, json: bool) -> anyhow::Result<ExitCode> {
        let Some(directory) = state_directory(&settings.state.directory) else {
            bail!("no state directory: set `state.directory`, STATE_DIRECTORY or HOME");
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        match self {
            Self::List => list(&directory, json),
            Self::Export { file } => export(&directory, &file),
            Self::Import { file } => runtime.block_on(import(&directory, &file)),
            Self::Purge(purge) => runtime.block_on(purge.run(&directory)),
        }
    }
}

fn list(directory: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let (buckets, is_live) = match open(directory) {
        Ok(store) => (store.usage(), false),
        Err(StoreError::InUse(_)) => {
            let report = store::usage_report(directory);
            let report = report.context("the running server has not written its usage yet")?;
            (report, true)
        }
        Err(error) => return Err(error.into()),
    };

    if json {
        let state = serde_json::json!({ "directory": directory, "buckets": buckets });
        print(&format!("{state:#}\n"));
        return Ok(ExitCode::SUCCESS);
    }

    let mut document = summary(directory, &buckets);
    if is_live {
        document.text("As reported by the running server a few seconds ago");
    }
    let layout = Layout {
        width: 100,
        color: false,
    };
    print(&render::text(&document, layout));
    Ok(ExitCode::SUCCESS)
}

fn summary(directory: &Path, buckets: &[BucketUsage]) -> Document {
    let entries = buckets.iter().map(|usage| usage.entries).sum();
    let title = format!("State in {}", directory.display());
    let mut document = Document::new(title, counted(entries), Severity::Neutral);
    let rows = buckets.iter().map(|usage| {
        [
            Cell::exact(usage.bucket.as_str()),
            Cell::from(usage.entries),
            Cell::from(usage.bytes),
        ]
    });
    document.table(["Bucket", ">Entries", ">Bytes"], rows.collect());
    document
}

fn export(directory: &Path, file: &Path) -> anyhow::Result<ExitCode> {
    let store = open_alone(directory)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);

    let output = options.open(file);
    let output = output.with_context(|| format!("could not create {}", file.display()))?;
    let mut output = BufWriter::new(output);
    let lines = store::export(&store, &mut output)
        .and_then(|lines| {
            output.flush()?;
            output.get_ref().sync_all()?;
            Ok(lines)
        })
        .with_context(|| format!("could not write {}", file.display()))?;
    print(&format!(
        "Exported {lines} entries and jobs to {}.\n",
        file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

async fn import(directory: &Path, file: &Path) -> anyhow::Result<ExitCode> {
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let opened = File::open(file);
        Box::new(opened.with_context(|| format!("could not open {}", file.display()))?)
    };
    let store = Store::open(directory).map_err(in_use)?;
    let done = store::import(&store, BufReader::new(input)).await?;
    print(&format!(
        "Imported {} entries and jobs; {} existed, {} had expired.\n",
        done.written, done.present, done.expired
    ));
    Ok(ExitCode::SUCCESS)
}

impl Purge {
    async fn run(self, directory: &Path) -> anyhow::Result<ExitCode> {
        let Some(name) = self.bucket else {
            let removed = sweep(&open_alone(directory)?).await?;
            print(&format!("Removed {} that had expired.\n", counted(removed)));
            return Ok(ExitCode::SUCCESS);
        };
        let Some(bucket) = Bucket::named(&name) else {
            let names = bucket::ALL.map(|bucket| bucket.name).join(", ");
            bail!("unknown bucket `{name}`; expected one of {names}");
        };
        let removed = open_alone(directory)?.clear(bucket).await?;
        print(&format!("Removed {} from `{name}`.\n", counted(removed)));
        Ok(ExitCode::SUCCESS)
    }
}

fn counted(entries: u64) -> String {
    match entries {
        1 => "1 entry".to_owned(),
        entries => format!("{entries} entries"),
    }
}

/// Removes all expired entries, a bounded number in each transaction.
async fn sweep(store: &Store) -> Result<u64, StoreError> {
    let mut total = 0;
    loop {
        let removed = store.sweep().await?;
        if removed == 0 {
            return Ok(total);
        }
        total += removed;
    }
}

/// Opens the state of a directory that has one.
fn open(directory: &Path) -> Result<Store, StoreError> {
    if !directory.join("state.redb").exists() {
        let none = format!(
            "no state in {} yet; `netvane serve` creates it",
            directory.display()
        );
        return Err(StoreError::Unavailable(none));
    }
    Store::open(directory)
}

fn open_alone(directory: &Path) -> anyhow::Result<Store> {
    open(directory).map_err(in_use)
}

/// An error to open the state, with what to do about it.
fn in_use(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::InUse(file) => {
            anyhow::anyhow!("{file}: in use by a running server; stop it first")
        }
        other => other.into(),
    }
}
