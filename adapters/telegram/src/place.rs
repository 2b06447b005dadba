//! Location of a message, which is persisted while the request is open.

use netvane_chat::Bucket;
use netvane_core::Caller;
use serde::{Deserialize, Serialize};

use crate::bot::{inline_room, room};

/// Location of a message, which is persisted while the request is open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) chat: i64,
    /// The topic of a forum group; `None` outside of topics.
    pub(crate) thread: Option<i32>,
    /// Id of the user's message, to which the bot replies.
    pub(crate) reply_to: Option<i32>,
    /// Id of the bot's message; `None` until it is sent.
    pub(crate) message: Option<i32>,
    /// Id of an inline message, which may be in a chat without the bot.
    pub(crate) inline: Option<String>,
    /// Hash of the current content: Telegram rejects edits that change nothing.
    #[serde(default, rename = "shown")]
    pub(crate) content_hash: Option<u64>,
}

impl Place {
    /// Returns the user's identity for the operator's access rules.
    pub(crate) fn who(&self, requester: &str) -> Caller {
        let conversation = (self.inline.is_none() && self.chat != 0).then(|| self.chat.to_string());
        Caller {
            user: Some(requester.to_owned()),
            conversation,
            ..Caller::default()
        }
    }

    pub(crate) fn room(&self) -> Bucket {
        self.inline
            .as_deref()
            .map_or_else(|| room(self.chat), inline_room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_serialization_even_by_an_older_version() {
        let place = Place {
            chat: -100,
            thread: Some(3),
            reply_to: Some(7),
            message: Some(8),
            inline: None,
            content_hash: Some(u64::MAX),
        };
        let kept = serde_json::to_value(&place).expect("serializes");
        assert_eq!(serde_json::from_value::<Place>(kept).expect("reads"), place);
        let older = r#"{"chat":5,"thread":null,"reply_to":null,"message":1,"inline":null}"#;
        let older: Place = serde_json::from_str(older).expect("reads");
        assert_eq!(
            (older.chat, older.message, older.content_hash),
            (5, Some(1), None)
        );
    }

    #[test]
    fn only_a_known_chat_becomes_a_conversation() {
        let conversation = |place: Place| place.who("7").conversation;
        let chat = Place {
            chat: -5,
            ..Place::default()
        };
        let inline = Place {
            inline: Some("x".into()),
            ..chat.clone()
        };
        assert_eq!(conversation(chat), Some("-5".into()));
        assert_eq!(conversation(inline), None);
        assert_eq!(conversation(Place::default()), None);
    }

    #[test]
    fn private_chats_groups_and_inline_messages_have_separate_buckets() {
        let room = |chat, inline: Option<&str>| {
            let inline = inline.map(str::to_owned);
            Place {
                chat,
                inline,
                ..Place::default()
            }
            .room()
        };
        let (private, group) = (room(5, None), room(-5, None));
        assert_ne!(private.sort, group.sort);
        assert_eq!((private.id, group.id), (5, -5));
        let inline = room(0, Some("AAE"));
        assert!(inline.sort != private.sort && inline.sort != group.sort);
        assert_eq!(inline, room(9, Some("AAE")), "the same message");
        assert_ne!(inline, room(0, Some("AAF")));
    }
}
