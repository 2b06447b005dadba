//! Route tracing without privileges: UDP probes with small TTLs to high ports, and the kernel's
//! error queue for what the routers say about them (ip(7) `IP_RECVERR`, RFC 1812 §4.3.2).
//!
//! All hops are asked together. One socket serves a whole trace: every probe has a destination
//! port and a TTL of its own (`IP_TTL`, `IPV6_HOPLIMIT` per packet), the error names that port,
//! and the payload starts with a random token, so traces running at once cannot mix up and three
//! descriptors suffice for ninety probes.
//!
//! Other systems have no such queue: there only TCP is left, which finds out how far the target is.

use std::{net::IpAddr, time::Duration};

use serde::Serialize;

use super::notice::Notice;

#[cfg(target_os = "linux")]
mod fallback;
#[cfg(target_os = "linux")]
mod mtu;
#[cfg(any(not(target_os = "linux"), test))]
mod plain;
#[cfg(target_os = "linux")]
mod run;
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "without an error queue there is less to remember")
)]
mod table;
mod tcp;
#[cfg(target_os = "linux")]
mod udp;

#[cfg(not(target_os = "linux"))]
pub use plain::trace;
#[cfg(target_os = "linux")]
pub use run::trace;

/// How far and how often to ask.
#[derive(Debug, Clone, Copy)]
pub struct TraceOptions {
    /// Hops to ask at most, 1 to 64.
    pub max_hops: u8,
    /// Probes a hop, 1 to 10.
    pub probes: u8,
    /// The longest that a trace may take. That long it takes only while the target has not
    /// answered and nobody has said why: a router tells "host unreachable" after three seconds.
    pub timeout: Duration,
}

impl Default for TraceOptions {
    fn default() -> Self {
        Self {
            max_hops: 30,
            probes: 3,
            timeout: Duration::from_millis(3500),
        }
    }
}

/// One hop of the route.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hop {
    /// The TTL it was asked with, from 1.
    pub ttl: u8,
    /// The answers; `None` for a probe without one (`*`).
    pub probes: Vec<Option<ProbeAnswer>>,
    /// The MTU of the link behind it in bytes, where this hop said that 1,500 bytes do not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
}

/// The answer to one probe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeAnswer {
    /// Who answered.
    pub address: IpAddr,
    /// Round trip in milliseconds.
    pub rtt_ms: f64,
    /// What it said, where that is not "TTL exceeded" from a hop or the target's normal answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// An unusual answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Note {
    /// Its meaning.
    #[serde(flatten)]
    pub notice: Notice,
    /// The mark of `traceroute`: `!H`, `!N`, `!P`, `!X`, `!F`, `!<code>`.
    pub mark: Option<String>,
    /// Said by this machine itself: its own next hop does not answer.
    pub local: bool,
}

/// What kind of probe the target answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// UDP to a high port.
    Udp,
    /// ICMP echo, tried where UDP stays unanswered and the system permits it.
    Icmp,
    /// TCP connect to port 443 or 80, tried last.
    Tcp,
}

/// A link that takes less than 1,500 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PathMtu {
    /// The smallest MTU that was reported, in bytes.
    pub mtu: u32,
    /// By whom.
    pub address: IpAddr,
}

/// The route.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceOutcome {
    /// The address asked for.
    pub address: IpAddr,
    /// Whether the target answered.
    pub reached: bool,
    /// What the target answered to.
    pub method: Option<Method>,
    /// From the first hop to the target; without it, to the hop that refused, or to one silent
    /// hop behind the last that answered.
    pub hops: Vec<Hop>,
    /// The hop up to which was asked; beyond `hops` everything was silent.
    pub probed_hops: u8,
    /// The narrowest link, if one is narrower than 1,500 bytes.
    pub path_mtu: Option<PathMtu>,
}

/// Why there is no route to show.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// This machine cannot send to the address.
    #[error("{reason}")]
    Local {
        /// Why.
        reason: String,
    },
    /// The socket failed.
    #[error("route tracing: {0}")]
    Socket(#[from] std::io::Error),
}
