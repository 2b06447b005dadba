//! Ping: ICMP echo (RFC 792, RFC 4443 §4) over a socket that this process may open, or TCP connects
//! if it may open none.
//!
//! On Linux a datagram socket is tried first, which needs no privilege, then a raw one. With the
//! error queue ([`super::errqueue`]) both report hop limits, duplicate replies and the kernel's
//! receive times. On other systems, surge-ping sends the requests.

use std::{net::IpAddr, time::Duration};

use serde::Serialize;

use super::{icmp_error::IcmpError, tcp::PortState};

mod echo;
pub mod event;
mod run;
#[cfg(target_os = "linux")]
pub mod socket;
mod surge;
mod tcp;

pub use run::ping;
pub use tcp::tcp_ping;

/// Whether the ICMP sockets of this system report duplicate replies.
pub const REPORTS_DUPLICATES: bool = cfg!(target_os = "linux");

/// Number, size and timing of the requests.
#[derive(Debug, Clone, Copy)]
pub struct PingOptions {
    /// Number of echo requests.
    pub count: u16,
    /// Time between two requests.
    pub interval: Duration,
    /// Timeout after which a request counts as lost.
    pub timeout: Duration,
    /// Bytes of payload after the ICMP header, clamped to 8–1,472 (one Ethernet frame).
    pub size: u16,
}

impl Default for PingOptions {
    fn default() -> Self {
        Self {
            count: 4,
            interval: Duration::from_millis(250), // A router takes three seconds to detect that a host is down.
            timeout: Duration::from_millis(3200),
            size: 56,
        }
    }
}

/// Result of one request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EchoReply {
    /// Sequence number, from 1.
    pub seq: u16,
    /// Round trip in milliseconds; `None` if the request was lost.
    pub rtt_ms: Option<f64>,
    /// TTL (hop limit) of the reply; not available with TCP, nor with IPv6 on systems other than Linux.
    pub ttl: Option<u8>,
    /// Over TCP, whether the port is open or closed; both prove that the host is up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<PortState>,
    /// The error received instead of a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ReplyError>,
}

/// An error in place of an echo reply.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplyError {
    /// The ICMP error; `None` if this machine could not send the request.
    #[serde(flatten)]
    pub notice: Option<IcmpError>,
    /// Address of the host or router that reported it.
    pub from: Option<IpAddr>,
    /// Whether this machine reported it: the host or the first router does not answer ARP or
    /// neighbor discovery.
    pub local: bool,
    /// Description of the error.
    pub text: String,
}

/// How the requests were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PingMethod {
    /// ICMP over a datagram socket: no privilege needed, but `net.ipv4.ping_group_range` on Linux.
    IcmpDatagram,
    /// ICMP over a raw socket: needs `CAP_NET_RAW` or administrator rights.
    IcmpRaw,
    /// TCP connects, which need no privilege.
    Tcp {
        /// The port that answered, or the first one tried if none did.
        port: u16,
    },
}

/// Round-trip statistics in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RttStats {
    /// Shortest round trip in milliseconds.
    pub min: f64,
    /// Mean round trip in milliseconds.
    pub avg: f64,
    /// Longest round trip in milliseconds.
    pub max: f64,
    /// Population standard deviation, as iputils' `mdev`.
    pub stddev: f64,
}

impl RttStats {
    /// Computes the statistics; `None` without values.
    #[must_use]
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let count = f64::from(u32::try_from(values.clone().count()).unwrap_or(u32::MAX));
        if count == 0.0 {
            return None;
        }
        let avg = values.clone().sum::<f64>() / count;
        // Sum of squared deviations: the difference of squares would lose precision.
        let variance = values.clone().map(|v| (v - avg).powi(2)).sum::<f64>() / count;
        Some(Self {
            min: values.clone().fold(f64::INFINITY, f64::min),
            avg,
            max: values.fold(0.0, f64::max),
            stddev: variance.sqrt(),
        })
    }
}

/// Result of a ping run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PingOutcome {
    /// Address of the pinged target.
    pub address: IpAddr,
    /// How the requests were sent.
    pub method: PingMethod,
    /// Number of requests sent.
    pub sent: u16,
    /// Number of requests answered.
    pub received: u16,
    /// Duplicate replies; `None` if the socket does not report them.
    pub duplicates: Option<u32>,
    /// Requests without a reply, in percent.
    pub loss_percent: f64,
    /// Round-trip statistics; `None` without replies.
    pub rtt_ms: Option<RttStats>,
    /// Results in order of their sequence numbers.
    pub replies: Vec<EchoReply>,
}

impl PingOutcome {
    fn new(
        address: IpAddr,
        method: PingMethod,
        replies: Vec<EchoReply>,
        duplicates: Option<u32>,
    ) -> Self {
        let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let sent = count(replies.len());
        let times = replies.iter().filter_map(|reply| reply.rtt_ms);
        let received = count(times.clone().count());
        Self {
            address,
            method,
            sent,
            received,
            duplicates,
            loss_percent: if sent == 0 {
                0.0
            } else {
                100.0 * f64::from(sent - received) / f64::from(sent)
            },
            rtt_ms: RttStats::of(times),
            replies,
        }
    }
}

/// Why the ping could not run.
#[derive(Debug, thiserror::Error)]
pub enum PingError {
    /// This process may not send ICMP echo.
    #[error("{hint}")]
    NotPermitted {
        /// The missing setting or capability, with the current value and the fix.
        hint: String,
    },
    /// This machine cannot send to the address.
    #[error("{reason}")]
    Local {
        /// Reason, for the user.
        reason: String,
    },
    /// The ICMP socket failed.
    #[error("ICMP socket: {0}")]
    Socket(#[from] std::io::Error),
}

/// Converts to milliseconds, rounded to the microsecond.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_the_population_standard_deviation() {
        let stats =
            RttStats::of([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter()).expect("there");
        assert!((stats.stddev - 2.0).abs() < 1e-9 && (stats.avg - 5.0).abs() < 1e-9);
        assert!((stats.min - 2.0).abs() < 1e-9 && (stats.max - 9.0).abs() < 1e-9);
        assert!(RttStats::of(std::iter::empty()).is_none());
    }

    #[test]
    fn loss_is_the_share_of_requests_without_a_reply() {
        let reply = |seq, rtt_ms| EchoReply {
            seq,
            rtt_ms,
            ttl: None,
            state: None,
            error: None,
        };
        let replies = vec![
            reply(1, Some(1.0)),
            reply(2, None),
            reply(3, None),
            reply(4, Some(3.0)),
        ];
        let outcome = PingOutcome::new(
            IpAddr::from([127, 0, 0, 1]),
            PingMethod::IcmpRaw,
            replies,
            None,
        );
        assert!((outcome.loss_percent - 50.0).abs() < 1e-9);
        assert_eq!((outcome.sent, outcome.received), (4, 2));
    }
}
