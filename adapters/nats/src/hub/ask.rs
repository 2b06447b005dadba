//! One question to one agent.

use std::time::Duration;

use bytes::Bytes;
use netvane_core::{
    Failure,
    vantage::{Question, Unanswered},
};
use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout_at};
use ulid::Ulid;

use super::{
    Inner,
    questions::{News, Open},
};
use crate::{
    agent::BUSY,
    messages::{Ask, read_data, read_problem},
    metrics, subjects,
};

/// Time in which an agent must take a question.
const ACK: Duration = Duration::from_secs(1);
/// Silence after which an agent that took a question counts as gone.
const SILENCE: Duration = Duration::from_secs(5);
/// Shortest interval at which partial data is passed on.
const PROGRESS: Duration = Duration::from_millis(100);

/// Asks, and waits for the end of the question.
pub(super) async fn ask(
    hub: &Inner,
    agent: &str,
    question: &Question,
    progress: Box<dyn FnMut(Value) + Send>,
) -> Result<Value, Unanswered> {
    hub.link.check().map_err(Unanswered::Unreachable)?;

    let started = Instant::now();
    let id = Ulid::new().to_string();
    let client = hub.callers.hash(&question.caller);
    let payload = serde_json::to_vec(&Ask::new(&id, question, &client))
        .map_err(|_| Unanswered::Unreachable(Failure::Internal))?;
    let reply = subjects::reply(agent, &hub.replica, &id);
    let mut open = hub.questions.open(agent, id, hub.stops.clone());

    let nats = hub.link.client();
    let sent = nats.publish_with_reply(subjects::ask(agent), reply, payload.into());
    match timeout_at(started + ACK, sent).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let failure = Failure::Unavailable(format!("The question could not be sent: {error}."));
            return Err(Unanswered::Unreachable(failure));
        }
        Err(_) => return Err(Unanswered::NoAck),
    }

    let wait = Wait {
        started,
        deadline: started + question.deadline,
        heard: None,
        next_progress: started,
        progress,
    };
    match wait.until_end(&open).await {
        Ok(end) => {
            open.set_answered();
            read(end)
        }
        // Not the agent is silent, but the connection is down.
        Err(missed) => Err(hub
            .link
            .check()
            .map_or_else(Unanswered::Unreachable, |()| missed)),
    }
}

/// Reads how the agent ended the question.
fn read(end: News) -> Result<Value, Unanswered> {
    match end {
        News::Reply(payload) => read_data(&payload).ok_or(Unanswered::Unreadable),
        News::Problem(payload) => Err(match read_problem(&payload) {
            Some(problem) if problem.code == BUSY => Unanswered::Busy,
            Some(problem) => Unanswered::Problem(problem),
            None => Unanswered::Unreadable,
        }),
        News::NobodyThere => Err(Unanswered::NoAck),
        News::Unreadable | News::Alive | News::Progress(_) => Err(Unanswered::Unreadable),
    }
}

/// The state of waiting for an end.
struct Wait {
    started: Instant,
    deadline: Instant,
    /// When the agent was last heard from.
    heard: Option<Instant>,
    /// When partial data may be passed on again.
    next_progress: Instant,
    progress: Box<dyn FnMut(Value) + Send>,
}

impl Wait {
    /// Returns the message with which the agent ends the question, or how it failed to.
    async fn until_end(mut self, open: &Open) -> Result<News, Unanswered> {
        loop {
            let silent_at = match self.heard {
                Some(heard) => heard + SILENCE,
                None => self.started + ACK,
            };
            let mut wake = silent_at.min(self.deadline);
            if open.has_progress() {
                wake = wake.min(self.next_progress);
            }
            tokio::select! {
                () = open.changed() => {}
                () = sleep_until(wake) => {}
            }

            let now = Instant::now();
            let mail = open.take(now >= self.next_progress);
            if let Some(end) = mail.end {
                return Ok(end);
            }
            if mail.is_alive {
                self.heard = Some(now);
            }
            if let Some(data) = mail.progress {
                self.next_progress = now + PROGRESS;
                self.pass_on(&data);
            }

            if now >= self.deadline {
                return Err(Unanswered::Late);
            }
            if !mail.is_alive && now >= silent_at {
                return Err(self.heard.map_or(Unanswered::NoAck, |_| Unanswered::Gone));
            }
        }
    }

    fn pass_on(&mut self, data: &Bytes) {
        match read_data(data) {
            Some(data) => (self.progress)(data),
            None => metrics::dropped("progress"),
        }
    }
}

/// The outcome of a question, for the metrics.
pub(super) const fn outcome(answer: &Result<Value, Unanswered>) -> &'static str {
    match answer {
        Ok(_) => "answered",
        Err(Unanswered::NoAck) => "no_ack",
        Err(Unanswered::Busy) => "busy",
        Err(Unanswered::Gone) => "gone",
        Err(Unanswered::Late) => "late",
        Err(Unanswered::Unreachable(_)) => "unreachable",
        Err(Unanswered::Unreadable) => "unreadable",
        Err(Unanswered::Problem(_)) => "problem",
    }
}

#[cfg(test)]
mod tests;
