//! The body of a request, read within its limits of size and time.

use std::{pin::pin, task::Poll};

use axum::{
    body::{Body, to_bytes},
    http::StatusCode,
    response::Response,
};
use netvane_core::{Failure, ProblemCode, UsageError};

use crate::{app::App, response::problem};

/// Reads the body within its limits of size and time; returns an error response if it exceeds them.
pub(crate) async fn body(app: &App, body: Body) -> Result<bytes::Bytes, Response> {
    read(app, body).await.map_err(|failure| refuse(&failure))
}

/// Responds to a body that could not be read.
pub(crate) fn refuse(failure: &Failure) -> Response {
    match failure {
        // A timeout is the client's fault here, so it is a 408 instead of a gateway timeout.
        Failure::Timeout { .. } => {
            let detail = failure.to_string();
            problem::plain(StatusCode::REQUEST_TIMEOUT, ProblemCode::Timeout, &detail)
        }
        _ => problem::failure(failure),
    }
}

/// Reads the body within its limits of size and time; fails with `TooLarge` or `Timeout`.
pub(crate) async fn read(app: &App, body: Body) -> Result<bytes::Bytes, Failure> {
    let too_large = || Failure::TooLarge {
        what: "the request body".into(),
        limit: app.max_body,
    };
    let declared = axum::body::HttpBody::size_hint(&body).lower();
    if declared > app.max_body as u64 {
        return Err(too_large());
    }

    let mut reading = pin!(to_bytes(body, app.max_body));
    // A body that came with the head needs no timer.
    let read = match futures::poll!(&mut reading) {
        Poll::Ready(read) => Ok(read),
        Poll::Pending => tokio::time::timeout(app.read_timeout, reading).await,
    };

    match read {
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
