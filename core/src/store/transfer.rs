//! Export and import of the state as lines of JSON, to go on at another machine.

use std::io::{BufRead, Read, Write};

use redb::{ReadableDatabase, ReadableTable};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    Store, StoreError,
    agenda::{KINDS, StoredJob},
    bucket::Bucket,
    shared::read_jobs,
    tables::{ENTRIES, FORMAT},
    transaction::{Entry, Step},
    unix_seconds,
};

/// Longest line that is read, in bytes: the largest value with its key.
const MAX_LINE: u64 = 4 << 20;

/// Why the state of a cluster is not exported.
const SHARED: &str = "only the state of a single process can be exported and imported";

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

/// Writes all entries that have not expired, and all jobs; gives their number.
pub fn export(store: &Store, mut output: impl Write) -> std::io::Result<u64> {
    write_line(&mut output, &Line::NetvaneState(FORMAT))?;
    let (now, mut lines) = (unix_seconds(), 0);
    let mut failed = None;

    let embedded = store
        .embedded()
        .ok_or_else(|| std::io::Error::other(SHARED))?;
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
    output.flush()?;
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

    let step = match line {
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
            Step::Create(Entry {
                bucket,
                key,
                value: value.get().as_bytes().to_vec(),
                until: expires.min(unix_seconds() + bucket.lifetime.as_secs()),
            })
        }
        Line::Job(job) => {
            if !KINDS.iter().any(|known| known.name == job.kind) {
                return Err(unknown("kind of jobs", &job.kind));
            }
            Step::AddJob(job)
        }
    };

    let Some(embedded) = store.embedded() else {
        let shared = StoreError::Unavailable(SHARED.into());
        return Err(ImportError::Store(number, shared));
    };
    match embedded.change(step).await {
        Ok(Some(_)) => done.written += 1,
        Ok(None) => done.present += 1,
        Err(error) => return Err(ImportError::Store(number, error)),
    }
    Ok(())
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
