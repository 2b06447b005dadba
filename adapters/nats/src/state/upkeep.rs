//! What the state needs now and then: its streams, its usage, and the end of removed entries.

use std::{
    collections::HashMap,
    sync::{PoisonError, Weak},
    time::Duration,
};

use netvane_core::store::bucket;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{Inner, api::Fault, streams::stream_of};

/// Pause between two rounds.
const ROUND: Duration = Duration::from_secs(1);
/// Rounds between two looks at the usage.
const USAGE: u32 = 10;
/// Time for which a removal is kept, so that a write under an earlier revision fails.
pub(super) const KEEP_REMOVAL: Duration = Duration::from_secs(30);
/// Removals that one round deletes.
const DELETE_AT_ONCE: usize = 200;

#[derive(Deserialize)]
struct Info {
    state: InfoState,
}

#[derive(Deserialize)]
struct InfoState {
    messages: u64,
    bytes: u64,
}

/// Prepares the streams, then looks after them until the state is dropped.
pub(super) async fn run(state: Weak<Inner>, copies: usize) {
    let mut round = 0_u32;
    loop {
        let Some(inner) = state.upgrade() else { return };
        let is_ready = inner.ready.borrow().is_ok();
        if !is_ready {
            prepare(&inner, copies).await;
        } else if inner.api.check().is_ok() {
            if round.is_multiple_of(USAGE) {
                look_at_usage(&inner).await;
            }
            delete_removals(&inner).await;
            round = round.wrapping_add(1);
        }
        drop(inner);
        sleep(ROUND).await;
    }
}

async fn prepare(inner: &Inner, copies: usize) {
    if inner.api.check().is_err() || !inner.api.link.is_up() {
        return;
    }
    match inner.api.prepare(copies).await {
        Ok(()) => {
            look_at_usage(inner).await;
            inner.set_ready(Ok(()));
        }
        Err(fault) => {
            let is_there = inner.api.link.client().server_info().jetstream;
            let reason = if is_there {
                format!("the streams of the state could not be made: {fault}")
            } else {
                "JetStream, which holds the state, is not enabled at the NATS server".to_owned()
            };
            let is_new = inner.ready.borrow().as_ref().err() != Some(&reason);
            if is_new {
                tracing::error!(reason, "state in NATS not ready, trying again");
            }
            inner.set_ready(Err(reason));
        }
    }
}

async fn look_at_usage(inner: &Inner) {
    let mut usage = HashMap::new();
    for bucket in bucket::ALL {
        let subject = format!("STREAM.INFO.{}", stream_of(bucket));
        match inner.api.call::<Info>(&subject, &Value::Null).await {
            Ok(info) => usage.insert(bucket.name, (info.state.messages, info.state.bytes)),
            // Somebody has deleted the stream.
            Err(Fault::NotFound) => {
                let reason = format!("the stream {} is gone", stream_of(bucket));
                return inner.set_ready(Err(reason));
            }
            Err(_) => return,
        };
    }
    *inner.usage.lock().unwrap_or_else(PoisonError::into_inner) = usage;
    inner.agenda.look_at_length().await;
}

async fn delete_removals(inner: &Inner) {
    for _ in 0..DELETE_AT_ONCE {
        let next = {
            let mut removals = inner
                .removals
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let is_due = removals
                .front()
                .is_some_and(|(due, ..)| *due <= Instant::now());
            if is_due { removals.pop_front() } else { None }
        };
        let Some((_, bucket, revision)) = next else {
            return;
        };
        // What stays is removed at the end of the bucket's lifetime.
        if let Err(fault) = inner.api.delete(&stream_of(bucket), revision).await {
            tracing::debug!(%fault, bucket = bucket.name, "could not delete a removed entry");
        }
    }
}
