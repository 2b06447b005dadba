//! Checks of message forms.

use serde_json::Value;

use super::{
    body::Body,
    components,
    refusal::{Faults, Object, Refusal, length},
};

/// Fields that every kind of message may have.
const COMMON: [&str; 9] = [
    "content",
    "embeds",
    "allowed_mentions",
    "components",
    "attachments",
    "flags",
    "tts",
    "poll",
    "thread_name",
];
/// Additional fields of a message sent to a channel.
const CHANNEL: [&str; 4] = ["message_reference", "nonce", "enforce_nonce", "sticker_ids"];
const EMBED: [&str; 12] = [
    "type",
    "url",
    "title",
    "color",
    "timestamp",
    "description",
    "author",
    "image",
    "thumbnail",
    "footer",
    "fields",
    "provider",
];
/// Largest upload in bytes of a bot without boosts.
const FILE_LIMIT: usize = 10 * 1024 * 1024;

/// The kind of request with a message, which determines its fields and flags.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// A new message in a channel.
    Channel,
    /// A response to an interaction, or a followup message.
    Interaction,
    /// An edit of a message.
    Edit,
}

/// Refuses a message that Discord refuses; `place` is the message's path in the request.
pub(crate) fn check(
    place: &str,
    message: &Value,
    body: &Body,
    shape: Shape,
) -> Result<(), Refusal> {
    if body.files.iter().any(|file| file.bytes.len() > FILE_LIMIT) {
        return Err(Refusal::new(413, 40005, "Request entity too large"));
    }

    let mut faults = Faults::default();
    let mut known = COMMON.to_vec();
    if shape == Shape::Channel {
        known.extend(CHANNEL);
    }

    let Some(object) = Object::new(&mut faults, place, message, &known) else {
        return faults.result();
    };
    object.text(&mut faults, "content", 0, 2000);
    object.truth(&mut faults, "tts");
    flags(&mut faults, &object, shape);
    for unsupported in ["poll", "thread_name"] {
        if object.get(unsupported).is_some() {
            faults.add(
                &object.at(unsupported),
                "FAKE_UNSUPPORTED",
                "No part of what this fake can check",
            );
        }
    }

    embeds(&mut faults, &object, body);
    allowed_mentions(&mut faults, &object);
    components::check_message(&mut faults, &object);
    attachments(&mut faults, &object, body);
    if let Some(reference) = object.get("message_reference") {
        let known = [
            "type",
            "message_id",
            "channel_id",
            "guild_id",
            "fail_if_not_exists",
        ];
        if let Some(reference) = Object::new(
            &mut faults,
            &object.at("message_reference"),
            reference,
            &known,
        ) {
            reference.required(&mut faults, "message_id", 20);
        }
    }

    faults.result()
}

/// Checks which flags each kind of message may have: ephemeral, suppressed embeds, silent.
fn flags(faults: &mut Faults, object: &Object<'_>, shape: Shape) {
    let allowed = match shape {
        Shape::Channel => 4 | 4096,
        Shape::Interaction => 4 | 64 | 4096,
        // A change of `EPHEMERAL` would be ignored.
        Shape::Edit => 4 | 64,
    };
    let flags = object
        .whole(faults, "flags", 0, i64::MAX)
        .unwrap_or_default();
    if flags & !allowed != 0 {
        faults.add(
            &object.at("flags"),
            "MESSAGE_FLAGS_INVALID",
            "These flags cannot be set here",
        );
    }
}

/// Fields of an embed, of which at least one is required.
const SAYS: [&str; 7] = [
    "title",
    "description",
    "author",
    "image",
    "thumbnail",
    "footer",
    "fields",
];

fn embeds(faults: &mut Faults, message: &Object<'_>, body: &Body) {
    let mut total = 0;

    for (index, embed) in message.list(faults, "embeds", 0, 10).iter().enumerate() {
        let place = message.at(&format!("embeds.{index}"));
        let Some(object) = Object::new(faults, &place, embed, &EMBED) else {
            continue;
        };
        total += embed_texts(faults, &object);
        total += part(faults, &object, "footer", "text", 2048, body);
        total += part(faults, &object, "author", "name", 256, body);
        for picture in ["image", "thumbnail"] {
            if let Some(value) = object.get(picture) {
                let known = ["url", "proxy_url", "height", "width"];
                if let Some(picture) = Object::new(faults, &object.at(picture), value, &known) {
                    picture_link(faults, &picture, "url", body);
                }
            }
        }

        total += fields(faults, &object);
        if !SAYS
            .iter()
            .any(|key| object.get(key).is_some_and(says_something))
        {
            faults.required(&object.at("description"));
        }
    }

    if total > 6000 {
        let message_text = "Embed size exceeds maximum size of 6000";
        faults.add(
            &message.at("embeds"),
            "MAX_EMBED_SIZE_EXCEEDED",
            message_text,
        );
    }
}

