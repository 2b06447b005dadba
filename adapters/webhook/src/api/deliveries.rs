//! State of callback deliveries, `GET /v1/deliveries/{id}`, and sending them again.

use axum::{
    Json,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use netvane_core::{Failure, ProblemCode, Request, settings::keys::Scope};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    admit::admit_with_body,
    app::App,
    callbacks::{DeliveryState, STATE_TROUBLE, SentAgain},
    request::Visited,
    response::problem,
};

/// The response to an accepted request whose reply is delivered to a callback.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "")]
pub(crate) struct AcceptedCallback<'a> {
    /// Identifier of the delivery.
    id: &'a str,
    state: DeliveryState,
    /// URL of the delivery's status.
    url: &'a str,
}

/// The public keys of this server.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "")]
pub(crate) struct CallbackKeys {
    /// Ed25519 public keys, `whpk_…`; each delivery has a signature `v1a,…` of each of them.
    keys: Vec<String>,
}

/// Handles `GET /v1/callback-keys`: the public keys that verify callbacks.
pub(crate) async fn keys(State(app): State<App>) -> Response {
    match &app.callbacks {
        Ok(callbacks) => {
            let keys = callbacks.public_keys();
            Json(CallbackKeys { keys }).into_response()
        }
        Err(why) => unavailable(why),
    }
}

/// Accepts a request with a callback; responds 202 with the status URL. `body` is the size in bytes
/// of the body that the request came in.
pub(crate) async fn take(app: &App, request: Request, url: &str, body: usize) -> Response {
    let callbacks = match &app.callbacks {
        Ok(callbacks) => callbacks,
        Err(why) => return unavailable(why),
    };

    match callbacks.accept(request, url, body).await {
        Ok(delivery) => accepted(&delivery.id, delivery.state),
        Err(failure) => failed(&failure),
    }
}

/// Responds 202 with the status URL of a delivery.
fn accepted(id: &str, state: DeliveryState) -> Response {
    let url = format!("/v1/deliveries/{id}");
    let body = Json(AcceptedCallback {
        id,
        state,
        url: &url,
    })
    .into_response();
    (StatusCode::ACCEPTED, [(header::LOCATION, url)], body).into_response()
}

fn failed(failure: &Failure) -> Response {
    let mut response = problem::failure(failure);
    if matches!(failure, Failure::Unavailable(_)) {
        let after = HeaderValue::from(STATE_TROUBLE.as_secs());
        response.headers_mut().insert(header::RETRY_AFTER, after);
    }
    response
}

/// Handles `GET /v1/deliveries/{id}`. Needs no key: knowing the unguessable id is enough.
pub(crate) async fn show(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let callbacks = match &app.callbacks {
        Ok(callbacks) => callbacks,
        Err(why) => return unavailable(why),
    };
    let delivery = match id {
        Ok(Path(id)) => callbacks.find(&id).await,
        Err(_) => Ok(None),
    };
    match delivery {
        Ok(Some(delivery)) => {
            let can_be_sent_again =
                !delivery.state.is_open() && callbacks.can_be_sent_again(&delivery.id).await;
            Json(delivery.status(can_be_sent_again)).into_response()
        }
        Err(error) => {
            tracing::debug!(%error, "could not look up a delivery");
            unavailable("the status of deliveries cannot be read at the moment")
        }
        Ok(None) => unknown(),
    }
}

/// Handles `POST /v1/deliveries/{id}/send`: makes attempts again to deliver what the receiver did
/// not accept.
pub(crate) async fn send(
    State(app): State<App>,
    Visited(http_request): Visited,
    id: Result<Path<String>, PathRejection>,
    body: Body,
) -> Response {
    let admitted = admit_with_body(&app, &http_request, Scope::Callback, body).await;
    let caller = match admitted {
        Ok((admitted, _)) => admitted.caller,
        Err(refused) => return refused,
    };
    let callbacks = match &app.callbacks {
        Ok(callbacks) => callbacks,
        Err(why) => return unavailable(why),
    };
    let Ok(Path(id)) = id else {
        return unknown();
    };

    match callbacks.send_again(&id, &caller).await {
        Ok(SentAgain::Open(state)) => accepted(&id, state),
        Ok(SentAgain::Unknown) => unknown(),
        Ok(SentAgain::NotPossible) => problem::plain(
            StatusCode::NOT_FOUND,
            ProblemCode::NotFound,
            "the receiver accepted this delivery or refused it for good, or its content is no longer kept",
        ),
        Err(failure) => failed(&failure),
    }
}

fn unknown() -> Response {
    problem::plain(
        StatusCode::NOT_FOUND,
        ProblemCode::NotFound,
        "unknown delivery, or it ended more than 7 days ago",
    )
}

fn unavailable(why: &str) -> Response {
    problem::failure(&Failure::Unavailable(why.to_owned()))
}
