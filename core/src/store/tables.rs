//! Tables of the database file and the encoding of their entries.

use redb::TableDefinition;

/// Version of the layout below. Version 1 was the single table `state`.
pub(super) const FORMAT: u64 = 2;

/// Bucket and key, then revision, Unix time of expiry in seconds, and the value in JSON.
pub(super) const ENTRIES: TableDefinition<(&str, &str), (u64, u64, &[u8])> =
    TableDefinition::new("entries");

/// Index of [`ENTRIES`] by expiry: bucket, Unix time in seconds, key.
pub(super) const EXPIRY: TableDefinition<(&str, u64, &str), ()> = TableDefinition::new("expiry");

/// Number of entries and bytes of each bucket.
pub(super) const USAGE: TableDefinition<&str, (u64, u64)> = TableDefinition::new("usage");

/// Kind and identifier of a job, then its owner, when it is due and when that was decided, as Unix times in
/// milliseconds.
pub(super) const AGENDA: TableDefinition<(&str, &str), (&str, u64, u64)> =
    TableDefinition::new("agenda");

/// Numbers about the file as a whole.
pub(super) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

/// Key of [`META`]: the layout's version.
pub(super) const META_FORMAT: &str = "format";

/// Key of [`META`]: the last revision that was given to an entry.
pub(super) const META_REVISION: &str = "revision";

/// Bytes that an entry counts for beside its key and value.
const OVERHEAD: usize = 64;

/// Bytes that an entry counts for.
pub(super) fn size(key: &str, value: &[u8]) -> u64 {
    (key.len() + value.len() + OVERHEAD) as u64
}
