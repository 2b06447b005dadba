//! What the handles and the writing thread of a store share.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use redb::{Database, ReadableDatabase, ReadableTable};
use tokio::sync::watch;

use super::{
    StoreError,
    agenda::{KINDS, Queues, StoredJob},
    bucket,
    database::Handle,
    tables::AGENDA,
    usage::Counts,
};

/// What the handles and the writing thread share.
pub(super) struct Shared {
    pub(super) handle: Handle,
    pub(super) counts: Mutex<Counts>,
    pub(super) limits: [AtomicU64; bucket::ALL.len()],
    pub(super) queues: Arc<Queues>,
    pub(super) opened: watch::Sender<bool>,
}

impl Shared {
    /// Opens the file again.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        self.handle.reopen()?;
        self.load()
    }

    /// Reads what is held in memory beside the database: counts, and the jobs of an earlier process.
    pub(super) fn load(&self) -> Result<(), StoreError> {
        let (counts, jobs) = self
            .handle
            .with(|database| Ok((Counts::read(database)?, read_jobs(database)?)))?;
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = counts;

        if !*self.opened.borrow() {
            self.queues.fill(jobs);
            self.opened.send_replace(true);
        }
        Ok(())
    }

    pub(super) fn limits(&self) -> [u64; bucket::ALL.len()] {
        self.limits
            .each_ref()
            .map(|limit| limit.load(Ordering::Relaxed))
    }
}

pub(super) fn read_jobs(database: &Database) -> Result<Vec<StoredJob>, redb::Error> {
    let table = database.begin_read()?.open_table(AGENDA)?;
    let most = KINDS.iter().map(|kind| kind.max_jobs).sum();
    let mut jobs = Vec::new();
    for job in table.iter()?.take(most) {
        let (key, value) = job?;
        let ((kind, id), (owner, due, decided)) = (key.value(), value.value());
        jobs.push(StoredJob {
            kind: kind.to_owned(),
            id: id.to_owned(),
            owner: owner.to_owned(),
            due,
            decided,
        });
    }
    Ok(jobs)
}
