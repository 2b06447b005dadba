//! One TCP connection attempt that tells more than `connect(2)`: who refused, and how.
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

use super::{notice::Notice, outlay};

/// Any port does where nothing is sent; this one is for that (RFC 863).
const DISCARD: u16 = 9;

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Answer {
    /// SYN-ACK: connected. Closing it sends RST and leaves no `TIME_WAIT` behind.
    Open(TcpStream),
    /// RST.
    Refused,
    /// An ICMP error, and who sent it.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only an error queue tells it")
    )]
    Notice(Notice, Option<IpAddr>),
    /// This machine could not send it, or the kernel gave up.
    Failed(io::Error),
}

/// Connects once, with a TTL if one is given; waits as long as the kernel does, so bound it.
///
/// # Errors
/// Only when there is no socket to be had (descriptors, memory, address family).
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
    if let Err(error) = outlay::spend(outlay::SYN) {
        return Ok((Answer::Failed(error), Duration::ZERO));
    }

    match socket.connect(&target.into()) {
        Ok(()) => {}
        Err(error) if in_progress(&error) => {}
        Err(error) => return Ok((explain(error, &socket), start.elapsed())),
    }

    let stream = TcpStream::from_std(socket.into())?;
    stream.writable().await?;
    let elapsed = start.elapsed();
    let answer = match stream.take_error()? {
        Some(error) => explain(error, &stream),
        None => match stream.peer_addr() {
            Ok(_) => Answer::Open(stream),
            Err(error) => Answer::Failed(error),
        },
    };

    Ok((answer, elapsed))
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

/// The address that this machine would send from. Connecting a datagram socket sends nothing, but asks the routing
/// table.
///
/// # Errors
/// There is no way to the target.
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
fn explain(error: io::Error, socket: &impl std::os::fd::AsFd) -> Answer {
    use super::errqueue::{Queue, receive};
    let mut quoted = [0; 64];
    // The last report is the one that ended the attempt.
    let mut said = None;
    while let Ok(Some(message)) = receive(socket, Queue::Errors, &mut quoted) {
        if let Some(report) = message.error
            && let Some(notice) = report.notice
        {
            said = Some(Answer::Notice(notice, report.offender));
        }
    }
    said.unwrap_or_else(|| plain(error))
}

#[cfg(not(target_os = "linux"))]
fn explain<S>(error: io::Error, _: &S) -> Answer {
    plain(error)
}

fn plain(error: io::Error) -> Answer {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Answer::Refused,
        _ => Answer::Failed(error),
    }
}

/// Says in words why this machine could not send a packet.
pub(crate) fn local_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NetworkUnreachable => "this machine has no route to the network".into(),
        io::ErrorKind::HostUnreachable => "this machine cannot reach the host".into(),
        io::ErrorKind::PermissionDenied => "this machine's firewall or routes forbid it".into(),
        io::ErrorKind::InvalidInput => "this machine's routes discard packets to it".into(),
        io::ErrorKind::AddrNotAvailable => "this machine has no address to reach it from".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_is_open_or_closed() {
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

    #[tokio::test]
    async fn what_may_not_be_sent_is_not_sent() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
        let target = listener.local_addr().expect("an address");
        let attempt = outlay::Outlay::new(1).during(connect(target, None));
        let (answer, elapsed) = attempt.await.expect("a socket");
        assert!(
            matches!(&answer, Answer::Failed(error) if error.kind() == io::ErrorKind::QuotaExceeded),
            "{answer:?}"
        );
        assert_eq!(elapsed, Duration::ZERO);
        listener.set_nonblocking(true).expect("a mode");
        let nobody = listener.accept().expect_err("nobody came");
        assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn the_source_is_of_the_targets_family() {
        for target in ["127.0.0.1", "::1"] {
            let target: IpAddr = target.parse().expect("an address");
            assert_eq!(source(target).expect("a way"), target);
        }
    }

    #[test]
    fn resets_are_refusals_and_all_else_failed() {
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
    fn local_reasons_are_told_in_words() {
        let all = [
            io::ErrorKind::NetworkUnreachable,
            io::ErrorKind::HostUnreachable,
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::InvalidInput,
            io::ErrorKind::AddrNotAvailable,
        ];
        let mut told = all.map(|kind| local_reason(&kind.into())).to_vec();
        told.push(local_reason(&io::Error::other("the wire is cut")));
        insta::assert_snapshot!(told.join("\n"), @r#"
        this machine has no route to the network
        this machine cannot reach the host
        this machine's firewall or routes forbid it
        this machine's routes discard packets to it
        this machine has no address to reach it from
        the wire is cut
        "#);
    }
}
