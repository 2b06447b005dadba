//! Callback queries, which Telegram sends for button presses.

use std::sync::Arc;

use netvane_chat::{ChatRequest, Press, Pressed, problem};
use netvane_core::Input;
use teloxide::types::{CallbackQuery, MaybeInaccessibleMessage, User};

use crate::{
    bot::Hub,
    caller::TelegramUser,
    inline,
    message_sink::{Sheet, Spot},
    place::Place,
    render::{file_name, text_of},
};

const NOT_YOURS: &str = "Only the requester or an admin can cancel.";
const EXPIRED: &str = "This button has expired.";

impl Hub {
    /// Handles a button press. Telegram's query is answered while the action runs.
    pub(crate) async fn on_press(self: &Arc<Self>, update: String, query: CallbackQuery) {
        let (data, requester) = (query.data.unwrap_or_default(), query.from.id.to_string());
        let place = match (&query.message, query.inline_message_id) {
            (Some(message), _) => place_of(message),
            (None, inline) => Place {
                inline,
                ..Place::default()
            },
        };

        if let Some(id) = inline::offered(&data) {
            let ((), ()) = tokio::join!(
                self.answer_press(query.id, None),
                self.complete(id, place.inline.clone(), requester, update)
            );
            return;
        }

        let pressed = self.pressed(&data, &query.from, place.chat).await;
        let parse_text = match &pressed {
            Pressed::NotYours => Some(NOT_YOURS),
            Pressed::Expired => Some(EXPIRED),
            _ => None,
        };

        let act = self.act(pressed, place, &requester, &update);
        let ((), ()) = tokio::join!(self.answer_press(query.id, parse_text), act);
    }

    /// Returns the action of a button press. Whether the user is an administrator is only looked up
    /// if it matters.
    async fn pressed(&self, button: &str, user: &User, chat: i64) -> Pressed {
        let requester = user.id.to_string();
        let press = async |moderator| {
            let press = Press {
                id: button,
                choice: None,
                requester: &requester,
                moderator,
            };
            self.chat.press(press).await
        };

        let pressed = press(false).await;
        if pressed == Pressed::NotYours && chat < 0 && self.is_moderator(chat, user.id).await {
            return press(true).await;
        }
        pressed
    }

    async fn act(self: &Arc<Self>, pressed: Pressed, place: Place, requester: &str, update: &str) {
        match pressed {
            Pressed::Cancelled | Pressed::NotYours | Pressed::Expired => {
                self.chat.handled(update).await
            }
            // In a chat without the bot no other message can be sent, so an inline message is
            // edited instead.
            Pressed::Ask(input) if place.inline.is_none() => {
                let place = Place {
                    reply_to: place.message,
                    message: None,
                    ..place
                };
                self.again(place, input, false, requester, update).await;
            }
            Pressed::Ask(input) => self.again(place, input, false, requester, update).await,
            Pressed::Change(input) => self.again(place, input, false, requester, update).await,
            Pressed::Refresh(input) => self.again(place, input, true, requester, update).await,
            Pressed::Raw(input) => self.send_raw(place, input, requester, update).await,
        }
    }

    async fn again(
        self: &Arc<Self>,
        place: Place,
        input: Input,
        fresh: bool,
        requester: &str,
        update: &str,
    ) {
        let caller = place.who(requester);
        let alone = place.chat.to_string() == requester;

        if !alone && self.chat.is_private(&input, &caller) {
            let (requester, update) = (requester.to_owned(), update.to_owned());
            let caller = TelegramUser {
                place,
                requester,
                update,
                alone,
                person: true,
                persist_guard: None,
            };
            return self.ask(caller, input).await;
        }

        let question = ChatRequest::new(input, requester, place.room());
        let question = ChatRequest {
            update: Some(update.to_owned()),
            fresh,
            caller,
            ..question
        };

        self.chat
            .answer(question, &mut Spot::new(self, place))
            .await;
    }

    /// Runs the lookup and sends the full reply as JSON and text files. The update is marked as handled
    /// before that: after a crash the user can press the button again, while a retry could send a
    /// second file.
    async fn send_raw(self: &Arc<Self>, place: Place, input: Input, requester: &str, update: &str) {
        if !self.chat.claim(update).await {
            return;
        }
        self.chat.handled(update).await;
        match self.chat.raw(input.clone(), place.who(requester)).await {
            Ok(reply) => {
                let json: serde_json::Value =
                    serde_json::from_str(&reply.to_json()).unwrap_or_default();
                let text = serde_json::to_string_pretty(&json).unwrap_or_default();
                let document = reply.document();
                let mut sheet = Sheet {
                    hub: self,
                    place: &place,
                    files: vec![
                        (file_name(&document.title, ".txt"), text_of(document)),
                        (file_name(&document.title, ".json"), text),
                    ],
                };
                // `tell` logs the error.
                let _ = self
                    .chat
                    .tell(document, &[], place.room(), &mut sheet)
                    .await;
            }
            Err(failure) => {
                let document = problem(&failure, &input);
                let place = Place {
                    reply_to: place.message,
                    message: None,
                    ..place
                };
                let room = place.room();
                let _ = self
                    .chat
                    .tell(&document, &[], room, &mut Spot::new(self, place))
                    .await;
            }
        }
    }
}

/// Returns the location of the message that the button belongs to, for editing it.
fn place_of(message: &MaybeInaccessibleMessage) -> Place {
    let regular = message.regular_message();
    let thread = regular
        .filter(|message| message.is_topic_message)
        .and_then(|message| message.thread_id);
    Place {
        chat: message.chat().id.0,
        thread: thread.map(|thread| thread.0.0),
        reply_to: regular
            .and_then(|message| message.reply_to_message())
            .map(|asked| asked.id.0),
        message: Some(message.id().0),
        inline: None,
        content_hash: None,
    }
}
