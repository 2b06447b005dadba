//! Methods that send new messages.

use std::time::Instant;

use serde_json::{Value, json};

use super::{
    content::{self, Content},
    markup::{self, Markup},
    message::Message,
    methods::done,
    parameters::Parameters,
    refusal::{Answer, Refusal},
    rooms,
    state::{Place, State, Stored, now},
};

const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

pub(super) fn send(state: &mut State, method: &str, parameters: &Parameters) -> Answer {
    let chat = rooms::open_room(state, parameters)?.0;
    let thread = thread(state, chat, parameters)?;
    let content = match method {
        "sendDocument" => content::file(state, parameters, "document", "document")?,
        "sendPhoto" => content::file(state, parameters, "photo", "photo")?,
        _ => content::text(state, parameters, "text", false)?,
    };

    let reply_to = reply(state, chat, parameters)?;

    // A reply goes to the topic of the message it replies to.
    let replied = reply_to.and_then(|id| state.messages.get(&Place::Chat(chat, id)));
    let thread = thread.or_else(|| replied?.states.last()?.thread);
    let markup = markup::any(state, parameters.get("reply_markup"))?;
    flood(state, chat, None)?;
    let id = state.number();
    let mut json = json!({ "message_id": id, "date": now(), "chat": state.rooms[&chat].json });

    if json["chat"]["type"] == "channel" {
        json["sender_chat"] = json["chat"].clone();
    } else {
        json["from"] = sender(state);
    }

    if let Some(thread) = thread {
        json["message_thread_id"] = json!(thread);
        json["is_topic_message"] = json!(true);
    }

    if let Some(replied) = reply_to.and_then(|id| state.messages.get(&Place::Chat(chat, id))) {
        json["reply_to_message"] = without_reply(&replied.json);
    }

    if let Some(options) = parameters.get("link_preview_options") {
        json["link_preview_options"] = options.clone();
    }

    let message = snapshot((chat, id), thread, reply_to, &content, &markup);

    Ok(store(
        state,
        Place::Chat(chat, id),
        json,
        &content,
        &markup,
        message,
    ))
}

/// Returns a message as readers see it.
pub(super) fn snapshot(
    (chat, id): (i64, i64),
    thread: Option<i64>,
    reply_to: Option<i64>,
    content: &Content,
    markup: &Markup,
) -> Message {
    Message {
        chat,
        id,
        inline_id: None,
        thread,
        reply_to,
        text: content.text.clone(),
        entities: content.entities.clone(),
        live: content.live.clone(),
        source: content.source.clone(),
        keyboard: markup.keyboard.clone(),
        force_reply: markup.force_reply.clone(),
        attachment: content.attachment.clone(),
        deleted: false,
        at: Instant::now(),
    }
}

/// Stores a message of the bot; returns it in the Bot API's form.
pub(super) fn store(
    state: &mut State,
    place: Place,
    mut json: Value,
    content: &Content,
    markup: &Markup,
    message: Message,
) -> Value {
    content.write(&mut json);
    if let Some(keyboard) = &markup.json {
        json["reply_markup"] = keyboard.clone();
    }
    let stored = Stored {
        json: json.clone(),
        states: vec![message],
        by_bot: true,
    };
    state.messages.insert(place, stored);
    json
}

/// Returns the bot as the sender of a message.
fn sender(state: &State) -> Value {
    let bot = &state.bot;
    json!({ "id": bot["id"], "is_bot": true, "first_name": bot["first_name"], "username": bot["username"] })
}

/// Removes the replied-to message, which nested messages do not include.
pub(super) fn without_reply(json: &Value) -> Value {
    let mut json = json.clone();
    if let Some(members) = json.as_object_mut() {
        members.remove("reply_to_message");
    }
    json
}

/// Takes one message from a chat's flood limits.
pub(super) fn flood(state: &mut State, chat: i64, edited: Option<&str>) -> Result<(), Refusal> {
    state
        .flood
        .take(chat, edited)
        .map_err(|(refusal, impatient)| {
            if impatient {
                state.violation(format!(
                    "chat {chat}: sent again before retry_after had passed"
                ));
            }
            refusal
        })
}

/// Returns the topic that a call names.
fn thread(state: &State, chat: i64, parameters: &Parameters) -> Result<Option<i64>, Refusal> {
    let Some(thread) = parameters.integer("message_thread_id")? else {
        return Ok(None);
    };
    if state.rooms[&chat].topics.contains_key(&thread) {
        return Ok(Some(thread));
    }
    Err(Refusal::bad("message thread not found"))
}

/// Returns the message that a call replies to.
fn reply(state: &State, chat: i64, parameters: &Parameters) -> Result<Option<i64>, Refusal> {
    let Some(reply) = parameters.get("reply_parameters") else {
        return Ok(None);
    };
    if reply.get("chat_id").is_some_and(|other| *other != chat) {
        return Err(Refusal::bad("the fake knows replies in the same chat only"));
    }
    let id = reply["message_id"]
        .as_i64()
        .ok_or_else(|| Refusal::bad("message identifier is not specified"))?;
    let found = state
        .messages
        .get(&Place::Chat(chat, id))
        .and_then(|stored| stored.states.last());
    match found {
        Some(message) if !message.deleted => Ok(Some(id)),
        _ if reply["allow_sending_without_reply"] == true => Ok(None),
        _ => Err(Refusal::bad("message to be replied not found")),
    }
}

pub(super) fn action(state: &State, parameters: &Parameters) -> Answer {
    let chat = rooms::open_room(state, parameters)?.0;
    thread(state, chat, parameters)?;
    match parameters.text("action")? {
        Some(action) if ACTIONS.contains(&action) => done(),
        _ => Err(Refusal::bad("wrong parameter action in request")),
    }
}
