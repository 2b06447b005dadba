//! One question as it is asked, and how it can end.

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
    /// Its number; buttons carry it.
    pub id: String,
    /// The update that brought it, to be handled once.
    pub update: Option<String>,
    /// The command line, or the command with its arguments.
    pub input: Input,
    /// Do not take an answer that is kept already.
    pub fresh: bool,
    /// Who asks, as buttons and suggestions know them.
    pub requester: String,
    /// Who asks, as the operator's rules know them.
    pub caller: Caller,
    /// Whose pace its messages count towards.
    pub bucket: Bucket,
    /// How long the platform lets us answer.
    pub time: Duration,
    /// Work that takes longer than this is shown to go on.
    pub patience: Duration,
    /// Dropped when the question is kept: whoever waits for that may then forget it.
    pub persist_guard: Option<PersistGuard>,
}

/// Held as long as a question is not kept yet.
pub type PersistGuard = mpsc::Sender<()>;

/// The outcome of a request.
pub enum Ended {
    /// The answer stands there.
    Answered(Reply),
    /// A failure is told there.
    Failed(Failure),
    /// The user pressed Cancel.
    Cancelled,
    /// The process is ending, and it says so there.
    Interrupted,
    /// The platform rejected the message.
    Lost(SendError),
}

impl ChatRequest {
    /// With a number of its own.
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

    /// The same question after a restart; `None` where it cannot be asked again, or may have been answered.
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

    /// As it is kept while it is being answered, with its answer at this place.
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
    fn a_question_is_the_same_after_a_restart() {
        let question = asked("/mx example.com");
        let resumed =
            ChatRequest::resumed(&question.job(Value::Null), BUCKET).expect("can be asked");
        assert_eq!(resumed.id, question.id);
        assert_eq!(resumed.input, question.input);
        assert_eq!(resumed.caller, question.caller);
        assert!(resumed.update.is_none(), "its update was handled");
        assert!(resumed.time <= question.time && resumed.time > question.time / 2);
    }

    #[test]
    fn what_is_in_doubt_or_was_not_kept_is_not_asked_again() {
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
    fn a_question_whose_time_is_over_has_none_left() {
        let job = Job {
            until: 1,
            ..asked("/mx example.com").job(Value::Null)
        };
        let resumed = ChatRequest::resumed(&job, BUCKET).expect("can be asked");
        assert_eq!(resumed.time, Duration::ZERO);
    }
}
