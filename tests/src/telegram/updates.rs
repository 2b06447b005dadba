//! Fetching updates, and setting the webhook.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    methods::done,
    parameters::Parameters,
    refusal::{Answer, Refusal},
    state::{Shared, State, Webhook},
};

/// Error of an earlier poll when a later one arrives.
pub(super) const OTHER_POLL: &str =
    "terminated by other getUpdates request; make sure that only one bot instance is running";
const PORTS: [u16; 4] = [443, 80, 88, 8443];

/// A waiting poll, counted until dropped.
struct Poll(Arc<Shared>);

impl Drop for Poll {
    fn drop(&mut self) {
        self.0.change(|state| state.polling -= 1);
    }
}

/// Waits for updates; a later poll ends an earlier one.
pub(super) async fn get(shared: &Arc<Shared>, parameters: &Parameters) -> Answer {
    let mut changes = shared.watch();
    let timeout = parameters
        .integer("timeout")?
        .unwrap_or_default()
        .clamp(0, 50)
        .unsigned_abs();
    let limit = parameters.integer("limit")?.unwrap_or(100).clamp(1, 100);
    let own = shared.change(|state| begin(state, parameters))?;
    let _poll = Poll(shared.clone());
    let end = Instant::now() + Duration::from_secs(timeout);
    loop {
        let found = take(
            &mut shared.lock(),
            own,
            usize::try_from(limit).unwrap_or(100),
        )?;
        let left = end.saturating_duration_since(Instant::now());
        if !found.is_empty() || left.is_zero() {
            return Ok(found.into());
        }
        let _ = tokio::time::timeout(left, changes.changed()).await;
    }
}

fn begin(state: &mut State, parameters: &Parameters) -> Result<u64, Refusal> {
    if state.webhook.is_some() {
        let why = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
        return Err(Refusal::conflict(why));
    }
    if let Some(kinds) = kinds(parameters)? {
        state.allowed = Some(kinds);
    }
    match parameters.integer("offset")?.unwrap_or_default() {
        offset @ 1.. => state
            .pending
            .retain(|pending| pending.id >= offset || pending.again),
        offset @ ..0 => {
            let kept = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let goes = state.pending.len().saturating_sub(kept);
            state.pending.drain(..goes);
        }
        0 => {}
    }
    state.poller += 1;
    state.polling += 1;
    Ok(state.poller)
}

fn take(state: &mut State, own: u64, limit: usize) -> Result<Vec<Value>, Refusal> {
    if state.webhook.is_some() {
        return Err(Refusal::conflict("terminated by setWebhook request"));
    }
    if state.poller != own {
        return Err(Refusal::conflict(OTHER_POLL));
    }
    let found: Vec<_> = state
        .pending
        .iter()
        .take(limit)
        .map(|pending| pending.body.clone())
        .collect();
    // An update that is delivered again is repeated only once.
    for pending in state.pending.iter_mut().take(limit) {
        pending.again = false;
    }
    Ok(found)
}

/// Returns the kinds of updates that a bot asks for.
fn kinds(parameters: &Parameters) -> Result<Option<BTreeSet<String>>, Refusal> {
    let Some(kinds) = parameters.get("allowed_updates") else {
        return Ok(None);
    };
    let kinds = kinds
        .as_array()
        .ok_or_else(|| Refusal::bad("can't parse allowed_updates"))?;
    Ok(Some(
        kinds
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    ))
}

pub(super) fn set_webhook(state: &mut State, parameters: &Parameters) -> Answer {
    let url = parameters.text("url")?.unwrap_or_default();
    if url.is_empty() {
        return delete_webhook(state, parameters);
    }

    check_url(url, state.plain_webhooks)?;
    let secret = parameters.text("secret_token")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');

    if secret.is_some_and(|secret| !(1..=256).contains(&secret.len()) || !secret.chars().all(fits))
    {
        return Err(Refusal::bad("secret token contains unallowed characters"));
    }

    let connections = parameters.integer("max_connections")?.unwrap_or(40);
    if !(1..=100).contains(&connections) {
        return Err(Refusal::bad("max_connections must be between 1 and 100"));
    }

    if let Some(kinds) = kinds(parameters)? {
        state.allowed = Some(kinds);
    }

    if parameters.flag("drop_pending_updates")? {
        state.pending.clear();
    }

    state.webhook = Some(Webhook {
        url: url.to_owned(),
        secret: secret.map(str::to_owned),
        connections: usize::try_from(connections).unwrap_or(1),
        error: None,
    });

    done()
}

fn check_url(url: &str, plain: bool) -> Result<(), Refusal> {
    let parsed: axum::http::Uri = url
        .parse()
        .map_err(|_| Refusal::bad("bad webhook: invalid webhook URL specified"))?;
    if plain && parsed.scheme_str() == Some("http") {
        return Ok(());
    }
    if parsed.scheme_str() != Some("https") {
        return Err(Refusal::bad(
            "bad webhook: An HTTPS URL must be provided for webhook",
        ));
    }
    if parsed.port_u16().is_some_and(|port| !PORTS.contains(&port)) {
        return Err(Refusal::bad(
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ));
    }
    Ok(())
}

pub(super) fn delete_webhook(state: &mut State, parameters: &Parameters) -> Answer {
    state.webhook = None;
    if parameters.flag("drop_pending_updates")? {
        state.pending.clear();
    }
    done()
}

pub(super) fn webhook_info(state: &State) -> Value {
    let mut info = json!({
        "url": "",
        "has_custom_certificate": false,
        "pending_update_count": state.pending.len(),
    });
    if let Some(webhook) = &state.webhook {
        info["url"] = json!(webhook.url);
        info["max_connections"] = json!(webhook.connections);
        if let Some(error) = &webhook.error {
            info["last_error_date"] = json!(super::state::now());
            info["last_error_message"] = json!(error);
        }
    }
    if let Some(allowed) = &state.allowed {
        info["allowed_updates"] = json!(allowed);
    }
    info
}
