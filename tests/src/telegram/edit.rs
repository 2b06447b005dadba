//! Editing and deleting messages.

use std::time::Instant;

use serde_json::{Value, json};

use super::{
    content::{self, Content},
    markup::{self, Markup},
    message::Message,
    methods::done,
    parameters::Parameters,
    refusal::{Answer, Refusal},
    rooms, send,
    state::{Place, State, now},
};

const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are exactly \
    the same as a current content and reply markup of the message";

pub(super) fn edit(state: &mut State, method: &str, parameters: &Parameters) -> Answer {
    let place = place(state, parameters)?;
    let not_found = || Refusal::bad("message to edit not found");
    let stored = state.messages.get(&place).ok_or_else(not_found)?;
    let old = stored
        .states
        .last()
        .filter(|message| !message.deleted)
        .ok_or_else(not_found)?
        .clone();

    if !stored.by_bot {
        return Err(Refusal::bad("message can't be edited"));
    }

    let old_markup = stored.json.get("reply_markup").cloned();
    let was = present(&old);
    let content = content(state, method, parameters, &was)?;
    let markup = match parameters.get("reply_markup") {
        Some(keyboard) => markup::keyboard(state, keyboard)?,
        None => Markup::default(),
    };
    if content.same(&was) && markup.json == old_markup {
        return Err(Refusal::bad(NOT_MODIFIED));
    }

    let (chat, name) = match &place {
        Place::Chat(chat, id) => (*chat, id.to_string()),
        Place::Inline(id) => (0, id.clone()),
    };
    send::flood(state, chat, Some(&name))?;

    Ok(change(state, &place, &content, &markup, &old))
}

/// Returns the content of a message after an edit.
fn content(
    state: &mut State,
    method: &str,
    parameters: &Parameters,
    was: &Content,
) -> Result<Content, Refusal> {
    let has_file = was.attachment.is_some();

    match method {
        "editMessageText" if has_file => {
            Err(Refusal::bad("there is no text in the message to edit"))
        }
        "editMessageText" => content::text(state, parameters, "text", true),
        "editMessageCaption" if !has_file => {
            Err(Refusal::bad("there is no caption in the message to edit"))
        }
        "editMessageCaption" => {
            let mut whole = parameters.clone();
            let file = was.attachment.as_ref();
            whole
                .values
                .insert("media".to_owned(), json!(file.map(|file| &file.file_id)));
            content::file(
                state,
                &whole,
                file.map_or("document", |file| file.kind),
                "media",
            )
        }
        "editMessageMedia" => media(state, parameters),
        _ => Ok(was.clone()),
    }
}

fn media(state: &mut State, parameters: &Parameters) -> Result<Content, Refusal> {
    let media = parameters.get("media").and_then(Value::as_object);
    let media = media.ok_or_else(|| Refusal::bad("can't parse InputMedia: expected an Object"))?;
    let inner = Parameters {
        values: media.clone(),
        files: parameters.files.clone(),
    };
    match media.get("type").and_then(Value::as_str) {
        Some("document") => content::file(state, &inner, "document", "media"),
        Some("photo") => content::file(state, &inner, "photo", "media"),
        kind => Err(Refusal::bad(format!(
            "the fake takes documents and photos, not {kind:?}"
        ))),
    }
}

fn present(message: &Message) -> Content {
    Content {
        text: message.text.clone(),
        source: message.source.clone(),
        entities: message.entities.clone(),
        live: message.live.clone(),
        attachment: message.attachment.clone(),
    }
}

fn change(
    state: &mut State,
    place: &Place,
    content: &Content,
    markup: &Markup,
    old: &Message,
) -> Value {
    let inline_id = old.inline_id.clone();
    let mut message = send::snapshot(
        (old.chat, old.id),
        old.thread,
        old.reply_to,
        content,
        markup,
    );

    message.inline_id.clone_from(&inline_id);
    let Some(stored) = state.messages.get_mut(place) else {
        return Value::Null;
    };
    content.write(&mut stored.json);
    stored.json["edit_date"] = json!(now());
    match (&markup.json, stored.json.as_object_mut()) {
        (Some(keyboard), _) => stored.json["reply_markup"] = keyboard.clone(),
        (None, Some(members)) => drop(members.remove("reply_markup")),
        _ => {}
    }

    stored.states.push(message);
    if inline_id.is_some() {
        json!(true)
    } else {
        stored.json.clone()
    }
}

/// Returns the location of the message that a call names.
fn place(state: &State, parameters: &Parameters) -> Result<Place, Refusal> {
    if let Some(inline) = parameters.text("inline_message_id")? {
        if parameters
            .get("chat_id")
            .or(parameters.get("message_id"))
            .is_some()
        {
            return Err(Refusal::bad(
                "a message has either a chat or an inline_message_id",
            ));
        }
        let place = Place::Inline(inline.to_owned());
        let known = state.messages.contains_key(&place);
        return if known {
            Ok(place)
        } else {
            Err(Refusal::bad("MESSAGE_ID_INVALID"))
        };
    }

    let chat = rooms::open_room(state, parameters)?.0;
    let id = parameters.integer("message_id")?;

    Ok(Place::Chat(
        chat,
        id.ok_or_else(|| Refusal::bad("message identifier is not specified"))?,
    ))
}

pub(super) fn delete(state: &mut State, parameters: &Parameters) -> Answer {
    let place = place(state, parameters)?;
    let private = matches!(place, Place::Chat(chat, _) if chat > 0);
    let not_found = || Refusal::bad("message to delete not found");
    let stored = state.messages.get_mut(&place).ok_or_else(not_found)?;
    let mut message = stored
        .states
        .last()
        .filter(|message| !message.deleted)
        .ok_or_else(not_found)?
        .clone();
    if !stored.by_bot && !private {
        return Err(Refusal::bad("message can't be deleted"));
    }
    message.deleted = true;
    message.at = Instant::now();
    stored.states.push(message);
    done()
}
