//! Persistent journal of handled updates and open requests.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;
use netvane_core::{
    Caller, Input, Platform,
    store::{
        Agenda, CHAT_DISCORD, CHAT_TELEGRAM, Due, Kind, Store, StoreError, Versioned,
        bucket::CHAT_UPDATES,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::seconds;

/// Pause before an interrupted request is read again if the store cannot be read.
const RETRY: Duration = Duration::from_secs(1);

/// Time after which a request is answered by another replica if the one that claimed it has no job for it.
const UNCLAIMED: Duration = Duration::from_secs(10);

/// Number of updates that are recognized without reading the store.
const SEEN_AT_ONCE: u64 = 100_000;

/// Longest input in bytes that is persisted. Longer input is a pasted mail message.
const MAX_QUESTION: usize = 2048;

/// An open request as it is persisted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Request id (a ULID), the first part of each [`Button::id`](crate::Button::id).
    pub id: String,
    /// The command; `None` for a pasted mail message, which is never written to disk.
    pub input: Option<Input>,
    /// The user who sent the request; serialized under the field's former name.
    #[serde(rename = "asker")]
    pub requester: String,
    /// The same user, as the operator's access rules identify them.
    #[serde(default)]
    pub caller: Caller,
    /// Data with which the adapter finds its message again after a restart.
    pub place: Value,
    /// Unix time in seconds from which on the platform accepts no reply.
    pub until: u64,
    /// The reply was being sent as a new message that `place` does not identify, so whether it
    /// arrived is unknown.
    #[serde(default)]
    pub in_doubt: bool,
}

impl Job {
    /// Returns whether the platform still accepts a reply.
    pub fn can_be_answered(&self) -> bool {
        self.until > seconds()
    }
}

/// What is stored under an update: the claim on it, and the request that it brought.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum JournalRecord {
    Open(Box<Job>),
    Handled(bool),
}

/// The journal entry of a request that is being answered.
#[derive(Debug)]
pub struct OpenJob {
    key: String,
    /// Whether the key is an update, whose claim outlives the request.
    is_update: bool,
    /// Revision of the record; 0 where it could not be written.
    revision: AtomicU64,
    /// The job that resumes the request after a restart.
    due: Mutex<Option<Due>>,
}

/// A request that a restart interrupted.
#[derive(Debug)]
pub struct Interrupted {
    /// The request as it was persisted last.
    pub job: Job,
    pub(crate) open: Option<OpenJob>,
}

pub(crate) struct Journal {
    adapter: &'static str,
    kind: &'static Kind,
    store: Store,
    agenda: Agenda,
    seen: Cache<String, ()>,
    /// Updates that this process has claimed of those that all replicas share.
    claimed: Cache<String, ()>,
}

impl Journal {
    pub(crate) fn new(platform: Platform, store: Store) -> Self {
        let kind = match platform {
            Platform::Discord => &CHAT_DISCORD,
            _ => &CHAT_TELEGRAM,
        };
        Self {
            adapter: platform.name(),
            kind,
            agenda: store.agenda(),
            store,
            seen: Cache::new(SEEN_AT_ONCE),
            claimed: Cache::new(SEEN_AT_ONCE),
        }
    }

    /// Returns true for exactly one of those who call this with an update, also if they do so at
    /// once; false if the update was handled before a restart.
    pub(crate) async fn first_time(&self, update: &str) -> bool {
        let key = self.key(update);
        let is_first = self
            .seen
            .entry(key.clone())
            .or_insert_with(|| ())
            .is_fresh();

        // Over several replicas the claim decides, which is written before anything is sent.
        is_first && (self.store.is_shared() || self.is_unknown(&key).await)
    }

    /// Whether no earlier process has handled an update. While the store cannot be read, its own memory must do.
    async fn is_unknown(&self, key: &str) -> bool {
        match self.store.get::<JournalRecord>(&CHAT_UPDATES, key).await {
            Ok(record) => record.is_none(),
            Err(error) => {
                tracing::debug!(%error, "could not look up an update");
                true
            }
        }
    }

