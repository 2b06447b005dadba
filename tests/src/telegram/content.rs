//! The content of a message: a text or a file, parsed and checked against the limits.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    message::Attachment,
    parameters::{Parameters, Upload},
    refusal::Refusal,
    state::State,
    text::{
        entity::{Entity, units},
        formatted::{self, Formatted},
        html, links,
    },
};

const MOST_TEXT: usize = 4096;
const MOST_CAPTION: usize = 1024;
const MOST_PHOTO: usize = 10 << 20;

/// A text or a file with its caption.
#[derive(Clone, Default)]
pub(super) struct Content {
    pub text: String,
    pub source: String,
    pub entities: Vec<Entity>,
    pub live: Vec<Entity>,
    pub attachment: Option<Attachment>,
}

impl Content {
    /// Writes the content into a message in the Bot API's form.
    pub(super) fn write(&self, json: &mut Value) {
        for name in [
            "text",
            "entities",
            "caption",
            "caption_entities",
            "document",
            "photo",
        ] {
            if let Some(members) = json.as_object_mut() {
                members.remove(name);
            }
        }

        let (text, entities) = match &self.attachment {
            Some(file) => {
                json[file.kind] = file_json(file);
                ("caption", "caption_entities")
            }
            None => ("text", "entities"),
        };

        if !self.text.is_empty() {
            json[text] = json!(self.text);
        }

        let mut all: Vec<_> = self.entities.iter().chain(&self.live).collect();
        all.sort_by_key(|entity| (entity.offset, usize::MAX - entity.length));
        if !all.is_empty() {
            json[entities] = all.into_iter().map(Entity::json).collect();
        }
    }

    /// Whether readers see the same.
    pub(super) fn same(&self, other: &Self) -> bool {
        let file = |content: &Self| content.attachment.as_ref().map(|file| file.file_id.clone());
        self.text == other.text && self.entities == other.entities && file(self) == file(other)
    }
}

fn file_json(file: &Attachment) -> Value {
    let (id, unique) = (&file.file_id, format!("unique-{}", file.file_id));
    if file.kind == "photo" {
        let (width, height) = file.size;
        let size = file.bytes.len();
        return json!([{ "file_id": id, "file_unique_id": unique, "width": width, "height": height, "file_size": size }]);
    }
    json!({
        "file_id": id,
        "file_unique_id": unique,
        "file_name": file.name,
        "mime_type": file.mime,
        "file_size": file.bytes.len(),
    })
}

/// Parses and checks the text of a message.
pub(super) fn text(
    state: &mut State,
    parameters: &Parameters,
    name: &str,
    edit: bool,
) -> Result<Content, Refusal> {
    let source = parameters.text(name)?.unwrap_or_default();
    if source.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }

    let content = read(state, parameters, source, "entities")?;
    if content.text.is_empty() {
        return Err(Refusal::bad("text must be non-empty"));
    }

    if units(&content.text) > MOST_TEXT {
        return Err(Refusal::bad(if edit {
            "MESSAGE_TOO_LONG"
        } else {
            "message is too long"
        }));
    }

    let shown = parameters
        .get("link_preview_options")
        .is_none_or(|options| options["is_disabled"] != true);
    let web = |entity: &&Entity| matches!(entity.kind.as_str(), "url" | "text_link");

    if let Some(link) = content
        .entities
        .iter()
        .chain(&content.live)
        .find(web)
        .filter(|_| shown)
    {
        state.violation(format!("a preview of {:?} would be shown", link.text));
    }

    Ok(content)
}

/// Parses and checks a caption, which may be absent.
fn caption(state: &mut State, parameters: &Parameters) -> Result<Content, Refusal> {
    let source = parameters.text("caption")?.unwrap_or_default();
    let content = read(state, parameters, source, "caption_entities")?;
    if units(&content.text) > MOST_CAPTION {
        return Err(Refusal::bad("message caption is too long"));
    }
    Ok(content)
}

