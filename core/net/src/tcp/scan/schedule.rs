//! When attempts start, time out and are repeated: rate, window, rounds and descriptors.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures::future::{AbortHandle, Abortable, FutureExt};

use super::{
    super::{PortResult, PortState},
    BURST, PER_MS, SHORTAGES, STARVED, Scan,
};
use crate::connect::connect;

impl Scan {
    /// Starts the attempts that are due, at a limited rate and within the available descriptors.
    pub(super) fn launch(&mut self) {
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
    pub(super) fn expire(&mut self, on_result: &mut impl FnMut(&PortResult)) {
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
    pub(super) fn next_wake(&self) -> Option<Instant> {
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

    /// Handles an attempt that got no socket: repeats it, with fewer at a time, until the limit of
    /// pauses is reached.
    pub(super) fn starved(
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
}
