//! Button presses, inline queries and the messages they produce.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Message, Telegram, User, content,
    markup::{self, Markup},
    parameters::Parameters,
    queries::answered,
    send,
    state::{Place, Shared, State},
};

/// A button press of a user.
pub struct Pressed {
    shared: Arc<Shared>,
    id: String,
}

/// An inline query: what a user typed after the bot's name.
pub struct Inline {
    shared: Arc<Shared>,
    id: String,
    user: User,
    query: String,
}

/// A result of an inline query that a user sent.
pub struct Chosen {
    shared: Arc<Shared>,
    /// The bot's identifier of the message; only messages with a keyboard have one.
    pub inline_id: Option<String>,
    /// The first version of the message.
    pub first: Message,
}

impl Pressed {
    #[track_caller]
    pub(super) fn press(shared: &Arc<Shared>, user: &User, message: &Message, label: &str) -> Self {
        let button = message.button(label);
        let data = button
            .data
            .as_ref()
            .unwrap_or_else(|| panic!("{label:?} tells the bot nothing: {}", button.raw));
        let id = shared.change(|state| {
            let id = state.ask(format!("the press of {label:?}"), false);
            let mut query = json!({ "id": id, "from": user.json(), "data": data });
            query["chat_instance"] = json!(format!("{}", 3_000_000_000_i64 + message.chat));
            match &message.inline_id {
                Some(inline) => query["inline_message_id"] = json!(inline),
                None => {
                    query["message"] = state.messages[&Place::Chat(message.chat, message.id)]
                        .json
                        .clone()
                }
            }
            if state.push("callback_query", query, user.id).is_none() {
                state.violation("callback_query is not among the allowed updates");
            }
            id
        });

        Self {
            shared: shared.clone(),
            id,
        }
    }

    /// Waits for the answer: `text`, `show_alert`; null if it came too late.
    #[track_caller]
    pub fn answer(&self) -> Value {
        self.shared
            .wait_for("the answer to a pressed button", |state| {
                answered(state, &self.id)
            })
    }

    /// Expires the query, so that it can no longer be answered.
    pub fn expire(&self) {
        expire(&self.shared, &self.id);
    }
}

fn expire(shared: &Shared, id: &str) {
    shared.change(|state| {
        if let Some(query) = state.queries.get_mut(id) {
            query.expired = true;
        }
    });
}

impl Telegram {
    /// Types an inline query in a chat with another user.
    pub fn inline(&self, user: &User, query: &str) -> Inline {
        self.inline_from(user, query, "")
    }

    /// Asks for further results of an inline query, from this offset on.
    pub fn inline_from(&self, user: &User, query: &str, offset: &str) -> Inline {
        let id = self.shared.change(|state| {
            let id = state.ask(format!("the inline query {query:?}"), true);
            let body = json!({
                "id": id, "from": user.json(), "query": query, "offset": offset, "chat_type": "private",
            });
            if state.push("inline_query", body, user.id).is_none() {
                state.violation("inline_query is not among the allowed updates");
            }
            id
        });
        Inline {
            shared: self.shared.clone(),
            id,
            user: user.clone(),
            query: query.to_owned(),
        }
    }

    /// Presses a button of a message that was sent in inline mode.
    #[track_caller]
    pub fn press(&self, user: &User, message: &Message, label: &str) -> Pressed {
        Pressed::press(&self.shared, user, message, label)
    }
}

impl Inline {
    /// Waits for the answer: `results`, `cache_time`, `is_personal`, `next_offset`, `button`; null
    /// if it came too late.
    #[track_caller]
    pub fn answer(&self) -> Value {
        self.shared
            .wait_for("the answer to an inline query", |state| {
                answered(state, &self.id)
            })
    }

    /// Expires the query, so that it can no longer be answered.
    pub fn expire(&self) {
        expire(&self.shared, &self.id);
    }

    /// Sends one of the results.
    #[track_caller]
    pub fn choose(&self, result: &str) -> Chosen {
        let answer = self.answer();
        let results = answer["results"].as_array().expect("results");
        let chosen = results.iter().find(|one| one["id"] == result);
        let chosen = chosen.unwrap_or_else(|| panic!("no result is {result:?}: {results:#?}"));
        let (inline_id, first) = self.shared.change(|state| self.send(state, chosen));
        Chosen {
            shared: self.shared.clone(),
            inline_id,
            first,
        }
    }

    fn send(&self, state: &mut State, chosen: &Value) -> (Option<String>, Message) {
        let values = chosen["input_message_content"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let parameters = Parameters {
            values,
            ..Parameters::default()
        };

        // Both were checked when the query was answered.
        let content = content::text(state, &parameters, "message_text", false).unwrap_or_default();
        let markup = chosen
            .get("reply_markup")
            .and_then(|keyboard| markup::keyboard(state, keyboard).ok());
        let markup: Markup = markup.unwrap_or_default();
        let number = state.number();
        let inline_id = markup.json.as_ref().map(|_| format!("AgAAAInline{number}"));
        let mut message = send::snapshot((0, number), None, None, &content, &markup);
        message.inline_id.clone_from(&inline_id);
        let mut told =
            json!({ "result_id": chosen["id"], "from": self.user.json(), "query": self.query });

        if let Some(id) = &inline_id {
            told["inline_message_id"] = json!(id);
            send::store(
                state,
                Place::Inline(id.clone()),
                json!({}),
                &content,
                &markup,
                message.clone(),
            );
        }

        state.push("chosen_inline_result", told, self.user.id);

        (inline_id, message)
    }
}

impl Chosen {
    /// Waits until the message satisfies a condition.
    #[track_caller]
    pub fn wait_for(&self, accept: impl Fn(&Message) -> bool) -> Message {
        let find = |state: &mut State| {
            states(state, self.inline_id.as_deref())
                .last()
                .filter(|it| accept(it))
                .cloned()
        };
        self.shared.wait_for("a message that was sent inline", find)
    }

    /// Returns all versions of the message so far.
    pub fn history(&self) -> Vec<Message> {
        states(&self.shared.lock(), self.inline_id.as_deref()).to_vec()
    }
}

fn states<'a>(state: &'a State, inline: Option<&str>) -> &'a [Message] {
    let stored = inline.and_then(|id| state.messages.get(&Place::Inline(id.to_owned())));
    stored.map_or(&[], |stored| &stored.states)
}
