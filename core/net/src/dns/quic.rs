//! DNS over QUIC (RFC 9250), a stream for each query on one connection.
//!
//! hickory's stream is not used for the same reasons as in [`super::stream`].

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hickory_resolver::net::NetError;
use quinn::{
    ClientConfig, Connection, Endpoint, TransportConfig, VarInt,
    crypto::rustls::{NoInitialCipherSuite, QuicClientConfig},
};

use super::{
    https::{failed, without_id},
    upstream::is_answer,
};
use crate::egress_budget;

/// Largest response in bytes with its length, as over TCP.
const MAX_RESPONSE: usize = u16::MAX as usize + 2;
/// Bytes that all responses of a connection may have in flight.
const WINDOW: u32 = 4 * MAX_RESPONSE as u32;
/// Time without a packet after which an idle connection is forgotten.
const IDLE: Duration = Duration::from_secs(30);
/// The error code of a connection that ends in the normal way (RFC 9250 §4.3).
const DOQ_NO_ERROR: VarInt = VarInt::from_u32(0);

/// The connection to one server.
pub(super) struct QuicConnection {
    address: SocketAddr,
    /// `None` if the TLS configuration cannot be used with QUIC.
    config: Option<ClientConfig>,
    /// The name in the server's certificate.
    name: String,
    /// The open connection with its socket, which later queries use as well.
    open: Mutex<Option<(Endpoint, Connection)>>,
}

impl QuicConnection {
    pub(super) fn new(address: SocketAddr, tls: rustls::ClientConfig, name: &str) -> Self {
        Self {
            address,
            config: client_config(tls).ok(),
            name: name.to_owned(),
            open: Mutex::default(),
        }
    }

    /// Sends one query and returns the response. Waits as long as the server does, so callers must set a timeout.
    pub(super) async fn exchange(&self, query: &[u8]) -> Result<Vec<u8>, NetError> {
        // The server may have closed the connection in the meantime, so an error is retried on a new one.
        let open = self.lock().clone();
        if let Some((_, connection)) = open
            && let Ok(response) = ask(&connection, query).await
        {
            return Ok(response);
        }

        let (endpoint, connection) = self.connect().await?;
        *self.lock() = Some((endpoint, connection.clone()));
        ask(&connection, query).await
    }

    /// Closes the QUIC connection, with the code DOQ_NO_ERROR (RFC 9250 §4.3).
    pub(super) fn close(&self) {
        if let Some((_, connection)) = self.lock().take() {
            connection.close(DOQ_NO_ERROR, b"");
        }
    }

    async fn connect(&self) -> Result<(Endpoint, Connection), NetError> {
        // A QUIC handshake is a TLS handshake in padded datagrams (RFC 9000 §14.1).
        egress_budget::charge_bytes(3 * egress_budget::HANDSHAKE)?;
        let config = self.config.clone();
        let config = config.ok_or_else(|| failed("TLS cannot be used with QUIC"))?;
        let any = match self.address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let endpoint = Endpoint::client(any)?;
        let connection = endpoint
            .connect_with(config, self.address, &self.name)
            .map_err(failed)?
            .await
            .map_err(failed)?;
        Ok((endpoint, connection))
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Endpoint, Connection)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QuicConnection {
    fn drop(&mut self) {
        self.close();
    }
}

fn client_config(mut tls: rustls::ClientConfig) -> Result<ClientConfig, NoInitialCipherSuite> {
    tls.alpn_protocols = vec![b"doq".to_vec()];
    let mut transport = TransportConfig::default();
    // Only the client opens streams (RFC 9250 §4.2).
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from_u32(MAX_RESPONSE as u32))
        .receive_window(VarInt::from_u32(WINDOW))
        .max_idle_timeout(IDLE.try_into().ok());
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

/// Sends a query with its length on a stream of its own and reads the response.
async fn ask(connection: &Connection, query: &[u8]) -> Result<Vec<u8>, NetError> {
    egress_budget::charge_bytes(egress_budget::SYN + query.len())?;
    let query = without_id(query);
    let length = u16::try_from(query.len()).map_err(failed)?;
    let (mut send, mut receive) = connection.open_bi().await.map_err(failed)?;
    send.write_all(&[&length.to_be_bytes()[..], &query].concat())
        .await
        .map_err(failed)?;
    send.finish().map_err(failed)?;

    let mut response = receive.read_to_end(MAX_RESPONSE).await.map_err(failed)?;
    let length = response
        .first_chunk()
        .map(|length| u16::from_be_bytes(*length));
    if length.map(usize::from) != response.len().checked_sub(2) {
        return Err(failed("malformed response"));
    }
    response.drain(..2);
    if !is_answer(&query, &response)? {
        return Err(failed("malformed response"));
    }
    Ok(response)
}
