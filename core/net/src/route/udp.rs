//! UDP prober: one socket, one destination port per probe.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Instant, SystemTime},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::{Method, TraceError, table::ProbeReply};
use crate::{
    errqueue::{self, ErrorMessage, Queue},
    icmp::event::{round_trip, token},
};

/// First destination port, as in traceroute: normally nothing listens on it and those above.
pub(super) const BASE_PORT: u16 = 33434;
/// Payload of a probe in bytes: 60 with the IPv4 headers, as in traceroute.
const PAYLOAD: usize = 32;

pub(super) struct Udp {
    socket: UdpSocket,
    target: IpAddr,
    token: [u8; 8],
    /// Probes sent, indexed by port minus [`BASE_PORT`]; the oldest are replaced.
    sent: Vec<Sent>,
    next: usize,
}

/// Number of ports in use, after which the first is used again.
const PORTS: usize = 16_384;

struct Sent {
    ttl: u8,
    column: u8,
    at: (Instant, SystemTime),
}

impl Udp {
    pub(crate) fn open(target: IpAddr) -> Result<Self, TraceError> {
        let socket = errqueue::watch(new_socket(target.is_ipv6())?)?;
        Ok(Self {
            socket,
            target,
            token: token().to_be_bytes(),
            sent: Vec::new(),
            next: 0,
        })
    }

    /// Sends one probe. The kernel returns a pending ICMP error from the next call of any kind; if
    /// that fails the send, queued answers are read into `answers` and the send is retried.
    pub(crate) fn send(
        &mut self,
        ttl: u8,
        column: u8,
        answers: &mut Vec<ProbeReply>,
    ) -> io::Result<()> {
        let index = self.next;
        self.next = (index + 1) % PORTS;
        let port = u16::try_from(index)
            .ok()
            .and_then(|index| BASE_PORT.checked_add(index))
            .ok_or(io::ErrorKind::QuotaExceeded)?;
        let mut payload = [0x40; PAYLOAD];
        payload[..8].copy_from_slice(&self.token);
        let to = Some(SocketAddr::new(self.target, port));
        let hops = Some((ttl, self.target.is_ipv6()));

        let sent = Sent {
            ttl,
            column,
            at: (Instant::now(), SystemTime::now()),
        };
        match self.sent.get_mut(index) {
            Some(oldest) => *oldest = sent,
            None => self.sent.push(sent),
        }

        let mut outcome = Ok(());

        // Another error may arrive between reading the first and sending again.
        for _ in 0..3 {
            outcome = errqueue::send(&self.socket, &payload, to, hops);
            if outcome.is_ok() {
                break;
            }
            errqueue::drain(&self.socket, |queue, message, bytes| {
                answers.extend(self.understand(queue, message, bytes));
            });
        }

        outcome
    }

    /// Waits for answers. Cancel-safe.
    pub(crate) async fn listen(&self, answers: &mut Vec<ProbeReply>) -> io::Result<()> {
        errqueue::next_batch(&self.socket, |queue, message, bytes| {
            answers.extend(self.understand(queue, message, bytes));
        })
        .await
    }

    fn understand(&self, queue: Queue, message: &ErrorMessage, bytes: &[u8]) -> Option<ProbeReply> {
        // For an error, the destination of the probe it refers to.
        let peer = message.peer?;
        if peer.ip() != self.target {
            return None;
        }

        let index = usize::from(peer.port().checked_sub(BASE_PORT)?);
        let probe = self.sent.get(index)?;
        let (from, notice) = match queue {
            // A service listens on that port and answered.
            Queue::Data => (self.target, None),
            Queue::Errors => {
                // Routers may quote only the UDP header (RFC 792).
                if bytes
                    .first_chunk::<8>()
                    .is_some_and(|quoted| *quoted != self.token)
                {
                    return None;
                }
                let report = message.error?;
                (report.offender?, Some(report.notice?))
            }
        };

        Some(ProbeReply {
            ttl: probe.ttl,
            column: probe.column,
            from,
            rtt: round_trip(probe.at, message.stamp),
            notice,
            method: Method::Udp,
        })
    }
}

/// Creates a UDP socket with the error queue enabled.
pub(super) fn new_socket(ipv6: bool) -> io::Result<Socket> {
    let domain = if ipv6 { Domain::IPV6 } else { Domain::IPV4 };
    let socket = Socket::new(
        domain,
        Type::DGRAM.nonblocking().cloexec(),
        Some(Protocol::UDP),
    )?;
    if ipv6 {
        socket.set_only_v6(true)?;
    }
    errqueue::enable(&socket, ipv6)?;
    let any: IpAddr = if ipv6 {
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    socket.bind(&SocketAddr::new(any, 0).into())?;
    Ok(socket)
}
