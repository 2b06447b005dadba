//! What every part of the adapter shares: the bot, the engine's side, and how the platform's answers are taken.

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
use tokio::{
    sync::{Mutex, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// The name of this adapter in logs, metrics and keys.
pub(crate) const PLATFORM: Platform = Platform::Telegram;
pub(crate) const NAME: &str = PLATFORM.name();

/// A poll for updates stays open this long; the client waits a little longer.
pub(crate) const POLL: Duration = Duration::from_secs(50);
const LONGEST: Duration = Duration::from_secs(70);
const CONNECT: Duration = Duration::from_secs(5);
/// Timeout of a call to the Bot API that is neither a poll nor an upload.
const CALL: Duration = Duration::from_secs(20);

/// Updates being handled at once; further ones wait where they come from.
const AT_ONCE: usize = 20_000;

/// Who is an administrator is asked again after this time.
const MODERATORS: Duration = Duration::from_secs(300);
/// An inline message may be completed this long after it was offered.
const OFFERED: Duration = Duration::from_secs(3600);

/// Indices into the rates.
const PRIVATE: usize = 0;
const GROUP: usize = 1;
const INLINE: usize = 2;

/// What all handlers reach.
pub(crate) struct Hub {
    pub(crate) bot: Bot,
    pub(crate) chat: Chat,
    pub(crate) store: Store,
    /// Who we are; known once Telegram has taken the token.
    pub(crate) me: OnceLock<User>,
    pub(crate) permits: Arc<Semaphore>,
    /// Inline messages that wait for someone to send them, with what they ask.
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

    /// Held while something is being asked back in a chat, until it is written down what a reply to it completes.
    pub(crate) fn asking(&self, chat: i64) -> Arc<Mutex<()>> {
        self.asking.get_with(chat, Arc::default)
    }

    /// Our name without the `@`.
    pub(crate) fn username(&self) -> &str {
        self.me
            .get()
            .and_then(|me| me.username.as_deref())
            .unwrap_or_default()
    }

    pub(crate) fn is_me(&self, user: Option<&User>) -> bool {
        matches!((self.me.get(), user), (Some(me), Some(user)) if me.id == user.id)
    }

    /// Whether this user may end other people's work in this chat.
    pub(crate) async fn is_moderator(&self, chat: i64, user: UserId) -> bool {
        let key = (chat, user.0);
        if let Some(known) = self.moderators.get(&key) {
            return known;
        }
        match call(self.bot.get_chat_member(ChatId(chat), user)).await {
            Ok(member) => {
                self.moderators.insert(key, member.is_privileged());
                member.is_privileged()
            }
            Err(_) => false,
        }
    }

    /// Tells the presser's own screen; it waits for this.
    pub(crate) async fn answer_press(&self, query: CallbackQueryId, text: Option<&str>) {
        let mut answer = self.bot.answer_callback_query(query);
        if let Some(text) = text {
            answer = answer.text(text).show_alert(true);
        }
        if let Err(error) = call(answer).await {
            tracing::debug!(?error, "answerCallbackQuery failed");
        }
    }
}

/// What Telegram takes: 30 messages a second in all, one a second in a chat with short bursts, 20 a minute in a group.
fn rates() -> Rates {
    let second = Duration::from_secs(1);
    Rates {
        overall: (30, second / 30),
        rooms: vec![(3, second), (3, 3 * second), (3, second)],
    }
}

/// Where messages of this chat are counted.
pub(crate) fn room(chat: i64) -> Bucket {
    Bucket {
        sort: if chat > 0 { PRIVATE } else { GROUP },
        id: chat,
    }
}

/// Where edits of an inline message are counted: by its number, however it is written.
pub(crate) fn inline_room(message: &str) -> Bucket {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    let id = BuildHasherDefault::<DefaultHasher>::default().hash_one(message);
    Bucket {
        sort: INLINE,
        id: id as i64,
    }
}

/// One call, ended after its time.
pub(crate) async fn call<T>(
    request: impl IntoFuture<Output = Result<T, RequestError>>,
) -> Result<T, RequestError> {
    match timeout(CALL, request.into_future()).await {
        Ok(answer) => answer,
        Err(_) => {
            let error = std::io::Error::new(
                std::io::ErrorKind::TimedOut,
                "Telegram did not respond in time",
            );
            Err(RequestError::Io(Arc::new(error)))
        }
    }
}

/// What a refusal means for a message.
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

/// Known refusals stay; of the others those that the platform blames on the request.
fn is_lasting(error: &ApiError) -> bool {
    match error {
        ApiError::Unknown(text) => ["Bad Request", "Forbidden", "Unauthorized", "Not Found"]
            .iter()
            .any(|blame| text.starts_with(blame)),
        _ => true,
    }
}

/// A fault in words that hold neither the token nor a page of HTML.
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
    fn what_may_work_the_next_time() {
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

    #[tokio::test(start_paused = true)]
    async fn a_call_without_an_answer_ends() {
        let error = call(std::future::pending::<Result<(), _>>())
            .await
            .expect_err("no answer");
        assert_eq!(describe_error(&error), "Telegram did not respond in time");
        assert!(matches!(send_error(&error), SendError::Transient(_)));
    }

    #[test]
    fn a_page_of_html_is_not_repeated() {
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
