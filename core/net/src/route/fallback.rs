//! ICMP echo prober, for targets that do not answer UDP.

use std::{
    io,
    net::IpAddr,
    time::{Instant, SystemTime},
};

use super::{Method, TraceError, table::ProbeReply};
use crate::icmp::{
    event::{EchoEvent, EchoOutcome},
    socket::EchoSocket,
};

/// Payload of an echo request in bytes, as in ping.
const ECHO_SIZE: u16 = 32;

/// Sends ICMP echo requests with small TTLs.
pub(super) struct Echo {
    socket: EchoSocket,
    /// TTL, column and send time of each probe, by sequence number from 1; the oldest are replaced.
    sent: Vec<(u8, u8, (Instant, SystemTime))>,
    next: usize,
}

/// Number of sequence numbers in use, after which the first is used again.
const NUMBERS: usize = 16_384;

impl Echo {
    /// Opens the socket; `None` if the system does not permit it.
    pub(crate) fn open(target: IpAddr) -> Option<Self> {
        Some(Self {
            socket: EchoSocket::open(target).ok()?,
            sent: Vec::new(),
            next: 0,
        })
    }

    /// Opens the socket for a user who chose ICMP.
    ///
    /// # Errors
    /// The system does not permit it.
    pub(crate) fn permitted(target: IpAddr) -> Result<Self, TraceError> {
        Self::open(target).ok_or_else(|| TraceError::Local {
            reason: "this system does not permit ICMP echo".into(),
        })
    }

    /// Sends one probe; if that fails, it counts as unanswered.
    pub(crate) fn send(&mut self, ttl: u8, column: u8, answers: &mut Vec<ProbeReply>) {
        let sent = (ttl, column, (Instant::now(), SystemTime::now()));
        match self.sent.get_mut(self.next) {
            Some(oldest) => *oldest = sent,
            None => self.sent.push(sent),
        }
        self.next = (self.next + 1) % NUMBERS;
        let number = if self.next == 0 { NUMBERS } else { self.next };
        let Ok(seq) = u16::try_from(number) else {
            return;
        };
        if self.socket.send(seq, ECHO_SIZE, Some(ttl)).is_err() {
            // The error may belong to an ICMP error that was not read yet: read it and retry.
            let mut events = Vec::new();
            self.socket.collect(&mut events);
            answers.extend(events.iter().filter_map(|event| self.answer(event)));
            let _ = self.socket.send(seq, ECHO_SIZE, Some(ttl));
        }
    }

    /// Waits for answers. Cancel-safe.
    pub(crate) async fn listen(&self, answers: &mut Vec<ProbeReply>) -> io::Result<()> {
        let mut events = Vec::new();
        self.socket.listen(&mut events).await?;
        answers.extend(events.iter().filter_map(|event| self.answer(event)));
        Ok(())
    }

    fn answer(&self, event: &EchoEvent) -> Option<ProbeReply> {
        let (ttl, column, at) = *self.sent.get(usize::from(event.seq).checked_sub(1)?)?;
        let notice = match event.outcome {
            EchoOutcome::Reply => None,
            EchoOutcome::IcmpError(notice) => Some(notice),
            EchoOutcome::NotSent => return None,
        };
        let rtt = event.when.since(at);
        Some(ProbeReply {
            ttl,
            column,
            from: event.from?,
            rtt,
            notice,
            method: Method::Icmp,
        })
    }
}
