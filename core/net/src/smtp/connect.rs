//! Connects to one of a mail server's addresses without waiting for an unreachable one to time out
//! (RFC 8305).
//!
//! The next address is tried when the previous one has failed, or has not answered within the
//! attempt delay. The first connection wins; the other attempts are dropped before the handshake
//! completes.

use std::{io, net::SocketAddr, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

use crate::egress_budget;

/// The recommended Connection Attempt Delay (RFC 8305 §5).
const STAGGER: Duration = Duration::from_millis(250);

/// Why a connection attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unconnected {
    /// RST: nothing listens, or the host rejects the connection.
    Refused,
    /// The attempt timed out.
    Silent,
    /// A router reported the host or network as unreachable, or there is no route.
    Unreachable,
    /// Blocked by this machine's firewall or routes.
    Forbidden,
    /// The host's rate limit, shared by all users, or this lookup's egress limit is reached.
    BudgetExhausted,
    /// Any other error of the socket.
    Failed,
}

impl Unconnected {
    /// Returns a short description.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Silent => "connection timed out",
            Self::Unreachable => "network or host unreachable",
            Self::Forbidden => "blocked by this machine's firewall or routes",
            Self::BudgetExhausted => "not probed: the rate limit for this host is reached",
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
            io::ErrorKind::QuotaExceeded => Self::BudgetExhausted,
            _ => Self::Failed,
        }
    }
}

/// Result of [`connect`]: the connection, if any, and the addresses that failed.
pub struct Attempt {
    pub connected: Option<(TcpStream, SocketAddr)>,
    pub failed: Vec<(SocketAddr, Unconnected)>,
}

/// Connects to the first of `addresses` that answers. Each attempt may take `attempt_timeout`, all
/// together until `deadline`.
pub async fn connect(
    addresses: &[SocketAddr],
    attempt_timeout: Duration,
    deadline: Instant,
) -> Attempt {
    let mut remaining = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    let mut failed = Vec::new();

    loop {
        if let Some(address) = remaining.next() {
            let end = deadline.min(Instant::now() + attempt_timeout);
            attempts.push(async move { (address, timeout_at(end, open(address)).await) });
        } else if attempts.is_empty() {
            return Attempt {
                connected: None,
                failed,
            };
        }

        let next = Instant::now() + STAGGER;

        loop {
            let may_start = remaining.len() > 0;
            let ended = tokio::select! {
                ended = attempts.next() => ended,
                () = tokio::time::sleep_until(next), if may_start => break,
            };
            let Some((address, outcome)) = ended else {
                break;
            };

            match outcome {
                Ok(Ok(stream)) => {
                    // Commands are small and their replies awaited, so Nagle's algorithm would only
                    // add delay.
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
    egress_budget::connect(address)?;
    TcpStream::connect(address).await
}

/// Alternates the address families, starting with that of the first address (RFC 8305 §4). Without
/// IPv6, this costs one attempt instead of several.
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
    fn alternates_address_families() {
        let parse = |text: &str| {
            text.parse::<SocketAddr>()
                .unwrap_or_else(|error| panic!("{error}"))
        };
        let all = ["[::1]:1", "[::1]:2", "[::1]:3", "127.0.0.1:4"].map(parse);
        let ports: Vec<u16> = interleaved(&all).iter().map(SocketAddr::port).collect();
        assert_eq!(ports, [1, 4, 2, 3]);
        assert!(interleaved(&[]).is_empty());
    }

    async fn closed_port() -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("binds");
        listener.local_addr().expect("an address")
    }

    #[test]
    fn maps_each_error_kind() {
        use io::ErrorKind;
        for (kind, expected) in [
            (ErrorKind::ConnectionRefused, Unconnected::Refused),
            (ErrorKind::ConnectionReset, Unconnected::Refused),
            (ErrorKind::TimedOut, Unconnected::Silent),
            (ErrorKind::NetworkUnreachable, Unconnected::Unreachable),
            (ErrorKind::HostUnreachable, Unconnected::Unreachable),
            (ErrorKind::AddrNotAvailable, Unconnected::Unreachable),
            (ErrorKind::PermissionDenied, Unconnected::Forbidden),
            (ErrorKind::QuotaExceeded, Unconnected::BudgetExhausted),
            (ErrorKind::OutOfMemory, Unconnected::Failed),
        ] {
            assert_eq!(Unconnected::of(&kind.into()), expected, "{kind}");
        }
    }

    #[tokio::test]
    async fn connects_to_the_first_address_that_answers() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let open = listener.as_ref().expect("binds").local_addr().expect("one");
        let (dead, unused) = (closed_port().await, closed_port().await);
        let attempt_timeout = Duration::from_secs(5);
        let attempt = connect(
            &[dead, open, unused],
            attempt_timeout,
            Instant::now() + attempt_timeout,
        )
        .await;
        assert_eq!(attempt.connected.map(|(_, address)| address), Some(open));
        assert_eq!(attempt.failed, [(dead, Unconnected::Refused)]);
    }

    #[tokio::test]
    async fn reports_every_address_if_none_answers() {
        let all = [closed_port().await, closed_port().await];
        let attempt_timeout = Duration::from_secs(5);
        let attempt = connect(&all, attempt_timeout, Instant::now() + attempt_timeout).await;
        assert!(attempt.connected.is_none());
        assert_eq!(attempt.failed, all.map(|one| (one, Unconnected::Refused)));
        let none = connect(&[], attempt_timeout, Instant::now() + attempt_timeout).await;
        assert!(none.connected.is_none() && none.failed.is_empty());
    }

    #[tokio::test]
    async fn does_not_connect_to_a_host_at_its_rate_limit() {
        let dead = closed_port().await;
        let attempt_timeout = Duration::from_secs(5);
        let attempt =
            async { connect(&[dead], attempt_timeout, Instant::now() + attempt_timeout).await };
        let spared = egress_budget::EgressBudget::new(u32::MAX)
            .charging(|_| Err(netvane_document::Failure::Internal))
            .during(attempt)
            .await;
        assert_eq!(spared.failed, [(dead, Unconnected::BudgetExhausted)]);
    }
}
