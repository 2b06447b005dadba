//! From a message to a question: with its target from the message replied to, asked back for, or offered as buttons.

use std::{sync::Arc, time::Duration};

use netvane_chat::{Ended, Question, Unkept, note};
use netvane_core::{
    Input, Missing, UsageError,
    command::{
        Entry, Registry,
        targets::{self, Target},
    },
    document::{Cell, Document, Severity},
    spec::Argument,
};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use teloxide::types::{Document as File, Message};
use tokio::time::timeout;

use crate::{
    files,
    hub::{Hub, NAME},
    outlet::{Place, Spot},
    reading::{Said, is_mail, said, targets_of, text_of},
};

/// Questions that are answered by replying to them.
const PROMPTS: &str = "prompts";
const KEEP_PROMPTS: Duration = Duration::from_secs(2 * 24 * 3600);

/// A reply waits this long for what it replies to.
const ASKING: Duration = Duration::from_secs(5);

/// Targets that are offered of one message, and commands of each where there are several.
const MOST_TARGETS: usize = 5;
const MOST_EACH: usize = 3;

/// Who asks, and where the answer goes.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) place: Place,
    pub(crate) asker: String,
    /// The update that brought it.
    pub(crate) update: String,
    /// Nobody else is in this chat.
    pub(crate) alone: bool,
    /// A person who can be asked back; a channel has none.
    pub(crate) person: bool,
    /// Goes when a crash would not lose the question any more.
    pub(crate) unkept: Option<Unkept>,
}

/// A question that waits for the rest of its line.
#[derive(Debug, Serialize, Deserialize)]
struct Prompt {
    line: String,
    asker: String,
    /// The command and the argument, where that is a whole mail message.
    message: Option<(String, String)>,
}

impl Hub {
    /// Answers a message, if it is for us.
    pub(crate) async fn on_message(self: &Arc<Self>, caller: Caller, message: &Message) {
        let text = text_of(message);
        if !text.starts_with('/')
            && let Some(prompt) = self.prompt(&caller, message).await
        {
            return self.completed(caller, message, prompt).await;
        }
        match said(
            text,
            self.username(),
            self.chat.engine().registry(),
            caller.alone,
        ) {
            Said::Others => {}
            Said::Line(line) => self.on_line(caller, message, line).await,
            Said::Words => self.on_words(caller, message, text).await,
        }
    }

    /// Asks this and shows the answer.
    pub(crate) async fn ask(self: &Arc<Self>, caller: Caller, input: Input) {
        let who = caller.place.who(&caller.asker);
        if !caller.alone && self.chat.is_private(&input, &who) {
            return self.ask_apart(caller, input, who).await;
        }
        let question = Question::new(input, caller.asker, caller.place.room());
        let question = Question {
            update: Some(caller.update),
            caller: who,
            unkept: caller.unkept,
            ..question
        };
        self.chat
            .answer(question, &mut Spot::new(self, caller.place))
            .await;
    }

