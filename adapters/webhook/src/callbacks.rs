//! Callbacks: questions that are answered later, with a signed request to a URL of the asker's (Standard Webhooks).
//!
//! A question is on disk before it is acknowledged, and its reply before it is first sent: whatever ends this process,
//! the next one goes on. So a reply may arrive twice, always with the same bytes and the same `webhook-id`; it never
//! gets lost before its last attempt.
//!
//! Each open delivery is a task that mostly sleeps. What it costs others is bounded: so many open, so many lookups and
//! attempts at a time, and of those so few to one host that a dead one holds up nobody else.

mod delivery;
mod handlers;
mod hosts;
mod message;
mod schedule;
mod target;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use moka::sync::Cache;
use netvane_core::{
    Caller, Engine, Failure, Health, Input, Platform, Request,
    request::http_request::Visit,
    settings::Http,
    store::{Store, StoreError},
};
use standardwebhooks::Webhook;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use delivery::DeliveryStatus;
pub(crate) use handlers::{AcceptedCallback, show, take};
pub(crate) use message::Message;

use delivery::{Attempt, Delivery, Outcome, Question, State};
use hosts::Hosts;
use schedule::Schedule;

/// Deliveries that may be open.
const MOST_OPEN: usize = 10_000;
/// Of these, of someone without a key; and how many such askers are told apart.
const OF_A_STRANGER: usize = 20;
const STRANGERS: u64 = 10_000;
/// Lookups for callbacks, and attempts to deliver, at a time.
const LOOKUPS: usize = 32;
const ATTEMPTS: usize = 32;
/// Of these attempts, to one host.
const ATTEMPTS_AT_HOST: usize = 4;

/// A longer question is a pasted message, which is never written to disk.
const MAX_QUESTION: usize = 2048;
/// A larger reply is not delivered; that is told instead.
const MAX_PAYLOAD: usize = 1 << 20;

/// Open deliveries, their replies as they are sent, and those that have ended.
const OPEN: &str = "callbacks";
const PAYLOADS: &str = "callback payloads";
const ENDED: &str = "callbacks ended";

/// Longer than any schedule takes; what is open goes when it has ended.
const KEEP_OPEN: Duration = Duration::from_secs(365 * 24 * 3600);
const KEEP_ENDED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A host that gets enough from everybody is left alone for at least this long.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Where state cannot be kept now, askers are told to come back after this time.
const STATE_TROUBLE: Duration = Duration::from_secs(60);
/// What was taken before is tried to be kept again after this time, and then more and more rarely.
const KEEP_AGAIN: Duration = Duration::from_secs(1);

/// Takes questions and delivers their replies. Clones are the same.
#[derive(Clone)]
pub(crate) struct Callbacks(Arc<Inner>);

struct Inner {
    engine: Engine,
    store: Store,
    signer: Webhook,
    schedule: Schedule,
    patience: Duration,
    open: Arc<Semaphore>,
    /// Of those who asked without a key or a signature, each has a few.
    strangers: Cache<String, Arc<Semaphore>>,
    lookups: Semaphore,
    attempts: Semaphore,
    hosts: Hosts,
    /// Deliveries whose lookup is under way.
    running: Mutex<HashSet<String>>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

/// One of the deliveries that may be open.
struct Place {
    _permit: Option<OwnedSemaphorePermit>,
    _stranger: Option<OwnedSemaphorePermit>,
}

impl Callbacks {
    /// Goes on with what an earlier process left open; or says why there are no callbacks here.
    pub(crate) fn start(
        engine: &Engine,
        settings: &Http,
        store: Option<&Store>,
        shutdown: &CancellationToken,
    ) -> Result<Self, &'static str> {
        if !settings.callback_secret.is_set() {
            return Err(
                "this Netvane delivers no callbacks: its operator can set `http.callback_secret`",
            );
        }

        let store =
            store.ok_or("callbacks cannot be kept: the state of this Netvane cannot be opened")?;
        let signer = Webhook::new(settings.callback_secret.reveal())
            .map_err(|_| "callbacks cannot be signed: `http.callback_secret` is not a secret")?;

        ::metrics::describe_counter!(
            "netvane_deliveries_total",
            "Callbacks that have ended, by outcome."
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

        let left_open = store.all::<Delivery>(OPEN);
        if !left_open.is_empty() {
            tracing::info!(deliveries = left_open.len(), "callbacks go on");
        }

        for (id, delivery) in left_open {
            // It ended, and the process with it, before this was tidied away.
            if store.get::<Delivery>(ENDED, &id).is_some() {
                let callbacks = callbacks.clone();
                callbacks
                    .0
                    .tasks
                    .clone()
                    .spawn(async move { callbacks.forget(&id).await });
                continue;
            }
            let place = Place::new(callbacks.0.open.clone().try_acquire_owned().ok(), None);
            callbacks.carry(delivery, place);
        }

        engine.adapters().report("http callbacks", Health::Up);

        Ok(callbacks)
    }

