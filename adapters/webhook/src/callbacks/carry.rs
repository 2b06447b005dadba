//! Runs deliveries to their end: the lookup, then the attempts.

use std::time::{Duration, Instant, SystemTime};

use futures::FutureExt;
use jiff::Timestamp;
use netvane_core::{Failure, Platform, Request};

use super::{
    delivery::{self, Attempt, Delivery, DeliveryResult, DeliveryState, StoredRequest},
    keeping::{KEEP_OPEN, PAYLOADS},
    message, schedule,
    service::{Callbacks, Inner, OwnerSlot},
};

/// Minimum pause for a host that has reached its limit over all callers.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

impl Callbacks {
    /// Spawns the task that runs a delivery to its end, or until the shutdown.
    pub(super) fn carry(&self, mut delivery: Delivery, place: OwnerSlot) {
        let callbacks = self.clone();

        self.0.tasks.spawn(async move {
            let _place = place;

            // Boxed to keep the task small, because it spends most of its life waiting.
            if delivery.question.is_some()
                && Box::pin(callbacks.find_out(&mut delivery)).await.is_none()
            {
                return;
            }

            // From here on, wait by the monotonic clock, which nobody can set.
            let mut next = delivery.wait(Timestamp::now());

            while let Some(wait) = next {
                if callbacks
                    .unless_ended(tokio::time::sleep(wait))
                    .await
                    .is_none()
                {
                    return;
                }
                let Some(then) = Box::pin(callbacks.attempt(&mut delivery)).await else {
                    return;
                };
                next = then;
            }
        });
    }

    /// Runs the lookup and stores the payload; `None` if the shutdown comes first.
    async fn find_out(&self, delivery: &mut Delivery) -> Option<()> {
        let Inner { store, lookups, .. } = &*self.0;
        let _permit = self.unless_ended(lookups.acquire()).await?;
        while let Some(StoredRequest { input, caller }) = delivery.question.clone() {
            // An earlier process may have stored the payload already.
            if store.get::<String>(PAYLOADS, &delivery.id).is_some() {
                delivery.start_delivery();
                break;
            }
            self.running(|running| running.insert(delivery.id.clone()));
            let payload = self
                .payload(
                    Request::new(Platform::Http, input).by(caller),
                    delivery.most,
                )
                .await;
            let id = delivery.id.as_str();
            self.send_with_retry(|| store.put(PAYLOADS, id, &payload, KEEP_OPEN).boxed())
                .await?;
            delivery.start_delivery();
        }
        self.keep(delivery).await;
        self.running(|running| running.remove(&delivery.id));
        Some(())
    }

    /// Runs the lookup and builds the payload; a payload of more than `most` bytes is replaced by
    /// an error.
    pub(super) async fn payload(&self, request: Request, most: usize) -> String {
        let answer = self.0.engine.ask(request, |_| {}).await;
        let at = delivery::now();
        let payload = message::payload(&answer, at);
        if payload.len() <= most {
            return payload;
        }
        message::payload(
            &Err(Failure::TooLarge {
                what: "the reply".into(),
                limit: most,
            }),
            at,
        )
    }

    /// Makes one attempt and records it. Returns how long to wait for the next one, or `Some(None)`
    /// if there is none; `None` if the shutdown comes first.
    async fn attempt(&self, delivery: &mut Delivery) -> Option<Option<Duration>> {
        let (attempt, retry_after) = match self.in_turn(delivery).await? {
            Ok(made) => made,
            // The receiver's budget is used up for now, so this does not count as an attempt.
            Err(wait) => return Some(Some(wait)),
        };

        let state = match attempt.outcome {
            DeliveryResult::Status(200..=299) => Some(DeliveryState::Delivered),
            DeliveryResult::Status(410) => Some(DeliveryState::Gone),
            _ => None,
        };

        delivery.attempts.push(attempt);
        match (
            state,
            self.0.schedule.wait(delivery.attempts.len(), retry_after),
        ) {
            (None, Some(wait)) => {
                delivery.next_attempt = Some(delivery::to_the_millisecond(Timestamp::now() + wait));
                self.keep(delivery).await;
                Some(Some(wait))
            }
            (state, _) => self
                .end(delivery, state.unwrap_or(DeliveryState::Failed))
                .await
                .map(|()| None),
        }
    }

    /// Makes one attempt as soon as a slot is free; returns how long to wait instead if the
    /// receiver's budget is used up.
    async fn in_turn(
        &self,
        delivery: &Delivery,
    ) -> Option<Result<(Attempt, Option<Duration>), Duration>> {
        let Inner {
            attempts, hosts, ..
        } = &*self.0;
        let host = delivery.url.host_str().unwrap_or_default();

        // Take the host's own slot first, so that deliveries waiting for a slow host do not occupy
        // slots that others could use.
        let _at_host = self.unless_ended(hosts.enter(host)).await?;
        let _of_all = self.unless_ended(attempts.acquire()).await?;
        let (at, started) = (delivery::now(), Instant::now());
        let sent = self.send(delivery, at).await;
        let elapsed_ms = started.elapsed().as_millis() as u64;

        Some(sent.map(|(outcome, retry_after)| {
            (
                Attempt {
                    at,
                    outcome,
                    elapsed_ms,
                },
                retry_after,
            )
        }))
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

        let Some(payload) = store.get::<String>(PAYLOADS, &delivery.id) else {
            return Ok((
                DeliveryResult::Error("could not read the reply from the state".into()),
                None,
            ));
        };

        let Ok(headers) = message::headers(signer, &delivery.id, at, &payload) else {
            return Ok((
                DeliveryResult::Error("could not sign the reply".into()),
                None,
            ));
        };

        match engine
            .runtime()
            .deliver(&delivery.url, headers, payload, *patience, delivery.own)
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
