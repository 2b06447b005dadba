//! Shared state of the adapter, and helpers that build requests.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use netvane_chat::{Button, Chat, ChatRequest, Sort};
use netvane_core::{Caller, Input, Platform};
use serenity::model::id::{ChannelId, GuildId, RoleId, UserId};
use tokio::sync::Semaphore;

use crate::{place::Place, rest::Rest};

/// The platform as the engine identifies it.
pub(crate) const PLATFORM: Platform = Platform::Discord;
pub(crate) const NAME: &str = PLATFORM.name();

/// Maximum number of concurrent requests; a guard against overload that normal use does not reach.
const MOST_AT_ONCE: usize = 20_000;

/// Maximum number of concurrent downloads, because each file may be large.
const DOWNLOADS: usize = 4;

/// A Discord bot. Clones share their state.
#[derive(Clone)]
pub(crate) struct Bot {
    pub chat: Chat,
    pub rest: Rest,
    shared: Arc<BotState>,
}

struct BotState {
    user: AtomicU64,
    work: Arc<Semaphore>,
    downloads: Semaphore,
}

impl Bot {
    pub(crate) fn new(chat: Chat, rest: Rest) -> Self {
        let shared = BotState {
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

    /// Returns the user id of the bot itself; 0 until Discord has reported it.
    pub(crate) fn user(&self) -> u64 {
        self.shared.user.load(Ordering::Relaxed)
    }

    pub(crate) fn is_user(&self, id: u64) {
        self.shared.user.store(id, Ordering::Relaxed);
    }

    pub(crate) fn downloads(&self) -> &Semaphore {
        &self.shared.downloads
    }

    /// Spawns a task, or drops it with a warning if `MOST_AT_ONCE` tasks are running.
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

/// Returns the request for this input. `update` is the id of the message or interaction.
pub(crate) fn question(input: Input, who: &Caller, update: u64, place: &Place) -> ChatRequest {
    let requester = who.user.clone().unwrap_or_default();
    let question = ChatRequest::new(input, requester, place.room());
    ChatRequest {
        update: Some(update.to_string()),
        caller: who.clone(),
        ..question
    }
}

/// Returns the user's identity for the operator's access rules.
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

/// Returns the button that opens the form for a command's arguments.
pub(crate) fn ask_button(command: &str) -> Button {
    Button {
        id: format!("ask:{command}:0"),
        label: "Fill in".into(),
        sort: Sort::FollowUp,
    }
}
