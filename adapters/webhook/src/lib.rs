//! Netvane over HTTP: the API below `/v1/`, the web pages, health checks and metrics.

mod access;
mod admit;
mod api;
mod api_description;
mod app;
mod body;
mod callbacks;
mod docs;
mod events;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod mail;
mod metrics;
mod openapi;
mod page;
mod request;
mod response;
mod router;
mod schemas;
mod site;
mod slack;

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::Router;
use axum_server::Handle;
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use netvane_core::{Engine, Health, settings::Http, store::Store};
use socket2::SockRef;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use access::Gate;
use api_description::ApiDescription;
use app::{App, Parts};
use callbacks::Callbacks;
use site::Pages;
use slack::Slack;

pub use callbacks::parse_callback_url;
pub use metrics::Metrics;

/// Most connections that may wait to be accepted; the operating system may set a lower limit.
const BACKLOG: i32 = 4096;

/// Serves HTTP until `shutdown` is cancelled; running lookups then get `drain_ms` to finish.
/// `hooks` holds the routes of other adapters. When the settings change, only the access settings
/// are applied without a restart.
pub async fn serve(
    engine: Engine,
    mut changing: watch::Receiver<Http>,
    metrics: Metrics,
    store: Store,
    hooks: Router,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let settings = &changing.borrow_and_update().clone();
    let listener = listen(&settings.listen)?;
    let callbacks = Callbacks::start(&engine, settings, &store, &shutdown);
    let app = App::new(Parts {
        streams: events::Streams::default(),
        engine,
        metrics,
        callbacks: callbacks.clone(),
        store,
        gate: Arc::new(ArcSwap::from_pointee(Gate::new(settings)?)),
        draining: Arc::default(),
        pages: Pages::new(&settings.public_url),
        max_body: settings.max_body_bytes,
        read_timeout: Duration::from_millis(settings.read_timeout_ms),
    });

    tracing::info!(address = %listener.local_addr()?, "serving HTTP");
    app.engine.adapters().report("http", Health::Up);
    app.engine.links().open(&settings.public_url);
    let handle = Handle::<SocketAddr>::new();
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(request::Prompt {
            patience: app.read_timeout,
            proxied: settings.proxy_protocol,
        })
        .handle(handle.clone());

    bound(server.http_builder(), app.read_timeout);

    let drain = Duration::from_millis(settings.drain_ms);
    let delivered = callbacks
        .ok()
        .map(|callbacks| tokio::spawn(callbacks.ended(drain)));
    tokio::spawn(app.metrics.clone().keep_up());
    tokio::spawn(access::follow(app.gate.clone(), changing));
    let ended = tokio::spawn(end(app.clone(), shutdown, handle, drain));

    let slack = Arc::new(Slack::new(settings));
    let api_description = Arc::new(ApiDescription::new(&app.engine, &settings.public_url));
    let cors = access::cors(&settings.cors_origins);
    let hooks = hooks.merge(slack::router(app.clone(), slack.clone()));
    let routes = router::router(app, api_description, cors, hooks);
    let served = server.serve(routes.into_make_service()).await;
    ended.abort();
    if let Some(delivered) = delivered.filter(|_| served.is_ok()) {
        let _ = delivered.await;
    }

    slack.finish(drain).await;

    served
}

fn listen(address: &str) -> std::io::Result<TcpListener> {
    #[expect(clippy::disallowed_methods, reason = "the service listens here")]
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;

    // Listen again with a longer backlog: a client that finds it full retries only after a second.
    SockRef::from(&listener).listen(BACKLOG)?;
    Ok(listener)
}

/// Sets the limits of time and memory for one connection.
fn bound(http: &mut Builder<TokioExecutor>, read_timeout: Duration) {
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(read_timeout)
        .max_buf_size(64 * 1024)
        .max_headers(100);

    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .max_header_list_size(64 * 1024)
        .max_concurrent_streams(200);
}

/// Waits for the shutdown, then stops accepting connections and gives open ones this long to end.
async fn end(app: App, shutdown: CancellationToken, handle: Handle<SocketAddr>, drain: Duration) {
    shutdown.cancelled().await;
    app.draining.store(true, Ordering::Relaxed);
    handle.graceful_shutdown(Some(drain));
}
