//! Event streams: `progress`, then one `reply` or `error`. A client can resume an interrupted
//! stream.
//!
//! The lookup runs independently of the connection. A client that reconnects with the stream's
//! `Last-Event-ID` gets the events since then; if no client reconnects in time, the lookup is
//! cancelled.

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{FutureExt, Stream, stream};
use moka::{policy::EvictionPolicy, sync::Cache};
use netvane_core::{Caller, Engine, Failure, Input, Problem, Reply, Request};
use schemars::JsonSchema;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::schemas::AnyReply;

/// A comment is sent after this long without an event, so that proxies do not close an idle
/// connection.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Time after which a browser reconnects.
const RETRY: Duration = Duration::from_secs(1);
/// How long a lookup continues without a client.
const GRACE: Duration = Duration::from_secs(10);
/// Time for which a stream can be resumed after its start, and again after its end.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Most bytes of all remembered streams together; each counts as at least a thousandth of it.
const WEIGHT: u64 = 16 << 20;

/// The streams that a client can resume.
#[derive(Clone)]
pub(crate) struct Streams(Cache<Ulid, Arc<OpenStream>>);

/// A stream; only a client with the same request and credential can resume it.
struct OpenStream {
    input: Input,
    caller: Caller,
    state: watch::Sender<StreamState>,
    cancelled: CancellationToken,
}

impl OpenStream {
    /// Whether `id` is that of its events, with or without their number, or that of its reply.
    fn has_id(&self, own: Ulid, id: &str) -> bool {
        let stream = id.split_once('-').map_or(id, |(stream, _)| stream);
        if Ulid::from_string(stream).is_ok_and(|stream| stream == own) {
            return true;
        }
        match &self.state.borrow().what {
            Some(EventData::Progress(reply)) => reply.id == id,
            _ => false,
        }
    }

    fn is_running(&self) -> bool {
        let what = &self.state.borrow().what;
        !what.as_ref().is_some_and(EventData::is_last)
    }
}

/// The latest event of a stream; a slow reader skips the events before it.
#[derive(Clone, Default)]
struct StreamState {
    number: u64,
    what: Option<EventData>,
}

/// The name of an event and its data in JSON.
#[derive(Clone, JsonSchema)]
#[schemars(tag = "event", content = "data", rename_all = "lowercase")]
enum EventData {
    /// The partial result so far.
    Progress(#[schemars(with = "AnyReply")] Reply),
    /// The last event: the reply.
    Reply(#[schemars(with = "AnyReply")] Reply),
    /// The last event: why the lookup failed.
    Error(#[schemars(with = "Problem")] Failure),
}

/// An event as it is sent.
#[derive(JsonSchema)]
#[schemars(
    rename = "Event",
    description = "The fields of an event; its `data` is JSON."
)]
pub(crate) struct StreamEvent {
    #[schemars(flatten)]
    what: EventData,
    /// Identifier of the event, for `Last-Event-ID`.
    id: String,
    /// Milliseconds after which a browser reconnects.
    retry: u64,
}

impl EventData {
    /// Whether no event follows this one.
    fn is_last(&self) -> bool {
        !matches!(self, Self::Progress(_))
    }
}

impl From<StreamEvent> for Event {
    fn from(StreamEvent { what, id, retry }: StreamEvent) -> Self {
        let (name, data) = match what {
            EventData::Progress(so_far) => ("progress", so_far.to_json()),
            EventData::Reply(reply) => ("reply", reply.to_json()),
            EventData::Error(failure) => (
                "error",
                serde_json::to_string(&failure.problem()).unwrap_or_default(),
            ),
        };
        Event::default()
            .event(name)
            .data(data)
            .id(id)
            .retry(Duration::from_millis(retry))
    }
}

impl Default for Streams {
    fn default() -> Self {
        let weight = |stream: &OpenStream| match &stream.state.borrow().what {
            Some(EventData::Reply(reply)) => reply.to_json().len() as u64,
            _ => 0,
        };
        Self(
            Cache::builder()
                .weigher(move |_, stream: &Arc<OpenStream>| {
                    weight(stream).max(WEIGHT / 1000) as u32
                })
                .max_capacity(WEIGHT)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(REMEMBERED)
                .build(),
        )
    }
}

impl Streams {
    /// Starts the stream of a new lookup, or resumes the one that `Last-Event-ID` names.
    pub(crate) fn open(&self, engine: &Engine, request: Request, headers: &HeaderMap) -> Response {
        let (id, seen, stream) = match self.find_stream(&request, headers) {
            Some(found) => found,
            None => {
                let id = Ulid::new();
                (id, 0, self.begin(id, engine.clone(), request))
            }
        };
        let state = stream.state.subscribe();
        let now = state.borrow().clone();
        if now.number == seen && now.what.is_some_and(|what| what.is_last()) {
            // The client has seen all events; a 204 tells a browser not to reconnect.
            return StatusCode::NO_CONTENT.into_response();
        }
        let beat = KeepAlive::new().interval(HEARTBEAT);
        Sse::new(events(id, seen, state))
            .keep_alive(beat)
            .into_response()
    }

