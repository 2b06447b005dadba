//! For targets that answer nothing else, and for systems without an error queue: TCP connects with small TTLs.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::{Method, table::Answer};
use crate::connect::{self, connect};

/// Ports that are answered most often, open or closed.
const TCP_PORTS: [u16; 2] = [443, 80];

type Attempt = (u8, u8, io::Result<(connect::Answer, Duration)>);

/// TCP connects with small TTLs.
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

    /// Starts one probe.
    pub(crate) fn send(&mut self, ttl: u8, column: u8) {
        let port = TCP_PORTS[usize::from(column) % TCP_PORTS.len()];
        let target = SocketAddr::new(self.target, port);
        let attempt = async move { (ttl, column, connect(target, Some(ttl)).await) };
        self.attempts.push(Box::pin(attempt));
    }

    /// Waits for an answer; for ever while nothing is in flight. Cancel-safe.
    pub(crate) async fn listen(&mut self, answers: &mut Vec<Answer>) {
        let Some((ttl, column, outcome)) = self.attempts.next().await else {
            return std::future::pending().await;
        };
        // A connect that fails for want of a socket is a probe without an answer.
        let Ok((answer, rtt)) = outcome else { return };
        let (from, notice) = match answer {
            connect::Answer::Open(_) | connect::Answer::Refused => (self.target, None),
            connect::Answer::Notice(notice, Some(from)) => (from, Some(notice)),
            connect::Answer::Notice(_, None) | connect::Answer::Failed(_) => return,
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
