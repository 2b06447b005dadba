//! Ports that users may have contacted, by purpose (`policy.ports`).
//!
//! Without it, a resolver or a whois server that a user names would be a scan of any port that the limits of port checks
//! do not see.

use std::{fmt, net::SocketAddr, ops::RangeInclusive, str::FromStr};

use netvane_document::Failure;
use serde::{Deserialize, Serialize};

use crate::{egress_budget, settings::Ports};

/// What a connection to a port is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortUse {
    /// An HTTP or HTTPS request to a URL that a user gives, or to which it redirects.
    Http,
    /// A TLS handshake, also after STARTTLS.
    Tls,
    /// A DNS resolver that a user names.
    Resolver,
    /// A whois server that a user names, or to which another one refers.
    Server,
    /// A callback to a URL that a client gives.
    Callback,
}

impl PortUse {
    /// Name of the key in `[policy.ports]`, also the label of the metric.
    pub fn key(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tls => "tls",
            Self::Resolver => "resolver",
            Self::Server => "server",
            Self::Callback => "callback",
        }
    }
}

/// A list of ports and ranges of ports, such as `["80", "8000-8999"]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct PortRanges(Vec<PortRange>);

impl PortRanges {
    /// Whether one of the ranges contains this port.
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|range| range.0.contains(&port))
    }
}

impl fmt::Display for PortRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges: Vec<String> = self.0.iter().map(PortRange::to_string).collect();
        f.write_str(&ranges.join(", "))
    }
}

/// One port, or a range with its first and last port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PortRange(RangeInclusive<u16>);

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let port = |text: &str| text.trim().parse().ok().filter(|port: &u16| *port > 0);
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (port(first), port(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self(first..=last)),
            _ => Err(format!(
                "expected a port or a range such as 8000-8999, got `{text}`"
            )),
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.0.start(), self.0.end());
        if first == last {
            write!(f, "{first}")
        } else {
            write!(f, "{first}-{last}")
        }
    }
}

impl Serialize for PortRange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PortRange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u16),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Number(port) => port.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Ports {
    fn of(&self, port_use: PortUse) -> &PortRanges {
        match port_use {
            PortUse::Http => &self.http,
            PortUse::Tls => &self.tls,
            PortUse::Resolver => &self.resolver,
            PortUse::Server => &self.server,
            PortUse::Callback => &self.callback,
        }
    }

    /// Checks that users may have this port contacted for this purpose.
    ///
    /// # Errors
    /// [`Failure::RefusedPort`] if `policy.ports` does not list it.
    pub fn check(&self, port_use: PortUse, what: &str, port: u16) -> Result<(), Failure> {
        let allowed = self.of(port_use);
        if allowed.contains(port) {
            return Ok(());
        }
        let key = port_use.key();
        metrics::counter!("netvane_ports_refused_total", "use" => key).increment(1);
        Err(Failure::RefusedPort {
            what: what.to_owned(),
            port,
            purpose: key,
            allowed: allowed.to_string(),
        })
    }
}

/// Checks a port before the running lookup connects to it. Another port than the `default` of the protocol counts as a
/// port check of the host's network. The operator's own lookups may use every port.
///
/// `what` is the target as the user wrote it, for the error.
///
/// # Errors
/// [`Failure::RefusedPort`] if `policy.ports` does not list the port; [`Failure::RateLimited`] if too many ports of the
/// network were checked.
pub fn check_port(
    port_use: PortUse,
    what: &str,
    target: SocketAddr,
    default: u16,
) -> Result<(), Failure> {
    egress_budget::check_port(port_use, what, target, target.port() != default)
}

/// The default table with these ports of resolvers and whois servers.
#[cfg(test)]
pub(crate) fn test_ports(resolver: &[&str], server: &[&str]) -> Ports {
    let table = serde_json::json!({
        "http": ["80"], "tls": ["443"], "resolver": resolver, "server": server, "callback": ["443"],
    });
    serde_json::from_value(table).expect("a table of ports")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(texts: &[&str]) -> Result<PortRanges, String> {
        serde_json::from_value(serde_json::json!(texts)).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_ports_and_ranges_and_writes_them_back() {
        let ports = ranges(&["80", "8000-8999", "1-1"]).expect("ports");
        for (port, is_allowed) in [
            (1, true),
            (2, false),
            (80, true),
            (7999, false),
            (8000, true),
            (8999, true),
            (9000, false),
        ] {
            assert_eq!(ports.contains(port), is_allowed, "{port}");
        }
        assert_eq!(ports.to_string(), "80, 8000-8999, 1");
        let numbers: PortRanges = serde_json::from_str("[53, \"853\"]").expect("ports");
        assert_eq!(numbers, ranges(&["53", "853"]).expect("ports"));
    }

    #[test]
    fn rejects_what_is_not_a_range_of_ports() {
        for text in ["", "0", "http", "9-8", "1-65536", "-1", "1-", "80,81"] {
            assert!(ranges(&[text]).is_err(), "{text:?}");
        }
    }
}
