//! Handling of mentions and direct messages.

use netvane_chat::{Button, greeting, input_with, note, problem, takes_mail};
use netvane_core::{
    Failure, Input, Missing, UsageError, UsageKind, command::targets, document::Document,
};
use serenity::model::channel::{Attachment, Message};

use crate::{
    bot::{Bot, ask_button, question, who},
    detect::{self, DetectedTarget},
    files,
    place::{Next, Place, new_post},
};

/// Where all commands are listed.
const SLASH: &str = "Type / to see all commands.";

/// What to do in response to a message.
enum MessageStep<'a> {
    Ask(Input),
    AskAboutFile(&'a Attachment),
    Choose(Vec<(String, String)>),
    Say(Document, Vec<Button>),
    Greet,
}

/// Handles a message, unless it was handled before or is not addressed to the bot.
pub(crate) async fn take(bot: Bot, message: Message) {
    let Some(line) = addressed(&bot, &message) else {
        return;
    };
    if !bot.chat.first_time(&message.id.to_string()).await {
        return;
    }

    let id = message.id.get();
    let place = Place::Channel(new_post(message.channel_id.get(), id, Some(id)));
    let roles = message
        .member
        .as_ref()
        .map(|member| member.roles.as_slice())
        .unwrap_or_default();

    let who = who(
        message.author.id,
        message.channel_id,
        message.guild_id,
        roles,
    );

    let ask = |input| question(input, &who, id, &place);

    match step(&bot, &message, &line) {
        MessageStep::Ask(input)
            if message.guild_id.is_some() && bot.chat.is_private(&input, &who) =>
        {
            let text = "This answer is private. Use the slash command; only you see its reply.";
            say(&bot, id, &note("Private", text), &[], place).await;
        }
        MessageStep::Ask(input) => bot.ask(ask(input), place, Next::Answer).await,
        MessageStep::AskAboutFile(file) => match message_in(&bot, file).await {
            Ok(Some(input)) => bot.ask(ask(input), place, Next::Answer).await,
            Ok(None) => {}
            Err(failure) => {
                say(&bot, id, &problem(&failure, &Input::Text(line)), &[], place).await;
            }
        },
        MessageStep::Choose(lines) => {
            let buttons = bot.chat.choice(lines).await;
            let question = note("Look up", "What would you like to know?");
            say(&bot, id, &question, &buttons, place).await;
        }
        MessageStep::Greet => {
            let (document, examples) = greeting(bot.chat.engine().registry(), SLASH);
            let buttons = bot.chat.choice(examples).await;
            say(&bot, id, &document, &buttons, place).await;
        }
        MessageStep::Say(document, buttons) => say(&bot, id, &document, &buttons, place).await,
    }
}

/// Reads a file as the message of a mail command; `None` if no command takes one.
async fn message_in(bot: &Bot, file: &Attachment) -> Result<Option<Input>, Failure> {
    let mail = takes_mail(bot.chat.engine().registry());
    let text = files::text(bot, file).await?;
    Ok(mail.map(|missing| input_with(&missing, text)))
}

async fn say(bot: &Bot, id: u64, document: &Document, buttons: &[Button], place: Place) {
    let update = id.to_string();
    if !bot.chat.claim(&update).await {
        return;
    }
    bot.chat.handled(&update).await;
    bot.say(document, buttons, place, Next::Answer).await;
}

/// Returns the text addressed to the bot without the mention, or `None` if the message is from a
/// bot, from a webhook, or not addressed to this bot.
fn addressed(bot: &Bot, message: &Message) -> Option<String> {
    let me = bot.user();
    if message.author.bot || message.webhook_id.is_some() || message.author.id.get() == me {
        return None;
    }
    let mentions = [format!("<@{me}>"), format!("<@!{me}>")];
    let mentioned = mentions
        .iter()
        .any(|mention| message.content.contains(mention));
    let line = mentions
        .iter()
        .fold(message.content.clone(), |text, mention| {
            text.replace(mention, " ")
        });
    (mentioned || message.guild_id.is_none()).then(|| line.trim().to_owned())
}