    /// After the shutdown: until what was under way has ended, for at most this long. The rest stays in the store.
    pub(crate) async fn ended(self, drain: Duration) {
        self.0.shutdown.cancelled().await;
        self.0.tasks.close();
        let _ = tokio::time::timeout(drain, self.0.tasks.wait()).await;
    }

    /// Takes a question whose reply is to be delivered; it is on disk when this returns. It came in a body of so many
    /// bytes.
    async fn accept(&self, request: Request, url: &str, body: usize) -> Result<Delivery, Failure> {
        let Inner { engine, store, .. } = &*self.0;
        let url = target::read(url, &engine.runtime().http())?;
        let command = engine.understood(&request.input)?;
        let full = || {
            Failure::Unavailable(format!(
                "{MOST_OPEN} callbacks are open, which is all that this Netvane takes"
            ))
        };

        let stranger = self.stranger(&request.caller)?;
        let permit = self
            .0
            .open
            .clone()
            .try_acquire_owned()
            .map_err(|_| full())?;

        let place = Place::new(Some(permit), stranger);
        let mut delivery = Delivery {
            id: delivery::id()?,
            command: command.to_owned(),
            url,
            question: None,
            state: State::Queued,
            created: delivery::now(),
            attempts: Vec::new(),
            next_attempt: None,
            most: self.most(&request, body),
            own: request.caller.own,
        };

        let about_visit = engine
            .registry()
            .find(command)
            .is_some_and(|entry| entry.about_visit);

        if about_visit {
            // The request that brings the question is all it takes, and would not be there later. What proves who
            // the asker is goes neither to the disk nor to the receiver.
            let visit = request.visit.map(|visit| {
                Arc::new(Visit {
                    for_others: true,
                    ..(*visit).clone()
                })
            });
            let payload = self
                .payload(Request { visit, ..request }, delivery.most)
                .await;
            store
                .put(PAYLOADS, &delivery.id, &payload, KEEP_OPEN)
                .await
                .map_err(not_kept)?;
            delivery.answered();
        } else {
            if length(&request.input) > MAX_QUESTION {
                let what =
                    "a question with a callback, which is kept on disk until it is answered,";
                return Err(Failure::TooLarge {
                    what: what.into(),
                    limit: MAX_QUESTION,
                });
            }
            delivery.question = Some(Question {
                input: request.input,
                caller: request.caller,
            });
        }

        store
            .put(OPEN, &delivery.id, &delivery, KEEP_OPEN)
            .await
            .map_err(not_kept)?;
        self.carry(delivery.clone(), place);

        Ok(delivery)
    }

    /// A place among the few of someone who asked without a key or a signature.
    fn stranger(&self, caller: &Caller) -> Result<Option<OwnedSemaphorePermit>, Failure> {
        if caller.own || caller.credential.is_some() {
            return Ok(None);
        }
        let few = self
            .0
            .strangers
            .get_with(caller.name(), || Arc::new(Semaphore::new(OF_A_STRANGER)));
        few.try_acquire_owned()
            .map(Some)
            .map_err(|_| Failure::RateLimited {
                message: format!(
                    "{OF_A_STRANGER} of your callbacks are open; with an API key there can be more"
                ),
                retry_after: STATE_TROUBLE,
            })
    }

    /// A delivery as it stands; `None` where there is none, or none any more.
    fn find(&self, id: &str) -> Option<Delivery> {
        let store = &self.0.store;
        // In this order: what ends in between is in both for a while.
        let mut delivery = store
            .get::<Delivery>(OPEN, id)
            .or_else(|| store.get(ENDED, id))?;
        if delivery.question.is_some() && self.running(|running| running.contains(id)) {
            delivery.state = State::Running;
        }
        Some(delivery)
    }

