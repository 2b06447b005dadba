//! Attempts to deliver: the second stage of a delivery, repeated on a schedule until its end.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant, SystemTime},
};

use jiff::Timestamp;
use netvane_core::{
    Failure,
    store::{CALLBACK_DELIVERIES, Due, Versioned, bucket::CALLBACK_PAYLOADS},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    delivery::{self, Attempt, Delivery, DeliveryResult, DeliveryState},
    lanes::Lanes,
    lookups::log_error,
    schedule,
    service::{Callbacks, Inner},
};

/// Minimum pause for a host or client that has reached its limit.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Pause of an attempt that was broken off, because many receivers are slow, or that was not made,
/// because the state could not be read.
const AFTER_BREAK: Duration = Duration::from_secs(30);

/// What became of an attempt.
enum AttemptOutcome {
    /// It was made; with the wait that the receiver asks for.
    Made(Attempt, Option<Duration>),
    /// It was not made and is put off for this long: a rate limit is used up, or the state cannot be
    /// read.
    PutOff(Duration),
    /// It was not made: the receiver's address takes turns under this name.
    Moved(String),
}

impl Callbacks {
    /// Makes the attempts that are due, until the shutdown.
    pub(super) async fn run_attempts(self) {
        let lanes = Lanes::new();
        while let Some(Some(slot)) = self.unless_ended(lanes.enter()).await {
            let next = self.0.agenda.take(&CALLBACK_DELIVERIES);
            let Some(due) = self.unless_ended(next).await else {
                return;
            };
            let (callbacks, lanes) = (self.clone(), lanes.clone());
            self.0
                .tasks
                .spawn(async move { callbacks.attempt(due, slot, lanes).await });
        }
    }

    /// Makes one attempt and records it, then ends the delivery or puts it off.
    async fn attempt(&self, due: Due, slot: OwnedSemaphorePermit, lanes: Lanes) -> Option<()> {
        let (due, mut open) = self.load(due).await?;
        let delivery = &mut open.value;
        if let Some(until) = self.disabled_until(delivery).await {
            delivery.disabled_until = Some(until);
            return self.end_job(due, delivery, DeliveryState::Disabled).await;
        }

        let attempt = lanes.run(slot, self.send_timed(delivery, due.owner()));
        let outcome = due.work(attempt).await;

        // What follows waits for the disk at most, and must not keep others from sending.
        due.free_turn();
        match outcome {
            Some(AttemptOutcome::Made(attempt, wait)) => {
                self.record(due, open, attempt, wait).await
            }
            // These do not count as attempts.
            Some(AttemptOutcome::PutOff(wait)) => {
                log_error(due.postpone(wait).await);
                Some(())
            }
            Some(AttemptOutcome::Moved(owner)) => {
                due.release_to(&owner);
                Some(())
            }
            None => {
                ::metrics::counter!("netvane_delivery_attempts_broken_off_total").increment(1);
                log_error(due.postpone(AFTER_BREAK).await);
                Some(())
            }
        }
    }

    /// Records an attempt, then ends the delivery or puts it off.
    async fn record(
        &self,
        due: Due,
        mut open: Versioned<Delivery>,
        attempt: Attempt,
        retry_after: Option<Duration>,
    ) -> Option<()> {
        let delivery = &mut open.value;
        let state = match attempt.outcome {
            DeliveryResult::Status(200..=299) => Some(DeliveryState::Delivered),
            DeliveryResult::Status(410) => Some(DeliveryState::Gone),
            _ => None,
        };
        delivery.attempts.push(attempt);
        match state {
            Some(DeliveryState::Delivered) => self.note_success(delivery).await,
            Some(_) => {}
            None => self.note_failure(delivery).await,
        }

        let next = self.0.schedule.wait(delivery.attempts_made(), retry_after);
        match (state, next) {
            (None, Some(wait)) => {
                delivery.next_attempt = Some(delivery::to_the_millisecond(Timestamp::now() + wait));
                self.keep(open).await;
                log_error(due.postpone(wait).await);
                Some(())
            }
            (state, _) => {
                let state = state.unwrap_or(DeliveryState::Failed);
                self.end_job(due, delivery, state).await
            }
        }
    }

    /// Ends a delivery and its job.
    async fn end_job(&self, due: Due, delivery: &mut Delivery, state: DeliveryState) -> Option<()> {
        due.work(self.end(delivery, state)).await?;
        log_error(due.done().await);
        self.report_open();
        Some(())
    }

