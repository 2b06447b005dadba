//! State that outlives the process: small values under keys in buckets, each with an end, and jobs with a time.
//!
//! Where one process serves, redb holds it: a single file, pure Rust, crash-safe, and its reads never wait for a write.
//! When a disk is full or broken, changes fail with an error that is logged once; when it is well again, so is the
//! store. A store whose file cannot be opened yet fails the same way until it can. Where several replicas serve, an
//! adapter provides state that they share: see [`SharedState`].

mod agenda;
pub mod bucket;
mod database;
mod directory;
mod embedded;
mod file;
mod migration;
mod replicas;
mod shared;
mod tables;
mod transaction;
mod transfer;
mod usage;
mod writer;

use std::{path::Path, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

pub use agenda::{
    Agenda, CALLBACK_DELIVERIES, CALLBACK_LOOKUPS, CHAT_DISCORD, CHAT_TELEGRAM, Due, KINDS, Kind,
    queue::{self, LEASE},
};
pub use bucket::Bucket;
pub use directory::state_directory;
pub use replicas::{HeldRole, ListedJob, Responder, SharedJob, SharedRole, SharedState};
pub use transfer::{ImportError, Imported, export, import};
pub use usage::{BucketUsage, read_report as usage_report};

use embedded::{Embedded, entry};
use shared::Shared;
use transaction::Step;

/// Keeps values beyond the life of the process. Clones are cheap and share the state.
#[derive(Clone)]
pub struct Store(Backing);

#[derive(Clone)]
enum Backing {
    /// A file of this process.
    Embedded(Embedded),
    /// State of all replicas.
    Shared(Arc<dyn SharedState>),
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
        Embedded::of_service(directory).map(|embedded| Self(Backing::Embedded(embedded)))
    }

    /// Opens or makes `state.redb` in this directory; an error if that is not possible now.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        Embedded::open(directory).map(|embedded| Self(Backing::Embedded(embedded)))
    }

    /// Forgets everything when the process ends.
    pub fn in_memory() -> Result<Self, StoreError> {
        Embedded::in_memory().map(|embedded| Self(Backing::Embedded(embedded)))
    }

    /// The store that several replicas share.
    pub fn shared(state: Arc<dyn SharedState>) -> Self {
        Self(Backing::Shared(state))
    }

    /// Whether other processes use this state at the same time.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Backing::Shared(_))
    }

    /// Why the state cannot be used now, if it cannot.
    pub fn fault(&self) -> Option<StoreError> {
        match &self.0 {
            Backing::Embedded(embedded) => embedded.fault(),
            Backing::Shared(state) => state.fault(),
        }
    }

    /// Waits until the state could be used once.
    pub async fn opened(&self) {
        match &self.0 {
            Backing::Embedded(embedded) => embedded.opened().await,
            Backing::Shared(state) => state.opened().await,
        }
    }

    /// The jobs of this store.
    pub fn agenda(&self) -> Agenda {
        Agenda::new(self.clone())
    }

    /// Lowers or raises the limit of a bucket, at most to its own.
    pub fn set_limit(&self, bucket: &'static Bucket, max_bytes: u64) {
        match &self.0 {
            Backing::Embedded(embedded) => embedded.set_limit(bucket, max_bytes),
            Backing::Shared(state) => state.set_limit(bucket, max_bytes),
        }
    }

    /// Entries and bytes of each bucket. Of shared state, as of a few seconds ago.
    pub fn usage(&self) -> Vec<BucketUsage> {
        match &self.0 {
            Backing::Embedded(embedded) => embedded.usage(),
            Backing::Shared(state) => state.usage(),
        }
    }

    /// The value under a key, unless it has expired.
    pub async fn get<T: DeserializeOwned>(
        &self,
        bucket: &'static Bucket,
        key: &str,
    ) -> Result<Option<Versioned<T>>, StoreError> {
        let found = match &self.0 {
            Backing::Embedded(embedded) => embedded.get(bucket, key)?,
            Backing::Shared(state) => state.get(bucket, key).await?,
        };
        let read = |found: Versioned<Vec<u8>>| read(bucket, found.revision, &found.value);
        found.map(read).transpose()
    }

    /// Writes a value where there is none, and gives its revision: to exactly one of those who call this at once.
    /// `None` to the others.
    pub async fn create<T: Serialize>(
        &self,
        bucket: &'static Bucket,
        key: &str,
        value: &T,
    ) -> Result<Option<u64>, StoreError> {
        let value = to_bytes(bucket, value)?;
        match &self.0 {
            Backing::Embedded(embedded) => {
                let step = Step::Create(entry(bucket, key, value));
                embedded.change(step).await
            }
            Backing::Shared(state) => state.create(bucket, key, value).await,
        }
    }

    /// Writes a value in place of one that still has this revision. `None` if it has another one, or is gone.
    pub async fn replace<T: Serialize>(
        &self,
        bucket: &'static Bucket,
        key: &str,
        value: &T,
        revision: u64,
    ) -> Result<Option<u64>, StoreError> {
        let value = to_bytes(bucket, value)?;
        match &self.0 {
            Backing::Embedded(embedded) => {
                let step = Step::Replace(entry(bucket, key, value), revision);
                embedded.change(step).await
            }
            Backing::Shared(state) => state.replace(bucket, key, value, revision).await,
        }
    }

    /// Writes a value, whatever was there, and gives its revision.
    pub async fn put<T: Serialize>(
        &self,
        bucket: &'static Bucket,
        key: &str,
        value: &T,
    ) -> Result<u64, StoreError> {
        let value = to_bytes(bucket, value)?;
        match &self.0 {
            Backing::Embedded(embedded) => {
                let step = Step::Put(entry(bucket, key, value));
                Ok(embedded.change(step).await?.unwrap_or_default())
            }
            Backing::Shared(state) => state.put(bucket, key, value).await,
        }
    }

    /// Removes a value; says whether there was one.
    pub async fn remove(&self, bucket: &'static Bucket, key: &str) -> Result<bool, StoreError> {
        match &self.0 {
            Backing::Embedded(embedded) => {
                let step = Step::Remove(bucket, key.to_owned());
                Ok(embedded.change(step).await?.is_some())
            }
            Backing::Shared(state) => state.remove(bucket, key).await,
        }
    }

    /// Values of a bucket in the order of their keys: at most so many, after this key.
    pub async fn scan<T: DeserializeOwned>(
        &self,
        bucket: &'static Bucket,
        after: &str,
        most: usize,
    ) -> Result<Vec<(String, Versioned<T>)>, StoreError> {
        let readable = |revision, value: &[u8]| read(bucket, revision, value).ok();
        match &self.0 {
            Backing::Embedded(embedded) => embedded.scan(bucket, after, most, readable),
            Backing::Shared(state) => {
                let found = state.scan(bucket, after, most).await?.into_iter();
                let read = |(key, found): (String, Versioned<Vec<u8>>)| {
                    Some((key, readable(found.revision, &found.value)?))
                };
                Ok(found.filter_map(read).collect())
            }
        }
    }

    /// Removes all values of a bucket; gives their number.
    pub async fn clear(&self, bucket: &'static Bucket) -> Result<u64, StoreError> {
        match &self.0 {
            Backing::Embedded(embedded) => {
                let removed = embedded.change(Step::Clear(bucket)).await?;
                Ok(removed.unwrap_or_default())
            }
            Backing::Shared(state) => state.clear(bucket).await,
        }
    }

    /// Removes values that have expired, a bounded number of them; gives that number. Shared state does that by itself.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        match &self.0 {
            Backing::Embedded(embedded) => {
                let removed = embedded.change(Step::Sweep).await?;
                Ok(removed.unwrap_or_default())
            }
            Backing::Shared(_) => Ok(0),
        }
    }

    /// Answers what other replicas ask about a topic of `[a-z-]+`, with what only the process knows that is asked.
    pub fn respond(&self, topic: String, responder: Responder) {
        if let Backing::Shared(state) = &self.0 {
            state.respond(topic, responder);
        }
    }

    /// Asks the other replicas about a topic; gives the first answer, if there is one soon. A process alone has none.
    pub async fn ask_replicas(&self, topic: String, question: Vec<u8>) -> Option<Vec<u8>> {
        match &self.0 {
            Backing::Embedded(_) => None,
            Backing::Shared(state) => state.ask_replicas(topic, question).await,
        }
    }

    /// Waits until this process holds a role, which only one of all replicas does at a time. A process alone has it.
    pub async fn take_role(&self, role: &'static str) -> HeldRole {
        match &self.0 {
            Backing::Embedded(_) => HeldRole(None),
            Backing::Shared(state) => HeldRole(Some(state.take_role(role).await)),
        }
    }

    /// Gives back the jobs that this process holds, so that another replica takes them at once. For the end of the
    /// process; the jobs of a file wait for its next one.
    pub async fn hand_over(&self) {
        if let Backing::Shared(state) = &self.0 {
            state.hand_over().await;
        }
    }

    /// The file behind this store, if it is not shared.
    #[cfg(test)]
    fn embedded(&self) -> Option<&Embedded> {
        match &self.0 {
            Backing::Embedded(embedded) => Some(embedded),
            Backing::Shared(_) => None,
        }
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

fn to_bytes<T: Serialize>(bucket: &'static Bucket, value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value)
        .map_err(|error| StoreError::Unreadable(bucket.name, error.to_string()))
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
