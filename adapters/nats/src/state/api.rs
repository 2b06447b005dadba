//! Requests to JetStream, as the server's API describes them: JSON over request and reply.

use std::time::Duration;

use async_nats::{HeaderMap, Request, RequestErrorKind, connection::State};
use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::connect::Link;

/// Time in which a server must answer one request.
const PATIENCE: Duration = Duration::from_secs(2);

/// Error codes that say that another write came first: of a stream alone, of a cluster, and of a message that is
/// still being stored.
const OTHERS_FIRST: [u64; 3] = [10071, 10164, 10158];
/// Error codes of something that is not there: a message, a sequence, a stream, a consumer.
const NOT_FOUND: [u64; 4] = [10037, 10043, 10059, 10014];
/// Error codes that end by themselves: the cluster has no leader, or its members are not ready.
const PASSING: [u64; 4] = [10008, 10009, 10023, 10077];
/// A message exceeds the limit of its stream.
const TOO_LARGE: u64 = 10054;

/// Why a request was not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Another write came first.
    OthersFirst,
    /// What the request is about is not there.
    NotFound,
    /// The limit of the stream is reached.
    Full,
    /// The message is too large for the stream.
    TooLarge,
    /// There is no connection, so that nothing was sent.
    Away(String),
    /// Nothing was done; the same request may succeed soon.
    Passing(String),
    /// Whether it was done is not known.
    NoReply,
    /// The server does not do that.
    Refused(u64, String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OthersFirst => f.write_str("another write came first"),
            Self::NotFound => f.write_str("not found"),
            Self::Full => f.write_str("the limit of the stream is reached"),
            Self::TooLarge => f.write_str("too large for the stream"),
            Self::NoReply => f.write_str("no reply from JetStream"),
            Self::Away(reason) | Self::Passing(reason) => f.write_str(reason),
            Self::Refused(code, reason) => write!(f, "{reason} ({code})"),
        }
    }
}

/// The part of a reply that says what went wrong.
#[derive(Debug, Deserialize)]
struct ApiError {
    #[serde(default)]
    code: u64,
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Reply {
    error: Option<ApiError>,
}

#[derive(Deserialize)]
struct Stored {
    seq: u64,
}

/// The API of one connection.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) link: Link,
}

impl Api {
    /// Sends a request to `$JS.API.…` and reads the reply.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        subject: &str,
        body: &Value,
    ) -> Result<T, Fault> {
        let body = if body.is_null() {
            Bytes::new()
        } else {
            body.to_string().into()
        };
        let reply = self.send(format!("$JS.API.{subject}"), None, body).await?;
        read(&reply)
    }

    /// Stores a message; gives its sequence.
    pub(crate) async fn store(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<u64, Fault> {
        let reply = self.send(subject, Some(headers), payload).await?;
        read::<Stored>(&reply).map(|stored| stored.seq)
    }

    /// Sends a message and waits for the reply, for a bounded time. Fails at once without a connection: the client
    /// would let the message wait.
    pub(crate) async fn send(
        &self,
        subject: String,
        headers: Option<HeaderMap>,
        payload: Bytes,
    ) -> Result<Bytes, Fault> {
        self.check()?;
        let mut request = Request::new().payload(payload).timeout(Some(PATIENCE));
        if let Some(headers) = headers {
            request = request.headers(headers);
        }
        match self.link.client().send_request(subject, request).await {
            Ok(reply) => Ok(reply.payload),
            Err(error) => Err(match error.kind() {
                RequestErrorKind::TimedOut => Fault::NoReply,
                RequestErrorKind::NoResponders => {
                    Fault::Passing("JetStream has no leader at the moment".into())
                }
                RequestErrorKind::MaxPayloadExceeded => Fault::TooLarge,
                _ => Fault::Passing(error.to_string()),
            }),
        }
    }

    /// Whether requests can be sent now.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if self.link.client().connection_state() == State::Connected {
            return Ok(());
        }
        Err(Fault::Away("the NATS servers cannot be reached".into()))
    }
}

fn read<T: DeserializeOwned>(reply: &[u8]) -> Result<T, Fault> {
    let unreadable = |error: serde_json::Error| Fault::Refused(0, error.to_string());
    let Reply { error } = serde_json::from_slice(reply).map_err(unreadable)?;
    match error {
        None => serde_json::from_slice(reply).map_err(unreadable),
        Some(error) => Err(fault_of(error)),
    }
}

fn fault_of(error: ApiError) -> Fault {
    match error.err_code {
        code if OTHERS_FIRST.contains(&code) => Fault::OthersFirst,
        code if NOT_FOUND.contains(&code) => Fault::NotFound,
        TOO_LARGE => Fault::TooLarge,
        _ if error.description.starts_with("maximum ") => Fault::Full,
        code if PASSING.contains(&code) || error.code == 503 => Fault::Passing(error.description),
        code => Fault::Refused(code, error.description),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_of_a_lost_race_means_the_same() {
        for code in OTHERS_FIRST {
            let reply = format!(
                r#"{{"error":{{"code":400,"err_code":{code},"description":"wrong last sequence"}}}}"#
            );
            let stored = read::<Stored>(reply.as_bytes()).map(|stored| stored.seq);
            assert_eq!(stored, Err(Fault::OthersFirst), "{code}");
        }
    }

    #[test]
    fn a_full_stream_differs_from_one_without_a_leader() {
        let fault = |code: u64, status: u64, text: &str| {
            fault_of(ApiError {
                code: status,
                err_code: code,
                description: text.to_owned(),
            })
        };
        assert_eq!(fault(10077, 503, "maximum bytes exceeded"), Fault::Full);
        let away = fault(10008, 503, "JetStream system temporarily unavailable");
        assert!(matches!(away, Fault::Passing(_)));
        assert_eq!(
            fault(10054, 400, "message size exceeds maximum allowed"),
            Fault::TooLarge
        );
        assert_eq!(fault(10037, 404, "no message found"), Fault::NotFound);
        assert!(matches!(fault(10052, 400, "x"), Fault::Refused(10052, _)));
    }
}
