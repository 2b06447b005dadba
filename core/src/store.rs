//! State that outlives the process: small values under keys in buckets, each with an end, and jobs with a time.
//!
//! redb holds it: a single file, pure Rust, crash-safe, and its reads never wait for a write. When a disk is full or
//! broken, changes fail with an error that is logged once; when it is well again, so is the store. A store whose file
//! cannot be opened yet fails the same way until it can.

mod agenda;
pub mod bucket;
mod database;
mod directory;
mod file;
mod migration;
mod shared;
mod tables;
mod transaction;
mod transfer;
mod usage;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use redb::{Database, ReadableDatabase, backends::InMemoryBackend};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{Semaphore, oneshot, watch};

use agenda::Queues;
use database::Handle;
use shared::Shared;
use tables::ENTRIES;
use transaction::{Entry, Outcome, Step};
use writer::{Change, Writer};

pub use agenda::{
    Agenda, CALLBACK_DELIVERIES, CALLBACK_LOOKUPS, CHAT_DISCORD, CHAT_TELEGRAM, Due, KINDS, Kind,
};
pub use bucket::Bucket;
pub use directory::state_directory;
pub use transfer::{ImportError, Imported, export, import};
pub use usage::{BucketUsage, read_report as usage_report};

/// Bytes of changes that may wait to be written, in KiB.
const QUEUE_KIB: u32 = 64 << 10;

/// Longest wait for a change to be written.
const DEADLINE: Duration = Duration::from_secs(30);

/// Keeps values beyond the life of the process. Clones are cheap and share the file.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    changes: mpsc::Sender<Change>,
    queue: Arc<Semaphore>,
}

/// Why the state cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened, read or written at the moment; the text names it.
    #[error("{0}")]
    Unavailable(String),
    /// Another process has this file open.
    #[error("{0}: in use by another process; set a different `state.directory` for each")]
    InUse(String),
    /// The bucket or kind of jobs of this name is full.
    #[error("the limit of `{0}` is reached")]
    Full(&'static str),
    /// The value exceeds the limit of this bucket.
    #[error("too large for `{0}`")]
    TooLarge(&'static str),
    /// The value in this bucket is not of the expected form.
    #[error("unreadable entry in `{0}`: {1}")]
    Unreadable(&'static str, String),
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::InUse(_) | Self::Full(_))
    }
}

/// A value with the revision under which it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The value as it was written.
    pub value: T,
    /// Grows with each write of the store; for [`Store::replace`].
    pub revision: u64,
}

impl Store {
    /// The store of a service, in this directory or in memory. If the file cannot be opened now, that is tried again
    /// until it can; see [`fault`](Self::fault) and [`opened`](Self::opened).
    pub fn of_service(directory: Option<&Path>) -> Result<Self, StoreError> {
        let Some(directory) = directory else {
            return Self::in_memory();
        };
        let database = file::open(directory);
        Self::start(Handle::new(database, Some(directory.to_owned())))
    }

