//! Writing of replies: the response to an interaction, or a message in a channel.

use std::time::Duration;

use netvane_chat::{Button, ChatMessage, ChatRequest, MessageSink, SendError};
use netvane_core::document::Document;
use reqwest::Method;
use serde_json::{Value, json};
use serenity::{
    http::Route,
    model::id::{ApplicationId, ChannelId, MessageId},
};

use crate::{
    bot::Bot,
    message::{self, EPHEMERAL},
    place::{Next, Place, Post, Spot},
    refused::{
        ALREADY_ACKNOWLEDGED, INVALID_WEBHOOK_TOKEN, Refused, UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK,
    },
    rest::File,
};

/// How long a request is replied to. Once its interaction token has expired, the reply is posted to
/// the channel.
const TIME: Duration = Duration::from_secs(20 * 60);

/// Message sink that writes to a [`Place`].
pub(crate) struct Written {
    pub bot: Bot,
    pub place: Place,
    pub next: Next,
}

impl MessageSink for Written {
    async fn show(&mut self, page: &ChatMessage<'_>) -> Result<(), SendError> {
        match &mut self.place {
            Place::Channel(post) => show_in_channel(&self.bot, post, page)
                .await
                .map_err(SendError::from),
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
    page: &ChatMessage<'_>,
) -> Result<(), SendError> {
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
        // Discord limits each interaction separately, so only this one has to wait.
        _ => {
            return Err(match refused.into() {
                SendError::RateLimited { wait, .. } => SendError::RateLimited {
                    wait,
                    everywhere: false,
                },
                other => other,
            });
        }
    }

    if spot.hidden {
        return Err(SendError::Permanent("the private reply has expired".into()));
    }

    if page.working && spot.later.message.is_none() {
        return Err(SendError::Permanent(
            "progress does not start a new message".into(),
        ));
    }

    let (send_limiter, room) = (bot.chat.send_limiter(), spot.later.room());
    send_limiter.turn(room).await;
    let shown = show_in_channel(bot, &mut spot.later, page)
        .await
        .map_err(SendError::from);

    if let Err(SendError::RateLimited { wait, everywhere }) = shown {
        // The chat crate counts this request towards its interaction, but here the channel is
        // rate-limited.
        send_limiter.close((!everywhere).then_some(room), wait);
        return Err(SendError::RateLimited {
            wait,
            everywhere: false,
        });
    }

    shown
}

async fn reply(
    bot: &Bot,
    spot: &mut Spot,
    next: &mut Next,
    page: &ChatMessage<'_>,
) -> Result<(), Refused> {
    let (mut message, files) = message::message(page).await;

    if matches!(next, Next::Answer | Next::Update) {
        let kind = if *next == Next::Answer { 4 } else { 7 };
        if *next == Next::Answer {
            spot.hidden |= page.personal;
            if spot.hidden {
                message["flags"] = EPHEMERAL.into();
            }
        }

        let answered = bot.call_back(spot, kind, Some(&message), &files).await;

        match answered {
            // An earlier attempt was accepted, but Discord's reply got lost. Its content may have
            // been different, so it is edited below.
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
        return Err(Refused::Unreached(
            "the interaction token has expired".into(),
        ));
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

async fn show_in_channel(
    bot: &Bot,
    post: &mut Post,
    page: &ChatMessage<'_>,
) -> Result<(), Refused> {
    let (mut message, files) = message::message(page).await;
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
    /// Runs the request and writes the reply to `place`.
    pub(crate) async fn ask(&self, question: ChatRequest, place: Place, next: Next) {
        let mut written = Written {
            bot: self.clone(),
            place,
            next,
        };
        self.chat
            .answer(
                ChatRequest {
                    time: TIME,
                    ..question
                },
                &mut written,
            )
            .await;
    }

    /// Sends a message that does not belong to a lookup.
    pub(crate) async fn say(
        &self,
        document: &Document,
        buttons: &[Button],
        place: Place,
        next: Next,
    ) {
        let room = place.room();
        let mut written = Written {
            bot: self.clone(),
            place,
            next,
        };
        // `tell` logs the error.
        let _ = self.chat.tell(document, buttons, room, &mut written).await;
    }
}