    /// Cancels the running lookup with this id, if this client asked for it; returns whether there is one.
    pub(crate) fn cancel(&self, caller: &Caller, id: &str) -> bool {
        let mut streams = self.0.iter();
        let found = streams.find(|(own, stream)| {
            stream.has_id(**own, id) && stream.caller == *caller && stream.is_running()
        });
        match found {
            Some((_, stream)) => {
                stream.cancelled.cancel();
                true
            }
            None => false,
        }
    }

    fn find_stream(
        &self,
        request: &Request,
        headers: &HeaderMap,
    ) -> Option<(Ulid, u64, Arc<OpenStream>)> {
        let (id, seen) = headers
            .get("last-event-id")?
            .to_str()
            .ok()?
            .trim()
            .split_once('-')?;
        let (id, seen) = (Ulid::from_string(id).ok()?, seen.parse().ok()?);
        let stream = self.0.get(&id)?;
        let same =
            stream.input == request.input && stream.caller.credential == request.caller.credential;
        (same && seen <= stream.state.borrow().number).then_some((id, seen, stream))
    }

    fn begin(&self, id: Ulid, engine: Engine, request: Request) -> Arc<OpenStream> {
        let stream = Arc::new(OpenStream {
            input: request.input.clone(),
            caller: request.caller.clone(),
            state: watch::Sender::default(),
            cancelled: CancellationToken::new(),
        });

        self.0.insert(id, stream.clone());
        let (streams, shared) = (self.clone(), stream.clone());

        tokio::spawn(async move {
            let show = |what| {
                shared.state.send_modify(|state| {
                    *state = StreamState {
                        number: state.number + 1,
                        what: Some(what),
                    }
                });
            };

            let lookup = engine.ask(request, |so_far| show(EventData::Progress(so_far)));

            // Catch panics, because otherwise the stream would never end.
            let lookup = AssertUnwindSafe(lookup).catch_unwind();
            let answer = tokio::select! {
                answer = lookup => answer.unwrap_or(Err(Failure::Internal)),
                () = shared.cancelled.cancelled() => {
                    Err(Failure::Unavailable("the lookup was cancelled".into()))
                }
                () = abandoned(&shared.state) => return streams.0.invalidate(&id),
            };

            show(match answer {
                Ok(reply) => EventData::Reply(reply),
                Err(failure) => EventData::Error(failure),
            });

            // Inserting again restarts its lifetime and updates its weight.
            streams.0.insert(id, shared);
        });

        stream
    }
}

/// Waits until no client has been connected for the grace period.
async fn abandoned(state: &watch::Sender<StreamState>) {
    loop {
        state.closed().await;
        tokio::time::sleep(GRACE).await;
        if state.is_closed() {
            return;
        }
    }
}

/// Returns the events after the last one that the client has seen, up to the final one.
fn events(
    id: Ulid,
    seen: u64,
    state: watch::Receiver<StreamState>,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold(Some((state, seen)), move |reading| async move {
        let (mut state, seen) = reading?;
        let now = state.wait_for(|now| now.number > seen).await.ok()?.clone();
        let what = now.what?;
        let rest = (!what.is_last()).then_some((state, now.number));
        let sent = StreamEvent {
            what,
            id: format!("{id}-{}", now.number),
            retry: RETRY.as_millis() as u64,
        };
        Some((Ok(sent.into()), rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test(start_paused = true)]
    async fn sends_heartbeats_while_there_are_no_events() {
        let (_sender, state) = watch::channel(StreamState::default());
        let beat = KeepAlive::new().interval(HEARTBEAT);
        let response = Sse::new(events(Ulid::new(), 0, state))
            .keep_alive(beat)
            .into_response();
        let mut body = response.into_body();
        let began = tokio::time::Instant::now();
        for beats in 1..=3 {
            let frame = body.frame().await.expect("a frame").expect("no error");
            assert_eq!(frame.into_data().expect("data"), ":\n\n");
            assert_eq!(began.elapsed().as_secs(), HEARTBEAT.as_secs() * beats);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_is_abandoned_only_after_the_grace_period() {
        let (sender, first) = watch::channel(StreamState::default());
        let sender = Arc::new(sender);
        let waiting = tokio::spawn({
            let sender = sender.clone();
            async move { abandoned(&sender).await }
        });
        drop(first);
        tokio::time::sleep(GRACE / 2).await;
        let second = sender.subscribe();
        tokio::time::sleep(GRACE * 3).await;
        assert!(
            !waiting.is_finished(),
            "a client reconnected within the grace period"
        );
        drop(second);
        let left = tokio::time::Instant::now();
        waiting.await.expect("it ends");
        assert_eq!(left.elapsed(), GRACE);
    }
}
