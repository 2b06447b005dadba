//! Requests that ask something.

use axum::{
    body::{Body, to_bytes},
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use netvane_core::{Failure, Input, ProblemCode, UsageError, settings::keys::Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, value::RawValue};

use crate::{
    App,
    access::{admit, admit_with_body},
    answer::answer,
    callbacks, problem,
    visit::Visited,
};

/// The two forms of a question in JSON.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// A line as one types it: `/mx example.com`.
    #[serde(default, deserialize_with = "given")]
    #[schemars(!default, with = "String", length(min = 1), extend("format" = "netvane:Command"))]
    command: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(!default, with = "String")]
    name: Option<String>,
    arguments: Option<Map<String, Value>>,
    /// Anything of up to 1,024 bytes; comes back with the answer.
    #[serde(default, rename = "ref", deserialize_with = "given")]
    #[schemars(!default, with = "RawValue")]
    pub(crate) reference: Option<Box<RawValue>>,
    /// Where the reply is delivered later, signed (Standard Webhooks).
    #[serde(default, deserialize_with = "given")]
    #[schemars(
        !default,
        with = "String",
        regex(pattern = "^https?://"),
        length(max = 2048),
        extend("format" = "uri")
    )]
    pub(crate) callback: Option<String>,
}

/// What is there is there, `null` included.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// `POST /v1/commands`
pub(crate) async fn post(State(app): State<App>, Visited(visit): Visited, body: Body) -> Response {
    let (admitted, bytes) = match admit_with_body(&app, &visit, Scope::Ask, body).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    match alone(&bytes) {
        Ok((input, Some(callback))) => match admitted.may(Scope::Callback) {
            Ok(()) => {
                let request = admitted.request(input, visit);
                callbacks::take(&app, request, &callback, bytes.len()).await
            }
            Err(refused) => refused.into_response(),
        },
        Ok((input, None)) => {
            answer(&app, admitted.request(input, visit.clone()), &visit.headers).await
        }
        Err(failure) => problem::failure(&failure),
    }
}

/// `GET /v1/commands/{name}?argument=value`
pub(crate) async fn get(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    Visited(visit): Visited,
    RawQuery(query): RawQuery,
) -> Response {
    let admitted = match admit(&app, &visit, Scope::Ask).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused.into_response(),
    };
    let Ok(Path(name)) = name else {
        return problem::failure(
            &UsageError::argument("the command's name in the path is not UTF-8").into(),
        );
    };

    let mut arguments = Map::new();

    for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if arguments.insert(key.to_string(), value.into()).is_some() {
            return problem::failure(
                &UsageError::argument(format!("`{key}` is given twice")).into(),
            );
        }
    }

    let input = Input::Named { name, arguments };

    answer(&app, admitted.request(input, visit.clone()), &visit.headers).await
}

/// The body, within its limits of size and time.
pub(crate) async fn body(app: &App, body: Body) -> Result<bytes::Bytes, Response> {
    read(app, body).await.map_err(|failure| match failure {
        // Whose fault it is differs: here the client is the one who is late.
        Failure::Timeout { .. } => {
            let detail = failure.to_string();
            problem::plain(StatusCode::REQUEST_TIMEOUT, ProblemCode::Timeout, &detail)
        }
        _ => problem::failure(&failure),
    })
}

/// The body, as far as it is one.
pub(crate) async fn read(app: &App, body: Body) -> Result<bytes::Bytes, Failure> {
    let too_large = || Failure::TooLarge {
        what: "the request body".into(),
        limit: app.max_body,
    };
    let declared = axum::body::HttpBody::size_hint(&body).lower();
    if declared > app.max_body as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(app.read_timeout, to_bytes(body, app.max_body)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_limit(&error) => Err(too_large()),
        Ok(Err(error)) => {
            Err(UsageError::argument(format!("the request body could not be read: {error}")).into())
        }
        Err(_) => Err(Failure::Timeout {
            what: "the rest of the request body".into(),
            after: app.read_timeout,
        }),
    }
}

fn is_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// The question that is a whole request body, and where its reply is to be delivered.
fn alone(bytes: &[u8]) -> Result<(Input, Option<String>), Failure> {
    let mut question = Question::read(bytes, "the request body")?;
    if question.reference.is_some() {
        return Err(wrong(
            r#""ref" tells the lines of a batch apart; a request has X-Request-Id"#.into(),
        ));
    }
    let callback = question.callback.take();
    Ok((question.input()?, callback))
}

fn wrong(message: String) -> Failure {
    Failure::Usage(UsageError::argument(message))
}

impl Question {
    /// Reads it from `what`.
    pub(crate) fn read(bytes: &[u8], what: &str) -> Result<Self, Failure> {
        if bytes.is_empty() {
            return Err(wrong(format!(
                r#"{what} is empty; send {{"command": "/mx example.com"}}"#
            )));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            wrong(format!(
                "{what} is not UTF-8 (at byte {})",
                error.valid_up_to()
            ))
        })?;
        // serde would read an array as the fields in their order.
        if !text.trim_start().starts_with('{') {
            return Err(wrong(format!("{what} is not a JSON object")));
        }
        serde_json::from_str(text)
            .map_err(|error| wrong(format!("{what} is not a question: {error}")))
    }

    /// What is asked.
    pub(crate) fn input(self) -> Result<Input, Failure> {
        match (self.command, self.name, self.arguments) {
            (Some(command), None, None) => Ok(Input::Text(command)),
            (None, Some(name), arguments) => Ok(Input::Named {
                name,
                arguments: arguments.unwrap_or_default(),
            }),
            _ => Err(wrong(
                r#"send either "command", a line, or "name" with "arguments""#.into(),
            )),
        }
    }
}
