//! One TCP connection attempt that reports more than `connect(2)`: who refused it, and how.
//!
//! `ECONNREFUSED` alone does not say whether the host sent RST (the port is closed) or a firewall
//! sent ICMP port unreachable (it is filtered); the socket's error queue does.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

use super::{egress_budget, icmp_error::IcmpError};

#[cfg(target_os = "linux")]
pub(crate) mod clock;

/// Port for a connected socket that never sends: discard (RFC 863).
const DISCARD: u16 = 9;

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Answer {
    /// SYN-ACK: connected. Closing it sends RST and leaves no `TIME_WAIT` behind.
    Open(TcpStream),
    /// RST: the port is closed.
    Refused,
    /// An ICMP error and the address that sent it.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only an error queue reports it")
    )]
    IcmpError(IcmpError, Option<IpAddr>),
    /// This machine could not send it, or the kernel gave up.
    Failed(io::Error),
}

/// Connects once, with the given TTL if any, and returns the round trip: for an open port as the
/// kernel measured it, otherwise the time until the answer arrived; at least a microsecond. Waits as long as the kernel does, so callers must set
/// a timeout.
///
/// # Errors
/// Only if no socket can be created (descriptors, memory, address family).
pub(crate) async fn connect(target: SocketAddr, ttl: Option<u8>) -> io::Result<(Answer, Duration)> {
    let domain = Domain::for_address(target);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    super::errqueue::report_errors(&socket, target.is_ipv6())?;
    if let Some(ttl) = ttl {
        if target.is_ipv6() {
            socket.set_unicast_hops_v6(ttl.into())?;
        } else {
            socket.set_ttl_v4(ttl.into())?;
        }
    }

    socket.set_linger(Some(Duration::ZERO))?;
    let start = Instant::now();
    if let Err(error) = egress_budget::charge_bytes(egress_budget::SYN) {
        return Ok((Answer::Failed(error), Duration::ZERO));
    }

    match socket.connect(&target.into()) {
        Ok(()) => {}
        Err(error) if in_progress(&error) => {}
        Err(error) => {
            return Ok((
                explain(error, &socket),
                at_least_a_microsecond(start.elapsed()),
            ));
        }
    }

    #[cfg(target_os = "linux")]
    let watch = clock::Watch::of_connect(&socket);
    let stream = TcpStream::from_std(socket.into())?;
    stream.writable().await?;
    let now = Instant::now();
    #[cfg(target_os = "linux")]
    let now = watch.map_or(now, |watch| watch.answered_before(now));
    let elapsed = at_least_a_microsecond(now.saturating_duration_since(start));

    Ok(match stream.take_error()? {
        Some(error) => (explain(error, &stream), elapsed),
        None if is_self_connect(&stream) => (Answer::Refused, elapsed),
        None => match stream.peer_addr() {
            Ok(_) => {
                let rtt = measured_rtt(&stream).unwrap_or(elapsed);
                (Answer::Open(stream), rtt)
            }
            Err(error) => (Answer::Failed(error), elapsed),
        },
    })
}

/// Whether a connection has met itself: without a listener, an attempt from an own port to the same
/// port is a simultaneous open (RFC 9293 §3.5).
fn is_self_connect(stream: &TcpStream) -> bool {
    matches!((stream.peer_addr(), stream.local_addr()), (Ok(peer), Ok(local)) if peer == local)
}

fn at_least_a_microsecond(elapsed: Duration) -> Duration {
    elapsed.max(Duration::from_micros(1))
}

/// Returns the round trip of the handshake as the kernel measured it.
#[cfg(target_os = "linux")]
fn measured_rtt(stream: &TcpStream) -> Option<Duration> {
    clock::kernel_rtt(stream).map(Duration::from_micros)
}

/// This system does not tell.
#[cfg(not(target_os = "linux"))]
fn measured_rtt(_: &TcpStream) -> Option<Duration> {
    None
}

#[cfg(unix)]
fn in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(nix::libc::EINPROGRESS)
}

#[cfg(not(unix))]
fn in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Returns the source address that this machine would use. Connecting a datagram socket sends
/// nothing; it only looks up the route.
///
/// # Errors
/// There is no route to the target.
pub(crate) fn source(target: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match target {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((target, DISCARD))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(target_os = "linux")]
pub(crate) fn explain(error: io::Error, socket: &impl std::os::fd::AsFd) -> Answer {
    use super::errqueue::{Queue, receive};
    let mut quoted = [0; 64];
    // The last report is the one that ended the attempt.
    let mut last = None;
    while let Ok(Some(message)) = receive(socket, Queue::Errors, &mut quoted) {
        if let Some(report) = message.error
            && let Some(notice) = report.notice
        {
            last = Some(Answer::IcmpError(notice, report.offender));
        }
    }
    last.unwrap_or_else(|| plain(error))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn explain<S>(error: io::Error, _: &S) -> Answer {
    plain(error)
}

fn plain(error: io::Error) -> Answer {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Answer::Refused,
        _ => Answer::Failed(error),
    }
}

/// Describes why this machine could not send a packet.
pub(crate) fn local_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NetworkUnreachable => "this machine has no route to the network".into(),
        io::ErrorKind::HostUnreachable => "this machine cannot reach the host".into(),
        io::ErrorKind::PermissionDenied => "blocked by this machine's firewall or routes".into(),
        io::ErrorKind::InvalidInput => "this machine's routes drop packets to it".into(),
        io::ErrorKind::AddrNotAvailable => "this machine has no source address for it".into(),
        _ => without_number(&error.to_string()),
    }
}

