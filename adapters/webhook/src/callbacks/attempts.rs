//! Attempts to deliver: the second stage of a delivery, repeated on a schedule until its end.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use jiff::Timestamp;
use netvane_core::{
    Failure,
    store::{CALLBACK_DELIVERIES, Due, bucket::CALLBACK_PAYLOADS},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    delivery::{self, Attempt, Delivery, DeliveryResult, DeliveryState},
    lookups::log_error,
    schedule,
    service::{Callbacks, Inner},
};

/// Concurrent attempts to deliver. The agenda bounds those to one host.
const ATTEMPTS: usize = 32;

/// Minimum pause for a host that has reached its limit over all callers.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

impl Callbacks {
    /// Makes the attempts that are due, until the shutdown.
    pub(super) async fn run_attempts(self) {
        let slots = Arc::new(Semaphore::new(ATTEMPTS));
        while let Some(Ok(slot)) = self.unless_ended(slots.clone().acquire_owned()).await {
            let next = self.0.agenda.take(&CALLBACK_DELIVERIES);
            let Some(due) = self.unless_ended(next).await else {
                return;
            };
            let callbacks = self.clone();
            self.0
                .tasks
                .spawn(async move { callbacks.attempt(due, slot).await });
        }
    }

    /// Makes one attempt and records it, then ends the delivery or puts it off.
    async fn attempt(&self, due: Due, slot: OwnedSemaphorePermit) -> Option<()> {
        let (due, mut open) = self.load(due).await?;
        let sent = due.work(self.send_timed(&open.value)).await;

        // What follows waits for the disk at most, and must not keep others from sending.
        drop(slot);
        due.free_turn();
        let (attempt, retry_after) = match sent {
            Ok(sent) => sent,
            // The receiver's budget is used up for now, so this does not count as an attempt.
            Err(wait) => {
                log_error(due.postpone(wait).await);
                return Some(());
            }
        };

        let state = match attempt.outcome {
            DeliveryResult::Status(200..=299) => Some(DeliveryState::Delivered),
            DeliveryResult::Status(410) => Some(DeliveryState::Gone),
            _ => None,
        };
        let delivery = &mut open.value;
        delivery.attempts.push(attempt);
        let next = self.0.schedule.wait(delivery.attempts.len(), retry_after);

        match (state, next) {
            (None, Some(wait)) => {
                delivery.next_attempt = Some(delivery::to_the_millisecond(Timestamp::now() + wait));
                self.keep(open).await;
                log_error(due.postpone(wait).await);
            }
            (state, _) => {
                let state = state.unwrap_or(DeliveryState::Failed);
                due.work(self.end(delivery, state)).await?;
                log_error(due.done().await);
                self.report_open();
            }
        }
        Some(())
    }

    /// Sends the request and measures it; returns how long to wait instead if the receiver's budget
    /// is used up.
    async fn send_timed(
        &self,
        delivery: &Delivery,
    ) -> Result<(Attempt, Option<Duration>), Duration> {
        let (at, started) = (delivery::now(), Instant::now());
        let (outcome, retry_after) = self.send(delivery, at).await?;
        let attempt = Attempt {
            at,
            outcome,
            elapsed_ms: started.elapsed().as_millis() as u64,
        };
        Ok((attempt, retry_after))
    }

    /// Sends the request. Returns the result and the value of `Retry-After`, or how long to wait if
    /// the host's budget is used up.
    async fn send(
        &self,
        delivery: &Delivery,
        at: Timestamp,
    ) -> Result<(DeliveryResult, Option<Duration>), Duration> {
        let Inner {
            engine,
            store,
            signer,
            patience,
            ..
        } = &*self.0;

        let Ok(Some(payload)) = store.get::<String>(&CALLBACK_PAYLOADS, &delivery.id).await else {
            return Ok((
                DeliveryResult::Error("could not read the reply from the state".into()),
                None,
            ));
        };

        let headers = signer.headers(&delivery.id, at, &delivery.url, &payload.value);
        let Some(headers) = headers else {
            return Ok((
                DeliveryResult::Error("could not sign the reply".into()),
                None,
            ));
        };

        match engine
            .runtime()
            .deliver(
                &delivery.url,
                headers,
                payload.value,
                *patience,
                delivery.own,
            )
            .await
        {
            Ok(receipt) => {
                let retry_after = receipt.retry_after.as_deref();
                let wait =
                    retry_after.and_then(|text| schedule::retry_after(text, SystemTime::now()));
                Ok((DeliveryResult::Status(receipt.status), wait))
            }
            Err(Failure::RateLimited { retry_after, .. }) => Err(retry_after.max(SHORTEST_WAIT)),
            Err(failure) => Ok((DeliveryResult::Error(failure.to_string()), None)),
        }
    }
}
