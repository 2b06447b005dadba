//! The chat services that send slash commands, and how a reply looks in each.

use netvane_core::Platform;
use serde_json::{Value, json};

use super::{blocks, lookup::SlackMessage, markdown};

/// A chat service, by the format of its slash commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Slack: renders blocks, and can replace an earlier message.
    Slack,
    /// Mattermost, Rocket.Chat and others: render Markdown.
    Other,
}

/// Who can read a message: only the requester, or the whole channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    Requester,
    Channel,
}

impl Dialect {
    /// Returns its platform in rules, metrics and the log.
    pub(super) fn platform(self) -> Platform {
        match self {
            Self::Slack => Platform::Slack,
            Self::Other => Platform::Slash,
        }
    }

    /// Renders a message for these readers; a personal one only for the requester.
    pub(super) fn message(self, message: &SlackMessage, readers: Readers) -> Value {
        let SlackMessage {
            document,
            end,
            personal,
        } = message;
        let readers = if *personal {
            Readers::Requester
        } else {
            readers
        };
        let response_type = match readers {
            Readers::Requester => "ephemeral",
            Readers::Channel => "in_channel",
        };
        match self {
            Self::Slack => json!({
                "response_type": response_type,
                // Shown in notifications; the message itself shows the blocks.
                "text": blocks::fallback(document),
                "mrkdwn": false,
                "unfurl_links": false,
                "unfurl_media": false,
                "blocks": blocks::blocks(document, end.as_ref()),
            }),
            Self::Other => {
                json!({ "response_type": response_type, "text": markdown::message(document, end.as_ref()) })
            }
        }
    }
}
