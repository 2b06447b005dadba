//! What can go wrong, as the asker is told: mistakes in the question, and what stopped a lookup.

use std::{borrow::Cow, ops::Range, time::Duration};

use serde::Serialize;

/// A mistake in the question: what, where, and what was probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError {
    /// Whether the command or one of its arguments is wrong.
    pub kind: UsageKind,
    /// One sentence for the asker.
    pub message: String,
    /// Where in the command text, in characters; `None` where there was no text.
    pub position: Option<Range<usize>>,
    /// A corrected command.
    pub suggestion: Option<String>,
    /// The argument that was not given, where that is all that is wrong.
    pub missing: Option<Missing>,
}

/// A required argument that was not given; a chat asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The command.
    pub command: &'static str,
    /// The argument's name.
    pub argument: String,
}

/// The two sorts of [`UsageError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageKind {
    /// No command has this name.
    UnknownCommand,
    /// An argument is missing, superfluous, unknown or out of range.
    BadArgument,
}

impl UsageError {
    /// A mistake in an argument, its place not known yet.
    pub fn argument(message: impl Into<String>) -> Self {
        Self {
            kind: UsageKind::BadArgument,
            message: message.into(),
            position: None,
            suggestion: None,
            missing: None,
        }
    }

    /// The same, with its place in the command text.
    pub fn at(mut self, position: Range<usize>) -> Self {
        self.position = Some(position);
        self
    }

    /// The same, with a corrected command.
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }
}

/// What stopped a lookup. A negative answer is no failure: it is data.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The question itself is wrong.
    #[error("{}", .0.message)]
    Usage(UsageError),
    /// The guard does not let Netvane connect there.
    #[error("{what} is not contacted: {why}. An operator can allow it with `[policy] allow`.")]
    Refused {
        /// The target, as the asker wrote it, and the address that it led to.
        what: String,
        /// The range it lies in, and where that is written down.
        why: String,
    },
    /// Who asks is not known, and has to be.
    #[error("{0}")]
    Unauthorized(String),
    /// This caller may not ask this.
    #[error("{0}")]
    Forbidden(String),
    /// Asked too often.
    #[error("{message}")]
    RateLimited {
        /// Of what there was too much, and when to come again.
        message: String,
        /// When asking again makes sense.
        retry_after: Duration,
    },
    /// A deadline passed.
    #[error("{what} did not answer within {}", seconds(*.after))]
    Timeout {
        /// Who was waited for.
        what: String,
        /// How long.
        after: Duration,
    },
    /// A server that the answer depends on failed or talked nonsense.
    #[error("{what}: {why}")]
    Upstream {
        /// Which server.
        what: String,
        /// What it did.
        why: String,
    },
    /// This installation cannot do it, now or at all.
    #[error("{0}")]
    Unavailable(String),
    /// Something given is larger than is accepted.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What was too large.
        what: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A fault of Netvane's own.
    #[error("an internal fault stopped this lookup; it has been logged")]
    Internal,
}

fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{seconds:.1} s").replace(".0 s", " s")
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

impl Failure {
    /// The stable code of the contract, and the HTTP status that goes with it.
    pub fn code(&self) -> (&'static str, u16) {
        match self {
            Self::Usage(UsageError {
                kind: UsageKind::UnknownCommand,
                ..
            }) => ("unknown_command", 404),
            Self::Usage(_) => ("bad_argument", 400),
            Self::Refused { .. } => ("refused_target", 403),
            Self::Unauthorized(_) => ("unauthorized", 401),
            Self::Forbidden(_) => ("forbidden", 403),
            Self::RateLimited { .. } => ("rate_limited", 429),
            Self::Timeout { .. } => ("timeout", 504),
            Self::Upstream { .. } => ("upstream", 502),
            Self::Unavailable(_) => ("unavailable", 503),
            Self::TooLarge { .. } => ("too_large", 413),
            Self::Internal => ("internal", 500),
        }
    }

    /// The problem document of RFC 9457 with the contract's extra members.
    pub fn problem(&self) -> Problem<'_> {
        let (code, status) = self.code();
        let usage = match self {
            Self::Usage(usage) => Some(usage),
            _ => None,
        };
        Problem {
            r#type: "about:blank",
            title: title(code),
            status,
            detail: Cow::Owned(self.to_string()),
            code,
            position: usage
                .and_then(|usage| usage.position.clone())
                .map(|Range { start, end }| Position { start, end }),
            suggestion: usage.and_then(|usage| usage.suggestion.as_deref()),
            retry_after_ms: match self {
                Self::RateLimited { retry_after, .. } => Some(retry_after.as_millis() as u64),
                _ => None,
            },
        }
    }
}

fn title(code: &str) -> &'static str {
    match code {
        "unknown_command" => "Unknown command",
        "bad_argument" => "Bad argument",
        "refused_target" => "Refused target",
        "unauthorized" => "Not authorized",
        "forbidden" => "Forbidden",
        "rate_limited" => "Asked too often",
        "timeout" => "Timed out",
        "upstream" => "A server failed",
        "unavailable" => "Unavailable",
        "too_large" => "Too large",
        _ => "Internal fault",
    }
}

/// `application/problem+json`, RFC 9457.
#[derive(Debug, Clone, Serialize)]
pub struct Problem<'a> {
    /// No page describes the problems apart from the code: `about:blank`.
    pub r#type: &'static str,
    /// The code in words.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// One sentence for the asker.
    pub detail: Cow<'a, str>,
    /// Stable code, contract §2.
    pub code: &'static str,
    /// Place of the mistake in the command text, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// A corrected command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<&'a str>,
    /// When asking again makes sense, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// A half-open range of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    /// First character.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_code_status_place_and_correction() {
        let failure = Failure::from(
            UsageError::argument("no")
                .at(4..9)
                .suggest("/mx example.com"),
        );
        let problem = serde_json::to_value(failure.problem()).expect("serializes");
        assert_eq!(
            problem,
            serde_json::json!({"type":"about:blank","title":"Bad argument","status":400,"detail":"no",
                "code":"bad_argument","position":{"start":4,"end":9},"suggestion":"/mx example.com"})
        );
    }

    #[test]
    fn durations_read_well() {
        let told = |after| {
            Failure::Timeout {
                what: "192.0.2.1".into(),
                after,
            }
            .to_string()
        };
        assert_eq!(
            told(Duration::from_millis(250)),
            "192.0.2.1 did not answer within 250 ms"
        );
        assert_eq!(
            told(Duration::from_secs(4)),
            "192.0.2.1 did not answer within 4 s"
        );
        assert_eq!(
            told(Duration::from_millis(2500)),
            "192.0.2.1 did not answer within 2.5 s"
        );
    }
}
