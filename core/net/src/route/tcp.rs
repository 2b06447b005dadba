//! TCP prober: connects with small TTLs, for targets that answer no other probe and for systems
//! without an error queue.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::{Method, table::ProbeReply};
use crate::connect::{self, connect};

/// Ports that most often answer, open or closed.
const TCP_PORTS: [u16; 2] = [443, 80];

/// Timeout of an attempt: less than the second after which the kernel repeats a SYN, whose answer
/// would look like a slow one to the first.
const TIMEOUT: Duration = Duration::from_millis(980);

type Attempt = (u8, u8, io::Result<(connect::Answer, Duration)>);

/// Sends TCP connects with small TTLs.
pub(super) struct Tcp {
    target: IpAddr,
    /// The only port used; `None` for each of [`TCP_PORTS`] in turn.
    port: Option<u16>,
    attempts: FuturesUnordered<BoxFuture<'static, Attempt>>,
}

impl Tcp {
    pub(crate) fn new(target: IpAddr, port: Option<u16>) -> Self {
        Self {
            target,
            port,
            attempts: FuturesUnordered::new(),
        }
    }

    /// Starts one connection attempt; with a TTL of 0, the system's own TTL is used.
    pub(crate) fn send(&mut self, ttl: u8, column: u8) {
        let target = SocketAddr::new(self.target, self.port_of(column));
        let attempt = async move {
            let hops = (ttl > 0).then_some(ttl);
            let outcome = tokio::time::timeout(TIMEOUT, connect(target, hops)).await;
            let outcome = outcome.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            (ttl, column, outcome)
        };
        self.attempts.push(Box::pin(attempt));
    }

    fn port_of(&self, column: u8) -> u16 {
        let usual = TCP_PORTS[usize::from(column) % TCP_PORTS.len()];
        self.port.unwrap_or(usual)
    }

    /// Finds out which port answers: one attempt to each, whose answers have a TTL of 0.
    pub(crate) fn try_ports(&mut self) {
        for column in 0..TCP_PORTS.len() as u8 {
            self.send(0, column);
        }
    }

    /// Uses only the port of this column from now on.
    pub(crate) fn use_port_of(&mut self, column: u8) {
        self.port = Some(self.port_of(column));
    }

    /// Waits for an answer; forever if nothing is in flight. Cancel-safe.
    pub(crate) async fn listen(&mut self, answers: &mut Vec<ProbeReply>) {
        let Some((ttl, column, outcome)) = self.attempts.next().await else {
            return std::future::pending().await;
        };
        // A connect that fails for lack of a socket counts as a probe without an answer.
        let Ok((answer, rtt)) = outcome else { return };
        let (from, notice) = match answer {
            connect::Answer::Open(_) | connect::Answer::Refused => (self.target, None),
            connect::Answer::IcmpError(notice, Some(from)) => (from, Some(notice)),
            connect::Answer::IcmpError(_, None) | connect::Answer::Failed(_) => return,
        };
        answers.push(ProbeReply {
            ttl,
            column,
            from,
            rtt,
            notice,
            method: Method::Tcp,
        });
    }
}
