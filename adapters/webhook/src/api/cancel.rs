//! `DELETE /v1/commands/{id}`: cancels a running lookup.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use netvane_core::{ProblemCode, settings::keys::Scope};

use super::service;
use crate::{admit::admit, app::App, request::Visited, response::problem};

/// Cancels the lookup of an event stream, for the client that asked for it. The id is that of an event or of a partial
/// reply.
pub(crate) async fn cancel(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    Visited(http_request): Visited,
) -> Response {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    if app.engine.registry().find(&id).is_some() {
        return service::method_of_command(&app, &id).await;
    }
    let admitted = match admit(&app, &http_request, Scope::Ask).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused.into_response(),
    };
    if app.streams.cancel(&admitted.caller, &id) {
        return StatusCode::NO_CONTENT.into_response();
    }
    problem::plain(
        StatusCode::NOT_FOUND,
        ProblemCode::NotFound,
        "no running lookup of yours has this id",
    )
}
