//! Where answers are written: the reply to an interaction, or a message in a channel.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use netvane_chat::{Outlet, Page, Room, Trouble};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use serenity::{
    http::Route,
    model::id::{ApplicationId, ChannelId, InteractionId, MessageId},
};

use crate::{
    body::{self, EPHEMERAL},
    bot::Bot,
    rest::{
        ALREADY_ACKNOWLEDGED, File, INVALID_WEBHOOK_TOKEN, Refused, UNKNOWN_INTERACTION,
        UNKNOWN_WEBHOOK,
    },
};

/// An interaction's token is good for 15 minutes; a call that is under way when they end is lost.
const TOKEN_LIFE: u64 = 14 * 60 + 30;

/// A question is answered for this long: beyond its token, as a message in the channel.
pub(crate) const TIME: Duration = Duration::from_secs(20 * 60);

/// Index of each sort of room into the rates.
pub(crate) const INTERACTION_ROOM: usize = 0;
const CHANNEL_ROOM: usize = 1;

/// Where an answer is written, as it is kept while the question is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Place {
    /// The reply to an interaction.
    Interaction(Spot),
    /// A message.
    Channel(Post),
}

/// One interaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spot {
    pub application: u64,
    pub id: u64,
    pub token: String,
    /// Second in which it came.
    pub since: u64,
    /// The same by the clock that nobody sets; `None` after a restart.
    #[serde(skip)]
    pub came: Option<Instant>,
    /// Only the asker sees the answer.
    pub hidden: bool,
    /// Where the answer goes when the token's time is over.
    pub later: Post,
}

/// A message in a channel, there already or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Post {
    pub channel: u64,
    /// The bot's own message.
    pub message: Option<u64>,
    /// The message that is answered.
    pub answers: Option<u64>,
    /// Sent twice with the same, it is one message.
    pub nonce: String,
}

/// What the reply to an interaction still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// A first reply.
    Answer,
    /// To take the place of the message whose button was pressed.
    Update,
    /// The reply is there.
    Edit,
    /// The token's time is over.
    Post,
}

impl Place {
    pub(crate) fn room(&self) -> Room {
        match self {
            Self::Interaction(spot) => Room {
                sort: INTERACTION_ROOM,
                id: spot.id.cast_signed(),
            },
            Self::Channel(post) => post.room(),
        }
    }
}

impl Spot {
    pub(crate) fn is_over(&self) -> bool {
        let age = self.came.map_or_else(
            || seconds().saturating_sub(self.since),
            |came| came.elapsed().as_secs(),
        );
        age > TOKEN_LIFE
    }
}

impl Post {
    pub(crate) fn room(&self) -> Room {
        Room {
            sort: CHANNEL_ROOM,
            id: self.channel.cast_signed(),
        }
    }
}

/// Writes to a [`Place`].
pub(crate) struct Written {
    pub bot: Bot,
    pub place: Place,
    pub next: Next,
}

impl Outlet for Written {
    async fn show(&mut self, page: &Page<'_>) -> Result<(), Trouble> {
        match &mut self.place {
            Place::Channel(post) => show_in_channel(&self.bot, post, page)
                .await
                .map_err(Trouble::from),
            Place::Interaction(spot) => show_in_reply(&self.bot, spot, &mut self.next, page).await,
        }
    }

    fn place(&self) -> Value {
        serde_json::to_value(&self.place).unwrap_or_default()
    }
}

async fn show_in_reply(
    bot: &Bot,
    spot: &mut Spot,
    next: &mut Next,
    page: &Page<'_>,
) -> Result<(), Trouble> {
    if spot.is_over() {
        *next = Next::Post;
    }

    let refused = match reply(bot, spot, next, page).await {
        Ok(()) => return Ok(()),
        Err(refused) => refused,
    };

    match refused.code() {
        UNKNOWN_INTERACTION | UNKNOWN_WEBHOOK | INVALID_WEBHOOK_TOKEN => *next = Next::Post,
        _ if *next == Next::Post => {}
        // The limits of interactions are their own; only this one has to wait.
        _ => {
            return Err(match refused.into() {
                Trouble::Flood { wait, .. } => Trouble::Flood {
                    wait,
                    everywhere: false,
                },
                other => other,
            });
        }
    }

    if spot.hidden {
        return Err(Trouble::Lasting(
            "the time of a private reply is over".into(),
        ));
    }

    if page.working && spot.later.message.is_none() {
        return Err(Trouble::Lasting(
            "progress is not worth a new message".into(),
        ));
    }

    let (pace, room) = (bot.chat.pace(), spot.later.room());
    pace.turn(room).await;
    let shown = show_in_channel(bot, &mut spot.later, page)
        .await
        .map_err(Trouble::from);

    if let Err(Trouble::Flood { wait, everywhere }) = shown {
        // The chat counts this question towards its interaction; here it is the channel that has to wait.
        pace.close((!everywhere).then_some(room), wait);
        return Err(Trouble::Flood {
            wait,
            everywhere: false,
        });
    }

    shown
}

