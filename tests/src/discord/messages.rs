//! Messages, and the requests about them in a channel.

use serde_json::{Value, json};

use super::{
    body::Body,
    form::{self, Shape},
    mentions,
    refusal::Refusal,
    scene::{DM_CHANNEL, ELSEWHERE_CHANNEL, GROUP_CHANNEL, GUILD_CHANNEL, Place, TIME},
    server::{Answer, is_bot},
    state::{APPLICATION, Posted, Shared, State, bot},
};

/// Refuses channels that the bot is not in, including those it can only use through a user's
/// installation.
pub(crate) fn reachable(channel: &str) -> Result<(), Refusal> {
    match channel {
        GUILD_CHANNEL | DM_CHANNEL => Ok(()),
        ELSEWHERE_CHANNEL | GROUP_CHANNEL => Err(Refusal::new(403, 50001, "Missing Access")),
        _ => Err(Refusal::new(404, 10003, "Unknown Channel")),
    }
}

pub(crate) fn send(shared: &Shared, state: &mut State, channel: &str, body: &Body) -> Answer {
    reachable(channel)?;
    form::check("", &body.json, body, Shape::Channel)?;
    if let Some(known) = repeated(state, channel, &body.json) {
        return Ok((200, Some(known)));
    }

    let mut message = blank(state, channel);
    let reference = &body.json["message_reference"];

    if let Some(id) = reference["message_id"].as_str() {
        let exists = state
            .message(id)
            .is_some_and(|found| found.channel == channel && !found.now().is_null());
        if exists {
            message["type"] = json!(19);
            message["message_reference"] =
                json!({ "type": 0, "message_id": id, "channel_id": channel });
        } else if reference["fail_if_not_exists"] != false {
            return Err(Refusal::form(
                "message_reference",
                "REPLIES_UNKNOWN_MESSAGE",
                "Unknown message",
            ));
        }
    }

    if !body.json["nonce"].is_null() {
        message["nonce"] = body.json["nonce"].clone();
    }

    let message = compose(shared, state, message, &body.json, body)?;
    state.post(message.clone(), true, None);
    state.gateway.message_create(&message);

    Ok((200, Some(message)))
}

/// Returns the earlier message with the same nonce, if the bot enforces unique nonces.
fn repeated(state: &State, channel: &str, form: &Value) -> Option<Value> {
    let nonce = &form["nonce"];
    let wanted = form["enforce_nonce"] == true && !nonce.is_null();
    let same = |posted: &&Posted| {
        posted.channel == channel && posted.by_bot && posted.now()["nonce"] == *nonce
    };
    wanted.then(|| {
        state
            .messages
            .iter()
            .find(same)
            .map(|posted| posted.now().clone())
    })?
}

pub(crate) fn list(state: &State, channel: &str) -> Answer {
    reachable(channel)?;
    let shown = state.messages.iter().rev().filter(|posted| {
        posted.channel == channel && !posted.now().is_null() && !posted.is_ephemeral()
    });
    Ok((
        200,
        Some(shown.take(50).map(|posted| posted.now().clone()).collect()),
    ))
}

pub(crate) fn one(
    shared: &Shared,
    state: &mut State,
    method: &str,
    channel: &str,
    id: &str,
    body: &Body,
) -> Answer {
    reachable(channel)?;
    let found = state
        .message(id)
        .filter(|found| found.channel == channel && !found.is_ephemeral());
    let now = found
        .map(|found| found.now().clone())
        .filter(|now| !now.is_null());
    let now = now.ok_or_else(Refusal::unknown_message)?;

    match method {
        "GET" => Ok((200, Some(now))),
        "PATCH" if !is_bot(&now) => Err(Refusal::new(
            403,
            50005,
            "Cannot edit a message authored by another user",
        )),
        "PATCH" => edit(shared, state, id, body).map(|message| (200, Some(message))),
        "DELETE" if !is_bot(&now) && Place::of(channel) == Place::Dm => Err(Refusal::new(
            403,
            50003,
            "Cannot execute action on a DM channel",
        )),
        "DELETE" if !is_bot(&now) => Err(Refusal::new(403, 50013, "Missing Permissions")),
        "DELETE" => {
            state.change(id, Value::Null);
            Ok((204, None))
        }
        _ => Err(Refusal::new(405, 0, "405: Method Not Allowed")),
    }
}

/// Edits an existing message after checking the form.
pub(crate) fn edit(
    shared: &Shared,
    state: &mut State,
    id: &str,
    body: &Body,
) -> Result<Value, Refusal> {
    form::check("", &body.json, body, Shape::Edit)?;
    change(shared, state, id, &body.json, body)
}

