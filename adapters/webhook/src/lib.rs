//! Netvane over HTTP: `POST /v1/commands` and its relatives, the pages for people, health and metrics.

mod accept;
mod access;
mod answer;
mod ask;
mod batch;
mod caching;
mod callbacks;
mod docs;
mod events;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod lines;
mod metrics;
mod named;
mod openapi;
mod page;
mod problem;
mod proxied;
mod slack;
mod visit;

use std::{
    any::Any,
    net::SocketAddr,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use axum_server::Handle;
use netvane_core::{Engine, Failure, Health, ProblemCode, settings::Http, store::Store};
use socket2::SockRef;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower_http::{
    catch_panic::CatchPanicLayer, cors::CorsLayer, set_header::SetResponseHeaderLayer,
};

use callbacks::Callbacks;
pub use metrics::Metrics;

/// Connections that may wait to be taken; the system has a limit of its own.
const BACKLOG: i32 = 4096;

/// What every handler can reach. It is cloned for each request, several times.
#[derive(Clone)]
struct App(Arc<Parts>);

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

struct Parts {
    engine: Engine,
    metrics: Metrics,
    /// Or why there are none.
    callbacks: Result<Callbacks, &'static str>,
    /// What outlives the process; not there where nothing needs it, or where it cannot be opened.
    store: Option<Store>,
    /// Who is let in; its settings may change.
    gate: Arc<ArcSwap<access::Gate>>,
    slack: Arc<slack::Slack>,
    draining: Arc<AtomicBool>,
    /// Event streams that can be taken up again.
    streams: events::Streams,
    /// The API, described to programs and to people.
    described: Arc<openapi::Described>,
    pages: page::Pages,
    max_body: usize,
    read_timeout: Duration,
}

/// Serves until `shutdown` is cancelled; then running lookups get `drain_ms` to finish. `hooks` are the paths that other
/// adapters answer. Of settings that change, those that say who is let in are taken up.
pub async fn serve(
    engine: Engine,
    mut changing: watch::Receiver<Http>,
    metrics: Metrics,
    store: Option<Store>,
    hooks: Router,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let settings = &changing.borrow_and_update().clone();
    #[expect(clippy::disallowed_methods, reason = "the service listens here")]
    let listener = std::net::TcpListener::bind(&settings.listen)?;
    listener.set_nonblocking(true)?;

    // Once more, with more room: what finds none comes back only after a second.
    SockRef::from(&listener).listen(BACKLOG)?;
    let callbacks = Callbacks::start(&engine, settings, store.as_ref(), &shutdown);
    let app = App(Arc::new(Parts {
        streams: events::Streams::default(),
        described: Arc::new(openapi::Described::new(&engine, &settings.public_url)),
        engine,
        metrics,
        callbacks: callbacks.clone(),
        store,
        gate: Arc::new(ArcSwap::from_pointee(access::Gate::new(settings)?)),
        slack: Arc::new(slack::Slack::new(settings)),
        draining: Arc::default(),
        pages: page::Pages::new(&settings.public_url),
        max_body: settings.max_body_bytes,
        read_timeout: Duration::from_millis(settings.read_timeout_ms),
    }));

    tracing::info!(address = %listener.local_addr()?, "serving HTTP");
    app.engine.adapters().report("http", Health::Up);
    app.engine.links().open(&settings.public_url);
    let handle = Handle::<SocketAddr>::new();
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(accept::Prompt {
            patience: app.read_timeout,
            proxied: settings.proxy_protocol,
        })
        .handle(handle.clone());

    let http = server.http_builder();

    http.http1()
        .timer(hyper_util::rt::TokioTimer::new())
        .header_read_timeout(app.read_timeout)
        .max_buf_size(64 * 1024)
        .max_headers(100);

    http.http2()
        .timer(hyper_util::rt::TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .max_header_list_size(64 * 1024)
        .max_concurrent_streams(200);

    let drain = Duration::from_millis(settings.drain_ms);
    let draining = app.draining.clone();
    let delivered = callbacks
        .ok()
        .map(|callbacks| tokio::spawn(callbacks.ended(drain)));
    tokio::spawn(app.metrics.clone().keep_up());
    tokio::spawn(access::follow(app.gate.clone(), changing));
    let ended = tokio::spawn(async move {
        shutdown.cancelled().await;
        draining.store(true, Ordering::Relaxed);
        handle.graceful_shutdown(Some(drain));
    });

    let slack = app.slack.clone();
    let routes = router(app, access::cors(&settings.cors_origins), hooks);
    let served = server.serve(routes.into_make_service()).await;
    ended.abort();
    if let Some(delivered) = delivered.filter(|_| served.is_ok()) {
        let _ = delivered.await;
    }

    slack.finish(drain).await;

    served
}

fn router(app: App, cors: Option<CorsLayer>, hooks: Router) -> Router {
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };

    // What pages of other origins may be let use.
    let api = Router::new()
        .route("/v1/commands", get(registry).post(ask::post))
        .route("/v1/commands/{name}", get(ask::get))
        .route("/v1/deliveries/{id}", get(callbacks::show))
        .route("/v1/batch", post(batch::post))
        .route("/openapi.json", get(openapi::get));

    // Before the layer: a browser's OPTIONS is one of the methods that there are not.
    let api = api.method_not_allowed_fallback(other_method);
    let api = match cors {
        Some(cors) => api.layer(cors),
        None => api,
    };

    api.route("/hooks/slack", post(slack::take))
        .route("/docs", get(docs::get))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(render_metrics))
        .merge(page::routes())
        .fallback(page::nothing_here)
        .method_not_allowed_fallback(other_method)
        .with_state(app)
        .merge(hooks)
        // One layer for all: each call would box every request once more.
        .layer((
            axum::middleware::from_fn(named::name),
            header("cache-control", "no-store"),
            header(
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            header("x-content-type-options", "nosniff"),
            CatchPanicLayer::custom(|_: Box<dyn Any + Send>| problem::failure(&Failure::Internal)),
        ))
}

async fn other_method() -> Response {
    let detail = "this path does not take that method";
    problem::plain(
        StatusCode::METHOD_NOT_ALLOWED,
        ProblemCode::MethodNotAllowed,
        detail,
    )
}

async fn registry(State(app): State<App>) -> Response {
    Json(app.engine.registry().listing()).into_response()
}

/// True only when questions can be answered: a resolver is there and answers, and no shutdown is under way.
async fn ready(State(app): State<App>) -> Response {
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

async fn render_metrics(State(app): State<App>) -> Response {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        app.metrics.render(),
    )
        .into_response()
}
