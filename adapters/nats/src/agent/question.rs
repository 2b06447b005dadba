//! Answers one question.

use std::{future::pending, sync::Arc, time::Duration};

use async_nats::{
    Client, HeaderMap,
    client::{PublishError, traits::Publisher as _},
    message::OutboundMessage,
};
use bytes::Bytes;
use netvane_core::{
    Caller, Failure, Input, Platform, ProblemCode, Reply, Request,
    document::{ErasedAnswer, MAX_DATA},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    Agent,
    accept::{Accepted, problem},
    running::Slot,
};
use crate::{
    connect::Link,
    messages::{DataMessage, KIND, Kind},
};

/// Longest time without a message to the hub.
const ALIVE: Duration = Duration::from_secs(2);
/// Shortest interval of partial data.
const PROGRESS: Duration = Duration::from_millis(200);
/// Time after the deadline in which the hub may stop the question itself.
const GRACE: Duration = Duration::from_millis(250);

/// Partial data that was not sent yet.
type Partial = Option<Arc<dyn ErasedAnswer>>;

/// Runs a lookup and sends what it finds. Ends without a message when it is stopped.
pub(super) async fn answer(agent: Arc<Agent>, slot: Slot, question: Accepted, subject: String) {
    let out = Out {
        link: &agent.link,
        subject: &subject,
    };
    out.send(Kind::Ack, Bytes::new()).await;

    let deadline = question.deadline + GRACE;
    let wants_progress = question.progress;
    let (sender, latest) = watch::channel::<Partial>(None);
    let lookup = agent.engine.ask(request(question), move |reply| {
        if wants_progress {
            sender.send_replace(Some(reply.rendition.finding.clone()));
        }
    });
    let lookup = tokio::time::timeout(deadline, lookup);

    let end = tokio::select! {
        biased;
        () = slot.stopped() => return,
        end = lookup => end,
        () = out.report_progress(latest) => return,
    };
    let (kind, payload) = match end {
        Ok(Ok(reply)) => write_reply(&reply),
        Ok(Err(failure)) => (
            Kind::Problem,
            serde_json::to_vec(&failure.problem()).unwrap_or_default(),
        ),
        Err(_) => {
            let detail = "the deadline of the question passed".to_owned();
            (Kind::Problem, problem(ProblemCode::Timeout, detail))
        }
    };
    out.send(kind, payload.into()).await;
}

fn request(question: Accepted) -> Request {
    let input = Input::Named {
        name: question.name,
        arguments: question.arguments,
    };
    let caller = Caller {
        user: Some(question.client),
        ..Caller::default()
    };
    Request {
        fresh: question.fresh,
        ..Request::new(Platform::Agent, input).by(caller)
    }
}

fn write_reply(reply: &Reply) -> (Kind, Vec<u8>) {
    let elapsed_ms = (reply.elapsed.as_secs_f64() * 1e6).round() / 1e3;
    match write_data(&*reply.rendition.finding, Some(elapsed_ms)) {
        Some(payload) => (Kind::Reply, payload),
        None => {
            let failure = Failure::TooLarge {
                what: "the answer".to_owned(),
                limit: MAX_DATA,
            };
            (
                Kind::Problem,
                serde_json::to_vec(&failure.problem()).unwrap_or_default(),
            )
        }
    }
}

/// Writes data; `None` if it is larger than answers may be.
fn write_data(answer: &dyn ErasedAnswer, elapsed_ms: Option<f64>) -> Option<Vec<u8>> {
    let data = answer.data_json(MAX_DATA)?;
    let message = DataMessage {
        data: &data,
        elapsed_ms,
    };
    serde_json::to_vec(&message).ok()
}

/// The way back to the hub.
struct Out<'a> {
    link: &'a Link,
    subject: &'a str,
}

impl Out<'_> {
    async fn send(&self, kind: Kind, payload: Bytes) {
        let message = message(self.subject, kind, payload);
        if let Err(error) = send(self.link.client(), message).await {
            tracing::warn!(%error, "answer to a hub not sent");
        }
    }

    /// Sends the latest partial data at an interval, and a sign of life where there is none. Never returns.
    async fn report_progress(&self, mut latest: watch::Receiver<Partial>) {
        let mut sent = Instant::now();
        let mut next_progress = sent;
        loop {
            // A copy: the data counts as seen only when it is sent.
            let mut seen = latest.clone();
            let progress_due = async {
                if seen.changed().await.is_err() {
                    pending::<()>().await;
                }
                sleep_until(next_progress).await;
            };
            let payload = tokio::select! {
                () = progress_due => {
                    let partial = latest.borrow_and_update().clone();
                    next_progress = Instant::now() + PROGRESS;
                    partial.and_then(|partial| write_data(&*partial, None))
                }
                () = sleep_until(sent + ALIVE) => None,
            };
            // While the connection is down, messages would pile up and be sent late.
            if self.link.is_up() {
                match payload {
                    Some(payload) => self.send(Kind::Progress, payload.into()).await,
                    None => self.send(Kind::Alive, Bytes::new()).await,
                }
            }
            sent = Instant::now();
        }
    }
}

/// A message to a hub.
pub(super) fn message(subject: &str, kind: Kind, payload: Bytes) -> OutboundMessage {
    let mut headers = HeaderMap::new();
    headers.insert(KIND, kind.name());
    OutboundMessage {
        subject: subject.into(),
        reply: None,
        payload,
        headers: Some(headers),
    }
}

/// Sends a message to a hub.
pub(super) async fn send(client: &Client, message: OutboundMessage) -> Result<(), PublishError> {
    client.publish_message(message).await
}