    /// The same where only the asker may read the answer: in their own chat with the bot.
    async fn ask_apart(
        self: &Arc<Self>,
        mut caller: Caller,
        input: Input,
        who: netvane_core::Caller,
    ) {
        let unkept = caller.unkept.take();
        let chat = caller.asker.parse().ok().filter(|_| caller.person);
        let ended = match chat {
            Some(chat) => {
                let place = Place {
                    chat,
                    ..Place::default()
                };
                let question = Question::new(input, caller.asker.clone(), place.room());
                let question = Question {
                    caller: who,
                    unkept,
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
                "The answer to this is for you alone. Write to me in a chat of our own first, and ask there."
            }
            Some(_) => "The answer is in our own chat.",
        };

        self.say(&caller, &note("Private", text), Vec::new()).await;
    }

    /// Says something, with buttons that ask a line each. Handled before it is said, so that it is never said twice.
    async fn say(
        self: &Arc<Self>,
        caller: &Caller,
        document: &Document,
        lines: Vec<(String, String)>,
    ) {
        self.chat.handled(&caller.update).await;
        let buttons = if lines.is_empty() {
            Vec::new()
        } else {
            self.chat.choice(lines).await
        };
        let mut spot = Spot::new(self, caller.place.clone());
        // Why it was not taken is in the log.
        let _ = self
            .chat
            .tell(document, &buttons, caller.place.room(), &mut spot)
            .await;
    }

    async fn on_line(self: &Arc<Self>, caller: Caller, message: &Message, line: String) {
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
        let replied = message.reply_to_message();
        let quoted = message.quote().map(|quote| quote.text.as_str());

        if argument.is_some_and(|argument| argument.message) {
            let file = message.document().or(replied.and_then(Message::document));
            if let Some(file) = file {
                return self.ask_about_file(caller, missing, file).await;
            }
            let text = quoted.or(replied.map(text_of)).unwrap_or_default();
            if !text.trim().is_empty() {
                return self.ask(caller, named(&missing, text)).await;
            }
        } else if let Some(replied) = replied {
            let found = fitting(targets_of(replied, quoted), registry, &missing, |target| {
                self.chat
                    .understood(&Input::Text(format!("{line} {}", target.text)))
                    .is_ok()
            });

            match found.as_slice() {
                [] => {}
                [only] => {
                    return self
                        .ask(caller, Input::Text(format!("{line} {}", only.text)))
                        .await;
                }
                several => {
                    let lines = several
                        .iter()
                        .map(|target| (target.text.clone(), format!("{line} {}", target.text)))
                        .collect();
                    let document = note(format!("/{}", missing.command), "Which one?");
                    return self.say(&caller, &document, lines).await;
                }
            }
        }

        match argument {
            Some(argument) if caller.person => {
                self.ask_back(caller, line, &missing, argument).await
            }
            _ => self.ask(caller, input).await,
        }
    }

    /// Asks for the argument that is missing; the reply to this completes the line.
    async fn ask_back(
        self: &Arc<Self>,
        caller: Caller,
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
            document.text("Reply to this with the text, or with a file.");
        }

        let asking = self.asking(caller.place.chat);
        let _asking = asking.lock().await;
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
                asker: caller.asker,
                message: whole,
            };
            let key = key(caller.place.chat, asked);
            if let Err(error) = self.store.put(PROMPTS, &key, &prompt, KEEP_PROMPTS).await {
                tracing::error!(%error, "a reply to this will not be understood");
            }
        }

        self.chat.handled(&caller.update).await;
    }

    /// What a message replies to, if we asked that, and asked this person.
    async fn prompt(&self, caller: &Caller, message: &Message) -> Option<Prompt> {
        let replied = message
            .reply_to_message()
            .filter(|replied| self.is_me(replied.from.as_ref()))?;
        let key = key(caller.place.chat, replied.id.0);
        let prompt: Prompt = match self.store.get(PROMPTS, &key) {
            Some(prompt) => prompt,
            None => {
                // The reply may be faster than the writing down.
                let asking = self.asking(caller.place.chat);
                let _asked = timeout(ASKING, asking.lock()).await;
                self.store.get(PROMPTS, &key)?
            }
        };
        (prompt.asker == caller.asker).then_some(prompt)
    }

    async fn completed(self: &Arc<Self>, caller: Caller, message: &Message, prompt: Prompt) {
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
                None => self.ask(caller, named(&missing, text)).await,
            },
            None => {
                self.ask(caller, Input::Text(format!("{} {text}", prompt.line)))
                    .await
            }
        }
    }

    async fn ask_about_file(self: &Arc<Self>, caller: Caller, missing: Missing, file: &File) {
        match files::fetch(self, file).await {
            Ok(text) => self.ask(caller, named(&missing, &text)).await,
            Err(why) => {
                let document = Document::new("This file cannot be read", why, Severity::Bad);
                self.say(&caller, &document, Vec::new()).await;
            }
        }
    }

    /// Words without a command: a mail message, a command without its slash, or something that can be asked about.
    async fn on_words(self: &Arc<Self>, caller: Caller, message: &Message, text: &str) {
        if text.trim().is_empty() && message.document().is_none() {
            return;
        }

        let registry = self.chat.engine().registry();

        if let Some(missing) = takes_mail(registry) {
            match message.document().filter(|file| files::is_mail(file)) {
                Some(file) => return self.ask_about_file(caller, missing, file).await,
                None if is_mail(text) => return self.ask(caller, named(&missing, text)).await,
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
            (_, true) => self.say(&caller, &hint(registry), Vec::new()).await,
            ([only], _) => {
                let mut document = note("What about it?", "");
                document.field("Found", Cell::domain(&only.text));
                self.say(&caller, &document, lines).await;
            }
            _ => {
                self.say(&caller, &note("What about these?", ""), lines)
                    .await
            }
        }
    }
}

fn key(chat: i64, message: i32) -> String {
    format!("{NAME}/{chat}/{message}")
}

