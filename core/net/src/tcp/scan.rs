//! The scan loop: rounds of attempts over the ports that have not answered yet.

mod schedule;

use std::{
    collections::{HashSet, VecDeque},
    io,
    net::IpAddr,
    time::{Duration, Instant},
};

use futures::{
    StreamExt,
    future::{AbortHandle, BoxFuture, FutureExt},
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
    connect::{Answer, local_reason},
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
