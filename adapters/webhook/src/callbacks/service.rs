//! State that the deliveries of this process share.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use moka::sync::Cache;
use netvane_core::{Engine, store::Store};
use standardwebhooks::Webhook;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{hosts::Hosts, schedule::Schedule};

/// Accepts requests and delivers their replies. Clones share their state.
#[derive(Clone)]
pub(crate) struct Callbacks(pub(super) Arc<Inner>);

/// State that all clones of [`Callbacks`] share.
pub(super) struct Inner {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) signer: Webhook,
    pub(super) schedule: Schedule,
    pub(super) patience: Duration,
    pub(super) open: Arc<Semaphore>,
    /// Slots of each caller without a key or a signature.
    pub(super) strangers: Cache<String, Arc<Semaphore>>,
    pub(super) lookups: Semaphore,
    pub(super) attempts: Semaphore,
    pub(super) hosts: Hosts,
    /// Ids of deliveries whose lookup is running.
    pub(super) running: Mutex<HashSet<String>>,
    pub(super) tasks: TaskTracker,
    pub(super) shutdown: CancellationToken,
}

/// The slot of one open delivery.
pub(super) struct OwnerSlot {
    _permit: Option<OwnedSemaphorePermit>,
    _stranger: Option<OwnedSemaphorePermit>,
}

impl Callbacks {
    /// Waits for the shutdown, then until the running deliveries have ended, for at most `drain`.
    /// The others stay in the store.
    pub(crate) async fn ended(self, drain: Duration) {
        self.0.shutdown.cancelled().await;
        self.0.tasks.close();
        let _ = tokio::time::timeout(drain, self.0.tasks.wait()).await;
    }

    /// Waits for the future; `None` if the shutdown comes first.
    pub(super) async fn unless_ended<T>(&self, event: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.0.shutdown.cancelled() => None,
            value = event => Some(value),
        }
    }

    /// Gives access to the ids of deliveries whose lookup is running.
    pub(super) fn running<T>(&self, look: impl FnOnce(&mut HashSet<String>) -> T) -> T {
        look(
            &mut self
                .0
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl OwnerSlot {
    pub(super) fn new(
        permit: Option<OwnedSemaphorePermit>,
        stranger: Option<OwnedSemaphorePermit>,
    ) -> Self {
        ::metrics::gauge!("netvane_deliveries_open").increment(1.0);
        Self {
            _permit: permit,
            _stranger: stranger,
        }
    }
}

impl Drop for OwnerSlot {
    fn drop(&mut self) {
        ::metrics::gauge!("netvane_deliveries_open").decrement(1.0);
    }
}
