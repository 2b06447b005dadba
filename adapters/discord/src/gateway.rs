//! The gateway: serenity keeps the connection, resumes and identifies anew; here is what it brings, and how it is.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use netvane_core::Health;
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

/// A token that Discord does not take is told like this.
pub(crate) const WRONG_TOKEN: &str = "Discord rejected the token; check discord.token";

/// How often the connection is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// A quick reconnection is no news.
const BLIP: u32 = 8;

/// Messages that mention the bot, and those sent to it alone, come with their words; none of these is privileged.
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

/// Why the gateway is left.
pub(crate) enum Disconnect {
    /// It would not help to try again.
    Refused(&'static str),
    /// The connection was lost for this reason; connecting again may help.
    Lost(String),
}

/// Stays connected until the process is to end, or gives up.
pub(crate) async fn stay(bot: &Bot, application: u64) -> Result<(), Disconnect> {
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
    // serenity takes Discord's own gateway when it is not told of one in time.
    if let Some(url) = gateway["url"].as_str() {
        url.clone_into(&mut *client.ws_url.lock().await);
    }
    Ok(client)
}

/// Tells how the connection is; never ends.
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
