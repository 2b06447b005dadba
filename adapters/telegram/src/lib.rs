//! Telegram adapter: the registry becomes the command menu, updates become requests, and replies
//! are HTML messages that are edited in place.

mod api;
mod ask;
mod ask_back;
mod bot;
mod callback_queries;
mod caller;
mod companions;
mod files;
mod inline;
mod keyboard;
mod markup;
mod menu;
mod message_sink;
mod messages;
mod offers;
mod place;
mod polling;
mod reading;
mod render;
mod updates;
mod webhook;

use std::{sync::Arc, time::Duration};

use axum::Router;
use netvane_chat::{ChatRequest, Interrupted, Waits};
use netvane_core::{Engine, Failure, Health, settings, store::Store};
use reqwest::Url;
use teloxide::{ApiError, RequestError, requests::Requester, types::Me};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use api::call;
use bot::{Hub, NAME, describe_error};
use message_sink::Spot;
use place::Place;
use webhook::Webhook;

/// How long shutdown waits for open requests to send their final messages.
const DRAIN: Duration = Duration::from_secs(10);

/// The adapter for Telegram: polling or webhook, commands, buttons, inline mode.
pub struct Telegram {
    hub: Arc<Hub>,
    /// Set in webhook mode; `None` in polling mode.
    webhook: Option<Webhook>,
}

impl Telegram {
    /// Creates the adapter without sending anything. In webhook mode, Telegram reaches the HTTP
    /// adapter at `public_url`. Fails if a URL is invalid.
    pub fn new(
        settings: &settings::Telegram,
        public_url: &str,
        engine: Engine,
        store: Store,
        shutdown: CancellationToken,
    ) -> Result<Self, Failure> {
        let webhook = match settings.mode {
            settings::TelegramMode::Webhook => {
                let url = format!("{}{}", public_url.trim_end_matches('/'), webhook::PATH);
                let url = Url::parse(&url)
                    .map_err(|error| Failure::Unavailable(format!("http.public_url: {error}")))?;
                Some(Webhook {
                    url,
                    secret: settings.secret_token.reveal().to_owned(),
                })
            }
            settings::TelegramMode::Polling => None,
        };
        Ok(Self {
            hub: Arc::new(Hub::new(settings, engine, store, shutdown)?),
            webhook,
        })
    }

    /// Returns the route that receives updates in webhook mode, for the HTTP adapter. The router is
    /// empty in polling mode.
    pub fn router(&self) -> Router {
        self.webhook
            .as_ref()
            .map_or_else(Router::new, |webhook| webhook::router(&self.hub, webhook))
    }

    /// Runs until the process shuts down. If Telegram rejects the token, reports that and returns.
    pub async fn run(self) {
        let Self { hub, webhook } = self;
        hub.chat.engine().adapters().report(NAME, Health::Starting);
        let Some(me) = introduce(&hub, webhook.is_none()).await else {
            return;
        };
        let _ = hub.me.set(me.user);
        let menu = hub.clone();
        let menu = tokio::spawn(async move { menu::write(&menu).await });
        hub.chat.spawn(resume_all(hub.clone()));
        match &webhook {
            Some(webhook) => webhook::run(&hub, webhook).await,
            None => polling::run(&hub).await,
        }
        menu.abort();
        hub.chat.drained(DRAIN).await;
    }
}

/// Asks Telegram for the bot's own user, retrying until it replies. In polling mode also removes
/// the webhook, which would block polling. Returns `None` on shutdown or if the token is rejected.
async fn introduce(hub: &Hub, polling: bool) -> Option<Me> {
    let adapters = hub.chat.engine().adapters();
    let mut faults = Waits::up_to(polling::LONGEST_WAIT);

    loop {
        let answer = async {
            let me = call(&hub.bot, hub.bot.get_me()).await?;
            if polling {
                call(&hub.bot, hub.bot.delete_webhook()).await?;
            }
            Ok(me)
        };

        let answer = tokio::select! {
            () = hub.chat.shutdown().cancelled() => return None,
            answer = answer => answer,
        };
        let wait = match answer {
            Ok(me) => return Some(me),
            Err(RequestError::Api(ApiError::InvalidToken)) => {
                adapters.report(NAME, Health::Failed(polling::REFUSED.into()));
                return None;
            }
            Err(RequestError::RetryAfter(wait)) => wait.duration(),
            Err(error) => {
                adapters.report(NAME, Health::Down(describe_error(&error)));
                faults.next_wait()
            }
        };

        tokio::select! {
            () = hub.chat.shutdown().cancelled() => return None,
            () = sleep(wait) => {}
        }
    }
}

/// Resumes or ends the requests that a restart interrupted, until shutdown.
async fn resume_all(hub: Arc<Hub>) {
    hub.chat.engine().links().addressed().await;
    loop {
        tokio::select! {
            () = hub.chat.shutdown().cancelled() => return,
            interrupted = hub.chat.next_interrupted() => {
                let task = hub.clone();
                hub.chat.spawn(async move { resume(&task, interrupted).await });
            }
        }
    }
}

/// Repeats a request that a restart interrupted, or tells the user that this is not possible.
async fn resume(hub: &Arc<Hub>, mut interrupted: Interrupted) {
    let place = interrupted.job.place.clone();
    let place: Place = serde_json::from_value(place).unwrap_or_default();
    let room = place.room();
    let mut spot = Spot::new(hub, place);
    match ChatRequest::resumed(&mut interrupted, room) {
        Some(question) => drop(hub.chat.answer(question, &mut spot).await),
        None => hub.chat.give_up(interrupted, room, &mut spot).await,
    }
}
