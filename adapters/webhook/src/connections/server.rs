//! Accepts connections and serves each until it ends or the service shuts down.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use netvane_core::{request::http_request::Connection, settings::Http};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    clients::Clients,
    registry::{ConnectionSlot, Registry},
    respond::Responder,
    socket::Socket,
    streams::{CONNECTION, StreamExecutor},
    sweep::sweep,
};
use crate::{
    app::App,
    request::{Opening, read_opening},
};

/// Wait after an error that the next attempt to accept would meet too, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// Most bytes of one HTTP/2 connection that hyper buffers for its streams.
const SEND_BUFFER: usize = 64 * 1024;

/// The server of all connections.
#[derive(Clone)]
pub(crate) struct HttpServer(Arc<ServerParts>);

struct ServerParts {
    app: App,
    router: TowerToHyperService<Router>,
    registry: Registry,
    http: Builder<StreamExecutor>,
    proxied: bool,
    shutdown: CancellationToken,
}

impl HttpServer {
    pub(crate) fn new(
        app: App,
        router: Router,
        settings: &Http,
        clients: Clients,
        shutdown: CancellationToken,
    ) -> Self {
        Self(Arc::new(ServerParts {
            http: bounded_http(app.read_timeout),
            router: TowerToHyperService::new(router),
            registry: Registry::new(settings, clients),
            proxied: settings.proxy_protocol,
            shutdown,
            app,
        }))
    }

    /// Serves connections until the shutdown; open ones then get `drain` to end.
    pub(crate) async fn serve(
        self,
        listener: std::net::TcpListener,
        drain: Duration,
    ) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        let (tasks, registry) = (TaskTracker::new(), self.0.registry.clone());
        let sweeper = tokio::spawn(sweep(registry.clone()));

        while let Some((stream, peer)) = self.accept(&listener).await {
            let Some(place) = registry.open() else {
                continue;
            };
            let open = place.connection.clone();
            let server = self.clone();
            let task = tasks.spawn(CONNECTION.scope(open.clone(), async move {
                // An error here is the peer's: it left, or it does not speak HTTP.
                let _ = server.serve_connection(stream, peer, &place).await;
            }));
            open.set_task(task.abort_handle());
        }

        // Refuse new connections at once.
        drop(listener);
        tasks.close();
        if tokio::time::timeout(drain, tasks.wait()).await.is_err() {
            registry.each(|connection| connection.abort());
        }
        sweeper.abort();
        Ok(())
    }

    /// Accepts the next connection; `None` at the shutdown.
    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
        loop {
            tokio::select! {
                biased;
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => return Some(accepted),
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
                () = self.0.shutdown.cancelled() => return None,
            }
        }
    }

    async fn serve_connection(
        &self,
        mut stream: TcpStream,
        peer: SocketAddr,
        place: &ConnectionSlot,
    ) -> io::Result<()> {
        let ServerParts { app, registry, .. } = &*self.0;
        // Without this, a small write waits until the previous one is acknowledged.
        stream.set_nodelay(true)?;

        let open = &place.connection;
        let count = |address| registry.count(open, address);
        let is_proxy = app.engine.runtime().proxies.trusts(peer.ip());
        if !is_proxy && !self.0.proxied && !count(peer.ip()) {
            return Ok(());
        }

        let opening = tokio::select! {
            opening = tokio::time::timeout(app.read_timeout, read_opening(&mut stream, self.0.proxied)) => opening??,
            () = self.0.shutdown.cancelled() => return Ok(()),
        };
        let Opening { relayed, ahead } = opening;
        let connection = Connection {
            peer,
            local: stream.local_addr()?,
            relayed,
        };
        if self.0.proxied {
            let relayed = connection.relayed_client(&app.engine.runtime().proxies);
            let client = relayed.or((!is_proxy).then(|| peer.ip()));
            if client.is_some_and(|client| !count(client)) {
                return Ok(());
            }
        }

        self.talk(Socket::new(stream, ahead, open.clone()), connection, place)
            .await;
        Ok(())
    }

    /// Speaks HTTP until the connection ends.
    async fn talk(&self, socket: Socket, connection: Connection, place: &ConnectionSlot) {
        let ServerParts {
            app,
            router,
            registry,
            http,
            shutdown,
            ..
        } = &*self.0;
        let responder = Responder {
            app: app.clone(),
            router: router.clone(),
            registry: registry.clone(),
            open: place.connection.clone(),
            connection,
        };
        let serving = http.serve_connection(TokioIo::new(socket), responder);
        tokio::pin!(serving);

        tokio::select! {
            _ = serving.as_mut() => return,
            () = shutdown.cancelled() => {}
            () = place.connection.ending() => {}
        }
        serving.as_mut().graceful_shutdown();
        let _ = serving.await;
    }
}

/// Sets the limits of time and memory of one connection.
fn bounded_http(read_timeout: Duration) -> Builder<StreamExecutor> {
    let mut http = Builder::new(StreamExecutor);

    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(read_timeout)
        .max_buf_size(64 * 1024)
        .max_headers(100);

    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .max_header_list_size(64 * 1024)
        .max_send_buf_size(SEND_BUFFER)
        .max_concurrent_streams(200);

    http
}
