//! Sending interactions to the bot, over the gateway or as signed requests.

use std::{
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::{
    body::Body,
    interactions,
    state::{APPLICATION, Interaction, Shared},
};
use crate::http::{Client, Response};

const TARGET: &str = "POST /hooks/discord";

/// Returns the public key in hexadecimal, as Discord's portal shows it.
pub(crate) fn public_key(keys: &Ed25519KeyPair) -> String {
    hex(keys.public_key().as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns `X-Signature-Timestamp` and `X-Signature-Ed25519` for a body sent now.
pub(crate) fn sign(keys: &Ed25519KeyPair, body: &[u8]) -> [(&'static str, String); 2] {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
        .to_string();
    let signature = keys.sign(&[now.as_bytes(), body].concat());
    [
        ("X-Signature-Timestamp", now),
        ("X-Signature-Ed25519", hex(signature.as_ref())),
    ]
}

/// Sends a new interaction; returns its id.
#[track_caller]
pub(crate) fn ask(shared: &Arc<Shared>, event: Value) -> String {
    let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let id = text("id");
    let interaction = Interaction {
        id: id.clone(),
        token: text("token"),
        event: event.clone(),
        dispatched: Instant::now(),
        answer: None,
        original: None,
        followups: Vec::new(),
        expired: false,
        forgotten: false,
    };
    shared.with(|state| state.interactions.push(interaction));
    deliver(shared, event);
    id
}

/// Sends an interaction, possibly a repeated one.
#[track_caller]
pub(crate) fn deliver(shared: &Arc<Shared>, event: Value) {
    let hooks = shared.lock().hooks;
    let Some(address) = hooks else {
        shared.wait("the bot is at the gateway", |state| {
            state.gateway.session.as_ref().map(|_| ())
        });
        return shared.with(|state| state.gateway.dispatch("INTERACTION_CREATE", &event));
    };

    let shared = shared.clone();

    thread::spawn(move || {
        let response = post(&shared, address, &event);
        let id = event["id"].as_str().unwrap_or_default();

        shared.with(
            |state| match (response.status, response.header("content-type")) {
                (202, _) if response.body.is_empty() => {}
                (200, "application/json") => {
                    let json = serde_json::from_slice(&response.body).unwrap_or_default();
                    let late = state
                        .interaction(id)
                        .is_none_or(|i| i.dispatched.elapsed() > super::server::ANSWER_WITHIN);
                    let again = state
                        .interaction(id)
                        .is_some_and(|interaction| interaction.answer.is_some());

                    if late || again {
                        return state
                            .violation(format!("{TARGET}: answered late or twice: {json}"));
                    }

                    let accepted = interactions::accept(
                        &shared,
                        state,
                        id,
                        &Body {
                            json,
                            files: Vec::new(),
                        },
                    );

                    if let Err(refusal) = accepted {
                        state.refused(TARGET, &refusal);
                    }
                }
                (status, kind) => state.violation(format!("{TARGET}: {status} of type `{kind}`")),
            },
        );
    });
}

fn post(shared: &Shared, address: SocketAddr, event: &Value) -> Response {
    let body = event.to_string().into_bytes();
    let signature = sign(&shared.keys, &body);
    request(address, &signature, &body)
}

fn request(address: SocketAddr, signature: &[(&'static str, String); 2], body: &[u8]) -> Response {
    let mut headers = vec![
        ("Content-Type", "application/json"),
        (
            "User-Agent",
            "Discord-Interactions/1.0 (+https://discord.com)",
        ),
    ];
    headers.extend(
        signature
            .iter()
            .map(|(name, value)| (*name, value.as_str())),
    );
    Client::connect(address).ask(TARGET, &headers, body)
}

/// Does what Discord does when a bot's owner enters the URL: sends one valid ping, and one with a
/// wrong signature.
#[track_caller]
pub(crate) fn verify(shared: &Shared, address: SocketAddr) {
    let id = shared.with(super::state::State::snowflake);
    let ping = json!({
        "id": id, "application_id": APPLICATION, "type": 1, "token": "cGluZw", "version": 1,
        "entitlements": [], "authorizing_integration_owners": {},
    });
    let body = ping.to_string().into_bytes();
    let response = request(address, &sign(&shared.keys, &body), &body);
    assert_eq!(
        (response.status, response.json()),
        (200, json!({ "type": 1 })),
        "the answer to a ping"
    );
    let response = request(address, &sign(&shared.keys, b"another body"), &body);
    assert_eq!(
        response.status,
        401,
        "a wrong signature is refused: {}",
        response.text()
    );
}
