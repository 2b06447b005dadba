//! Running lookups, and sending messages that need no lookup.

use std::sync::Arc;

use netvane_chat::{ChatRequest, Ended, input_with, note};
use netvane_core::{
    Input, Missing,
    document::{Document, Severity},
};
use teloxide::types::Document as File;

use crate::{bot::Hub, caller::TelegramUser, files, message_sink::Spot, place::Place};

impl Hub {
    /// Runs a lookup and shows the reply.
    pub(crate) async fn ask(self: &Arc<Self>, caller: TelegramUser, input: Input) {
        let who = caller.place.who(&caller.requester);
        if !caller.alone && self.chat.is_private(&input, &who) {
            return self.ask_apart(caller, input, who).await;
        }
        let question = ChatRequest::new(input, caller.requester, caller.place.room());
        let question = ChatRequest {
            update: Some(caller.update),
            caller: who,
            persist_guard: caller.persist_guard,
            ..question
        };
        self.chat
            .answer(question, &mut Spot::new(self, caller.place))
            .await;
    }

    /// Runs a lookup whose reply is private, and sends the reply to the user's direct chat with the
    /// bot.
    async fn ask_apart(
        self: &Arc<Self>,
        mut caller: TelegramUser,
        input: Input,
        who: netvane_core::Caller,
    ) {
        let persist_guard = caller.persist_guard.take();
        let chat = caller.requester.parse().ok().filter(|_| caller.person);
        let ended = match chat {
            Some(chat) => {
                let place = Place {
                    chat,
                    ..Place::default()
                };
                let question = ChatRequest::new(input, caller.requester.clone(), place.room());
                let question = ChatRequest {
                    caller: who,
                    persist_guard,
                    ..question
                };
                Some(
                    self.chat
                        .answer(question, &mut Spot::new(self, place))
                        .await,
                )
            }
            None => None,
        };

        let text = match ended {
            None | Some(Ended::Lost(_)) => {
                "This answer is private. Start a direct chat with me first."
            }
            Some(_) => "I sent the answer to our direct chat.",
        };

        self.say(&caller, &note("Private", text), Vec::new()).await;
    }

    /// Sends a message with one button for each (label, command line) pair. The update is marked as
    /// handled before that, so that a restart cannot send the message twice.
    pub(crate) async fn say(
        self: &Arc<Self>,
        caller: &TelegramUser,
        document: &Document,
        lines: Vec<(String, String)>,
    ) {
        if !self.chat.claim(&caller.update).await {
            return;
        }
        self.chat.handled(&caller.update).await;
        let buttons = if lines.is_empty() {
            Vec::new()
        } else {
            self.chat.choice(lines).await
        };
        let mut spot = Spot::new(self, caller.place.clone());
        // `tell` logs the error.
        let _ = self
            .chat
            .tell(document, &buttons, caller.place.room(), &mut spot)
            .await;
    }

    /// Downloads a file and runs the lookup with its text as the missing argument.
    pub(crate) async fn ask_about_file(
        self: &Arc<Self>,
        caller: TelegramUser,
        missing: Missing,
        file: &File,
    ) {
        match files::fetch(self, file).await {
            Ok(text) => self.ask(caller, input_with(&missing, &text)).await,
            Err(why) => {
                let document = Document::new("Could not read the file", why, Severity::Bad);
                self.say(&caller, &document, Vec::new()).await;
            }
        }
    }
}
