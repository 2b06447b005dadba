//! How a job ends or is put off: said to the servers, and repeated until they have it.

use std::{sync::PoisonError, time::Duration};

use netvane_core::store::{Kind, StoreError, queue::Taken};
use tokio::time::Instant;

use super::{
    Agenda,
    message::{StoredJob, nak},
    table::Job,
};
use crate::state::{
    api::Fault,
    entries::Write,
    error_of, keys,
    streams::{AGENDA, job_subject},
};

/// Jobs whose end the servers do not have yet. More are given out again.
const MAX_UNSETTLED: usize = 10_000;

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settlement {
    Done,
    /// Put off until then.
    Postponed(Instant),
}

impl Settlement {
    pub(super) fn postponed(delay: Duration) -> Self {
        let longest = Duration::from_secs(366 * 24 * 3600);
        Self::Postponed(Instant::now() + delay.min(longest))
    }
}

/// A settlement that the servers do not have yet.
#[derive(Debug, Clone)]
pub(super) struct Unsettled {
    pub(super) kind: &'static Kind,
    pub(super) id: String,
    pub(super) job: Job,
    pub(super) settlement: Settlement,
}

impl Agenda {
    /// Takes a job from this replica and tells the servers. What cannot be told is repeated; an error says so.
    pub(super) async fn settle(
        &self,
        kind: &'static Kind,
        taken: &Taken,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        // In one step, so that the job is never unknown to those who ask whether it is held.
        let job = self.change(kind, |table| {
            let job = table.finish(taken)?;
            let unsettled = Unsettled {
                kind,
                id: taken.id.clone(),
                job,
                settlement,
            };
            self.unsettled(|all| {
                if all.len() < MAX_UNSETTLED {
                    all.push(unsettled.clone());
                }
            });
            Some(unsettled)
        });
        match job {
            Some(unsettled) => self.tell(&unsettled).await,
            None => Ok(()),
        }
    }

    /// Tells the servers about all jobs whose end they do not have.
    pub(super) async fn settle_rest(&self) {
        for unsettled in self.unsettled(|all| all.clone()) {
            if self.tell(&unsettled).await.is_err() {
                return;
            }
        }
    }

    async fn tell(&self, unsettled: &Unsettled) -> Result<(), StoreError> {
        let Unsettled {
            kind,
            id,
            job,
            settlement,
        } = unsettled;
        let told = match (&job.ack, settlement) {
            (Some(ack), settlement) => self.answer(ack, *settlement).await,
            (None, _) if job.sequence == 0 => self.delete_begun(kind, id).await,
            (None, Settlement::Done) => self.api.delete(AGENDA, job.sequence).await,
            (None, Settlement::Postponed(due)) => {
                let delay = due.saturating_duration_since(Instant::now());
                self.rewrite(kind, id, job, delay).await
            }
        };
        match told {
            Err(fault @ (Fault::Away(_) | Fault::Passing(_) | Fault::NoReply)) => {
                return Err(error_of(kind.name, fault));
            }
            Err(fault) => tracing::warn!(%fault, kind = kind.name, "job not settled"),
            Ok(()) => {}
        }
        self.unsettled(|all| {
            all.retain(|other| {
                other.id != *id || other.kind != *kind || other.job.sequence != job.sequence
            });
        });
        Ok(())
    }

    /// Deletes a job that was stored although the reply that says so was lost.
    async fn delete_begun(&self, kind: &'static Kind, id: &str) -> Result<(), Fault> {
        let subject = job_subject(kind, &keys::encode(id));
        let Some(last) = self.api.last(AGENDA, &subject).await? else {
            return Ok(());
        };
        let stored = serde_json::from_slice::<StoredJob>(&last.value);
        if stored.is_ok_and(|stored| stored.holder.as_deref() == Some(&self.replica)) {
            self.api.delete(AGENDA, last.revision).await?;
        }
        Ok(())
    }

    /// Answers a delivery and waits until the server has it.
    pub(super) async fn answer(&self, ack: &str, settlement: Settlement) -> Result<(), Fault> {
        let answer = match settlement {
            Settlement::Done => "+ACK".to_owned(),
            Settlement::Postponed(due) => nak(due.saturating_duration_since(Instant::now())),
        };
        let sent = self.api.send(ack.to_owned(), None, answer.into()).await;
        sent.map(|_| ())
    }

    /// Stores a job that began here and was never delivered once more, in place of its message. That another replica
    /// has done so is as good.
    pub(super) async fn rewrite(
        &self,
        kind: &'static Kind,
        id: &str,
        job: &Job,
        delay: Duration,
    ) -> Result<(), Fault> {
        let stored = StoredJob {
            id: id.to_owned(),
            owner: job.owner.clone(),
            delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            holder: None,
        };
        let subject = job_subject(kind, &keys::encode(id));
        let write = Write::new(subject, serde_json::to_vec(&stored).unwrap_or_default());
        let written = self.api.write(AGENDA, &write, Some(job.sequence)).await;
        written.map(|_| ())
    }

    /// How a job was settled here that the servers still give out.
    pub(super) fn settlement_of(&self, kind: &Kind, id: &str, sequence: u64) -> Option<Settlement> {
        self.unsettled(|all| {
            let same = |other: &&Unsettled| {
                other.id == id
                    && *other.kind == *kind
                    && (other.job.sequence == sequence || other.job.sequence == 0)
            };
            all.iter().find(same).map(|found| found.settlement)
        })
    }

    pub(super) fn unsettled<T>(&self, run: impl FnOnce(&mut Vec<Unsettled>) -> T) -> T {
        run(&mut self
            .unsettled
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }
}
