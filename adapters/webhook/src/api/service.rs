//! Health, readiness and metrics of the service.

use std::sync::atomic::Ordering;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use netvane_core::ProblemCode;

use crate::{admit::admit_any, app::App, mail, request::Visited, response::problem};

/// Responds 405 for a known path with another method. Only commands that take a message can be
/// posted to.
pub(crate) async fn other_method(State(app): State<App>, uri: Uri) -> Response {
    match uri.path().strip_prefix("/v1/commands/") {
        Some(name) => method_of_command(&app, name).await,
        None => method_not_allowed().await,
    }
}

/// Responds 405 with the methods of a command: those that take a message can be posted to.
pub(super) async fn method_of_command(app: &App, name: &str) -> Response {
    let entry = app.engine.registry().find(name);
    let takes_message = entry.is_some_and(|entry| mail::message_argument(entry).is_some());
    let allowed = if takes_message {
        "GET,HEAD,POST"
    } else {
        "GET,HEAD"
    };
    let allowed = HeaderValue::from_static(allowed);
    ([(header::ALLOW, allowed)], method_not_allowed().await).into_response()
}

/// Responds 405 for a path with one method.
pub(crate) async fn method_not_allowed() -> Response {
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

/// Handles `GET /readyz`: 200 only if a resolver responds, callbacks can be stored where they are
/// enabled, and no shutdown is in progress. A `degraded` line names what else does not work.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    if app.draining.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response();
    }
    let fault = state_fault(&app);
    let (status, told) = match (app.engine.runtime().ready().await, fault) {
        (Err(failure), _) => (StatusCode::SERVICE_UNAVAILABLE, failure.to_string()),
        (Ok(()), Some(fault)) if app.callbacks.is_ok() => {
            let told = format!("callbacks cannot be stored: {fault}");
            (StatusCode::SERVICE_UNAVAILABLE, told)
        }
        (Ok(()), Some(fault)) => (StatusCode::OK, format!("ready\ndegraded: {fault}")),
        (Ok(()), None) => (StatusCode::OK, "ready".to_owned()),
    };
    let adapters = app.engine.adapters().all();
    let adapters: String = adapters
        .iter()
        .map(|(name, health)| format!("{name} {health}\n"))
        .collect();
    (status, format!("{told}\n{adapters}")).into_response()
}

/// Returns why the state cannot be used, and sets the metric that says so.
fn state_fault(app: &App) -> Option<String> {
    let fault = app.store.fault();
    ::metrics::gauge!("netvane_degraded", "part" => "state").set(f64::from(fault.is_some()));
    fault.map(|fault| fault.to_string())
}

/// Handles `GET /metrics` in the Prometheus text format. It needs a key where the API does.
pub(crate) async fn metrics(State(app): State<App>, Visited(http_request): Visited) -> Response {
    if let Err(refused) = admit_any(&app, &http_request).await {
        return refused.into_response();
    }
    state_fault(&app);
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        app.metrics.render(),
    )
        .into_response()
}
