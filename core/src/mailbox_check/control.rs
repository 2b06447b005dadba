//! A mail server of another domain that shows whether port 25 is open from here.
//!
//! A single lookup cannot tell a domain that does not respond from a network that blocks port 25.
//! The control is a server that always responds: it is connected to and left with QUIT, at most
//! once an hour.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use netvane_facts::target::Host;
use netvane_net::{
    Net,
    smtp::{Unconnected, connect, interleaved, leave},
};
use tokio::{sync::Mutex, time::timeout};

/// Time for which a result counts; no connection is made within it.
const INTERVAL: Duration = Duration::from_secs(3600);
/// Maximum number of addresses tried.
const MAX_ADDRESSES: usize = 2;

/// The control server, and what the last connection to it showed.
#[derive(Default)]
pub(crate) struct Control {
    server: Server,
    last: Mutex<Option<(Instant, Option<bool>)>>,
}

/// Where the control server is.
#[derive(Default)]
enum Server {
    /// No control server is configured.
    #[default]
    Off,
    /// A host that is resolved and checked by the guard before each connection.
    Named(Box<(Host, u16, Net)>),
    /// Addresses of a test.
    #[cfg(test)]
    Fixed(Vec<SocketAddr>),
}

impl Control {
    /// Returns the control at `host`; without a host there is none.
    pub(crate) fn new(host: Option<Host>, port: u16, net: &Net) -> Self {
        Self {
            server: match host {
                Some(host) => Server::Named(Box::new((host, port, net.clone()))),
                None => Server::Off,
            },
            last: Mutex::default(),
        }
    }

    #[cfg(test)]
    pub(crate) fn fixed(addresses: Vec<SocketAddr>) -> Self {
        Self {
            server: Server::Fixed(addresses),
            last: Mutex::default(),
        }
    }

    /// Whether port 25 is open from here; `None` if that could not be learned.
    pub(crate) async fn is_port_open(&self, patience: Duration) -> Option<bool> {
        // Held over the connection, so that concurrent lookups wait for its result.
        let mut last = self.last.lock().await;
        if let Some((at, result)) = *last
            && at.elapsed() < INTERVAL
        {
            return result;
        }

        let addresses = timeout(patience, self.server.addresses()).await.ok()?;
        if addresses.is_empty() {
            return None;
        }

        let result = try_connect(&addresses, patience).await;
        *last = Some((Instant::now(), result));
        result
    }
}

impl Server {
    async fn addresses(&self) -> Vec<SocketAddr> {
        match self {
            Self::Off => Vec::new(),
            Self::Named(named) => {
                let (host, port, net) = &**named;
                let name = host.to_string();
                let found = net.addresses(host).await.unwrap_or_default();
                let allowed = found
                    .into_iter()
                    .filter_map(|address| net.guard.check(&name, address).ok());
                allowed
                    .map(|address| SocketAddr::new(address, *port))
                    .collect()
            }
            #[cfg(test)]
            Self::Fixed(addresses) => addresses.clone(),
        }
    }
}

async fn try_connect(addresses: &[SocketAddr], patience: Duration) -> Option<bool> {
    let mut addresses = interleaved(addresses);
    addresses.truncate(MAX_ADDRESSES);
    let deadline = tokio::time::Instant::now() + patience;
    let attempt = connect(&addresses, patience, deadline).await;

    if let Some((stream, _)) = attempt.connected {
        leave(stream);
        return Some(true);
    }

    let any = |wanted| attempt.failed.iter().any(|(_, failure)| *failure == wanted);
    if any(Unconnected::BudgetExhausted) {
        return None;
    }

    // A refusal comes from the server, so the way there is open.
    Some(any(Unconnected::Refused))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "servers for tests need sockets")]

    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn an_open_port_is_found_with_one_connection_and_quit() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let control = Control::fixed(vec![listener.local_addr().expect("an address")]);

        assert_eq!(control.is_port_open(PATIENCE).await, Some(true));
        assert_eq!(control.is_port_open(PATIENCE).await, Some(true));

        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut sent = [0; 6];
        let read = timeout(Duration::from_secs(2), stream.read_exact(&mut sent)).await;
        assert!(matches!(read, Ok(Ok(6))));
        assert_eq!(&sent, b"QUIT\r\n");
        let second = timeout(PATIENCE, listener.accept()).await;
        assert!(second.is_err(), "connected twice within the hour");
    }

    #[tokio::test]
    async fn a_refusal_shows_that_the_port_is_open() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let control = Control::fixed(vec![address]);
        assert_eq!(control.is_port_open(PATIENCE).await, Some(true));
    }

    #[tokio::test]
    async fn nothing_is_learned_without_a_control() {
        assert_eq!(Control::default().is_port_open(PATIENCE).await, None);
    }
}
