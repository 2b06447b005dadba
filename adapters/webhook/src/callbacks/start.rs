//! Starts the callback service, and resumes what an earlier process left open.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use moka::sync::Cache;
use netvane_core::{
    Engine, Health,
    settings::Http,
    store::{Store, bucket::CALLBACKS},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    message::Signer,
    schedule::Schedule,
    service::{Callbacks, Inner},
};

/// Name of the service in reports about its health.
const NAME: &str = "http callbacks";

/// Most deliveries that may be open.
pub(super) const MOST_OPEN: usize = 10_000;
/// Most callers without a key that have a counter of their own.
const STRANGERS: u64 = 10_000;
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
        ::metrics::describe_gauge!("netvane_deliveries_open", "Callbacks that have not ended.");
        let callbacks = Self(Arc::new(Inner {
            engine: engine.clone(),
            store: store.clone(),
            agenda: store.agenda(),
            signer,
            schedule: Schedule::new(&settings.callback_retry_seconds),
            patience: Duration::from_millis(settings.callback_timeout_ms),
            strangers: Cache::builder()
                .max_capacity(STRANGERS)
                .time_to_idle(CALLBACKS.lifetime)
                .build(),
            owners: Mutex::default(),
            unsaved: Mutex::default(),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
            shutdown: shutdown.clone(),
        }));

        callbacks.0.tasks.spawn(callbacks.clone().run());

        Ok(callbacks)
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

        let open = self.open();
        if open > 0 {
            tracing::info!(deliveries = open, "resuming open callbacks");
        }
        self.report_open();
        tokio::join!(self.clone().run_lookups(), self.run_attempts());
    }
}
