//! The user who sent a request, and the chat it was sent in.

use netvane_chat::PersistGuard;

use crate::place::Place;

/// The user who sent a request, and the chat it was sent in.
#[derive(Debug, Clone)]
pub(crate) struct TelegramUser {
    pub(crate) place: Place,
    pub(crate) requester: String,
    /// Id of the update that contained the request.
    pub(crate) update: String,
    /// Whether this is a direct chat between the user and the bot.
    pub(crate) alone: bool,
    /// Whether a person can reply to a prompt; false in a channel.
    pub(crate) person: bool,
    /// Guard that is dropped once the request is persisted.
    pub(crate) persist_guard: Option<PersistGuard>,
}
