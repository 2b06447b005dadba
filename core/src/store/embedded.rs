//! The backing of a single process: a redb file, and one thread that writes it.

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
use tokio::sync::{Semaphore, oneshot, watch};

use super::{
    Shared, StoreError, Versioned,
    agenda::Queues,
    bucket::{self, Bucket},
    database::Handle,
    file, migration,
    tables::ENTRIES,
    transaction::{Entry, Outcome, Step},
    unix_seconds,
    usage::BucketUsage,
    writer::{Change, Writer},
};

/// Bytes of changes that may wait to be written, in KiB.
const QUEUE_KIB: u32 = 64 << 10;

/// Longest wait for a change to be written.
const DEADLINE: Duration = Duration::from_secs(30);

/// A database and its writer. Clones share them.
#[derive(Clone)]
pub(super) struct Embedded(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    changes: mpsc::Sender<Change>,
    queue: Arc<Semaphore>,
}

impl Embedded {
    /// The database of a directory or in memory; if the file cannot be opened now, that is tried again until it can.
    pub(super) fn of_service(directory: Option<&Path>) -> Result<Self, StoreError> {
        let Some(directory) = directory else {
            return Self::in_memory();
        };
        let database = file::open(directory);
        Self::start(Handle::new(database, Some(directory.to_owned())))
    }

    /// Opens or makes `state.redb` in this directory; an error if that is not possible now.
    pub(super) fn open(directory: &Path) -> Result<Self, StoreError> {
        let database = file::open(directory)?;
        Self::start(Handle::new(Ok(database), Some(directory.to_owned())))
    }

    pub(super) fn in_memory() -> Result<Self, StoreError> {
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

    pub(super) fn fault(&self) -> Option<StoreError> {
        self.shared().handle.fault()
    }

    /// Waits until the file has been opened once.
    pub(super) async fn opened(&self) {
        let mut opened = self.shared().opened.subscribe();
        // The sender lives as long as this handle.
        let _ = opened.wait_for(|opened| *opened).await;
    }

    pub(super) fn set_limit(&self, bucket: &'static Bucket, max_bytes: u64) {
        self.shared().limits[bucket.index()].store(max_bytes, Ordering::Relaxed);
    }

    pub(super) fn usage(&self) -> Vec<BucketUsage> {
        self.shared()
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .list()
    }

    /// The value under a key, unless it has expired.
    pub(super) fn get(
        &self,
        bucket: &'static Bucket,
        key: &str,
    ) -> Result<Option<Versioned<Vec<u8>>>, StoreError> {
        self.shared().handle.with(|database| {
            let table = database.begin_read()?.open_table(ENTRIES)?;
            let entry = table.get((bucket.name, key))?;
            Ok(entry.and_then(|entry| {
                let (revision, until, value) = entry.value();
                (until > unix_seconds()).then(|| Versioned {
                    value: value.to_vec(),
                    revision,
                })
            }))
        })
    }

    /// Values of a bucket in the order of their keys: at most so many that are accepted, after this key.
    pub(super) fn scan<T>(
        &self,
        bucket: &'static Bucket,
        after: &str,
        most: usize,
        accept: impl Fn(u64, &[u8]) -> Option<T>,
    ) -> Result<Vec<(String, T)>, StoreError> {
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
                    && let Some(value) = accept(revision, value)
                {
                    values.push((key.to_owned(), value));
                }
            }
            Ok(values)
        })
    }

    /// Hands a change to the writing thread and waits for what comes of it.
    pub(super) async fn change(&self, step: Step) -> Outcome {
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

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the state writer has stopped".into())
}

/// An entry that expires when its bucket says so.
pub(super) fn entry(bucket: &'static Bucket, key: &str, value: Vec<u8>) -> Entry {
    Entry {
        bucket,
        key: key.to_owned(),
        value,
        until: unix_seconds() + bucket.lifetime.as_secs(),
    }
}