async fn reply(bot: &Bot, spot: &Spot, next: &mut Next, page: &Page<'_>) -> Result<(), Refused> {
    let (mut message, files) = body::message(page);

    if matches!(next, Next::Answer | Next::Update) {
        let kind = if *next == Next::Answer { 4 } else { 7 };
        if *next == Next::Answer && spot.hidden {
            message["flags"] = EPHEMERAL.into();
        }

        let answered = bot.call_back(spot, kind, Some(&message), &files).await;

        match answered {
            // An answer that got lost on its way back was taken; what it was is not known.
            Err(refused) if refused.code() == ALREADY_ACKNOWLEDGED => {
                if let Some(message) = message.as_object_mut() {
                    message.remove("flags");
                }
            }
            other => {
                *next = if other.is_ok() { Next::Edit } else { *next };
                return other;
            }
        }

        *next = Next::Edit;
    }

    if *next == Next::Post {
        return Err(Refused::Unreached("the token's time is over".into()));
    }

    edit(bot, spot, &message, &files).await
}

async fn edit(bot: &Bot, spot: &Spot, message: &Value, files: &[File]) -> Result<(), Refused> {
    let application_id = ApplicationId::new(spot.application.max(1));
    let route = Route::WebhookOriginalInteractionResponse {
        application_id,
        token: &spot.token,
    };
    bot.rest
        .send(Method::PATCH, route, message, files)
        .await
        .map(|_| ())
}

async fn show_in_channel(bot: &Bot, post: &mut Post, page: &Page<'_>) -> Result<(), Refused> {
    let (mut message, files) = body::message(page);
    let channel_id = ChannelId::new(post.channel.max(1));

    if let Some(id) = post.message {
        let route = Route::ChannelMessage {
            channel_id,
            message_id: MessageId::new(id.max(1)),
        };
        return bot
            .rest
            .send(Method::PATCH, route, &message, &files)
            .await
            .map(|_| ());
    }

    message["nonce"] = json!(post.nonce);
    message["enforce_nonce"] = json!(true);
    if let Some(answers) = post.answers {
        message["message_reference"] =
            json!({ "message_id": answers.to_string(), "fail_if_not_exists": false });
    }

    let made = bot
        .rest
        .send(
            Method::POST,
            Route::ChannelMessages { channel_id },
            &message,
            &files,
        )
        .await?;

    post.message = made["id"].as_str().and_then(|id| id.parse().ok());

    Ok(())
}

impl Bot {
    /// The first answer to an interaction, of one of Discord's kinds.
    pub(crate) async fn call_back(
        &self,
        spot: &Spot,
        kind: u8,
        data: Option<&Value>,
        files: &[File],
    ) -> Result<(), Refused> {
        let interaction_id = InteractionId::new(spot.id.max(1));
        let route = Route::InteractionResponse {
            interaction_id,
            token: &spot.token,
        };
        let mut body = json!({ "type": kind });
        if let Some(data) = data {
            body["data"] = data.clone();
        }
        self.rest
            .send(Method::POST, route, &body, files)
            .await
            .map(|_| ())
    }

    /// The same for an answer that says everything; tried again as long as Discord waits for it.
    pub(crate) async fn acknowledge(&self, spot: &Spot, kind: u8, data: Option<&Value>) -> bool {
        for wait in [150, 400, 900, 0] {
            let wait = match self.call_back(spot, kind, data, &[]).await {
                Ok(()) => return true,
                Err(refused) if refused.code() == ALREADY_ACKNOWLEDGED => return true,
                Err(Refused::Flood { wait, .. }) => wait.min(Duration::from_millis(1500)),
                Err(Refused::Unreached(_) | Refused::Status { status: 500.., .. }) => {
                    Duration::from_millis(wait)
                }
                Err(refused) => {
                    tracing::warn!(adapter = crate::NAME, %refused, "an interaction could not be answered");
                    return false;
                }
            };
            tokio::time::sleep(wait).await;
        }
        tracing::warn!(
            adapter = crate::NAME,
            "an interaction could not be answered in time"
        );
        false
    }
}

pub(crate) fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_again() {
        let later = Post {
            channel: 5,
            message: None,
            answers: None,
            nonce: "n".into(),
        };

        let spot = Spot {
            application: 1,
            id: 2,
            token: "t".into(),
            since: 3,
            came: None,
            hidden: true,
            later,
        };

        let place = Place::Interaction(spot);
        let kept = serde_json::to_value(&place).expect("serializes");
        assert_eq!(serde_json::from_value::<Place>(kept).expect("reads"), place);
        assert_eq!(
            place.room(),
            Room {
                sort: INTERACTION_ROOM,
                id: 2
            }
        );
    }
}
