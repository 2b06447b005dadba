//! Netvane in Discord: slash commands, the context menu of messages, mentions and direct messages.
//!
//! Everything about the commands comes from the registry; what happens between a question and its answer is the
//! chat crate's. Here is the translation: interactions and messages to questions, pages to embeds.

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
    rest::Rest,
};

/// Tries to reach Discord lie at most this far apart.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Questions that are open at the end get this long to say so.
const DRAIN: Duration = Duration::from_secs(8);

/// The adapter, not yet running.
pub struct Discord {
    bot: Bot,
    application: Option<u64>,
    guilds: Vec<u64>,
    /// Set in the mode in which Discord delivers interactions over HTTP.
    key: Option<http_interactions::Key>,
}

impl Discord {
    /// Nothing is asked of the network yet.
    pub fn new(
        settings: &settings::Discord,
        engine: Engine,
        store: Store,
        shutdown: CancellationToken,
    ) -> Result<Self, Failure> {
        let rest = Rest::new(settings).map_err(|error| Failure::Unavailable(error.to_string()))?;
        let chat = Chat::new(bot::PLATFORM, engine, store, send_limiter(), shutdown);
        let key = match settings.mode {
            settings::DiscordMode::Interactions => {
                http_interactions::Key::read(&settings.public_key)
            }
            settings::DiscordMode::Gateway => None,
        };
        Ok(Self {
            bot: Bot::new(chat, rest),
            application: settings.application_id.parse().ok(),
            guilds: settings
                .guilds
                .iter()
                .filter_map(|guild| guild.parse().ok())
                .collect(),
            key,
        })
    }

    /// What Discord delivers to; without routes where the gateway is used.
    pub fn router(&self) -> Router {
        let key = self.key.clone();
        key.map_or_else(Router::new, |key| {
            http_interactions::router(self.bot.clone(), key)
        })
    }

    /// Answers until the process is to end. What goes wrong is reported to the engine.
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

    /// Ends early only when trying again would not help.
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
            self.guilds.clone(),
        ));

        resume::all(bot);
        if self.key.is_some() {
            bot.chat.engine().adapters().report(NAME, Health::Up);
            ended.cancelled().await;
            return Ok(());
        }

        let mut waits = Waits::up_to(LONGEST_WAIT);

        loop {
            match gateway::stay(bot, application).await {
                Err(Disconnect::Refused(why)) => return Err(why.to_owned()),
                Err(Disconnect::Lost(why)) if !ended.is_cancelled() => {
                    self.pause(&mut waits, why).await
                }
                Ok(()) | Err(Disconnect::Lost(_)) => return Ok(()),
            }
        }
    }

    /// Who this is: learns the bot's own user, and gives the application.
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

    /// What Discord says of the bot, asked until it says something.
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

/// What Discord documents, and answers tell: 5 requests in 2 s for each interaction, 5 in 5 s for each channel, 50 in a
/// second in all, interactions not counted. Its windows start anywhere, so that half of each is had at once.
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
