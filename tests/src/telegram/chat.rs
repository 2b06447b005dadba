//! Chats, as their members use them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Value, json};

use super::{
    Asked, Message, Pressed, Telegram, User, content,
    refusal::Refusal,
    state::{Place, Room, Shared, State, now},
};

/// A chat, from the view of one of its members.
#[derive(Clone)]
pub struct Chat {
    pub(super) shared: Arc<Shared>,
    /// Identifier of the chat.
    pub id: i64,
    /// The user who writes in it.
    pub speaker: User,
    /// The topic that they write in.
    pub thread: Option<i64>,
}

impl Telegram {
    /// Opens the private chat of a user who started the bot.
    pub fn private(&self, user: &User) -> Chat {
        let mut json = json!({ "id": user.id, "type": "private", "first_name": user.first_name });
        if let Some(username) = &user.username {
            json["username"] = json!(username);
        }
        self.open(json, user.clone(), &[])
    }

    /// Opens a group with this negative id; Ann is the user.
    pub fn group(&self, id: i64) -> Chat {
        assert!(id < 0, "groups have negative numbers");
        self.open(
            json!({ "id": id, "type": "group", "title": format!("Group {id}") }),
            ann(),
            &[],
        )
    }

    /// Opens a supergroup with these topics; its id starts with -100. Ann is the user.
    pub fn supergroup_with_topics(&self, id: i64, topics: &[&str]) -> Chat {
        let json = json!({ "id": id, "type": "supergroup", "title": format!("Forum {id}"), "is_forum": true });
        self.open(json, ann(), topics)
    }

    /// Opens a channel that the bot may post in.
    pub fn channel(&self, id: i64) -> Chat {
        self.open(
            json!({ "id": id, "type": "channel", "title": format!("Channel {id}") }),
            ann(),
            &[],
        )
    }

    fn open(&self, json: Value, speaker: User, topics: &[&str]) -> Chat {
        let id = json["id"].as_i64().expect("a chat has a number");
        self.shared.change(|state| {
            let topics = topics
                .iter()
                .map(|topic| (state.number(), (*topic).to_owned()))
                .collect();
            let members = BTreeMap::from([(speaker.id, speaker.clone())]);
            let room = Room {
                json,
                members,
                admins: BTreeSet::new(),
                topics,
                closed: None,
            };
            state.rooms.entry(id).or_insert(room);
        });
        Chat {
            shared: self.shared.clone(),
            id,
            speaker,
            thread: None,
        }
    }
}

/// The default user of the tests.
fn ann() -> User {
    User::new(1001, "Ann")
}

impl Chat {
    /// Returns the chat from the view of another user, who joins it.
    pub fn by(&self, user: &User) -> Self {
        self.room(|room| drop(room.members.insert(user.id, user.clone())));
        Self {
            speaker: user.clone(),
            ..self.clone()
        }
    }

    /// Makes the user an administrator.
    pub fn admin(&self) -> Self {
        self.room(|room| room.admins.insert(self.speaker.id));
        self.clone()
    }

    /// Returns the chat in one of its topics.
    #[track_caller]
    pub fn topic(&self, name: &str) -> Self {
        let state = self.shared.lock();
        let found = state.rooms[&self.id]
            .topics
            .iter()
            .find(|(_, topic)| *topic == name);
        Self {
            thread: Some(*found.expect("a topic of this chat").0),
            ..self.clone()
        }
    }

    /// Stops the bot from writing here.
    pub fn block(&self) {
        let why = if self.id > 0 {
            "bot was blocked by the user"
        } else {
            "bot was kicked from the group chat"
        };
        self.room(|room| room.closed = Some(Refusal::forbidden(why)));
    }

    /// Lets the bot write here again.
    pub fn unblock(&self) {
        self.room(|room| room.closed = None);
    }

    /// Migrates the group to a supergroup; the bot learns the new id when it writes to the old one.
    pub fn migrate(&self, telegram: &Telegram, to: i64) -> Self {
        let moved = telegram.open(
            json!({ "id": to, "type": "supergroup", "title": format!("Group {to}") }),
            self.speaker.clone(),
            &[],
        );
        let parameters = Some(json!({ "migrate_to_chat_id": to }));
        let why = "group chat was upgraded to a supergroup chat";
        self.room(|room| {
            room.closed = Some(Refusal {
                parameters,
                ..Refusal::bad(why)
            })
        });
        moved
    }

    /// Sends a text message as the user.
    pub fn say(&self, text: &str) -> Asked {
        self.tell(text, json!({}))
    }

    /// Sends a message that replies to another.
    pub fn reply_to(&self, message: &Message, text: &str) -> Asked {
        let replied = self
            .shared
            .lock()
            .messages
            .get(&Place::Chat(self.id, message.id))
            .map(|stored| super::send::without_reply(&stored.json));
        self.tell(
            text,
            json!({ "reply_to_message": replied.expect("a message of this chat") }),
        )
    }

    /// Sends a file with a caption as the user.
    pub fn document(&self, name: &str, bytes: impl Into<Vec<u8>>, caption: &str) -> Asked {
        let bytes = bytes.into();
        let file = self.shared.change(|state| {
            content::keep(state, "document", name, content::guess(name), (0, 0), bytes)
        });
        let content = content::Content {
            attachment: Some(file),
            ..super::ask::typed(caption)
        };
        self.put(&content, json!({}))
    }

    /// Forwards a message of a user who hides their identity.
    pub fn forward(&self, text: &str, from: &str) -> Asked {
        let origin =
            json!({ "type": "hidden_user", "sender_user_name": from, "date": now() - 3600 });
        self.tell(text, json!({ "forward_origin": origin }))
    }

    /// Posts a service message, such as `{"new_chat_title": "Other"}`.
    pub fn service(&self, what: Value) -> Asked {
        self.put(&content::Content::default(), what)
    }

    /// Sends a text message with additional members, such as `via_bot`.
    pub fn tell(&self, text: &str, more: Value) -> Asked {
        self.put(&super::ask::typed(text), more)
    }

    fn put(&self, content: &content::Content, more: Value) -> Asked {
        Asked::put(self, content, more)
    }

    /// Presses the button with this label.
    #[track_caller]
    pub fn press(&self, message: &Message, label: &str) -> Pressed {
        Pressed::press(&self.shared, &self.speaker, message, label)
    }

    /// Returns the bot's current messages in the chat.
    pub fn messages(&self) -> Vec<Message> {
        self.shared
            .lock()
            .own_messages(self.id)
            .filter(|message| !message.deleted)
            .cloned()
            .collect()
    }

    /// Returns all versions of a message, the first one first.
    #[track_caller]
    pub fn history(&self, message: i64) -> Vec<Message> {
        let state = self.shared.lock();
        state
            .messages
            .get(&Place::Chat(self.id, message))
            .expect("a message of this chat")
            .states
            .clone()
    }

    /// Waits until a message of the bot in this chat satisfies a condition. `accept` must not
    /// access the fake itself.
    #[track_caller]
    pub fn wait_for(&self, accept: impl Fn(&Message) -> bool) -> Message {
        let find = |state: &mut State| {
            state
                .own_messages(self.id)
                .find(|message| accept(message))
                .cloned()
        };
        self.shared.wait_for("a message in the chat", find)
    }

    fn room<T>(&self, change: impl FnOnce(&mut Room) -> T) -> T {
        self.shared
            .change(|state| change(state.rooms.get_mut(&self.id).expect("chats stay")))
    }
}