    /// Carries a delivery to its end, or until the shutdown.
    fn carry(&self, mut delivery: Delivery, place: Place) {
        let callbacks = self.clone();

        self.0.tasks.spawn(async move {
            let _place = place;

            // Boxed, because most of its life this task only waits.
            if delivery.question.is_some()
                && Box::pin(callbacks.find_out(&mut delivery)).await.is_none()
            {
                return;
            }

            // From here on it is waited by the clock that nobody sets.
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

    /// Looks up the reply and keeps it; `None` when the shutdown comes first.
    async fn find_out(&self, delivery: &mut Delivery) -> Option<()> {
        let Inner { store, lookups, .. } = &*self.0;
        let _permit = self.unless_ended(lookups.acquire()).await?;
        while let Some(Question { input, caller }) = delivery.question.clone() {
            // An earlier process may have come so far.
            if store.get::<String>(PAYLOADS, &delivery.id).is_some() {
                delivery.answered();
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
            self.insist(|| store.put(PAYLOADS, id, &payload, KEEP_OPEN).boxed())
                .await?;
            delivery.answered();
        }
        self.keep(delivery).await;
        self.running(|running| running.remove(&delivery.id));
        Some(())
    }

    /// The most bytes that may be delivered for a request: a multiple of its own, head and body.
    fn most(&self, request: &Request, body: usize) -> usize {
        let head = request.visit.as_ref().map_or(0, |visit| visit.size());
        let factor = self.0.engine.runtime().limits.amplification as usize;
        (head + body).saturating_mul(factor).min(MAX_PAYLOAD)
    }

    /// Asks, and words the message.
    async fn payload(&self, request: Request, most: usize) -> String {
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

    /// One attempt, written down, and how long to wait for the one after it, if there is one; `None` when the shutdown
    /// comes before it.
    async fn attempt(&self, delivery: &mut Delivery) -> Option<Option<Duration>> {
        let (attempt, retry_after) = match self.in_turn(delivery).await? {
            Ok(made) => made,
            // The receiver gets enough from everybody just now: this was none.
            Err(wait) => return Some(Some(wait)),
        };

        let state = match attempt.outcome {
            Outcome::Status(200..=299) => Some(State::Delivered),
            Outcome::Status(410) => Some(State::Gone),
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
                .end(delivery, state.unwrap_or(State::Failed))
                .await
                .map(|()| None),
        }
    }

    /// One attempt, when it is its turn; or how long to wait for it.
    async fn in_turn(
        &self,
        delivery: &Delivery,
    ) -> Option<Result<(Attempt, Option<Duration>), Duration>> {
        let Inner {
            attempts, hosts, ..
        } = &*self.0;
        let host = delivery.url.host_str().unwrap_or_default();

        // The host's own limit first: those who wait for it take nobody else's place.
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

    /// The request itself, and what `Retry-After` in its answer says; or how long to leave its host alone.
    async fn send(
        &self,
        delivery: &Delivery,
        at: Timestamp,
    ) -> Result<(Outcome, Option<Duration>), Duration> {
        let Inner {
            engine,
            store,
            signer,
            patience,
            ..
        } = &*self.0;

        let Some(payload) = store.get::<String>(PAYLOADS, &delivery.id) else {
            return Ok((
                Outcome::Error("the reply cannot be read from the state".into()),
                None,
            ));
        };

        let Ok(headers) = message::headers(signer, &delivery.id, at, &payload) else {
            return Ok((Outcome::Error("the reply cannot be signed".into()), None));
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
                Ok((Outcome::Status(receipt.status), wait))
            }
            Err(Failure::RateLimited { retry_after, .. }) => Err(retry_after.max(SHORTEST_WAIT)),
            Err(failure) => Ok((Outcome::Error(failure.to_string()), None)),
        }
    }

    /// The end of a delivery: how it went is kept, what it was about is not. `None` when the shutdown comes first.
    async fn end(&self, delivery: &mut Delivery, state: State) -> Option<()> {
        let store = &self.0.store;
        delivery.ended(state);
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
        self.insist(|| store.put(ENDED, &ended.id, ended, KEEP_ENDED).boxed())
            .await?;
        self.forget(&ended.id).await
    }

    /// What was kept of a delivery while it was open.
    async fn forget(&self, id: &str) -> Option<()> {
        let store = &self.0.store;
        for bucket in [OPEN, PAYLOADS] {
            self.insist(|| store.remove(bucket, id).boxed()).await?;
        }
        Some(())
    }

    /// Changes the state, however long the disk refuses that; `None` when the shutdown comes first. The store tells of
    /// its trouble.
    async fn insist<'a, T>(
        &self,
        change: impl Fn() -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Option<T> {
        let mut wait = KEEP_AGAIN;
        loop {
            match change().await {
                Ok(made) => return Some(made),
                Err(error) => {
                    tracing::debug!(%error, "how far a callback has come is not kept yet")
                }
            }
            self.unless_ended(tokio::time::sleep(wait)).await?;
            wait = (wait * 2).min(STATE_TROUBLE);
        }
    }

    /// Writes down how far a delivery has come. Where that fails, a restart would repeat what is not written.
    async fn keep(&self, delivery: &Delivery) {
        if let Err(error) = self
            .0
            .store
            .put(OPEN, &delivery.id, delivery, KEEP_OPEN)
            .await
        {
            tracing::debug!(%error, delivery = delivery.id, "how far a callback has come is not kept");
        }
    }

    /// What this gives, or `None` when the shutdown comes first.
    async fn unless_ended<T>(&self, event: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.0.shutdown.cancelled() => None,
            value = event => Some(value),
        }
    }

    fn running<T>(&self, look: impl FnOnce(&mut HashSet<String>) -> T) -> T {
        look(
            &mut self
                .0
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Place {
    fn new(permit: Option<OwnedSemaphorePermit>, stranger: Option<OwnedSemaphorePermit>) -> Self {
        ::metrics::gauge!("netvane_deliveries_open").increment(1.0);
        Self {
            _permit: permit,
            _stranger: stranger,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        ::metrics::gauge!("netvane_deliveries_open").decrement(1.0);
    }
}

fn not_kept(error: StoreError) -> Failure {
    tracing::debug!(%error, "a callback is not kept");
    Failure::Unavailable("the callback cannot be kept on disk now, so it is not taken".into())
}

fn length(input: &Input) -> usize {
    match input {
        Input::Text(line) => line.len(),
        Input::Named { arguments, .. } => {
            serde_json::to_string(arguments).map_or(usize::MAX, |text| text.len())
        }
    }
}
