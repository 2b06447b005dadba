//! A message as its readers see it.

use std::{sync::Arc, time::Instant};

use serde_json::Value;

use super::entity::Entity;

/// One state of a message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Where it is; 0 for one that was sent through the inline mode.
    pub chat: i64,
    /// Its number in the chat.
    pub id: i64,
    /// How the bot names it when it was sent through the inline mode.
    pub inline_id: Option<String>,
    /// Identifier of the forum topic.
    pub thread: Option<i64>,
    /// The message that it answers.
    pub reply_to: Option<i64>,
    /// Text or caption, after the markup was read.
    pub text: String,
    /// What the markup said.
    pub entities: Vec<Entity>,
    /// What becomes clickable by itself.
    pub live: Vec<Entity>,
    /// Text or caption as the sender wrote it.
    pub source: String,
    /// The buttons below it.
    pub keyboard: Vec<Vec<Button>>,
    /// Set when readers are asked to reply: the hint in their input field.
    pub force_reply: Option<String>,
    /// The file that the message carries.
    pub attachment: Option<Attachment>,
    /// True once it is gone.
    pub deleted: bool,
    /// When it came into this state.
    pub at: Instant,
}

/// A button below a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    /// What is written on it.
    pub text: String,
    /// What the bot hears when it is pressed.
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
    /// How the platform names it.
    pub file_id: String,
    /// Its name; photos have none.
    pub name: String,
    /// Media type of the file.
    pub mime: String,
    /// Width and height of a photo.
    pub size: (u64, u64),
    /// What is in it.
    pub bytes: Arc<Vec<u8>>,
}

impl Attachment {
    /// A text file's text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

impl Message {
    /// All buttons, row by row.
    pub fn buttons(&self) -> impl Iterator<Item = &Button> {
        self.keyboard.iter().flatten()
    }

    /// The button with this label.
    #[track_caller]
    pub fn button(&self, label: &str) -> &Button {
        let found = self.buttons().find(|button| button.text == label);
        found.unwrap_or_else(|| panic!("no button says {label:?}: {:?}", self.keyboard))
    }

    /// The parts of one kind, such as `code`.
    pub fn parts(&self, kind: &str) -> Vec<&str> {
        self.entities
            .iter()
            .filter(|entity| entity.kind == kind)
            .map(|entity| entity.text.as_str())
            .collect()
    }

    /// Everything that can be clicked in the text, whether the sender meant it or not.
    pub fn clickable(&self) -> Vec<&Entity> {
        let written =
            |entity: &&Entity| matches!(entity.kind.as_str(), "text_link" | "text_mention");
        self.entities
            .iter()
            .filter(written)
            .chain(&self.live)
            .collect()
    }

    /// What can be clicked without having been written as a link, as `kind: text`.
    pub fn live_parts(&self) -> Vec<String> {
        self.live
            .iter()
            .map(|entity| format!("{}: {}", entity.kind, entity.text))
            .collect()
    }
}