    /// Claims an update that has no request, before it is handled. Over several replicas exactly one may handle it;
    /// for a process alone, [`first_time`](Self::first_time) has decided.
    pub(crate) async fn claim(&self, update: &str) -> bool {
        let key = self.key(update);
        if !self.store.is_shared() || self.claimed.contains_key(&key) {
            return true;
        }
        let handled = JournalRecord::Handled(true);
        let created = self.store.create(&CHAT_UPDATES, &key, &handled).await;
        let is_claimed = !matches!(created.inspect_err(log_error), Ok(None));
        if is_claimed {
            self.claimed.insert(key, ());
        }
        is_claimed
    }

    /// Persists that an update was handled.
    pub(crate) async fn saw(&self, update: &str) -> Result<(), StoreError> {
        if self.claimed.contains_key(&self.key(update)) {
            return Ok(());
        }
        self.store
            .create(
                &CHAT_UPDATES,
                &self.key(update),
                &JournalRecord::Handled(true),
            )
            .await
            .map(|_| ())
    }

    /// Persists a request together with the claim on its update. `None` if someone else has claimed
    /// the update. If the store cannot be written, the request goes on without a journal entry.
    pub(crate) async fn accept(&self, job: &Job, update: Option<&str>) -> Option<OpenJob> {
        let key = self.key(update.unwrap_or(&job.id));
        let record = JournalRecord::Open(Box::new(job.clone()));
        if self.store.is_shared() {
            return self.accept_of_all(job, key, record, update.is_some()).await;
        }

        let (due, created) = tokio::join!(
            self.agenda.begin(self.kind, &key, &job.requester),
            self.store.create(&CHAT_UPDATES, &key, &record),
        );

        let is_resumed_elsewhere = matches!(due, Ok(None));
        let due = due.inspect_err(log_error).ok().flatten();
        let revision = match created.inspect_err(log_error) {
            Ok(None) => {
                if let Some(due) = due {
                    log_unkept(due.done().await);
                }
                return None;
            }
            Ok(Some(_)) if is_resumed_elsewhere => return None,
            Ok(Some(revision)) => revision,
            Err(_) => 0,
        };

        Some(OpenJob {
            key,
            is_update: update.is_some(),
            revision: revision.into(),
            due: Mutex::new(due),
        })
    }

    /// Like [`accept`](Self::accept) where other replicas may have received the same update. The claim comes first:
    /// only the replica that has it begins the job.
    async fn accept_of_all(
        &self,
        job: &Job,
        key: String,
        record: JournalRecord,
        is_update: bool,
    ) -> Option<OpenJob> {
        let created = self.store.create(&CHAT_UPDATES, &key, &record).await;
        let (revision, due) = match created.inspect_err(log_error) {
            Ok(Some(revision)) => {
                self.claimed.insert(key.clone(), ());
                let begun = self.agenda.begin(self.kind, &key, &job.requester).await;
                (revision, begun.inspect_err(log_error).ok().flatten())
            }
            Ok(None) => {
                self.ensure_job(&key).await;
                return None;
            }
            Err(_) => (0, None),
        };

        Some(OpenJob {
            key,
            is_update,
            revision: revision.into(),
            due: Mutex::new(due),
        })
    }

    /// Adds the job of a request that another replica has claimed. If that one ended between its claim and the job,
    /// nobody else would answer.
    async fn ensure_job(&self, key: &str) {
        let record = self.store.get::<JournalRecord>(&CHAT_UPDATES, key).await;
        if let Ok(Some(Versioned {
            value: JournalRecord::Open(job),
            ..
        })) = record
        {
            let added = self.agenda.add(self.kind, key, &job.requester, UNCLAIMED);
            log_unkept(added.await.map(|_| ()));
        }
    }

