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
    /// The work goes on: what is shown is what is known so far.
    pub working: bool,
}

impl ChatMessage<'_> {
    /// Labels and URLs of the links that stand beside the buttons.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.document.blocks.iter().filter_map(|block| match block {
            Block::Link { label, url } => Some((label.as_str(), url.as_str())),
            _ => None,
        })
    }
}

/// A button, its state kept by the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// At most 64 bytes; given back when it is pressed.
    pub id: String,
    /// Text on the button.
    pub label: String,
    /// What it is for; platforms colour and order by it.
    pub sort: Sort,
}

/// The sorts of buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Cancels the running lookup.
    Cancel,
    /// Repeats the lookup without the cache and edits the reply.
    Refresh,
    /// The whole answer as a file.
    Raw,
    /// Carries on from the answer.
    FollowUp,
}

/// A document of one sentence, such as the reply to a button press.
pub fn note(title: impl Into<String>, text: impl Into<String>) -> Document {
    Document::new(title, text, Severity::Neutral)
}

/// A failure as people read it: what is wrong, where, and what was probably meant.
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
