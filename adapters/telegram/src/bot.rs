//! State shared by all parts of the adapter: the bot, the chat, rate limits, and the handling of
//! Bot API errors.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use moka::sync::Cache;
use netvane_chat::{Bucket, Chat, Rates, SendError, SendLimiter};
use netvane_core::{Engine, Failure, Platform, settings, store::Store};
use reqwest::{Client, Url};
use teloxide::{
    ApiError, Bot, RequestError,
    payloads::AnswerCallbackQuerySetters,
    requests::Requester,
    types::{CallbackQueryId, ChatId, User, UserId},
};
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::api::call;

/// The platform, whose name identifies this adapter in logs, metrics and store keys.
pub(crate) const PLATFORM: Platform = Platform::Telegram;
pub(crate) const NAME: &str = PLATFORM.name();

/// How long Telegram keeps a poll for updates open; the HTTP client's timeout is longer.
pub(crate) const POLL: Duration = Duration::from_secs(50);
const LONGEST: Duration = Duration::from_secs(70);
const CONNECT: Duration = Duration::from_secs(5);

/// Most updates handled concurrently. Further ones are accepted only when one is done.
const AT_ONCE: usize = 20_000;

/// How long it is cached whether a user is an administrator.
const MODERATORS: Duration = Duration::from_secs(300);
/// How long the lookup of an offered inline message can be started.
const OFFERED: Duration = Duration::from_secs(3600);

/// Index of each bucket sort into the rates of the send limiter.
const PRIVATE: usize = 0;
const GROUP: usize = 1;
const INLINE: usize = 2;

/// State that all update handlers share.
pub(crate) struct Hub {
    pub(crate) bot: Bot,
    pub(crate) chat: Chat,
    pub(crate) store: Store,
    /// The bot's own user; set once Telegram has accepted the token.
    pub(crate) me: OnceLock<User>,
    pub(crate) permits: Arc<Semaphore>,
    /// Command lines of offered inline messages that were not sent yet, by result id.
    pub(crate) offered: Cache<String, String>,
    moderators: Cache<(i64, u64), bool>,
    asking: Cache<i64, Arc<Mutex<()>>>,
}

