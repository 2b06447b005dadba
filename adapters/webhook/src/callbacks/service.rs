//! What the deliveries of this process share.

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

/// Takes questions and delivers their replies. Clones are the same.
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
    /// Of those who asked without a key or a signature, each has a few.
    pub(super) strangers: Cache<String, Arc<Semaphore>>,
    pub(super) lookups: Semaphore,
    pub(super) attempts: Semaphore,
    pub(super) hosts: Hosts,
    /// Deliveries whose lookup is under way.
    pub(super) running: Mutex<HashSet<String>>,
    pub(super) tasks: TaskTracker,
    pub(super) shutdown: CancellationToken,
}

/// One of the deliveries that may be open.
pub(super) struct OwnerSlot {
    _permit: Option<OwnedSemaphorePermit>,
    _stranger: Option<OwnedSemaphorePermit>,
}

impl Callbacks {
    /// After the shutdown: until what was under way has ended, for at most this long. The rest stays in the store.
    pub(crate) async fn ended(self, drain: Duration) {
        self.0.shutdown.cancelled().await;
        self.0.tasks.close();
        let _ = tokio::time::timeout(drain, self.0.tasks.wait()).await;
    }

    /// What this gives, or `None` when the shutdown comes first.
    pub(super) async fn unless_ended<T>(&self, event: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.0.shutdown.cancelled() => None,
            value = event => Some(value),
        }
    }

    /// Looks at the deliveries whose lookup is under way.
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
