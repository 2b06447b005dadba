//! A user's message to the bot, and the replies to it.

use std::{sync::Arc, time::Instant};

use serde_json::{Value, json};

use super::{
    Chat, Message,
    content::Content,
    markup::Markup,
    send::snapshot,
    state::{Pending, Place, Shared, State, Stored, now},
    text::{formatted, links},
};

/// A message that a user sent.
#[derive(Clone)]
pub struct Asked {
    shared: Arc<Shared>,
    chat: Chat,
    /// Its number in the chat.
    pub id: i64,
    /// The update with this message; `None` if the bot may not read it.
    pub update: Option<i64>,
    body: Value,
}

/// Builds the content of a text as users type it, without markup.
pub(super) fn typed(text: &str) -> Content {
    let text = formatted::plain(text).text;
    let live = links::live(&text, &[]);
    Content {
        source: text.clone(),
        text,
        live,
        ..Content::default()
    }
}

impl Asked {
    /// Posts a message in a chat.
    pub(super) fn put(chat: &Chat, content: &Content, more: Value) -> Self {
        chat.shared.change(|state| {
            let id = state.number();
            let mut body =
                json!({ "message_id": id, "date": now(), "chat": state.rooms[&chat.id].json });
            let post = body["chat"]["type"] == "channel";

            if post {
                body["sender_chat"] = body["chat"].clone();
            } else {
                body["from"] = chat.speaker.json();
            }

            if let Some(thread) = chat.thread {
                body["message_thread_id"] = json!(thread);
                body["is_topic_message"] = json!(true);
            }

            content.write(&mut body);
            let service = content.text.is_empty() && content.attachment.is_none();
            for (name, value) in more.as_object().into_iter().flatten() {
                body[name] = value.clone();
            }

            let reply_to = body["reply_to_message"]["message_id"].as_i64();
            let message = snapshot(
                (chat.id, id),
                chat.thread,
                reply_to,
                content,
                &Markup::default(),
            );

            let stored = Stored {
                json: body.clone(),
                states: vec![message],
                by_bot: false,
            };

            state.messages.insert(Place::Chat(chat.id, id), stored);
            let kind = if post { "channel_post" } else { "message" };
            let told = service || reaches(state, &body);
            let update = told
                .then(|| state.push(kind, body.clone(), chat.id))
                .flatten();

            Self {
                shared: chat.shared.clone(),
                chat: chat.clone(),
                id,
                update,
                body,
            }
        })
    }

    /// Edits the text of the user's message.
    pub fn edit(&self, text: &str) -> Self {
        let content = typed(text);
        let mut edited = self.clone();
        content.write(&mut edited.body);
        edited.body["edit_date"] = json!(now());
        edited.update = self.shared.change(|state| {
            if let Some(stored) = state.messages.get_mut(&Place::Chat(self.chat.id, self.id)) {
                let old = stored.states.last().expect("a message has a state");
                let thread = (old.thread, old.reply_to);
                let place = (self.chat.id, self.id);
                stored.states.push(snapshot(
                    place,
                    thread.0,
                    thread.1,
                    &content,
                    &Markup::default(),
                ));
                stored.json = edited.body.clone();
            }

            let post = edited.body["chat"]["type"] == "channel";
            let kind = if post {
                "edited_channel_post"
            } else {
                "edited_message"
            };

            let told = reaches(state, &edited.body);

            told.then(|| state.push(kind, edited.body.clone(), self.chat.id))
                .flatten()
        });

        edited
    }

    /// Deletes the message, as its author may.
    pub fn delete(&self) {
        self.shared.change(|state| {
            let stored = state
                .messages
                .get_mut(&Place::Chat(self.chat.id, self.id))
                .expect("messages stay");
            let mut gone = stored.states.last().expect("a message has a state").clone();
            (gone.deleted, gone.at) = (true, Instant::now());
            stored.states.push(gone);
        });
    }

    /// Delivers the same update to the bot again.
    #[track_caller]
    pub fn resend(&self) {
        let id = self.update.expect("the bot was told of this");
        let kind = if self.body["chat"]["type"] == "channel" {
            "channel_post"
        } else {
            "message"
        };
        let kind = if self.body.get("edit_date").is_some() {
            format!("edited_{kind}")
        } else {
            kind.to_owned()
        };
        let body = json!({ "update_id": id, kind: self.body });
        let pending = Pending {
            id,
            body,
            queue: self.chat.id,
            again: true,
        };
        self.shared
            .change(|state| state.pending.push_front(pending));
    }

    /// Waits until the bot has received and confirmed the update.
    #[track_caller]
    pub fn taken(&self) -> &Self {
        let id = self.update.expect("the bot was told of this");
        let gone = |state: &mut State| {
            (!state.pending.iter().any(|pending| pending.id == id)).then_some(())
        };
        self.shared.wait_for("the bot takes an update", gone);
        self
    }

    /// Returns all replies to this message that the bot has not deleted.
    pub fn replies(&self) -> Vec<Message> {
        self.answers(&self.shared.lock())
            .filter(|message| !message.deleted)
            .cloned()
            .collect()
    }

    /// Waits for the first reply; it may still change.
    #[track_caller]
    pub fn reply(&self) -> Message {
        self.wait_for(|_| true)
    }

    /// Waits until a reply satisfies a condition. `accept` must not access the fake itself.
    #[track_caller]
    pub fn wait_for(&self, accept: impl Fn(&Message) -> bool) -> Message {
        let what = format!("an answer to {}", self.body);
        self.shared.wait_for(&what, |state| {
            self.answers(state).find(|message| accept(message)).cloned()
        })
    }

    /// Returns all versions of the first reply.
    #[track_caller]
    pub fn history(&self) -> Vec<Message> {
        self.chat.history(self.reply().id)
    }

    /// Returns the bot's replies: messages that reply to this one, and later messages in the same
    /// topic that reply to none.
    fn answers<'a>(&self, state: &'a State) -> impl Iterator<Item = &'a Message> {
        let (id, thread) = (self.id, self.chat.thread);
        let later = move |message: &Message| {
            message.reply_to.is_none() && message.id > id && message.thread == thread
        };
        state
            .own_messages(self.chat.id)
            .filter(move |message| message.reply_to == Some(id) || later(message))
    }
}

/// Whether the bot gets a message: in groups only commands that may be meant for it, and replies to
/// its own messages.
fn reaches(state: &State, body: &Value) -> bool {
    if state.reads_groups
        || !body["chat"]["type"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("group"))
    {
        return true;
    }
    if body["reply_to_message"]["from"]["id"] == state.bot["id"] {
        return true;
    }
    let text = body["text"]
        .as_str()
        .or(body["caption"].as_str())
        .unwrap_or_default();
    let word = text.split_whitespace().next().unwrap_or_default();
    let own = state.bot["username"].as_str().unwrap_or_default();
    word.starts_with('/')
        && word
            .split_once('@')
            .is_none_or(|(_, name)| name.eq_ignore_ascii_case(own))
}
