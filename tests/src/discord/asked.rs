//! A user's interaction or message, and the bot's response to it.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    scene::Scene,
    state::{Moment, Posted, Shared, State, thinks},
};

/// An interaction, or a message to the bot.
pub struct Asked {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: String,
    pub(crate) scene: Scene,
    pub(crate) is_message: bool,
    /// Time since the fake started.
    pub(crate) at: Duration,
}

impl Asked {
    /// Identifier of the interaction or of the message.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn find<'a>(&self, state: &'a mut State) -> Option<&'a mut Posted> {
        if !self.is_message {
            let original = state.interaction(&self.id)?.original.clone()?;
            return state.message(&original);
        }
        let place = state
            .messages
            .iter()
            .position(|message| message.id == self.id)?;
        let mut later = state.messages.iter_mut().skip(place + 1);
        later.find(|m| {
            let answers = m
                .history
                .first()
                .map(|first| &first.message["message_reference"]["message_id"]);
            let to_nobody = answers.is_none_or(Value::is_null);
            let to_this = answers.and_then(Value::as_str) == Some(&self.id);
            m.by_bot
                && m.token.is_none()
                && m.channel == self.scene.place.channel()
                && (to_nobody || to_this)
        })
    }

    /// Returns the message with the reply as the user sees it now; `null` if it was deleted.
    pub fn now(&self) -> Option<Value> {
        self.shared.with(|state| {
            let found = self.find(state)?;
            found.seen = true;
            Some(found.now().clone())
        })
    }

    /// Waits until there is a reply other than "thinking", and returns it.
    #[track_caller]
    pub fn reply(&self) -> Value {
        self.wait_for("a reply", |message| !message.is_null() && !thinks(message))
    }

    /// Waits until the reply satisfies a condition, and returns it.
    #[track_caller]
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.shared.wait(what, |state| {
            let found = self.find(state)?;
            found.seen = true;
            Some(found.now()).filter(|now| wanted(now)).cloned()
        })
    }

    /// Returns all versions of the reply, the first one first.
    pub fn history(&self) -> Vec<Moment> {
        self.shared.with(|state| {
            self.find(state)
                .map(|found| found.history.clone())
                .unwrap_or_default()
        })
    }

    /// Returns the messages after the reply, as they are now.
    pub fn followups(&self) -> Vec<Value> {
        self.shared.with(|state| {
            let ids = state
                .interaction(&self.id)
                .map(|found| found.followups.clone())
                .unwrap_or_default();
            let see = |id: &String| {
                let found = state.message(id)?;
                found.seen = true;
                Some(found.now().clone())
            };
            ids.iter().filter_map(see).collect()
        })
    }

    /// Waits until there are this many messages after the reply, and returns them.
    #[track_caller]
    pub fn wait_for_followups(&self, count: usize) -> Vec<Value> {
        self.shared.wait("messages after the answer", |state| {
            (state.interaction(&self.id)?.followups.len() >= count).then_some(())
        });
        self.followups()
    }

    /// Waits for the first response, and returns it as the bot sent it: `type` and `data`.
    #[track_caller]
    pub fn answer(&self) -> Value {
        self.shared.wait("an answer", |state| {
            Some(state.interaction(&self.id)?.answer.clone()?.1)
        })
    }

    /// Returns how long the bot took for its first response.
    #[track_caller]
    pub fn acknowledged_in(&self) -> Duration {
        self.shared.wait("an answer", |state| {
            Some(state.interaction(&self.id)?.answer.clone()?.0 - self.at)
        })
    }

    /// Returns the choices that the bot suggests in response to an autocomplete interaction.
    #[track_caller]
    pub fn choices(&self) -> Vec<Value> {
        let answer = self.answer();
        assert_eq!(answer["type"], 8, "{answer}");
        answer["data"]["choices"]
            .as_array()
            .cloned()
            .expect("the fake let it pass")
    }

    /// Returns the modal that the bot opened.
    #[track_caller]
    pub fn modal(&self) -> Value {
        let answer = self.answer();
        assert_eq!(answer["type"], 9, "{answer}");
        answer["data"].clone()
    }

    /// Ends the time in which the bot may send or change its response.
    pub fn expire(&self) {
        self.shared.with(|state| {
            if let Some(found) = state.interaction(&self.id) {
                (found.expired, found.forgotten) = (true, true);
            }
        });
    }

    /// Makes the interaction this much older: the bot is too late to respond after 3 seconds, and
    /// to change its response after 15 minutes. Being late is then the bot's own violation.
    pub fn age(&self, by: Duration) {
        self.shared.with(|state| {
            if let Some(found) = state.interaction(&self.id) {
                found.dispatched = found
                    .dispatched
                    .checked_sub(by)
                    .expect("the machine runs for longer");
            }
        });
    }

    /// Accepts that this interaction is never answered.
    pub fn forget(&self) {
        self.shared.with(|state| {
            if let Some(found) = state.interaction(&self.id) {
                found.forgotten = true;
            }
        });
    }

    /// Deletes the reply, as a user or moderator may.
    #[track_caller]
    pub fn delete_reply(&self) {
        self.shared.with(|state| {
            let id = self
                .find(state)
                .map(|found| found.id.clone())
                .expect("there is an answer");
            state.change(&id, Value::Null);
        });
    }
}
