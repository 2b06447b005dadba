//! A TCP connection to one of an exchange's addresses, without waiting out a dead one (RFC 8305).
//!
//! The next address is tried when the one before has failed, or has been silent for a moment; the first that answers
//! is taken and the others are given up before their servers have seen a connection.

use std::{io, net::SocketAddr, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

use crate::outlay;

/// RFC 8305 §5: the recommended Connection Attempt Delay.
const STAGGER: Duration = Duration::from_millis(250);

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unconnected {
    /// RST: the host is there and does not want us, or nothing listens.
    Refused,
    /// No answer in time.
    Silent,
    /// A router says that it cannot be reached, or there is no route.
    Unreachable,
    /// This machine's own firewall or routes forbid it.
    Forbidden,
    /// It has been asked enough for now, by all askers together, or this lookup has sent all that it may.
    Spared,
    /// Something else.
    Failed,
}

impl Unconnected {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Silent => "no answer to the connection attempt",
            Self::Unreachable => "network or host unreachable",
            Self::Forbidden => "forbidden by this machine's firewall or routes",
            Self::Spared => {
                "left alone: it has been asked often enough for now, by all askers together"
            }
            Self::Failed => "connection failed",
        }
    }

    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Self::Refused,
            io::ErrorKind::TimedOut => Self::Silent,
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => Self::Unreachable,
            io::ErrorKind::AddrNotAvailable => Self::Unreachable,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            io::ErrorKind::QuotaExceeded => Self::Spared,
            _ => Self::Failed,
        }
    }
}

/// A connection, and the addresses that need not be tried any more.
pub struct Attempt {
    pub connected: Option<(TcpStream, SocketAddr)>,
    pub failed: Vec<(SocketAddr, Unconnected)>,
}

/// Connects to the first of `addresses` that answers, each given `patience`, all of them until `deadline`.
pub async fn connect(addresses: &[SocketAddr], patience: Duration, deadline: Instant) -> Attempt {
    let mut waiting = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    let mut failed = Vec::new();

    loop {
        if let Some(address) = waiting.next() {
            let end = deadline.min(Instant::now() + patience);
            attempts.push(async move { (address, timeout_at(end, open(address)).await) });
        } else if attempts.is_empty() {
            return Attempt {
                connected: None,
                failed,
            };
        }

        let next = Instant::now() + STAGGER;

        loop {
            let may_start = waiting.len() > 0;
            let ended = tokio::select! {
                ended = attempts.next() => ended,
                () = tokio::time::sleep_until(next), if may_start => break,
            };
            let Some((address, outcome)) = ended else {
                break;
            };

            match outcome {
                Ok(Ok(stream)) => {
                    // Commands are small and waited for: never hold one back.
                    let _ = stream.set_nodelay(true);
                    return Attempt {
                        connected: Some((stream, address)),
                        failed,
                    };
                }
                Ok(Err(error)) => failed.push((address, Unconnected::of(&error))),
                Err(_) => failed.push((address, Unconnected::Silent)),
            }

            if may_start {
                break;
            }
        }
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    outlay::connect(address)?;
    TcpStream::connect(address).await
}

/// Families in turn, the first one's first (RFC 8305 §4): a machine without IPv6 loses one attempt, not four.
pub fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (Vec<_>, Vec<_>) = addresses
        .iter()
        .copied()
        .partition(|address| address.is_ipv6() == first_is_v6);
    one.reverse();
    other.reverse();
    let mut all = Vec::with_capacity(addresses.len());
    while all.len() < addresses.len() {
        all.extend(one.pop());
        all.extend(other.pop());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |text: &str| {
            text.parse::<SocketAddr>()
                .unwrap_or_else(|error| panic!("{error}"))
        };
        let all = ["[::1]:1", "[::1]:2", "[::1]:3", "127.0.0.1:4"].map(parse);
        let ports: Vec<u16> = interleaved(&all).iter().map(SocketAddr::port).collect();
        assert_eq!(ports, [1, 4, 2, 3]);
        assert!(interleaved(&[]).is_empty());
    }

    async fn closed() -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("binds");
        listener.local_addr().expect("an address")
    }

    #[test]
    fn failures_are_told_apart() {
        use io::ErrorKind;
        for (kind, expected) in [
            (ErrorKind::ConnectionRefused, Unconnected::Refused),
            (ErrorKind::ConnectionReset, Unconnected::Refused),
            (ErrorKind::TimedOut, Unconnected::Silent),
            (ErrorKind::NetworkUnreachable, Unconnected::Unreachable),
            (ErrorKind::HostUnreachable, Unconnected::Unreachable),
            (ErrorKind::AddrNotAvailable, Unconnected::Unreachable),
            (ErrorKind::PermissionDenied, Unconnected::Forbidden),
            (ErrorKind::QuotaExceeded, Unconnected::Spared),
            (ErrorKind::OutOfMemory, Unconnected::Failed),
        ] {
            assert_eq!(Unconnected::of(&kind.into()), expected, "{kind}");
        }
    }

    #[tokio::test]
    async fn the_first_address_that_answers_is_taken() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let open = listener.as_ref().expect("binds").local_addr().expect("one");
        let (dead, never) = (closed().await, closed().await);
        let patience = Duration::from_secs(5);
        let attempt = connect(&[dead, open, never], patience, Instant::now() + patience).await;
        assert_eq!(attempt.connected.map(|(_, address)| address), Some(open));
        assert_eq!(attempt.failed, [(dead, Unconnected::Refused)]);
    }

    #[tokio::test]
    async fn where_none_answers_each_one_is_told() {
        let all = [closed().await, closed().await];
        let patience = Duration::from_secs(5);
        let attempt = connect(&all, patience, Instant::now() + patience).await;
        assert!(attempt.connected.is_none());
        assert_eq!(attempt.failed, all.map(|one| (one, Unconnected::Refused)));
        let none = connect(&[], patience, Instant::now() + patience).await;
        assert!(none.connected.is_none() && none.failed.is_empty());
    }

    #[tokio::test]
    async fn a_host_that_was_asked_enough_is_left_alone() {
        let dead = closed().await;
        let patience = Duration::from_secs(5);
        let asking = async { connect(&[dead], patience, Instant::now() + patience).await };
        let spared = outlay::Outlay::new(u32::MAX)
            .charging(|_| Err(netvane_document::Failure::Internal))
            .during(asking)
            .await;
        assert_eq!(spared.failed, [(dead, Unconnected::Spared)]);
    }
}
