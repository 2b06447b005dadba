//! Which questions an agent takes.

use std::time::Duration;

use async_nats::Message;
use netvane_core::{Problem, ProblemCode, command::Registry};
use serde_json::{Map, Value, json};

use super::{BUSY, commands::is_remote, running::MOST};
use crate::{
    messages::{Ask, MAX_ASK},
    subjects,
};

/// Longest time that a question may take.
const MAX_DEADLINE: Duration = Duration::from_secs(5 * 60);

/// A question that can be given to the engine.
#[derive(Debug, PartialEq)]
pub(super) struct Accepted {
    pub id: String,
    pub name: String,
    pub arguments: Map<String, Value>,
    pub deadline: Duration,
    /// Whether the hub wants partial data.
    pub progress: bool,
    /// Whether a cached answer is not acceptable.
    pub fresh: bool,
    /// Hash of the caller.
    pub client: String,
}

/// Returns the subject for the answers to a message. Only a subject of this agent counts: an agent sends nowhere else,
/// whatever a message asks for.
pub(super) fn reply_subject(message: &Message, agent: &str) -> Option<String> {
    let subject = message.reply.as_ref()?.as_str();
    let (name, _, _) = subjects::parts_of_reply(subject)?;
    (name == agent).then(|| subject.to_owned())
}

/// Reads a question whose answers go to `subject`; the error is the problem for the hub.
pub(super) fn read(
    message: &Message,
    subject: &str,
    registry: &Registry,
) -> Result<Accepted, Vec<u8>> {
    let payload = &message.payload;
    if payload.len() > MAX_ASK {
        return Err(problem(
            ProblemCode::TooLarge,
            format!("the question is larger than {MAX_ASK} bytes"),
        ));
    }
    let bad = |detail: &str| problem(ProblemCode::BadArgument, detail.to_owned());
    let ask: Ask<'_> =
        serde_json::from_slice(payload).map_err(|_| bad("the question cannot be read"))?;
    if subjects::parts_of_reply(subject).is_none_or(|(_, _, id)| id != ask.id) {
        return Err(bad(
            "the question has another identifier than its reply subject",
        ));
    }
    if !subjects::is_id(&ask.client) {
        return Err(bad("`client` must be 1–32 letters and digits"));
    }
    // Whether it is asked further is not for an agent to decide.
    if ask.arguments.contains_key("from") {
        return Err(bad("`from` cannot be used in a question to an agent"));
    }

    match registry.find(&ask.name) {
        Some(entry) if is_remote(entry) => {}
        Some(_) => {
            return Err(problem(
                ProblemCode::Forbidden,
                format!("`{:.40}` cannot be run at other vantage points", ask.name),
            ));
        }
        None => {
            return Err(problem(
                ProblemCode::UnknownCommand,
                format!("unknown command `{:.40}`", ask.name),
            ));
        }
    }
    Ok(Accepted {
        id: ask.id.into_owned(),
        name: ask.name.into_owned(),
        arguments: ask.arguments.into_owned(),
        deadline: Duration::from_millis(ask.deadline_ms).min(MAX_DEADLINE),
        progress: ask.progress,
        fresh: ask.fresh,
        client: ask.client.into_owned(),
    })
}

/// The problem of an agent whose slots are all taken.
pub(super) fn busy() -> Vec<u8> {
    json!({
        "type": "about:blank",
        "title": "Busy",
        "status": 503,
        "detail": format!("this agent already answers {MOST} questions"),
        "code": BUSY,
    })
    .to_string()
    .into_bytes()
}

/// Writes a problem document (RFC 9457).
pub(super) fn problem(code: ProblemCode, detail: String) -> Vec<u8> {
    let problem = Problem::new("Refused by the agent", code.status(), detail, code);
    serde_json::to_vec(&problem).unwrap_or_default()
}

#[cfg(test)]
mod tests;
