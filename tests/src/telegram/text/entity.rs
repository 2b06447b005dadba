//! Entities: parts of a text with a format or meaning.

use serde_json::{Value, json};

/// A part of a text, as the Bot API describes it: offsets count UTF-16 units.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// `bold`, `code`, `pre`, `text_link`, `url`, `mention`, `bot_command` and so on.
    pub kind: String,
    /// Offset of its start in UTF-16 code units.
    pub offset: usize,
    /// Its length in UTF-16 code units.
    pub length: usize,
    /// The text that the entity covers.
    pub text: String,
    /// The URL of a link, the language of a code block, the user of a mention.
    pub argument: Option<String>,
}

/// Returns the length of a text in UTF-16 code units, as the platform counts.
pub(in crate::telegram) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

impl Entity {
    /// Creates an entity for the part of a text between two UTF-16 offsets.
    pub(in crate::telegram) fn cut(
        text: &str,
        kind: &str,
        start: usize,
        end: usize,
        argument: &str,
    ) -> Self {
        let part: Vec<u16> = text
            .encode_utf16()
            .skip(start)
            .take(end.saturating_sub(start))
            .collect();
        Self {
            kind: kind.to_owned(),
            offset: start,
            length: part.len(),
            text: String::from_utf16_lossy(&part),
            argument: (!argument.is_empty()).then(|| argument.to_owned()),
        }
    }

    /// Returns the offset of its end in UTF-16 code units.
    pub(in crate::telegram) fn end(&self) -> usize {
        self.offset + self.length
    }

    pub(in crate::telegram) fn overlaps(&self, other: &Self) -> bool {
        self.offset < other.end() && other.offset < self.end()
    }

    pub(in crate::telegram) fn json(&self) -> Value {
        let mut json = json!({ "type": self.kind, "offset": self.offset, "length": self.length });
        if let Some(argument) = &self.argument {
            match self.kind.as_str() {
                "text_link" => json["url"] = json!(argument),
                "pre" => json["language"] = json!(argument),
                "custom_emoji" => json["custom_emoji_id"] = json!(argument),
                "text_mention" => {
                    let id = argument.parse::<i64>().unwrap_or_default();
                    json["user"] = json!({ "id": id, "is_bot": false, "first_name": "Somebody" });
                }
                _ => {}
            }
        }
        json
    }

    /// Parses an entity that a bot sent instead of markup.
    pub(in crate::telegram) fn read(text: &str, json: &Value) -> Option<Self> {
        let offset = usize::try_from(json["offset"].as_u64()?).ok()?;
        let length = usize::try_from(json["length"].as_u64()?).ok()?;
        let argument = ["url", "language", "custom_emoji_id"]
            .iter()
            .find_map(|key| json[*key].as_str());
        let entity = Self::cut(
            text,
            json["type"].as_str()?,
            offset,
            offset + length,
            argument.unwrap_or_default(),
        );
        (entity.length == length && length > 0).then_some(entity)
    }
}
