//! A chat message: a document and the buttons below it.

use netvane_core::{
    Failure, Input, UsageError,
    document::{Block, Document, Severity, render},
};

/// A message that replaces the one the adapter sent before.
#[derive(Debug, Clone)]
pub struct ChatMessage<'a> {
    /// Content of the message, rendered by the adapter.
    pub document: &'a Document,
    /// Buttons below the message, in order.
    pub buttons: &'a [Button],
    /// The menu below the buttons.
    pub menu: Option<&'a Menu>,
    /// The lookup is still running; the document is a partial result.
    pub working: bool,
    /// Concerns only the user who asked: a mistake, a refusal, help. Shown to nobody else where the
    /// platform can do that.
    pub personal: bool,
}

impl ChatMessage<'_> {
    /// Returns labels and URLs of the document's links, which adapters show next to the buttons.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.document.blocks.iter().filter_map(|block| match block {
            Block::Link { label, url } => Some((label.as_str(), url.as_str())),
            _ => None,
        })
    }
}

/// A button below a message. Its state is kept in the `ButtonStore`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// Identifier of at most 64 bytes that the platform sends back when the button is pressed.
    pub id: String,
    /// Text on the button.
    pub label: String,
    /// Purpose of the button; adapters derive its colour and position from it.
    pub sort: Sort,
}

/// A menu below a message, of which one choice is taken. Its state is kept in the `ButtonStore`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    /// Identifier of at most 64 bytes that the platform sends back with the position of the choice.
    pub id: String,
    /// What the menu is for; shown while nothing is chosen.
    pub prompt: String,
    /// The choices, at most 25.
    pub choices: Vec<Choice>,
}

/// A choice of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Text of the choice.
    pub label: String,
    /// Whether the message shows this choice.
    pub chosen: bool,
}

/// Purpose of a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Cancels the running lookup.
    Cancel,
    /// Repeats the lookup without the cache and edits the reply.
    Refresh,
    /// Sends the full reply as a file.
    Raw,
    /// Runs a related lookup, such as `whois` for an address in the reply.
    FollowUp,
}

/// Returns a document of a title and one sentence, such as the reply to a button press.
pub fn note(title: impl Into<String>, text: impl Into<String>) -> Document {
    Document::new(title, text, Severity::Neutral)
}

/// Returns the document shown for a failure: the error, its position in the command line, and the
/// suggested correction.
pub fn problem(failure: &Failure, input: &Input) -> Document {
    let mut document = Document::new(failure.problem().title, failure.to_string(), Severity::Bad);
    if let Failure::Usage(UsageError {
        position,
        suggestion,
        ..
    }) = failure
    {
        if let (Some(position), Input::Text(line)) = (position, input) {
            document.code(render::pointed(line, position));
        }
        if let Some(suggestion) = suggestion {
            document.field("Try", netvane_core::document::Cell::exact(suggestion));
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_errors_underline_the_mistake() {
        let line = "/mx example..com";
        let error = UsageError::argument("two dots")
            .at(4..16)
            .suggest("/mx example.com");
        let document = problem(&error.into(), &Input::Text(line.into()));
        let shown = render::text(
            &document,
            render::Layout {
                width: 80,
                color: false,
            },
        );
        assert_eq!(
            shown,
            "Bad argument\n✗ two dots\n\n  /mx example..com\n      ^^^^^^^^^^^^\n\nTry:  /mx example.com\n"
        );
    }
}
