//! Replies and errors for echo requests, from any kind of socket.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    net::IpAddr,
    time::{Duration, Instant, SystemTime},
};

use crate::icmp_error::IcmpError;

/// A reply to a request, or an error about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EchoEvent {
    /// Sequence number of the request.
    pub seq: u16,
    /// Sender of the reply or error; this machine if it could not send the request.
    pub from: Option<IpAddr>,
    /// TTL of a reply; `None` if the socket does not report it.
    pub ttl: Option<u8>,
    /// Time of arrival, to compute the round trip.
    pub when: When,
    /// Whether it is a reply or an error.
    pub outcome: EchoOutcome,
}

/// Time at which a reply or error arrived.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// Receive time of the kernel; `None` means now.
    Stamped(Option<SystemTime>),
    /// Time since the request was sent.
    After(Duration),
}

impl When {
    /// Returns the round trip of a request sent at this time.
    pub fn since(self, sent: (Instant, SystemTime)) -> Duration {
        match self {
            Self::Stamped(stamp) => round_trip(sent, stamp),
            Self::After(elapsed) => elapsed,
        }
    }
}

/// Whether a request was answered, rejected or not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EchoOutcome {
    /// The target sent an echo reply.
    Reply,
    /// A router or host sent an ICMP error.
    IcmpError(IcmpError),
    /// This machine's kernel could not send the request.
    NotSent,
}

/// Returns a number that others cannot guess, from the system's random keys.
pub fn token() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Computes the round trip from the kernel's receive time, which excludes delays of this process.
/// If that is implausible, because the wall clock was set in between, uses `Instant` instead.
pub fn round_trip(sent: (Instant, SystemTime), stamp: Option<SystemTime>) -> Duration {
    let upper = sent.0.elapsed();
    stamp
        .and_then(|stamp| stamp.duration_since(sent.1).ok())
        .filter(|by_kernel| !by_kernel.is_zero() && *by_kernel <= upper)
        .unwrap_or(upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_the_kernel_time_only_if_plausible() {
        let ago = Duration::from_millis(10);
        let (instant, wall) = (Instant::now(), SystemTime::now());
        let sent = (instant.checked_sub(ago).unwrap_or(instant), wall - ago);
        let stamped = |stamp| When::Stamped(stamp).since(sent);
        assert_eq!(
            stamped(Some(wall - ago / 2)),
            Duration::from_millis(5),
            "kernel time"
        );
        for stamp in [None, Some(wall - ago * 2), Some(wall + ago * 1000)] {
            assert!(stamped(stamp) >= ago, "{stamp:?}");
        }
        assert_eq!(When::After(ago / 5).since(sent), Duration::from_millis(2));
    }
}
