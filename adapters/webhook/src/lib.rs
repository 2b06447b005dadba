//! Netvane over HTTP: the API below `/v1/`, the web pages, health checks and metrics.

mod access;
mod admit;
mod api;
mod api_description;
mod app;
mod body;
mod callbacks;
mod connections;
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
    net::TcpListener,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::Router;
use netvane_core::{Engine, Health, settings::Http, store::Store};
use socket2::SockRef;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use access::{Gate, OriginRules};
use api_description::ApiDescription;
use app::{App, Parts};
use callbacks::Callbacks;
use connections::{Clients, HttpServer};
use site::Pages;
use slack::Slack;

pub use callbacks::parse_callback_url;
pub use metrics::Metrics;

/// Most connections that may wait to be accepted; the operating system may set a lower limit.
const BACKLOG: i32 = 4096;

/// Bytes that the system buffers for the reader of a connection; Linux takes twice as much.
const SEND_BUFFER: usize = 64 * 1024;

/// Serves HTTP until `shutdown` is cancelled; running lookups then get `drain_ms` to finish.
/// `hooks` holds the routes of other adapters. When the settings change, only the access settings
/// and the keys of callbacks are applied without a restart.
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
    let clients = Clients::default();
    let app = App::new(Parts {
        clients: clients.clone(),
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
    let drain = Duration::from_millis(settings.drain_ms);
    if let Ok(callbacks) = &callbacks {
        tokio::spawn(callbacks.clone().follow_keys(changing.clone()));
    }
    let delivered = callbacks
        .ok()
        .map(|callbacks| tokio::spawn(callbacks.ended(drain)));
    tokio::spawn(app.metrics.clone().keep_up());
    tokio::spawn(access::follow(app.gate.clone(), changing));
    let draining = tokio::spawn(drain_at(shutdown.clone(), app.clone()));

    let slack = Arc::new(Slack::new(settings));
    let api_description = Arc::new(ApiDescription::new(&app.engine, &settings.public_url));
    let origins = Arc::new(OriginRules::new(settings));
    let cors = access::cors(&settings.cors_origins);
    let hooks = hooks.merge(slack::router(app.clone(), slack.clone()));
    let routes = router::router(app.clone(), origins, api_description, cors, hooks);
    let server = HttpServer::new(app, routes, settings, clients, shutdown);
    let served = server.serve(listener, drain).await;
    draining.abort();
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
    let socket = SockRef::from(&listener);
    // Accepted sockets inherit it: what the system holds for a slow reader is memory too.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.listen(BACKLOG)?;
    Ok(listener)
}

/// Marks the service as not ready from the shutdown on.
async fn drain_at(shutdown: CancellationToken, app: App) {
    shutdown.cancelled().await;
    app.draining.store(true, Ordering::Relaxed);
}
