//! Repeated measurement of a route, as mtr does it: in each round one probe to every hop.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    time::{Duration, Instant},
};

use tokio::time::sleep_until;

use super::{
    Method, Note, RoundsOptions, RoundsOutcome, TraceError,
    fallback::Echo,
    statistics::{HopStatistics, mark_rate_limits},
    table::{ProbeReply, note_of},
    tcp::Tcp,
    udp::Udp,
};
use crate::{
    connect::{local_reason, source},
    icmp::millis,
    icmp_error::IcmpError,
};

/// Hops behind the last that answered that are probed too.
const AHEAD: u8 = 5;
/// A probe without an answer for so long is lost; the lower bound if answers are slower.
const LOST_AFTER: Duration = Duration::from_secs(1);
/// Upper bound of the same, and the time without an answer of the target: a router needs three
/// seconds to find out that a host is unreachable.
const LOST_AFTER_MAX: Duration = Duration::from_millis(3200);

/// Measures the route to an address in rounds, until `stop` if that comes first. `on_update` is called
/// with the hops so far when there are new answers or losses.
///
/// Without a method, hops are probed with ICMP echo if the system permits it, else with UDP. A target
/// that does not answer, or whose ICMP errors may be rate-limited, is probed with TCP instead if it
/// answers that.
///
/// # Errors
/// This machine cannot send to the address, or may not use the method.
pub async fn measure_rounds(
    address: IpAddr,
    options: RoundsOptions,
    stop: impl Future<Output = ()>,
    mut on_update: impl FnMut(&[HopStatistics], u32),
) -> Result<RoundsOutcome, TraceError> {
    let mut run = RoundsRun::new(address, options)?;
    tokio::pin!(stop);
    let mut answers = Vec::new();
    let (mut by_echo, mut by_tcp) = (Vec::new(), Vec::new());

    loop {
        let now = Instant::now();
        run.start_round(now);
        run.send_due(now, &mut answers)?;
        let changed = run.take(&mut answers) | run.give_up(now);
        if changed {
            on_update(&run.hops(false), run.round);
        }
        let Some(wake) = run.next_wake() else { break };

        let RoundsRun { udp, echo, tcp, .. } = &mut run;
        tokio::select! {
            biased;
            result = listen_udp(udp.as_ref(), &mut answers) => result?,
            result = listen_echo(echo.as_ref(), &mut by_echo) => result?,
            () = tcp.listen(&mut by_tcp) => {}
            () = &mut stop => break,
            () = sleep_until(wake.into()) => {}
        }
        answers.append(&mut by_echo);
        answers.append(&mut by_tcp);
    }

    Ok(run.finish())
}

async fn listen_udp(udp: Option<&Udp>, answers: &mut Vec<ProbeReply>) -> std::io::Result<()> {
    match udp {
        Some(udp) => udp.listen(answers).await,
        None => std::future::pending().await,
    }
}

async fn listen_echo(echo: Option<&Echo>, answers: &mut Vec<ProbeReply>) -> std::io::Result<()> {
    match echo {
        Some(echo) => echo.listen(answers).await,
        None => std::future::pending().await,
    }
}

struct RoundsRun {
    address: IpAddr,
    /// Source address of this machine: an error from it is from our own kernel.
    source: IpAddr,
    options: RoundsOptions,
    max_hops: u8,
    /// How hops are probed.
    base: Method,
    udp: Option<Udp>,
    echo: Option<Echo>,
    tcp: Tcp,
    /// Whether the target answers TCP, so that it can be used instead of `base`.
    tcp_answers: bool,
    tcp_tried: bool,
    hops: Vec<HopStatistics>,
    /// Smallest TTL that the target answered, and how.
    reached: Option<(u8, Method)>,
    /// Probes in flight by TTL and column, with their send time.
    pending: HashMap<(u8, u8), Instant>,
    queue: VecDeque<(Instant, u8)>,
    round: u32,
    next_round: Instant,
    slowest: Duration,
}

