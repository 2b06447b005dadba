//! Why Discord did not do what it was asked, and whether it may do it the next time.

use std::time::Duration;

use netvane_chat::SendError;
use serde_json::Value;

/// Where Discord does not say how long.
const SOME_TIME: Duration = Duration::from_secs(2);

/// Why Discord did not do what it was asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refused {
    /// It has not answered.
    Unreached(String),
    /// HTTP 429: retry after `wait`; `everywhere` if the limit covers all routes.
    RateLimited { wait: Duration, everywhere: bool },
    /// An HTTP status, Discord's own code, and its words.
    Status {
        status: u16,
        code: i64,
        message: String,
    },
}

impl Refused {
    /// Discord's own code; 0 where it gave none.
    pub(crate) fn code(&self) -> i64 {
        match self {
            Self::Status { code, .. } => *code,
            _ => 0,
        }
    }

    /// Whether the token is wrong.
    pub(crate) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Status { status: 401, code, .. } if *code != INVALID_WEBHOOK_TOKEN)
    }
}

/// Interactions: too late, or answered elsewhere.
pub(crate) const UNKNOWN_INTERACTION: i64 = 10062;
/// The interaction's time is over.
pub(crate) const UNKNOWN_WEBHOOK: i64 = 10015;
/// The same, in other words.
pub(crate) const INVALID_WEBHOOK_TOKEN: i64 = 50027;
/// The answer that got lost was taken.
pub(crate) const ALREADY_ACKNOWLEDGED: i64 = 40060;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreached(why) => f.write_str(why),
            Self::RateLimited { wait, .. } => {
                write!(
                    f,
                    "rate-limited by Discord; retry in {:.1} s",
                    wait.as_secs_f64()
                )
            }
            Self::Status {
                status,
                code: 0,
                message,
            } => write!(f, "status {status}: {message}"),
            Self::Status {
                status,
                code,
                message,
            } => write!(f, "status {status}, code {code}: {message}"),
        }
    }
}

impl From<Refused> for SendError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::RateLimited { wait, everywhere } => Self::RateLimited { wait, everywhere },
            Refused::Unreached(why) => Self::Transient(why),
            Refused::Status {
                status: 408 | 500..,
                ..
            } => Self::Transient(refused.to_string()),
            Refused::Status { .. } => Self::Permanent(refused.to_string()),
        }
    }
}

/// The body tells the time more exactly than the header; without a body it is not the API that refuses, but what
/// stands before it, and then it refuses everything.
pub(crate) fn flood(body: &Value, scope: Option<&str>, waits: &[Option<String>]) -> Refused {
    let told = waits
        .iter()
        .flatten()
        .find_map(|wait| wait.parse::<f64>().ok());
    let seconds = body["retry_after"].as_f64().or(told);
    let wait = seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or(SOME_TIME);
    let everywhere = scope == Some("global") || body["global"] == true || !body.is_object();
    // A moment more: clocks differ.
    Refused::RateLimited {
        wait: wait + Duration::from_millis(20),
        everywhere,
    }
}

#[cfg(test)]
mod tests;
