//! Handlers that run a single lookup.

use axum::{
    body::Body,
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use netvane_core::{Failure, Input, ProblemCode, UsageError, settings::keys::Scope};
use serde_json::Map;

use super::{
    content_negotiation::answer,
    deliveries,
    question::{LookupRequest, wrong},
    service,
};
use crate::{
    admit::{admit, admit_with_body},
    app::App,
    body, mail,
    request::Visited,
    response::problem,
};

/// Handles `POST /v1/commands`: runs the lookup in the body.
pub(crate) async fn post(
    State(app): State<App>,
    Visited(http_request): Visited,
    body: Body,
) -> Response {
    let (admitted, bytes) = match admit_with_body(&app, &http_request, Scope::Ask, body).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    match alone(&bytes) {
        Ok((input, Some(callback))) => match admitted.may(Scope::Callback) {
            Ok(()) => {
                let request = admitted.request(input, http_request);
                // Boxed: the future of a request without callback is copied from layer to layer.
                Box::pin(deliveries::take(&app, request, &callback, bytes.len())).await
            }
            Err(refused) => refused.into_response(),
        },
        Ok((input, None)) => {
            answer(
                &app,
                admitted.request(input, http_request.clone()),
                &http_request.headers,
            )
            .await
        }
        Err(failure) => problem::failure(&failure),
    }
}

/// Handles `GET /v1/commands/{name}?argument=value`: runs the lookup in the URL.
pub(crate) async fn get(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    Visited(http_request): Visited,
    RawQuery(query): RawQuery,
) -> Response {
    let admitted = match admit(&app, &http_request, Scope::Ask).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused.into_response(),
    };
    let Ok(Path(name)) = name else {
        return problem::failure(
            &UsageError::argument("the command name in the path is not valid UTF-8").into(),
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

    answer(
        &app,
        admitted.request(input, http_request.clone()),
        &http_request.headers,
    )
    .await
}

/// Handles `POST /v1/commands/{name}` for a command that takes a message: the body is the message. A signature cannot
/// be checked, because the body is streamed.
pub(crate) async fn post_message(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    Visited(http_request): Visited,
    body: Body,
) -> Response {
    let registry = app.engine.registry();
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let entry = registry.find(&name);
    let Some((entry, argument)) =
        entry.and_then(|entry| Some((entry, mail::message_argument(entry)?)))
    else {
        return service::method_of_command(&app, &name).await;
    };
    let admitted = match admit(&app, &http_request, Scope::Ask).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused.into_response(),
    };
    if !mail::is_message(&http_request.headers) {
        let detail = "expected Content-Type message/rfc822 or application/octet-stream";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return problem::plain(status, ProblemCode::BadArgument, detail);
    }

    let message = match mail::read(&app, body).await {
        Ok(message) => message,
        Err(failure) => return body::refuse(&failure),
    };
    let input = mail::message_input(entry, argument, message);
    answer(
        &app,
        admitted.request(input, http_request.clone()),
        &http_request.headers,
    )
    .await
}

/// Parses a request body as one lookup request, and returns its input and callback URL, if any.
fn alone(bytes: &[u8]) -> Result<(Input, Option<String>), Failure> {
    let mut question = LookupRequest::read(bytes, "the request body")?;
    if question.reference.is_some() {
        return Err(wrong(
            r#""ref" is for the lines of a batch; use X-Request-Id for a single request"#.into(),
        ));
    }
    let callback = question.callback.take();
    Ok((question.input()?, callback))
}
