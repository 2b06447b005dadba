//! Gateway connection. serenity maintains it, including resume and identify; this module handles
//! its events and reports its health.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use netvane_core::{Health, store::HeldRole};
use serde_json::Value;
use serenity::{
    Client, Error,
    all::{
        ClientBuilder, Context, EventHandler, GatewayIntents, Interaction, Message, ShardManager,
    },
    gateway::{ConnectionStage, GatewayError},
    http::Route,
    model::id::ApplicationId,
};

use crate::{
    bot::{Bot, NAME},
    interactions, messages,
};

/// Health message for a token that Discord rejects.
pub(crate) const WRONG_TOKEN: &str = "Discord rejected the token; check discord.token";

/// Interval at which the connection is checked.
const LOOK: Duration = Duration::from_millis(250);

/// Number of failed checks before the adapter is reported as down; quick reconnects are not
/// reported.
const BLIP: u32 = 8;

/// Returns the gateway intents. None is privileged: without the message content intent Discord
/// still delivers the text of mentions and direct messages.
fn intents() -> GatewayIntents {
    GatewayIntents::GUILDS | GatewayIntents::GUILD_MESSAGES | GatewayIntents::DIRECT_MESSAGES
}

struct Handler(Bot);

#[async_trait]
impl EventHandler for Handler {
    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        self.0
            .start(interactions::take(self.0.clone(), interaction));
    }

    async fn message(&self, _: Context, message: Message) {
        self.0.start(messages::take(self.0.clone(), message));
    }
}

/// Why the gateway connection ended.
pub(crate) enum Disconnect {
    /// Discord refused the connection; a retry would not help.
    Refused(&'static str),
    /// The connection was lost for this reason; reconnecting may help.
    Lost(String),
}

/// Connects and stays connected until the process shuts down or loses its role. Returns an error if
/// the connection ends before the shutdown.
pub(crate) async fn stay(bot: &Bot, application: u64, role: &HeldRole) -> Result<(), Disconnect> {
    let gateway = bot
        .rest
        .get(Route::GatewayBot)
        .await
        .map_err(|refused| Disconnect::Lost(refused.to_string()))?;

    let mut client = connect(bot, application, &gateway)
        .await
        .map_err(|error| Disconnect::Lost(error.to_string()))?;
    let shards = gateway["shards"]
        .as_u64()
        .and_then(|shards| u32::try_from(shards).ok())
        .unwrap_or(1)
        .max(1);

    let manager = client.shard_manager.clone();
    let ended = tokio::select! {
        ended = client.start_shards(shards) => ended,
        () = watch(bot, &manager, shards as usize) => Ok(()),
        () = bot.chat.shutdown().cancelled() => Ok(()),
        () = role.lost() => Ok(()),
    };

    manager.shutdown_all().await;
    match ended {
        Ok(()) if bot.chat.shutdown().is_cancelled() => Ok(()),
        Ok(()) => Err(Disconnect::Lost("gateway connection closed".into())),
        Err(Error::Gateway(GatewayError::InvalidAuthentication)) => {
            Err(Disconnect::Refused(WRONG_TOKEN))
        }
        Err(Error::Gateway(
            GatewayError::InvalidGatewayIntents | GatewayError::DisallowedGatewayIntents,
        )) => Err(Disconnect::Refused(
            "Discord refused the gateway intents; the bot receives no messages",
        )),
        Err(error) => Err(Disconnect::Lost(error.to_string())),
    }
}

async fn connect(bot: &Bot, application: u64, gateway: &Value) -> serenity::Result<Client> {
    let client = ClientBuilder::new_with_http(bot.rest.serenity(), intents())
        .application_id(ApplicationId::new(application.max(1)))
        .event_handler_arc(Arc::new(Handler(bot.clone())))
        .await?;
    // serenity uses Discord's default gateway unless the URL is set before the shards start.
    if let Some(url) = gateway["url"].as_str() {
        url.clone_into(&mut *client.ws_url.lock().await);
    }
    Ok(client)
}

/// Reports the health of the connection to the engine. Never returns.
async fn watch(bot: &Bot, manager: &ShardManager, shards: usize) {
    let adapters = bot.chat.engine().adapters();
    let mut ticks = tokio::time::interval(LOOK);
    let mut absent = 0;
    let mut was_up = false;

    loop {
        ticks.tick().await;
        let runners = manager.runners.lock().await;
        let connected = runners
            .values()
            .filter(|runner| runner.stage == ConnectionStage::Connected)
            .count();
        drop(runners);
        if connected >= shards {
            (absent, was_up) = (0, true);
            adapters.report(NAME, Health::Up);
            continue;
        }

        absent += 1;
        if was_up && absent == BLIP {
            adapters.report(NAME, Health::Down("gateway connection lost".into()));
        }
    }
}
