//! Delivers updates to the bot's webhook, and repeats them until it accepts them.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    http::{Request, Uri},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Map, Value};

use super::{
    parameters::Parameters,
    server,
    state::{Shared, State},
};
use crate::PATIENCE;

/// Pause between attempts; the platform increases it, but tests do not need that.
const PAUSE: Duration = Duration::from_millis(50);
const HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";

type Courier = Client<HttpConnector, Full<Bytes>>;

/// One attempt: the update, the URL and the secret.
struct Parcel {
    id: i64,
    queue: i64,
    url: String,
    secret: Option<String>,
    body: Value,
}

/// Delivers updates until the runtime ends.
pub(super) async fn deliver(shared: Arc<Shared>) {
    let courier: Courier = Client::builder(TokioExecutor::new()).build_http();
    let mut changes = shared.watch();
    loop {
        while let Some(parcel) = next(&mut shared.lock()) {
            tokio::spawn(bring(shared.clone(), courier.clone(), parcel));
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Returns the next update of a queue that has none in delivery.
fn next(state: &mut State) -> Option<Parcel> {
    let webhook = state.webhook.clone()?;
    if state.busy.len() >= webhook.connections {
        return None;
    }

    let pending = state
        .pending
        .iter()
        .find(|pending| !state.busy.contains(&pending.queue))?;
    let url = match (state.deliver_to, webhook.url.split_once("://")) {
        (Some(address), Some((_, rest))) => {
            format!(
                "http://{address}{}",
                rest.find('/').map_or("/", |at| &rest[at..])
            )
        }
        _ => webhook.url,
    };

    let secret = state.wrong_secret.clone().unwrap_or(webhook.secret);
    state.busy.insert(pending.queue);

    Some(Parcel {
        id: pending.id,
        queue: pending.queue,
        url,
        secret,
        body: pending.body.clone(),
    })
}

async fn bring(shared: Arc<Shared>, courier: Courier, parcel: Parcel) {
    let came = tokio::time::timeout(PATIENCE, post(&courier, &parcel)).await;
    let (status, answer) = match came {
        Ok(Ok(came)) => came,
        Ok(Err(error)) => (0, Err(error)),
        Err(_) => (0, Err("Read timeout expired".to_owned())),
    };

    let taken = (200..300).contains(&status);

    shared.change(|state| {
        state.deliveries.push((parcel.id, status));
        if taken {
            state.pending.retain(|pending| pending.id != parcel.id);
            if let Ok(call) = answer {
                carry_out(state, call);
            }
        } else if let Some(webhook) = &mut state.webhook {
            let wrong = || format!("Wrong response from the webhook: {status}");
            webhook.error = Some(answer.err().unwrap_or_else(wrong));
        }
    });

    if !taken {
        tokio::time::sleep(PAUSE).await;
    }

    shared.change(|state| state.busy.remove(&parcel.queue));
}

async fn post(courier: &Courier, parcel: &Parcel) -> Result<(u16, Result<Value, String>), String> {
    let url: Uri = parcel.url.parse().map_err(|error| format!("{error}"))?;
    let mut request = Request::post(url).header("Content-Type", "application/json");
    if let Some(secret) = &parcel.secret {
        request = request.header(HEADER, secret);
    }
    let body = Full::new(Bytes::from(parcel.body.to_string()));
    let request = request.body(body).map_err(|error| error.to_string())?;
    let response = courier
        .request(request)
        .await
        .map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| error.to_string())?
        .to_bytes();
    Ok((
        status,
        Ok(serde_json::from_slice(&body).unwrap_or_default()),
    ))
}

/// Carries out the method call that a bot may put into its webhook response.
fn carry_out(state: &mut State, answer: Value) {
    let Value::Object(mut values) = answer else {
        return;
    };
    if let Some(Value::String(method)) = values.remove("method") {
        let _ = server::call(
            state,
            &method,
            Parameters {
                values: Map::from_iter(values),
                ..Parameters::default()
            },
        );
    }
}
