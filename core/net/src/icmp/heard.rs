//! What is heard about echo requests, whichever socket sent them.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    net::IpAddr,
    time::{Duration, Instant, SystemTime},
};

use crate::notice::Notice;

/// Something that was heard about a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// Which one.
    pub seq: u16,
    /// Who answered or complained; this machine itself where it could not send.
    pub from: Option<IpAddr>,
    /// TTL of a reply; `None` where the socket does not tell.
    pub ttl: Option<u8>,
    /// From which the round trip follows.
    pub when: When,
    /// What was said about it.
    pub said: Said,
}

/// What is known of the time at which something was heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// When the kernel received it; `None` where it does not say: now.
    Stamped(Option<SystemTime>),
    /// So long after it was sent.
    After(Duration),
}

impl When {
    /// The round trip of what was sent then.
    pub fn since(self, sent: (Instant, SystemTime)) -> Duration {
        match self {
            Self::Stamped(stamp) => round_trip(sent, stamp),
            Self::After(elapsed) => elapsed,
        }
    }
}

/// What was said about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The reply.
    Reply,
    /// An ICMP error.
    Notice(Notice),
    /// This machine's kernel could not send it.
    NotSent,
}

/// A number that others cannot guess: keyed with the system's randomness.
pub fn token() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The round trip: by the kernel's receive time where that is plausible, so that a busy process
/// does not count its own delay; the wall clock may have been set meanwhile, then by `Instant`.
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
    fn a_stamp_counts_only_where_it_is_plausible() {
        let ago = Duration::from_millis(10);
        let (instant, wall) = (Instant::now(), SystemTime::now());
        let sent = (instant.checked_sub(ago).unwrap_or(instant), wall - ago);
        let stamped = |stamp| When::Stamped(stamp).since(sent);
        assert_eq!(
            stamped(Some(wall - ago / 2)),
            Duration::from_millis(5),
            "the kernel's word"
        );
        for stamp in [None, Some(wall - ago * 2), Some(wall + ago * 1000)] {
            assert!(stamped(stamp) >= ago, "{stamp:?}");
        }
        assert_eq!(When::After(ago / 5).since(sent), Duration::from_millis(2));
    }
}