    /// Persists the current state of an open request.
    pub(crate) async fn update(&self, open: &OpenJob, job: &Job) -> Result<(), StoreError> {
        let record = JournalRecord::Open(Box::new(job.clone()));
        let revision = open.revision.load(Ordering::Relaxed);
        let written = if revision == 0 {
            self.store.create(&CHAT_UPDATES, &open.key, &record).await?
        } else {
            self.store
                .replace(&CHAT_UPDATES, &open.key, &record, revision)
                .await?
        };
        if let Some(revision) = written {
            open.revision.store(revision, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Removes an open request; the claim on its update stays. Over several replicas that is repeated until it is
    /// written: the job would be given out again, and the request answered twice.
    pub(crate) async fn close(&self, open: &OpenJob) -> Result<(), StoreError> {
        let closed = close_record(&self.store, &open.key, open.is_update).await;
        if closed.is_err() && self.store.is_shared() {
            tokio::spawn(keep_closing(
                self.store.clone(),
                open.key.clone(),
                open.is_update,
                open.due(),
            ));
            return closed;
        }
        closed?;

        match open.due() {
            Some(due) => due.done().await,
            None => Ok(()),
        }
    }

    /// Waits for the next request that a restart interrupted.
    pub(crate) async fn next_interrupted(&self) -> Interrupted {
        loop {
            let due = self.agenda.take(self.kind).await;
            let key = due.id().to_owned();
            let record = self.store.get::<JournalRecord>(&CHAT_UPDATES, &key).await;

            let given_back = match record {
                Ok(Some(Versioned {
                    value: JournalRecord::Open(job),
                    revision,
                })) => {
                    let open = OpenJob {
                        is_update: key != self.key(&job.id),
                        key,
                        revision: revision.into(),
                        due: Mutex::new(Some(due)),
                    };
                    return Interrupted {
                        job: *job,
                        open: Some(open),
                    };
                }
                Ok(None) => due.done_without_record().await,
                Ok(_) | Err(StoreError::Unreadable(..)) => due.done().await,
                Err(_) => due.postpone(RETRY).await,
            };
            log_unkept(given_back);
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.adapter)
    }
}

impl OpenJob {
    /// Keeps the job from being given to someone else while the request is being answered.
    pub(crate) fn keep_alive(&self) {
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(due) = &*due {
            due.alive();
        }
    }

    fn due(&self) -> Option<Due> {
        self.due
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

async fn close_record(store: &Store, key: &str, is_update: bool) -> Result<(), StoreError> {
    if is_update {
        let handled = JournalRecord::Handled(true);
        store.put(&CHAT_UPDATES, key, &handled).await.map(|_| ())
    } else {
        store.remove(&CHAT_UPDATES, key).await.map(|_| ())
    }
}

/// Holds the job of a request that was answered until that is written.
async fn keep_closing(store: Store, key: String, is_update: bool, due: Option<Due>) {
    loop {
        tokio::time::sleep(RETRY).await;
        if let Some(due) = &due {
            due.alive();
        }
        match close_record(&store, &key, is_update).await {
            Err(error) if error.is_temporary() => {}
            _ => break,
        }
    }
    if let Some(due) = due {
        log_unkept(due.done().await);
    }
}

fn log_error(error: &StoreError) {
    tracing::debug!(%error, "could not persist chat state");
}

/// Returns the input if it may be written to disk, `None` if it is longer than [`MAX_QUESTION`] and
/// so a pasted mail message.
pub(crate) fn keepable(input: &Input) -> Option<Input> {
    let length = match input {
        Input::Text(line) => line.len(),
        Input::Named { arguments, .. } => {
            serde_json::to_string(arguments).map_or(usize::MAX, |text| text.len())
        }
    };
    (length <= MAX_QUESTION).then(|| input.clone())
}

/// Logs that chat state could not be persisted, at debug level: the store itself reports the
/// failure once at a higher level.
pub(crate) fn log_unkept(written: Result<(), StoreError>) {
    if let Err(error) = written {
        log_error(&error);
    }
}

#[cfg(test)]
mod tests;
