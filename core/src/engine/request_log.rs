//! A running request, and what is logged about it.

use std::{sync::Arc, time::Instant};

use netvane_document::{Failure, Reply};
use serde_json::{Map, Value};
use ulid::Ulid;

use crate::{
    command::Entry,
    engine::metrics,
    policy::audit::{Keepable, Record},
    request::Request,
    runtime::Runtime,
};

/// A command and its canonical arguments, as they are logged.
pub(super) type RecordedLookup = (Arc<Entry>, Arc<Map<String, Value>>);

/// A running request. If it is dropped before its reply, it is logged as cancelled.
pub(super) struct RequestLog {
    pub(super) id: String,
    pub(super) started: Instant,
    /// Units that it was charged.
    pub(super) units: u32,
    pub(super) request: Request,
    /// The command and its arguments; `None` until they are parsed.
    pub(super) question: Option<RecordedLookup>,
    pub(super) runtime: Arc<Runtime>,
    recorded: bool,
}

impl RequestLog {
    pub(super) fn new(runtime: Arc<Runtime>, request: Request) -> Self {
        let id = Ulid::new().to_string();
        Self {
            id,
            started: Instant::now(),
            units: 0,
            request,
            question: None,
            runtime,
            recorded: false,
        }
    }

    /// Logs, counts and audits the request with its result.
    pub(super) fn finish(mut self, answer: &Result<Reply, Failure>) {
        self.record(match answer {
            Ok(reply) if reply.cached => "cached",
            Ok(_) => "answered",
            Err(failure) => failure.code().0,
        });
    }

    /// Writes one log line and counts one request in the metrics. The arguments appear in neither,
    /// only in the audit log if it is enabled.
    fn record(&mut self, outcome: &'static str) {
        self.recorded = true;
        let Self {
            id,
            started,
            units,
            request,
            question,
            runtime,
            ..
        } = self;

        let (elapsed, adapter) = (started.elapsed(), request.platform.name());
        let command = question.as_ref().map_or("-", |(entry, _)| entry.spec.name);
        metrics::count(command, adapter, outcome, elapsed);
        tracing::Span::current()
            .record("command", command)
            .record("outcome", outcome);

        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let request_id = request
            .http_request
            .as_ref()
            .and_then(|http_request| http_request.id.as_deref());
        tracing::info!(
            id, command, adapter, outcome, elapsed_ms, request_id, "request"
        );

        if let Some(audit) = &runtime.audit {
            audit.write(&Record {
                at: jiff::Timestamp::now(),
                id,
                adapter,
                caller: (&request.caller).into(),
                command,
                arguments: Keepable(
                    question
                        .as_ref()
                        .map(|(entry, arguments)| (&entry.arguments[..], &**arguments)),
                ),
                outcome,
                units: *units,
                elapsed_ms,
            });
        }
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        if !self.recorded {
            self.record("cancelled");
        }
    }
}
