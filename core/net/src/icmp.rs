//! Ping: ICMP echo (RFC 792, RFC 4443 §4) over whichever socket this process may open, and a TCP
//! stand-in for where it may open none.
//!
//! On Linux the datagram socket is tried first, and is our own: with the error queue that [`super::errqueue`] reads
//! anyway it tells hop limits of IPv6, second replies and the kernel's receive times, and needs no privilege. Where
//! only a raw socket is to be had, and on every other system, surge-ping carries the requests.

use std::{net::IpAddr, time::Duration};

use serde::Serialize;

use super::notice::Notice;

mod echo;
pub mod heard;
mod run;
#[cfg(target_os = "linux")]
pub mod socket;
mod surge;
mod tcp;

pub use run::ping;
pub use tcp::tcp_ping;

/// What to send, and how long to wait.
#[derive(Debug, Clone, Copy)]
pub struct PingOptions {
    /// Echo requests to send.
    pub count: u16,
    /// From one request to the next.
    pub interval: Duration,
    /// How long a reply may take before its request counts as lost.
    pub timeout: Duration,
    /// Bytes of payload behind the ICMP header, held to 8 to 1,472 (one Ethernet frame).
    pub size: u16,
}

impl Default for PingOptions {
    fn default() -> Self {
        Self {
            count: 4,
            interval: Duration::from_millis(250), // A router needs three seconds to find out that a host is missing.
            timeout: Duration::from_millis(3200),
            size: 56,
        }
    }
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reply {
    /// Number of the request, from 1.
    pub seq: u16,
    /// Round trip in milliseconds; `None` for a lost one.
    pub rtt_ms: Option<f64>,
    /// TTL (hop limit) that the reply arrived with; TCP does not tell, nor for IPv6 a raw socket.
    pub ttl: Option<u8>,
    /// What somebody said instead of answering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ReplyError>,
}

/// Somebody else's answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplyError {
    /// What they said; `None` where this machine could not send.
    #[serde(flatten)]
    pub notice: Option<Notice>,
    /// Who said it.
    pub from: Option<IpAddr>,
    /// Whether that was this machine: the host or the first router does not answer it.
    pub local: bool,
    /// The same in words.
    pub text: String,
}

/// How the requests were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Method {
    /// ICMP through a datagram socket: no privilege, but on Linux `net.ipv4.ping_group_range`.
    IcmpDatagram,
    /// ICMP through a raw socket: `CAP_NET_RAW`, or an administrator's rights.
    IcmpRaw,
    /// TCP connect.
    Tcp {
        /// The port that answered; the first one tried if none did.
        port: u16,
    },
}

/// Round trips in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RttStats {
    /// The fastest.
    pub min: f64,
    /// The mean.
    pub avg: f64,
    /// The slowest.
    pub max: f64,
    /// Population standard deviation, as iputils' `mdev`.
    pub stddev: f64,
}

impl RttStats {
    /// Of some round trips; `None` of none.
    #[must_use]
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let count = f64::from(u32::try_from(values.clone().count()).unwrap_or(u32::MAX));
        if count == 0.0 {
            return None;
        }
        let avg = values.clone().sum::<f64>() / count;
        // By the deviations, not by the difference of squares, which loses digits.
        let variance = values.clone().map(|v| (v - avg).powi(2)).sum::<f64>() / count;
        Some(Self {
            min: values.clone().fold(f64::INFINITY, f64::min),
            avg,
            max: values.fold(0.0, f64::max),
            stddev: variance.sqrt(),
        })
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PingOutcome {
    /// The address asked.
    pub address: IpAddr,
    /// How.
    pub method: Method,
    /// Requests sent.
    pub sent: u16,
    /// Requests answered.
    pub received: u16,
    /// Replies beyond the first to a request; `None` where the socket does not hear them.
    pub duplicates: Option<u32>,
    /// Share of requests without an answer, 0 to 100.
    pub loss_percent: f64,
    /// Statistics; `None` if nothing came back.
    pub rtt_ms: Option<RttStats>,
    /// By number.
    pub replies: Vec<Reply>,
}

impl PingOutcome {
    fn new(address: IpAddr, method: Method, replies: Vec<Reply>, duplicates: Option<u32>) -> Self {
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

/// Why there was nothing to measure.
#[derive(Debug, thiserror::Error)]
pub enum PingError {
    /// This process may not send ICMP echo.
    #[error("{hint}")]
    NotPermitted {
        /// The setting or capability that is missing, with what it is now.
        hint: String,
    },
    /// This machine cannot send to the address.
    #[error("{reason}")]
    Local {
        /// Why.
        reason: String,
    },
    /// The socket failed.
    #[error("ICMP socket: {0}")]
    Socket(#[from] std::io::Error),
}

/// Milliseconds to the microsecond: no clock here tells more.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_is_that_of_the_population() {
        let stats =
            RttStats::of([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter()).expect("there");
        assert!((stats.stddev - 2.0).abs() < 1e-9 && (stats.avg - 5.0).abs() < 1e-9);
        assert!((stats.min - 2.0).abs() < 1e-9 && (stats.max - 9.0).abs() < 1e-9);
        assert!(RttStats::of(std::iter::empty()).is_none());
    }

    #[test]
    fn loss_counts_requests() {
        let reply = |seq, rtt_ms| Reply {
            seq,
            rtt_ms,
            ttl: None,
            error: None,
        };
        let replies = vec![
            reply(1, Some(1.0)),
            reply(2, None),
            reply(3, None),
            reply(4, Some(3.0)),
        ];
        let outcome =
            PingOutcome::new(IpAddr::from([127, 0, 0, 1]), Method::IcmpRaw, replies, None);
        assert!((outcome.loss_percent - 50.0).abs() < 1e-9);
        assert_eq!((outcome.sent, outcome.received), (4, 2));
    }
}
