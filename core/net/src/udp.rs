//! UDP port check: sends what the usual service of a port answers, and reads replies and ICMP errors.
//!
//! Silence says nothing: the port may be open, filtered, or closed on a host whose ICMP errors are
//! rate-limited (Linux: six at once, then one a second). So ports of a host that does send
//! "port unreachable" are tried for longer.

mod probe;

use std::{
    collections::HashSet,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{net::UdpSocket, time::timeout_at};

use crate::{
    connect::{Answer, explain, local_reason},
    egress_budget,
    icmp::millis,
    icmp_error::IcmpError,
    tcp::{PortResult, PortState, rejection},
};
use probe::Probe;

/// Ports checked at the same time.
const CONCURRENCY: usize = 64;
/// Time to wait after each attempt.
const WAITS: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_millis(700),
    Duration::from_millis(1000),
];
/// Time to wait after each further attempt, at a host that sends "port unreachable"; a little longer
/// than its rate limit.
const LATE_WAIT: Duration = Duration::from_millis(1050);
/// Most attempts at such a host.
const MAX_ATTEMPTS: usize = 8;
/// Longest reply that is read, in bytes.
const MAX_REPLY: usize = 2048;
/// Replies of the wrong form that are skipped in one attempt.
const MAX_STRAY: usize = 16;

/// Checks UDP ports of an address. `on_result` is called for each port when its state is known. The
/// results have the order of `ports`, without duplicates.
pub async fn check_udp_ports(
    address: IpAddr,
    ports: &[u16],
    mut on_result: impl FnMut(&PortResult),
) -> Vec<PortResult> {
    let mut seen = HashSet::new();
    let unique: Vec<u16> = ports
        .iter()
        .copied()
        .filter(|port| seen.insert(*port))
        .collect();

    let refuses = AtomicBool::new(false);
    let refuses = &refuses;
    let count = unique.len();
    let mut checks = stream::iter(unique.into_iter().enumerate())
        .map(|(index, port)| async move { (index, check(address, port, refuses).await) })
        .buffer_unordered(CONCURRENCY);

    let mut results: Vec<Option<PortResult>> = vec![None; count];
    while let Some((index, result)) = checks.next().await {
        on_result(&result);
        results[index] = Some(result);
    }
    results.into_iter().flatten().collect()
}

/// How one attempt ended.
enum ProbeOutcome {
    Reply(Duration, Option<String>),
    Rejected(Duration, Option<(IcmpError, Option<IpAddr>)>),
    Failed(String),
    Silence,
}

async fn check(address: IpAddr, port: u16, refuses: &AtomicBool) -> PortResult {
    let result = |state, rtt: Option<Duration>, reason, hint| PortResult {
        port,
        state,
        rtt_ms: rtt.map(|rtt| millis(rtt.max(Duration::from_micros(1)))),
        reason,
        hint,
    };
    let failed = |text| result(PortState::Filtered, None, Some(text), None);
    let socket = match open(SocketAddr::new(address, port)) {
        Ok(socket) => socket,
        Err(error) => return failed(format!("not checked: {}", local_reason(&error))),
    };
    let probe = Probe::of(port);

    for attempt in 0..MAX_ATTEMPTS {
        let wait = match WAITS.get(attempt) {
            Some(wait) => *wait,
            None if refuses.load(Ordering::Relaxed) => LATE_WAIT,
            None => break,
        };

        match try_once(&socket, &probe, wait).await {
            ProbeOutcome::Reply(rtt, hint) => {
                return result(PortState::Open, Some(rtt), None, hint);
            }
            ProbeOutcome::Rejected(rtt, notice) => {
                // Port unreachable by another host is a firewall's.
                let is_closed = match notice {
                    None => true,
                    Some((notice, from)) => {
                        notice == IcmpError::PortUnreachable
                            && from.is_none_or(|from| from == address)
                    }
                };
                if is_closed {
                    refuses.store(true, Ordering::Relaxed);
                    return result(PortState::Closed, Some(rtt), None, None);
                }
                let reason = notice.map(|(notice, from)| rejection(notice, from));
                return result(PortState::Filtered, Some(rtt), reason, None);
            }
            ProbeOutcome::Failed(text) => return failed(text),
            ProbeOutcome::Silence => {}
        }
    }

    result(PortState::NoReply, None, None, None)
}

/// Opens a socket connected to a port, which receives only what comes from there and errors about
/// what it sent.
fn open(target: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match target {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let kind = Type::DGRAM;
    let socket = Socket::new(Domain::for_address(target), kind, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    crate::errqueue::report_errors(&socket, target.is_ipv6())?;
    socket.bind(&SocketAddr::new(any, 0).into())?;
    socket.connect(&target.into())?;
    UdpSocket::from_std(socket.into())
}

/// Sends the probe's datagrams and waits for a reply or an error.
async fn try_once(socket: &UdpSocket, probe: &Probe, wait: Duration) -> ProbeOutcome {
    let start = Instant::now();
    let deadline = (start + wait).into();

    for datagram in probe.datagrams() {
        if let Err(error) = egress_budget::charge_bytes(egress_budget::DATAGRAM + datagram.len()) {
            return ProbeOutcome::Failed(error.to_string());
        }
        if let Err(error) = socket.send(datagram).await {
            return rejected(error, socket, start.elapsed());
        }
    }

    #[cfg(target_os = "linux")]
    let watch = crate::connect::clock::Watch::of_reply(socket);
    let mut buffer = [0; MAX_REPLY];
    for _ in 0..MAX_STRAY {
        let Ok(received) = timeout_at(deadline, socket.recv(&mut buffer)).await else {
            return ProbeOutcome::Silence;
        };
        let now = Instant::now();
        #[cfg(target_os = "linux")]
        let now = watch
            .as_ref()
            .map_or(now, |watch| watch.answered_before(now));
        let elapsed = now.saturating_duration_since(start);
        match received {
            Err(error) => return rejected(error, socket, elapsed),
            Ok(length) => {
                if let Some(hint) = probe.read(&buffer[..length]) {
                    return ProbeOutcome::Reply(elapsed, hint);
                }
            }
        }
    }
    ProbeOutcome::Silence
}

fn rejected(error: io::Error, socket: &UdpSocket, elapsed: Duration) -> ProbeOutcome {
    match explain(error, socket) {
        Answer::IcmpError(notice, from) => ProbeOutcome::Rejected(elapsed, Some((notice, from))),
        Answer::Refused => ProbeOutcome::Rejected(elapsed, None),
        Answer::Failed(error) => ProbeOutcome::Failed(local_reason(&error)),
        Answer::Open(_) => ProbeOutcome::Silence,
    }
}

#[cfg(test)]
mod tests;
