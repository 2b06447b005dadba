//! TCP port check by connecting: open, closed or filtered, with the banner of open ports.
//!
//! A port counts as filtered only after several attempts without an answer, and more of them if the
//! scan itself sees packet loss. Timeouts adapt to the measured round trips. Attempts stay open as
//! long as descriptors are available, so a late answer to an early attempt still counts.

use std::{net::IpAddr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod banner;
mod budget;
mod estimate;
mod scan;

pub use budget::raise_descriptor_limit;
pub use scan::check_ports;

/// Above this number of ports, a scan skips banners and makes fewer attempts.
const MANY: usize = 100;

/// Limits and timeouts of a port check.
#[derive(Debug, Clone, Copy)]
pub struct ScanOptions {
    /// Most attempts in flight; fewer if the process may not open as many descriptors.
    pub concurrency: usize,
    /// Timeout of a port over all its attempts, until a round trip was measured; after that,
    /// timeouts are much shorter.
    pub timeout: Duration,
    /// Retries of a port without an answer. Up to five more if packets are lost.
    pub retries: u8,
    /// How long to wait for the banner of an open port after connecting. With zero the check does
    /// not wait, but still returns banners received before the last port's state is known.
    pub hint_timeout: Duration,
}

impl ScanOptions {
    /// Returns options for this number of ports: more retries for a few ports, no waiting for
    /// banners in a large scan.
    #[must_use]
    pub fn for_ports(count: usize) -> Self {
        if count > MANY {
            return Self {
                hint_timeout: Duration::ZERO,
                retries: 2,
                ..Self::default()
            };
        }
        Self::default()
    }
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            concurrency: 1000,
            timeout: Duration::from_millis(900),
            retries: 4,
            hint_timeout: Duration::from_millis(400),
        }
    }
}

/// State of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortState {
    /// A service accepts connections.
    Open,
    /// The host refuses connections (RST): nothing listens.
    Closed,
    /// A firewall drops or rejects packets.
    Filtered,
    /// UDP only: no reply, so the port is open and silent, or filtered.
    NoReply,
}

impl PortState {
    /// The name in JSON and in texts, e.g. `open`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Filtered => "filtered",
            Self::NoReply => "no_reply",
        }
    }
}

/// Result for one port.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PortResult {
    /// Number of the TCP port, 1–65535.
    pub port: u16,
    /// Open, closed or filtered; over UDP also without a reply.
    pub state: PortState,
    /// Time from SYN to the answer in milliseconds; `None` without an answer.
    pub rtt_ms: Option<f64>,
    /// Why it is filtered: "no answer", or the ICMP error and its sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Banner of an open port, made printable: its greeting, an HTTP status and server, or "TLS".
    /// Untrusted text: escape it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Describes the ICMP error that rejected a connection.
pub(super) fn rejection(notice: super::icmp_error::IcmpError, from: Option<IpAddr>) -> String {
    match from {
        Some(from) => format!("ICMP {notice}, from {from}"),
        None => format!("ICMP {notice}"),
    }
}
