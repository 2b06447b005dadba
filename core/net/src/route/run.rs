//! Schedule of a trace: what to send when, and when it ends.

use std::{
    collections::VecDeque,
    net::IpAddr,
    time::{Duration, Instant},
};

use tokio::time::sleep_until;

use super::{
    Method, RouteHop, TraceError, TraceOptions, TraceOutcome,
    fallback::Echo,
    mtu::MtuProbe,
    table::{ProbeReply, Table},
    tcp::Tcp,
    udp::Udp,
};
use crate::connect::{local_reason, source};

/// Number of hops after the last that answered whose probes are sent at once.
const AHEAD: u8 = 5;
/// Time between two probes for hops further away, so that few are sent beyond a near target: Linux
/// sends a burst of 50 ICMP errors in total, then 1,000 a second (`icmp_msgs_burst`).
const PACE: Duration = Duration::from_micros(1500);
/// Shortest time without a reply that ends a wave, after the first reply.
const QUIET: Duration = Duration::from_millis(200);
/// The same before the first reply; also the upper bound.
const QUIET_MAX: Duration = Duration::from_secs(1);
/// Time of the last probe to a hop without a reply. A Linux router sends each peer one ICMP error
/// per second after a burst of six (`icmp_ratelimit`), so by then it may reply again.
const LAST_CALL: Duration = Duration::from_millis(1100);

/// Traces the route to an address. `on_update` is called with all hops so far when there are new
/// ones.
///
/// Ends as soon as the target and every hop before it have answered all probes. Hops without a
/// reply are probed again twice; a target that does not answer UDP is probed by ICMP echo if
/// permitted, then by TCP.
///
/// # Errors
/// This machine cannot send to the address.
pub async fn trace(
    address: IpAddr,
    options: TraceOptions,
    mut on_update: impl FnMut(&[RouteHop]),
) -> Result<TraceOutcome, TraceError> {
    let mut run = TraceRun::new(address, options)?;
    let (mut answers, mut narrow) = (Vec::new(), Vec::new());
    let (mut by_echo, mut by_tcp) = (Vec::new(), Vec::new());

    loop {
        run.launch(&mut answers)?;
        run.take(&mut answers, &mut on_update);
        let Some(wake) = run.next_wake(Instant::now()) else {
            break;
        };
        let TraceRun {
            udp,
            echo,
            tcp,
            mtu,
            ..
        } = &mut run;

        tokio::select! {
            biased;
            result = udp.listen(&mut answers) => result?,
            result = listen(echo.as_ref(), &mut by_echo) => result?,
            () = tcp.listen(&mut by_tcp) => {}
            result = listen_mtu(mtu.as_mut(), &mut narrow) => result?,
            () = sleep_until(wake.into()) => {}
        }

        answers.append(&mut by_echo);
        answers.append(&mut by_tcp);
        for report in narrow.drain(..) {
            run.table.record_mtu(report);
        }

        run.take(&mut answers, &mut on_update);
    }

    let reached = run.table.end().and_then(|end| end.reached);

    Ok(TraceOutcome {
        address,
        reached: reached.is_some(),
        method: reached,
        hops: run.table.hops(true),
        probed_hops: run.max_hops,
        path_mtu: run.table.path_mtu(),
    })
}

async fn listen(echo: Option<&Echo>, answers: &mut Vec<ProbeReply>) -> std::io::Result<()> {
    match echo {
        Some(echo) => echo.listen(answers).await,
        None => std::future::pending().await,
    }
}

async fn listen_mtu(
    mtu: Option<&mut MtuProbe>,
    reports: &mut Vec<super::PathMtu>,
) -> std::io::Result<()> {
    match mtu {
        Some(mtu) => mtu.listen(reports).await,
        None => std::future::pending().await,
    }
}

/// How often hops without a reply have been probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wave {
    First,
    Second,
    Last,
    /// No more probes are sent.
    Waiting,
}

struct TraceRun {
    address: IpAddr,
    max_hops: u8,
    probes: u8,
    table: Table,
    udp: Udp,
    echo: Option<Echo>,
    tcp: Tcp,
    tcp_tried: bool,
    /// The only method, if the user chose one.
    method: Option<Method>,
    mtu: Option<MtuProbe>,
    queue: VecDeque<(Method, u8, u8)>,
    wave: Wave,
    start: Instant,
    wave_start: Instant,
    /// Probes sent in this wave for hops beyond `AHEAD`.
    far_sent: usize,
    last_sent: Instant,
    end: Instant,
}

impl TraceRun {
    fn new(address: IpAddr, options: TraceOptions) -> Result<Self, TraceError> {
        let max_hops = options.max_hops.clamp(1, 64);
        let probes = options.probes.clamp(1, 10);
        let now = Instant::now();
        let source = source(address).map_err(|error| TraceError::Local {
            reason: local_reason(&error),
        })?;

        let first = options.method.unwrap_or(Method::Udp);
        // Hop by hop, nearest first, so that rate-limited routers answer the probes that matter.
        let queue = (1..=max_hops)
            .flat_map(|ttl| (0..probes).map(move |column| (first, ttl, column)))
            .collect();
        let echo = match options.method {
            Some(Method::Icmp) => Some(Echo::permitted(address)?),
            _ => None,
        };

        Ok(Self {
            address,
            max_hops,
            probes,
            table: Table::new(address, source, max_hops, probes),
            udp: Udp::open(address)?,
            echo,
            tcp: Tcp::new(address, options.port),
            tcp_tried: options.method.is_some(),
            method: options.method,
            mtu: MtuProbe::open(address),
            queue,
            wave: Wave::First,
            start: now,
            wave_start: now,
            far_sent: 0,
            last_sent: now,
            end: now + options.timeout,
        })
    }