impl RoundsRun {
    fn new(address: IpAddr, options: RoundsOptions) -> Result<Self, TraceError> {
        let source = source(address).map_err(|error| TraceError::Local {
            reason: local_reason(&error),
        })?;
        let max_hops = options.max_hops.clamp(1, 64);
        let echo = match options.method {
            None => Echo::open(address),
            Some(Method::Icmp) => Some(Echo::permitted(address)?),
            Some(_) => None,
        };
        let base = match options.method {
            Some(method) => method,
            None if echo.is_some() => Method::Icmp,
            None => Method::Udp,
        };
        let udp = match base {
            Method::Udp => Some(Udp::open(address)?),
            _ => None,
        };

        Ok(Self {
            address,
            source,
            options,
            max_hops,
            base,
            udp,
            echo,
            tcp: Tcp::new(address, options.port),
            tcp_answers: false,
            tcp_tried: false,
            hops: (1..=max_hops)
                .map(|ttl| HopStatistics {
                    ttl,
                    ..HopStatistics::default()
                })
                .collect(),
            reached: None,
            pending: HashMap::new(),
            queue: VecDeque::new(),
            round: 0,
            next_round: Instant::now(),
            slowest: Duration::ZERO,
        })
    }

    /// Schedules the probes of the next round if it is due, spread over the interval.
    fn start_round(&mut self, now: Instant) {
        let is_last = self.options.count.is_some_and(|count| self.round >= count);
        if is_last || !self.queue.is_empty() || now < self.next_round {
            return;
        }

        let is_first = self.round == 0;
        self.round += 1;
        self.next_round = (self.next_round + self.options.interval).max(now);
        let until = match self.end() {
            Some(end) => end,
            None if is_first => self.max_hops,
            None => self.last_reply().saturating_add(AHEAD).min(self.max_hops),
        };
        let gap = self.options.interval / u32::from(until.max(1));
        self.queue = (1..=until)
            .map(|ttl| (now + gap * u32::from(ttl - 1), ttl))
            .collect();

        let may_differ = self.options.method.is_none();
        let wants_tcp = self.base == Method::Udp || (!is_first && self.reached.is_none());
        if may_differ && wants_tcp && !self.tcp_tried {
            self.tcp_tried = true;
            self.tcp.try_ports();
        }
    }

    fn send_due(&mut self, now: Instant, answers: &mut Vec<ProbeReply>) -> Result<(), TraceError> {
        while let Some((at, ttl)) = self.queue.front().copied() {
            if at > now {
                break;
            }
            self.queue.pop_front();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "no probe is pending for 256 rounds"
            )]
            let column = self.round as u8;
            self.pending.insert((ttl, column), Instant::now());

