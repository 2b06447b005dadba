//! `POST /v1/batch`: many lookups in one request, one per line; replies are streamed as they
//! complete.
//!
//! Only a few lines run at once, and no further line is read while a reply waits to be sent, so
//! memory does not grow with the number of lines. When the client disconnects, the response body is
//! dropped and all running lookups are cancelled.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use netvane_core::{
    Failure, Reply, Request, UsageError, request::http_request::HttpRequestInfo,
    settings::keys::Scope,
};
use schemars::JsonSchema;
use serde::{
    Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    ndjson::{Line, NdjsonLines},
    question::LookupRequest,
};
use crate::{
    access::{Admitted, MOST_ANONYMOUS_LINES, SEND_A_KEY},
    admit::admit,
    app::App,
    connections::{Clients, ConnectedClient, HeldBytes},
    request::Visited,
    schemas::AnyReply,
};

/// Longest `ref` in bytes of JSON text.
const LONGEST_REFERENCE: usize = 1024;

/// Name of a batch line in error messages.
const LINE: &str = "the line";

/// A line of the response.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(description = "")]
pub(crate) enum BatchAnswer<'a> {
    /// A reply, with the `ref` of its request.
    Replied {
        #[serde(flatten)]
        #[schemars(with = "AnyReply")]
        reply: &'a Reply,
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        #[schemars(with = "RawValue")]
        reference: Option<&'a RawValue>,
    },
    /// An error, with the `ref` of its request.
    Failed {
        /// Number of the line in the request.
        #[schemars(range(min = 1))]
        line: u64,
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        #[schemars(with = "RawValue")]
        reference: Option<&'a RawValue>,
        error: netvane_core::Problem<'a>,
    },
}

impl BatchAnswer<'_> {
    /// Serializes to the same JSON as serde, but reuses the JSON that replies with the same answer
    /// share.
    fn to_json(&self) -> String {
        match self {
            Self::Replied { reply, reference } => {
                let mut json = reply.to_json();
                if let Some(reference) = reference {
                    json.pop();
                    json = json + ",\"ref\":" + reference.get() + "}";
                }
                json
            }
            Self::Failed { .. } => serde_json::to_string(self).unwrap_or_default(),
        }
    }
}

/// Handles `POST /v1/batch`: one reply per line of the body, streamed.
pub(crate) async fn post(
    State(app): State<App>,
    Visited(http_request): Visited,
    body: Body,
) -> Response {
    let admitted = match admit(&app, &http_request, Scope::Batch).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused.into_response(),
    };
    let at_once = app.engine.runtime().limits.batch;
    let client = app.clients.find(admitted.caller.name());
    let lines = NdjsonLines::of(body, app.max_body, app.read_timeout);
    let answers = stream::unfold(lines, async |mut lines| {
        lines.next().await.map(|line| (line, lines))
    })
    .map(move |line| {
        let (clients, client) = (app.clients.clone(), client.clone());
        let answer = answer_line(app.clone(), admitted.clone(), http_request.clone(), line);
        async move { HeldLine::new(answer.await, &clients, &client) }
    })
    .buffer_unordered(at_once)
    // Replies that are ready together are sent together.
    .ready_chunks(at_once)
    .map(|answers| Ok::<_, Infallible>(HeldLine::join(answers)));
    (
        [(header::CONTENT_TYPE, "application/x-ndjson")],
        Body::from_stream(answers),
    )
        .into_response()
}

/// A line of the response that waits for the lines before it, charged to the client.
struct HeldLine {
    text: String,
    _held: Option<HeldBytes>,
}

impl HeldLine {
    /// Charges an answer to the client; one that does not fit is replaced by a short error.
    fn new(answer: LineAnswer, clients: &Clients, client: &Arc<ConnectedClient>) -> Self {
        let text = answer.to_json();
        if let Some(held) = HeldBytes::charge(clients, client, text.len()) {
            return Self {
                text,
                _held: Some(held),
            };
        }
        let failure = Failure::RateLimited {
            message: "You have too many unread responses. Read or close some of them.".into(),
            retry_after: Duration::from_secs(1),
        };
        let answer = LineAnswer {
            answer: Err(failure),
            ..answer
        };
        Self {
            text: answer.to_json(),
            _held: None,
        }
    }

    fn join(lines: Vec<Self>) -> Bytes {
        let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        Bytes::from(texts.concat())
    }
}

/// The answer to one line of the request.
struct LineAnswer {
    line: u64,
    reference: Option<Box<RawValue>>,
    answer: Result<Reply, Failure>,
}

impl LineAnswer {
    /// Returns the line of the response.
    fn to_json(&self) -> String {
        let reference = self.reference.as_deref();
        let line = match &self.answer {
            Ok(reply) => BatchAnswer::Replied { reply, reference },
            Err(failure) => BatchAnswer::Failed {
                line: self.line,
                reference,
                error: failure.problem(),
            },
        };
        line.to_json() + "\n"
    }
}

