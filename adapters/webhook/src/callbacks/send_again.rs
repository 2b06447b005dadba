//! Sending a delivery again that has failed: its payload is kept for 7 days.

use futures::FutureExt;
use netvane_core::{
    Caller, Failure,
    store::{
        CALLBACK_DELIVERIES, StoreError, Versioned,
        bucket::{CALLBACK_PAYLOADS, CALLBACKS, CALLBACKS_ENDED, CALLBACKS_UNDELIVERED},
    },
};
use serde::{Deserialize, Serialize};

use super::{
    accept::not_kept,
    delivery::{Delivery, DeliveryState},
    lookups::log_error,
    service::Callbacks,
};

/// A delivery that the receiver did not accept, with all that is needed to send it again.
#[derive(Serialize, Deserialize)]
struct Undelivered {
    /// As it was before its end, with the whole URL.
    delivery: Delivery,
    payload: String,
}

/// What became of a request to send a delivery again.
pub(crate) enum SentAgain {
    /// It is being sent, since now or already.
    Open(DeliveryState),
    /// The receiver accepted it, or its payload is no longer kept.
    NotPossible,
    Unknown,
}

impl Callbacks {
    /// Keeps a delivery that failed and its payload; `None` if the shutdown comes first.
    pub(super) async fn keep_undelivered(&self, delivery: &Delivery) -> Option<()> {
        let (store, id) = (&self.0.store, delivery.id.as_str());
        let Ok(Some(payload)) = store.get::<String>(&CALLBACK_PAYLOADS, id).await else {
            return Some(());
        };
        let undelivered = Undelivered {
            delivery: delivery.clone(),
            payload: payload.value,
        };
        let written = self.repeat_until_written(|| {
            let put = store.put(&CALLBACKS_UNDELIVERED, id, &undelivered);
            put.map(|written| match written {
                // A payload of an older version may be too large; then it cannot be sent again.
                Err(error) if !error.is_temporary() => Ok(()),
                written => written.map(|_| ()),
            })
            .boxed()
        });
        written.await
    }

    /// Whether a delivery that has ended can be sent again.
    pub(crate) async fn can_be_sent_again(&self, id: &str) -> bool {
        let found = self.undelivered(id).await;
        found.is_ok_and(|found| found.is_some())
    }

    /// Sends a delivery again that has failed, with the same id and payload, for this client. Its
    /// receiver is enabled.
    pub(crate) async fn send_again(&self, id: &str, caller: &Caller) -> Result<SentAgain, Failure> {
        let _one_at_a_time = self.0.sending_again.lock().await;
        let Some(undelivered) = self.undelivered(id).await.map_err(not_kept)? else {
            return Ok(match self.find(id).await.map_err(not_kept)? {
                Some(delivery) if delivery.state.is_open() => SentAgain::Open(delivery.state),
                Some(_) => SentAgain::NotPossible,
                None => SentAgain::Unknown,
            });
        };

        let Undelivered {
            mut delivery,
            payload,
        } = undelivered.value;
        let place = self.0.open.take(caller)?;
        delivery.restart(caller);
        self.enable(&delivery).await;
        self.remember_place(id, place);
        if let Err(error) = self.reopen(&delivery, &payload).await {
            self.forget_place(id);
            return Err(not_kept(error));
        }
        Ok(SentAgain::Open(delivery.state))
    }

    /// Stores a delivery as an open one, and its job, which is given out when all is on disk. Where
    /// the process ends in between, the undelivered one is still there.
    async fn reopen(&self, delivery: &Delivery, payload: &str) -> Result<(), StoreError> {
        let (store, id) = (&self.0.store, delivery.id.as_str());
        let host = delivery.url.host_str().unwrap_or_default();
        store.put(&CALLBACK_PAYLOADS, id, &payload).await?;
        store.put(&CALLBACKS, id, delivery).await?;
        store.remove(&CALLBACKS_ENDED, id).await?;
        let due = self.0.agenda.begin(&CALLBACK_DELIVERIES, id, host).await?;
        log_error(store.remove(&CALLBACKS_UNDELIVERED, id).await.map(|_| ()));
        if let Some(due) = due {
            due.release();
        }
        Ok(())
    }

    async fn undelivered(&self, id: &str) -> Result<Option<Versioned<Undelivered>>, StoreError> {
        self.0.store.get(&CALLBACKS_UNDELIVERED, id).await
    }
}