    /// Makes the attempt and measures it, if the receiver's address takes turns under this name and
    /// no rate limit is used up.
    async fn send_timed(&self, delivery: &Delivery, owner: &str) -> AttemptOutcome {
        let (at, started) = (delivery::now(), Instant::now());
        let made = |(outcome, retry_after)| {
            let elapsed_ms = started.elapsed().as_millis() as u64;
            let attempt = Attempt {
                at,
                outcome,
                elapsed_ms,
            };
            AttemptOutcome::Made(attempt, retry_after)
        };
        let failed = |why: String| made((DeliveryResult::Error(why), None));

        let address = match self.address_of(delivery, owner).await {
            Ok(address) => address,
            Err(failure) => return failed(failure.to_string()),
        };
        let turns = owner_of(address.ip());
        if turns != owner {
            self.0.resolved.insert(delivery.id.clone(), address);
            return AttemptOutcome::Moved(turns);
        }

        let id = &delivery.id;
        let payload = match self.0.store.get::<String>(&CALLBACK_PAYLOADS, id).await {
            Ok(Some(payload)) => payload,
            Ok(None) => return failed("could not read the reply from the state".into()),
            Err(error) => {
                tracing::debug!(%error, delivery = id, "could not read a reply");
                return AttemptOutcome::PutOff(AFTER_BREAK);
            }
        };
        if let Err(wait) = self.charge(delivery, address.ip(), payload.value.len()) {
            return AttemptOutcome::PutOff(wait.max(SHORTEST_WAIT));
        }
        made(self.send(delivery, address, at, payload.value).await)
    }

    /// Returns the address that an attempt contacts: the one for which it has waited its turn, or
    /// one of those to which the name resolves now, the next one for each attempt. It has been
    /// checked, and no other is contacted.
    async fn address_of(&self, delivery: &Delivery, owner: &str) -> Result<SocketAddr, Failure> {
        let waited = self.0.resolved.remove(&delivery.id);
        if let Some(address) = waited.filter(|address| owner_of(address.ip()) == owner) {
            return Ok(address);
        }

        let runtime = self.0.engine.runtime();
        let addresses = runtime
            .resolve_receiver(&delivery.url, delivery.own)
            .await?;
        let next = delivery.attempts_made() % addresses.len().max(1);
        addresses
            .get(next)
            .copied()
            .ok_or_else(|| Failure::Upstream {
                what: delivery.url.host_str().unwrap_or_default().to_owned(),
                why: "the name has no address".into(),
            })
    }

    /// Charges an attempt to the receiver's address and to the client, by its size; returns how long
    /// to wait if a rate limit is used up. The operator is not charged.
    fn charge(&self, delivery: &Delivery, receiver: IpAddr, bytes: usize) -> Result<(), Duration> {
        let Some(client) = delivery.client.as_ref().filter(|_| !delivery.own) else {
            return Ok(());
        };
        let (name, waiting) = (client.name(), &self.0.waiting_clients);
        // A client that has to wait takes nothing from the receiver's limit.
        let now = Instant::now();
        if let Some(wait) = waiting
            .get(&name)
            .and_then(|until| until.checked_duration_since(now))
        {
            return Err(wait);
        }

        let runtime = self.0.engine.runtime();
        runtime
            .charge_delivery_target(receiver, bytes)
            .map_err(|failure| wait_of(&failure))?;
        runtime
            .charge_delivery_client(client, bytes)
            .map_err(|failure| {
                let wait = wait_of(&failure);
                waiting.insert(name, now + wait);
                wait
            })
    }

    /// Sends the request to this address. Returns the result and the value of `Retry-After`.
    async fn send(
        &self,
        delivery: &Delivery,
        address: SocketAddr,
        at: Timestamp,
        payload: String,
    ) -> (DeliveryResult, Option<Duration>) {
        let Inner {
            engine,
            signer,
            patience,
            ..
        } = &*self.0;

        let headers = signer
            .load()
            .headers(&delivery.id, at, &delivery.url, &payload);
        let Some(headers) = headers else {
            return (
                DeliveryResult::Error("could not sign the reply".into()),
                None,
            );
        };

        let runtime = engine.runtime();
        let http = runtime.http();
        let sent = http.post_to(address, &delivery.url, headers, payload, *patience);
        match sent.await {
            Ok(receipt) => {
                let retry_after = receipt.retry_after.as_deref();
                let wait =
                    retry_after.and_then(|text| schedule::retry_after(text, SystemTime::now()));
                (DeliveryResult::Status(receipt.status), wait)
            }
            Err(failure) => (DeliveryResult::Error(failure.to_string()), None),
        }
    }
}

/// The name under which the deliveries to an address take turns. The holder of one IPv6 address
/// usually controls its whole /64.
fn owner_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
    }
}

/// The wait that a rate limit asks for.
fn wait_of(failure: &Failure) -> Duration {
    match failure {
        Failure::RateLimited { retry_after, .. } => *retry_after,
        _ => SHORTEST_WAIT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_take_turns_by_address() {
        for (address, owner) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(owner_of(address.parse().expect("an address")), owner);
        }
    }
}