            let sent = match self.method_for(ttl) {
                Method::Udp => match &mut self.udp {
                    Some(udp) => udp.send(ttl, column, answers),
                    None => Ok(()),
                },
                Method::Icmp => {
                    if let Some(echo) = &mut self.echo {
                        echo.send(ttl, column, answers);
                    }
                    Ok(())
                }
                Method::Tcp => {
                    self.tcp.send(ttl, column);
                    Ok(())
                }
            };
            if let (Err(error), 1, 1) = (sent, self.round, ttl) {
                return Err(TraceError::Local {
                    reason: local_reason(&error),
                });
            }
        }
        Ok(())
    }

    /// TCP for a target that answers only that, or whose answers to UDP are rate-limited ICMP errors.
    fn method_for(&self, ttl: u8) -> Method {
        let is_target = match self.reached {
            Some((end, Method::Icmp)) if self.base == Method::Icmp && ttl >= end => false,
            Some((end, _)) => ttl >= end,
            None => self.round > 1 && ttl > self.last_reply(),
        };
        if self.tcp_answers && is_target {
            Method::Tcp
        } else {
            self.base
        }
    }

    /// Records answers; returns whether there were any to a probe that is in flight.
    fn take(&mut self, answers: &mut Vec<ProbeReply>) -> bool {
        let mut changed = false;
        for answer in answers.drain(..) {
            if answer.ttl == 0 {
                self.tcp.use_port_of(answer.column);
                self.tcp_answers = true;
                continue;
            }
            let Some(hop) = self.hops.get_mut(usize::from(answer.ttl) - 1) else {
                continue;
            };
            let note: Option<Note> = note_of(&answer, self.address, self.source);
            if self.pending.remove(&(answer.ttl, answer.column)).is_none() {
                continue;
            }
            changed = true;
            if let (Some(IcmpError::HostUnreachable), Some(note)) = (answer.notice, &note) {
                hop.record_loss();
                hop.record_unreachable(answer.from, note.clone());
                continue;
            }
            if answer.method != self.base && hop.received == 0 {
                hop.start_over();
                self.pending.retain(|(ttl, _), _| *ttl != answer.ttl);
            }
            hop.record_reply(answer.from, millis(answer.rtt), note);
            self.slowest = self.slowest.max(answer.rtt);
            let is_nearer = self.reached.is_none_or(|(ttl, _)| answer.ttl < ttl);
            if answer.from == self.address && is_nearer {
                self.reached = Some((answer.ttl, answer.method));
            }
        }

        if let Some(end) = self.end() {
            self.queue.retain(|(_, ttl)| *ttl <= end);
            self.pending.retain(|(ttl, _), _| *ttl <= end);
        }
        changed
    }

    /// Counts probes that had no answer in time as lost.
    fn give_up(&mut self, now: Instant) -> bool {
        let after = self.lost_after();
        let is_late = |sent: &Instant| now >= *sent + after;
        let late: Vec<(u8, u8)> = self
            .pending
            .iter()
            .filter(|(_, sent)| is_late(sent))
            .map(|(key, _)| *key)
            .collect();
        for key in &late {
            self.pending.remove(key);
            if let Some(hop) = self.hops.get_mut(usize::from(key.0) - 1) {
                hop.record_loss();
            }
        }
        !late.is_empty()
    }

    fn lost_after(&self) -> Duration {
        if self.reached.is_none() {
            return LOST_AFTER_MAX;
        }
        (self.slowest * 3).clamp(LOST_AFTER, LOST_AFTER_MAX)
    }

    /// Returns when to check again; `None` if all rounds are over.
    fn next_wake(&self) -> Option<Instant> {
        let is_last = self.options.count.is_some_and(|count| self.round >= count);
        let expiry = self
            .pending
            .values()
            .min()
            .map(|sent| *sent + self.lost_after());
        let send = self.queue.front().map(|(at, _)| *at);
        let round = (!is_last && self.queue.is_empty()).then_some(self.next_round);
        [expiry, send, round].into_iter().flatten().min()
    }

    /// The hop where the route ends: the target, else the first that rejects every probe, if no
    /// later hop answers.
    fn end(&self) -> Option<u8> {
        if let Some((ttl, _)) = self.reached {
            return Some(ttl);
        }
        let last = self.last_reply();
        let rejects = |ttl: u8| {
            self.hops
                .get(usize::from(ttl).wrapping_sub(1))
                .is_some_and(|hop| hop.note.is_some())
        };
        let first = (1..=last).rev().take_while(|ttl| rejects(*ttl)).last()?;
        Some(first)
    }

    fn last_reply(&self) -> u8 {
        let answered = self.hops.iter().filter(|hop| !hop.addresses.is_empty());
        answered.map(|hop| hop.ttl).max().unwrap_or(0)
    }

    /// The hops up to the end. If the measurement ends before the target, one hop without a reply is
    /// added.
    fn hops(&self, over: bool) -> Vec<HopStatistics> {
        let until = self
            .end()
            .unwrap_or(self.last_reply().saturating_add(u8::from(over)));
        let mut hops: Vec<HopStatistics> =
            self.hops.iter().take(usize::from(until)).cloned().collect();
        mark_rate_limits(&mut hops);
        hops
    }

    fn finish(self) -> RoundsOutcome {
        RoundsOutcome {
            reached: self.reached.is_some(),
            method: self.reached.map(|(ttl, _)| self.method_for(ttl)),
            hops: self.hops(true),
            rounds: self.round,
            probed_hops: self.max_hops,
        }
    }
}

#[cfg(test)]
mod tests;
