//! How much each bucket holds, for operators.

use std::{fs, io, path::Path};

use redb::{Database, ReadableDatabase, TableError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bucket::{self, Bucket},
    tables::USAGE,
};

/// Name of the report in the state directory, for programs beside a running server.
const REPORT: &str = "usage.json";

/// Entries and bytes of each bucket, in the order of [`bucket::ALL`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts([(u64, u64); bucket::ALL.len()]);

/// What a bucket holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BucketUsage {
    /// Name of the bucket.
    pub bucket: String,
    /// Number of entries, with expired ones that were not removed yet.
    pub entries: u64,
    /// Bytes of keys and values, with some for each entry.
    pub bytes: u64,
}

impl Counts {
    pub(super) fn read(database: &Database) -> Result<Self, redb::Error> {
        let mut counts = Self::default();
        let usage = match database.begin_read()?.open_table(USAGE) {
            Ok(usage) => usage,
            Err(TableError::TableDoesNotExist(_)) => return Ok(counts),
            Err(error) => return Err(error.into()),
        };
        for bucket in bucket::ALL {
            if let Some(count) = usage.get(bucket.name)? {
                counts.0[bucket.index()] = count.value();
            }
        }
        Ok(counts)
    }

    pub(super) fn of(&self, bucket: &Bucket) -> (u64, u64) {
        self.0[bucket.index()]
    }

    pub(super) fn bytes(&self, bucket: &Bucket) -> u64 {
        self.of(bucket).1
    }

    pub(super) fn add(&mut self, bucket: &Bucket, size: u64) {
        let (entries, bytes) = &mut self.0[bucket.index()];
        (*entries, *bytes) = (*entries + 1, *bytes + size);
    }

    pub(super) fn subtract(&mut self, bucket: &Bucket, size: u64) {
        let (entries, bytes) = &mut self.0[bucket.index()];
        (*entries, *bytes) = (entries.saturating_sub(1), bytes.saturating_sub(size));
    }

    /// The counts with the names of the buckets.
    pub(super) fn list(&self) -> Vec<BucketUsage> {
        let all = bucket::ALL.into_iter();
        all.map(|bucket| {
            let (entries, bytes) = self.of(bucket);
            BucketUsage {
                bucket: bucket.name.to_owned(),
                entries,
                bytes,
            }
        })
        .collect()
    }

    /// Writes the report, whole or not at all.
    pub(super) fn report(&self, directory: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(&self.list())?;
        let (new, report) = (
            directory.join(format!("{REPORT}.new")),
            directory.join(REPORT),
        );
        let file = super::file::private_file(&new)?;
        file.set_len(0)?;
        io::Write::write_all(&mut &file, &text)?;
        fs::rename(new, report)
    }
}

/// Reads the usage that a running server reported last.
pub fn read_report(directory: &Path) -> io::Result<Vec<BucketUsage>> {
    let text = fs::read(directory.join(REPORT))?;
    Ok(serde_json::from_slice(&text)?)
}
