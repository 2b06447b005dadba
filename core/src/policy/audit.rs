//! Audit log: a record of who looked up what, separate from the log. One file per day, removed
//! after its retention time.
//!
//! Local parts of mail addresses and pasted content are not recorded.

mod writer;

use std::{cell::RefCell, path::Path};

use metrics::{Counter, counter};
use netvane_document::Failure;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::{
    args::Email,
    request::{Caller, Credential},
    settings,
    spec::Argument,
};
use writer::Writer;

/// Maximum length of a recorded value; longer values are not targets.
const MOST_VALUE: usize = 253;

/// The audit log of requests.
pub(crate) struct Audit {
    writer: Writer,
    lost: Counter,
    settings: settings::Audit,
}

/// One request as the audit log records it.
#[derive(Serialize)]
pub(crate) struct Record<'a> {
    pub(crate) at: jiff::Timestamp,
    pub(crate) id: &'a str,
    pub(crate) adapter: &'a str,
    #[serde(flatten)]
    pub(crate) caller: AuditCaller<'a>,
    pub(crate) command: &'a str,
    pub(crate) arguments: Keepable<'a>,
    pub(crate) outcome: &'a str,
    pub(crate) units: u32,
    pub(crate) elapsed_ms: u64,
}

/// A caller as recorded; unknown properties are left out.
#[derive(Serialize)]
pub(crate) struct AuditCaller<'a> {
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

/// The part of a request that may be recorded: of a mail address only the domain, of pasted content
/// only the length. Of a request that could not be parsed, nothing.
pub(crate) struct Keepable<'a>(pub(crate) Option<(&'a [Argument], &'a Map<String, Value>)>);

impl<'a> From<&'a Caller> for AuditCaller<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self {
            user: caller.user.as_deref(),
            conversation: caller.conversation.as_deref(),
            server: caller.server.as_deref(),
            api_key: caller.credential.as_ref().map(Credential::name),
            address: caller.address,
        }
    }
}

impl Audit {
    /// Opens the audit log, if its directory is set.
    pub(crate) fn open(settings: &settings::Audit) -> Result<Option<Self>, Failure> {
        let settings::Audit {
            directory,
            retention_days,
        } = settings;
        if directory.is_empty() {
            return Ok(None);
        }
        let writer = Writer::start(Path::new(directory), *retention_days).map_err(|error| {
            Failure::Unavailable(format!("audit.directory: {directory}: {error}"))
        })?;
        let lost = counter!("netvane_audit_lost_total");
        Ok(Some(Self {
            writer,
            lost,
            settings: settings.clone(),
        }))
    }

    /// Returns whether this audit log was opened with these settings.
    pub(crate) fn is_of(&self, settings: &settings::Audit) -> bool {
        self.settings == *settings
    }

    /// Queues a record for the writer; does not wait for the disk.
    pub(crate) fn write(&self, record: &Record<'_>) {
        thread_local!(static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
        LINE.with_borrow_mut(|line| {
            line.clear();
            let written = serde_json::to_writer(&mut *line, record).is_ok();
            line.push(b'\n');
            if !written || !self.writer.add(line) {
                self.lost.increment(1);
            }
        });
    }
}

impl Serialize for Keepable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((declared, arguments)) = self.0 else {
            return serializer.serialize_map(Some(0))?.end();
        };
        let mut kept = serializer.serialize_map(Some(arguments.len()))?;

        for (name, value) in arguments {
            let Value::String(text) = value else {
                kept.serialize_entry(name, value)?;
                continue;
            };
            let argument = declared.iter().find(|argument| argument.name == *name);
            let pasted = argument.is_none_or(|argument| argument.message || argument.rest);

            // Without `@` it is not a mail address; this check is cheap, and most values fail it.
            let address = if text.contains('@') {
                text.parse::<Email>().ok()
            } else {
                None
            };

            match address {
                Some(address) => {
                    kept.serialize_entry(name, &format_args!("…@{}", address.domain()))?
                }
                None if pasted || text.len() > MOST_VALUE || text.contains('@') => {
                    kept.serialize_entry(name, &format_args!("({} bytes)", text.len()))?;
                }
                None => kept.serialize_entry(name, text)?,
            }
        }

        kept.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ArgumentKind;

    fn argument(name: &str, message: bool) -> Argument {
        Argument {
            name: name.into(),
            help: String::new(),
            kind: ArgumentKind::String,
            required: false,
            rest: false,
            verbatim: false,
            message,
            form: None,
            completes: None,
            minimum: None,
            maximum: None,
            or_endless: false,
            choices: Vec::new(),
        }
    }

    #[test]
    fn mailboxes_and_pasted_text_are_not_recorded() {
        let declared = ["email", "from", "to", "target", "count"].map(|name| argument(name, false));
        let message = [argument("message", true)];
        let kept = |name: &str, arguments: Value| {
            let Value::Object(arguments) = arguments else {
                unreachable!()
            };
            let declared = match name {
                "trace_mail" => &message[..],
                _ => &declared[..],
            };
            serde_json::to_string(&Keepable(Some((declared, &arguments)))).expect("JSON")
        };

        let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");

        assert_eq!(
            kept("verify", json(r#"{"email":"\"a@b\"@example.test"}"#)),
            r#"{"email":"…@example.test"}"#
        );
        assert_eq!(
            kept("howmail", json(r#"{"from":"a@x.test","to":"b@y.test"}"#)),
            r#"{"from":"…@x.test","to":"…@y.test"}"#
        );
        assert_eq!(
            kept("trace_mail", json(r#"{"message":"From: ann"}"#)),
            r#"{"message":"(9 bytes)"}"#
        );
        assert_eq!(
            kept("ping", json(r#"{"target":"example.test","count":3}"#)),
            r#"{"target":"example.test","count":3}"#
        );
        assert_eq!(serde_json::to_string(&Keepable(None)).expect("JSON"), "{}");
    }
}
