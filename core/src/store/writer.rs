//! The thread that writes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use redb::{Database, ReadableTable};
use tokio::sync::{mpsc, oneshot};

use super::{QUEUE, STATE, StoreError, kept::Kept, told, unix_seconds};

/// What has come to its end is removed this often.
const SWEEP: Duration = Duration::from_secs(600);

/// After a fault nothing is written for this long, and for ten times as long as it took to open the file again: that
/// takes the longer, the more is in it.
const PAUSE: Duration = Duration::from_millis(500);

/// Changes that are made together, or not at all.
pub(super) struct Change {
    pub(super) steps: Vec<WriteStep>,
    /// What came of the first.
    pub(super) done: oneshot::Sender<Result<bool, StoreError>>,
}

pub(super) struct WriteStep {
    pub(super) bucket: &'static str,
    pub(super) key: String,
    pub(super) action: Action,
}

pub(super) enum Action {
    Put {
        until: u64,
        value: Vec<u8>,
    },
    /// Only where there is none; says whether there was none.
    Claim {
        until: u64,
    },
    Remove,
}

/// Why nothing is written unix_seconds, and until when.
struct Fault {
    error: StoreError,
    until: Instant,
}

pub(super) struct Writer {
    database: Arc<Kept>,
    queue: mpsc::Receiver<Change>,
    swept: Instant,
    fault: Option<Fault>,
}

impl Writer {
    pub(super) fn new(database: Arc<Kept>, queue: mpsc::Receiver<Change>) -> Self {
        Self {
            database,
            queue,
            swept: Instant::now(),
            fault: None,
        }
    }

    pub(super) fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < QUEUE
                && let Ok(next) = self.queue.try_recv()
            {
                batch.push(next);
            }
            let written = self.write(&batch);
            for (change, index) in batch.into_iter().zip(0..) {
                let outcome = match &written {
                    Ok(outcomes) => Ok(outcomes.get(index).copied().unwrap_or_default()),
                    Err(error) => Err(error.clone()),
                };
                let _ = change.done.send(outcome);
            }
        }
    }

    /// Writes, unless the disk has just refused that; a fault is logged when it begins and when it is over.
    fn write(&mut self, batch: &[Change]) -> Result<Vec<bool>, StoreError> {
        if let Some(fault) = self
            .fault
            .as_ref()
            .filter(|fault| Instant::now() < fault.until)
        {
            return Err(fault.error.clone());
        }

        let swept = self.swept;
        let error = match self.commit(batch) {
            Ok(outcomes) => {
                if self.fault.take().is_some() {
                    tracing::info!("state file writable again");
                }
                return Ok(outcomes);
            }
            Err(error) => told(&error),
        };

        self.swept = swept;
        if self.fault.is_none() {
            tracing::error!(%error, "could not persist state; a restart would lose changes");
        }

        let started = Instant::now();
        let reopened = self.database.reopen();
        if let Err(error) = reopened {
            tracing::debug!(%error, "could not reopen the state file");
        }

        let pause = PAUSE + started.elapsed() * 10;

        self.fault = Some(Fault {
            error: error.clone(),
            until: Instant::now() + pause,
        });

        Err(error)
    }

    fn commit(&mut self, batch: &[Change]) -> Result<Vec<bool>, redb::Error> {
        let Self {
            database, swept, ..
        } = self;
        database.read(|database| transaction(database, swept, batch))
    }
}

fn transaction(
    database: &Database,
    swept: &mut Instant,
    batch: &[Change],
) -> Result<Vec<bool>, redb::Error> {
    let transaction = database.begin_write()?;
    let mut outcomes = Vec::with_capacity(batch.len());

    {
        let mut table = transaction.open_table(STATE)?;

        if swept.elapsed() > SWEEP {
            *swept = Instant::now();
            let now = unix_seconds();
            table.retain(|_, (until, _)| until > now)?;
        }

        for Change { steps, .. } in batch {
            let mut first = None;

            for WriteStep {
                bucket,
                key,
                action,
            } in steps
            {
                let key = (*bucket, key.as_str());
                let outcome = match action {
                    Action::Put { until, value } => {
                        table.insert(key, (*until, value.as_slice()))?;
                        true
                    }
                    Action::Claim { until } => {
                        let free = table
                            .get(key)?
                            .is_none_or(|kept| kept.value().0 <= unix_seconds());
                        if free {
                            table.insert(key, (*until, b"null".as_slice()))?;
                        }
                        free
                    }
                    Action::Remove => table.remove(key)?.is_some(),
                };
                first.get_or_insert(outcome);
            }

            outcomes.push(first.unwrap_or_default());
        }
    }

    transaction.commit()?;

    Ok(outcomes)
}
