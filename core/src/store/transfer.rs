//! Export and import of the state as lines of JSON, to go on at another machine.

use std::{
    io::{BufRead, Read, Write},
    time::Duration,
};

use redb::{ReadableDatabase, ReadableTable};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    Backing, Kind, SharedState, Store, StoreError,
    agenda::{KINDS, StoredJob},
    bucket::{self, Bucket},
    embedded::Embedded,
    shared::read_jobs,
    tables::{ENTRIES, FORMAT},
    transaction::{Entry, Step},
    unix_millis, unix_seconds,
};

/// Longest line that is read, in bytes: the largest value with its key.
const MAX_LINE: u64 = 4 << 20;

/// Entries that an export reads at a time from the state of all replicas.
const PAGE: usize = 1000;

/// One line of an export.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// The first line: version of the layout.
    NetvaneState(u64),
    Entry {
        bucket: String,
        key: String,
        /// Unix time of expiry in seconds.
        expires: u64,
        value: Box<RawValue>,
    },
    Job(StoredJob),
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Entries and jobs that were written.
    pub written: u64,
    /// Entries that were there already, and kept.
    pub present: u64,
    /// Entries that have expired since the export.
    pub expired: u64,
    /// Entries that are larger than the state of all replicas permits.
    pub too_large: u64,
}

/// Why an import ended early. What was imported before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// This line is not one of an export.
    #[error("line {0}: {1}")]
    Line(u64, String),
    /// The input cannot be read.
    #[error("could not read the export: {0}")]
    Read(#[from] std::io::Error),
    /// An entry cannot be written.
    #[error("line {0}: {1}")]
    Store(u64, StoreError),
}

/// Writes all entries that have not expired, and all jobs; gives their number. In the state of all replicas an entry
/// has no time of its own: it is written as one that has just been changed.
pub async fn export(store: &Store, mut output: impl Write) -> std::io::Result<u64> {
    write_line(&mut output, &Line::NetvaneState(FORMAT))?;
    let lines = match &store.0 {
        Backing::Embedded(embedded) => export_file(embedded, &mut output)?,
        Backing::Shared(state) => export_shared(&**state, &mut output).await?,
    };
    output.flush()?;
    Ok(lines)
}

async fn export_shared(state: &dyn SharedState, output: &mut impl Write) -> std::io::Result<u64> {
    let mut lines = 0;
    for bucket in bucket::ALL {
        let mut after = String::new();
        loop {
            let page = state.scan(bucket, &after, PAGE).await;
            let page = page.map_err(std::io::Error::other)?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);

            for (key, entry) in page {
                let Some(value) = raw(&entry.value) else {
                    continue;
                };
                let line = Line::Entry {
                    bucket: bucket.name.to_owned(),
                    key,
                    expires: unix_seconds() + bucket.lifetime.as_secs(),
                    value,
                };
                write_line(&mut *output, &line)?;
                lines += 1;
            }
        }
    }

    for job in state.list_jobs().await.map_err(std::io::Error::other)? {
        let decided = unix_millis();
        let stored = StoredJob {
            kind: job.kind.name.to_owned(),
            id: job.id,
            owner: job.owner,
            due: decided + u64::try_from(job.delay.as_millis()).unwrap_or(u64::MAX >> 1),
            decided,
        };
        write_line(&mut *output, &Line::Job(stored))?;
        lines += 1;
    }
    Ok(lines)
}

fn export_file(embedded: &Embedded, mut output: &mut impl Write) -> std::io::Result<u64> {
    let (now, mut lines) = (unix_seconds(), 0);
    let mut failed = None;
    let jobs = embedded.shared().handle.with(|database| {
        let table = database.begin_read()?.open_table(ENTRIES)?;
        for entry in table.iter()? {
            let (key, entry) = entry?;
            let ((bucket, key), (_, expires, value)) = (key.value(), entry.value());
            let Some(value) = raw(value).filter(|_| expires > now) else {
                continue;
            };
            let line = Line::Entry {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                expires,
                value,
            };
            if let Err(error) = write_line(&mut output, &line) {
                failed = Some(error);
                break;
            }
            lines += 1;
        }
        read_jobs(database)
    });

    if let Some(error) = failed {
        return Err(error);
    }
    for job in jobs.map_err(std::io::Error::other)? {
        write_line(&mut output, &Line::Job(job))?;
        lines += 1;
    }
    Ok(lines)
}

