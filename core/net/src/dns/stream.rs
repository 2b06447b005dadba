//! DNS over TCP (RFC 7766) and TLS (RFC 7858), one query at a time on each connection.
//!
//! hickory's streams are not used: they decode each response, which takes megabytes for a response of 64 KiB with
//! compression pointers, and drop all of it for one malformed record.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use hickory_resolver::net::NetError;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::upstream::is_answer;
use crate::egress_budget;

/// Idle connections that are kept for later queries.
const MAX_IDLE: usize = 4;

/// Bytes of a response that are allocated before they have arrived.
const FIRST_PART: usize = 4096;

/// A connection, with or without TLS.
type Connection = Box<dyn Stream>;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connections to one server.
pub(super) struct Connections {
    address: SocketAddr,
    /// The configuration and the name in the server's certificate, for DNS over TLS.
    tls: Option<(TlsConnector, String)>,
    idle: Mutex<Vec<Connection>>,
}

impl Connections {
    pub(super) fn new(address: SocketAddr, tls: Option<(rustls::ClientConfig, String)>) -> Self {
        Self {
            address,
            tls: tls.map(|(config, name)| (TlsConnector::from(Arc::new(config)), name)),
            idle: Mutex::default(),
        }
    }

    /// Sends one query and returns the response. Waits as long as the server does, so callers must set a timeout.
    pub(super) async fn exchange(&self, query: &[u8]) -> Result<Vec<u8>, NetError> {
        // The server may have closed an idle connection in the meantime, so an error is retried on a new one.
        let idle = self.lock().pop();
        if let Some(mut connection) = idle
            && let Ok(response) = ask(&mut connection, query).await
        {
            self.keep(connection);
            return Ok(response);
        }

        let mut connection = self.connect().await?;
        let response = ask(&mut connection, query).await?;
        self.keep(connection);
        Ok(response)
    }

    async fn connect(&self) -> Result<Connection, NetError> {
        egress_budget::charge_bytes(egress_budget::CONNECTION)?;
        let plain = TcpStream::connect(self.address).await?;
        plain.set_nodelay(true)?;
        let Some((connector, name)) = &self.tls else {
            return Ok(Box::new(plain));
        };

        egress_budget::charge_bytes(egress_budget::HANDSHAKE)?;
        let name = ServerName::try_from(name.clone())
            .map_err(|_| NetError::Msg(format!("`{name}` is not a valid server name")))?;
        Ok(Box::new(connector.connect(name, plain).await?))
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.lock();
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a query with its length (RFC 1035 §4.2.2) and reads the response.
async fn ask(connection: &mut Connection, query: &[u8]) -> Result<Vec<u8>, NetError> {
    egress_budget::charge_bytes(egress_budget::SYN + query.len())?;
    let length = u16::try_from(query.len()).map_err(io::Error::other)?;
    connection
        .write_all(&[&length.to_be_bytes()[..], query].concat())
        .await?;
    connection.flush().await?;

    let length = connection.read_u16().await?;
    let mut response = Vec::with_capacity(usize::from(length).min(FIRST_PART));
    connection
        .take(length.into())
        .read_to_end(&mut response)
        .await?;
    if response.len() < usize::from(length) {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    if !is_answer(query, &response)? {
        return Err(NetError::Msg("malformed response".into()));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::net::TcpListener;

    use super::*;
    use crate::dns::wire::{QR, message};

    const NONE: [&[Vec<u8>]; 3] = [&[], &[], &[]];

    fn query() -> Vec<u8> {
        message(0x0100, Some(("a.test", 1)), NONE)
    }

    /// A server that answers this many queries on each connection with these bytes; counts connections.
    async fn server(per_connection: usize, answer: Vec<u8>) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("an address");
        let count = Arc::<AtomicUsize>::default();
        let counter = count.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                for _ in 0..per_connection {
                    let length = stream.read_u16().await.unwrap_or_default();
                    let mut query = vec![0; length.into()];
                    let _ = stream.read_exact(&mut query).await;
                    let _ = stream.write_all(&answer).await;
                }
            }
        });
        (address, count)
    }

    fn framed(response: &[u8]) -> Vec<u8> {
        [&(response.len() as u16).to_be_bytes()[..], response].concat()
    }

    #[tokio::test]
    async fn a_connection_is_used_again_while_the_server_keeps_it() {
        let response = message(QR, Some(("a.test", 1)), NONE);
        for (per_connection, connections) in [(1, 3), (2, 2), (3, 1)] {
            let (address, count) = server(per_connection, framed(&response)).await;
            let pool = Connections::new(address, None);
            for _ in 0..3 {
                assert_eq!(pool.exchange(&query()).await.expect("answers"), response);
            }
            assert_eq!(count.load(Ordering::Relaxed), connections);
        }
    }

    #[tokio::test]
    async fn another_protocol_is_an_error_without_its_text() {
        let mut other_id = message(QR, Some(("a.test", 1)), NONE);
        other_id[1] = 8;
        for answer in [
            b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec(),
            framed(b"220 mail.test ESMTP Postfix\r\n"),
            framed(&other_id),
            framed(b""),
            b"\0".to_vec(),
        ] {
            let (address, _) = server(1, answer).await;
            let pool = Connections::new(address, None);
            let error = pool.exchange(&query()).await.expect_err("no DNS");
            let text = error.to_string();
            assert!(!text.contains("SSH") && !text.contains("220"), "{text}");
            assert!(pool.lock().is_empty());
        }
    }

    #[tokio::test]
    async fn sends_nothing_over_budget() {
        let (address, count) = server(1, Vec::new()).await;
        let pool = Connections::new(address, None);
        let query = query();
        let asking = pool.exchange(&query);
        let error = egress_budget::EgressBudget::new(100).during(asking).await;
        assert!(
            error
                .expect_err("no budget")
                .to_string()
                .contains("100 bytes")
        );
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }
}
