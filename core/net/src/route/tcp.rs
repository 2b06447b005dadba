//! TCP prober: connects with small TTLs, for targets that answer no other probe and for systems
//! without an error queue.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::{Method, table::Answer};
use crate::connect::{self, connect};

/// Ports that most often answer, open or closed.
const TCP_PORTS: [u16; 2] = [443, 80];

type Attempt = (u8, u8, io::Result<(connect::Answer, Duration)>);

/// Sends TCP connects with small TTLs.
pub(super) struct Tcp {
    target: IpAddr,
    attempts: FuturesUnordered<BoxFuture<'static, Attempt>>,
}

impl Tcp {
    pub(crate) fn new(target: IpAddr) -> Self {
        Self {
            target,
            attempts: FuturesUnordered::new(),
        }
    }

    /// Starts one connection attempt.
    pub(crate) fn send(&mut self, ttl: u8, column: u8) {
        let port = TCP_PORTS[usize::from(column) % TCP_PORTS.len()];
        let target = SocketAddr::new(self.target, port);
        let attempt = async move { (ttl, column, connect(target, Some(ttl)).await) };
        self.attempts.push(Box::pin(attempt));
    }

    /// Waits for an answer; forever if nothing is in flight. Cancel-safe.
    pub(crate) async fn listen(&mut self, answers: &mut Vec<Answer>) {
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
        answers.push(Answer {
            ttl,
            column,
            from,
            rtt,
            notice,
            method: Method::Tcp,
        });
    }
}
