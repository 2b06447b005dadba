//! Route tracing without privileges: UDP probes with small TTLs to high ports, and the kernel's
//! error queue to read the ICMP errors of the routers (ip(7) `IP_RECVERR`, RFC 1812 §4.3.2).
//!
//! All hops are probed in parallel. One socket serves a whole trace: every probe has its own
//! destination port and TTL (`IP_TTL`, `IPV6_HOPLIMIT` per packet), the error quotes that port, and
//! the payload starts with a random token. So concurrent traces cannot be confused, and three
//! descriptors suffice for ninety probes.
//!
//! Other systems have no such queue; there TCP connects find only the distance of the target.

use std::{net::IpAddr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::icmp_error::IcmpError;

#[cfg(target_os = "linux")]
mod fallback;
#[cfg(target_os = "linux")]
mod mtu;
#[cfg(any(not(target_os = "linux"), test))]
mod plain;
#[cfg(any(not(target_os = "linux"), test))]
mod plain_rounds;
#[cfg(target_os = "linux")]
mod rounds;
#[cfg(target_os = "linux")]
mod run;
#[cfg_attr(
    not(target_os = "linux"),
    expect(
        dead_code,
        reason = "losses of hops are not seen without an error queue"
    )
)]
mod statistics;
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "fewer fields are used without an error queue")
)]
mod table;
mod tcp;
#[cfg(target_os = "linux")]
mod udp;

#[cfg(not(target_os = "linux"))]
pub use plain::trace;
#[cfg(not(target_os = "linux"))]
pub use plain_rounds::measure_rounds;
#[cfg(target_os = "linux")]
pub use rounds::measure_rounds;
#[cfg(target_os = "linux")]
pub use run::trace;
pub use statistics::{HopStatistics, RoundTrips};

/// Limits of a trace.
#[derive(Debug, Clone, Copy)]
pub struct TraceOptions {
    /// Largest TTL to probe, 1–64.
    pub max_hops: u8,
    /// Probes per hop, 1–10.
    pub probes: u8,
    /// Timeout of the trace. Only reached if the target does not answer and no router reports why:
    /// routers report "host unreachable" after three seconds.
    pub timeout: Duration,
    /// How to probe; `None` for UDP, then ICMP echo and TCP for a target that does not answer.
    pub method: Option<Method>,
    /// Port of TCP probes; `None` for 443 and 80 in turn.
    pub port: Option<u16>,
}

impl Default for TraceOptions {
    fn default() -> Self {
        Self {
            max_hops: 30,
            probes: 3,
            timeout: Duration::from_millis(3500),
            method: None,
            port: None,
        }
    }
}

/// Limits of a measurement in rounds.
#[derive(Debug, Clone, Copy)]
pub struct RoundsOptions {
    /// Largest TTL to probe, 1–64.
    pub max_hops: u8,
    /// Number of rounds; `None` to go on until the measurement is stopped.
    pub count: Option<u32>,
    /// Time between the starts of two rounds.
    pub interval: Duration,
    /// How to probe; `None` to choose.
    pub method: Option<Method>,
    /// Port of TCP probes; `None` for 443 and 80 in turn.
    pub port: Option<u16>,
}

impl Default for RoundsOptions {
    fn default() -> Self {
        Self {
            max_hops: 30,
            count: Some(10),
            interval: Duration::from_millis(250),
            method: None,
            port: None,
        }
    }
}

/// Result of a measurement in rounds.
#[derive(Debug, Clone, PartialEq)]
pub struct RoundsOutcome {
    /// Whether the target answered.
    pub reached: bool,
    /// Kind of probe used for the target.
    pub method: Option<Method>,
    /// Hops up to the target. If it was not reached: up to the hop that rejected the probes, or one
    /// hop without a reply after the last that answered.
    pub hops: Vec<HopStatistics>,
    /// Number of rounds that were completed.
    pub rounds: u32,
    /// Largest TTL of a probe, 1–64.
    pub probed_hops: u8,
}

/// One hop of the route.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteHop {
    /// TTL of the probes, from 1.
    pub ttl: u8,
    /// Replies; `None` for a probe without one (`*`).
    pub probes: Vec<Option<ProbeAnswer>>,
    /// MTU of the next link in bytes, if this hop reported that 1,500 bytes do not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
}

/// Reply to one probe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeAnswer {
    /// Address of the host that replied.
    pub address: IpAddr,
    /// Round trip in milliseconds.
    pub rtt_ms: f64,
    /// The ICMP error, if it is not "TTL exceeded" from a hop or the target's normal reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// An ICMP error that is not a normal reply.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Note {
    /// The ICMP error reported.
    #[serde(flatten)]
    pub notice: IcmpError,
    /// Mark as in `traceroute`: `!H`, `!N`, `!P`, `!X`, `!F`, `!<code>`.
    pub mark: Option<String>,
    /// Reported by this machine itself: its own next hop does not answer.
    pub local: bool,
}

/// What kind of probe the target answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// UDP datagram to a high port.
    Udp,
    /// ICMP echo, tried if UDP gets no answer and the system permits it.
    Icmp,
    /// TCP connect to port 443 or 80, tried last.
    Tcp,
}

/// A link with an MTU below 1,500 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PathMtu {
    /// Reported MTU in bytes.
    pub mtu: u32,
    /// Address of the router that reported it.
    pub address: IpAddr,
}

/// Result of a trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceOutcome {
    /// Address of the traced target.
    pub address: IpAddr,
    /// Whether the target answered.
    pub reached: bool,
    /// Kind of probe that the target answered.
    pub method: Option<Method>,
    /// Hops up to the target. If it was not reached: up to the hop that rejected the probes, or one
    /// hop without a reply after the last that answered.
    pub hops: Vec<RouteHop>,
    /// Largest TTL probed; hops after those in `hops` did not answer.
    pub probed_hops: u8,
    /// Path MTU, if below 1,500 bytes.
    pub path_mtu: Option<PathMtu>,
}

/// Why the trace could not run.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// This machine cannot send to the address.
    #[error("{reason}")]
    Local {
        /// Reason, for the user.
        reason: String,
    },
    /// The probe socket failed.
    #[error("route tracing: {0}")]
    Socket(#[from] std::io::Error),
}
