//! State that outlives the process: small values under keys, each with an end, in one embedded database.
//!
//! redb: a single file, pure Rust, crash-safe without a repair step, and its reads never wait for a write. One thread
//! writes: what arrives while the disk syncs becomes the next transaction, so a thousand callers share one sync.
//!
//! When a disk is full or broken, changes fail with an error that is logged once. When it is well
//! again, so is the store.

mod kept;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use redb::{Database, ReadableDatabase, TableDefinition, TableError, backends::InMemoryBackend};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{mpsc, oneshot};

use kept::Kept;
use writer::{Action, Change, WriteStep, Writer};

/// Bucket and key, then the second of its end and the value in JSON.
const STATE: TableDefinition<(&str, &str), (u64, &[u8])> = TableDefinition::new("state");

/// Changes that may wait for the writer.
const QUEUE: usize = 4096;

/// Pages kept in memory.
const PAGES: usize = 8 << 20;

/// Keeps values beyond the life of the process. Clones are cheap and the same store.
#[derive(Clone)]
pub struct Store {
    database: Arc<Kept>,
    changes: mpsc::Sender<Change>,
}

/// Why state cannot be kept.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(String);

impl Store {
    /// The store of a service: in this directory, where one is set, else at the usual place, else in memory.
    pub fn of_service(directory: &str) -> Result<Self, StoreError> {
        match place(directory) {
            Some(directory) => Self::open(&directory),
            None => Self::in_memory(),
        }
    }

    /// Opens or makes `state.redb` in this directory.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let file = directory.join("state.redb");
        let failed =
            |error: &dyn std::fmt::Display| StoreError(format!("{}: {error}", file.display()));
        std::fs::create_dir_all(directory).map_err(|error| failed(&error))?;
        let database = open_file(&file).map_err(|error| match error {
            redb::DatabaseError::DatabaseAlreadyOpen => {
                failed(&"in use by another process; set a different `state.directory` for each")
            }
            other => failed(&other),
        })?;
        Self::start(database, Some(file))
    }

    /// Forgets everything when the process ends.
    pub fn in_memory() -> Result<Self, StoreError> {
        let backend = InMemoryBackend::new();
        Self::start(
            Database::builder()
                .create_with_backend(backend)
                .map_err(|error| told(&error))?,
            None,
        )
    }

    fn start(database: Database, file: Option<PathBuf>) -> Result<Self, StoreError> {
        make_table(&database).map_err(|error| told(&error))?;
        let database = Arc::new(Kept::new(database, file));
        let (changes, queue) = mpsc::channel(QUEUE);
        let writer = Writer::new(database.clone(), queue);
        thread::Builder::new()
            .name("state".into())
            .spawn(move || writer.run())
            .map_err(|error| told(&error))?;
        Ok(Self { database, changes })
    }

    /// Keeps a value for this long; it is safe on disk when this returns.
    pub async fn put<T: Serialize>(
        &self,
        bucket: &'static str,
        key: &str,
        value: &T,
        keep: Duration,
    ) -> Result<(), StoreError> {
        self.change(vec![put(bucket, key, value, keep)?])
            .await
            .map(|_| ())
    }

    /// The same, and in one stroke claims a key in another bucket: there are both after a crash, or neither.
    pub async fn put_and_claim<T: Serialize>(
        &self,
        bucket: &'static str,
        key: &str,
        value: &T,
        keep: Duration,
        (claimed_in, claimed, claimed_for): (&'static str, &str, Duration),
    ) -> Result<(), StoreError> {
        let claim = claim(claimed_in, claimed, claimed_for);
        self.change(vec![put(bucket, key, value, keep)?, claim])
            .await
            .map(|_| ())
    }

    /// True for the first who claims this key, and for nobody else until `keep` is over.
    pub async fn claim(
        &self,
        bucket: &'static str,
        key: &str,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        self.change(vec![claim(bucket, key, keep)]).await
    }

    /// Forgets a value; says whether there was one.
    pub async fn remove(&self, bucket: &'static str, key: &str) -> Result<bool, StoreError> {
        self.change(vec![WriteStep {
            bucket,
            key: key.to_owned(),
            action: Action::Remove,
        }])
        .await
    }

    /// The value under this key, if it has not come to its end.
    pub fn get<T: DeserializeOwned>(&self, bucket: &str, key: &str) -> Option<T> {
        let read = |database: &Database| -> Result<Option<T>, redb::Error> {
            let table = database.begin_read()?.open_table(STATE)?;
            let Some(kept) = table.get((bucket, key))? else {
                return Ok(None);
            };
            let (until, value) = kept.value();
            Ok(if until > unix_seconds() {
                serde_json::from_slice(value).ok()
            } else {
                None
            })
        };
        self.database.read(read).ok()?
    }

    /// Everything in a bucket that can be read as this type, by key.
    pub fn all<T: DeserializeOwned>(&self, bucket: &str) -> Vec<(String, T)> {
        let read = |database: &Database| -> Result<Vec<(String, T)>, redb::Error> {
            let table = database.begin_read()?.open_table(STATE)?;
            let mut found = Vec::new();
            for entry in table.range((bucket, "")..)? {
                let (key, kept) = entry?;
                let ((its_bucket, key), (until, value)) = (key.value(), kept.value());
                if its_bucket != bucket {
                    break;
                }
                if until > unix_seconds()
                    && let Ok(value) = serde_json::from_slice(value)
                {
                    found.push((key.to_owned(), value));
                }
            }
            Ok(found)
        };
        self.database.read(read).unwrap_or_else(|error| {
            tracing::error!(%error, bucket, "could not read state");
            Vec::new()
        })
    }

    /// Makes all of these changes or none, and gives what came of the first.
    async fn change(&self, steps: Vec<WriteStep>) -> Result<bool, StoreError> {
        let (done, written) = oneshot::channel();
        let ended = || StoreError("the state writer has stopped".into());
        let change = Change { steps, done };
        self.changes.send(change).await.map_err(|_| ended())?;
        written.await.map_err(|_| ended())?
    }
}

