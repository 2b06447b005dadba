//! Tests of the fake of Telegram itself, with the client library that the bot uses.

mod limits;
mod markup;
mod messages;
mod refusals;
mod updates;
mod webhook;

use netvane_tests::{
    Telegram, loopback,
    telegram::{Chat, Limits, TOKEN, User},
};
use teloxide::{
    Bot, RequestError,
    payloads::{GetUpdatesSetters, SendMessageSetters},
    requests::Requester,
    types::{ChatId, LinkPreviewOptions, Message, ParseMode, ReplyParameters, Update, UpdateKind},
};

/// A bot's client, with a runtime for its calls.
struct Client {
    bot: Bot,
    runtime: tokio::runtime::Runtime,
}

impl Client {
    fn of(telegram: &Telegram) -> Self {
        let url = telegram.url().parse().expect("a URL");
        Self {
            bot: Bot::new(TOKEN).set_api_url(url),
            runtime: loopback::runtime(1),
        }
    }

    fn run<F: IntoFuture>(&self, call: F) -> F::Output {
        self.runtime.block_on(call.into_future())
    }

    fn html(&self, chat: &Chat, text: &str) -> Result<Message, RequestError> {
        self.run(
            self.bot
                .send_message(ChatId(chat.id), text)
                .parse_mode(ParseMode::Html),
        )
    }

    fn updates(&self, offset: i32) -> Vec<Update> {
        self.run(self.bot.get_updates().offset(offset))
            .expect("updates")
    }

    /// Returns the only update that is pending.
    #[track_caller]
    fn update(&self, offset: i32) -> Update {
        let mut updates = self.updates(offset);
        assert_eq!(updates.len(), 1, "{updates:?}");
        updates.remove(0)
    }

    /// Replies to a message in HTML.
    fn reply(&self, message: &Message, text: &str) -> Result<Message, RequestError> {
        self.run(
            self.bot
                .send_message(message.chat.id, text)
                .parse_mode(ParseMode::Html)
                .reply_parameters(ReplyParameters::new(message.id)),
        )
    }
}

/// Starts the fake without flood control, with a private chat.
fn start() -> (Telegram, Client, Chat) {
    let telegram = Telegram::start();
    telegram.limits(Limits::none());
    let client = Client::of(&telegram);
    let chat = telegram.private(&User::new(42, "Bea"));
    (telegram, client, chat)
}

#[track_caller]
fn a_message(update: Update) -> Message {
    match update.kind {
        UpdateKind::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refusal<T>(answer: Result<T, RequestError>) -> String {
    match answer {
        Ok(_) => panic!("the platform takes this"),
        Err(RequestError::Api(error)) => error.to_string(),
        Err(other) => panic!("{other}"),
    }
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}
