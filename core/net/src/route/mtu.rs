//! Path MTU discovery (RFC 1191, RFC 8201): sends one datagram that fills an Ethernet frame,
//! without fragmentation, then one of the size that a router reports.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use tokio::net::UdpSocket;

use super::{
    PathMtu,
    udp::{BASE_PORT, new_socket},
};
use crate::{
    errqueue::{self, ErrorMessage, Queue},
    icmp_error::IcmpError,
};

/// Size of the first datagram in bytes, including headers.
const ETHERNET: u32 = 1500;
/// Most datagrams sent; on a real path the MTU decreases only a few times.
const ROUNDS: u8 = 4;

pub(super) struct MtuProbe {
    socket: UdpSocket,
    target: IpAddr,
    size: u32,
    rounds: u8,
    /// Send time of the datagram in flight.
    pub sent: Option<Instant>,
}

impl MtuProbe {
    /// Opens the socket. Returns `None` on failure; the trace then runs without it.
    pub(super) fn open(target: IpAddr) -> Option<Self> {
        let socket = new_socket(target.is_ipv6()).ok()?;
        errqueue::never_fragment(&socket, target.is_ipv6()).ok()?;
        socket
            .connect(&SocketAddr::new(target, BASE_PORT).into())
            .ok()?;
        let socket = errqueue::watch(socket).ok()?;
        Some(Self {
            socket,
            target,
            size: ETHERNET,
            rounds: 0,
            sent: None,
        })
    }

    /// Whether no datagram was sent yet.
    pub(super) fn is_unused(&self) -> bool {
        self.rounds == 0
    }

    /// Sends the next datagram, if the path MTU is not known yet.
    pub(super) fn send(&mut self) {
        self.sent = None;
        let headers = if self.target.is_ipv6() { 48 } else { 28 };
        while self.rounds < ROUNDS && self.size > headers {
            self.rounds += 1;
            let payload = vec![0x40; usize::try_from(self.size - headers).unwrap_or(0)];
            if errqueue::send(&self.socket, &payload, None, None).is_ok() {
                self.sent = Some(Instant::now());
                return;
            }
            // The MTU of this machine's own link is smaller; its error contains the MTU.
            let Some(narrower) = self.local_mtu() else {
                return;
            };
            self.size = narrower;
        }
    }

    fn local_mtu(&self) -> Option<u32> {
        let mut mtu = None;
        errqueue::drain(&self.socket, |_, message, _| {
            mtu = message
                .error
                .filter(|report| report.notice.is_none())
                .map(|r| r.info)
                .or(mtu);
        });
        mtu.filter(|mtu| *mtu < self.size)
    }

    /// Waits for an answer. A smaller MTU is added to `reports` and probed next.
    pub(super) async fn listen(&mut self, reports: &mut Vec<PathMtu>) -> io::Result<()> {
        if self.sent.is_none() {
            return std::future::pending().await;
        }
        let mut narrower = None;
        let mut done = false;
        errqueue::next_batch(&self.socket, |queue, message, _| {
            match parse_report(queue, message) {
                Some(report) => narrower = Some(report),
                None => done = true,
            }
        })
        .await?;
        match narrower {
            Some(report) if (68..self.size).contains(&report.mtu) => {
                reports.push(report);
                self.size = report.mtu;
                self.send();
            }
            _ if done => self.sent = None,
            _ => {}
        }
        Ok(())
    }

    /// Returns how long a finished trace waits for the answer: about one round trip.
    pub(super) fn wait_until(&self, slowest: Duration) -> Option<Instant> {
        let wait = (slowest + slowest / 8 + Duration::from_millis(2)).min(Duration::from_secs(1));
        self.sent.map(|sent| sent + wait)
    }
}

/// Reads the reported MTU; any other message means that the datagram arrived or was filtered.
fn parse_report(queue: Queue, message: &ErrorMessage) -> Option<PathMtu> {
    let report = message.error.filter(|_| queue == Queue::Errors)?;
    match (report.notice, report.offender) {
        (Some(IcmpError::FragmentationNeeded { mtu }), Some(address)) => {
            Some(PathMtu { mtu, address })
        }
        _ => None,
    }
}
