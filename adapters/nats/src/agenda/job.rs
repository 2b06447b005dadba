//! A job that was taken.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use netvane_core::store::{Kind, SharedJob, StoreError, queue::Taken};

use super::{Agenda, settle::Settlement};
use crate::state::streams::ACK_WAIT;

/// Pause before a job is given out again whose holder dropped it without a word.
const AFTER_DROP: Duration = Duration::from_secs(5);

pub(crate) struct HeldJob {
    pub(super) agenda: Arc<Agenda>,
    pub(super) kind: &'static Kind,
    pub(super) taken: Option<Taken>,
}

impl HeldJob {
    /// Gives the job back to the queue of this replica.
    fn give_back(&mut self, owner: Option<&str>, delay: Duration) {
        let Some(taken) = self.taken.take() else {
            return;
        };
        self.agenda.change(self.kind, |table| {
            if let Some(owner) = owner {
                table.queue.set_owner(&taken, owner);
                if let Some(job) = table.jobs.get_mut(&taken.id) {
                    owner.clone_into(&mut job.owner);
                }
            }
            table
                .queue
                .postpone(&taken, std::time::Instant::now() + delay);
        });
    }

    /// Takes the job from this replica and settles it with the servers.
    fn settle(
        mut self: Box<Self>,
        settlement: Settlement,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        async move {
            let Some(taken) = self.taken.take() else {
                return Ok(());
            };
            self.agenda.settle(self.kind, &taken, settlement).await
        }
        .boxed()
    }
}

impl SharedJob for HeldJob {
    fn id(&self) -> &str {
        self.taken.as_ref().map_or("", |taken| taken.id.as_str())
    }

    fn owner(&self) -> &str {
        self.taken.as_ref().map_or("", |taken| taken.owner.as_str())
    }

    fn alive(&self) -> bool {
        self.taken.as_ref().is_some_and(|taken| {
            self.agenda.look(self.kind, |table| {
                let is_known = table
                    .jobs
                    .get(&taken.id)
                    .is_some_and(|job| job.confirmed.elapsed() < ACK_WAIT);
                table.queue.renew(taken, std::time::Instant::now()) && is_known
            })
        })
    }

    fn free_turn(&self) {
        if let Some(taken) = &self.taken {
            self.agenda
                .change(self.kind, |table| table.queue.free_turn(taken));
        }
    }

    fn release(mut self: Box<Self>, owner: Option<&str>) {
        self.give_back(owner, Duration::ZERO);
    }

    fn postpone(self: Box<Self>, delay: Duration) -> BoxFuture<'static, Result<(), StoreError>> {
        self.settle(Settlement::postponed(delay))
    }

    fn done(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        self.settle(Settlement::Done)
    }

    fn age(&self) -> Duration {
        self.taken.as_ref().map_or(Duration::ZERO, |taken| {
            self.agenda.look(self.kind, |table| {
                let job = table.jobs.get(&taken.id);
                job.map_or(Duration::ZERO, |job| job.since.elapsed())
            })
        })
    }
}

impl Drop for HeldJob {
    fn drop(&mut self) {
        self.give_back(None, AFTER_DROP);
    }
}