/// Where a service keeps its state, by its setting; `None` where it is kept in memory.
pub fn place(directory: &str) -> Option<PathBuf> {
    let configured = (!directory.is_empty()).then(|| directory.into());
    configured.or_else(|| default_directory(|name| std::env::var(name).ok()))
}

/// Where state is kept when the settings do not say: what the service manager gives, else the user's own place.
/// `None` where there is neither.
fn default_directory(environment: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| {
        environment(name)
            .filter(|value| value.starts_with('/'))
            .map(PathBuf::from)
    };
    set("STATE_DIRECTORY")
        .or_else(|| set("XDG_STATE_HOME").map(|home| home.join("netvane")))
        .or_else(|| set("HOME").map(|home| home.join(".local/state/netvane")))
}

fn put<T: Serialize>(
    bucket: &'static str,
    key: &str,
    value: &T,
    keep: Duration,
) -> Result<WriteStep, StoreError> {
    let value = serde_json::to_vec(value).map_err(|error| told(&error))?;
    Ok(WriteStep {
        bucket,
        key: key.to_owned(),
        action: Action::Put {
            until: unix_seconds() + keep.as_secs(),
            value,
        },
    })
}

fn claim(bucket: &'static str, key: &str, keep: Duration) -> WriteStep {
    WriteStep {
        bucket,
        key: key.to_owned(),
        action: Action::Claim {
            until: unix_seconds() + keep.as_secs(),
        },
    }
}

fn open_file(file: &Path) -> Result<Database, redb::DatabaseError> {
    Database::builder().set_cache_size(PAGES).create(file)
}

/// Writes nothing where there is one: a full disk must not keep a service from what it holds.
fn make_table(database: &Database) -> Result<(), redb::Error> {
    match database.begin_read()?.open_table(STATE) {
        Err(TableError::TableDoesNotExist(_)) => {}
        other => return other.map(|_| ()).map_err(Into::into),
    }
    let first = database.begin_write()?;
    first.open_table(STATE)?;
    Ok(first.commit()?)
}

fn told(error: &dyn std::fmt::Display) -> StoreError {
    StoreError(format!("could not write state: {error}"))
}

/// Seconds since 1970; a clock before that counts as 1970.
pub fn unix_seconds() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
