//! Health, readiness and metrics of the service.

use std::sync::atomic::Ordering;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use netvane_core::ProblemCode;

use crate::{app::App, response::problem};

/// Responds 405 for a known path with another method.
pub(crate) async fn other_method() -> Response {
    let detail = "method not allowed for this path";
    problem::plain(
        StatusCode::METHOD_NOT_ALLOWED,
        ProblemCode::MethodNotAllowed,
        detail,
    )
}

/// Handles `GET /v1/commands`: the list of commands in JSON.
pub(crate) async fn registry(State(app): State<App>) -> Response {
    Json(app.engine.registry().listing()).into_response()
}

/// Handles `GET /readyz`: 200 only if a resolver responds and no shutdown is in progress.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    if app.draining.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response();
    }
    let (status, told) = match app.engine.runtime().ready().await {
        Ok(()) => (StatusCode::OK, "ready".to_owned()),
        Err(failure) => (StatusCode::SERVICE_UNAVAILABLE, failure.to_string()),
    };
    let adapters = app.engine.adapters().all();
    let adapters: String = adapters
        .iter()
        .map(|(name, health)| format!("{name} {health}\n"))
        .collect();
    (status, format!("{told}\n{adapters}")).into_response()
}

/// Handles `GET /metrics` in the Prometheus text format.
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        app.metrics.render(),
    )
        .into_response()
}
