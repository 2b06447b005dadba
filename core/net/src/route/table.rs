//! What is known of a route so far: a table of hops and probes. No I/O.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use super::{Hop, Method, Note, PathMtu, ProbeAnswer};
use crate::{icmp::millis, notice::Notice};

/// An answer, as a prober hands it in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// The TTL that was asked with.
    pub ttl: u8,
    /// Which of the hop's probes, from 0.
    pub column: u8,
    pub from: IpAddr,
    pub rtt: Duration,
    /// `None` for an answer of the asked protocol itself (echo reply, SYN-ACK, RST, UDP data).
    pub notice: Option<Notice>,
    pub method: Method,
}

/// Where the route ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub ttl: u8,
    /// The target's kind of answer; `None` where somebody else refused.
    pub reached: Option<Method>,
}

pub(super) struct Table {
    target: IpAddr,
    /// This machine's address towards the target: a report from there is our own kernel's.
    source: IpAddr,
    rows: Vec<Vec<Option<Answer>>>,
    /// The slowest answer of the network; those three seconds that a router needs to find out
    /// that a host is missing do not count.
    pub slowest: Duration,
    /// When the last answer came that belongs to the route.
    pub last_useful: Option<Instant>,
    mtus: Vec<PathMtu>,
}

impl Table {
    pub(super) fn new(target: IpAddr, source: IpAddr, max_hops: u8, probes: u8) -> Self {
        Self {
            target,
            source,
            rows: vec![vec![None; usize::from(probes)]; usize::from(max_hops)],
            slowest: Duration::ZERO,
            last_useful: None,
            mtus: Vec::new(),
        }
    }

    /// Takes an answer in; false if it says nothing new.
    pub(super) fn record(&mut self, answer: Answer) -> bool {
        let row = usize::from(answer.ttl).wrapping_sub(1);
        let Some(cell) = self
            .rows
            .get_mut(row)
            .and_then(|row| row.get_mut(usize::from(answer.column)))
        else {
            return false;
        };
        if cell.is_some() {
            return false;
        }
        *cell = Some(answer);
        if !matches!(answer.notice, Some(Notice::HostUnreachable)) {
            self.slowest = self.slowest.max(answer.rtt);
        }
        let useful = self.end().is_none_or(|end| answer.ttl <= end.ttl);
        if useful {
            self.last_useful = Some(Instant::now());
        }
        useful
    }

    /// Remembers that a router reported a narrow link.
    pub(super) fn record_mtu(&mut self, found: PathMtu) {
        self.mtus.push(found);
    }

    fn is_target(&self, answer: &Answer) -> bool {
        answer.from == self.target
    }

    /// A refusal by somebody else: nothing of this probe gets further.
    fn is_refusal(&self, answer: &Answer) -> bool {
        !self.is_target(answer)
            && !matches!(
                answer.notice,
                None | Some(Notice::TimeExceeded | Notice::FragmentationNeeded { .. })
            )
    }

    /// The hop that ends the route: the first that is the target, else the first that refused
    /// every probe it answered, with nobody behind it who let one pass.
    pub(super) fn end(&self) -> Option<End> {
        let answers =
            |row: &'_ Vec<Option<Answer>>| row.iter().flatten().copied().collect::<Vec<_>>();
        let mut refused = None;
        for (ttl, row) in (1..).zip(&self.rows) {
            let row = answers(row);
            if let Some(answer) = row.iter().find(|answer| self.is_target(answer)) {
                return Some(End {
                    ttl,
                    reached: Some(answer.method),
                });
            }
            if row.iter().any(|answer| !self.is_refusal(answer)) {
                refused = None;
            } else if !row.is_empty() && refused.is_none() {
                refused = Some(End { ttl, reached: None });
            }
        }
        refused
    }

    /// The last hop that answered; 0 if none did.
    pub(super) fn last_heard(&self) -> u8 {
        (1..)
            .zip(&self.rows)
            .filter(|(_, row)| row.iter().any(Option::is_some))
            .map(|(ttl, _)| ttl)
            .last()
            .unwrap_or(0)
    }

    /// Nothing is missing: the end is known and each probe up to it has its answer.
    pub(super) fn complete(&self) -> bool {
        self.end().is_some_and(|end| {
            self.rows[..usize::from(end.ttl)]
                .iter()
                .flatten()
                .all(Option::is_some)
        })
    }

    /// Hops without any answer: before the end, or all of them while there is none.
    pub(super) fn silent(&self) -> Vec<u8> {
        let until = self.end().map_or(u8::MAX, |end| end.ttl);
        (1..)
            .zip(&self.rows)
            .filter(|(ttl, row)| *ttl <= until && row.iter().all(Option::is_none))
            .map(|(ttl, _)| ttl)
            .collect()
    }

    /// The narrowest link that was reported.
    pub(super) fn path_mtu(&self) -> Option<PathMtu> {
        self.mtus.iter().copied().min_by_key(|found| found.mtu)
    }

    /// The route as far as it is known; with one silent hop behind the last answer if the trace
    /// is over and has no end.
    pub(super) fn hops(&self, over: bool) -> Vec<Hop> {
        let until = self.end().map_or_else(
            || usize::from(self.last_heard()) + usize::from(over),
            |end| usize::from(end.ttl),
        );
        (1..)
            .zip(self.rows.iter().take(until))
            .map(|(ttl, row)| self.hop(ttl, row))
            .collect()
    }

    fn hop(&self, ttl: u8, row: &[Option<Answer>]) -> Hop {
        let probes = row
            .iter()
            .map(|cell| cell.as_ref().map(|answer| self.show(answer)))
            .collect();
        let mtu = self
            .mtus
            .iter()
            .find(|found| {
                row.iter()
                    .flatten()
                    .any(|answer| answer.from == found.address)
            })
            .map(|found| found.mtu);
        Hop { ttl, probes, mtu }
    }

    fn show(&self, answer: &Answer) -> ProbeAnswer {
        let normal = match answer.notice {
            None | Some(Notice::TimeExceeded) => true,
            Some(Notice::PortUnreachable) => self.is_target(answer),
            Some(_) => false,
        };
        let note = answer.notice.filter(|_| !normal).map(|notice| Note {
            notice,
            // From the target it is the route's end; from anyone else it must not look like it.
            mark: notice.mark().or_else(|| Some("!3".into())),
            local: answer.from == self.source && !self.is_target(answer),
        });
        ProbeAnswer {
            address: answer.from,
            rtt_ms: millis(answer.rtt),
            note,
        }
    }
}

#[cfg(test)]
mod tests;
