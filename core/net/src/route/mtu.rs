//! Finds narrow links: one datagram that fills an Ethernet frame and must not be cut, then one of
//! the size that the complaining router names (RFC 1191, RFC 8201).

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
    errqueue::{self, Message, Queue},
    notice::Notice,
};

/// Bytes of the first datagram, headers included.
const ETHERNET: u32 = 1500;
/// Links get narrower a few times at most on a real path.
const ROUNDS: u8 = 4;

pub(super) struct MtuProbe {
    socket: UdpSocket,
    target: IpAddr,
    size: u32,
    rounds: u8,
    /// When the datagram in flight was sent.
    pub sent: Option<Instant>,
}

impl MtuProbe {
    /// `None` where the socket cannot be had: a trace goes on without.
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

    /// Whether nothing was sent yet.
    pub(super) fn is_unused(&self) -> bool {
        self.rounds == 0
    }

    /// Sends the next datagram, if there is still something to find out.
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
            // This machine's own link is narrower; its report says how wide it is.
            let Some(narrower) = self.local_mtu() else {
                return;
            };
            self.size = narrower;
        }
    }

    fn local_mtu(&self) -> Option<u32> {
        let mut said = None;
        errqueue::drain(&self.socket, |_, message, _| {
            said = message
                .error
                .filter(|report| report.notice.is_none())
                .map(|r| r.info)
                .or(said);
        });
        said.filter(|mtu| *mtu < self.size)
    }

    /// Waits for an answer; a narrower link is added to `found` and asked about again.
    pub(super) async fn listen(&mut self, found: &mut Vec<PathMtu>) -> io::Result<()> {
        if self.sent.is_none() {
            return std::future::pending().await;
        }
        let mut narrower = None;
        let mut done = false;
        errqueue::next_batch(&self.socket, |queue, message, _| {
            match understand(queue, message) {
                Some(report) => narrower = Some(report),
                None => done = true,
            }
        })
        .await?;
        match narrower {
            Some(report) if (68..self.size).contains(&report.mtu) => {
                found.push(report);
                self.size = report.mtu;
                self.send();
            }
            _ if done => self.sent = None,
            _ => {}
        }
        Ok(())
    }

    /// Until when a finished trace waits for it: as long as a round trip takes.
    pub(super) fn patience(&self, slowest: Duration) -> Option<Instant> {
        let wait = (slowest + slowest / 8 + Duration::from_millis(2)).min(Duration::from_secs(1));
        self.sent.map(|sent| sent + wait)
    }
}

/// A report of a narrow link; anything else means that the datagram fitted, or met a filter.
fn understand(queue: Queue, message: &Message) -> Option<PathMtu> {
    let report = message.error.filter(|_| queue == Queue::Errors)?;
    match (report.notice, report.offender) {
        (Some(Notice::FragmentationNeeded { mtu }), Some(address)) => {
            Some(PathMtu { mtu, address })
        }
        _ => None,
    }
}
