//! The messages between hubs and agents, as JSON.

mod hello;

use std::borrow::Cow;

use netvane_core::{
    document::MAX_DATA,
    vantage::{AgentProblem, Question},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

pub(crate) use hello::{Heartbeat, Hello, Network, Place, read_hello};

/// Version of the protocol, part of each subject.
pub(crate) const PROTOCOL: u32 = 1;
/// Header of an answer that says what it is.
pub(crate) const KIND: &str = "Nv-Kind";

/// Largest heartbeat, in bytes.
pub(crate) const MAX_HELLO: usize = 8 << 10;
/// Largest question, in bytes.
pub(crate) const MAX_ASK: usize = 64 << 10;
/// Largest answer, in bytes: the data of a reply, with what is around it.
pub(crate) const MAX_ANSWER: usize = MAX_DATA + 256;
/// Largest problem, in bytes.
const MAX_PROBLEM: usize = 16 << 10;
/// Longest code and longest sentence of a problem, in bytes.
const MAX_CODE: usize = 32;
const MAX_DETAIL: usize = 1000;

/// What an agent sends about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It took the question.
    Ack,
    /// It is still working.
    Alive,
    /// Partial data.
    Progress,
    /// The data.
    Reply,
    /// It could not answer.
    Problem,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Ack,
        Self::Alive,
        Self::Progress,
        Self::Reply,
        Self::Problem,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Alive => "alive",
            Self::Progress => "progress",
            Self::Reply => "reply",
            Self::Problem => "problem",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A question, as it is sent to an agent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ask<'a> {
    pub id: Cow<'a, str>,
    /// Name of the command.
    pub name: Cow<'a, str>,
    pub arguments: Cow<'a, Map<String, Value>>,
    pub deadline_ms: u64,
    /// Whether partial data is wanted.
    #[serde(default)]
    pub progress: bool,
    /// Whether a cached answer is not acceptable.
    #[serde(default)]
    pub fresh: bool,
    /// Hash of the caller.
    #[serde(default)]
    pub client: Cow<'a, str>,
    /// Units of the lookup in the budget of the caller.
    #[serde(default)]
    pub units: u32,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(id: &'a str, question: &'a Question, client: &'a str) -> Self {
        Self {
            id: id.into(),
            name: question.command.into(),
            arguments: Cow::Borrowed(&question.arguments),
            deadline_ms: u64::try_from(question.deadline.as_millis()).unwrap_or(u64::MAX),
            progress: true,
            fresh: question.fresh,
            client: client.into(),
            units: question.units,
        }
    }
}

/// Complete or partial data, as it is sent by an agent.
#[derive(Serialize)]
pub(crate) struct DataMessage<'a> {
    pub data: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<f64>,
}

/// Reads complete or partial data; `None` if it is too large or no object with data.
pub(crate) fn read_data(payload: &[u8]) -> Option<Value> {
    #[derive(Deserialize)]
    struct Message {
        data: Value,
    }
    if payload.len() > MAX_ANSWER {
        return None;
    }
    let message: Message = serde_json::from_slice(payload).ok()?;
    Some(message.data)
}

/// Reads a problem; `None` if it is too large or no problem. Its texts are bounded and on one line.
pub(crate) fn read_problem(payload: &[u8]) -> Option<AgentProblem> {
    #[derive(Deserialize)]
    struct Message {
        code: String,
        #[serde(default)]
        detail: String,
    }
    if payload.len() > MAX_PROBLEM {
        return None;
    }
    let message: Message = serde_json::from_slice(payload).ok()?;
    Some(AgentProblem {
        code: bounded(&message.code, MAX_CODE),
        detail: bounded(&message.detail, MAX_DETAIL),
    })
}

/// Returns a text of an agent without control characters and without those that reorder or hide text, and not longer
/// than `most` bytes.
pub(crate) fn bounded(text: &str, most: usize) -> String {
    let mut kept = String::new();
    for c in text
        .chars()
        .filter(|c| !netvane_core::document::render::is_unsafe(*c))
    {
        if kept.len() + c.len_utf8() > most {
            break;
        }
        kept.push(c);
    }
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_that_is_large_or_no_json_is_not_read() {
        assert_eq!(
            read_data(br#"{"data":{"a":1},"elapsed_ms":4.1}"#),
            Some(serde_json::json!({"a": 1}))
        );
        for broken in [
            "",
            "{}",
            "[]",
            "7",
            r#"{"data":NaN}"#,
            r#"{"data":1e999}"#,
            r#"{"data":{"a":1}"#,
            "{\"data\":\"\u{1}\"}",
        ] {
            assert_eq!(read_data(broken.as_bytes()), None, "{broken}");
        }
        let large = format!("{{\"data\":\"{}\"}}", "x".repeat(MAX_ANSWER));
        assert_eq!(read_data(large.as_bytes()), None);
        let deep = format!(
            "{{\"data\":{}{}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert_eq!(read_data(deep.as_bytes()), None);
    }

    #[test]
    fn problems_are_bounded_and_on_one_line() {
        let text = serde_json::json!({"code": "x\u{7}y", "detail": format!("a\n\u{202e}b{}", "c".repeat(5000))});
        let problem = read_problem(text.to_string().as_bytes()).expect("a problem");
        assert_eq!(problem.code, "xy");
        assert!(problem.detail.starts_with("abc") && problem.detail.len() == MAX_DETAIL);
        assert_eq!(read_problem(b"{}"), None);
    }

    #[test]
    fn kinds_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(Kind::from_name("ACK"), None);
    }
}
