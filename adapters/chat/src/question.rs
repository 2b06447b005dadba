//! A request sent in a chat, and its possible outcomes.

use std::time::Duration;

use netvane_core::{Caller, Failure, Input, Reply};
use serde_json::Value;
use tokio::sync::mpsc;
use ulid::Ulid;

use crate::{
    clock,
    journal::{self, Interrupted, Job, OpenJob},
    message_sink::SendError,
    send_limiter::Bucket,
};

/// A lookup requested in a chat, after parsing and before it runs.
#[derive(Debug)]
pub struct ChatRequest {
    /// Request id (a ULID), the first part of each [`Button::id`](crate::Button::id).
    pub id: String,
    /// Id of the platform's update that contained the request. It is marked as seen, so that a
    /// redelivered update is ignored.
    pub update: Option<String>,
    /// The command line, or the command with its arguments.
    pub input: Input,
    /// Whether to bypass the cache.
    pub fresh: bool,
    /// The user, as buttons and suggestions identify them.
    pub requester: String,
    /// The user, as the operator's access rules identify them.
    pub caller: Caller,
    /// The rate limit bucket that its messages count towards.
    pub bucket: Bucket,
    /// How long the platform accepts a reply.
    pub time: Duration,
    /// How long the lookup may run before its progress is shown.
    pub patience: Duration,
    /// Dropped once the request is persisted. The adapter can wait for that before it acknowledges
    /// the update.
    pub persist_guard: Option<PersistGuard>,
    /// The journal entry of a request that is resumed.
    pub open: Option<OpenJob>,
}

/// Guard held until a request is persisted: the receiver of the channel then sees it closed.
pub type PersistGuard = mpsc::Sender<()>;

/// Outcome of a request.
pub enum Ended {
    /// The reply was shown.
    Answered(Reply),
    /// The lookup failed and the error was shown.
    Failed(Failure),
    /// The user pressed Cancel.
    Cancelled,
    /// The process is shutting down, and the message says so.
    Interrupted,
    /// The platform rejected the message.
    Lost(SendError),
    /// The update was claimed by someone else, who replies to it.
    Duplicate,
}

impl ChatRequest {
    /// Creates a request with a new id, a reply time of 10 minutes and progress after 400 ms.
    pub fn new(input: Input, requester: impl Into<String>, bucket: Bucket) -> Self {
        let requester = requester.into();
        Self {
            id: Ulid::new().to_string(),
            update: None,
            input,
            fresh: false,
            caller: Caller {
                user: Some(requester.clone()),
                ..Caller::default()
            },
            requester,
            bucket,
            time: Duration::from_secs(600),
            patience: Duration::from_millis(400),
            persist_guard: None,
            open: None,
        }
    }

    /// Restores a request after a restart. Returns `None` if its input was not persisted, if its
    /// reply may have been sent already, or if the platform no longer accepts a reply.
    pub fn resumed(interrupted: &mut Interrupted, bucket: Bucket) -> Option<Self> {
        let job = &interrupted.job;
        if job.in_doubt || !job.can_be_answered() {
            return None;
        }
        let mut question = Self::new(job.input.clone()?, job.requester.clone(), bucket);
        question.id.clone_from(&job.id);
        question.caller.clone_from(&job.caller);
        question.time = Duration::from_secs(job.until.saturating_sub(clock::seconds()));
        question.patience = Duration::ZERO;
        question.open = interrupted.open.take();
        Some(question)
    }

    /// Returns the form in which the request is persisted while it runs, with its reply at `place`.
    pub(crate) fn job(&self, place: Value) -> Job {
        Job {
            id: self.id.clone(),
            input: journal::keepable(&self.input),
            requester: self.requester.clone(),
            caller: self.caller.clone(),
            place,
            until: clock::seconds() + self.time.as_secs(),
            in_doubt: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: Bucket = Bucket { sort: 0, id: 1 };

    fn asked(line: &str) -> ChatRequest {
        ChatRequest::new(Input::Text(line.into()), "ann", BUCKET)
    }

    fn resumed(job: Job) -> Option<ChatRequest> {
        ChatRequest::resumed(&mut Interrupted { job, open: None }, BUCKET)
    }

    #[test]
    fn a_request_is_the_same_after_a_restart() {
        let question = asked("/mx example.com");
        let resumed = resumed(question.job(Value::Null)).expect("can be repeated");
        assert_eq!(resumed.id, question.id);
        assert_eq!(resumed.input, question.input);
        assert_eq!(resumed.caller, question.caller);
        assert!(resumed.update.is_none(), "its update was handled");
        assert!(resumed.time <= question.time && resumed.time > question.time / 2);
    }

    #[test]
    fn a_request_in_doubt_or_too_late_or_not_persisted_is_not_repeated() {
        let job = asked("/mx example.com").job(Value::Null);
        let in_doubt = Job {
            in_doubt: true,
            ..job.clone()
        };
        assert!(resumed(in_doubt).is_none());
        assert!(resumed(Job { until: 1, ..job }).is_none());
        assert!(resumed(asked(&"x".repeat(5000)).job(Value::Null)).is_none());
    }
}
