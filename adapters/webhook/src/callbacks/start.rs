//! Starts the callback service, and resumes what an earlier process left open.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use moka::sync::Cache;
use netvane_core::{Engine, Health, settings::Http, store::Store};
use standardwebhooks::Webhook;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    delivery::Delivery,
    hosts::Hosts,
    keeping::{ENDED, KEEP_OPEN, OPEN},
    schedule::Schedule,
    service::{Callbacks, Inner, OwnerSlot},
};

/// Most deliveries that may be open.
pub(super) const MOST_OPEN: usize = 10_000;
/// Most callers without a key that have a counter of their own.
const STRANGERS: u64 = 10_000;
/// Concurrent lookups for callbacks, and concurrent attempts to deliver.
const LOOKUPS: usize = 32;
const ATTEMPTS: usize = 32;
/// Most of these attempts to one host.
const ATTEMPTS_AT_HOST: usize = 4;

impl Callbacks {
    /// Starts the service and resumes what an earlier process left open; otherwise returns why
    /// callbacks are not available.
    pub(crate) fn start(
        engine: &Engine,
        settings: &Http,
        store: Option<&Store>,
        shutdown: &CancellationToken,
    ) -> Result<Self, &'static str> {
        if !settings.callback_secret.is_set() {
            return Err("callbacks are not enabled; the operator can set `http.callback_secret`");
        }

        let store =
            store.ok_or("callbacks cannot be stored: the state directory cannot be used")?;
        let signer = Webhook::new(settings.callback_secret.reveal()).map_err(|error| {
            tracing::debug!(%error, "http.callback_secret");
            "callbacks cannot be signed: `http.callback_secret` is not a valid secret"
        })?;

        ::metrics::describe_counter!(
            "netvane_deliveries_total",
            "Callbacks that have ended, by result."
        );
        ::metrics::describe_gauge!("netvane_deliveries_open", "Callbacks that have not ended.");
        let callbacks = Self(Arc::new(Inner {
            engine: engine.clone(),
            store: store.clone(),
            signer,
            schedule: Schedule::new(&settings.callback_retry_seconds),
            patience: Duration::from_millis(settings.callback_timeout_ms),
            open: Arc::new(Semaphore::new(MOST_OPEN)),
            strangers: Cache::builder()
                .max_capacity(STRANGERS)
                .time_to_idle(KEEP_OPEN)
                .build(),
            lookups: Semaphore::new(LOOKUPS),
            attempts: Semaphore::new(ATTEMPTS),
            hosts: Hosts::new(ATTEMPTS_AT_HOST),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
            shutdown: shutdown.clone(),
        }));

        callbacks.go_on();
        engine.adapters().report("http callbacks", Health::Up);

        Ok(callbacks)
    }

    /// Resumes the deliveries that an earlier process left open.
    fn go_on(&self) {
        let left_open = self.0.store.all::<Delivery>(OPEN);
        if !left_open.is_empty() {
            tracing::info!(deliveries = left_open.len(), "resuming open callbacks");
        }

        for (id, delivery) in left_open {
            // It had ended, but the process ended before it was removed from the open ones.
            if self.0.store.get::<Delivery>(ENDED, &id).is_some() {
                let callbacks = self.clone();
                self.0
                    .tasks
                    .spawn(async move { callbacks.forget(&id).await });
                continue;
            }
            let place = OwnerSlot::new(self.0.open.clone().try_acquire_owned().ok(), None);
            self.carry(delivery, place);
        }
    }
}
