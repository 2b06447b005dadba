//! Changes of the state as steps of one database transaction.

use redb::{Database, Durability, ReadableTable, Table, WriteTransaction};

use super::{
    StoreError,
    agenda::StoredJob,
    bucket::{self, Bucket, WhenFull},
    tables::{AGENDA, ENTRIES, EXPIRY, META, META_REVISION, USAGE, size},
    unix_seconds,
    usage::Counts,
};

/// Expired entries that one transaction removes at most.
const SWEEP: usize = 1000;

/// One change of the state.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Writes an entry where there is none.
    Create(Entry),
    /// Writes an entry whose revision is still this one.
    Replace(Entry, u64),
    /// Writes an entry, whatever was there.
    Put(Entry),
    Remove(&'static Bucket, String),
    /// Removes all entries of a bucket.
    Clear(&'static Bucket),
    AddJob(StoredJob),
    RemoveJob {
        kind: String,
        id: String,
    },
    /// Removes expired entries, as many as one transaction may.
    Sweep,
    /// Writes what earlier steps left in memory to the disk.
    Flush,
}

/// An entry to be written.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) bucket: &'static Bucket,
    pub(super) key: String,
    pub(super) value: Vec<u8>,
    /// Unix time of expiry in seconds.
    pub(super) until: u64,
}

impl Step {
    /// Bytes that the step holds while it waits.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Create(entry) | Self::Replace(entry, _) | Self::Put(entry) => {
                entry.key.len() + entry.value.len()
            }
            _ => 0,
        }
    }
}

/// The new revision of a written entry, the number of removed ones, or `None` where the condition of the step did not
/// hold.
pub(super) type Outcome = Result<Option<u64>, StoreError>;

/// The tables of a transaction, with the numbers that are written at its end.
struct Tables<'t> {
    entries: Table<'t, (&'static str, &'static str), (u64, u64, &'static [u8])>,
    expiry: Table<'t, (&'static str, u64, &'static str), ()>,
    agenda: Table<'t, (&'static str, &'static str), (&'static str, u64, u64)>,
    counts: Counts,
    revision: u64,
    now: u64,
}

/// Applies the steps in order and commits. The counts are those after the commit.
pub(super) fn commit<'s>(
    database: &Database,
    steps: impl Iterator<Item = &'s Step>,
    durability: Durability,
    limits: &[u64; bucket::ALL.len()],
    counts: Counts,
) -> Result<(Vec<Outcome>, Counts), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction
        .set_durability(durability)
        .map_err(|error| redb::Error::Corrupted(error.to_string()))?;

    let mut outcomes = Vec::new();
    let counts = {
        let mut meta = transaction.open_table(META)?;
        let revision = meta.get(META_REVISION)?.map_or(0, |last| last.value());
        let mut tables = Tables::open(&transaction, counts, revision)?;
        for step in steps {
            outcomes.push(tables.apply(step, limits)?);
        }

        meta.insert(META_REVISION, tables.revision)?;
        tables.write_counts(&transaction)?
    };

    transaction.commit()?;
    Ok((outcomes, counts))
}

impl<'t> Tables<'t> {
    fn open(
        transaction: &'t WriteTransaction,
        counts: Counts,
        revision: u64,
    ) -> Result<Self, redb::Error> {
        Ok(Self {
            entries: transaction.open_table(ENTRIES)?,
            expiry: transaction.open_table(EXPIRY)?,
            agenda: transaction.open_table(AGENDA)?,
            counts,
            revision,
            now: unix_seconds(),
        })
    }

    fn apply(
        &mut self,
        step: &Step,
        limits: &[u64; bucket::ALL.len()],
    ) -> Result<Outcome, redb::Error> {
        match step {
            Step::Create(entry) => match self.revision_of(entry)? {
                Some(_) => Ok(Ok(None)),
                None => self.write(entry, limits),
            },
            Step::Replace(entry, revision) => match self.revision_of(entry)? {
                Some(current) if current == *revision => self.write(entry, limits),
                _ => Ok(Ok(None)),
            },
            Step::Put(entry) => self.write(entry, limits),
            Step::Remove(bucket, key) => Ok(Ok(self.remove(bucket, key)?.then_some(1))),
            Step::Clear(bucket) => self.clear(bucket).map(|removed| Ok(Some(removed))),
            Step::AddJob(job) => {
                self.agenda.insert(
                    (job.kind.as_str(), job.id.as_str()),
                    (job.owner.as_str(), job.due, job.decided),
                )?;
                Ok(Ok(Some(0)))
            }
            Step::RemoveJob { kind, id } => {
                let removed = self.agenda.remove((kind.as_str(), id.as_str()))?;
                Ok(Ok(removed.map(|_| 1)))
            }
            Step::Sweep => self.sweep().map(|removed| Ok(Some(removed))),
            Step::Flush => Ok(Ok(Some(0))),
        }
    }

