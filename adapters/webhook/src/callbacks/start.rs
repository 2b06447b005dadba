//! Starts the callback service, and resumes what an earlier process left open.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use moka::sync::Cache;
use netvane_core::{
    Engine, Health,
    settings::Http,
    store::{Store, bucket::CALLBACKS},
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    delivery::Delivery,
    message::Signer,
    open_deliveries::{MAX_OPEN, OpenDeliveries},
    schedule::Schedule,
    service::{Callbacks, Inner},
};

/// Name of the service in reports about its health.
const NAME: &str = "http callbacks";

/// Most clients of which is remembered that their rate limit is used up.
const WAITING_CLIENTS: u64 = 10_000;

/// Time for which an address is used that was resolved before a delivery had its turn.
const RESOLVED_FOR: Duration = Duration::from_secs(60);

/// Pause between two looks at the deliveries that a replica has accepted.
const LOOK_AT_PLACES: Duration = Duration::from_secs(20);

/// Deliveries that are read at a time when the service starts.
const READ_AT_ONCE: usize = 500;

impl Callbacks {
    /// Starts the service and resumes what an earlier process left open; otherwise returns why
    /// callbacks are not available.
    pub(crate) fn start(
        engine: &Engine,
        settings: &Http,
        store: &Store,
        shutdown: &CancellationToken,
    ) -> Result<Self, &'static str> {
        let signer = Signer::new(settings).map_err(|fault| {
            tracing::debug!(fault, "http.callback_secret");
            "callbacks cannot be signed: `http.callback_secret` is not a valid secret"
        })?;
        let signer = signer
            .ok_or("callbacks are not enabled; the operator can set `http.callback_secret`")?;

        ::metrics::describe_counter!(
            "netvane_deliveries_total",
            "Callbacks that have ended, by result."
        );
        ::metrics::describe_counter!(
            "netvane_deliveries_refused_total",
            "Callbacks that were refused, by the limit of open ones that was reached: client, network, anonymous or all."
        );
        ::metrics::describe_counter!(
            "netvane_delivery_attempts_broken_off_total",
            "Attempts to deliver a callback that were broken off, because many receivers were slow."
        );
        ::metrics::describe_gauge!("netvane_deliveries_open", "Callbacks that have not ended.");
        let callbacks = Self(Arc::new(Inner {
            engine: engine.clone(),
            store: store.clone(),
            agenda: store.agenda(),
            signer: ArcSwap::from_pointee(signer),
            schedule: Schedule::new(&settings.callback_retry_seconds),
            patience: Duration::from_millis(settings.callback_timeout_ms),
            disable_after: Duration::from_secs(settings.callback_disable_seconds),
            public_url: settings.public_url.trim_end_matches('/').to_owned(),
            open: OpenDeliveries::default(),
            places: Mutex::default(),
            waiting_clients: Cache::builder()
                .max_capacity(WAITING_CLIENTS)
                .time_to_live(Duration::from_secs(600))
                .build(),
            resolved: Cache::builder()
                .max_capacity(MAX_OPEN as u64)
                .time_to_live(RESOLVED_FOR)
                .build(),
            sending_again: tokio::sync::Mutex::default(),
            unsaved: Mutex::default(),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
            shutdown: shutdown.clone(),
        }));

        callbacks.0.tasks.spawn(callbacks.clone().run());

        Ok(callbacks)
    }

    /// Signs with the keys of the settings each time they change; keeps the previous ones if there are
    /// no valid new ones. Ends with the shutdown.
    pub(crate) async fn follow_keys(self, mut changing: watch::Receiver<Http>) {
        while let Some(Ok(())) = self.unless_ended(changing.changed()).await {
            match Signer::new(&changing.borrow_and_update()) {
                Ok(Some(signer)) => self.0.signer.store(Arc::new(signer)),
                Ok(None) => {
                    tracing::warn!("callback keys not removed before a restart");
                }
                Err(error) => {
                    tracing::error!(
                        error,
                        "callback keys not applied, keeping the previous ones"
                    );
                }
            }
        }
    }

    /// Resumes the deliveries that an earlier process left open, once the state can be read, and
    /// carries on until the shutdown.
    async fn run(self) {
        let adapters = self.0.engine.adapters();
        if let Some(fault) = self.0.store.fault() {
            adapters.report(NAME, Health::Down(fault.to_string()));
        }
        if self.unless_ended(self.0.store.opened()).await.is_none() {
            return;
        }
        adapters.report(NAME, Health::Up);

        if self.0.store.is_shared() {
            self.0.tasks.spawn(self.clone().forget_ended_elsewhere());
        } else {
            self.restore_places().await;
        }
        let open = self.open();
        if open > 0 {
            tracing::info!(deliveries = open, "resuming open callbacks");
        }
        self.report_open();
        tokio::join!(self.clone().run_lookups(), self.run_attempts());
    }

    /// Frees the places of deliveries that other replicas have ended. Each replica counts those that it has accepted.
    async fn forget_ended_elsewhere(self) {
        while self
            .unless_ended(tokio::time::sleep(LOOK_AT_PLACES))
            .await
            .is_some()
        {
            for id in self.remembered_places() {
                match self.0.store.get::<Delivery>(&CALLBACKS, &id).await {
                    Ok(None) => self.forget_place(&id),
                    Ok(Some(_)) => {}
                    // Later, when the state can be read.
                    Err(_) => break,
                }
            }
        }
    }

    /// Identifiers of the deliveries that take a place.
    fn remembered_places(&self) -> Vec<String> {
        let places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.keys().cloned().collect()
    }

    /// Counts the open deliveries of an earlier process for their clients.
    async fn restore_places(&self) {
        let mut last = String::new();
        loop {
            let found = self
                .0
                .store
                .scan::<Delivery>(&CALLBACKS, &last, READ_AT_ONCE);
            let found = match found.await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "open callbacks not counted");
                    return;
                }
            };
            let Some((id, _)) = found.last() else {
                return;
            };
            last.clone_from(id);
            for (id, delivery) in found {
                let delivery = delivery.value;
                let client = delivery.client.filter(|_| !delivery.own);
                let place = self.0.open.restore(client.as_ref());
                self.remember_place(&id, place);
            }
        }
    }
}
