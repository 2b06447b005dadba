//! Facts of an HTTP request: the connection, the proxies on the way, the header fields.
//!
//! A header field about the client is only trusted if the proxy that wrote it is trusted ([`Proxies`]); the
//! rest are claims, and shown as such.

mod chain;
mod forwarded;
mod node;

use std::net::SocketAddr;

use http::{HeaderMap, Method, Uri, Version};

use crate::settings;

pub use chain::{ProxyChain, ProxyHop};

/// The connection that a request came over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Connection {
    /// Address of the peer of the TCP connection.
    pub peer: SocketAddr,
    /// Local address of the TCP connection.
    pub local: SocketAddr,
    /// What a PROXY protocol header at its beginning said.
    pub relayed: Option<Relayed>,
}

/// What a PROXY protocol header says of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Relayed {
    /// Version of the protocol, 1 or 2.
    pub version: u8,
    /// Source and destination of the relayed connection; `None` where the proxy speaks for itself or does not say.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// TLS of the relayed connection, where the proxy says that there was some.
    pub tls: Option<ClientTls>,
}

/// TLS, as a proxy in front knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ClientTls {
    /// TLS version, such as `TLSv1.3`.
    pub protocol: Option<String>,
    /// As OpenSSL spells it.
    pub cipher: Option<String>,
    /// Server name that the client asked for.
    pub server_name: Option<String>,
    /// Common name of the client's certificate.
    pub client_name: Option<String>,
}

/// One HTTP request, without its body.
#[derive(Debug, Clone)]
pub struct HttpRequestInfo {
    /// What it came over.
    pub connection: Connection,
    /// Request method, such as `GET`.
    pub method: Method,
    /// As the request line had it.
    pub uri: Uri,
    /// HTTP version, such as `HTTP/1.1`.
    pub version: Version,
    /// In the order in which they came; lines of one name stand together.
    pub headers: HeaderMap,
    /// Others will read the answer: what proves who the caller is stays out of it.
    pub for_others: bool,
    /// What the log calls the request.
    pub id: Option<std::sync::Arc<str>>,
}

impl HttpRequestInfo {
    /// Bytes of its head, about as they came.
    pub fn size(&self) -> usize {
        let lines = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4);
        self.uri.to_string().len() + lines.sum::<usize>()
    }

    /// All lines of a header field, in order, as one value (RFC 9110 §5.3).
    pub fn header(&self, name: &str) -> Option<String> {
        let lines: Vec<_> = self
            .headers
            .get_all(name)
            .iter()
            .map(|line| String::from_utf8_lossy(line.as_bytes()))
            .collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }
}

impl HttpRequestInfo {
    /// The protocol that the nearest proxy names in `Forwarded`.
    pub(crate) fn forwarded_proto(&self) -> Option<String> {
        let line = self.headers.get_all("forwarded").iter().next_back()?;
        forwarded::elements(&String::from_utf8_lossy(line.as_bytes()))
            .pop()?
            .proto
    }
}

/// Proxies whose statements about the client are trusted.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    networks: Vec<ipnet::IpNet>,
    field: Option<http::HeaderName>,
}

impl Proxies {
    /// From `[http]`, which has been checked.
    pub fn new(settings: &settings::Http) -> Self {
        Self {
            networks: settings.trusted_proxies.clone(),
            field: settings
                .client_address_header
                .to_ascii_lowercase()
                .parse()
                .ok(),
        }
    }

    /// Whether this is one of them.
    pub fn trusts(&self, address: std::net::IpAddr) -> bool {
        let plain = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&plain))
    }
}

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