/// Changes a message; the form has been checked already.
pub(crate) fn change(
    shared: &Shared,
    state: &mut State,
    id: &str,
    form: &Value,
    body: &Body,
) -> Result<Value, Refusal> {
    let mut now = state
        .message(id)
        .ok_or_else(Refusal::unknown_message)?
        .now()
        .clone();
    if now.is_null() {
        return Err(Refusal::unknown_message());
    }
    if super::state::thinks(&now) {
        now["flags"] = json!(now["flags"].as_u64().unwrap_or_default() & !128);
    } else {
        now["edited_timestamp"] = json!(TIME);
    }
    let message = compose(shared, state, now, form, body)?;
    state.change(id, message.clone());
    Ok(message)
}

/// Returns an empty message of the bot.
pub(crate) fn blank(state: &mut State, channel: &str) -> Value {
    json!({
        "id": state.snowflake(), "channel_id": channel, "author": bot(), "content": "", "timestamp": TIME,
        "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [],
        "mention_roles": [], "attachments": [], "embeds": [], "pinned": false, "type": 0,
        "components": [], "flags": 0,
    })
}

/// Returns an empty message that responds to an interaction.
pub(crate) fn blank_answer(state: &mut State, event: &Value) -> Value {
    let channel = event["channel_id"].as_str().unwrap_or_default();
    let mut message = blank(state, channel);
    message["webhook_id"] = json!(APPLICATION);
    message["application_id"] = json!(APPLICATION);
    message["type"] = match (event["type"].as_i64(), event["data"]["type"].as_i64()) {
        (Some(2), Some(1)) => json!(20),
        (Some(2), _) => json!(23),
        (Some(3), _) => json!(19),
        _ => json!(0),
    };
    let user = event.get("user").unwrap_or(&event["member"]["user"]);
    message["interaction_metadata"] = json!({
        "id": event["id"], "type": event["type"], "user": user,
        "authorizing_integration_owners": event["authorizing_integration_owners"],
    });
    message
}

/// Applies a form to a message; fields that the form does not have stay.
pub(crate) fn compose(
    shared: &Shared,
    state: &mut State,
    mut message: Value,
    form: &Value,
    body: &Body,
) -> Result<Value, Refusal> {
    for pinged in mentions::pinged(form) {
        state.violation(format!("a message would have pinged {pinged}: {form}"));
    }

    if let Some(content) = form.get("content") {
        // Discord trims the text that it shows.
        message["content"] = json!(content.as_str().unwrap_or_default().trim());
    }

    if let Some(embeds) = form.get("embeds") {
        let mut embeds = embeds.as_array().cloned().unwrap_or_default();
        embeds
            .iter_mut()
            .for_each(|embed| embed["type"] = json!("rich"));
        message["embeds"] = json!(embeds);
    }

    if let Some(components) = form.get("components") {
        message["components"] = json!(components.as_array().cloned().unwrap_or_default());
    }

    if let Some(flags) = form["flags"].as_u64() {
        let before = message["flags"].as_u64().unwrap_or_default();
        message["flags"] = json!((before & 64) | if before == 0 { flags } else { flags & !64 });
    }

    attach(shared, state, &mut message, form, body);
    let says = ["embeds", "attachments", "components"];
    let empty = message["content"] == "" && says.iter().all(|key| message[*key] == json!([]));

    if empty {
        Err(Refusal::new(400, 50006, "Cannot send an empty message"))
    } else {
        Ok(message)
    }
}

/// Keeps the attachments that are still listed, and adds the new ones.
fn attach(shared: &Shared, state: &mut State, message: &mut Value, form: &Value, body: &Body) {
    let mut attachments = message["attachments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let listed = form["attachments"].as_array();
    if let Some(listed) = listed {
        attachments.retain(|kept| listed.iter().any(|entry| entry["id"] == kept["id"]));
    }

    let channel = message["channel_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();

    for file in &body.files {
        let entry = listed.into_iter().flatten().find(|entry| {
            entry["id"]
                .as_str()
                .map_or_else(|| entry["id"].to_string(), str::to_owned)
                == file.number
        });

        let name = entry
            .and_then(|entry| entry["filename"].as_str())
            .unwrap_or(&file.name);
        let mut attachment = store(
            shared,
            state,
            &channel,
            name,
            &file.content_type,
            &file.bytes,
        );

        if let Some(description) = entry.and_then(|entry| entry["description"].as_str()) {
            attachment["description"] = json!(description);
        }

        attachments.push(attachment);
    }

    message["attachments"] = json!(attachments);
}

/// Stores a file so that it can be downloaded; returns it as an attachment.
pub(crate) fn store(
    shared: &Shared,
    state: &mut State,
    channel: &str,
    name: &str,
    content_type: &str,
    bytes: &[u8],
) -> Value {
    let id = state.snowflake();
    let path = format!("/attachments/{channel}/{id}/{name}");
    let url = format!("{}{path}", shared.origin);
    state
        .files
        .insert(path, (content_type.to_owned(), bytes.to_vec().into()));
    json!({
        "id": id, "filename": name, "size": bytes.len(), "url": url, "proxy_url": url,
        "content_type": content_type,
    })
}
