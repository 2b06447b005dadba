//! Button presses below messages.

use netvane_chat::{ChatRequest, Press, Pressed, note, problem};
use netvane_core::{
    Input, Missing,
    document::{
        Block,
        render::{self, Layout},
    },
};
use serenity::model::{
    application::{ComponentInteraction, ComponentInteractionDataKind},
    channel::{Message, MessageFlags},
};

use super::caller::{DiscordUser, caller, expired};
use crate::{
    bot::{Bot, question},
    options,
    place::Next,
};

/// Interaction response type that acknowledges a button press without changing the message.
const DEFER_UPDATE: u8 = 6;

/// Handles a button press. The custom id identifies the button and its reply.
pub(super) async fn pressed(bot: &Bot, press: &ComponentInteraction) {
    let is_hidden = |message: &Message| {
        message
            .flags
            .is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL))
    };

    let id = press.data.custom_id.as_str();
    let caller = caller!(press).hidden(is_hidden(&press.message));
    if let Some((name, hidden)) = options::about(id) {
        return fill_in(bot, caller.hidden(hidden), name).await;
    }

    let requester = caller.user.to_string();

    let button_press = Press {
        id,
        choice: choice(&press.data.kind),
        requester: &requester,
        moderator: caller.moderator,
    };
    match bot.chat.press(button_press).await {
        Pressed::Cancelled => {
            bot.acknowledge(&caller.spot, DEFER_UPDATE, None).await;
            caller.handled(bot).await;
        }
        Pressed::NotYours => {
            let text = "Only the requester or an admin can cancel.";
            caller.hidden(true).say(bot, &note("Not yours", text)).await;
        }
        Pressed::Expired => caller.hidden(true).say(bot, &expired()).await,
        Pressed::Ask(input) => caller.ask(bot, input, Next::Answer).await,
        Pressed::Refresh(input) => replace(bot, caller, &press.message, input, true).await,
        Pressed::Change(input) => replace(bot, caller, &press.message, input, false).await,
        Pressed::Raw(input) => raw(bot, &caller, input).await,
    }
}

/// Returns the position of the choice that was taken from a menu.
fn choice(kind: &ComponentInteractionDataKind) -> Option<usize> {
    match kind {
        ComponentInteractionDataKind::StringSelect { values } => values.first()?.parse().ok(),
        _ => None,
    }
}

/// Opens the form for the command with this name.
async fn fill_in(bot: &Bot, caller: DiscordUser, name: &str) {
    match bot.chat.engine().registry().find(name) {
        Some(entry) => {
            let missing = Missing {
                command: entry.spec.name,
                argument: String::new(),
            };
            let known = Input::Text(String::new());
            caller.open_dialogue(bot, &missing, &known).await;
        }
        None => caller.hidden(true).say(bot, &expired()).await,
    }
}

/// Runs the lookup, without the cache if `fresh`, and replaces the reply in this message. If the message
/// is public but the reply has to be private, the reply goes to a new message.
async fn replace(bot: &Bot, mut caller: DiscordUser, message: &Message, input: Input, fresh: bool) {
    if !caller.spot.hidden && bot.chat.is_private(&input, &caller.who) {
        return caller.ask(bot, input, Next::Answer).await;
    }
    caller.spot.later.message = Some(message.id.get());
    let place = caller.place();
    let question = ChatRequest {
        fresh,
        ..question(input, &caller.who, caller.spot.id, &place)
    };
    bot.ask(question, place, Next::Update).await;
}

/// Runs the lookup and sends the full reply as text and JSON files.
async fn raw(bot: &Bot, caller: &DiscordUser, input: Input) {
    if !caller.defer(bot).await {
        return;
    }

    let document = match bot.chat.raw(input.clone(), caller.who.clone()).await {
        Ok(reply) => {
            let answer = reply.document();
            let mut document = note(&answer.title, "The full answer as text and JSON.");
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
