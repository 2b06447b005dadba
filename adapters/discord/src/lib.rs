//! Discord adapter: slash commands, the context menu of messages, mentions and direct messages.
//!
//! The commands come from the registry, and `netvane_chat` runs the requests. This crate
//! translates: interactions and messages to requests, chat messages to embeds.

mod bot;
mod buttons;
mod detect;
mod escape;
mod files;
mod first;
mod gateway;
mod http_interactions;
mod interactions;
mod message;
mod message_sink;
mod messages;
mod options;
mod place;
mod refused;
mod register;
mod render;
mod rest;
mod resume;

use std::time::Duration;

use axum::Router;
use netvane_chat::{Chat, Rates, SendLimiter, Waits};
use netvane_core::{Engine, Failure, Health, settings, store::Store};
use serde_json::Value;
use serenity::http::Route;
use tokio_util::sync::CancellationToken;

use crate::{
    bot::{Bot, NAME},
    gateway::{Disconnect, WRONG_TOKEN},
    place::INTERACTION_ROOM,
    refused::Refused,
    register::Registration,
    rest::Rest,
};

/// Longest wait between two attempts to reach Discord, before jitter.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The role of the replica that is connected to the gateway.
const ROLE: &str = "discord-gateway";

/// How long shutdown waits for open requests to send their final messages.
const DRAIN: Duration = Duration::from_secs(8);

/// The Discord adapter, before it runs.
pub struct Discord {
    bot: Bot,
    store: Store,
    application: Option<u64>,
    registration: Registration,
    /// Key that verifies requests from Discord; set only if Discord delivers interactions over
    /// HTTP.
    key: Option<http_interactions::VerificationKey>,
}

impl Discord {
    /// Creates the adapter without any network access. Fails if the HTTP client cannot be built.
    pub fn new(
        settings: &settings::Discord,
        engine: Engine,
        store: Store,
        shutdown: CancellationToken,
    ) -> Result<Self, Failure> {
        let rest = Rest::new(settings).map_err(|error| Failure::Unavailable(error.to_string()))?;
        let chat = Chat::new(
            bot::PLATFORM,
            engine,
            store.clone(),
            send_limiter(),
            shutdown,
        );
        let key = match settings.mode {
            settings::DiscordMode::Interactions => {
                http_interactions::VerificationKey::read(&settings.public_key)
            }
            settings::DiscordMode::Gateway => None,
        };
        Ok(Self {
            bot: Bot::new(chat, rest),
            store,
            application: settings.application_id.parse().ok(),
            registration: Registration {
                layout: settings.commands,
                guilds: settings
                    .guilds
                    .iter()
                    .filter_map(|guild| guild.parse().ok())
                    .collect(),
            },
            key,
        })
    }

    /// Returns the route that receives interactions over HTTP. The router is empty in gateway mode.
    pub fn router(&self) -> Router {
        let key = self.key.clone();
        key.map_or_else(Router::new, |key| {
            http_interactions::router(self.bot.clone(), key)
        })
    }

    /// Handles requests until the process shuts down. Errors are reported to the engine as the
    /// adapter's health.
    pub async fn run(self) {
        let bot = self.bot.clone();
        bot.chat.engine().adapters().report(NAME, Health::Starting);
        if let Err(why) = self.serve().await {
            bot.chat
                .engine()
                .adapters()
                .report(NAME, Health::Failed(why));
        }
        bot.chat.drained(DRAIN).await;
    }

    /// Runs the adapter until shutdown. Fails only if a retry would not help.
    async fn serve(self) -> Result<(), String> {
        let bot = &self.bot;
        let ended = bot.chat.shutdown();
        let application = tokio::select! {
            application = self.introduce() => application?,
            () = ended.cancelled() => return Ok(()),
        };

        bot.chat.spawn(register::keep_trying(
            bot.clone(),
            application,
            self.registration.clone(),
        ));

        bot.chat.spawn(resume::all(bot.clone()));
        if self.key.is_some() {
            bot.chat.engine().adapters().report(NAME, Health::Up);
            ended.cancelled().await;
            return Ok(());
        }

        let mut waits = Waits::up_to(LONGEST_WAIT);

        loop {
            if self.store.is_shared() {
                // Another replica may be connected for as long as it lives.
                bot.chat.engine().adapters().report(NAME, Health::Up);
            }
            let role = tokio::select! {
                role = self.store.take_role(ROLE) => role,
                () = ended.cancelled() => return Ok(()),
            };

            let stayed = gateway::stay(bot, application, &role).await;
            role.give_up().await;
            match stayed {
                Err(Disconnect::Refused(why)) => return Err(why.to_owned()),
                Err(Disconnect::Lost(why)) if !ended.is_cancelled() => {
                    self.pause(&mut waits, why).await
                }
                Ok(()) | Err(Disconnect::Lost(_)) => return Ok(()),
            }
        }
    }

    /// Asks Discord for the bot's own user and stores it; returns the application id.
    async fn introduce(&self) -> Result<u64, String> {
        let me = self.get(|| Route::UserMe).await?;
        self.bot.is_user(number(&me["id"]));
        match self.application {
            Some(application) => Ok(application),
            None => Ok(number(
                &self.get(|| Route::Oauth2ApplicationCurrent).await?["id"],
            )),
        }
    }

    /// Sends a GET request, retrying until Discord replies. Fails if Discord rejects the token.
    async fn get(&self, route: impl Fn() -> Route<'static>) -> Result<Value, String> {
        let mut waits = Waits::up_to(LONGEST_WAIT);
        loop {
            match self.bot.rest.get(route()).await {
                Ok(answer) => return Ok(answer),
                Err(refused) if refused.is_unauthorized() => return Err(WRONG_TOKEN.to_owned()),
                Err(Refused::RateLimited { wait, .. }) => tokio::time::sleep(wait).await,
                Err(refused) => self.pause(&mut waits, refused.to_string()).await,
            }
        }
    }

    async fn pause(&self, waits: &mut Waits, why: String) {
        self.bot
            .chat
            .engine()
            .adapters()
            .report(NAME, Health::Down(why));
        tokio::select! {
            () = tokio::time::sleep(waits.next_wait()) => {}
            () = self.bot.chat.shutdown().cancelled() => {}
        }
    }
}

/// Returns a limiter for the rates in Discord's documentation and response headers: 5 requests in 2
/// s for each interaction, 5 in 5 s for each channel, and 50 per second in total without
/// interactions. Bursts are half of that or less, because a burst may fall into two of Discord's
/// time windows.
fn send_limiter() -> SendLimiter {
    let rooms = vec![
        (2, Duration::from_millis(700)),
        (2, Duration::from_millis(1700)),
    ];
    SendLimiter::new(&Rates {
        overall: (20, Duration::from_millis(40)),
        rooms,
    })
    .apart(INTERACTION_ROOM)
}

fn number(id: &Value) -> u64 {
    id.as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default()
}