    /// Sends the probes that are due.
    fn launch(&mut self, answers: &mut Vec<ProbeReply>) -> Result<(), TraceError> {
        if let Some(end) = self.table.end() {
            self.queue.retain(|(_, ttl, _)| *ttl <= end.ttl);
        }

        let paced = self.wave_start.elapsed().as_micros() / PACE.as_micros();
        let far_allowed = usize::try_from(paced).unwrap_or(usize::MAX);
        let near = self.table.last_reply().saturating_add(AHEAD);

        while let Some((method, ttl, column)) = self.queue.front().copied() {
            if ttl > near {
                if self.far_sent >= far_allowed {
                    break;
                }
                self.far_sent += 1;
            }

            self.queue.pop_front();
            self.last_sent = Instant::now();
            match method {
                Method::Udp => {
                    let sent = self.udp.send(ttl, column, answers);
                    // If the first probe fails, this machine cannot send at all.
                    if let (Err(error), Wave::First, 1, 0) = (sent, self.wave, ttl, column) {
                        return Err(TraceError::Local {
                            reason: local_reason(&error),
                        });
                    }
                }
                Method::Icmp => {
                    if let Some(echo) = &mut self.echo {
                        echo.send(ttl, column, answers);
                    }
                }
                Method::Tcp => self.tcp.send(ttl, column),
            }
        }

        // After the nearest hops, so that it does not use up a rate-limited reply.
        if let Some(mtu) = &mut self.mtu
            && mtu.is_unused()
        {
            mtu.send();
        }

        Ok(())
    }

    fn take(&mut self, answers: &mut Vec<ProbeReply>, on_update: &mut impl FnMut(&[RouteHop])) {
        let mut news = false;
        for answer in answers.drain(..) {
            news |= self.table.record(answer);
        }
        if news {
            on_update(&self.table.hops(false));
        }
    }

    /// Returns when to check again, after queueing the next wave if it is due; `None` if the trace
    /// is over.
    fn next_wake(&mut self, now: Instant) -> Option<Instant> {
        if self.table.complete() {
            return self.wait_for_mtu(now);
        }

        if now >= self.end {
            return None;
        }

        if !self.queue.is_empty() {
            return Some(now + Duration::from_millis(1));
        }

        let quiet_from = self
            .table
            .last_useful
            .map_or(self.last_sent, |at| at.max(self.last_sent));
        let quiet_at = quiet_from + self.quiet();
        if now < quiet_at {
            return Some(quiet_at.min(self.end));
        }

        let has_end = self.table.end().is_some();
        if has_end && (self.table.silent().is_empty() || self.wave > Wave::Second) {
            return self.wait_for_mtu(now);
        }

        match self.wave {
            Wave::First => self.probe_again(Wave::Second, 0),
            // No need to wait: TCP resets are not rate-limited.
            Wave::Second if !has_end && !self.tcp_tried => self.probe_by_tcp(),
            Wave::Second if now < self.start + LAST_CALL => {
                return Some((self.start + LAST_CALL).min(self.end));
            }
            Wave::Second => self.probe_again(Wave::Last, 1),
            Wave::Last | Wave::Waiting => {
                self.wave = Wave::Waiting;
                return Some(self.end);
            }
        }

        Some(now)
    }

    fn quiet(&self) -> Duration {
        if self.table.last_useful.is_none() {
            return QUIET * 2;
        }
        (self.table.slowest * 3).clamp(QUIET, QUIET_MAX)
    }

    fn wait_for_mtu(&self, now: Instant) -> Option<Instant> {
        let until = self.mtu.as_ref()?.wait_until(self.table.slowest)?;
        (now < until).then_some(until)
    }

    /// Queues one probe for each hop without a reply and, while the target has not replied, another
    /// method.
    fn probe_again(&mut self, wave: Wave, column: u8) {
        self.start_wave(wave);
        let silent = self.table.silent();
        if wave == Wave::Second && self.table.end().is_none() && self.method.is_none() {
            self.echo = Echo::open(self.address);
            if self.echo.is_some() {
                self.probe_beyond(Method::Icmp);
            } else {
                self.probe_by_tcp();
            }
        }
        let column = column.min(self.probes - 1);
        let first = self.method.unwrap_or(Method::Udp);
        self.queue
            .extend(silent.iter().map(|ttl| (first, *ttl, column)));
    }

    fn probe_by_tcp(&mut self) {
        self.start_wave(Wave::Second);
        self.tcp_tried = true;
        self.probe_beyond(Method::Tcp);
    }

    fn start_wave(&mut self, wave: Wave) {
        self.wave = wave;
        self.wave_start = Instant::now();
        self.far_sent = 0;
    }

    /// Queues all probes for the hops after the last that answered.
    fn probe_beyond(&mut self, method: Method) {
        let hops = self.table.last_reply() + 1..=self.max_hops;
        let probes = self.probes;
        self.queue
            .extend(hops.flat_map(|ttl| (0..probes).map(move |column| (method, ttl, column))));
    }
}
