//! How a failure is written down for programs: the stable codes of the contract, in the problem documents of RFC 9457.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

/// Codes of problems: those of a [`Failure`](crate::Failure), contract §2, and those of requests that ask nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(description = "What sort of problem.")]
pub enum ProblemCode {
    /// No command has this name.
    UnknownCommand,
    /// The question is wrong.
    BadArgument,
    /// The target is not contacted.
    RefusedTarget,
    /// The caller may not ask this.
    Forbidden,
    /// A key is wanted, and none that is known was given.
    Unauthorized,
    /// Asked too often.
    RateLimited,
    /// A server that the answer depends on did not answer in time, or the request body did not arrive.
    Timeout,
    /// A server that the answer depends on failed.
    Upstream,
    /// This installation cannot do it, now or at all.
    Unavailable,
    /// The request body, or something in it, is too large.
    TooLarge,
    /// A fault of Netvane's own.
    Internal,
    /// There is nothing at this path.
    NotFound,
    /// The path does not take this method.
    MethodNotAllowed,
}

impl ProblemCode {
    /// As it is written: `unknown_command`.
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

    /// The HTTP status that goes with it.
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
            Self::Unauthorized => "Not authorized",
            Self::Forbidden => "Forbidden",
            Self::RateLimited => "Asked too often",
            Self::Timeout => "Timed out",
            Self::Upstream => "A server failed",
            Self::Unavailable => "Unavailable",
            Self::TooLarge => "Too large",
            Self::Internal => "Internal fault",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
        }
    }
}

/// `application/problem+json`, RFC 9457.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(description = "RFC 9457")]
pub struct Problem<'a> {
    /// No page describes the problems apart from the code.
    #[schemars(extend("const" = "about:blank"))]
    pub r#type: &'static str,
    /// The code in words.
    pub title: &'static str,
    /// HTTP status.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// One sentence for the asker.
    pub detail: Cow<'a, str>,
    /// Stable: what clients tell problems apart by.
    pub code: ProblemCode,
    /// Place of the mistake in the line, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Position")]
    pub position: Option<Position>,
    /// A corrected line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "&str")]
    pub suggestion: Option<&'a str>,
    /// When asking again makes sense, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub retry_after_ms: Option<u64>,
}

impl<'a> Problem<'a> {
    /// One that says no more than this.
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

/// A half-open range of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Position {
    /// First character.
    pub start: usize,
    /// One past the last one.
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
