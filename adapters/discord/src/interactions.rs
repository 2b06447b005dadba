//! Commands, suggestions, buttons and dialogues: from the interaction to what answers it.

use netvane_chat::{Press, Pressed, note, problem};
use netvane_core::{
    Caller as Who, Input, Missing,
    command::complete,
    document::{
        Block, Document,
        render::{self, Layout},
    },
};
use serde_json::{Value, json};
use serenity::model::{
    Permissions,
    application::{
        CommandInteraction, CommandType, ComponentInteraction, Interaction, ModalInteraction,
        ResolvedTarget,
    },
    channel::{Attachment, Message, MessageFlags},
};

use crate::{
    asked::{self, Asked},
    body::{EPHEMERAL, cut},
    bot::{Bot, new_post, question, who},
    files,
    found::{self, Found},
    outlet::{Next, Place, Spot, seconds},
};

/// Discord's limits.
const SUGGESTIONS: usize = 25;
const SUGGESTION: usize = 100;

/// Kinds of answers.
const DEFER: u8 = 5;
const DEFER_UPDATE: u8 = 6;
const SUGGEST: u8 = 8;
const OPEN_DIALOGUE: u8 = 9;

/// Who did something, and where.
struct Caller {
    spot: Spot,
    user: u64,
    /// As the operator's rules know them.
    who: Who,
    moderator: bool,
}

/// serenity's interactions have the same fields, but no type or trait in common.
macro_rules! caller {
    ($interaction:expr) => {{
        let interaction = $interaction;
        let permissions = interaction
            .member
            .as_ref()
            .and_then(|member| member.permissions);
        let roles = interaction
            .member
            .as_ref()
            .map(|member| member.roles.as_slice())
            .unwrap_or_default();
        Caller {
            spot: Spot {
                application: interaction.application_id.get(),
                id: interaction.id.get(),
                token: interaction.token.clone(),
                since: seconds(),
                came: Some(std::time::Instant::now()),
                hidden: false,
                later: new_post(interaction.channel_id.get(), interaction.id.get(), None),
            },
            user: interaction.user.id.get(),
            who: who(
                interaction.user.id,
                interaction.channel_id,
                interaction.guild_id,
                roles,
            ),
            moderator: permissions
                .is_some_and(|granted| granted.contains(Permissions::MANAGE_MESSAGES)),
        }
    }};
}

impl Caller {
    fn hidden(mut self, hidden: bool) -> Self {
        self.spot.hidden = hidden;
        self
    }

    fn place(&self) -> Place {
        Place::Interaction(self.spot.clone())
    }

    async fn ask(&self, bot: &Bot, input: Input, next: Next) {
        let mut spot = self.spot.clone();
        spot.hidden = spot.hidden || bot.chat.is_private(&input, &self.who);
        let place = Place::Interaction(spot);
        bot.ask(
            question(input, &self.who, self.spot.id, &place),
            place,
            next,
        )
        .await;
    }

    async fn say(&self, bot: &Bot, document: &Document) {
        bot.say(document, &[], self.place(), Next::Answer).await;
        self.handled(bot).await;
    }

    /// Questions remember by themselves that they were asked.
    async fn handled(&self, bot: &Bot) {
        bot.chat.handled(&self.spot.id.to_string()).await;
    }

    async fn open_dialogue(&self, bot: &Bot, missing: &Missing, known: &Input) {
        let Some(entry) = bot.chat.engine().registry().find(missing.command) else {
            return;
        };
        let known = match known {
            Input::Named { arguments, .. } => arguments.clone(),
            Input::Text(_) => serde_json::Map::new(),
        };
        let dialogue = asked::dialogue(entry, self.spot.hidden, &known);
        bot.acknowledge(&self.spot, OPEN_DIALOGUE, Some(&dialogue))
            .await;
        self.handled(bot).await;
    }

    /// Says that an answer will come, for what takes its time before there is anything to show.
    async fn defer(&self, bot: &Bot) -> bool {
        let flags = json!({ "flags": EPHEMERAL });
        let taken = bot
            .acknowledge(&self.spot, DEFER, self.spot.hidden.then_some(&flags))
            .await;
        self.handled(bot).await;
        taken
    }
}

