//! TCP port check by connecting: open, closed or filtered, and what an open port says first.
//!
//! Silence is only believed after several attempts, and after more of them where the scan itself
//! shows that packets get lost; waiting adapts to the round trips seen. Attempts stay open while
//! there are descriptors to spare, so a late answer to an early attempt still counts.

use std::{net::IpAddr, time::Duration};

use serde::Serialize;

mod budget;
mod estimate;
mod hint;
mod scan;

pub use budget::raise_descriptor_limit;
pub use scan::check_ports;

/// More ports than somebody has picked by hand.
const MANY: usize = 100;

/// How to check.
#[derive(Debug, Clone, Copy)]
pub struct ScanOptions {
    /// Attempts in flight at most; fewer where the process may not open as many descriptors.
    pub concurrency: usize,
    /// How long a port may stay silent, over all its attempts, while nothing is known about the
    /// round trip: once something has answered, silence is told much sooner.
    pub timeout: Duration,
    /// Attempts beyond the first for a silent port. Up to five more where packets get lost.
    pub retries: u8,
    /// How long an open port is given to say what it is, from its connection on. Zero: the check
    /// does not wait for that; what is said before the last state is known is still told.
    pub hint_timeout: Duration,
}

impl ScanOptions {
    /// What suits so many ports: a few are asked more often before silence is believed, and a
    /// scan of hundreds does not wait for hints.
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

/// What a port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PortState {
    /// Something accepts connections.
    Open,
    /// The host refuses them (RST): nothing listens.
    Closed,
    /// Something on the way swallows or rejects them.
    Filtered,
}

/// One port's answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PortResult {
    /// The port.
    pub port: u16,
    /// What it is.
    pub state: PortState,
    /// Time from SYN to its answer in milliseconds; `None` where none came.
    pub rtt_ms: Option<f64>,
    /// Why it is filtered: "no answer", or who rejected it how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What an open port said, made printable: its greeting, an HTTP status and server, or "TLS".
    /// Text from a stranger: escape it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Who rejected a connection, in words.
fn rejection(notice: super::notice::Notice, from: Option<IpAddr>) -> String {
    match from {
        Some(from) => format!("ICMP {notice}, from {from}"),
        None => format!("ICMP {notice}"),
    }
}
