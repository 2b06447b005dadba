//! The state of deliveries in the store.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};
use netvane_core::store::{
    Due, StoreError, Versioned,
    bucket::{CALLBACK_PAYLOADS, CALLBACKS, CALLBACKS_ENDED},
};

use super::{
    delivery::{Delivery, DeliveryState},
    lookups::log_error,
    service::Callbacks,
};

/// Value of `Retry-After` while state cannot be stored.
pub(crate) const STATE_TROUBLE: Duration = Duration::from_secs(60);
/// First wait before a failed write is repeated; it grows with each further failure.
const KEEP_AGAIN: Duration = Duration::from_secs(1);

impl Callbacks {
    /// Returns a delivery with its current state; `None` if there is none, or none any more.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<Delivery>, StoreError> {
        let store = &self.0.store;

        // Read in this order: a delivery that ends meanwhile is in both buckets for a moment.
        let mut found = self.unsaved(|unsaved| unsaved.get(id).map(|open| open.value.clone()));
        for bucket in [&CALLBACKS, &CALLBACKS_ENDED] {
            if found.is_none() {
                found = store.get(bucket, id).await?.map(|found| found.value);
            }
        }

        if let Some(delivery) = &mut found
            && delivery.question.is_some()
            && self.running(|running| running.contains(id))
        {
            delivery.state = DeliveryState::Running;
        }
        Ok(found)
    }

    /// Returns the delivery of a job with its revision. `None` if there is nothing to do: the job is
    /// then removed, or put off while the store cannot be read.
    pub(super) async fn load(&self, due: Due) -> Option<(Due, Versioned<Delivery>)> {
        let (store, id) = (&self.0.store, due.id().to_owned());
        if let Some(delivery) = self.unsaved(|unsaved| unsaved.get(&id).cloned()) {
            return Some((due, delivery));
        }

        let ended = store.get::<Delivery>(&CALLBACKS_ENDED, &id).await;
        let given_back = match (ended, store.get(&CALLBACKS, &id).await) {
            (Ok(None), Ok(Some(open))) => return Some((due, open)),
            (Err(error), _) | (_, Err(error)) if error.is_temporary() => {
                due.postpone(KEEP_AGAIN).await
            }
            (Ok(None), Ok(None)) => {
                self.unsaved(|unsaved| unsaved.remove(&id));
                self.forget_place(&id);
                due.done_without_record().await
            }
            // It had ended, but the process ended before it was removed from the open ones.
            _ => {
                due.work(self.forget(&id)).await?;
                due.done().await
            }
        };
        log_error(given_back);
        None
    }

    /// Ends a delivery: stores its status and removes its request and payload. `None` if the
    /// shutdown comes first.
    pub(super) async fn end(&self, delivery: &mut Delivery, state: DeliveryState) -> Option<()> {
        let store = &self.0.store;
        if state.is_undelivered() {
            self.keep_undelivered(delivery).await?;
        }
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
        self.repeat_until_written(|| store.put(&CALLBACKS_ENDED, &ended.id, ended).boxed())
            .await?;
        self.forget(&ended.id).await
    }

    /// Removes what was stored of a delivery while it was open; `None` if the shutdown comes first.
    pub(super) async fn forget(&self, id: &str) -> Option<()> {
        let store = &self.0.store;
        let (record, payload) = tokio::join!(
            self.repeat_until_written(|| store.remove(&CALLBACKS, id).boxed()),
            self.repeat_until_written(|| store.remove(&CALLBACK_PAYLOADS, id).boxed()),
        );
        record.and(payload)?;
        self.unsaved(|unsaved| unsaved.remove(id));
        self.forget_place(id);
        Some(())
    }

    /// Repeats a write to the store until it succeeds; `None` if the shutdown comes first. The
    /// store itself logs its errors.
    pub(super) async fn repeat_until_written<'a, T>(
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

    /// Stores the progress of a delivery, unless someone else has changed it since it was loaded: a
    /// delivery that has ended must not come back. If the store cannot be written, the progress is
    /// held in memory, and a restart repeats the steps that are not stored.
    pub(super) async fn keep(&self, open: Versioned<Delivery>) {
        let (store, id) = (&self.0.store, open.value.id.clone());
        let written = store
            .replace(&CALLBACKS, &id, &open.value, open.revision)
            .await;
        match written {
            Ok(_) => self.unsaved(|unsaved| drop(unsaved.remove(&id))),
            Err(error) => {
                tracing::debug!(%error, delivery = id, "callback progress not saved");
                self.unsaved(|unsaved| drop(unsaved.insert(id, open)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use netvane_core::{
        Engine,
        settings::Settings,
        store::{CALLBACK_DELIVERIES, Store},
    };
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn delivery() -> Delivery {
        serde_json::from_value(serde_json::json!({
            "id": "dlv_1", "command": "a", "url": "https://ops.example/", "question": null,
            "state": "delivering", "created": Timestamp::UNIX_EPOCH, "attempts": [],
            "next_attempt": null,
        }))
        .expect("a delivery")
    }

    #[tokio::test]
    async fn progress_does_not_bring_an_ended_delivery_back() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw1xGbqAJ3BBE=";
        let environment = [("NETVANE__HTTP__CALLBACK_SECRET".into(), secret.into())];
        let settings = Settings::load(None, environment).expect("settings");
        let engine = Engine::new(&settings).expect("an engine");
        let store = Store::in_memory().expect("a store");
        let shutdown = CancellationToken::new();
        let callbacks = Callbacks::start(&engine, &settings.http, &store, &shutdown);
        let callbacks = callbacks.expect("callbacks");

        let id = "dlv_1";
        store
            .put(&CALLBACKS, id, &delivery())
            .await
            .expect("written");
        let agenda = store.agenda();
        let due = agenda.begin(&CALLBACK_DELIVERIES, id, "ops.example");
        let due = due.await.expect("written").expect("new");
        let (_due, open) = callbacks.load(due).await.expect("open");
        let mut other = delivery();
        let ended = callbacks.end(&mut other, DeliveryState::Delivered);
        assert!(ended.await.is_some());

        callbacks.keep(open).await;
        let left = store.get::<Delivery>(&CALLBACKS, id).await;
        assert!(left.expect("readable").is_none());
        let found = callbacks.find(id).await.expect("readable").expect("ended");
        assert_eq!(found.state, DeliveryState::Delivered);
    }
}
