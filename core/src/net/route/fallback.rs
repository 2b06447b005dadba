//! For targets that do not answer UDP: the same question as ICMP echo, or as TCP connects.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use super::Method;
use super::table::Answer;
use crate::net::connect::{self, connect};
use crate::net::icmp::heard::{Heard, Said};
use crate::net::icmp::socket::EchoSocket;

/// Ports that are answered most often, open or closed.
const TCP_PORTS: [u16; 2] = [443, 80];
/// Payload of an echo request in bytes, as ping's.
const ECHO_SIZE: u16 = 32;

/// ICMP echo with small TTLs.
pub(super) struct Echo {
    socket: EchoSocket,
    /// By sequence number from 1.
    sent: Vec<(u8, u8, (Instant, SystemTime))>,
}

impl Echo {
    /// `None` where the system does not permit it.
    pub fn open(target: IpAddr) -> Option<Self> {
        Some(Self {
            socket: EchoSocket::open(target).ok()?,
            sent: Vec::new(),
        })
    }

    /// Sends one probe; one that cannot be sent stays unanswered.
    pub fn send(&mut self, ttl: u8, column: u8, answers: &mut Vec<Answer>) {
        self.sent
            .push((ttl, column, (Instant::now(), SystemTime::now())));
        let Ok(seq) = u16::try_from(self.sent.len()) else {
            return;
        };
        if self.socket.send(seq, ECHO_SIZE, Some(ttl)).is_err() {
            // The error of a report that was not read yet.
            let mut heard = Vec::new();
            self.socket.collect(&mut heard);
            answers.extend(heard.iter().filter_map(|heard| self.answer(heard)));
            let _ = self.socket.send(seq, ECHO_SIZE, Some(ttl));
        }
    }

    /// Waits for answers. Cancel-safe.
    pub async fn listen(&self, answers: &mut Vec<Answer>) -> io::Result<()> {
        let mut heard = Vec::new();
        self.socket.listen(&mut heard).await?;
        answers.extend(heard.iter().filter_map(|heard| self.answer(heard)));
        Ok(())
    }

    fn answer(&self, heard: &Heard) -> Option<Answer> {
        let (ttl, column, at) = *self.sent.get(usize::from(heard.seq).checked_sub(1)?)?;
        let notice = match heard.said {
            Said::Reply => None,
            Said::Notice(notice) => Some(notice),
            Said::NotSent => return None,
        };
        let rtt = heard.when.since(at);
        Some(Answer {
            ttl,
            column,
            from: heard.from?,
            rtt,
            notice,
            method: Method::Icmp,
        })
    }
}

type Attempt = (u8, u8, io::Result<(connect::Answer, Duration)>);

/// TCP connects with small TTLs.
pub(super) struct Tcp {
    target: IpAddr,
    attempts: FuturesUnordered<BoxFuture<'static, Attempt>>,
}

impl Tcp {
    pub fn new(target: IpAddr) -> Self {
        Self {
            target,
            attempts: FuturesUnordered::new(),
        }
    }

    /// Starts one probe.
    pub fn send(&mut self, ttl: u8, column: u8) {
        let port = TCP_PORTS[usize::from(column) % TCP_PORTS.len()];
        let target = SocketAddr::new(self.target, port);
        let attempt = async move { (ttl, column, connect(target, Some(ttl)).await) };
        self.attempts.push(Box::pin(attempt));
    }

    /// Waits for an answer; for ever while nothing is in flight. Cancel-safe.
    pub async fn listen(&mut self, answers: &mut Vec<Answer>) {
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
