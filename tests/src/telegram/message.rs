//! A message as its readers see it.

use std::{sync::Arc, time::Instant};

use serde_json::Value;

use super::text::entity::Entity;

/// A version of a message.
#[derive(Clone, Debug)]
pub struct Message {
    /// The chat it is in; 0 for a message sent in inline mode.
    pub chat: i64,
    /// Its number in the chat.
    pub id: i64,
    /// The bot's identifier of a message sent in inline mode.
    pub inline_id: Option<String>,
    /// Identifier of the forum topic.
    pub thread: Option<i64>,
    /// The message that it replies to.
    pub reply_to: Option<i64>,
    /// Text or caption, after parsing the markup.
    pub text: String,
    /// Entities from the markup, or given by the bot.
    pub entities: Vec<Entity>,
    /// Parts that the platform makes clickable by itself.
    pub live: Vec<Entity>,
    /// Text or caption as the sender wrote it.
    pub source: String,
    /// The buttons below it.
    pub keyboard: Vec<Vec<Button>>,
    /// The hint in the input field, if readers are asked to reply.
    pub force_reply: Option<String>,
    /// The file that the message carries.
    pub attachment: Option<Attachment>,
    /// Whether the message was deleted.
    pub deleted: bool,
    /// When this version appeared.
    pub at: Instant,
}

/// A button below a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    /// Label of the button.
    pub text: String,
    /// Callback data that the bot gets when the button is pressed.
    pub data: Option<String>,
    /// URL that the button opens.
    pub url: Option<String>,
    /// The button as JSON.
    pub raw: Value,
}

/// A file in a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// Type of the attachment, `document` or `photo`.
    pub kind: &'static str,
    /// Identifier of the file on the platform.
    pub file_id: String,
    /// File name; empty for photos.
    pub name: String,
    /// Media type of the file.
    pub mime: String,
    /// Width and height of a photo.
    pub size: (u64, u64),
    /// Content of the file.
    pub bytes: Arc<Vec<u8>>,
}

impl Attachment {
    /// Returns the content of a text file.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

impl Message {
    /// Returns all buttons, row by row.
    pub fn buttons(&self) -> impl Iterator<Item = &Button> {
        self.keyboard.iter().flatten()
    }

    /// Returns the button with this label.
    #[track_caller]
    pub fn button(&self, label: &str) -> &Button {
        let found = self.buttons().find(|button| button.text == label);
        found.unwrap_or_else(|| panic!("no button says {label:?}: {:?}", self.keyboard))
    }

    /// Returns the texts of all entities of one kind, such as `code`.
    pub fn parts(&self, kind: &str) -> Vec<&str> {
        self.entities
            .iter()
            .filter(|entity| entity.kind == kind)
            .map(|entity| entity.text.as_str())
            .collect()
    }

    /// Returns everything that can be clicked in the text, whether the sender meant it or not.
    pub fn clickable(&self) -> Vec<&Entity> {
        let written =
            |entity: &&Entity| matches!(entity.kind.as_str(), "text_link" | "text_mention");
        self.entities
            .iter()
            .filter(written)
            .chain(&self.live)
            .collect()
    }

    /// Returns what is clickable without having been written as a link, as `kind: text`.
    pub fn live_parts(&self) -> Vec<String> {
        self.live
            .iter()
            .map(|entity| format!("{}: {}", entity.kind, entity.text))
            .collect()
    }
}