fn argument<'e>(entry: &'e Arc<Entry>, missing: &Missing) -> Option<&'e Argument> {
    entry
        .arguments
        .iter()
        .find(|argument| argument.name == missing.argument)
}

fn named(missing: &Missing, text: &str) -> Input {
    let arguments = Map::from_iter([(missing.argument.clone(), text.into())]);
    Input::Named {
        name: missing.command.to_owned(),
        arguments,
    }
}

/// The command that reads mail messages, and the argument that takes one.
fn takes_mail(registry: &Registry) -> Option<Missing> {
    registry.entries().iter().find_map(|entry| {
        let argument = entry.arguments.iter().find(|argument| argument.message)?;
        Some(Missing {
            command: entry.spec.name,
            argument: argument.name.clone(),
        })
    })
}

/// Of the targets in a text those that the command is made for, else those that it understands.
fn fitting(
    targets: Vec<Target>,
    registry: &Registry,
    missing: &Missing,
    understands: impl Fn(&Target) -> bool,
) -> Vec<Target> {
    let made_for = |target: &Target| {
        registry
            .find(missing.command)
            .is_some_and(|entry| entry.offered_for.contains(&target.kind))
    };
    let understood: Vec<Target> = targets.into_iter().filter(understands).collect();
    if understood.iter().any(made_for) {
        understood.into_iter().filter(made_for).collect()
    } else {
        understood
    }
}

/// Labels and lines of what can be asked about these.
fn offers(registry: &Registry, targets: &[Target]) -> Vec<(String, String)> {
    let one = targets.len() == 1;
    let most = if one { usize::MAX } else { MOST_EACH };
    let of = |target: &Target| {
        let entries = registry.offered_for(target.kind).take(most);
        let label = |entry: &Arc<Entry>| {
            if one {
                entry.spec.name.to_owned()
            } else {
                format!("{} {}", entry.spec.name, target.text)
            }
        };
        entries
            .map(|entry| (label(entry), target.line(entry)))
            .collect::<Vec<_>>()
    };
    targets.iter().take(MOST_TARGETS).flat_map(of).collect()
}

/// How to ask, from the registry's own examples.
pub(crate) fn hint(registry: &Registry) -> Document {
    let mut document = note(
        "Ask me about the network",
        "Send a command, a name or an address. For example:",
    );
    let examples = registry
        .entries()
        .iter()
        .filter(|entry| !entry.offered_for.is_empty())
        .take(3);
    let lines: Vec<String> = examples
        .filter_map(|entry| entry.spec.examples.first())
        .map(|example| format!("/{example}"))
        .collect();
    document.code(lines.join("\n"));
    document.text("The menu beside the text field lists all commands.");
    document
}

#[cfg(test)]
mod tests {
    use netvane_core::{Engine, command::targets::found_in, settings::Settings};

    use super::*;

    fn engine() -> Engine {
        Engine::new(&Settings::default()).expect("starts")
    }

    #[tokio::test]
    async fn a_command_takes_the_targets_that_it_is_made_for() {
        let engine = engine();
        let chosen = |line: &str, text: &str| {
            let Err(UsageError {
                missing: Some(missing),
                ..
            }) = engine.understood(&Input::Text(line.into()))
            else {
                panic!("{line} misses nothing")
            };
            let understands = |target: &Target| {
                engine
                    .understood(&Input::Text(format!("{line} {}", target.text)))
                    .is_ok()
            };
            fitting(found_in(text), engine.registry(), &missing, understands)
                .into_iter()
                .map(|target| target.text)
                .collect::<Vec<_>>()
        };

        let text = "joe@example.com wrote from mail.example.com [192.0.2.1]";
        assert_eq!(chosen("/mx", text), ["mail.example.com"]);
        assert_eq!(chosen("/verify", text), ["joe@example.com"]);
        assert_eq!(chosen("/ptr", text), ["192.0.2.1"]);
        assert_eq!(chosen("/mx resolver=192.0.2.53", "only 192.0.2.1"), [""; 0]);
    }

    #[tokio::test]
    async fn targets_become_buttons() {
        let engine = engine();
        let one = offers(engine.registry(), &found_in("see example.com"));
        assert!(
            one.iter()
                .any(|(label, line)| label == "mx" && line == "/mx example.com"),
            "{one:?}"
        );
        let several = offers(engine.registry(), &found_in("example.com and 192.0.2.1"));
        assert!(
            several.len() <= 6
                && several
                    .iter()
                    .all(|(label, line)| line == &format!("/{label}")),
            "{several:?}"
        );
        assert!(takes_mail(engine.registry()).is_some());
    }
}