fn read(
    state: &mut State,
    parameters: &Parameters,
    source: &str,
    entities: &str,
) -> Result<Content, Refusal> {
    let Formatted {
        text,
        mut entities,
        swallowed,
    } = match parameters.text("parse_mode")? {
        Some(mode) if mode.eq_ignore_ascii_case("html") => html::parse(source)?,
        Some(mode) => {
            return Err(Refusal::bad(format!(
                "unsupported parse_mode ({mode}: the fake reads HTML only)"
            )));
        }
        None => {
            let mut formatted = formatted::plain(source);
            for entity in parameters
                .get(entities)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let read = Entity::read(&formatted.text, entity);
                let wrong = || Refusal::bad(format!("can't parse entities: {entity}"));
                formatted.entities.push(read.ok_or_else(wrong)?);
            }
            formatted
        }
    };

    for what in swallowed {
        state.violation(format!("lost without a word: {what}, in {source:?}"));
    }

    // A bot can only mention users that it has met.
    let known = |id: &str| {
        state
            .rooms
            .values()
            .any(|room| room.members.keys().any(|user| user.to_string() == id))
    };

    entities.retain(|entity| {
        entity.kind != "text_mention" || entity.argument.as_deref().is_some_and(known)
    });

    let live = links::live(&text, &entities);

    Ok(Content {
        text,
        source: source.to_owned(),
        entities,
        live,
        attachment: None,
    })
}

/// Parses a file with its caption; `field` names the parameter that holds it.
pub(super) fn file(
    state: &mut State,
    parameters: &Parameters,
    kind: &'static str,
    field: &str,
) -> Result<Content, Refusal> {
    let content = caption(state, parameters)?;
    let named = parameters.text(field)?.unwrap_or_default();
    let attachment = match named.strip_prefix("attach://") {
        Some(part) => {
            let upload = parameters.files.get(part);
            store(
                state,
                kind,
                upload.ok_or_else(|| Refusal::bad(format!("file {part} is not attached")))?,
            )?
        }
        None if named.contains("://") => {
            return Err(Refusal::bad("failed to get HTTP URL content"));
        }
        None => {
            let known = state
                .files
                .get(named)
                .filter(|file| file.kind == kind)
                .cloned();
            known.ok_or_else(|| Refusal::bad("wrong file identifier/HTTP URL specified"))?
        }
    };

    Ok(Content {
        attachment: Some(attachment),
        ..content
    })
}

/// Stores an uploaded file after checking it.
fn store(state: &mut State, kind: &'static str, upload: &Upload) -> Result<Attachment, Refusal> {
    if upload.bytes.is_empty() {
        return Err(Refusal::bad("file must be non-empty"));
    }

    if upload.name.is_empty() {
        state.violation("a file without a name");
    }

    let size = if kind == "photo" {
        picture(&upload.bytes)?
    } else {
        (0, 0)
    };

    let mime = upload
        .mime
        .clone()
        .filter(|mime| mime != "application/octet-stream");
    let mime = mime.unwrap_or_else(|| guess(&upload.name).to_owned());

    Ok(keep(
        state,
        kind,
        &upload.name,
        &mime,
        size,
        upload.bytes.clone(),
    ))
}

/// Stores a file and gives it an identifier.
pub(super) fn keep(
    state: &mut State,
    kind: &'static str,
    name: &str,
    mime: &str,
    size: (u64, u64),
    bytes: Vec<u8>,
) -> Attachment {
    let file_id = format!("BQACAgIAAxkB{}", state.number());
    let (name, mime, bytes) = (name.to_owned(), mime.to_owned(), Arc::new(bytes));
    let attachment = Attachment {
        kind,
        file_id: file_id.clone(),
        name,
        mime,
        size,
        bytes,
    };
    state.files.insert(file_id, attachment.clone());
    attachment
}

/// Guesses the media type of a file by its name.
pub(super) fn guess(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "txt" | "log" => "text/plain",
        "json" => "application/json",
        "html" => "text/html",
        "csv" => "text/csv",
        "md" => "text/markdown",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "eml" => "message/rfc822",
        _ => "application/octet-stream",
    }
}

/// Returns the width and height of a picture that the platform accepts as a photo.
fn picture(bytes: &[u8]) -> Result<(u64, u64), Refusal> {
    if bytes.len() > MOST_PHOTO {
        return Err(Refusal::bad("too big for a photo"));
    }

    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return Ok((0, 0));
    }

    let number = |at: usize| {
        bytes
            .get(at..at + 4)?
            .iter()
            .try_fold(0_u64, |sum, byte| Some(sum << 8 | u64::from(*byte)))
    };

    match (
        bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        number(16),
        number(20),
    ) {
        (true, Some(width @ 1..), Some(height @ 1..)) => {
            let (long, short) = (width.max(height), width.min(height));
            let fits = width + height <= 10_000 && long <= short * 20;
            if fits {
                Ok((width, height))
            } else {
                Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS"))
            }
        }
        _ => Err(Refusal::bad("IMAGE_PROCESS_FAILED")),
    }
}
