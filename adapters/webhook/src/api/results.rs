//! Kept results: `POST /v1/results` keeps a reply that the client got within the last 15 minutes.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use netvane_core::{Failure, KeptResult, ProblemCode, settings::keys::Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::question::wrong;
use crate::{admit::admit_with_body, app::App, request::Visited, response::problem};

/// The reply to keep.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "A request to keep a reply.")]
pub(crate) struct KeepRequest {
    /// Identifier of the reply.
    id: String,
}

/// The links of a kept result.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "KeptResult", description = "A kept result.")]
pub(crate) struct ResultLinks {
    /// URL of the result, for everyone who knows it.
    url: String,
    /// URL that deletes the result. Shown once: `null` if the reply was kept before.
    delete_url: Option<String>,
    /// Time at which the result is removed.
    expires: Timestamp,
}

/// Handles `POST /v1/results`: 201 with the links, 200 if the reply was kept before.
pub(crate) async fn post(
    State(app): State<App>,
    Visited(http_request): Visited,
    body: Body,
) -> Response {
    let admitted = admit_with_body(&app, &http_request, Scope::Ask, body).await;
    let (admitted, bytes) = match admitted {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    let request = match serde_json::from_slice::<KeepRequest>(&bytes) {
        Ok(request) => request,
        Err(error) => {
            let why = format!("expected {{\"id\": \"…\"}} with the id of a reply: {error}");
            return problem::failure(&wrong(why));
        }
    };

    let kept = app.engine.keep_result(&request.id, &admitted.caller).await;
    match kept {
        Ok(Some(kept)) => created(&app.pages.origin(&http_request.headers), kept),
        Ok(None) => problem::plain(
            StatusCode::NOT_FOUND,
            ProblemCode::NotFound,
            "no reply with this id was sent to you within the last 15 minutes",
        ),
        Err(failure) => problem::failure(&failure),
    }
}

fn created(origin: &str, kept: KeptResult) -> Response {
    let status = match kept.deletion {
        Some(_) => StatusCode::CREATED,
        None => StatusCode::OK,
    };
    let url = format!("{origin}/r/{}", kept.id);
    let delete_url = kept.deletion.map(|token| format!("{url}/delete/{token}"));
    let location = [(header::LOCATION, url.clone())];
    let links = ResultLinks {
        url,
        delete_url,
        expires: kept.expires,
    };
    (status, location, Json(links)).into_response()
}

/// Responds to unknown, expired and deleted results, all the same.
pub(crate) fn unknown() -> Response {
    problem::plain(
        StatusCode::NOT_FOUND,
        ProblemCode::NotFound,
        "unknown result: it has expired, was deleted, or never existed",
    )
}

/// Responds with a failure to read or change the results.
pub(crate) fn failed(failure: &Failure) -> Response {
    problem::failure(failure)
}
