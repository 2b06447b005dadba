//! The thread that writes the state. What arrives while the disk syncs becomes the next transaction, so that a
//! thousand callers share one sync.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use redb::Durability;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{
    Shared, StoreError,
    bucket::Sync,
    transaction::{self, Outcome, Step},
    usage::Counts,
};

/// Changes of one transaction at most.
const BATCH: usize = 4096;

/// Time after which batched writes are on disk.
const FLUSH: Duration = Duration::from_millis(250);

/// Pause between two searches for expired entries.
const SWEEP: Duration = Duration::from_secs(60);

/// Pause between two reports of the usage.
const REPORT: Duration = Duration::from_secs(1);

/// Least time after a failed write during which nothing is written. Ten times the time that opening the file took, if
/// that is more: opening takes the longer, the more the file holds.
const PAUSE: Duration = Duration::from_millis(500);

/// A change that waits to be written.
pub(super) struct Change {
    pub(super) step: Step,
    pub(super) done: oneshot::Sender<Outcome>,
    /// The share of the queue's bytes that the change takes.
    pub(super) bytes: Option<OwnedSemaphorePermit>,
}

/// Why nothing is written for a while.
struct Fault {
    error: StoreError,
    until: Instant,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Change>,
    fault: Option<Fault>,
    /// When changes that are only in memory must be written.
    flush_at: Option<Instant>,
    sweep_at: Instant,
    report_at: Option<Instant>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, queue: mpsc::Receiver<Change>) -> Self {
        let fault = shared.handle.fault().map(|error| Fault {
            error,
            until: Instant::now() + PAUSE,
        });
        Self {
            shared,
            queue,
            fault,
            flush_at: None,
            sweep_at: Instant::now(),
            report_at: Some(Instant::now()),
        }
    }

    /// Writes until the last handle of the store is dropped.
    pub(super) fn run(mut self) {
        loop {
            match self.queue.recv_timeout(self.pause()) {
                Ok(first) => self.write_batch(first),
                Err(mpsc::RecvTimeoutError::Timeout) => self.maintain(),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }

        if self.flush_at.is_some() {
            let _ = self.write(&[Step::Flush]);
        }
        self.report();
        self.shared.handle.close();
    }

    /// Time until something is to be done without a change.
    fn pause(&self) -> Duration {
        let fault = self.fault.as_ref().map(|fault| fault.until);
        let next = [fault, self.flush_at, self.report_at, Some(self.sweep_at)];
        let next = next.into_iter().flatten().min();
        next.map_or(SWEEP, |next| next.saturating_duration_since(Instant::now()))
    }

    fn write_batch(&mut self, first: Change) {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = self.queue.try_recv()
        {
            batch.push(next);
        }

        let (steps, done): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|change| (change.step, (change.done, change.bytes)))
            .unzip();
        match self.write(&steps) {
            Ok(outcomes) => {
                for ((done, _), outcome) in done.into_iter().zip(outcomes) {
                    let _ = done.send(outcome);
                }
            }
            Err(error) => {
                for (done, _) in done {
                    let _ = done.send(Err(error.clone()));
                }
            }
        }
    }

    /// What is due without a change: opening the file again, writing what is in memory, removing what has expired.
    fn maintain(&mut self) {
        let now = Instant::now();

        // Shows whether the disk is well again, also when nothing else is written.
        if self.fault.is_some() {
            let _ = self.write(&[Step::Flush]);
            return;
        }

        if self.flush_at.is_some_and(|at| now >= at) {
            let _ = self.write(&[Step::Flush]);
        }
        if now >= self.sweep_at {
            self.sweep();
        }
        if self.report_at.is_some_and(|at| now >= at) {
            self.report();
        }
    }

    fn sweep(&mut self) {
        let removed = match self.write(&[Step::Sweep]).as_deref() {
            Ok([Ok(Some(removed))]) => *removed,
            _ => 0,
        };
        // Many expire together: the next ones after the changes that wait.
        let pause = if removed > 0 { REPORT } else { SWEEP };
        self.sweep_at = Instant::now() + pause;
    }

    fn report(&mut self) {
        self.report_at = None;
        if let Some(directory) = &self.shared.handle.directory
            && let Err(error) = self.shared.counts().report(directory)
        {
            tracing::debug!(%error, "could not write the usage report");
        }
    }

    /// Commits the steps, unless the disk has just refused that. A fault is logged when it begins and when it is over.
    fn write(&mut self, steps: &[Step]) -> Result<Vec<Outcome>, StoreError> {
        if let Some(fault) = &self.fault
            && Instant::now() < fault.until
        {
            return Err(fault.error.clone());
        }

        if self.shared.handle.fault().is_some() {
            self.reopen(None)?;
        }

        match self.commit(steps) {
            Ok(outcomes) => {
                if self.fault.take().is_some() {
                    tracing::info!("state file writable again");
                }
                Ok(outcomes)
            }
            Err(error) => {
                if self.fault.is_none() {
                    tracing::error!(%error, "could not persist state; a restart would lose changes");
                }
                let _ = self.reopen(Some(error.clone()));
                Err(error)
            }
        }
    }

    fn commit(&mut self, steps: &[Step]) -> Result<Vec<Outcome>, StoreError> {
        let durability = if steps.iter().all(may_wait) {
            Durability::None
        } else {
            Durability::Immediate
        };
        let limits = self.shared.limits();
        let counts = self.shared.counts();
        let (outcomes, counts) = self.shared.handle.with(|database| {
            transaction::commit(database, steps.iter(), durability, &limits, counts)
        })?;

        self.shared.set_counts(counts);
        let now = Instant::now();
        self.flush_at = match durability {
            Durability::None => self.flush_at.or(Some(now + FLUSH)),
            _ => None,
        };
        self.report_at.get_or_insert(now + REPORT);
        Ok(outcomes)
    }

    /// Opens the file again, and leaves it alone for a while if that fails or something failed before.
    fn reopen(&mut self, before: Option<StoreError>) -> Result<(), StoreError> {
        let started = Instant::now();
        let opened = self.shared.reopen();
        self.flush_at = None;

        let error = before.or_else(|| opened.as_ref().err().cloned());
        if let Some(error) = error {
            let pause = PAUSE + started.elapsed() * 10;
            self.fault = Some(Fault {
                error,
                until: Instant::now() + pause,
            });
        }
        opened
    }
}

/// Whether a step may be written together with later ones.
fn may_wait(step: &Step) -> bool {
    match step {
        Step::Create(entry) | Step::Replace(entry, _) | Step::Put(entry) => {
            entry.bucket.sync == Sync::Batched
        }
        Step::Remove(bucket, _) => bucket.sync == Sync::Batched,
        Step::Sweep => true,
        Step::Clear(_) | Step::AddJob(_) | Step::RemoveJob { .. } | Step::Flush => false,
    }
}

impl Shared {
    /// The counts after the last commit.
    fn counts(&self) -> Counts {
        *self
            .counts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn set_counts(&self, counts: Counts) {
        *self
            .counts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = counts;
    }
}
