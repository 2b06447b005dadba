//! `netvane state`: shows, exports, imports and removes what a server stores.

use std::{
    fs::{File, OpenOptions},
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use netvane_core::{
    Engine,
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
use netvane_nats::{Link, Role, State};

use crate::output::print;

/// Time in which the NATS servers of a cluster are reached, and its state is ready.
const CONTACT: Duration = Duration::from_secs(10);

/// What `netvane state list` calls the state of a cluster.
const CLUSTER: &str = "JetStream";

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum StateAction {
    /// List the buckets with their entries and bytes; works while the server runs.
    List,
    /// Export the state to a new file, to move the server to another machine, or to the NATS servers of a cluster.
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
        if settings.cluster.is_set() {
            let runtime = tokio::runtime::Runtime::new()?;
            let store = runtime.block_on(cluster(settings))?;
            if let Some(store) = store {
                return runtime.block_on(self.run_on(&store, json));
            }
        }

        let Some(directory) = state_directory(&settings.state.directory) else {
            bail!("no state directory: set `state.directory`, STATE_DIRECTORY or HOME");
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        match self {
            Self::List => list(&directory, json),
            Self::Export { file } => runtime.block_on(export(&open_alone(&directory)?, &file)),
            Self::Import { file } => {
                let store = Store::open(&directory).map_err(in_use)?;
                runtime.block_on(import(&store, &file))
            }
            Self::Purge(purge) => runtime.block_on(purge.run(&open_alone(&directory)?)),
        }
    }

    /// Runs the subcommand on the state of all replicas.
    async fn run_on(self, store: &Store, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List => {
                show(CLUSTER, &store.usage(), json, false);
                Ok(ExitCode::SUCCESS)
            }
            Self::Export { file } => export(store, &file).await,
            Self::Import { file } => import(store, &file).await,
            Self::Purge(purge) => purge.run(store).await,
        }
    }
}

/// The state that replicas share at the NATS servers of the settings; `None` where those hold no state.
async fn cluster(settings: &Settings) -> anyhow::Result<Option<Store>> {
    let engine = Engine::new(settings)?;
    let link = Link::open(&settings.cluster, Role::Hub, &engine).await?;
    let contact = tokio::time::timeout(CONTACT, link.first_contact());
    contact
        .await
        .map_err(|_| anyhow::anyhow!("the NATS servers of `cluster.nats` cannot be reached"))??;
    if link.has_jetstream() == Some(false) {
        return Ok(None);
    }

    let state = Arc::new(State::start(link, settings.cluster.replicas).await);
    let store = Store::shared(state);
    if tokio::time::timeout(CONTACT, store.opened()).await.is_err() {
        bail!(store.fault().map_or_else(
            || "the state is not ready".to_owned(),
            |fault| fault.to_string()
        ));
    }
    Ok(Some(store))
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

    show(&directory.display().to_string(), &buckets, json, is_live);
    Ok(ExitCode::SUCCESS)
}

/// Prints the usage of the state in this place.
fn show(place: &str, buckets: &[BucketUsage], json: bool, is_live: bool) {
    if json {
        let state = serde_json::json!({ "directory": place, "buckets": buckets });
        print(&format!("{state:#}\n"));
        return;
    }

    let mut document = summary(place, buckets);
    if is_live {
        document.text("As reported by the running server a few seconds ago");
    }
    let layout = Layout {
        width: 100,
        color: false,
    };
    print(&render::text(&document, layout));
}

fn summary(place: &str, buckets: &[BucketUsage]) -> Document {
    let entries = buckets.iter().map(|usage| usage.entries).sum();
    let title = format!("State in {place}");
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

async fn export(store: &Store, file: &Path) -> anyhow::Result<ExitCode> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);

    let output = options.open(file);
    let output = output.with_context(|| format!("could not create {}", file.display()))?;
    let mut output = BufWriter::new(output);
    let lines = store::export(store, &mut output)
        .await
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

async fn import(store: &Store, file: &Path) -> anyhow::Result<ExitCode> {
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let opened = File::open(file);
        Box::new(opened.with_context(|| format!("could not open {}", file.display()))?)
    };
    let done = store::import(store, BufReader::new(input)).await?;
    print(&format!(
        "Imported {} entries and jobs; {} existed, {} had expired.\n",
        done.written, done.present, done.expired
    ));
    if done.too_large > 0 {
        print(&format!(
            "{} larger than the NATS servers permit left out.\n",
            counted(done.too_large)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

impl Purge {
    async fn run(self, store: &Store) -> anyhow::Result<ExitCode> {
        let Some(name) = self.bucket else {
            let removed = sweep(store).await?;
            print(&format!("Removed {} that had expired.\n", counted(removed)));
            return Ok(ExitCode::SUCCESS);
        };
        let Some(bucket) = Bucket::named(&name) else {
            let names = bucket::ALL.map(|bucket| bucket.name).join(", ");
            bail!("unknown bucket `{name}`; expected one of {names}");
        };
        let removed = store.clear(bucket).await?;
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
