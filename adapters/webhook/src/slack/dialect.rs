//! Whose form a command has, and how an answer looks there.

use netvane_core::{Platform, document::Document};
use serde_json::{Value, json};

use super::{blocks, markdown};

/// Whose form it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Renders blocks, and can replace an earlier message.
    Slack,
    /// Mattermost, Rocket.Chat and the like: markdown.
    Other,
}

/// The service that renders the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    Requester,
    Channel,
}

impl Dialect {
    /// What rules, metrics and the log know it by.
    pub(super) fn platform(self) -> Platform {
        match self {
            Self::Slack => Platform::Slack,
            Self::Other => Platform::Slash,
        }
    }

    /// A document as a message.
    pub(super) fn message(self, document: &Document, readers: Readers) -> Value {
        let response_type = match readers {
            Readers::Requester => "ephemeral",
            Readers::Channel => "in_channel",
        };
        match self {
            Self::Slack => json!({
                "response_type": response_type,
                // For notifications; the blocks are what is shown.
                "text": blocks::fallback(document),
                "mrkdwn": false,
                "unfurl_links": false,
                "unfurl_media": false,
                "blocks": blocks::blocks(document),
            }),
            Self::Other => {
                json!({ "response_type": response_type, "text": markdown::message(document) })
            }
        }
    }
}
