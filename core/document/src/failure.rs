//! What can go wrong, as the asker is told: mistakes in the question, and what stopped a lookup.

use std::{ops::Range, time::Duration};

use crate::problem::{Position, Problem, ProblemCode};

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
    /// The stable code of the contract.
    pub fn problem_code(&self) -> ProblemCode {
        match self {
            Self::Usage(UsageError {
                kind: UsageKind::UnknownCommand,
                ..
            }) => ProblemCode::UnknownCommand,
            Self::Usage(_) => ProblemCode::BadArgument,
            Self::Refused { .. } => ProblemCode::RefusedTarget,
            Self::Unauthorized(_) => ProblemCode::Unauthorized,
            Self::Forbidden(_) => ProblemCode::Forbidden,
            Self::RateLimited { .. } => ProblemCode::RateLimited,
            Self::Timeout { .. } => ProblemCode::Timeout,
            Self::Upstream { .. } => ProblemCode::Upstream,
            Self::Unavailable(_) => ProblemCode::Unavailable,
            Self::TooLarge { .. } => ProblemCode::TooLarge,
            Self::Internal => ProblemCode::Internal,
        }
    }

    /// The stable code of the contract as it is written, and the HTTP status that goes with it.
    pub fn code(&self) -> (&'static str, u16) {
        let code = self.problem_code();
        (code.name(), code.status())
    }

    /// The problem document of RFC 9457 with the contract's extra members.
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
