//! DNS servers: address, transport and certificate name.

use std::fmt;

use crate::target::{Host, Invalid, text_value};

/// A DNS server, written as `HOST`, `HOST:PORT`, `udp://`, `tcp://`,
/// `tls://HOST[:PORT][#NAME]`, `https://…`, `quic://…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resolver {
    /// Transport protocol of the queries.
    pub transport: Transport,
    /// Host and port of the server.
    pub endpoint: Endpoint,
    /// Name that the certificate must contain, if it is not the host.
    pub name: Option<String>,
    /// Path of the URL, for DNS over HTTPS only.
    pub path: Option<String>,
}

/// A host with an optional port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// IP address or domain name.
    pub host: Host,
    /// The port, 1 to 65535; `None` for the default.
    pub port: Option<u16>,
}

/// Transport protocol of DNS queries.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// DNS over UDP (RFC 1035); truncated answers are retried over TCP.
    Udp,
    /// DNS over TCP (RFC 7766).
    Tcp,
    /// DNS over TLS (RFC 7858).
    Tls,
    /// DNS over HTTPS (RFC 8484).
    Https,
    /// DNS over QUIC (RFC 9250).
    Quic,
}

text_value!(Endpoint, "Endpoint", "a host, or a host with a port");
text_value!(
    Resolver,
    "Resolver",
    "a DNS server: host, host:port, udp://…, tcp://…, tls://…, https://… or quic://…",
    "resolver"
);

impl Transport {
    /// The default port of the transport.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 53,
            Self::Tls | Self::Quic => 853,
            Self::Https => 443,
        }
    }

    /// The scheme in the URL of a resolver, e.g. `tls`.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Https => "https",
            Self::Quic => "quic",
        }
    }
}

impl Resolver {
    /// The server: IP address or domain name.
    pub fn host(&self) -> &Host {
        &self.endpoint.host
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let trimmed = text.trim();
        let trimmed = trimmed
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'))
            .unwrap_or(trimmed);
        let (transport, rest) = match trimmed.split_once("://") {
            None => (Transport::Udp, trimmed),
            Some((scheme, rest)) => (scheme_of(scheme)?, rest),
        };
        let (rest, name) = match rest.split_once('#') {
            Some((rest, name))
                if matches!(
                    transport,
                    Transport::Tls | Transport::Quic | Transport::Https
                ) =>
            {
                (
                    rest,
                    Some(
                        name.parse::<Host>()
                            .map_err(|_| Invalid::new("expected a host name after `#`"))?,
                    ),
                )
            }
            Some(_) => {
                return Err(Invalid::new(
                    "`#NAME` requires `tls://`, `https://` or `quic://`",
                ));
            }
            None => (rest, None),
        };

        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };

        if path.len() > 1 && transport != Transport::Https {
            return Err(Invalid::new(format!(
                "`{}://` does not support a path",
                transport.scheme()
            )));
        }

        if path.len() > 200 || !path.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Invalid::new(
                "expected a path of at most 200 printable ASCII characters",
            ));
        }

        Ok(Self {
            transport,
            endpoint: authority.parse()?,
            name: name.map(|name| name.to_string()),
            path: (path.len() > 1).then(|| path.to_owned()),
        })
    }
}

fn scheme_of(scheme: &str) -> Result<Transport, Invalid> {
    [
        Transport::Udp,
        Transport::Tcp,
        Transport::Tls,
        Transport::Https,
        Transport::Quic,
    ]
    .into_iter()
    .find(|transport| transport.scheme().eq_ignore_ascii_case(scheme))
    .ok_or_else(|| {
        Invalid::new("expected host, host:port, udp://…, tcp://…, tls://…, https://… or quic://…")
    })
}

impl fmt::Display for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.transport != Transport::Udp {
            write!(f, "{}://", self.transport.scheme())?;
        }
        self.endpoint.fmt(f)?;
        if let Some(path) = &self.path {
            f.write_str(path)?;
        }
        match &self.name {
            Some(name) => write!(f, "#{name}"),
            None => Ok(()),
        }
    }
}

impl Endpoint {
    fn read(text: &str) -> Result<Self, Invalid> {
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, rest)) => (address, rest.strip_prefix(':')),
            None if text.matches(':').count() == 1 => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
            None => (text, None),
        };
        let port = match port {
            None => None,
            Some(digits) => match digits.parse::<u16>() {
                Ok(port) if port > 0 => Some(port),
                _ => return Err(Invalid::new("port must be 1–65535")),
            },
        };
        if host.is_empty() {
            return Err(Invalid::new("expected a host name or an IP address"));
        }
        Ok(Self {
            host: host.parse()?,
            port,
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, self.port) {
            (Host::Address(address @ std::net::IpAddr::V6(_)), Some(port)) => {
                write!(f, "[{address}]:{port}")
            }
            (Host::Address(address @ std::net::IpAddr::V6(_)), None) => write!(f, "[{address}]"),
            (host, Some(port)) => write!(f, "{host}:{port}"),
            (host, None) => host.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