fn step<'a>(bot: &Bot, message: &'a Message, line: &str) -> MessageStep<'a> {
    let registry = bot.chat.engine().registry();
    let replied = message.referenced_message.as_deref();
    if line.is_empty() {
        return alone(bot, message, replied);
    }

    let input = Input::Text(line.to_owned());

    match bot.chat.understood(&input) {
        Err(UsageError {
            missing: Some(missing),
            ..
        }) => complete(bot, message, replied, line, &missing),
        Err(UsageError {
            kind: UsageKind::UnknownCommand,
            ..
        }) => {
            let offers = detect::offers(registry, line);
            if offers.is_empty() {
                MessageStep::Ask(input)
            } else {
                MessageStep::Choose(offers)
            }
        }
        _ => MessageStep::Ask(input),
    }
}

/// Handles a mention without text. It refers to an attached file or to the message that it replies
/// to.
fn alone<'a>(bot: &Bot, message: &'a Message, replied: Option<&'a Message>) -> MessageStep<'a> {
    let registry = bot.chat.engine().registry();
    if let Some(step) = mail(bot, message, replied) {
        return step;
    }
    let Some(replied) = replied else {
        return MessageStep::Greet;
    };
    match detect::about(registry, &targets::found_in(&detect::words(replied))) {
        DetectedTarget::Ask(input) => MessageStep::Ask(input),
        DetectedTarget::Choose(lines) => MessageStep::Choose(lines),
        DetectedTarget::Nothing => MessageStep::Say(nothing_in(replied), Vec::new()),
    }
}

fn nothing_in(replied: &Message) -> Document {
    let text = if detect::words(replied).trim().is_empty() {
        "Discord does not let me read that message. Copy the target into your message, or use “Look up” in \
             the message's menu, under Apps."
    } else {
        "No host name, IP address or email address found in that message."
    };
    note("Look up", text)
}

/// Returns the lookup for a mail message in an attached file or in the message replied to, if there
/// is one.
fn mail<'a>(
    bot: &Bot,
    message: &'a Message,
    replied: Option<&'a Message>,
) -> Option<MessageStep<'a>> {
    let missing = takes_mail(bot.chat.engine().registry())?;
    let file = detect::mail_file(message).or_else(|| replied.and_then(detect::mail_file));
    if let Some(file) = file {
        return Some(MessageStep::AskAboutFile(file));
    }
    let text = replied
        .map(|replied| &replied.content)
        .filter(|text| detect::is_mail(text))?;
    Some(MessageStep::Ask(input_with(&missing, text)))
}

/// Takes the missing argument from the message replied to, or asks the user for it.
fn complete<'a>(
    bot: &Bot,
    message: &'a Message,
    replied: Option<&'a Message>,
    line: &str,
    missing: &Missing,
) -> MessageStep<'a> {
    let registry = bot.chat.engine().registry();
    let entry = registry.find(missing.command);
    let argument =
        entry.and_then(|entry| entry.arguments.iter().find(|a| a.name == missing.argument));

    if argument.is_some_and(|argument| argument.message)
        && let Some(step) = mail(bot, message, replied).or_else(|| any_file(message, replied))
    {
        return step;
    }

    let targets = replied
        .map(|replied| targets::found_in(&detect::words(replied)))
        .unwrap_or_default();
    let mut lines: Vec<(String, String)> = targets
        .into_iter()
        .map(|target| (target.text.clone(), format!("{line} {}", target.text)))
        .filter(|(_, line)| bot.chat.understood(&Input::Text(line.clone())).is_ok())
        .collect();

    match lines.len() {
        1 => MessageStep::Ask(Input::Text(lines.remove(0).1)),
        0 => {
            let help = argument.map_or("", |argument| argument.help.as_str());
            let mut document = note(format!("{}: {}", missing.command, missing.argument), help);
            if let Some(replied) = replied {
                document.text(nothing_in(replied).summary);
            }
            MessageStep::Say(document, vec![ask_button(missing.command)])
        }
        _ => MessageStep::Choose(lines),
    }
}

/// Returns the first attached file of any type: the command reads mail messages, so the file must
/// be meant.
fn any_file<'a>(message: &'a Message, replied: Option<&'a Message>) -> Option<MessageStep<'a>> {
    let files = message
        .attachments
        .iter()
        .chain(replied.into_iter().flat_map(|replied| &replied.attachments));
    files.into_iter().next().map(MessageStep::AskAboutFile)
}
