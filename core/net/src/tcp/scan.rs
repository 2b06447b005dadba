//! The scan loop: rounds of attempts over the ports that have not answered yet.

use std::{
    collections::{HashSet, VecDeque},
    io,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use futures::{
    StreamExt,
    future::{AbortHandle, Abortable, BoxFuture, FutureExt},
    stream::FuturesUnordered,
};
use tokio::time::sleep_until;

use super::{
    PortResult, PortState, ScanOptions, banner,
    budget::{descriptors, is_shortage},
    estimate::Estimate,
    rejection,
};
use crate::{
    connect::{Answer, connect, local_reason},
    icmp::millis,
};

/// SYNs per millisecond, and the largest burst after a delay: a burst that overflows a queue on the
/// path would cause packet loss.
const PER_MS: u32 = 40;
const BURST: u32 = 160;
/// Pause after the system could not create a socket.
const STARVED: Duration = Duration::from_millis(10);
/// Most such pauses in a row before a port is reported as not checked.
const SHORTAGES: u32 = 200;

/// Checks TCP ports of an address. `on_result` is called for each port when its state is known, and
/// again with its banner if there is one. The results have the order of `ports`, without
/// duplicates.
pub async fn check_ports(
    address: IpAddr,
    ports: &[u16],
    options: ScanOptions,
    mut on_result: impl FnMut(&PortResult),
) -> Vec<PortResult> {
    let mut scan = Scan::new(address, ports, options);

    loop {
        scan.launch();
        scan.expire(&mut on_result);
        let Some(wake) = scan.next_wake() else { break };
        let Scan {
            attempts, hints, ..
        } = &mut scan;

        tokio::select! {
            biased;
            Some(done) = attempts.next(), if !attempts.is_empty() => {
                // Take everything that is ready before reporting it, which takes time.
                let mut all = vec![done];
                while let Some(Some(done)) = attempts.next().now_or_never() {
                    all.push(done);
                }
                for done in all {
                    scan.finish(done, &mut on_result);
                }
            }
            Some((index, text)) = hints.next(), if !hints.is_empty() => {
                scan.hint(index, text, &mut on_result);
            }
            () = sleep_until(wake.into()) => {}
        }
    }

    scan.results()
}

/// Result of an attempt; `Err` if it was cancelled.
type Done = Result<(usize, u8, io::Result<(Answer, Duration)>), futures::future::Aborted>;

#[derive(Default)]
struct Port {
    number: u16,
    attempts: u8,
    open: Vec<AbortHandle>,
    result: Option<PortResult>,
}

struct Scan {
    address: IpAddr,
    options: ScanOptions,
    ports: Vec<Port>,
    /// Ports whose next attempt is due, by index.
    queue: VecDeque<usize>,
    /// Attempts before their timeout, oldest first.
    waiting: VecDeque<(Instant, usize, u8)>,
    /// Attempts after their timeout, kept open while descriptors are available.
    late: VecDeque<AbortHandle>,
    /// Ports without an answer in this round.
    silent: Vec<usize>,
    round: u8,
    attempts: FuturesUnordered<BoxFuture<'static, Done>>,
    hints: FuturesUnordered<BoxFuture<'static, (usize, Option<String>)>>,
    hints_until: Option<Instant>,
    estimate: Estimate,
    unresolved: usize,
    budget: usize,
    credit: u32,
    credited: Instant,
    starved_until: Option<Instant>,
    /// Attempts in a row that failed for lack of a socket.
    shortages: u32,
}

impl Scan {
    fn new(address: IpAddr, ports: &[u16], options: ScanOptions) -> Self {
        let mut seen = HashSet::new();
        let ports: Vec<Port> = ports
            .iter()
            .filter(|port| seen.insert(**port))
            .map(|port| Port {
                number: *port,
                ..Port::default()
            })
            .collect();

        Self {
            address,
            options,
            queue: (0..ports.len()).collect(),
            unresolved: ports.len(),
            ports,
            waiting: VecDeque::new(),
            late: VecDeque::new(),
            silent: Vec::new(),
            round: 1,
            attempts: FuturesUnordered::new(),
            hints: FuturesUnordered::new(),
            hints_until: None,
            estimate: Estimate::default(),
            budget: descriptors(),
            credit: BURST,
            credited: Instant::now(),
            starved_until: None,
            shortages: 0,
        }
    }

    /// Starts the attempts that are due, at a limited rate and within the available descriptors.
    fn launch(&mut self) {
        let now = Instant::now();
        if self.starved_until.is_some_and(|until| now < until) {
            return;
        }

        let elapsed = u32::try_from(now.duration_since(self.credited).as_millis()).unwrap_or(BURST);

        if elapsed > 0 {
            self.credit = self
                .credit
                .saturating_add(elapsed.saturating_mul(PER_MS))
                .min(BURST);
            self.credited = now;
        }

        while self.credit > 0 && self.waiting.len() < self.options.concurrency.max(1) {
            let Some(index) = self.queue.pop_front() else {
                break;
            };
            let port = &mut self.ports[index];
            if port.result.is_some() {
                continue;
            }

            if self.attempts.len() + self.hints.len() >= self.budget {
                // Cancel the oldest late attempts; their descriptors are free after the next poll.
                for _ in 0..PER_MS {
                    if let Some(oldest) = self.late.pop_front() {
                        oldest.abort();
                    }
                }
                self.queue.push_front(index);
                break;
            }

            self.credit -= 1;
            let attempt = port.attempts;
            port.attempts += 1;
            let target = SocketAddr::new(self.address, port.number);
            let (handle, registration) = AbortHandle::new_pair();
            port.open.push(handle);
            let future = async move { (index, attempt, connect(target, None).await) };
            self.attempts
                .push(Abortable::new(future, registration).boxed());
            self.waiting.push_back((Instant::now(), index, attempt));
        }
    }

    /// Moves attempts that timed out to the late ones, and ends rounds.
    fn expire(&mut self, on_result: &mut impl FnMut(&PortResult)) {
        let now = Instant::now();
        let attempt_timeout = self.attempt_timeout();

        while let Some((sent, index, attempt)) = self.waiting.front().copied() {
            let port = &self.ports[index];
            if port.result.is_none() {
                if now < sent + attempt_timeout {
                    break;
                }
                self.late
                    .extend(port.open.get(usize::from(attempt)).cloned());
                self.silent.push(index);
            }
            self.waiting.pop_front();
        }

        if !self.queue.is_empty() || !self.waiting.is_empty() {
            return;
        }

        let silent = std::mem::take(&mut self.silent);
        let wanted = self.options.retries.saturating_add(1);

        if self.round < self.estimate.attempts(wanted) {
            self.round += 1;
            self.queue = silent.into();
            return;
        }

        for index in silent {
            let reason = Some("no answer".to_owned());
            self.resolve(index, PortState::Filtered, None, reason, on_result);
        }
    }

    fn attempt_timeout(&self) -> Duration {
        let attempts = u32::from(self.options.retries) + 1;
        self.estimate.timeout(self.options.timeout / attempts)
    }

    /// Returns when to check again; `None` if the scan is complete.
    fn next_wake(&self) -> Option<Instant> {
        let now = Instant::now();
        if self.unresolved == 0 {
            let until = self.hints_until.filter(|_| !self.hints.is_empty())?;
            return (now < until).then_some(until);
        }
        let millisecond = now + Duration::from_millis(1);
        if self.queue.is_empty() {
            let front = self
                .waiting
                .front()
                .map(|(sent, ..)| *sent + self.attempt_timeout());
            return Some(front.unwrap_or(millisecond));
        }
        // Wait at least for the rest of the millisecond: credit, descriptors or the window are
        // exhausted.
        Some(
            self.starved_until
                .map_or(millisecond, |until| until.max(millisecond)),
        )
    }

    fn finish(&mut self, done: Done, on_result: &mut impl FnMut(&PortResult)) {
        let Ok((index, attempt, outcome)) = done else {
            return;
        };
        let port = &mut self.ports[index];
        if port.result.is_some() {
            return;
        }

        let (answer, rtt) = match outcome {
            Ok(answered) => answered,
            Err(error) if is_shortage(&error) => {
                self.starved(index, attempt, &error, on_result);
                return;
            }
            Err(error) => (Answer::Failed(error), Duration::ZERO),
        };

        self.shortages = 0;
        let rtt_ms = Some(millis(rtt));

        match answer {
            Answer::Open(stream) => {
                self.estimate.record_answer(rtt, attempt);
                self.resolve(index, PortState::Open, rtt_ms, None, on_result);
                self.listen(index, stream);
            }
            Answer::Refused => {
                self.estimate.record_answer(rtt, attempt);
                self.resolve(index, PortState::Closed, rtt_ms, None, on_result);
            }
            Answer::IcmpError(notice, from) => {
                // Not a round trip to the host, and routers take seconds to report "host
                // unreachable".
                let reason = Some(rejection(notice, from));
                self.resolve(index, PortState::Filtered, rtt_ms, reason, on_result);
            }
            // The kernel's timeout, long after ours.
            Answer::Failed(error) if error.kind() == io::ErrorKind::TimedOut => {}
            Answer::Failed(error) => {
                let reason = Some(local_reason(&error));
                self.resolve(index, PortState::Filtered, None, reason, on_result);
            }
        }
    }

    /// Handles an attempt that got no socket: repeats it, with fewer at a time, until the limit of
    /// pauses is reached.
    fn starved(
        &mut self,
        index: usize,
        attempt: u8,
        error: &io::Error,
        on_result: &mut impl FnMut(&PortResult),
    ) {
        let in_use = self.attempts.len() + self.hints.len();
        self.shortages += 1;
        if in_use == 0 && self.shortages > SHORTAGES {
            let reason = Some(format!("not checked: {error}"));
            self.resolve(index, PortState::Filtered, None, reason, on_result);
            return;
        }
        self.budget = in_use.max(1);
        self.starved_until = Some(Instant::now() + STARVED);
        self.waiting
            .retain(|(_, waiting, number)| (*waiting, *number) != (index, attempt));
        let port = &mut self.ports[index];
        port.attempts = port.attempts.saturating_sub(1);
        port.open.truncate(usize::from(port.attempts));
        self.queue.push_back(index);
    }

    fn resolve(
        &mut self,
        index: usize,
        state: PortState,
        rtt_ms: Option<f64>,
        reason: Option<String>,
        on_result: &mut impl FnMut(&PortResult),
    ) {
        let port = &mut self.ports[index];
        if port.result.is_some() {
            return;
        }

        for attempt in port.open.drain(..) {
            attempt.abort();
        }

        self.unresolved -= 1;
        let result = PortResult {
            port: port.number,
            state,
            rtt_ms,
            reason,
            hint: None,
        };

        on_result(&result);
        port.result = Some(result);
    }

    /// Reads the banner of an open port, in parallel with the scan.
    fn listen(&mut self, index: usize, stream: tokio::net::TcpStream) {
        let port = self.ports[index].number;
        let wait = self.options.hint_timeout;
        // Without a wait, use the time that the scan takes anyway.
        let attempt_timeout = if wait.is_zero() {
            self.options.timeout
        } else {
            wait
        };
        if !wait.is_zero() && banner::is_expected(port) {
            let until = Instant::now() + wait;
            self.hints_until = Some(self.hints_until.map_or(until, |other| other.max(until)));
        }
        self.hints.push(
            async move { (index, banner::read(stream, port, attempt_timeout).await) }.boxed(),
        );
    }

    fn hint(
        &mut self,
        index: usize,
        text: Option<String>,
        on_result: &mut impl FnMut(&PortResult),
    ) {
        if let (Some(result), Some(text)) = (&mut self.ports[index].result, text) {
            result.hint = Some(text);
            on_result(result);
        }
    }

    fn results(self) -> Vec<PortResult> {
        self.ports
            .into_iter()
            .filter_map(|port| port.result)
            .collect()
    }
}

#[cfg(test)]
mod tests;
