//! State that the deliveries of this process share.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use moka::sync::Cache;
use netvane_core::{
    Engine,
    store::{Agenda, CALLBACK_DELIVERIES, CALLBACK_LOOKUPS, Store, Versioned},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    delivery::Delivery,
    message::Signer,
    open_deliveries::{DeliverySlot, OpenDeliveries},
    schedule::Schedule,
};

/// Accepts requests and delivers their replies. Clones share their state.
#[derive(Clone)]
pub(crate) struct Callbacks(pub(super) Arc<Inner>);

/// State that all clones of [`Callbacks`] share.
pub(super) struct Inner {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) agenda: Agenda,
    /// The keys that sign, which a reload replaces.
    pub(super) signer: ArcSwap<Signer>,
    pub(super) schedule: Schedule,
    pub(super) patience: Duration,
    /// Time without a success after which a receiver is disabled.
    pub(super) disable_after: Duration,
    /// Base URL of the links to kept results; empty if the service has none.
    pub(super) public_url: String,
    /// Counts and bounds of open deliveries.
    pub(super) open: OpenDeliveries,
    /// The places of open deliveries, by their ids.
    pub(super) places: Mutex<HashMap<String, DeliverySlot>>,
    /// Clients whose rate limit is used up, with the time until which it is.
    pub(super) waiting_clients: Cache<String, Instant>,
    /// Addresses of receivers that wait for their turn, by id of the delivery.
    pub(super) resolved: Cache<String, SocketAddr>,
    /// Held while a delivery is being sent again.
    pub(super) sending_again: tokio::sync::Mutex<()>,
    /// Progress that could not be stored yet, by id of the delivery.
    pub(super) unsaved: Mutex<HashMap<String, Versioned<Delivery>>>,
    /// Ids of deliveries whose lookup is running.
    pub(super) running: Mutex<HashSet<String>>,
    pub(super) tasks: TaskTracker,
    pub(super) shutdown: CancellationToken,
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

    /// Gives access to the progress that could not be stored yet.
    pub(super) fn unsaved<T>(
        &self,
        look: impl FnOnce(&mut HashMap<String, Versioned<Delivery>>) -> T,
    ) -> T {
        look(
            &mut self
                .0
                .unsaved
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Remembers the place that an open delivery takes.
    pub(super) fn remember_place(&self, id: &str, place: DeliverySlot) {
        let mut places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.insert(id.to_owned(), place);
        drop(places);
        self.report_open();
    }

    /// Frees the place of a delivery that has ended.
    pub(super) fn forget_place(&self, id: &str) {
        let mut places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.remove(id);
    }

    /// The public keys that verify deliveries, `whpk_…`; empty where only secrets sign.
    pub(crate) fn public_keys(&self) -> Vec<String> {
        self.0.signer.load().public_keys()
    }

    /// Number of deliveries that have not ended.
    pub(super) fn open(&self) -> usize {
        let agenda = &self.0.agenda;
        agenda.len(&CALLBACK_LOOKUPS) + agenda.len(&CALLBACK_DELIVERIES)
    }

    /// Updates the metric of open deliveries.
    pub(super) fn report_open(&self) {
        ::metrics::gauge!("netvane_deliveries_open").set(self.open() as f64);
    }
}
