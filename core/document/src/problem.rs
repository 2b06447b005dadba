//! Failures as programs see them: problem documents (RFC 9457) with stable codes.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Stable problem codes: those of a [`Failure`](crate::Failure), and those of HTTP requests that
/// are no lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(description = "Stable code that identifies the kind of problem.")]
pub enum ProblemCode {
    /// The command does not exist.
    UnknownCommand,
    /// An argument is missing, unknown or invalid.
    BadArgument,
    /// The target is in a network that the server does not contact.
    RefusedTarget,
    /// The caller is not allowed to run this command.
    Forbidden,
    /// Missing or unknown API key.
    Unauthorized,
    /// A rate limit is exceeded.
    RateLimited,
    /// An upstream server did not answer in time, or the request body did not arrive in time.
    Timeout,
    /// An upstream server failed.
    Upstream,
    /// The server cannot run this command, now or at all.
    Unavailable,
    /// The request body or a part of it is too large.
    TooLarge,
    /// Internal error; it is logged.
    Internal,
    /// No resource at this path.
    NotFound,
    /// The path does not support this HTTP method.
    MethodNotAllowed,
}

impl ProblemCode {
    /// The code as it appears in JSON: `unknown_command`.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownCommand => "unknown_command",
            Self::BadArgument => "bad_argument",
            Self::RefusedTarget => "refused_target",
            Self::Forbidden => "forbidden",
            Self::Unauthorized => "unauthorized",
            Self::RateLimited => "rate_limited",
            Self::Timeout => "timeout",
            Self::Upstream => "upstream",
            Self::Unavailable => "unavailable",
            Self::TooLarge => "too_large",
            Self::Internal => "internal",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
        }
    }

    /// The code that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// The HTTP status of responses with this code.
    pub fn status(self) -> u16 {
        match self {
            Self::BadArgument => 400,
            Self::Unauthorized => 401,
            Self::RefusedTarget | Self::Forbidden => 403,
            Self::UnknownCommand | Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Upstream => 502,
            Self::Unavailable => 503,
            Self::Timeout => 504,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::UnknownCommand => "Unknown command",
            Self::BadArgument => "Bad argument",
            Self::RefusedTarget => "Refused target",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::RateLimited => "Rate limited",
            Self::Timeout => "Timed out",
            Self::Upstream => "Upstream error",
            Self::Unavailable => "Unavailable",
            Self::TooLarge => "Too large",
            Self::Internal => "Internal error",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
        }
    }
}

/// A problem document, `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(description = "Problem document (RFC 9457).")]
pub struct Problem<'a> {
    /// Always `about:blank`; `code` identifies the problem.
    #[schemars(extend("const" = "about:blank"))]
    pub r#type: &'static str,
    /// Short name of the problem.
    pub title: &'static str,
    /// HTTP status of the response.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// One sentence for the user.
    pub detail: Cow<'a, str>,
    /// Stable code for clients.
    pub code: ProblemCode,
    /// Position of the mistake in the line, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Position")]
    pub position: Option<Position>,
    /// The corrected command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "&str")]
    pub suggestion: Option<&'a str>,
    /// Time until a retry can succeed, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub retry_after_ms: Option<u64>,
}

impl<'a> Problem<'a> {
    /// Creates a problem without position, suggestion and retry time.
    pub fn new(
        title: &'static str,
        status: u16,
        detail: impl Into<Cow<'a, str>>,
        code: ProblemCode,
    ) -> Self {
        Self {
            r#type: "about:blank",
            title,
            status,
            detail: detail.into(),
            code,
            position: None,
            suggestion: None,
            retry_after_ms: None,
        }
    }
}

/// A half-open range of characters in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Position {
    /// Index of the first character (inclusive).
    pub start: usize,
    /// Index after the last character (exclusive).
    pub end: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_names_equal_their_json() {
        for code in [
            ProblemCode::UnknownCommand,
            ProblemCode::BadArgument,
            ProblemCode::RefusedTarget,
            ProblemCode::Forbidden,
            ProblemCode::Unauthorized,
            ProblemCode::RateLimited,
            ProblemCode::Timeout,
            ProblemCode::Upstream,
            ProblemCode::Unavailable,
            ProblemCode::TooLarge,
            ProblemCode::Internal,
            ProblemCode::NotFound,
            ProblemCode::MethodNotAllowed,
        ] {
            assert_eq!(
                serde_json::to_value(code).expect("serializes"),
                code.name(),
                "{code:?}"
            );
        }
    }
}
