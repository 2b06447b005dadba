//! State that several replicas share: what an adapter has to provide. Values are bytes here; their form is the store's.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;

use super::{Bucket, BucketUsage, Kind, StoreError, Versioned};

/// What comes of a call, once it does.
type Call<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Answers a question of another replica; `None` if this one has nothing to say.
pub type Responder = Arc<dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// Buckets and jobs of all replicas.
///
/// Each call ends within a few seconds. While the servers cannot be reached, it fails at once with
/// [`StoreError::Unavailable`].
pub trait SharedState: Send + Sync {
    /// Why the state cannot be used now, if it cannot.
    fn fault(&self) -> Option<StoreError>;

    /// Waits until the state could be used once.
    fn opened(&self) -> BoxFuture<'_, ()>;

    /// Lowers the limit of a bucket for the writes of this process.
    fn set_limit(&self, bucket: &'static Bucket, max_bytes: u64);

    /// Entries and bytes of each bucket, as of a few seconds ago.
    fn usage(&self) -> Vec<BucketUsage>;

    /// The value that was written last.
    fn get<'a>(
        &'a self,
        bucket: &'static Bucket,
        key: &'a str,
    ) -> Call<'a, Option<Versioned<Vec<u8>>>>;

    /// Writes a value where there is none, for exactly one of all callers.
    fn create<'a>(
        &'a self,
        bucket: &'static Bucket,
        key: &'a str,
        value: Vec<u8>,
    ) -> Call<'a, Option<u64>>;

    /// Writes a value in place of one that still has this revision.
    fn replace<'a>(
        &'a self,
        bucket: &'static Bucket,
        key: &'a str,
        value: Vec<u8>,
        revision: u64,
    ) -> Call<'a, Option<u64>>;

    /// Writes a value, whatever was there.
    fn put<'a>(&'a self, bucket: &'static Bucket, key: &'a str, value: Vec<u8>) -> Call<'a, u64>;

    /// Removes a value; says whether there was one.
    fn remove<'a>(&'a self, bucket: &'static Bucket, key: &'a str) -> Call<'a, bool>;

    /// Values in the order of their keys: at most so many, after this key.
    fn scan<'a>(
        &'a self,
        bucket: &'static Bucket,
        after: &'a str,
        most: usize,
    ) -> Call<'a, Vec<(String, Versioned<Vec<u8>>)>>;

    /// Removes all values of a bucket; gives their number.
    fn clear(&self, bucket: &'static Bucket) -> Call<'_, u64>;

    /// Adds a job that is due after this delay. False if there is such a job already.
    fn add_job<'a>(
        &'a self,
        kind: &'static Kind,
        id: &'a str,
        owner: &'a str,
        delay: Duration,
    ) -> Call<'a, bool>;

    /// Adds a job that the caller has taken. `None` if another replica holds it.
    fn begin_job<'a>(
        &'a self,
        kind: &'static Kind,
        id: &'a str,
        owner: &'a str,
    ) -> Call<'a, Option<Box<dyn SharedJob>>>;

    /// The next job of a kind that is due.
    fn take_job(&self, kind: &'static Kind) -> BoxFuture<'_, Box<dyn SharedJob>>;

    /// Number of jobs of a kind at all replicas, as of a few seconds ago.
    fn jobs(&self, kind: &'static Kind) -> usize;

    /// Answers what other replicas ask about a topic of `[a-z-]+`.
    fn respond(&self, topic: String, responder: Responder);

    /// Asks the other replicas about a topic; gives the first answer, if there is one within half a second.
    fn ask_replicas(&self, topic: String, question: Vec<u8>) -> BoxFuture<'_, Option<Vec<u8>>>;

    /// All jobs, for an export.
    fn list_jobs(&self) -> Call<'_, Vec<ListedJob>>;

    /// Waits until this process holds a role, which only one process does at a time.
    fn take_role(&self, role: &'static str) -> BoxFuture<'_, Box<dyn SharedRole>>;

    /// Gives back all jobs that this process holds.
    fn hand_over(&self) -> BoxFuture<'_, ()>;
}

/// A job as an export shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedJob {
    /// Its kind.
    pub kind: &'static Kind,
    /// Identifier of the job, the key of its record.
    pub id: String,
    /// Whose turn the job takes.
    pub owner: String,
    /// Time until it is due.
    pub delay: Duration,
}

/// A job of shared state that was taken. Dropped, it is given out again.
pub trait SharedJob: Send + Sync {
    /// Identifier of the job, the key of its record.
    fn id(&self) -> &str;

    /// Whose turn the job takes.
    fn owner(&self) -> &str;

    /// Says that the job is being worked on. False if it may have been given to someone else.
    fn alive(&self) -> bool;

    /// Lets the owner's next job be given out although this one is still held.
    fn free_turn(&self);

    /// Gives the job back at once, to be taken as one of this owner's, or as its own.
    fn release(self: Box<Self>, owner: Option<&str>);

    /// Gives the job back until this delay is over.
    fn postpone(self: Box<Self>, delay: Duration) -> Call<'static, ()>;

    /// Ends the job.
    fn done(self: Box<Self>) -> Call<'static, ()>;

    /// Time since the job was added.
    fn age(&self) -> Duration;
}

/// A role that this process holds.
pub trait SharedRole: Send + Sync {
    /// Waits until the role is lost, before another process can take it.
    fn lost(&self) -> BoxFuture<'_, ()>;

    /// Gives the role up, so that another process can take it at once.
    fn give_up(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Work that one process does at a time, such as polling a chat platform, while this process may do it.
pub struct HeldRole(pub(super) Option<Box<dyn SharedRole>>);

impl HeldRole {
    /// Waits until the role is lost. A process alone never loses one.
    pub async fn lost(&self) {
        match &self.0 {
            Some(role) => role.lost().await,
            None => std::future::pending().await,
        }
    }

    /// Gives the role up, for the next process that waits for it.
    pub async fn give_up(self) {
        if let Some(role) = self.0 {
            role.give_up().await;
        }
    }
}
