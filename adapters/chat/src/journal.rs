//! Persistent journal of handled updates and open requests.

use std::time::Duration;

use moka::sync::Cache;
use netvane_core::{
    Caller, Input,
    store::{Store, StoreError},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::seconds;

const SEEN: &str = "seen";
const JOBS: &str = "jobs";

/// Longer than the day for which platforms redeliver an update.
const KEEP_SEEN: Duration = Duration::from_secs(2 * 24 * 3600);
const KEEP_JOBS: Duration = Duration::from_secs(24 * 3600);

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

pub(crate) struct Journal {
    adapter: &'static str,
    store: Store,
    seen: Cache<String, ()>,
}

impl Journal {
    pub(crate) fn new(adapter: &'static str, store: Store) -> Self {
        Self {
            adapter,
            store,
            seen: Cache::new(SEEN_AT_ONCE),
        }
    }

    pub(crate) fn first_time(&self, update: &str) -> bool {
        let key = self.key(update);
        self.seen.entry(key.clone()).or_insert(()).is_fresh()
            && self.store.get::<Value>(SEEN, &key).is_none()
    }

    /// Persists that an update was seen.
    pub(crate) async fn saw(&self, update: &str) -> Result<(), StoreError> {
        self.store
            .claim(SEEN, &self.key(update), KEEP_SEEN)
            .await
            .map(|_| ())
    }

    /// Persists a request and the mark that its update was seen, in one write: after a crash
    /// between two writes it would get two replies, or none.
    pub(crate) async fn accept(&self, job: &Job, update: Option<&str>) -> Result<(), StoreError> {
        let Some(update) = update else {
            return self.open(job).await;
        };
        let seen = self.key(update);
        let claim = (SEEN, seen.as_str(), KEEP_SEEN);
        self.store
            .put_and_claim(JOBS, &self.key(&job.id), job, KEEP_JOBS, claim)
            .await
    }

    /// Persists the current state of a request.
    pub(crate) async fn open(&self, job: &Job) -> Result<(), StoreError> {
        self.store
            .put(JOBS, &self.key(&job.id), job, KEEP_JOBS)
            .await
    }

    pub(crate) async fn close(&self, id: &str) -> Result<(), StoreError> {
        self.store.remove(JOBS, &self.key(id)).await.map(|_| ())
    }

    pub(crate) fn interrupted(&self) -> Vec<Job> {
        let mine = format!("{}/", self.adapter);
        let jobs = self.store.all::<Job>(JOBS).into_iter();
        jobs.filter(|(key, _)| key.starts_with(&mine))
            .map(|(_, job)| job)
            .collect()
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.adapter)
    }
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
        tracing::debug!(%error, "could not persist chat state");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_update_is_new_only_once_even_after_a_restart() {
        let store = Store::in_memory().expect("opens");
        let journal = Journal::new("telegram", store.clone());
        assert!(journal.first_time("17"));
        assert!(!journal.first_time("17"));
        journal.saw("17").await.expect("written");
        let restarted = Journal::new("telegram", store.clone());
        assert!(!restarted.first_time("17"));
        assert!(
            Journal::new("discord", store).first_time("17"),
            "update ids are separate for each platform"
        );
    }

    #[tokio::test]
    async fn an_adapter_lists_only_its_own_open_requests() {
        let store = Store::in_memory().expect("opens");
        let journal = Journal::new("telegram", store.clone());
        let job = |id: &str| Job {
            id: id.into(),
            input: Some(Input::Text("/mx example.com".into())),
            requester: "7".into(),
            caller: Caller::default(),
            place: Value::Null,
            until: seconds() + 60,
            in_doubt: false,
        };

        journal
            .accept(&job("1"), Some("17"))
            .await
            .expect("written");
        journal.open(&job("2")).await.expect("written");
        assert!(
            !Journal::new("telegram", store.clone()).first_time("17"),
            "the update is persisted with its request"
        );
        journal.close("1").await.expect("written");
        assert_eq!(journal.interrupted(), [job("2")]);
        assert!(Journal::new("discord", store).interrupted().is_empty());
    }

    #[test]
    fn a_pasted_message_is_not_written_to_disk() {
        let short = Input::Text("/mx example.com".into());
        assert_eq!(keepable(&short), Some(short));
        assert_eq!(keepable(&Input::Text("x".repeat(5000))), None);
    }
}
