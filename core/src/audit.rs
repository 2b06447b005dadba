//! Who asked what: a record apart from the log, one file a day, gone after its time.
//!
//! Mailbox names and what people paste stay out of it.

use std::{io::Write as _, sync::Mutex, sync::PoisonError, time::Duration};

use serde::Serialize;
use serde_json::{Map, Value};
use tracing_appender::{
    non_blocking::{NonBlocking, WorkerGuard},
    rolling::{RollingFileAppender, Rotation},
};

use crate::{args::Email, command::Entry, failure::Failure, request::Caller, settings};

/// Longer values are no targets.
const MOST_VALUE: usize = 253;

/// Where questions are written down.
pub(crate) struct Audit {
    lines: Mutex<NonBlocking>,
    _writer: WorkerGuard,
}

/// One question.
#[derive(Serialize)]
pub(crate) struct Record<'a> {
    pub(crate) at: String,
    pub(crate) id: &'a str,
    pub(crate) adapter: &'a str,
    #[serde(flatten)]
    pub(crate) caller: Named<'a>,
    pub(crate) command: &'a str,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) outcome: &'a str,
    pub(crate) units: u32,
    pub(crate) elapsed_ms: u64,
}

/// A caller, what is not known left out.
#[derive(Serialize)]
pub(crate) struct Named<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<std::net::IpAddr>,
}

impl<'a> From<&'a Caller> for Named<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self {
            user: caller.user.as_deref(),
            conversation: caller.conversation.as_deref(),
            server: caller.server.as_deref(),
            api_key: caller.api_key.as_deref(),
            address: caller.address,
        }
    }
}

impl Audit {
    /// Where a directory is set.
    pub(crate) fn open(settings: &settings::Audit) -> Result<Option<Self>, Failure> {
        if settings.directory.is_empty() {
            return Ok(None);
        }
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Unavailable(format!("audit.directory: {}: {error}", settings.directory))
        };
        std::fs::create_dir_all(&settings.directory).map_err(|error| failed(&error))?;
        let files = RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("audit")
            .filename_suffix("jsonl")
            .max_log_files(settings.retention_days)
            .build(&settings.directory)
            .map_err(|error| failed(&error))?;
        let (lines, writer) = tracing_appender::non_blocking(files);
        Ok(Some(Self { lines: Mutex::new(lines), _writer: writer }))
    }

    /// Hands a record to the writer; nobody waits for the disk.
    pub(crate) fn write(&self, record: &Record<'_>) {
        let Ok(mut line) = serde_json::to_vec(record) else { return };
        line.push(b'\n');
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // Whether a line was dropped is told by the writer's own counter.
        let _ = lines.write_all(&line);
    }
}

/// What may be kept of a question: of a mail address its domain, of what was pasted its length.
pub(crate) fn keepable(command: &Entry, arguments: &Map<String, Value>) -> Map<String, Value> {
    let kept = |(name, value): (&String, &Value)| {
        let argument = command.arguments.iter().find(|argument| argument.name == *name);
        let pasted = argument.is_none_or(|argument| argument.message || argument.rest);
        let value = match value {
            Value::String(text) => {
                // What has no such sign is no mailbox, and most questions have none.
                let address = if text.contains('@') { text.parse::<Email>().ok() } else { None };
                match address {
                    Some(address) => format!("…@{}", address.domain()).into(),
                    None if pasted || text.len() > MOST_VALUE || text.contains('@') => {
                        format!("({} bytes)", text.len()).into()
                    }
                    None => text.as_str().into(),
                }
            }
            other => other.clone(),
        };
        (name.clone(), value)
    };
    arguments.iter().map(kept).collect()
}

pub(crate) fn milliseconds(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands;

    #[test]
    fn mailboxes_and_pasted_text_stay_out() {
        let registry = commands::registry();
        let kept = |name: &str, arguments: Value| {
            let Value::Object(arguments) = arguments else { unreachable!() };
            Value::Object(keepable(registry.find(name).expect(name), &arguments))
        };
        let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(
            kept("verify", json(r#"{"email":"\"a@b\"@example.test"}"#)),
            json(r#"{"email":"…@example.test"}"#)
        );
        assert_eq!(
            kept("howmail", json(r#"{"from":"a@x.test","to":"b@y.test"}"#)),
            json(r#"{"from":"…@x.test","to":"…@y.test"}"#)
        );
        assert_eq!(
            kept("trace_mail", json(r#"{"message":"From: ann"}"#)),
            json(r#"{"message":"(9 bytes)"}"#)
        );
        assert_eq!(
            kept("ping", json(r#"{"target":"example.test","count":3}"#)),
            json(r#"{"target":"example.test","count":3}"#)
        );
    }
}
