//! How far deliveries have come, as the store knows it.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};
use netvane_core::store::StoreError;

use super::{
    delivery::{Delivery, DeliveryState},
    service::Callbacks,
};

/// Open deliveries, their replies as they are sent, and those that have ended.
pub(super) const OPEN: &str = "callbacks";
pub(super) const PAYLOADS: &str = "callback payloads";
pub(super) const ENDED: &str = "callbacks ended";

/// Longer than any schedule takes; what is open goes when it has ended.
pub(super) const KEEP_OPEN: Duration = Duration::from_secs(365 * 24 * 3600);
pub(super) const KEEP_ENDED: Duration = Duration::from_secs(7 * 24 * 3600);

/// `Retry-After` while state cannot be stored.
pub(crate) const STATE_TROUBLE: Duration = Duration::from_secs(60);
/// What was taken before is tried to be kept again after this time, and then more and more rarely.
const KEEP_AGAIN: Duration = Duration::from_secs(1);

impl Callbacks {
    /// A delivery as it stands; `None` where there is none, or none any more.
    pub(crate) fn find(&self, id: &str) -> Option<Delivery> {
        let store = &self.0.store;
        // In this order: what ends in between is in both for a while.
        let mut delivery = store
            .get::<Delivery>(OPEN, id)
            .or_else(|| store.get(ENDED, id))?;
        if delivery.question.is_some() && self.running(|running| running.contains(id)) {
            delivery.state = DeliveryState::Running;
        }
        Some(delivery)
    }

    /// The end of a delivery: how it went is kept, what it was about is not. `None` when the shutdown comes first.
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

    /// What was kept of a delivery while it was open.
    pub(super) async fn forget(&self, id: &str) -> Option<()> {
        let store = &self.0.store;
        for bucket in [OPEN, PAYLOADS] {
            self.send_with_retry(|| store.remove(bucket, id).boxed())
                .await?;
        }
        Some(())
    }

    /// Changes the state, however long the disk refuses that; `None` when the shutdown comes first. The store tells of
    /// its trouble.
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

    /// Writes down how far a delivery has come. Where that fails, a restart would repeat what is not written.
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
