//! The jobs of one kind that this replica holds.

use std::{collections::HashMap, time::Duration};

use netvane_core::store::{
    Kind,
    queue::{Queue, Taken},
};
use tokio::time::Instant;

/// Jobs of one owner that may wait here for each that may be taken. More would keep other owners waiting.
const WAITING: usize = 2;

pub(super) struct Table {
    pub(super) queue: Queue,
    pub(super) jobs: HashMap<String, Job>,
    per_owner: usize,
}

/// A job that this replica holds: it waits for its turn here, or is taken.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) owner: String,
    /// Its message; 0 while that is being stored.
    pub(super) sequence: u64,
    /// The subject that answers its delivery; `None` if it began here and was not delivered yet.
    pub(super) ack: Option<String>,
    /// When the servers last knew that this replica holds the job.
    pub(super) confirmed: Instant,
    /// When the job was stored.
    pub(super) since: Instant,
}

impl Table {
    pub(super) fn new(kind: &Kind) -> Self {
        Self {
            queue: Queue::new(kind.per_owner),
            jobs: HashMap::new(),
            per_owner: kind.per_owner,
        }
    }

    /// Number of jobs that were delivered to this replica.
    pub(super) fn delivered(&self) -> usize {
        self.jobs.values().filter(|job| job.ack.is_some()).count()
    }

    /// Whether enough jobs of an owner are here.
    pub(super) fn is_crowded(&self, owner: &str) -> bool {
        let most = self.per_owner.saturating_mul(1 + WAITING);
        most <= self.jobs.len()
            && most <= self.jobs.values().filter(|job| job.owner == owner).count()
    }

    /// Adds a job that was delivered and is due.
    pub(super) fn add(&mut self, id: &str, job: Job) {
        self.queue.add(id, &job.owner, std::time::Instant::now());
        self.jobs.insert(id.to_owned(), job);
    }

    /// Adds a job that the caller has taken.
    pub(super) fn begin(&mut self, id: &str, owner: &str) -> Option<Taken> {
        if self.jobs.contains_key(id) {
            return None;
        }
        let job = Job {
            owner: owner.to_owned(),
            sequence: 0,
            ack: None,
            confirmed: Instant::now(),
            since: Instant::now(),
        };
        self.jobs.insert(id.to_owned(), job);
        Some(self.queue.add_taken(id, owner, std::time::Instant::now()))
    }

    /// Removes a job whose holder is done with it; `None` if it is no longer the holder's.
    pub(super) fn finish(&mut self, taken: &Taken) -> Option<Job> {
        self.queue
            .finish(taken)
            .then(|| self.jobs.remove(&taken.id))
            .flatten()
    }
}

/// The time since an instant as one before now, or now if that is not possible.
pub(super) fn since(age: Duration) -> Instant {
    Instant::now().checked_sub(age).unwrap_or_else(Instant::now)
}
