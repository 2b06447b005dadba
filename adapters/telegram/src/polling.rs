//! Receiving updates by long polling. Each poll confirms the updates of the previous one, which
//! Telegram then discards.

use std::{sync::Arc, time::Duration};

use netvane_chat::{PersistGuard, Waits};
use netvane_core::{Health, store::HeldRole};
use teloxide::{
    ApiError, RequestError,
    payloads::GetUpdatesSetters,
    requests::Requester,
    types::{AllowedUpdate, Update},
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{
    api::{call, call_at_length},
    bot::{Hub, NAME, POLL, describe_error},
    updates,
};

/// Types of updates to receive; edited messages are not among them.
pub(crate) const WANTED: [AllowedUpdate; 5] = [
    AllowedUpdate::Message,
    AllowedUpdate::ChannelPost,
    AllowedUpdate::InlineQuery,
    AllowedUpdate::ChosenInlineResult,
    AllowedUpdate::CallbackQuery,
];

/// Longest wait until updates are persisted. Updates without a lookup may hold their guard longer
/// than this.
const KEEPING: Duration = Duration::from_millis(250);

/// The role of the replica that polls.
const ROLE: &str = "telegram-polling";

/// Health message for a token that Telegram rejects.
pub(crate) const REFUSED: &str =
    "Telegram rejected the token; set telegram.token to the one from @BotFather";

/// Longest wait between two attempts, before jitter.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Polls until the process shuts down or Telegram rejects the token. Of several replicas one polls at a time.
pub(crate) async fn run(hub: &Arc<Hub>) {
    loop {
        if hub.store.is_shared() {
            // Another replica may poll for as long as it lives.
            hub.chat.engine().adapters().report(NAME, Health::Up);
        }
        let role = tokio::select! {
            role = hub.store.take_role(ROLE) => role,
            () = hub.chat.shutdown().cancelled() => return,
        };

        let end = poll(hub, &role).await;
        role.give_up().await;
        if matches!(end, End::Ended) {
            return;
        }
    }
}

/// Why polling stopped.
enum End {
    /// The process shuts down, or Telegram rejects the token.
    Ended,
    /// Another replica may poll from now on.
    RoleLost,
}

/// Polls while this process holds the role.
async fn poll(hub: &Arc<Hub>, role: &HeldRole) -> End {
    let adapters = hub.chat.engine().adapters();
    let mut offset = 0;
    let mut faults = Waits::up_to(LONGEST_WAIT);

    // The first poll, and each after an error, returns immediately, so that the health is known.
    let mut open = 0;

    loop {
        if hub.chat.shutdown().is_cancelled() {
            confirm(hub, offset).await;
            return End::Ended;
        }

        let poll = hub
            .bot
            .get_updates()
            .offset(offset)
            .timeout(open)
            .allowed_updates(WANTED);

        let answer = tokio::select! {
            answer = call_at_length(&hub.bot, poll) => answer,
            // This poll has already confirmed the earlier updates.
            () = hub.chat.shutdown().cancelled() => return End::Ended,
            () = role.lost() => return End::RoleLost,
        };

        let wait = match answer {
            Ok(updates) => {
                adapters.report(NAME, Health::Up);
                (faults, open) = (Waits::up_to(LONGEST_WAIT), POLL.as_secs() as u32);
                let (persist_guard, kept) = mpsc::channel(1);
                for update in updates {
                    offset = next(&update);
                    hand_over(hub, update, persist_guard.clone()).await;
                }
                drop(persist_guard);
                all_kept(kept).await;
                continue;
            }
            Err(RequestError::RetryAfter(wait)) => wait.duration(),
            Err(RequestError::Api(ApiError::InvalidToken)) => {
                adapters.report(NAME, Health::Failed(REFUSED.into()));
                return End::Ended;
            }
            Err(error) => {
                adapters.report(NAME, Health::Down(reason(&error)));
                if reason(&error).contains("webhook is active") {
                    let _ = call(&hub.bot, hub.bot.delete_webhook()).await;
                }
                faults.next_wait()
            }
        };

        open = 0;

        tokio::select! {
            () = hub.chat.shutdown().cancelled() => {
                confirm(hub, offset).await;
                return End::Ended;
            }
            () = role.lost() => return End::RoleLost,
            () = sleep(wait) => {}
        }
    }
}

/// Waits until the updates are persisted, but at most for [`KEEPING`]. Then they can be confirmed,
/// because a crash would not lose them.
pub(crate) async fn all_kept(mut kept: mpsc::Receiver<()>) {
    let _ = timeout(KEEPING, kept.recv()).await;
}

/// Starts handling an update, unless it was seen before. Waits while too many are being handled.
pub(crate) async fn hand_over(hub: &Arc<Hub>, update: Update, persist_guard: PersistGuard) {
    if !hub.chat.first_time(&update.id.0.to_string()).await {
        return;
    }
    let permit = hub.permits.clone().acquire_owned().await;
    let task = hub.clone();
    hub.chat.spawn(async move {
        updates::handle(&task, update, Some(persist_guard)).await;
        drop(permit);
    });
}

/// Confirms the last updates, so that Telegram does not deliver them again after the restart.
async fn confirm(hub: &Hub, offset: i32) {
    if offset > 0 {
        let last = hub.bot.get_updates().offset(offset).limit(1).timeout(0);
        let _ = timeout(Duration::from_secs(3), call(&hub.bot, last)).await;
    }
}

fn next(update: &Update) -> i32 {
    i32::try_from(update.id.0)
        .unwrap_or(i32::MAX)
        .saturating_add(1)
}

fn reason(error: &RequestError) -> String {
    match error {
        RequestError::Api(ApiError::TerminatedByOtherGetUpdates) => {
            "another process polls with this token".into()
        }
        RequestError::Api(ApiError::Unknown(text)) if text.contains("other getUpdates") => {
            "another process polls with this token".into()
        }
        other => describe_error(other),
    }
}
