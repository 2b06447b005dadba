//! Handling of interactions: commands, autocomplete, buttons and forms.

mod caller;
mod press;

use netvane_chat::{input_with, note, problem, takes_mail};
use netvane_core::{
    Input,
    command::{complete, targets},
};
use serde_json::{Value, json};
use serenity::model::{
    application::{CommandInteraction, CommandType, Interaction, ModalInteraction, ResolvedTarget},
    channel::Attachment,
};

use crate::{
    bot::{Bot, NAME, PLATFORM},
    detect::{self, DetectedTarget},
    escape::{cut, length},
    files,
    options::{self, SlashOptions},
    place::Next,
};
use caller::{DiscordUser, caller, expired};
use press::pressed;

/// Most suggestions in one autocomplete response, by Discord's rules.
const SUGGESTIONS: usize = 25;
const SUGGESTION: usize = 100;

/// Interaction response type for autocomplete results.
const SUGGEST: u8 = 8;

/// Handles an interaction, unless it was handled before.
pub(crate) async fn take(bot: Bot, interaction: Interaction) {
    if !bot.chat.first_time(&interaction.id().to_string()).await {
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
        // Pings arrive only over HTTP; `http_interactions` answers them.
        _ => {}
    }
}

async fn slash(bot: &Bot, command: &CommandInteraction) {
    let asked = SlashOptions::read(&command.data);
    let mut caller = caller!(command).hidden(asked.hidden);
    caller.spot.hidden |= bot
        .chat
        .engine()
        .runtime()
        .is_private(PLATFORM, &caller.who, asked.name);
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

async fn slash_with_file(
    bot: &Bot,
    caller: &DiscordUser,
    asked: &SlashOptions<'_>,
    file: &Attachment,
) {
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

/// Downloads the file and runs the lookup on its text. The initial response is deferred, because
/// the download may take longer than Discord waits for it.
async fn ask_about_file(
    bot: &Bot,
    caller: &DiscordUser,
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

/// Handles "Look up" in the context menu of a message.
async fn look_up(bot: &Bot, command: &CommandInteraction) {
    let caller = caller!(command);
    let Some(ResolvedTarget::Message(message)) = command.data.target() else {
        return caller
            .hidden(true)
            .say(bot, &note("Look up", "Discord did not send the message."))
            .await;
    };

    let registry = bot.chat.engine().registry();

    if let Some(missing) = takes_mail(registry) {
        if let Some(file) = detect::mail_file(message) {
            let ask = |text| input_with(&missing, text);
            return ask_about_file(bot, &caller, file, ask).await;
        }
        if detect::is_mail(&message.content) {
            let input = input_with(&missing, message.content.as_str());
            return caller.ask(bot, input, Next::Answer).await;
        }
    }

    let targets = targets::found_in(&detect::words(message));

    match detect::about(registry, &targets) {
        DetectedTarget::Ask(input) => caller.ask(bot, input, Next::Answer).await,
        DetectedTarget::Choose(lines) => {
            let buttons = bot.chat.choice(lines).await;
            let caller = caller.hidden(true);
            let document = note("Look up", "Several targets found. Pick one.");
            bot.say(&document, &buttons, caller.place(), Next::Answer)
                .await;
        }
        DetectedTarget::Nothing => {
            let text = "No host name, IP address or email address found in this message.";
            caller.hidden(true).say(bot, &note("Look up", text)).await;
        }
    }
}

async fn suggest(bot: &Bot, typing: &CommandInteraction) {
    let caller = caller!(typing);
    let registry = bot.chat.engine().registry();
    let choices = typing.data.autocomplete().and_then(|focused| {
        let entry = registry.find(SlashOptions::read(&typing.data).name)?;
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
        .filter(|value| !value.is_empty() && length(value) <= SUGGESTION)
        .map(|value| json!({ "name": cut(&value, SUGGESTION), "value": value }))
        .collect();

    // Late suggestions are useless, so a failure is not retried.
    let data = json!({ "choices": choices });
    if let Err(refused) = bot.call_back(&caller.spot, SUGGEST, Some(&data), &[]).await {
        tracing::debug!(adapter = NAME, %refused, "autocomplete response failed");
    }
}

async fn submitted(bot: &Bot, dialogue: &ModalInteraction) {
    let caller = caller!(dialogue);
    let about = options::about(&dialogue.data.custom_id);
    let entry = about.and_then(|(name, _)| bot.chat.engine().registry().find(name));
    match entry {
        Some(entry) => {
            let input = options::submitted(entry, &dialogue.data.components);
            let hidden = about.is_some_and(|(_, hidden)| hidden);
            caller.hidden(hidden).ask(bot, input, Next::Answer).await;
        }
        None => caller.hidden(true).say(bot, &expired()).await,
    }
}