/// Writes the entries of an export that are not there yet.
pub async fn import(store: &Store, mut input: impl BufRead) -> Result<Imported, ImportError> {
    let (mut done, mut number) = (Imported::default(), 0);

    while let Some(text) = next_line(&mut input, number + 1)? {
        number += 1;
        let line = serde_json::from_str(&text)
            .map_err(|error| ImportError::Line(number, error.to_string()))?;
        match (number, line) {
            (1, Line::NetvaneState(FORMAT)) => continue,
            (1, Line::NetvaneState(other)) => {
                let why = format!("format {other} is not supported, expected {FORMAT}");
                return Err(ImportError::Line(1, why));
            }
            (1, _) => {
                let why = "not an export of `netvane state export`".into();
                return Err(ImportError::Line(1, why));
            }
            (_, line) => import_line(store, number, line, &mut done).await?,
        }
    }

    Ok(done)
}

async fn import_line(
    store: &Store,
    number: u64,
    line: Line,
    done: &mut Imported,
) -> Result<(), ImportError> {
    let unknown =
        |what: &str, name: &str| ImportError::Line(number, format!("unknown {what} `{name}`"));

    let written = match line {
        Line::NetvaneState(_) => {
            return Err(ImportError::Line(number, "a second header".into()));
        }
        Line::Entry { expires, .. } if expires <= unix_seconds() => {
            done.expired += 1;
            return Ok(());
        }
        Line::Entry {
            bucket,
            key,
            expires,
            value,
        } => {
            let bucket = Bucket::named(&bucket).ok_or_else(|| unknown("bucket", &bucket))?;
            let value = value.get().as_bytes().to_vec();
            write_entry(store, bucket, key, value, expires).await
        }
        Line::Job(job) => {
            let kind = KINDS.into_iter().find(|known| known.name == job.kind);
            let kind = kind.ok_or_else(|| unknown("kind of jobs", &job.kind))?;
            write_job(store, kind, job).await
        }
    };

    match written {
        Ok(true) => done.written += 1,
        Ok(false) => done.present += 1,
        Err(StoreError::TooLarge(_)) if store.is_shared() => done.too_large += 1,
        Err(error) => return Err(ImportError::Store(number, error)),
    }
    Ok(())
}

/// Writes an entry where there is none; says whether it did.
async fn write_entry(
    store: &Store,
    bucket: &'static Bucket,
    key: String,
    value: Vec<u8>,
    expires: u64,
) -> Result<bool, StoreError> {
    let written = match &store.0 {
        Backing::Embedded(embedded) => {
            let until = expires.min(unix_seconds() + bucket.lifetime.as_secs());
            let entry = Entry {
                bucket,
                key,
                value,
                until,
            };
            embedded.change(Step::Create(entry)).await?
        }
        Backing::Shared(state) => state.create(bucket, &key, value).await?,
    };
    Ok(written.is_some())
}

/// Adds a job; says whether it did. However the clock was set meanwhile, it waits no longer than was decided.
async fn write_job(store: &Store, kind: &'static Kind, job: StoredJob) -> Result<bool, StoreError> {
    match &store.0 {
        Backing::Embedded(embedded) => {
            let added = embedded.change(Step::AddJob(job)).await?;
            Ok(added.is_some())
        }
        Backing::Shared(state) => {
            let planned = job.due.saturating_sub(job.decided);
            let left = job.due.saturating_sub(unix_millis()).min(planned);
            let delay = Duration::from_millis(left);
            state.add_job(kind, &job.id, &job.owner, delay).await
        }
    }
}

/// The next line without its end, of a bounded length.
fn next_line(input: &mut impl BufRead, number: u64) -> Result<Option<String>, ImportError> {
    let mut text = String::new();
    let length = input.take(MAX_LINE).read_line(&mut text)?;
    if length as u64 == MAX_LINE && !text.ends_with('\n') {
        let why = format!("longer than {MAX_LINE} bytes");
        return Err(ImportError::Line(number, why));
    }
    Ok((length > 0).then_some(text))
}

fn write_line(output: &mut impl Write, line: &Line) -> std::io::Result<()> {
    serde_json::to_writer(&mut *output, line)?;
    output.write_all(b"\n")
}

fn raw(value: &[u8]) -> Option<Box<RawValue>> {
    let text = std::str::from_utf8(value).ok()?;
    RawValue::from_string(text.to_owned()).ok()
}
