//! Lookups of callbacks: the first stage of a delivery, which ends with the payload in the store.

use std::sync::Arc;

use futures::FutureExt;
use jiff::Timestamp;
use netvane_core::{
    Caller, Failure, Platform, Reply, Request,
    store::{
        CALLBACK_DELIVERIES, CALLBACK_LOOKUPS, Due,
        bucket::{CALLBACK_PAYLOADS, CALLBACKS},
    },
};
use tokio::sync::Semaphore;

use super::{
    delivery::{self, Delivery, StoredRequest},
    message,
    service::Callbacks,
};

/// Concurrent lookups for callbacks.
const LOOKUPS: usize = 32;

impl Callbacks {
    /// Runs the lookups that are due, until the shutdown.
    pub(super) async fn run_lookups(self) {
        let slots = Arc::new(Semaphore::new(LOOKUPS));
        while let Some(Ok(slot)) = self.unless_ended(slots.clone().acquire_owned()).await {
            let next = self.0.agenda.take(&CALLBACK_LOOKUPS);
            let Some(due) = self.unless_ended(next).await else {
                return;
            };
            let callbacks = self.clone();
            self.0.tasks.spawn(async move {
                callbacks.look_up(due).await;
                drop(slot);
            });
        }
    }

    /// Runs one lookup, stores its payload and passes the delivery on.
    async fn look_up(&self, due: Due) -> Option<()> {
        let (due, open) = self.load(due).await?;
        let (mut delivery, revision) = (open.value, open.revision);

        if let Some(question) = delivery.question.clone() {
            due.work(self.find_out(&mut delivery, question)).await?;
        }

        let host = delivery.url.host_str().unwrap_or_default();
        let wait = delivery.wait(Timestamp::now()).unwrap_or_default();
        let (store, agenda, id) = (&self.0.store, &self.0.agenda, delivery.id.as_str());
        let passed_on = async {
            tokio::join!(
                self.repeat_until_written(|| {
                    store.replace(&CALLBACKS, id, &delivery, revision).boxed()
                }),
                self.repeat_until_written(|| {
                    agenda.add(&CALLBACK_DELIVERIES, id, host, wait).boxed()
                }),
            )
        };
        let (replaced, added) = due.work(passed_on).await;
        let replaced = replaced?;
        added?;

        // After a restart both stages may have a job. If the other one has changed the record, this
        // one starts again from what is there now.
        match replaced {
            Some(_) => log_error(due.done().await),
            None => due.release(),
        }
        Some(())
    }

    /// Runs the lookup, unless its payload is known, and stores the payload; `None` if the shutdown comes first.
    async fn find_out(&self, delivery: &mut Delivery, question: StoredRequest) -> Option<()> {
        let StoredRequest { input, caller } = question;
        let store = &self.0.store;

        // An earlier process may have stored the payload already.
        let stored = store.get::<String>(&CALLBACK_PAYLOADS, &delivery.id).await;
        if !matches!(stored, Ok(Some(_))) {
            self.running(|running| running.insert(delivery.id.clone()));
            // The caller is stored without it; after a restart the operator's requests would be limited.
            let caller = Caller {
                own: delivery.own,
                ..caller
            };
            let request = Request::new(Platform::Http, input).by(caller);
            let payload = self.payload(request, delivery.most).await;
            let id = delivery.id.as_str();
            let written =
                self.repeat_until_written(|| store.put(&CALLBACK_PAYLOADS, id, &payload).boxed());
            let written = written.await;
            self.running(|running| running.remove(id));
            written?;
        }

        delivery.start_delivery();
        Some(())
    }

    /// Runs the lookup and builds the payload. Of a reply whose payload has more than `most` bytes
    /// only the summary is delivered, with a link to the kept result where there can be one.
    pub(super) async fn payload(&self, request: Request, most: usize) -> String {
        let caller = request.caller.clone();
        let answer = self.0.engine.ask(request, |_| {}).await;
        let at = delivery::now();
        let payload = message::payload(&answer, at);
        if payload.len() <= most {
            return payload;
        }

        if let Ok(reply) = &answer {
            let result_url = self.result_url(reply, &caller).await;
            let summary = message::summary_payload(reply, result_url, at, most);
            if let Some(summary) = summary {
                return summary;
            }
        }

        message::payload(
            &Err(Failure::TooLarge {
                what: "the reply".into(),
                limit: most,
            }),
            at,
        )
    }

    /// Keeps a reply and returns its link; `None` if it is private, if the client or the store
    /// keeps too many, or if the service has no public URL.
    async fn result_url(&self, reply: &Reply, caller: &Caller) -> Option<String> {
        let public_url = &self.0.public_url;
        if public_url.is_empty() {
            return None;
        }
        let kept = self.0.engine.keep_result(&reply.id, caller).await;
        let kept = kept
            .inspect_err(|error| tracing::debug!(%error, "could not keep a reply for a callback"));
        Some(format!("{public_url}/r/{}", kept.ok()??.id))
    }
}

/// Logs that a job was not removed or put off on disk; after a restart it is given out again.
pub(super) fn log_error(written: Result<(), netvane_core::store::StoreError>) {
    if let Err(error) = written {
        tracing::debug!(%error, "callback progress not saved");
    }
}
