//! The requesting user and the conversation.

use netvane_chat::PersistGuard;

use crate::place::Place;

/// The requesting user and the conversation.
#[derive(Debug, Clone)]
pub(crate) struct TelegramUser {
    pub(crate) place: Place,
    pub(crate) requester: String,
    /// The update that brought it.
    pub(crate) update: String,
    /// Nobody else is in this chat.
    pub(crate) alone: bool,
    /// A person who can be asked back; a channel has none.
    pub(crate) person: bool,
    /// Goes when a crash would not lose the question any more.
    pub(crate) persist_guard: Option<PersistGuard>,
}
