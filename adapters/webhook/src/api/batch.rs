//! `POST /v1/batch`: many lookups in one request, one per line; replies are streamed as they
//! complete.
//!
//! Only a few lines run at once, and no further line is read while a reply waits to be sent, so
//! memory does not grow with the number of lines. When the client disconnects, the response body is
//! dropped and all running lookups are cancelled.

use std::{convert::Infallible, sync::Arc};

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
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    ndjson::{Line, Lines},
    question::{LookupRequest, present},
};
use crate::{
    access::{Admitted, MOST_ANONYMOUS_LINES},
    admit::admit,
    app::App,
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
    let lines = Lines::of(body, app.max_body, app.read_timeout);
    let answers = stream::unfold(lines, async |mut lines| {
        lines.next().await.map(|line| (line, lines))
    })
    .map(move |line| answer_line(app.clone(), admitted.clone(), http_request.clone(), line))
    .buffer_unordered(at_once)
    // Replies that are ready together are sent together.
    .ready_chunks(at_once)
    .map(|answers| Ok::<_, Infallible>(Bytes::from(answers.concat())));
    (
        [(header::CONTENT_TYPE, "application/x-ndjson")],
        Body::from_stream(answers),
    )
        .into_response()
}

/// Runs the lookup of one line and returns the line of the response.
async fn answer_line(
    app: App,
    admitted: Admitted,
    http_request: Arc<HttpRequestInfo>,
    (line, text): Line,
) -> String {
    let (reference, request) = match &text {
        Ok(_) if admitted.is_over(line) => (None, Err(over())),
        Ok(text) => question(admitted, http_request, text),
        Err(failure) => (None, Err(failure.clone())),
    };
    let answer = match request {
        Ok(request) => app.engine.ask(request, |_| {}).await,
        Err(failure) => Err(failure),
    };
    let reference = reference.as_deref();
    let line = match &answer {
        Ok(reply) => BatchAnswer::Replied { reply, reference },
        Err(failure) => BatchAnswer::Failed {
            line,
            reference,
            error: failure.problem(),
        },
    };
    line.to_json() + "\n"
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
        "a batch without an API key must not exceed {most} lines"
    ))
}

/// Extracts the `ref` of a line that is not a valid request otherwise.
fn reference(line: &[u8]) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Referred {
        #[serde(default, rename = "ref", deserialize_with = "present")]
        reference: Option<Box<RawValue>>,
    }
    if !line.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let Referred { reference } = serde_json::from_slice(line).ok()?;
    reference.filter(|reference| reference.get().len() <= LONGEST_REFERENCE)
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
}
