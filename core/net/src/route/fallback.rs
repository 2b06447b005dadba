//! For targets that do not answer UDP: the same question as ICMP echo.

use std::{
    io,
    net::IpAddr,
    time::{Instant, SystemTime},
};

use super::{Method, table::Answer};
use crate::icmp::{
    heard::{Heard, Said},
    socket::EchoSocket,
};

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
    pub(crate) fn open(target: IpAddr) -> Option<Self> {
        Some(Self {
            socket: EchoSocket::open(target).ok()?,
            sent: Vec::new(),
        })
    }

    /// Sends one probe; one that cannot be sent stays unanswered.
    pub(crate) fn send(&mut self, ttl: u8, column: u8, answers: &mut Vec<Answer>) {
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
    pub(crate) async fn listen(&self, answers: &mut Vec<Answer>) -> io::Result<()> {
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
