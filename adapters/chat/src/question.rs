//! A request sent in a chat, and its possible outcomes.

use std::time::Duration;

use netvane_core::{Caller, Failure, Input, Reply};
use serde_json::Value;
use tokio::sync::mpsc;
use ulid::Ulid;

use crate::{
    clock,
    journal::{self, Job},
    message_sink::SendError,
    send_limiter::Bucket,
};

/// A lookup requested in a chat, after parsing and before it runs.
#[derive(Debug, Clone)]
pub struct ChatRequest {
    /// Request id (a ULID), the first part of each [`Button::id`](crate::Button::id).
    pub id: String,
    /// Id of the platform's update that contained the request. It is marked as seen, so that a
    /// redelivered update is ignored.
    pub update: Option<String>,
    /// The command line, or the command with its arguments.
    pub input: Input,
    /// Bypass the cache.
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
        }
    }

    /// Restores a request after a restart. Returns `None` if its input was not persisted, or if its
    /// reply may have been sent already.
    pub fn resumed(job: &Job, bucket: Bucket) -> Option<Self> {
        if job.in_doubt {
            return None;
        }
        let mut question = Self::new(job.input.clone()?, job.requester.clone(), bucket);
        question.id.clone_from(&job.id);
        question.caller.clone_from(&job.caller);
        question.time = Duration::from_secs(job.until.saturating_sub(clock::seconds()));
        question.patience = Duration::ZERO;
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

    #[test]
    fn a_resumed_request_keeps_id_input_and_caller() {
        let question = asked("/mx example.com");
        let resumed =
            ChatRequest::resumed(&question.job(Value::Null), BUCKET).expect("can be asked");
        assert_eq!(resumed.id, question.id);
        assert_eq!(resumed.input, question.input);
        assert_eq!(resumed.caller, question.caller);
        assert!(
            resumed.update.is_none(),
            "its update is already marked as seen"
        );
        assert!(resumed.time <= question.time && resumed.time > question.time / 2);
    }

    #[test]
    fn requests_in_doubt_or_without_input_are_not_resumed() {
        let job = asked("/mx example.com").job(Value::Null);
        let in_doubt = Job {
            in_doubt: true,
            ..job
        };
        assert!(ChatRequest::resumed(&in_doubt, BUCKET).is_none());
        let pasted = asked(&"x".repeat(5000)).job(Value::Null);
        assert!(ChatRequest::resumed(&pasted, BUCKET).is_none());
    }

    #[test]
    fn a_request_past_its_deadline_resumes_with_no_time_left() {
        let job = Job {
            until: 1,
            ..asked("/mx example.com").job(Value::Null)
        };
        let resumed = ChatRequest::resumed(&job, BUCKET).expect("can be asked");
        assert_eq!(resumed.time, Duration::ZERO);
    }
}
