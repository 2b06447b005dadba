//! Dispatch of updates to their handlers.

use std::sync::Arc;

use netvane_chat::PersistGuard;
use teloxide::types::{Message, Update, UpdateKind};

use crate::{bot::Hub, caller::TelegramUser, place::Place};

/// Handles one update. `persist_guard` is dropped as soon as a crash would not lose the update.
pub(crate) async fn handle(hub: &Arc<Hub>, update: Update, persist_guard: Option<PersistGuard>) {
    let number = update.id.0.to_string();
    match update.kind {
        UpdateKind::Message(message) | UpdateKind::ChannelPost(message) => {
            if let Some(caller) = caller(hub, &message, number) {
                hub.on_message(
                    TelegramUser {
                        persist_guard,
                        ..caller
                    },
                    &message,
                )
                .await;
            }
        }
        UpdateKind::CallbackQuery(query) => hub.on_press(number, query).await,
        UpdateKind::InlineQuery(query) => hub.on_query(number, query).await,
        UpdateKind::ChosenInlineResult(chosen) => hub.on_chosen(number, chosen).await,
        _ => {}
    }
}

/// Returns the sender of a message, or `None` if the message is from a bot (including this one), or
/// is a channel's post that was forwarded to its discussion group.
fn caller(hub: &Hub, message: &Message, update: String) -> Option<TelegramUser> {
    let sent_by_bot =
        message.from.as_ref().is_some_and(|user| user.is_bot) && message.sender_chat.is_none();
    if sent_by_bot || hub.is_me(message.via_bot.as_ref()) || message.is_automatic_forward() {
        return None;
    }

    let chat = &message.chat;

    // A user who posts in the name of a group or channel is identified by it.
    let speaker = match (&message.sender_chat, &message.from) {
        (Some(chat), _) => chat.id.0.to_string(),
        (None, Some(user)) => user.id.to_string(),
        (None, None) => chat.id.0.to_string(),
    };

    let place = Place {
        chat: chat.id.0,
        thread: message
            .thread_id
            .filter(|_| message.is_topic_message)
            .map(|thread| thread.0.0),
        reply_to: Some(message.id.0),
        ..Place::default()
    };

    let (alone, person) = (chat.is_private(), !chat.is_channel());

    Some(TelegramUser {
        place,
        requester: speaker,
        update,
        alone,
        person,
        persist_guard: None,
    })
}