/// Handles an interaction, once.
pub(crate) async fn take(bot: Bot, interaction: Interaction) {
    if !bot.chat.first_time(&interaction.id().to_string()) {
        return;
    }
    match interaction {
        Interaction::Autocomplete(typing) => suggest(&bot, &typing).await,
        Interaction::Command(command) if command.data.kind == CommandType::Message => {
            look_up(&bot, &command).await;
        }
        Interaction::Command(command) => slash(&bot, &command).await,
        Interaction::Component(press) => pressed(&bot, &press).await,
        Interaction::Modal(dialogue) => submitted(&bot, &dialogue).await,
        // Only the webhook is pinged, and answers there.
        _ => {}
    }
}

async fn slash(bot: &Bot, command: &CommandInteraction) {
    let asked = Asked::read(&command.data);
    let mut caller = caller!(command).hidden(asked.hidden);
    caller.spot.hidden |=
        bot.chat
            .engine()
            .runtime()
            .is_private(crate::PLATFORM, &caller.who, asked.name);
    if let Some(file) = asked.file {
        return slash_with_file(bot, &caller, &asked, file).await;
    }
    let input = asked.input();
    match bot
        .chat
        .understood(&input)
        .err()
        .and_then(|error| error.missing)
    {
        Some(missing) => caller.open_dialogue(bot, &missing, &input).await,
        None => caller.ask(bot, input, Next::Answer).await,
    }
}

async fn slash_with_file(bot: &Bot, caller: &Caller, asked: &Asked<'_>, file: &Attachment) {
    let registry = bot.chat.engine().registry();
    let argument = registry
        .find(asked.name)
        .and_then(|entry| entry.arguments.iter().find(|argument| argument.message));
    let Some(argument) = argument else {
        return caller.ask(bot, asked.input(), Next::Answer).await;
    };
    let mut arguments = asked.arguments.clone();
    ask_about_file(bot, caller, file, |text| {
        arguments.insert(argument.name.clone(), text.into());
        Input::Named {
            name: asked.name.to_owned(),
            arguments,
        }
    })
    .await;
}

/// Fetching may take longer than Discord waits for a first answer.
async fn ask_about_file(
    bot: &Bot,
    caller: &Caller,
    file: &Attachment,
    input: impl FnOnce(String) -> Input,
) {
    if !caller.defer(bot).await {
        return;
    }
    match files::text(bot, file).await {
        Ok(text) => caller.ask(bot, input(text), Next::Edit).await,
        Err(failure) => {
            let document = problem(&failure, &Input::Text(String::new()));
            bot.say(&document, &[], caller.place(), Next::Edit).await;
        }
    }
}

/// The context menu of a message.
async fn look_up(bot: &Bot, command: &CommandInteraction) {
    let caller = caller!(command);
    let Some(ResolvedTarget::Message(message)) = command.data.target() else {
        return caller
            .hidden(true)
            .say(bot, &note("Look up", "Discord did not send the message."))
            .await;
    };

    let registry = bot.chat.engine().registry();

    if let Some((entry, argument)) = found::mail_command(registry) {
        if let Some(file) = found::mail_file(message) {
            let ask = |text| found::mail_question(entry, argument, text);
            return ask_about_file(bot, &caller, file, ask).await;
        }
        if found::is_mail(&message.content) {
            let input = found::mail_question(entry, argument, message.content.clone());
            return caller.ask(bot, input, Next::Answer).await;
        }
    }

    let targets = netvane_core::command::targets::found_in(&found::words(message));

    match found::about(registry, &targets) {
        Found::Ask(input) => caller.ask(bot, input, Next::Answer).await,
        Found::Choose(lines) => {
            let buttons = bot.chat.choice(lines).await;
            let caller = caller.hidden(true);
            let document = note("Look up", "Several are named there. Which one?");
            bot.say(&document, &buttons, caller.place(), Next::Answer)
                .await;
        }
        Found::Nothing => {
            let text = "No host, address or mail address is named in this message.";
            caller.hidden(true).say(bot, &note("Look up", text)).await;
        }
    }
}

