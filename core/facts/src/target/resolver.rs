//! Which DNS server to ask, and how to speak to it.

use std::fmt;

use crate::target::{Host, Invalid, text_value};

/// A resolver as the contract writes it: `HOST`, `HOST:PORT`, `udp://`, `tcp://`,
/// `tls://HOST[:PORT][#NAME]`, `https://…`, `quic://…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resolver {
    /// The protocol to speak.
    pub transport: Transport,
    /// Where.
    pub endpoint: Endpoint,
    /// The name that the server's certificate must carry, where it is not the host itself.
    pub name: Option<String>,
    /// The URL's path, for DNS over HTTPS.
    pub path: Option<String>,
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Address or name.
    pub host: Host,
    /// The port, where one was given.
    pub port: Option<u16>,
}

/// How DNS is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// RFC 1035; a truncated answer is asked for again over TCP.
    Udp,
    /// RFC 7766.
    Tcp,
    /// RFC 7858.
    Tls,
    /// RFC 8484.
    Https,
    /// RFC 9250.
    Quic,
}

text_value!(Endpoint, "Endpoint", "a host, or a host with a port");
text_value!(
    Resolver,
    "Resolver",
    "a DNS server: host, host:port, tls://…, https://… or quic://…",
    "resolver"
);

impl Transport {
    /// The port of the protocol's RFC.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 53,
            Self::Tls | Self::Quic => 853,
            Self::Https => 443,
        }
    }

    /// As in a resolver's URL.
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
                            .map_err(|_| Invalid::new("after `#` stands the certificate's name"))?,
                    ),
                )
            }
            Some(_) => {
                return Err(Invalid::new(
                    "a name after `#` belongs to `tls://`, `https://` or `quic://`",
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
                "a path has no meaning for `{}://`",
                transport.scheme()
            )));
        }

        if path.len() > 200 || !path.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Invalid::new("the path of this URL is not usable"));
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
        Invalid::new("a resolver is `udp://`, `tcp://`, `tls://`, `https://` or `quic://`")
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
                _ => return Err(Invalid::new("a port is a number from 1 to 65535")),
            },
        };
        if host.is_empty() {
            return Err(Invalid::new("a host name or an address is wanted here"));
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
