//! The state of deliveries in the store.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};
use netvane_core::store::StoreError;

use super::{
    delivery::{Delivery, DeliveryState},
    service::Callbacks,
};

/// Buckets of the store: open deliveries, their payloads, and deliveries that have ended.
pub(super) const OPEN: &str = "callbacks";
pub(super) const PAYLOADS: &str = "callback payloads";
pub(super) const ENDED: &str = "callbacks ended";

/// How long open deliveries are stored: longer than any schedule takes. They are removed when they
/// end.
pub(super) const KEEP_OPEN: Duration = Duration::from_secs(365 * 24 * 3600);
pub(super) const KEEP_ENDED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Value of `Retry-After` while state cannot be stored.
pub(crate) const STATE_TROUBLE: Duration = Duration::from_secs(60);
/// First wait before a failed write is repeated; it grows with each further failure.
const KEEP_AGAIN: Duration = Duration::from_secs(1);

impl Callbacks {
    /// Returns a delivery with its current state; `None` if there is none, or none any more.
    pub(crate) fn find(&self, id: &str) -> Option<Delivery> {
        let store = &self.0.store;
        // Read in this order: a delivery that ends meanwhile is in both buckets for a moment.
        let mut delivery = store
            .get::<Delivery>(OPEN, id)
            .or_else(|| store.get(ENDED, id))?;
        if delivery.question.is_some() && self.running(|running| running.contains(id)) {
            delivery.state = DeliveryState::Running;
        }
        Some(delivery)
    }

    /// Ends a delivery: stores its status and removes its request and payload. `None` if the
    /// shutdown comes first.
    pub(super) async fn end(&self, delivery: &mut Delivery, state: DeliveryState) -> Option<()> {
        let store = &self.0.store;
        delivery.finish(state);
        ::metrics::counter!("netvane_deliveries_total", "outcome" => state.name()).increment(1);
        tracing::info!(
            delivery = delivery.id,
            command = delivery.command,
            host = delivery.url.host_str().unwrap_or_default(),
            outcome = state.name(),
            attempts = delivery.attempts.len(),
            "callback"
        );
        let ended = &*delivery;
        self.send_with_retry(|| store.put(ENDED, &ended.id, ended, KEEP_ENDED).boxed())
            .await?;
        self.forget(&ended.id).await
    }

    /// Removes what was stored of a delivery while it was open; `None` if the shutdown comes first.
    pub(super) async fn forget(&self, id: &str) -> Option<()> {
        let store = &self.0.store;
        for bucket in [OPEN, PAYLOADS] {
            self.send_with_retry(|| store.remove(bucket, id).boxed())
                .await?;
        }
        Some(())
    }

    /// Repeats a write to the store until it succeeds; `None` if the shutdown comes first. The
    /// store itself logs its errors.
    pub(super) async fn send_with_retry<'a, T>(
        &self,
        change: impl Fn() -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Option<T> {
        let mut wait = KEEP_AGAIN;
        loop {
            match change().await {
                Ok(made) => return Some(made),
                Err(error) => {
                    tracing::debug!(%error, "callback progress not saved, retrying")
                }
            }
            self.unless_ended(tokio::time::sleep(wait)).await?;
            wait = (wait * 2).min(STATE_TROUBLE);
        }
    }

    /// Stores the progress of a delivery. If that fails, a restart repeats the steps that are not
    /// stored.
    pub(super) async fn keep(&self, delivery: &Delivery) {
        if let Err(error) = self
            .0
            .store
            .put(OPEN, &delivery.id, delivery, KEEP_OPEN)
            .await
        {
            tracing::debug!(%error, delivery = delivery.id, "callback progress not saved");
        }
    }
}
