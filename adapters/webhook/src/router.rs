//! The routes, and the layers that apply to all of them.

use std::{any::Any, sync::Arc};

use axum::{
    Router,
    routing::{get, post},
};
use netvane_core::Failure;
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};

use crate::{
    access::OriginRules,
    api::{ask, batch, cancel, deliveries, results, service},
    api_description::{self, ApiDescription},
    app::App,
    page,
    request::begin,
    response::problem,
};

/// Builds the router of all paths. `hooks` holds routes with a state of their own.
pub(crate) fn router(
    app: App,
    origins: Arc<OriginRules>,
    api_description: Arc<ApiDescription>,
    cors: Option<CorsLayer>,
    hooks: Router,
) -> Router {
    // Paths that pages of other origins may use if the settings allow it.
    let api = Router::new()
        .route("/v1/commands", get(service::registry).post(ask::post))
        .route(
            "/v1/commands/{name}",
            get(ask::get).post(ask::post_message).delete(cancel::cancel),
        )
        .route("/v1/deliveries/{id}", get(deliveries::show))
        .route("/v1/deliveries/{id}/send", post(deliveries::send))
        .route("/v1/callback-keys", get(deliveries::keys))
        .route("/v1/batch", post(batch::post))
        .route("/v1/results", post(results::post))
        .route(
            "/openapi.json",
            get(api_description::openapi).with_state(api_description.clone()),
        );

    // Before the CORS layer, because it would treat a browser's OPTIONS as a method that is not
    // allowed.
    let api = api.method_not_allowed_fallback(service::other_method);
    let api = match cors {
        Some(cors) => api.layer(cors),
        None => api,
    };

    api.route(
        "/docs",
        get(api_description::docs).with_state((api_description, app.clone())),
    )
    .route("/healthz", get(async || "ok\n"))
    .route("/readyz", get(service::ready))
    .route("/metrics", get(service::metrics))
    .merge(page::routes())
    .fallback(page::nothing_here)
    .method_not_allowed_fallback(service::other_method)
    .with_state(app.clone())
    .merge(hooks)
    .layer((
        axum::middleware::from_fn_with_state((app, origins), begin),
        CatchPanicLayer::custom(|_: Box<dyn Any + Send>| problem::failure(&Failure::Internal)),
    ))
}