async fn suggest(bot: &Bot, typing: &CommandInteraction) {
    let caller = caller!(typing);
    let registry = bot.chat.engine().registry();
    let choices = typing.data.autocomplete().and_then(|focused| {
        let entry = registry.find(&typing.data.name)?;
        let argument = entry
            .arguments
            .iter()
            .find(|argument| argument.name == focused.name)?;
        let recent = bot.chat.recent(&caller.user.to_string());
        Some(complete(
            registry,
            argument,
            focused.value,
            &recent,
            SUGGESTIONS,
        ))
    });

    let choices: Vec<Value> = choices
        .unwrap_or_default()
        .into_iter()
        .filter(|value| !value.is_empty() && crate::escape::length(value) <= SUGGESTION)
        .map(|value| json!({ "name": cut(&value, SUGGESTION), "value": value }))
        .collect();

    // A suggestion that comes late is worth nothing: it is not tried again.
    let data = json!({ "choices": choices });
    if let Err(refused) = bot.call_back(&caller.spot, SUGGEST, Some(&data), &[]).await {
        tracing::debug!(adapter = crate::NAME, %refused, "suggestions were not taken");
    }
}

async fn pressed(bot: &Bot, press: &ComponentInteraction) {
    let is_hidden = |message: &Message| {
        message
            .flags
            .is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL))
    };

    let id = press.data.custom_id.as_str();
    let mut caller = caller!(press).hidden(is_hidden(&press.message));

    if let Some((name, hidden)) = asked::about(id) {
        let found = bot.chat.engine().registry().find(name);
        let missing = found.map(|entry| Missing {
            command: entry.spec.name,
            argument: String::new(),
        });
        let caller = caller.hidden(hidden);
        return match missing {
            Some(missing) => {
                caller
                    .open_dialogue(bot, &missing, &Input::Text(String::new()))
                    .await
            }
            None => caller.hidden(true).say(bot, &expired()).await,
        };
    }

    let asker = caller.user.to_string();

    match bot.chat.press(Press {
        id,
        asker: &asker,
        moderator: caller.moderator,
    }) {
        Pressed::Cancelled => {
            bot.acknowledge(&caller.spot, DEFER_UPDATE, None).await;
            caller.handled(bot).await;
        }
        Pressed::NotYours => {
            let text = "Only who asked can cancel this, or a moderator.";
            caller.hidden(true).say(bot, &note("Not yours", text)).await;
        }
        Pressed::Expired => caller.hidden(true).say(bot, &expired()).await,
        Pressed::Ask(input) => caller.ask(bot, input, Next::Answer).await,
        Pressed::Refresh(input)
            if !caller.spot.hidden && bot.chat.is_private(&input, &caller.who) =>
        {
            caller.ask(bot, input, Next::Answer).await;
        }
        Pressed::Refresh(input) => {
            caller.spot.later.message = Some(press.message.id.get());
            let place = caller.place();
            let question = question(input, &caller.who, caller.spot.id, &place);
            bot.ask(
                netvane_chat::Question {
                    fresh: true,
                    ..question
                },
                place,
                Next::Update,
            )
            .await;
        }
        Pressed::Raw(input) => raw(bot, &caller, input).await,
    }
}

fn expired() -> Document {
    note("Expired", "This button is too old. Please ask again.")
}

/// The whole answer as files.
async fn raw(bot: &Bot, caller: &Caller, input: Input) {
    if !caller.defer(bot).await {
        return;
    }

    let document = match bot.chat.raw(input.clone(), caller.who.clone()).await {
        Ok(reply) => {
            let answer = reply.rendition.document();
            let mut document = note(&answer.title, "The whole answer, as text and as data.");
            let files = [
                (
                    "txt",
                    render::text(
                        answer,
                        Layout {
                            width: 100,
                            color: false,
                        },
                    ),
                ),
                ("json", reply.to_json()),
            ];

            for (end, text) in files {
                document.block(Block::Attachment {
                    name: format!("{}.{end}", reply.command),
                    text,
                });
            }

            document
        }
        Err(failure) => problem(&failure, &input),
    };

    bot.say(&document, &[], caller.place(), Next::Edit).await;
}

async fn submitted(bot: &Bot, dialogue: &ModalInteraction) {
    let caller = caller!(dialogue);
    let about = asked::about(&dialogue.data.custom_id);
    let entry = about.and_then(|(name, _)| bot.chat.engine().registry().find(name));
    match entry {
        Some(entry) => {
            let input = asked::submitted(entry, &dialogue.data.components);
            let hidden = about.is_some_and(|(_, hidden)| hidden);
            caller.hidden(hidden).ask(bot, input, Next::Answer).await;
        }
        None => caller.hidden(true).say(bot, &expired()).await,
    }
}
