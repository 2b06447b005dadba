//! DNS over HTTPS (RFC 8484) over HTTP/2, many queries at a time on one connection.
//!
//! hickory's stream is not used for the same reasons as in [`super::stream`].

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use hickory_resolver::net::NetError;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::upstream::is_answer;
use crate::egress_budget;

const MEDIA_TYPE: &str = "application/dns-message";
/// Largest response in bytes, as over TCP.
const MAX_RESPONSE: usize = u16::MAX as usize;
/// Largest header section of a response in bytes.
const MAX_HEADERS: u32 = 16 << 10;

/// The connection to one server.
pub(super) struct HttpsConnection {
    address: SocketAddr,
    connector: TlsConnector,
    /// The name in the server's certificate.
    name: String,
    url: String,
    /// The open connection, which later queries use as well.
    open: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl HttpsConnection {
    pub(super) fn new(
        address: SocketAddr,
        mut tls: rustls::ClientConfig,
        name: &str,
        path: &str,
    ) -> Self {
        tls.alpn_protocols = vec![b"h2".to_vec()];
        Self {
            address,
            connector: TlsConnector::from(Arc::new(tls)),
            name: name.to_owned(),
            url: format!("https://{}{path}", authority(name, address.port())),
            open: Mutex::default(),
        }
    }

    /// Sends one query and returns the response. Waits as long as the server does, so callers must set a timeout.
    pub(super) async fn exchange(&self, query: &[u8]) -> Result<Vec<u8>, NetError> {
        // The server may have closed the connection in the meantime, so an error is retried on a new one.
        let open = self.lock().clone();
        if let Some(connection) = open
            && let Ok(response) = self.ask(connection, query).await
        {
            return Ok(response);
        }

        let connection = self.connect().await?;
        *self.lock() = Some(connection.clone());
        self.ask(connection, query).await
    }

    /// Closes the connection once the queries on it have ended.
    pub(super) fn close(&self) {
        *self.lock() = None;
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, NetError> {
        egress_budget::charge_bytes(egress_budget::CONNECTION + egress_budget::HANDSHAKE)?;
        let plain = TcpStream::connect(self.address).await?;
        plain.set_nodelay(true)?;
        let name = ServerName::try_from(self.name.clone())
            .map_err(|_| failed(format!("`{}` is not a valid server name", self.name)))?;
        let stream = self.connector.connect(name, plain).await?;

        let (sender, connection) = Builder::new(TokioExecutor::new())
            .max_header_list_size(MAX_HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(failed)?;
        // Ends with the last sender.
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn ask(
        &self,
        mut connection: SendRequest<Full<Bytes>>,
        query: &[u8],
    ) -> Result<Vec<u8>, NetError> {
        egress_budget::charge_bytes(egress_budget::SYN + query.len())?;
        let query = without_id(query);
        let request = Request::post(&self.url)
            .header(header::CONTENT_TYPE, MEDIA_TYPE)
            .header(header::ACCEPT, MEDIA_TYPE)
            .body(Full::from(query.clone()))
            .map_err(failed)?;
        connection.ready().await.map_err(failed)?;
        let response = connection.send_request(request).await.map_err(failed)?;

        let status = response.status();
        if status != StatusCode::OK {
            return Err(failed(format!("HTTP status {}", status.as_u16())));
        }
        let media_type = response.headers().get(header::CONTENT_TYPE);
        if media_type.is_none_or(|value| value != MEDIA_TYPE) {
            return Err(failed("the response is not a DNS message"));
        }
        let body = Limited::new(response.into_body(), MAX_RESPONSE);
        let body = body.collect().await.map_err(failed)?.to_bytes();
        if !is_answer(&query, &body)? {
            return Err(failed("malformed response"));
        }
        Ok(body.into())
    }

    fn lock(&self) -> MutexGuard<'_, Option<SendRequest<Full<Bytes>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Host and port of a URL; a name that is an IPv6 address is in brackets.
fn authority(name: &str, port: u16) -> String {
    let host = if name.parse::<std::net::Ipv6Addr>().is_ok() {
        format!("[{name}]")
    } else {
        name.to_owned()
    };
    if port == 443 {
        host
    } else {
        format!("{host}:{port}")
    }
}

/// Returns a query with the id 0 (RFC 8484 §4.1, RFC 9250 §4.2.1).
pub(super) fn without_id(query: &[u8]) -> Vec<u8> {
    let mut query = query.to_vec();
    query.iter_mut().take(2).for_each(|byte| *byte = 0);
    query
}

pub(super) fn failed(error: impl std::fmt::Display) -> NetError {
    NetError::Msg(error.to_string())
}

#[cfg(test)]
mod tests;
