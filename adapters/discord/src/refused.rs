//! Errors of calls to Discord, and whether a retry may succeed.

use std::time::Duration;

use netvane_chat::SendError;
use serde_json::Value;

/// Wait after a rate limit for which Discord gives no time.
const SOME_TIME: Duration = Duration::from_secs(2);

/// Error of a call to Discord.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refused {
    /// No usable reply: the connection failed, timed out, or did not deliver JSON.
    Unreached(String),
    /// HTTP 429: retry after `wait`; `everywhere` if the limit covers all routes.
    RateLimited { wait: Duration, everywhere: bool },
    /// HTTP error status with Discord's error code and message.
    Status {
        status: u16,
        code: i64,
        message: String,
    },
}

impl Refused {
    /// Returns Discord's error code; 0 if there is none.
    pub(crate) fn code(&self) -> i64 {
        match self {
            Self::Status { code, .. } => *code,
            _ => 0,
        }
    }

    /// Returns whether the bot token is wrong.
    pub(crate) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Status { status: 401, code, .. } if *code != INVALID_WEBHOOK_TOKEN)
    }
}

/// The interaction has expired or was responded to elsewhere.
pub(crate) const UNKNOWN_INTERACTION: i64 = 10062;
/// The interaction token has expired.
pub(crate) const UNKNOWN_WEBHOOK: i64 = 10015;
/// The interaction token has expired (another code that Discord uses).
pub(crate) const INVALID_WEBHOOK_TOKEN: i64 = 50027;
/// The interaction already has an initial response, for example from an attempt whose reply got
/// lost.
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

/// Builds the error for HTTP 429. The wait comes from the body, which is more exact than the
/// headers. A reply without a JSON body comes from a proxy in front of the API, whose limit applies
/// to all requests.
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
    // A small margin, because clocks differ.
    Refused::RateLimited {
        wait: wait + Duration::from_millis(20),
        everywhere,
    }
}

#[cfg(test)]
mod tests;
