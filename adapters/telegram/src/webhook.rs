//! `POST /hooks/telegram`: receiving updates from Telegram, authenticated by a secret token.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use netvane_chat::Waits;
use netvane_core::Health;
use reqwest::Url;
use subtle::ConstantTimeEq;
use teloxide::{
    ApiError, RequestError, payloads::SetWebhookSetters, requests::Requester, types::Update,
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{
    api::call,
    bot::{Hub, NAME, describe_error},
    polling::{LONGEST_WAIT, REFUSED, WANTED, all_kept, hand_over},
};

/// Path that Telegram delivers updates to.
pub(crate) const PATH: &str = "/hooks/telegram";

const SECRET: &str = "x-telegram-bot-api-secret-token";

/// Upper bound of an update in bytes; real ones are far smaller.
const MOST_BYTES: usize = 1 << 20;

/// How long an update waits for a free permit before it gets status 503, after which Telegram
/// delivers it again. Also the timeout for removing the webhook at shutdown.
const PATIENCE: Duration = Duration::from_secs(5);

/// Interval at which the webhook is checked: another process with the same token may have removed
/// it when it ended.
const LOOK: Duration = Duration::from_secs(60);

/// URL and secret token of the webhook.
#[derive(Clone)]
pub(crate) struct Webhook {
    pub(crate) url: Url,
    pub(crate) secret: String,
}

#[derive(Clone)]
struct Hook {
    hub: Arc<Hub>,
    secret: Arc<[u8]>,
}

/// Returns the route of the webhook, for the HTTP adapter.
pub(crate) fn router(hub: &Arc<Hub>, webhook: &Webhook) -> Router {
    let hook = Hook {
        hub: hub.clone(),
        secret: webhook.secret.as_bytes().into(),
    };
    Router::new()
        .route(PATH, post(delivered))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(hook)
}

async fn delivered(State(hook): State<Hook>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let given = headers
        .get(SECRET)
        .map(|value| value.as_bytes())
        .unwrap_or_default();
    if !bool::from(given.ct_eq(&hook.secret)) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(update) = serde_json::from_slice::<Update>(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    if hook.hub.me.get().is_none() || hook.hub.chat.shutdown().is_cancelled() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match timeout(PATIENCE, hook.hub.permits.acquire()).await {
        Ok(Ok(_free)) => {
            let (persist_guard, kept) = mpsc::channel(1);
            hand_over(&hook.hub, update, persist_guard).await;
            all_kept(kept).await;
            StatusCode::OK
        }
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Sets the webhook, restores it if it is removed, and removes it at shutdown, unless there are
/// other replicas. Returns early if Telegram rejects the token.
pub(crate) async fn run(hub: &Hub, webhook: &Webhook) {
    let adapters = hub.chat.engine().adapters();
    let mut faults = Waits::up_to(LONGEST_WAIT);

    loop {
        let wait = match keep(hub, webhook).await {
            Ok(()) => {
                adapters.report(NAME, Health::Up);
                faults = Waits::up_to(LONGEST_WAIT);
                LOOK
            }
            Err(RequestError::RetryAfter(wait)) => wait.duration(),
            Err(RequestError::Api(ApiError::InvalidToken)) => {
                return adapters.report(NAME, Health::Failed(REFUSED.into()));
            }
            Err(error) => {
                adapters.report(NAME, Health::Down(describe_error(&error)));
                faults.next_wait()
            }
        };

        tokio::select! {
            () = hub.chat.shutdown().cancelled() => break,
            () = sleep(wait) => {}
        }
    }

    // Other replicas still receive updates there.
    if !hub.store.is_shared() {
        let _ = timeout(PATIENCE, call(&hub.bot, hub.bot.delete_webhook())).await;
    }
}

async fn keep(hub: &Hub, webhook: &Webhook) -> Result<(), RequestError> {
    // The first time the webhook is always set, because the secret of an existing one cannot be
    // read.
    let first = !hub
        .chat
        .engine()
        .adapters()
        .all()
        .contains(&(NAME, Health::Up));
    if !first
        && call(&hub.bot, hub.bot.get_webhook_info())
            .await?
            .url
            .as_ref()
            == Some(&webhook.url)
    {
        return Ok(());
    }
    let set = hub
        .bot
        .set_webhook(webhook.url.clone())
        .secret_token(&webhook.secret);
    call(&hub.bot, set.allowed_updates(WANTED).max_connections(100))
        .await
        .map(drop)
}