    /// Opens or makes `state.redb` in this directory; an error if that is not possible now.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let database = file::open(directory)?;
        Self::start(Handle::new(Ok(database), Some(directory.to_owned())))
    }

    /// Forgets everything when the process ends.
    pub fn in_memory() -> Result<Self, StoreError> {
        let failed = |error: &dyn std::fmt::Display| StoreError::Unavailable(error.to_string());
        let database = Database::builder()
            .create_with_backend(InMemoryBackend::new())
            .map_err(|error| failed(&error))?;
        migration::bring_up_to_date(&database).map_err(|error| failed(&error))?;
        Self::start(Handle::new(Ok(database), None))
    }

    fn start(handle: Handle) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            handle,
            counts: Mutex::default(),
            limits: bucket::ALL.map(|bucket| AtomicU64::new(bucket.max_bytes)),
            queues: Arc::new(Queues::new()),
            opened: watch::Sender::new(false),
        });

        if shared.handle.fault().is_none() {
            shared.load()?;
        }

        let (changes, queue) = mpsc::channel();
        let writer = Writer::new(shared.clone(), queue);
        thread::Builder::new()
            .name("state".into())
            .spawn(move || writer.run())
            .map_err(|error| {
                StoreError::Unavailable(format!("no thread for the state: {error}"))
            })?;

        Ok(Self(Arc::new(Inner {
            shared,
            changes,
            queue: Arc::new(Semaphore::new(QUEUE_KIB as usize)),
        })))
    }

    /// Why the file is not open, if it is not.
    pub fn fault(&self) -> Option<StoreError> {
        self.shared().handle.fault()
    }

    /// Waits until the file has been opened once.
    pub async fn opened(&self) {
        let mut opened = self.shared().opened.subscribe();
        // The sender lives as long as this handle.
        let _ = opened.wait_for(|opened| *opened).await;
    }

    /// The jobs of this store.
    pub fn agenda(&self) -> Agenda {
        Agenda::new(self.clone())
    }

    /// Lowers or raises the limit of a bucket, at most to its own.
    pub fn set_limit(&self, bucket: &'static Bucket, max_bytes: u64) {
        self.shared().limits[bucket.index()].store(max_bytes, Ordering::Relaxed);
    }

    /// Entries and bytes of each bucket.
    pub fn usage(&self) -> Vec<BucketUsage> {
        self.shared()
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .list()
    }

    /// The value under a key, unless it has expired.
    pub async fn get<T: DeserializeOwned>(
        &self,
        bucket: &'static Bucket,
        key: &str,
    ) -> Result<Option<Versioned<T>>, StoreError> {
        let entry = self.shared().handle.with(|database| {
            let table = database.begin_read()?.open_table(ENTRIES)?;
            let entry = table.get((bucket.name, key))?;
            Ok(entry.and_then(|entry| {
                let (revision, until, value) = entry.value();
                (until > unix_seconds()).then(|| read(bucket, revision, value))
            }))
        })?;
        entry.transpose()
    }

    /// Writes a value where there is none, and gives its revision: to exactly one of those who call this at once.
    /// `None` to the others.
    pub async fn create<T: Serialize>(
        &self,
        bucket: &'static Bucket,
        key: &str,
        value: &T,
    ) -> Result<Option<u64>, StoreError> {
        self.change(Step::Create(entry(bucket, key, value)?)).await
    }

    /// Writes a value in place of one that still has this revision. `None` if it has another one, or is gone.
    pub async fn replace<T: Serialize>(
        &self,
        bucket: &'static Bucket,
        key: &str,
        value: &T,
        revision: u64,
    ) -> Result<Option<u64>, StoreError> {
        self.change(Step::Replace(entry(bucket, key, value)?, revision))
            .await
    }

    /// Writes a value, whatever was there, and gives its revision.
    pub async fn put<T: Serialize>(
        &self,
        bucket: &'static Bucket,
        key: &str,
        value: &T,
    ) -> Result<u64, StoreError> {
        let revision = self.change(Step::Put(entry(bucket, key, value)?)).await?;
        Ok(revision.unwrap_or_default())
    }

    /// Removes a value; says whether there was one.
    pub async fn remove(&self, bucket: &'static Bucket, key: &str) -> Result<bool, StoreError> {
        let removed = self.change(Step::Remove(bucket, key.to_owned())).await?;
        Ok(removed.is_some())
    }

    /// Values of a bucket in the order of their keys: at most so many, after this key.
    pub async fn scan<T: DeserializeOwned>(
        &self,
        bucket: &'static Bucket,
        after: &str,
        most: usize,
    ) -> Result<Vec<(String, Versioned<T>)>, StoreError> {
        self.shared().handle.with(|database| {
            let table = database.begin_read()?.open_table(ENTRIES)?;
            let (mut values, now) = (Vec::new(), unix_seconds());
            for entry in table.range((bucket.name, after)..)? {
                let (key, entry) = entry?;
                let ((name, key), (revision, until, value)) = (key.value(), entry.value());
                if name != bucket.name || values.len() == most {
                    break;
                }
                if key > after
                    && until > now
                    && let Ok(value) = read(bucket, revision, value)
                {
                    values.push((key.to_owned(), value));
                }
            }
            Ok(values)
        })
    }

    /// Removes all values of a bucket; gives their number.
    pub async fn clear(&self, bucket: &'static Bucket) -> Result<u64, StoreError> {
        let removed = self.change(Step::Clear(bucket)).await?;
        Ok(removed.unwrap_or_default())
    }

    /// Removes values that have expired, a bounded number of them; gives that number.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let removed = self.change(Step::Sweep).await?;
        Ok(removed.unwrap_or_default())
    }

    /// Hands a change to the writing thread and waits for what comes of it.
    async fn change(&self, step: Step) -> Outcome {
        let kib = 1 + u32::try_from(step.size() >> 10).unwrap_or(QUEUE_KIB);
        let written = async {
            let bytes = self.0.queue.clone().acquire_many_owned(kib.min(QUEUE_KIB));
            let bytes = bytes.await.ok();
            let (done, outcome) = oneshot::channel();
            let change = Change { step, done, bytes };
            self.0.changes.send(change).map_err(|_| stopped())?;
            outcome.await.map_err(|_| stopped())?
        };

        tokio::time::timeout(DEADLINE, written)
            .await
            .unwrap_or_else(|_| {
                let seconds = DEADLINE.as_secs();
                let late = format!("no write was possible within {seconds} s");
                Err(self.shared().handle.describe(&late))
            })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }
}

fn read<T: DeserializeOwned>(
    bucket: &'static Bucket,
    revision: u64,
    value: &[u8],
) -> Result<Versioned<T>, StoreError> {
    match serde_json::from_slice(value) {
        Ok(value) => Ok(Versioned { value, revision }),
        Err(error) => Err(StoreError::Unreadable(bucket.name, error.to_string())),
    }
}

fn entry<T: Serialize>(bucket: &'static Bucket, key: &str, value: &T) -> Result<Entry, StoreError> {
    let unreadable =
        |error: serde_json::Error| StoreError::Unreadable(bucket.name, error.to_string());
    Ok(Entry {
        bucket,
        key: key.to_owned(),
        value: serde_json::to_vec(value).map_err(unreadable)?,
        until: unix_seconds() + bucket.lifetime.as_secs(),
    })
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the state writer has stopped".into())
}

/// Seconds since 1970; a clock before that counts as 1970.
pub fn unix_seconds() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

/// Milliseconds since 1970; a clock before that counts as 1970.
fn unix_millis() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