    /// The revision of the entry that is there, unless it has expired.
    fn revision_of(&self, entry: &Entry) -> Result<Option<u64>, redb::Error> {
        let current = self
            .entries
            .get((entry.bucket.name, entry.key.as_str()))?
            .map(|current| {
                let (revision, until, _) = current.value();
                (revision, until)
            });
        Ok(current
            .filter(|(_, until)| *until > self.now)
            .map(|(revision, _)| revision))
    }

    fn write(
        &mut self,
        entry: &Entry,
        limits: &[u64; bucket::ALL.len()],
    ) -> Result<Outcome, redb::Error> {
        let Entry {
            bucket,
            key,
            value,
            until,
        } = entry;
        let size = size(key, value);
        let limit = limits[bucket.index()].min(bucket.max_bytes);
        if size > limit || value.len() > bucket.max_value {
            return Ok(Err(StoreError::TooLarge(bucket.name)));
        }

        self.remove(bucket, key)?;
        if !self.make_room(bucket, limit.saturating_sub(size))? {
            return Ok(Err(StoreError::Full(bucket.name)));
        }

        self.revision += 1;
        self.entries.insert(
            (bucket.name, key.as_str()),
            (self.revision, *until, value.as_slice()),
        )?;
        self.expiry
            .insert((bucket.name, *until, key.as_str()), ())?;
        self.counts.add(bucket, size);
        Ok(Ok(Some(self.revision)))
    }

    /// Removes expired entries, and where the bucket says so the oldest, until at most so many bytes are left. False
    /// where that is not possible.
    fn make_room(&mut self, bucket: &'static Bucket, most: u64) -> Result<bool, redb::Error> {
        while self.counts.bytes(bucket) > most {
            let first = self.first_to_expire(bucket)?;
            let Some((_, key)) = first.filter(|(until, _)| {
                bucket.when_full == WhenFull::DropOldest || *until <= self.now
            }) else {
                return Ok(false);
            };
            self.remove(bucket, &key)?;
        }
        Ok(true)
    }

    fn first_to_expire(
        &self,
        bucket: &'static Bucket,
    ) -> Result<Option<(u64, String)>, redb::Error> {
        let mut range = self
            .expiry
            .range((bucket.name, 0, "")..(bucket.name, u64::MAX, ""))?;
        let first = range.next().transpose()?;
        Ok(first.map(|(key, _)| {
            let (_, until, key) = key.value();
            (until, key.to_owned())
        }))
    }

    /// Whether there was such an entry; one that has expired counts as none.
    fn remove(&mut self, bucket: &'static Bucket, key: &str) -> Result<bool, redb::Error> {
        let removed = self.entries.remove((bucket.name, key))?.map(|entry| {
            let (_, until, value) = entry.value();
            (until, size(key, value))
        });
        let Some((until, size)) = removed else {
            return Ok(false);
        };
        self.expiry.remove((bucket.name, until, key))?;
        self.counts.subtract(bucket, size);
        Ok(until > self.now)
    }

    fn clear(&mut self, bucket: &'static Bucket) -> Result<u64, redb::Error> {
        let mut removed = 0;
        while let Some((_, key)) = self.first_to_expire(bucket)? {
            self.remove(bucket, &key)?;
            removed += 1;
        }
        Ok(removed)
    }

    fn sweep(&mut self) -> Result<u64, redb::Error> {
        let mut removed = 0;
        for bucket in bucket::ALL {
            while removed < SWEEP as u64 {
                let first = self.first_to_expire(bucket)?;
                let Some((_, key)) = first.filter(|(until, _)| *until <= self.now) else {
                    break;
                };
                self.remove(bucket, &key)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn write_counts(self, transaction: &WriteTransaction) -> Result<Counts, redb::Error> {
        let mut usage = transaction.open_table(USAGE)?;
        for bucket in bucket::ALL {
            usage.insert(bucket.name, self.counts.of(bucket))?;
        }
        Ok(self.counts)
    }
}
