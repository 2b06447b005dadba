//! Table of hops and probes of a trace. No I/O.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use super::{Method, Note, PathMtu, ProbeAnswer, RouteHop};
use crate::{icmp::millis, icmp_error::IcmpError};

/// An answer to a probe, from any prober.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProbeReply {
    /// TTL of the probe.
    pub ttl: u8,
    /// Index of the probe within its hop, from 0.
    pub column: u8,
    pub from: IpAddr,
    pub rtt: Duration,
    /// The ICMP error; `None` for a reply of the protocol itself (echo reply, SYN-ACK, RST, UDP
    /// data).
    pub notice: Option<IcmpError>,
    pub method: Method,
}

/// Where the route ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RouteEnd {
    pub ttl: u8,
    /// Kind of probe that the target answered; `None` if another host rejected the probes.
    pub reached: Option<Method>,
}

pub(super) struct Table {
    target: IpAddr,
    /// Source address of this machine: an error from it is from our own kernel.
    source: IpAddr,
    rows: Vec<Vec<Option<ProbeReply>>>,
    /// Longest round trip, not counting "host unreachable", which a router reports after three
    /// seconds.
    pub slowest: Duration,
    /// Time of the last answer that belongs to the route.
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

    /// Records an answer; returns false if it adds nothing to the route.
    pub(super) fn record(&mut self, answer: ProbeReply) -> bool {
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
        if !matches!(answer.notice, Some(IcmpError::HostUnreachable)) {
            self.slowest = self.slowest.max(answer.rtt);
        }
        let useful = self.end().is_none_or(|end| answer.ttl <= end.ttl);
        if useful {
            self.last_useful = Some(Instant::now());
        }
        useful
    }

    /// Records a smaller MTU reported by a router.
    pub(super) fn record_mtu(&mut self, report: PathMtu) {
        self.mtus.push(report);
    }

    fn is_target(&self, answer: &ProbeReply) -> bool {
        answer.from == self.target
    }

    /// Whether another host than the target rejected the probe.
    fn is_refusal(&self, answer: &ProbeReply) -> bool {
        !self.is_target(answer)
            && !matches!(
                answer.notice,
                None | Some(IcmpError::TimeExceeded | IcmpError::FragmentationNeeded { .. })
            )
    }

    /// Returns the hop that ends the route: the first reply of the target, otherwise the first hop
    /// that rejected every probe it answered, if no later hop forwarded one.
    pub(super) fn end(&self) -> Option<RouteEnd> {
        let answers =
            |row: &'_ Vec<Option<ProbeReply>>| row.iter().flatten().copied().collect::<Vec<_>>();
        let mut rejection = None;
        for (ttl, row) in (1..).zip(&self.rows) {
            let row = answers(row);
            if let Some(answer) = row.iter().find(|answer| self.is_target(answer)) {
                return Some(RouteEnd {
                    ttl,
                    reached: Some(answer.method),
                });
            }
            if row.iter().any(|answer| !self.is_refusal(answer)) {
                rejection = None;
            } else if !row.is_empty() && rejection.is_none() {
                rejection = Some(RouteEnd { ttl, reached: None });
            }
        }
        rejection
    }

    /// Returns the last hop that answered; 0 if none did.
    pub(super) fn last_reply(&self) -> u8 {
        (1..)
            .zip(&self.rows)
            .filter(|(_, row)| row.iter().any(Option::is_some))
            .map(|(ttl, _)| ttl)
            .last()
            .unwrap_or(0)
    }

    /// Whether the end is known and each probe up to it is answered.
    pub(super) fn complete(&self) -> bool {
        self.end().is_some_and(|end| {
            self.rows[..usize::from(end.ttl)]
                .iter()
                .flatten()
                .all(Option::is_some)
        })
    }

    /// Returns the hops without an answer, up to the end if it is known.
    pub(super) fn silent(&self) -> Vec<u8> {
        let until = self.end().map_or(u8::MAX, |end| end.ttl);
        (1..)
            .zip(&self.rows)
            .filter(|(ttl, row)| *ttl <= until && row.iter().all(Option::is_none))
            .map(|(ttl, _)| ttl)
            .collect()
    }

    /// Returns the smallest MTU reported.
    pub(super) fn path_mtu(&self) -> Option<PathMtu> {
        self.mtus.iter().copied().min_by_key(|report| report.mtu)
    }

    /// Returns the hops so far. If the trace ends before the target, one hop without a reply is
    /// added after the last answer.
    pub(super) fn hops(&self, over: bool) -> Vec<RouteHop> {
        let until = self.end().map_or_else(
            || usize::from(self.last_reply()) + usize::from(over),
            |end| usize::from(end.ttl),
        );
        (1..)
            .zip(self.rows.iter().take(until))
            .map(|(ttl, row)| self.hop(ttl, row))
            .collect()
    }

    fn hop(&self, ttl: u8, row: &[Option<ProbeReply>]) -> RouteHop {
        let probes = row
            .iter()
            .map(|cell| cell.as_ref().map(|answer| self.format_answer(answer)))
            .collect();
        let mtu = self
            .mtus
            .iter()
            .find(|report| {
                row.iter()
                    .flatten()
                    .any(|answer| answer.from == report.address)
            })
            .map(|report| report.mtu);
        RouteHop { ttl, probes, mtu }
    }

    fn format_answer(&self, answer: &ProbeReply) -> ProbeAnswer {
        ProbeAnswer {
            address: answer.from,
            rtt_ms: millis(answer.rtt),
            note: note_of(answer, self.target, self.source),
        }
    }
}

/// Returns the ICMP error of an answer if it is not a normal reply of a hop or the target.
pub(super) fn note_of(answer: &ProbeReply, target: IpAddr, source: IpAddr) -> Option<Note> {
    let is_target = answer.from == target;
    let normal = match answer.notice {
        None | Some(IcmpError::TimeExceeded) => true,
        Some(IcmpError::PortUnreachable) => is_target,
        Some(_) => false,
    };
    answer.notice.filter(|_| !normal).map(|notice| Note {
        notice,
        // Port unreachable from another host than the target must not look like the end of the
        // route.
        mark: notice.mark().or_else(|| Some("!3".into())),
        local: answer.from == source && !is_target,
    })
}

#[cfg(test)]
mod tests;
