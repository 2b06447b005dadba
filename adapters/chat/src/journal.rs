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

/// Platforms redeliver an update for at most a day.
const KEEP_SEEN: Duration = Duration::from_secs(2 * 24 * 3600);
const KEEP_JOBS: Duration = Duration::from_secs(24 * 3600);

/// Number of updates that are recognized without reading the store.
const SEEN_AT_ONCE: u64 = 100_000;

/// A longer question is a pasted message.
const MAX_QUESTION: usize = 2048;

/// An open request as it is persisted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its number; buttons carry it.
    pub id: String,
    /// What was asked; `None` where it was a pasted message, which is never written to disk.
    pub input: Option<Input>,
    /// The user who sent the request; stored under its former name.
    #[serde(rename = "asker")]
    pub requester: String,
    /// The same, as the operator's rules know them.
    #[serde(default)]
    pub caller: Caller,
    /// Data with which the adapter finds its message again.
    pub place: Value,
    /// Unix time in seconds after which the platform accepts no answer.
    pub until: u64,
    /// The answer was on its way, as a message that cannot be found again: whether it arrived is not known.
    #[serde(default)]
    pub in_doubt: bool,
}

impl Job {
    /// Whether the platform still lets us answer.
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

    /// Writes down that an update was seen.
    pub(crate) async fn saw(&self, update: &str) -> Result<(), StoreError> {
        self.store
            .claim(SEEN, &self.key(update), KEEP_SEEN)
            .await
            .map(|_| ())
    }

    /// Keeps a question, and that its update was seen: a crash between the two would have it answered twice, or never.
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

    /// Keeps a question as it stands now.
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

/// The question, if it may be written to disk: long ones are pasted messages.
pub(crate) fn keepable(input: &Input) -> Option<Input> {
    let length = match input {
        Input::Text(line) => line.len(),
        Input::Named { arguments, .. } => {
            serde_json::to_string(arguments).map_or(usize::MAX, |text| text.len())
        }
    };
    (length <= MAX_QUESTION).then(|| input.clone())
}

/// That nothing can be kept is told once, by the store; here it is told what comes of it.
pub(crate) fn log_unkept(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::debug!(%error, "could not persist chat state");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_update_is_new_once_also_after_a_restart() {
        let store = Store::in_memory().expect("opens");
        let journal = Journal::new("telegram", store.clone());
        assert!(journal.first_time("17"));
        assert!(!journal.first_time("17"));
        journal.saw("17").await.expect("written");
        let restarted = Journal::new("telegram", store.clone());
        assert!(!restarted.first_time("17"));
        assert!(
            Journal::new("discord", store).first_time("17"),
            "numbers of one platform say nothing of another's"
        );
    }

    #[tokio::test]
    async fn open_questions_are_found_by_their_own_adapter() {
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
            "kept with its question"
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