/// Runs the lookup of one line.
async fn answer_line(
    app: App,
    admitted: Admitted,
    http_request: Arc<HttpRequestInfo>,
    (line, text): Line,
) -> LineAnswer {
    let (reference, request) = match &text {
        Ok(text) if admitted.is_over(line) => (reference(text), Err(over())),
        Ok(text) => question(admitted, http_request, text),
        Err(fault) => (reference(&fault.start), Err(fault.failure.clone())),
    };
    let answer = match request {
        Ok(request) => app.engine.ask(request, |_| {}).await,
        Err(failure) => Err(failure),
    };
    LineAnswer {
        line,
        reference,
        answer,
    }
}

/// Parses a line into a request and its `ref`; the `ref` is returned even if the rest of the line
/// is invalid.
fn question(
    admitted: Admitted,
    http_request: Arc<HttpRequestInfo>,
    line: &[u8],
) -> (Option<Box<RawValue>>, Result<Request, Failure>) {
    let mut question = match LookupRequest::read(line, LINE) {
        Ok(question) => question,
        Err(failure) => return (reference(line), Err(failure)),
    };
    let reference = question.reference.take();
    let wrong = |message: &str| Failure::Usage(UsageError::argument(message));

    if reference
        .as_ref()
        .is_some_and(|reference| reference.get().len() > LONGEST_REFERENCE)
    {
        let failure = Failure::TooLarge {
            what: "`ref`".into(),
            limit: LONGEST_REFERENCE,
        };
        return (None, Err(failure));
    }

    if question.callback.is_some() {
        return (
            reference,
            Err(wrong(
                "a line of a batch must not have a callback: its reply is in the response",
            )),
        );
    }

    let request = question
        .input()
        .map(|input| admitted.request(input, http_request).in_bulk());

    (reference, request)
}

fn over() -> Failure {
    let most = MOST_ANONYMOUS_LINES;
    Failure::Unauthorized(format!(
        "a batch without an API key must not exceed {most} lines: {SEND_A_KEY}"
    ))
}

/// Extracts the `ref` of a line that is not a valid request otherwise, as far as it can be read;
/// none if there are several.
fn reference(line: &[u8]) -> Option<Box<RawValue>> {
    struct Members<'a>(&'a mut Vec<Box<RawValue>>);

    impl<'de> Visitor<'de> for Members<'_> {
        type Value = ();

        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
            while let Some(name) = members.next_key::<String>()? {
                if name == "ref" {
                    self.0.push(members.next_value()?);
                } else {
                    members.next_value::<IgnoredAny>()?;
                }
            }
            Ok(())
        }
    }

    let mut found = Vec::new();
    // What was read before an error counts.
    let _ = serde_json::Deserializer::from_slice(line).deserialize_map(Members(&mut found));
    let [reference] = <[_; 1]>::try_from(found).ok()?;
    Some(reference).filter(|reference| reference.get().len() <= LONGEST_REFERENCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use netvane_core::{Engine, Input, Platform, settings::Settings};

    #[tokio::test]
    async fn joined_json_equals_the_output_of_serde() {
        let engine = Engine::new(&Settings::default()).expect("an engine");
        let request = Request::new(Platform::Http, Input::Text("port 22".into()));
        let reply = engine.ask(request, |_| {}).await.expect("a reply");
        let reference = RawValue::from_string(r#"{"a": [1]}"#.into()).expect("JSON");
        for reference in [None, Some(&*reference)] {
            let reply = &reply;
            let answer = BatchAnswer::Replied { reply, reference };
            let written = serde_json::to_string(&answer).expect("serializes");
            assert_eq!(answer.to_json(), written);
        }
    }

    #[test]
    fn an_invalid_line_keeps_its_ref() {
        for (line, expected) in [
            (r#"{"ref": 7, "command": "port 22", "x": 1}"#, Some("7")),
            (
                r#"{"command": "port 22", "ref": {"a": [1]}"#,
                Some(r#"{"a": [1]}"#),
            ),
            (r#"{"ref": "a", "command": "#, Some(r#""a""#)),
            (r#"  {"command": 1, "ref": null}"#, Some("null")),
            (r#"{"command": {"ref": 1}}"#, None),
            (r#"{"ref": 1, "ref": 2}"#, None),
            (r#"{"command": "ref", "ref": "#, None),
            (r#"{"ref": "cut of"#, None),
            (r#"["ref", 1]"#, None),
            ("ref", None),
        ] {
            let found = reference(line.as_bytes());
            assert_eq!(found.as_deref().map(RawValue::get), expected, "{line}");
        }
        let invalid = b"{\"ref\": 1, \"command\": \"\xff\"}";
        assert_eq!(reference(invalid).expect("a ref").get(), "1");
        let long = format!("{{\"ref\": \"{}\"}}", "x".repeat(LONGEST_REFERENCE));
        assert!(reference(long.as_bytes()).is_none());
    }
}
