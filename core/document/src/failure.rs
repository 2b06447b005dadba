//! Errors reported to users: invalid commands, and failures that stopped a lookup.

use std::{ops::Range, time::Duration};

use crate::duration;
use crate::problem::{Position, Problem, ProblemCode};

/// An invalid command: the mistake, its position, and a suggested correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError {
    /// Whether the command or one of its arguments is wrong.
    pub kind: UsageKind,
    /// One sentence for the user.
    pub message: String,
    /// Where in the command text, in characters; `None` if the command was not given as text.
    pub position: Option<Range<usize>>,
    /// The corrected command, ready to run.
    pub suggestion: Option<String>,
    /// The missing required argument, if that is the only mistake.
    pub missing: Option<Missing>,
}

/// A required argument that is missing; chats prompt for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Name of the command, without a slash.
    pub command: &'static str,
    /// Name of the missing argument.
    pub argument: String,
}

/// The two kinds of [`UsageError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageKind {
    /// The command does not exist.
    UnknownCommand,
    /// An argument is missing, unexpected, unknown or out of range.
    BadArgument,
}

impl UsageError {
    /// Creates an error about an argument, without a position.
    pub fn argument(message: impl Into<String>) -> Self {
        Self {
            kind: UsageKind::BadArgument,
            message: message.into(),
            position: None,
            suggestion: None,
            missing: None,
        }
    }

    /// Sets the position of the mistake in the command text.
    pub fn at(mut self, position: Range<usize>) -> Self {
        self.position = Some(position);
        self
    }

    /// Sets the corrected command to suggest.
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }
}

/// Why a lookup could not be completed. A negative answer (NXDOMAIN, no reply) is data, not a
/// failure.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The command or one of its arguments is invalid.
    #[error("{}", .0.message)]
    Usage(UsageError),
    /// The address guard does not allow connections to the target.
    #[error(
        "{what} {why}, which this service does not contact. Operators can allow it with `[policy] allow`."
    )]
    Refused {
        /// The target as the user wrote it, and the address that it resolved to.
        what: String,
        /// Why it is refused, as a predicate: `is in 10.0.0.0/8 (Private-Use, RFC 1918)`.
        why: String,
    },
    /// The operator's table of ports does not allow connections to this port of the target.
    #[error(
        "{what} uses port {port}, which is not allowed here; allowed ports (`policy.ports`, {purpose}): {allowed}"
    )]
    RefusedPort {
        /// The target as the user wrote it.
        what: String,
        /// The port that is not allowed.
        port: u16,
        /// Key of `policy.ports`: what the connection is for.
        purpose: &'static str,
        /// The allowed ports, such as `53, 8000-8999`.
        allowed: String,
    },
    /// The caller has to authenticate and did not, or the key is unknown.
    #[error("{0}")]
    Unauthorized(String),
    /// The caller is known but not allowed to run this command.
    #[error("{0}")]
    Forbidden(String),
    /// A rate limit of the caller or the target is exceeded.
    #[error("{message}")]
    RateLimited {
        /// Which limit was exceeded, and when to retry.
        message: String,
        /// Time until the request can succeed.
        retry_after: Duration,
    },
    /// No answer arrived before the deadline.
    #[error("{what} did not answer within {}", duration::measured(*.after))]
    Timeout {
        /// The server or operation that did not answer.
        what: String,
        /// The deadline that passed.
        after: Duration,
    },
    /// A server that the lookup depends on failed or sent an invalid answer.
    #[error("{what}: {why}")]
    Upstream {
        /// Name or address of the server.
        what: String,
        /// The cause, without a final full stop.
        why: String,
    },
    /// This server cannot run the lookup, now or at all.
    #[error("{0}")]
    Unavailable(String),
    /// An input or an answer is larger than the limit.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// The part that is too large.
        what: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// Another process was to run the lookup.
    #[error("{message}")]
    Elsewhere {
        /// What kept it from answering.
        cause: Elsewhere,
        /// What kind of problem it is.
        code: ProblemCode,
        /// One sentence for the user.
        message: String,
    },
    /// A bug in Netvane; the log has the cause.
    #[error("internal error (logged)")]
    Internal,
}

/// What kept another process from answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// It reports a problem.
    Problem,
    /// It has no slot left.
    Busy,
    /// It was not heard from again.
    Gone,
    /// The deadline passed.
    Late,
    /// Its version does not have the command or one of the arguments.
    TooOld,
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

impl Failure {
    /// The stable problem code.
    pub fn problem_code(&self) -> ProblemCode {
        match self {
            Self::Usage(UsageError {
                kind: UsageKind::UnknownCommand,
                ..
            }) => ProblemCode::UnknownCommand,
            Self::Usage(_) => ProblemCode::BadArgument,
            Self::Refused { .. } | Self::RefusedPort { .. } => ProblemCode::RefusedTarget,
            Self::Unauthorized(_) => ProblemCode::Unauthorized,
            Self::Forbidden(_) => ProblemCode::Forbidden,
            Self::RateLimited { .. } => ProblemCode::RateLimited,
            Self::Timeout { .. } => ProblemCode::Timeout,
            Self::Upstream { .. } => ProblemCode::Upstream,
            Self::Unavailable(_) => ProblemCode::Unavailable,
            Self::TooLarge { .. } => ProblemCode::TooLarge,
            Self::Elsewhere { code, .. } => *code,
            Self::Internal => ProblemCode::Internal,
        }
    }

    /// The stable problem code as text, and the HTTP status for it.
    pub fn code(&self) -> (&'static str, u16) {
        let code = self.problem_code();
        (code.name(), code.status())
    }

    /// The RFC 9457 problem document, with `code`, `position`, `suggestion` and `retry_after_ms` as
    /// extra members.
    pub fn problem(&self) -> Problem<'_> {
        let code = self.problem_code();
        let usage = match self {
            Self::Usage(usage) => Some(usage),
            _ => None,
        };
        Problem {
            position: usage
                .and_then(|usage| usage.position.clone())
                .map(|Range { start, end }| Position { start, end }),
            suggestion: usage.and_then(|usage| usage.suggestion.as_deref()),
            retry_after_ms: match self {
                Self::RateLimited { retry_after, .. } => Some(retry_after.as_millis() as u64),
                _ => None,
            },
            ..Problem::new(code.title(), code.status(), self.to_string(), code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_code_status_position_and_suggestion() {
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
    fn a_timeout_prints_short_durations_in_milliseconds() {
        let message = |after| {
            Failure::Timeout {
                what: "192.0.2.1".into(),
                after,
            }
            .to_string()
        };
        assert_eq!(
            message(Duration::from_millis(250)),
            "192.0.2.1 did not answer within 250 ms"
        );
        assert_eq!(
            message(Duration::from_secs(4)),
            "192.0.2.1 did not answer within 4 s"
        );
        assert_eq!(
            message(Duration::from_millis(2500)),
            "192.0.2.1 did not answer within 2.5 s"
        );
    }
}