/// Checks the texts, link, colour and time of an embed; returns the length of the texts.
fn embed_texts(faults: &mut Faults, object: &Object<'_>) -> usize {
    let texts = [
        object.text(faults, "title", 0, 256),
        object.text(faults, "description", 0, 4096),
    ];
    object.link(faults, "url", &["http", "https"], 2048);
    object.whole(faults, "color", 0, 0xff_ffff);
    if object
        .text(faults, "timestamp", 0, 64)
        .is_some_and(|time| !is_time(time))
    {
        let message = "Could not parse. Should be ISO8601.";
        faults.add(&object.at("timestamp"), "DATE_TIME_TYPE_PARSE", message);
    }
    texts.into_iter().flatten().map(length).sum()
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(list) => !list.is_empty(),
        other => !other.is_null(),
    }
}

fn is_time(text: &str) -> bool {
    regex::Regex::new(r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?$")
        .expect("a pattern")
        .is_match(text)
}

/// Checks the footer or author of an embed; returns the length that counts.
fn part(
    faults: &mut Faults,
    embed: &Object<'_>,
    key: &str,
    text: &str,
    max: usize,
    body: &Body,
) -> usize {
    let Some(value) = embed.get(key) else {
        return 0;
    };
    let known = [text, "url", "icon_url", "proxy_icon_url"];
    let Some(part) = Object::new(faults, &embed.at(key), value, &known) else {
        return 0;
    };
    part.link(faults, "url", &["http", "https"], 2048);
    picture_link(faults, &part, "icon_url", body);
    length(part.required(faults, text, max))
}

/// Checks a picture's URL, which may also refer to a file of the same message.
fn picture_link(faults: &mut Faults, object: &Object<'_>, key: &str, body: &Body) {
    let Some(link) = object.link(faults, key, &["http", "https", "attachment"], 2048) else {
        return;
    };
    if let Some(name) = link.strip_prefix("attachment://")
        && !body.files.iter().any(|file| file.name == name)
    {
        faults.add(
            &object.at(key),
            "ATTACHMENT_NOT_FOUND",
            "No file of this name is attached",
        );
    }
}

fn fields(faults: &mut Faults, embed: &Object<'_>) -> usize {
    let mut total = 0;
    for (index, field) in embed.list(faults, "fields", 0, 25).iter().enumerate() {
        let place = embed.at(&format!("fields.{index}"));
        let Some(field) = Object::new(faults, &place, field, &["name", "value", "inline"]) else {
            continue;
        };
        total += length(field.required(faults, "name", 256));
        total += length(field.required(faults, "value", 1024));
        field.truth(faults, "inline");
    }
    total
}

fn allowed_mentions(faults: &mut Faults, message: &Object<'_>) {
    let Some(value) = message.get("allowed_mentions") else {
        return;
    };
    let known = ["parse", "users", "roles", "replied_user"];
    let Some(object) = Object::new(faults, &message.at("allowed_mentions"), value, &known) else {
        return;
    };
    let parse = object.list(faults, "parse", 0, 3);

    for (index, kind) in parse.iter().enumerate() {
        if !["users", "roles", "everyone"]
            .iter()
            .any(|known| kind == known)
        {
            let place = object.at(&format!("parse.{index}"));
            faults.choice(
                &place,
                "Value must be one of ('roles', 'everyone', 'users').",
            );
        }
    }

    for kind in ["users", "roles"] {
        let list = object.list(faults, kind, 0, 100);
        if !list.is_empty() && parse.iter().any(|parsed| parsed == kind) {
            let message =
                format!("parse:[\"{kind}\"] and {kind}: [ids...] are mutually exclusive.");
            faults.add(
                &message_place(&object),
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                &message,
            );
        }
    }

    object.truth(faults, "replied_user");
}

fn message_place(object: &Object<'_>) -> String {
    object.at("parse")
}

/// Checks the attachments: each new entry needs a file with its number.
fn attachments(faults: &mut Faults, message: &Object<'_>, body: &Body) {
    let listed = message.list(faults, "attachments", 0, 10);

    for (index, value) in listed.iter().enumerate() {
        let place = message.at(&format!("attachments.{index}"));
        let known = ["id", "filename", "description", "title", "is_spoiler"];
        let Some(entry) = Object::new(faults, &place, value, &known) else {
            continue;
        };
        entry.text(faults, "description", 0, 1024);
        entry.text(faults, "filename", 1, 1024);
        let id = entry
            .get("id")
            .map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        let Some(id) = id else {
            faults.required(&entry.at("id"));
            continue;
        };

        // Small numbers refer to files of this request, large ones to earlier attachments.
        if id.len() < 6 && !body.files.iter().any(|file| file.number == id) {
            faults.add(
                &entry.at("id"),
                "ATTACHMENT_NOT_FOUND",
                &format!("There is no files[{id}]"),
            );
        }
    }

    if body.files.len() > 10 {
        faults.length(&message.at("attachments"), 0, 10);
    }

    let number = |entry: &Value| {
        entry["id"]
            .as_str()
            .map_or_else(|| entry["id"].to_string(), str::to_owned)
    };

    for file in &body.files {
        if message.get("attachments").is_some()
            && !listed.iter().any(|entry| number(entry) == file.number)
        {
            let text = format!("files[{}] is listed nowhere", file.number);
            faults.add(&message.at("attachments"), "FAKE_FILE_NOT_LISTED", &text);
        }
    }
}
