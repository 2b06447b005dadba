//! Prompts for a missing argument. The user's reply to the prompt completes the command line.

use std::{sync::Arc, time::Duration};

use netvane_chat::input_with;
use netvane_core::{
    Input, Missing,
    document::{Document, Severity},
    spec::Argument,
    store::bucket::PROMPTS,
};
use serde::{Deserialize, Serialize};
use teloxide::types::Message;
use tokio::time::timeout;

use crate::{
    bot::{Hub, NAME},
    caller::TelegramUser,
    message_sink::Spot,
    reading::text_of,
};

/// How long a reply waits for its prompt to be persisted.
const ASKING: Duration = Duration::from_secs(5);

/// An incomplete command line whose prompt waits for a reply.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Prompt {
    line: String,
    #[serde(rename = "asker")]
    requester: String,
    /// Names of the command and its argument, if the argument is a whole mail message.
    message: Option<(String, String)>,
}

impl Hub {
    /// Sends a prompt for the missing argument and persists it.
    pub(crate) async fn ask_back(
        self: &Arc<Self>,
        caller: TelegramUser,
        line: String,
        missing: &Missing,
        argument: &Argument,
    ) {
        let mut document = Document::new(
            format!("/{}", missing.command),
            &argument.help,
            Severity::Neutral,
        );

        if let Some(form) = &argument.form {
            document.field(argument.name.as_str(), form.as_str());
        }

        if argument.message {
            document.text("Reply to this message with the text or a file.");
        }

        let asking = self.asking(caller.place.chat);
        let _asking = asking.lock().await;
        if !self.chat.claim(&caller.update).await {
            return;
        }
        let mut spot = Spot::new(self, caller.place.clone());
        let entry = self.chat.engine().registry().find(missing.command);
        let example = entry.and_then(|entry| entry.spec.examples.first()?.split_once(' '));
        spot.prompt =
            Some(example.map_or_else(|| argument.help.clone(), |(_, value)| value.to_owned()));

        let room = caller.place.room();

        if self
            .chat
            .tell(&document, &[], room, &mut spot)
            .await
            .is_ok()
            && let Some(asked) = spot.place.message
        {
            let whole = argument
                .message
                .then(|| (missing.command.to_owned(), missing.argument.clone()));
            let prompt = Prompt {
                line,
                requester: caller.requester,
                message: whole,
            };
            let key = key(caller.place.chat, asked);
            if let Err(error) = self.store.put(&PROMPTS, &key, &prompt).await {
                tracing::error!(%error, "could not persist a prompt; replies to it will not be recognized");
            }
        }

        self.chat.handled(&caller.update).await;
    }

    /// Returns the prompt that a message replies to, if it was meant for this user.
    pub(crate) async fn prompt(&self, caller: &TelegramUser, message: &Message) -> Option<Prompt> {
        let replied = message
            .reply_to_message()
            .filter(|replied| self.is_me(replied.from.as_ref()))?;
        let key = key(caller.place.chat, replied.id.0);
        let prompt = match self.find_prompt(&key).await {
            Some(prompt) => prompt,
            None => {
                // The reply may be faster than the write.
                let asking = self.asking(caller.place.chat);
                let _asked = timeout(ASKING, asking.lock()).await;
                self.find_prompt(&key).await?
            }
        };
        (prompt.requester == caller.requester).then_some(prompt)
    }

    async fn find_prompt(&self, key: &str) -> Option<Prompt> {
        match self.store.get(&PROMPTS, key).await {
            Ok(prompt) => prompt.map(|prompt| prompt.value),
            Err(error) => {
                tracing::debug!(%error, "could not look up a prompt");
                None
            }
        }
    }

    /// Runs the lookup that the reply to a prompt completes.
    pub(crate) async fn completed(
        self: &Arc<Self>,
        caller: TelegramUser,
        message: &Message,
        prompt: Prompt,
    ) {
        let text = text_of(message);
        let command = |name: &str| {
            self.chat
                .engine()
                .registry()
                .find(name)
                .map(|entry| entry.spec.name)
        };

        match prompt.message.and_then(|(name, argument)| {
            Some(Missing {
                command: command(&name)?,
                argument,
            })
        }) {
            Some(missing) => match message.document() {
                Some(file) => self.ask_about_file(caller, missing, file).await,
                None => self.ask(caller, input_with(&missing, text)).await,
            },
            None => {
                self.ask(caller, Input::Text(format!("{} {text}", prompt.line)))
                    .await
            }
        }
    }
}

fn key(chat: i64, message: i32) -> String {
    format!("{NAME}/{chat}/{message}")
}
