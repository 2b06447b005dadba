//! Facts about an HTTP request: the connection, the proxies in between, the header fields.
//!
//! A header field about the client is trusted only if the proxy that wrote it is trusted
//! ([`Proxies`]); all others are claims, and shown as such.

mod chain;
mod forwarded;
mod host;
mod node;

use std::net::SocketAddr;

use http::{HeaderMap, Method, Uri, Version};

use crate::settings;

pub use chain::{ProxyChain, ProxyHop};
pub use host::{HostFault, RequestHost};

/// The connection that a request came over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Connection {
    /// Address of the peer of the TCP connection.
    pub peer: SocketAddr,
    /// Local address of the TCP connection.
    pub local: SocketAddr,
    /// Contents of the PROXY protocol header at the start of the connection, if there was one.
    pub relayed: Option<Relayed>,
}

impl Connection {
    /// Returns the client that the PROXY header names, if the peer may name one.
    pub fn relayed_client(&self, proxies: &Proxies) -> Option<std::net::IpAddr> {
        let (source, _) = self.relayed.as_ref()?.ends?;
        let peer = self.peer.ip();
        (proxies.networks.is_empty() || proxies.trusts(peer)).then(|| source.ip().to_canonical())
    }
}

/// Contents of a PROXY protocol header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Relayed {
    /// Version of the protocol, 1 or 2.
    pub version: u8,
    /// Source and destination of the relayed connection; `None` if the proxy opened the connection
    /// for itself or does not name them.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// TLS of the relayed connection, if the proxy reports it.
    pub tls: Option<ClientTls>,
}

/// TLS parameters of the client's connection, as reported by a proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ClientTls {
    /// TLS version, such as `TLSv1.3`.
    pub protocol: Option<String>,
    /// Cipher suite in OpenSSL's spelling.
    pub cipher: Option<String>,
    /// Server name that the client sent (SNI).
    pub server_name: Option<String>,
    /// Common name of the client's certificate.
    pub client_name: Option<String>,
}

/// One HTTP request, without its body.
#[derive(Debug, Clone)]
pub struct HttpRequestInfo {
    /// The connection that it came over.
    pub connection: Connection,
    /// Request method, such as `GET`.
    pub method: Method,
    /// Request target as in the request line.
    pub uri: Uri,
    /// HTTP version, such as `HTTP/1.1`.
    pub version: Version,
    /// Header fields in the order received; lines of the same name are adjacent.
    pub headers: HeaderMap,
    /// Whether others will read the reply; then the caller's credentials are left out of it.
    pub for_others: bool,
    /// Request ID used in the log.
    pub id: Option<std::sync::Arc<str>>,
}

impl HttpRequestInfo {
    /// Returns the approximate size of the request head in bytes.
    pub fn size(&self) -> usize {
        let lines = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4);
        self.uri.to_string().len() + lines.sum::<usize>()
    }

    /// Returns all lines of a header field, in order, as one value (RFC 9110 §5.3).
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
    /// Returns the first header field that a proxy adds, if there is one.
    pub fn forwarding_field(&self) -> Option<&http::HeaderName> {
        self.headers.keys().find(|name| {
            let name = name.as_str();
            name == "via"
                || name.starts_with("x-forwarded-")
                || settings::CLIENT_ADDRESS_HEADERS.contains(&name)
        })
    }

    /// Returns the protocol that the nearest proxy names in `Forwarded`.
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
    /// Reads the proxies from `[http]`, which must have been checked.
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

    /// Returns whether this address is a trusted proxy.
    pub fn trusts(&self, address: std::net::IpAddr) -> bool {
        let plain = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&plain))
    }
}

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