impl Hub {
    pub(crate) fn new(
        settings: &settings::Telegram,
        engine: Engine,
        store: Store,
        shutdown: CancellationToken,
    ) -> Result<Self, Failure> {
        let failed =
            |error: &dyn std::fmt::Display| Failure::Unavailable(format!("telegram: {error}"));
        #[expect(clippy::disallowed_methods, reason = "the client of its own platform")]
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(LONGEST)
            .tcp_nodelay(true)
            .no_proxy()
            .user_agent(concat!("netvane/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| failed(&error))?;

        let url =
            Url::parse(settings.api_url.trim_end_matches('/')).map_err(|error| failed(&error))?;
        let send_limiter = SendLimiter::new(&rates());

        Ok(Self {
            bot: Bot::with_client(settings.token.reveal(), client).set_api_url(url),
            chat: Chat::new(PLATFORM, engine, store.clone(), send_limiter, shutdown),
            store,
            me: OnceLock::new(),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            offered: Cache::builder()
                .max_capacity(100_000)
                .time_to_live(OFFERED)
                .build(),
            moderators: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(MODERATORS)
                .build(),
            asking: Cache::builder()
                .max_capacity(10_000)
                .time_to_idle(MODERATORS)
                .build(),
        })
    }

    /// Returns the lock of a chat that is held while a prompt is sent and until it is persisted.
    pub(crate) fn asking(&self, chat: i64) -> Arc<Mutex<()>> {
        self.asking.get_with(chat, Arc::default)
    }

    /// Returns the bot's username without the `@`; empty if it is not known yet.
    pub(crate) fn username(&self) -> &str {
        self.me
            .get()
            .and_then(|me| me.username.as_deref())
            .unwrap_or_default()
    }

    pub(crate) fn is_me(&self, user: Option<&User>) -> bool {
        matches!((self.me.get(), user), (Some(me), Some(user)) if me.id == user.id)
    }

    /// Returns whether this user is an administrator of the chat and so may cancel requests of
    /// others.
    pub(crate) async fn is_moderator(&self, chat: i64, user: UserId) -> bool {
        let key = (chat, user.0);
        if let Some(known) = self.moderators.get(&key) {
            return known;
        }
        match call(&self.bot, self.bot.get_chat_member(ChatId(chat), user)).await {
            Ok(member) => {
                self.moderators.insert(key, member.is_privileged());
                member.is_privileged()
            }
            Err(_) => false,
        }
    }

    /// Acknowledges a button press, which stops the progress indicator on the button. `text` is
    /// shown as an alert to the user who pressed it.
    pub(crate) async fn answer_press(&self, query: CallbackQueryId, text: Option<&str>) {
        let mut answer = self.bot.answer_callback_query(query);
        if let Some(text) = text {
            answer = answer.text(text).show_alert(true);
        }
        if let Err(error) = call(&self.bot, answer).await {
            tracing::debug!(?error, "answerCallbackQuery failed");
        }
    }
}

/// Returns the rates that Telegram allows: 30 messages per second in total, one per second in a
/// chat with short bursts, 20 per minute in a group.
fn rates() -> Rates {
    let second = Duration::from_secs(1);
    Rates {
        overall: (30, second / 30),
        rooms: vec![(3, second), (3, 3 * second), (3, second)],
    }
}

/// Returns the rate limit bucket of a chat.
pub(crate) fn room(chat: i64) -> Bucket {
    Bucket {
        sort: if chat > 0 { PRIVATE } else { GROUP },
        id: chat,
    }
}

/// Returns the rate limit bucket of an inline message: a hash of its id, whose format is not
/// documented.
pub(crate) fn inline_room(message: &str) -> Bucket {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    let id = BuildHasherDefault::<DefaultHasher>::default().hash_one(message);
    Bucket {
        sort: INLINE,
        id: id as i64,
    }
}

/// Converts an error of the Bot API to one of the chat crate.
pub(crate) fn send_error(error: &RequestError) -> SendError {
    match error {
        RequestError::RetryAfter(wait) => SendError::RateLimited {
            wait: wait.duration(),
            everywhere: false,
        },
        RequestError::Api(api) if is_lasting(api) => SendError::Permanent(api.to_string()),
        other => SendError::Transient(describe_error(other)),
    }
}

/// Returns whether a retry cannot succeed. That holds for all errors known to teloxide, and for
/// unknown ones that blame the request.
fn is_lasting(error: &ApiError) -> bool {
    match error {
        ApiError::Unknown(text) => ["Bad Request", "Forbidden", "Unauthorized", "Not Found"]
            .iter()
            .any(|blame| text.starts_with(blame)),
        _ => true,
    }
}

/// Describes an error without the bot token and without HTML from a proxy's error page.
pub(crate) fn describe_error(error: &RequestError) -> String {
    match error {
        RequestError::InvalidJson { .. } => "invalid response from Telegram (not JSON)".into(),
        RequestError::Network(error) if error.is_timeout() => {
            "Telegram did not respond in time".into()
        }
        RequestError::Network(error) if error.is_connect() => {
            "could not connect to Telegram".into()
        }
        RequestError::Network(_) => "connection to Telegram lost".into(),
        RequestError::Io(error) => error.to_string(),
        RequestError::Api(ApiError::Unknown(text)) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use teloxide::types::Seconds;

    use super::*;

    #[test]
    fn classifies_errors_as_rate_limited_permanent_or_transient() {
        let unknown = |text: &str| RequestError::Api(ApiError::Unknown(text.into()));

        for (error, wanted) in [
            (
                RequestError::RetryAfter(Seconds::from_seconds(7)),
                SendError::RateLimited {
                    wait: Duration::from_secs(7),
                    everywhere: false,
                },
            ),
            (
                unknown("Bad Request: text is too long"),
                SendError::Permanent("A".into()),
            ),
            (
                unknown("Forbidden: bot was kicked"),
                SendError::Permanent("A".into()),
            ),
            (
                RequestError::Api(ApiError::BotBlocked),
                SendError::Permanent("A".into()),
            ),
            (
                unknown("Internal Server Error"),
                SendError::Transient("A".into()),
            ),
            (unknown(""), SendError::Transient("A".into())),
        ] {
            let same = match (send_error(&error), &wanted) {
                (SendError::RateLimited { .. }, SendError::RateLimited { .. }) => {
                    send_error(&error) == wanted
                }
                (SendError::Permanent(_), SendError::Permanent(_)) => true,
                (SendError::Transient(_), SendError::Transient(_)) => true,
                _ => false,
            };
            assert!(same, "{error:?}: {:?}", send_error(&error));
        }
    }

    #[test]
    fn error_text_does_not_contain_html_pages() {
        let source = serde_json::from_str::<u8>("<html>").expect_err("no number");
        let error = RequestError::InvalidJson {
            source: Arc::new(source),
            raw: "<html>502</html>".into(),
        };
        assert_eq!(
            describe_error(&error),
            "invalid response from Telegram (not JSON)"
        );
    }
}
