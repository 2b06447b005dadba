//! ICMP errors of IPv4 and IPv6 in one enum (RFC 792 and RFC 1812 §5.2.7 for IPv4, RFC 4443 §3 for
//! IPv6).

use std::fmt;

use serde::Serialize;

/// An ICMP error, by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum IcmpError {
    /// The TTL (hop limit in IPv6) reached zero: the normal reply of a hop on a route.
    TimeExceeded,
    /// Nothing listens on the port. If the sender is not the target, a firewall rejected the
    /// packet.
    PortUnreachable,
    /// No route to the network.
    NetUnreachable,
    /// The last router cannot reach the host.
    HostUnreachable,
    /// The host does not speak the protocol.
    ProtocolUnreachable,
    /// A filter forbids it (communication administratively prohibited, rejected by policy).
    Prohibited,
    /// The packet exceeds the MTU of the next link and must not be fragmented.
    FragmentationNeeded {
        /// MTU of the next link in bytes; 0 if an old router does not report it.
        mtu: u32,
    },
    /// Any other error, with its type and code.
    Other {
        /// ICMP type, as received.
        icmp_type: u8,
        /// ICMP code, as received.
        code: u8,
    },
}

impl IcmpError {
    /// Converts an ICMP (IPv4) type and code. `info` is the next-hop MTU if there is one.
    #[must_use]
    pub fn from_icmp(icmp_type: u8, code: u8, info: u32) -> Self {
        match (icmp_type, code) {
            (11, _) => Self::TimeExceeded,
            (3, 0 | 6 | 11) => Self::NetUnreachable,
            (3, 1 | 7 | 8 | 12) => Self::HostUnreachable,
            (3, 2) => Self::ProtocolUnreachable,
            (3, 3) => Self::PortUnreachable,
            (3, 4) => Self::FragmentationNeeded { mtu: info },
            (3, 9 | 10 | 13) => Self::Prohibited,
            _ => Self::Other { icmp_type, code },
        }
    }

    /// Converts an `ICMPv6` type and code. `info` is the next-hop MTU if there is one.
    #[must_use]
    pub fn from_icmp6(icmp_type: u8, code: u8, info: u32) -> Self {
        match (icmp_type, code) {
            (3, _) => Self::TimeExceeded,
            (1, 0) => Self::NetUnreachable,
            // 5 and 6: source address failed policy, route rejects.
            (1, 1 | 5 | 6) => Self::Prohibited,
            (1, 2 | 3) => Self::HostUnreachable,
            (1, 4) => Self::PortUnreachable,
            (2, _) => Self::FragmentationNeeded { mtu: info },
            (4, 1) => Self::ProtocolUnreachable,
            _ => Self::Other { icmp_type, code },
        }
    }

    /// Returns the mark that `traceroute` prints after the time, such as `!H`; `None` for normal
    /// replies.
    #[must_use]
    pub fn mark(self) -> Option<String> {
        Some(match self {
            Self::TimeExceeded | Self::PortUnreachable => return None,
            Self::NetUnreachable => "!N".into(),
            Self::HostUnreachable => "!H".into(),
            Self::ProtocolUnreachable => "!P".into(),
            Self::Prohibited => "!X".into(),
            Self::FragmentationNeeded { .. } => "!F".into(),
            Self::Other { code, .. } => format!("!{code}"),
        })
    }
}

impl fmt::Display for IcmpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimeExceeded => "time to live exceeded",
            Self::PortUnreachable => "port unreachable",
            Self::NetUnreachable => "network unreachable",
            Self::HostUnreachable => "host unreachable",
            Self::ProtocolUnreachable => "protocol unreachable",
            Self::Prohibited => "administratively prohibited",
            Self::FragmentationNeeded { mtu } => {
                return write!(f, "fragmentation needed (MTU {mtu})");
            }
            Self::Other { icmp_type, code } => {
                return write!(f, "ICMP type {icmp_type} code {code}");
            }
        })
    }
}

#[cfg(test)]
mod tests;