/// Removes the number that Rust adds to the system's text: `Protocol error (os error 71)`.
fn without_number(text: &str) -> String {
    let end = text.rfind(" (os error ").filter(|_| text.ends_with(')'));
    let text = &text[..end.unwrap_or(text.len())];
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if end.is_some() => format!("{}{}", first.to_lowercase(), letters.as_str()),
        _ => text.to_owned(),
    }
}

/// Describes why a connection failed or ended, without the system's numbers.
pub(crate) fn connection_reason(error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => "the server closed the connection",
        io::ErrorKind::UnexpectedEof => "the server closed the connection without an answer",
        io::ErrorKind::TimedOut => "timed out",
        _ => return local_reason(error),
    };
    reason.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_open_ports_from_closed_ones() {
        for any in ["127.0.0.1", "::1"] {
            let listener = std::net::TcpListener::bind((any, 0)).expect("binds");
            let target = listener.local_addr().expect("an address");
            let (answer, _) = connect(target, Some(1)).await.expect("a socket");
            assert!(matches!(answer, Answer::Open(_)), "{answer:?}");
            drop((listener, answer));
            let (answer, _) = connect(target, None).await.expect("a socket");
            assert!(matches!(answer, Answer::Refused), "{answer:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn round_trips_exclude_the_time_until_the_answer_is_read() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
        let target = listener.local_addr().expect("an address");
        let attempts = (0..4).map(|_| async {
            let outcome = connect(target, None).await;
            // Another attempt is answered meanwhile.
            std::thread::sleep(Duration::from_millis(60));
            outcome
        });
        for outcome in futures::future::join_all(attempts).await {
            let (answer, rtt) = outcome.expect("a socket");
            assert!(matches!(answer, Answer::Open(_)), "{answer:?}");
            assert!(!rtt.is_zero() && rtt < Duration::from_millis(50), "{rtt:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_clock_notes_an_answer_before_it_is_read() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let before = Instant::now();
        let target = listener.local_addr().expect("an address");
        socket.connect(&target.into()).expect("connects");
        let watch = clock::Watch::of_connect(&socket).expect("a clock");
        std::thread::sleep(Duration::from_millis(200));
        let noted = watch.answered_before(Instant::now());
        assert!(noted >= before && noted < before + Duration::from_millis(150));
        assert!(clock::kernel_rtt(&socket).expect("measured") > 0);
    }

    #[tokio::test]
    async fn a_connection_that_meets_itself_is_no_open_port() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).expect("binds");
        let own = socket.local_addr().expect("an address");
        socket.connect(&own).expect("connects to itself");
        let meets_itself = TcpStream::from_std({
            socket.set_nonblocking(true).expect("a mode");
            socket.into()
        });
        let stream = meets_itself.expect("a stream");
        assert!(is_self_connect(&stream));

        let listener = std::net::TcpListener::bind(any).expect("binds");
        let target = listener.local_addr().expect("an address");
        let stream = TcpStream::connect(target).await.expect("connects");
        assert!(!is_self_connect(&stream));
    }

    #[tokio::test]
    async fn sends_nothing_over_budget() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
        let target = listener.local_addr().expect("an address");
        let attempt = egress_budget::EgressBudget::new(1).during(connect(target, None));
        let (answer, elapsed) = attempt.await.expect("a socket");
        assert!(
            matches!(&answer, Answer::Failed(error) if error.kind() == io::ErrorKind::QuotaExceeded),
            "{answer:?}"
        );
        assert_eq!(elapsed, Duration::ZERO);
        listener.set_nonblocking(true).expect("a mode");
        let error = listener.accept().expect_err("no connection");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn the_source_has_the_family_of_the_target() {
        for target in ["127.0.0.1", "::1"] {
            let target: IpAddr = target.parse().expect("an address");
            assert_eq!(source(target).expect("a route"), target);
        }
    }

    #[test]
    fn a_reset_is_a_refusal_and_any_other_error_a_failure() {
        for (kind, refused) in [
            (io::ErrorKind::ConnectionRefused, true),
            (io::ErrorKind::ConnectionReset, true),
            (io::ErrorKind::TimedOut, false),
            (io::ErrorKind::HostUnreachable, false),
        ] {
            let answer = plain(kind.into());
            assert_eq!(matches!(answer, Answer::Refused), refused, "{answer:?}");
        }
    }

    #[test]
    fn reasons_of_connections_have_no_numbers_of_the_system() {
        // EPERM to EHWPOISON on Linux.
        for number in 1..=133 {
            let reason = connection_reason(&io::Error::from_raw_os_error(number));
            let starts_small = !reason.starts_with(char::is_uppercase);
            assert!(
                !reason.contains("os error") && starts_small,
                "{number}: {reason}"
            );
        }
        for (kind, reason) in [
            (io::ErrorKind::ConnectionRefused, "connection refused"),
            (
                io::ErrorKind::HostUnreachable,
                "this machine cannot reach the host",
            ),
            (io::ErrorKind::TimedOut, "timed out"),
        ] {
            assert_eq!(connection_reason(&kind.into()), reason);
        }
        let own = io::Error::other("Not a TLS record");
        assert_eq!(connection_reason(&own), "Not a TLS record");
    }

    #[test]
    fn describes_local_errors() {
        let all = [
            io::ErrorKind::NetworkUnreachable,
            io::ErrorKind::HostUnreachable,
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::InvalidInput,
            io::ErrorKind::AddrNotAvailable,
        ];
        let mut texts = all.map(|kind| local_reason(&kind.into())).to_vec();
        texts.push(local_reason(&io::Error::other("the wire is cut")));
        insta::assert_snapshot!(texts.join("\n"), @r#"
        this machine has no route to the network
        this machine cannot reach the host
        blocked by this machine's firewall or routes
        this machine's routes drop packets to it
        this machine has no source address for it
        the wire is cut
        "#);
    }
}
