//! What every part of the adapter can reach.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use netvane_chat::{Button, Chat, ChatRequest, Sort};
use netvane_core::{Caller, Input, Platform};
use serenity::model::id::{ChannelId, GuildId, RoleId, UserId};
use tokio::sync::Semaphore;

use crate::{place::Place, rest::Rest};

/// What the engine calls this adapter.
pub(crate) const PLATFORM: Platform = Platform::Discord;
pub(crate) const NAME: &str = PLATFORM.name();

/// Questions at once; more than a service of this size has users.
const MOST_AT_ONCE: usize = 20_000;

/// Files fetched at once; each may be large.
const DOWNLOADS: usize = 4;

/// One bot. Clones are the same.
#[derive(Clone)]
pub(crate) struct Bot {
    pub chat: Chat,
    pub rest: Rest,
    shared: Arc<Shared>,
}

struct Shared {
    user: AtomicU64,
    work: Arc<Semaphore>,
    downloads: Semaphore,
}

impl Bot {
    pub(crate) fn new(chat: Chat, rest: Rest) -> Self {
        let shared = Shared {
            user: AtomicU64::default(),
            work: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            downloads: Semaphore::new(DOWNLOADS),
        };
        Self {
            chat,
            rest,
            shared: Arc::new(shared),
        }
    }

    /// The bot's own user; 0 before Discord has told.
    pub(crate) fn user(&self) -> u64 {
        self.shared.user.load(Ordering::Relaxed)
    }

    pub(crate) fn is_user(&self, id: u64) {
        self.shared.user.store(id, Ordering::Relaxed);
    }

    pub(crate) fn downloads(&self) -> &Semaphore {
        &self.shared.downloads
    }

    /// Runs something to its end, unless far too much runs already.
    pub(crate) fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(permit) = self.shared.work.clone().try_acquire_owned() else {
            tracing::warn!(adapter = NAME, "too many concurrent requests, dropping one");
            return;
        };
        self.chat.spawn(async move {
            work.await;
            drop(permit);
        });
    }
}

/// A question as it comes from a message.
pub(crate) fn question(input: Input, who: &Caller, update: u64, place: &Place) -> ChatRequest {
    let requester = who.user.clone().unwrap_or_default();
    let question = ChatRequest::new(input, requester, place.room());
    ChatRequest {
        update: Some(update.to_string()),
        caller: who.clone(),
        ..question
    }
}

/// Someone, as the operator's rules know them.
pub(crate) fn who(
    user: UserId,
    channel: ChannelId,
    server: Option<GuildId>,
    roles: &[RoleId],
) -> Caller {
    Caller {
        user: Some(user.to_string()),
        conversation: Some(channel.to_string()),
        server: server.map(|server| server.to_string()),
        roles: roles.iter().map(ToString::to_string).collect(),
        ..Caller::default()
    }
}

/// The button that opens a dialogue for a command's arguments.
pub(crate) fn ask_button(command: &str) -> Button {
    Button {
        id: format!("ask:{command}:0"),
        label: "Fill in".into(),
        sort: Sort::FollowUp,
    }
}
