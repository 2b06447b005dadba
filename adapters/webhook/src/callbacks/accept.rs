//! Accepts requests whose replies are to be delivered.

use std::sync::Arc;

use netvane_core::{
    Caller, Failure, Input, Request,
    request::http_request::HttpRequestInfo,
    store::{
        CALLBACK_LOOKUPS, StoreError,
        bucket::{CALLBACK_PAYLOADS, CALLBACKS},
    },
};

use super::{
    delivery::{self, Delivery, DeliveryState, MAX_PAYLOAD, StoredRequest},
    lookups::log_error,
    service::{Callbacks, Inner},
    target,
};

/// Bytes of a delivery's head, which count for what is sent.
const DELIVERY_HEAD: usize = 512;

/// Longest stored request in bytes. Longer input is a pasted message, which is never written to
/// disk.
const MAX_QUESTION: usize = 2048;

impl Callbacks {
    /// Accepts a request whose reply is to be delivered, and persists it before returning. `body`
    /// is the size in bytes of the body that the request came in.
    pub(crate) async fn accept(
        &self,
        request: Request,
        url: &str,
        body: usize,
    ) -> Result<Delivery, Failure> {
        let engine = &self.0.engine;
        let runtime = engine.runtime();
        let url = target::read(url, runtime.http())?;
        runtime.check_callback_port(&url, request.caller.own)?;
        let command = engine.understood(&request.input)?;
        let owner = owner_of(&request.caller);
        let place = self.0.open.take(&request.caller)?;
        let mut delivery = Delivery {
            id: delivery::id()?,
            command: command.to_owned(),
            url,
            question: None,
            state: DeliveryState::Queued,
            created: delivery::now(),
            attempts: Vec::new(),
            next_attempt: None,
            most: self.most(&request, body),
            own: request.caller.own,
            client: Some(delivery::payer(&request.caller)),
            earlier_attempts: 0,
            disabled_until: None,
        };

        let about_visit = engine
            .registry()
            .find(command)
            .is_some_and(|entry| entry.about_visit);

        if about_visit {
            self.answer_now(&mut delivery, request).await?;
        } else {
            delivery.question = Some(keepable(request)?);
        }

        self.remember_place(&delivery.id, place);
        if let Err(error) = self.persist(&delivery, &owner).await {
            self.forget_place(&delivery.id);
            return Err(not_kept(error));
        }
        Ok(delivery)
    }

    /// Stores a new delivery and its job. The job is given out when both are on disk.
    async fn persist(&self, delivery: &Delivery, owner: &str) -> Result<(), StoreError> {
        let Inner { store, agenda, .. } = &*self.0;
        let id = delivery.id.as_str();
        let (due, created) = tokio::join!(
            agenda.begin(&CALLBACK_LOOKUPS, id, owner),
            store.create(&CALLBACKS, id, delivery),
        );

        match (due, created) {
            (Ok(Some(due)), Ok(_)) => {
                due.release();
                Ok(())
            }
            (Ok(due), Err(error)) => {
                if let Some(due) = due {
                    log_error(due.done().await);
                }
                Err(error)
            }
            (due, Ok(_)) => {
                log_error(store.remove(&CALLBACKS, id).await.map(|_| ()));
                due.map(|_| ())
            }
            (Err(error), Err(_)) => Err(error),
        }
    }

    /// Runs a lookup about the caller's own HTTP request at once: it needs nothing else, and that
    /// request is not stored for later. The caller's credentials are neither stored nor sent to the
    /// receiver.
    async fn answer_now(&self, delivery: &mut Delivery, request: Request) -> Result<(), Failure> {
        let http_request = request.http_request.map(|http_request| {
            Arc::new(HttpRequestInfo {
                for_others: true,
                ..(*http_request).clone()
            })
        });
        let payload = self
            .payload(
                Request {
                    http_request,
                    ..request
                },
                delivery.most,
            )
            .await;
        self.0
            .store
            .put(&CALLBACK_PAYLOADS, &delivery.id, &payload)
            .await
            .map_err(not_kept)?;
        delivery.start_delivery();
        Ok(())
    }

    /// Returns the most bytes that may be delivered for a request. For clients without a key that is
    /// a multiple of the request's own size, head and body, so that callbacks cannot be used to
    /// amplify traffic.
    fn most(&self, request: &Request, body: usize) -> usize {
        if request.caller.own || request.caller.credential.is_some() {
            return MAX_PAYLOAD;
        }
        let head = request
            .http_request
            .as_ref()
            .map_or(0, |http_request| http_request.size());
        let factor = self.0.engine.runtime().limits.amplification as usize;
        let most = (head + body).saturating_mul(factor);
        most.saturating_sub(DELIVERY_HEAD).min(MAX_PAYLOAD)
    }
}

/// Whose turn a lookup takes.
fn owner_of(caller: &Caller) -> String {
    let mut owner = caller.name();
    owner.truncate(owner.floor_char_boundary(256));
    owner
}

/// Returns the parts of a request that are stored until its lookup; fails if the input is too long.
fn keepable(request: Request) -> Result<StoredRequest, Failure> {
    if length(&request.input) > MAX_QUESTION {
        let what = "a request with a callback, which is stored until it is delivered,";
        return Err(Failure::TooLarge {
            what: what.into(),
            limit: MAX_QUESTION,
        });
    }
    Ok(StoredRequest {
        input: request.input,
        caller: request.caller,
    })
}

pub(super) fn not_kept(error: StoreError) -> Failure {
    tracing::debug!(%error, "could not store a callback");
    Failure::Unavailable(
        "callbacks cannot be stored at the moment, so this one is not accepted".into(),
    )
}

fn length(input: &Input) -> usize {
    match input {
        Input::Text(line) => line.len(),
        Input::Named { arguments, .. } => {
            serde_json::to_string(arguments).map_or(usize::MAX, |text| text.len())
        }
    }
}
