//! Handling of messages. A missing target is taken from the message replied to or prompted for; a
//! message with only targets gets buttons with lookups.

use std::sync::Arc;

use netvane_chat::{greeting, input_with, note, takes_mail};
use netvane_core::{
    Input, Missing, UsageError,
    command::{Entry, targets},
    document::Cell,
    spec::Argument,
};
use teloxide::types::{Document as File, Message};

use crate::{
    bot::Hub,
    caller::TelegramUser,
    files,
    offers::{MENU, fitting, offers},
    reading::{ParsedText, is_mail, parse_text, targets_of, text_of},
};

impl Hub {
    /// Handles a message if it is meant for the bot.
    pub(crate) async fn on_message(self: &Arc<Self>, caller: TelegramUser, message: &Message) {
        let text = text_of(message);
        if !text.starts_with('/')
            && let Some(prompt) = self.prompt(&caller, message).await
        {
            return self.completed(caller, message, prompt).await;
        }
        match parse_text(
            text,
            self.username(),
            self.chat.engine().registry(),
            caller.alone,
        ) {
            ParsedText::Others => {}
            ParsedText::Start => self.greet(&caller).await,
            ParsedText::Line(line) => self.on_line(caller, message, line).await,
            ParsedText::Words => self.on_words(caller, message, text).await,
        }
    }

    /// Says what the bot does, with examples as text and as buttons.
    async fn greet(self: &Arc<Self>, caller: &TelegramUser) {
        let (document, examples) = greeting(self.chat.engine().registry(), MENU);
        self.say(caller, &document, examples).await;
    }

    async fn on_line(self: &Arc<Self>, caller: TelegramUser, message: &Message, line: String) {
        let input = Input::Text(line.clone());
        let Err(UsageError {
            missing: Some(missing),
            ..
        }) = self.chat.understood(&input)
        else {
            return self.ask(caller, input).await;
        };

        let registry = self.chat.engine().registry();
        let argument = registry
            .find(missing.command)
            .and_then(|entry| argument(entry, &missing));
        let found = if argument.is_some_and(|argument| argument.message) {
            whole_message(message)
        } else {
            self.targets_for(message, &missing, &line)
        };

        match found {
            QuotedInput::File(file) => self.ask_about_file(caller, missing, file).await,
            QuotedInput::Text(text) => self.ask(caller, input_with(&missing, text)).await,
            QuotedInput::Lines(mut lines) if lines.len() == 1 => {
                let (_, line) = lines.remove(0);
                self.ask(caller, Input::Text(line)).await;
            }
            QuotedInput::Lines(lines) => {
                let document = note(format!("/{}", missing.command), "Which one?");
                self.say(&caller, &document, lines).await;
            }
            QuotedInput::Nothing => match argument {
                Some(argument) if caller.person => {
                    self.ask_back(caller, line, &missing, argument).await
                }
                _ => self.ask(caller, input).await,
            },
        }
    }

    /// Returns the targets in the message replied to, for a command line without a target.
    fn targets_for<'m>(
        &self,
        message: &'m Message,
        missing: &Missing,
        line: &str,
    ) -> QuotedInput<'m> {
        let Some(replied) = message.reply_to_message() else {
            return QuotedInput::Nothing;
        };
        let targets = targets_of(replied, quoted(message));
        let registry = self.chat.engine().registry();
        let lines: Vec<_> = fitting(targets, registry, missing, |target| {
            let line = Input::Text(format!("{line} {}", target.text));
            self.chat.understood(&line).is_ok()
        })
        .into_iter()
        .map(|target| (target.text.clone(), format!("{line} {}", target.text)))
        .collect();

        if lines.is_empty() {
            QuotedInput::Nothing
        } else {
            QuotedInput::Lines(lines)
        }
    }

    /// Handles text without a command: a mail message, a command without its slash, or text with
    /// targets.
    async fn on_words(self: &Arc<Self>, caller: TelegramUser, message: &Message, text: &str) {
        if text.trim().is_empty() && message.document().is_none() {
            return;
        }

        let registry = self.chat.engine().registry();

        if let Some(missing) = takes_mail(registry) {
            match message.document().filter(|file| files::is_mail(file)) {
                Some(file) => return self.ask_about_file(caller, missing, file).await,
                None if is_mail(text) => return self.ask(caller, input_with(&missing, text)).await,
                None => {}
            }
        }

        let input = Input::Text(text.to_owned());
        if self.chat.understood(&input).is_ok() {
            return self.ask(caller, input).await;
        }

        let targets = targets::found_in(text);
        let lines = offers(registry, &targets);

        match (targets.as_slice(), lines.is_empty()) {
            (_, true) => self.greet(&caller).await,
            ([only], _) => {
                let mut document = note("What would you like to know?", "");
                document.field("Found", Cell::domain(&only.text));
                self.say(&caller, &document, lines).await;
            }
            _ => {
                self.say(
                    &caller,
                    &note("Several targets found. Pick one.", ""),
                    lines,
                )
                .await
            }
        }
    }
}

/// Input that completes a command line, from its message or from the one replied to.
enum QuotedInput<'m> {
    Nothing,
    /// A mail message in a file.
    File(&'m File),
    /// A mail message as text.
    Text(&'m str),
    /// Labels and command lines, one for each target; never empty.
    Lines(Vec<(String, String)>),
}

/// Returns the mail message: a file, otherwise the quoted text, otherwise the text replied to.
fn whole_message(message: &Message) -> QuotedInput<'_> {
    let replied = message.reply_to_message();
    let file = message.document().or(replied.and_then(Message::document));
    if let Some(file) = file {
        return QuotedInput::File(file);
    }
    let text = quoted(message).or(replied.map(text_of)).unwrap_or_default();
    if text.trim().is_empty() {
        QuotedInput::Nothing
    } else {
        QuotedInput::Text(text)
    }
}

fn quoted(message: &Message) -> Option<&str> {
    message.quote().map(|quote| quote.text.as_str())
}

fn argument<'e>(entry: &'e Arc<Entry>, missing: &Missing) -> Option<&'e Argument> {
    entry
        .arguments
        .iter()
        .find(|argument| argument.name == missing.argument)
}
