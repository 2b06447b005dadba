//! Tests of the fake of Telegram itself, with the client library that the bot uses.

use std::time::Duration;

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use netvane_tests::{
    Telegram, loopback,
    telegram::{Chat, Fault, Limits, ON_THE_WAY, TOKEN, User},
};
use serde_json::json;
use teloxide::{
    ApiError, Bot, RequestError,
    net::Download,
    payloads::{
        AnswerCallbackQuerySetters, EditMessageTextSetters, GetUpdatesSetters, SendDocumentSetters,
        SendMessageSetters, SetMyCommandsSetters, SetWebhookSetters,
    },
    requests::Requester,
    types::{
        AllowedUpdate, BotCommand, BotCommandScope, CallbackQueryId, ChatId, FileId,
        InlineKeyboardButton, InlineKeyboardMarkup, InlineQueryId, InlineQueryResult,
        InlineQueryResultArticle, InputFile, InputMessageContent, InputMessageContentText,
        LinkPreviewOptions, Message, MessageId, ParseMode, ReplyParameters, ThreadId, Update,
        UpdateKind,
    },
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

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

#[test]
fn an_update_is_fetched_once_and_its_reply_is_visible() {
    let (telegram, client, chat) = start();
    let me = client.run(client.bot.get_me()).expect("itself");
    assert_eq!(me.username(), "netvane_bot");
    let asked = chat.say("/mx@netvane_bot example.com");
    let update = client.update(0);
    let id = update.id;
    let message = a_message(update);
    assert_eq!(message.text(), Some("/mx@netvane_bot example.com"));
    let kinds: Vec<_> = message
        .entities()
        .into_iter()
        .flatten()
        .map(|entity| format!("{:?}", entity.kind))
        .collect();

    assert_eq!(kinds, ["BotCommand", "Url"]);
    let sent = client
        .reply(&message, "Two <b>servers</b> of <code>example.com</code>")
        .expect("a message");

    assert_eq!(
        client
            .updates(i32::try_from(id.0 + 1).expect("small"))
            .len(),
        0
    );

    asked.taken();
    let reply = asked.reply();

    assert_eq!(
        (reply.text.as_str(), reply.reply_to),
        ("Two servers of example.com", Some(asked.id))
    );
    assert_eq!(
        (reply.parts("bold"), reply.parts("code")),
        (vec!["servers"], vec!["example.com"])
    );
    assert_eq!(reply.live_parts(), [""; 0]);
    client
        .run(client.bot.edit_message_text(sent.chat.id, sent.id, "Done"))
        .expect("an edit");
    assert_eq!(
        asked.wait_for(|message| message.text == "Done").id,
        reply.id
    );

    let texts: Vec<_> = asked
        .history()
        .into_iter()
        .map(|message| message.text)
        .collect();

    assert_eq!(texts, ["Two servers of example.com", "Done"]);
    telegram.finish();
}

#[test]
fn teloxides_dispatcher_works() {
    use teloxide::dispatching::{Dispatcher, UpdateFilterExt};
    let (telegram, client, chat) = start();
    let answer = |bot: Bot, message: teloxide::types::Message| async move {
        let reply = ReplyParameters::new(message.id);
        bot.send_message(message.chat.id, "<code>heard</code>")
            .parse_mode(ParseMode::Html)
            .reply_parameters(reply)
            .await?;
        Ok::<_, RequestError>(())
    };

    let mut dispatcher = Dispatcher::builder(
        client.bot.clone(),
        Update::filter_message().endpoint(answer),
    )
    .build();

    let running = client
        .runtime
        .spawn(async move { dispatcher.dispatch().await });
    telegram.wait_for_poll();
    assert_eq!(
        chat.say("/mx a.test").taken().reply().parts("code"),
        ["heard"]
    );
    assert_eq!(chat.document("a.txt", "text", "").reply().text, "heard");
    running.abort();
    assert!(telegram.calls().iter().any(|call| call.method == "getMe"));
    telegram.finish();
}

#[test]
fn an_update_may_come_twice() {
    let (telegram, client, chat) = start();
    let asked = chat.say("/help");
    let first = client.updates(0);
    let next = i32::try_from(first[0].id.0 + 1).expect("small");
    assert_eq!(client.updates(next).len(), 0);
    asked.resend();
    assert_eq!(client.updates(next)[0].id, first[0].id);
    assert_eq!(client.updates(next).len(), 0);
    telegram.finish();
}

#[test]
fn edits_are_checked_against_the_existing_message() {
    let (telegram, client, chat) = start();
    let sent = client.html(&chat, "<b>one</b>").expect("a message");
    let edit = |text: &str| client.run(client.bot.edit_message_text(sent.chat.id, sent.id, text));
    telegram.forgive("refused: editMessageText");
    let again = client
        .bot
        .edit_message_text(sent.chat.id, sent.id, "<i></i><b>one</b>")
        .parse_mode(ParseMode::Html);

    assert!(matches!(
        client.run(again),
        Err(RequestError::Api(ApiError::MessageNotModified))
    ));
    edit("one").expect("it is not bold any more");
    let nowhere = client.run(
        client
            .bot
            .edit_message_text(sent.chat.id, MessageId(7), "one"),
    );

    assert!(matches!(
        nowhere,
        Err(RequestError::Api(ApiError::MessageToEditNotFound))
    ));
    client
        .run(client.bot.delete_message(sent.chat.id, sent.id))
        .expect("gone");
    assert!(matches!(
        edit("two"),
        Err(RequestError::Api(ApiError::MessageToEditNotFound))
    ));
    assert!(
        chat.history(i64::from(sent.id.0))
            .last()
            .is_some_and(|message| message.deleted)
    );

    telegram.finish();
}

/// Markup that is refused, with the error.
const BROKEN_MARKUP: [(&str, &str); 8] = [
    ("a <c>b</c>", "Unsupported start tag \"c\" at byte offset 2"),
    ("a < b", "Unsupported start tag \"\" at byte offset 2"),
    (
        "<b>a",
        "Can't find end tag corresponding to start tag \"b\"",
    ),
    ("a</b>", "Unexpected end tag at byte offset 1"),
    (
        "<b>a</i>",
        "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\"",
    ),
    (
        "<span class=\"x\">a</span>",
        "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0",
    ),
    (
        "<a href=x:y>a</a>",
        "Unexpected end of name token at byte offset 8",
    ),
    ("<b", "Unclosed start tag at byte offset 0"),
];

#[test]
fn refuses_broken_markup_as_the_platform_does() {
    let (telegram, client, chat) = start();
    telegram
        .forgive("can't parse entities")
        .forgive("text must be non-empty");

    for (text, why) in BROKEN_MARKUP {
        let told = refusal(client.html(&chat, text));
        assert!(
            told.contains(&format!("can't parse entities: {why}")),
            "{text}: {told}"
        );
    }

    assert!(refusal(client.html(&chat, "<b> </b>")).contains("text must be non-empty"));
    telegram.finish();
}

#[test]
fn parses_markup_as_the_platform_does() {
    let (telegram, client, chat) = start();
    let nested = "<b>a<code>b&lt;</code>c</b> <pre><code class=\"language-rust\">x</code></pre> &#x1f600;<tg-spoiler>\
        &quot;</tg-spoiler><blockquote expandable>q</blockquote>";
    let sent = client.html(&chat, nested).expect("a message");
    let seen = chat.wait_for(|message| message.id == i64::from(sent.id.0));
    assert_eq!(seen.text, "ab<c x \u{1f600}\"q");
    let parts: Vec<_> = seen
        .entities
        .iter()
        .map(|it| (it.kind.as_str(), it.offset, it.text.as_str()))
        .collect();

    let quote = ("expandable_blockquote", 10, "q");
    let expected = [
        ("bold", 0, "a"),
        ("code", 1, "b<"),
        ("bold", 3, "c"),
        ("pre", 5, "x"),
        ("spoiler", 9, "\""),
        quote,
    ];

    assert_eq!(parts, expected);
    assert_eq!(seen.entities[3].argument.as_deref(), Some("rust"));
    telegram.finish();
}

#[test]
fn finds_everything_that_looks_like_a_link() {
    let (telegram, client, chat) = start();
    let text = "see example.com, http://x.test/a?b. or 192.0.2.1 @somebody #tag /mx me@example.com v1.2 file.nosuchtld \
        <code>code.com @nobody</code> <a href=\"https://example.org/\">there</a>";
    client.html(&chat, text).expect("a message");
    let seen = chat.wait_for(|_| true);

    assert_eq!(
        seen.live_parts(),
        [
            "url: example.com",
            "url: http://x.test/a?b",
            "url: 192.0.2.1",
            "mention: @somebody",
            "hashtag: #tag",
            "bot_command: /mx",
            "email: me@example.com",
        ]
    );

    assert_eq!(
        seen.clickable()[0].argument.as_deref(),
        Some("https://example.org/")
    );
    assert_eq!(
        telegram.violations().len(),
        1,
        "{:?}",
        telegram.violations()
    );

    telegram.forgive("a preview of");
    client
        .run(
            client
                .bot
                .send_message(ChatId(chat.id), "example.com")
                .link_preview_options(no_preview()),
        )
        .expect("a message");

    telegram.finish();
}

#[test]
fn length_limits_count_visible_text() {
    let (telegram, client, chat) = start();
    telegram.forgive("refused:");
    client
        .html(&chat, &format!("<b>{}</b>", "\u{1f600}".repeat(2048)))
        .expect("4096 units");

    let long = client.html(&chat, &format!("{}a", "\u{1f600}".repeat(2048)));

    assert!(matches!(
        long,
        Err(RequestError::Api(ApiError::MessageIsTooLong))
    ));
    assert!(matches!(
        client.html(&chat, ""),
        Err(RequestError::Api(ApiError::MessageTextIsEmpty))
    ));

    let file = || InputFile::memory("all of it").file_name("reply.txt");
    let caption = |length: usize| {
        client
            .bot
            .send_document(ChatId(chat.id), file())
            .caption("c".repeat(length))
    };

    assert!(refusal(client.run(caption(1025))).contains("message caption is too long"));
    client.run(caption(1024)).expect("a document");
    let sent = chat.wait_for(|message| message.attachment.is_some());
    let attachment = sent.attachment.expect("checked");

    assert_eq!(
        (attachment.name.as_str(), attachment.text()),
        ("reply.txt", "all of it")
    );

    telegram.finish();
}

#[test]
fn enforces_the_limits_of_buttons_and_entities() {
    let (telegram, client, chat) = start();
    telegram.forgive("refused:");
    let with = |button| {
        client
            .bot
            .send_message(ChatId(chat.id), "b")
            .reply_markup(InlineKeyboardMarkup::new([[button]]))
    };

    let long = client.run(with(InlineKeyboardButton::callback("b", "d".repeat(65))));

    assert!(matches!(
        long,
        Err(RequestError::Api(ApiError::ButtonDataInvalid))
    ));
    client
        .run(with(InlineKeyboardButton::callback("b", "d".repeat(64))))
        .expect("64 bytes");

    let local = "http://localhost/".parse().expect("a URL");
    assert!(
        refusal(client.run(with(InlineKeyboardButton::url("b", local)))).contains("Wrong HTTP URL")
    );
    client
        .html(&chat, &"<b>a</b> ".repeat(101))
        .expect("a message");
    assert_eq!(
        telegram.violations().len(),
        1,
        "{:?}",
        telegram.violations()
    );

    telegram.forgive("1 entities of 101");
    telegram.finish();
}

#[test]
fn refuses_unknown_chats_topics_and_messages() {
    let (telegram, client, chat) = start();
    telegram.forgive("refused:");
    let unknown = client.run(client.bot.send_message(ChatId(43), "hello"));

    assert!(matches!(
        unknown,
        Err(RequestError::Api(ApiError::ChatNotFound))
    ));

    let reply = ReplyParameters::new(MessageId(7));
    let replying = |reply| {
        client.run(
            client
                .bot
                .send_message(ChatId(chat.id), "hello")
                .reply_parameters(reply),
        )
    };

    assert!(matches!(
        replying(reply.clone()),
        Err(RequestError::Api(ApiError::MessageToReplyNotFound))
    ));
    replying(reply.allow_sending_without_reply()).expect("a message");
    let forum = telegram.supergroup_with_topics(-100_200_300, &["DNS"]);
    let topic = forum.topic("DNS");
    let in_topic = |id: i64| {
        let thread = ThreadId(MessageId(i32::try_from(id).expect("small")));
        client.run(
            client
                .bot
                .send_message(ChatId(forum.id), "hello")
                .message_thread_id(thread),
        )
    };

    let asked = topic.say("/help");
    in_topic(topic.thread.expect("a topic")).expect("a message");
    assert_eq!(asked.reply().thread, topic.thread);
    assert!(refusal(in_topic(1)).contains("message thread not found"));
    chat.block();
    let blocked = client.run(client.bot.send_message(ChatId(chat.id), "hello"));

    assert!(matches!(
        blocked,
        Err(RequestError::Api(ApiError::BotBlocked))
    ));
    telegram.finish();
}

#[test]
fn group_messages_not_meant_for_the_bot_are_not_delivered() {
    let (telegram, client, _) = start();
    let group = telegram.group(-77);

    for (text, told) in [
        ("hello", false),
        ("/mx a.test", true),
        ("/mx@netvane_bot", true),
        ("/mx@other_bot", false),
    ] {
        assert_eq!(group.say(text).update.is_some(), told, "{text}");
    }

    client.html(&group, "which domain?").expect("a message");
    let question = group.wait_for(|_| true);
    assert!(group.reply_to(&question, "a.test").update.is_some());
    assert!(
        group
            .service(json!({ "new_chat_title": "Other" }))
            .update
            .is_some()
    );

    telegram.reads_groups();
    assert!(group.say("hello").update.is_some());
    assert!(
        client
            .updates(0)
            .iter()
            .all(|update| matches!(update.kind, UpdateKind::Message(_)))
    );

    telegram.finish();
}

#[test]
fn flood_control_refuses_messages_until_the_wait_is_over() {
    let (telegram, client, chat) = start();

    telegram.limits(Limits {
        chat_per_second: 0.001,
        ..Limits::default()
    });
    for _ in 0..3 {
        client.html(&chat, "hello").expect("a burst of three");
    }

    let retry = client.html(&chat, "hello");

    assert!(
        matches!(&retry, Err(RequestError::RetryAfter(wait)) if wait.seconds() > 900),
        "{retry:?}"
    );

    let other = telegram.private(&User::new(43, "Cem"));
    client.html(&other, "hello").expect("another chat");
    assert_eq!(telegram.violations(), [""; 0]);

    // No event signals the end of the grace period for retries.
    std::thread::sleep(ON_THE_WAY + Duration::from_millis(50));
    assert!(matches!(
        client.html(&chat, "hello"),
        Err(RequestError::RetryAfter(_))
    ));
    assert_eq!(
        telegram.violations(),
        ["chat 42: sent again before retry_after had passed"]
    );
    telegram.forgive("sent again before");
    telegram.fault("sendMessage", Fault::Flood(1), 1);
    assert!(matches!(
        client.html(&other, "hello"),
        Err(RequestError::RetryAfter(_))
    ));
    std::thread::sleep(Duration::from_secs(1));
    client.html(&other, "hello").expect("it waited");
    telegram.finish();
}

#[test]
fn groups_and_all_chats_together_have_their_own_limits() {
    let (telegram, client, _) = start();
    telegram.limits(Limits {
        group_per_minute: 20.0,
        ..Limits::none()
    });
    let group = telegram.group(-77);
    let sent = (0..25)
        .filter(|_| client.html(&group, "hello").is_ok())
        .count();
    assert_eq!(sent, 20);
    telegram.forgive("chat -77: sent again before");
    telegram.limits(Limits {
        total_per_second: 1.0,
        ..Limits::none()
    });
    let chats = (100..200).map(|id| telegram.private(&User::new(id, "Somebody")));
    let refused = chats
        .filter(|chat| client.html(chat, "hello").is_err())
        .count();
    assert!(refused > 0, "a hundred chats at once");
    telegram.finish();
}

#[test]
fn edits_of_one_message_count_too() {
    let (telegram, client, chat) = start();
    telegram.limits(Limits {
        edits_per_second: 0.001,
        burst: 3.0,
        ..Limits::times(1e6)
    });
    let sent = client.html(&chat, "0").expect("a message");
    let edit = |n: u8| {
        client.run(
            client
                .bot
                .edit_message_text(sent.chat.id, sent.id, n.to_string()),
        )
    };
    assert!((1..4).all(|n| edit(n).is_ok()));
    assert!(matches!(edit(4), Err(RequestError::RetryAfter(_))));
    telegram.finish();
}

#[test]
fn only_one_poll_is_allowed() {
    let (telegram, client, chat) = start();
    telegram.forgive("Conflict");
    let bot = client.bot.clone();
    let first = client
        .runtime
        .spawn(async move { bot.get_updates().timeout(10).await });
    telegram.wait_for_poll();
    let second = client.bot.clone();
    let second = client
        .runtime
        .spawn(async move { second.get_updates().timeout(10).await });
    let first = client.run(first).expect("the task ends");

    assert!(
        matches!(
            first,
            Err(RequestError::Api(ApiError::TerminatedByOtherGetUpdates))
        ),
        "{first:?}"
    );

    chat.say("/help");
    assert_eq!(
        client
            .run(second)
            .expect("the task ends")
            .expect("updates")
            .len(),
        1
    );

    let url = "https://bot.example/hook".parse().expect("a URL");
    client.run(client.bot.set_webhook(url)).expect("a webhook");
    assert!(
        refusal(client.run(client.bot.get_updates()))
            .contains("can't use getUpdates method while webhook")
    );
    client.run(client.bot.delete_webhook()).expect("no webhook");
    assert_eq!(client.updates(0).len(), 1);
    telegram.finish();
}

/// The secret and the body of a webhook request.
type Heard = (String, String);

/// A webhook that accepts only requests with the right secret, and forwards all requests to the
/// test.
async fn hook(
    axum::extract::State(seen): axum::extract::State<UnboundedSender<Heard>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let secret = headers
        .get("X-Telegram-Bot-Api-Secret-Token")
        .and_then(|it| it.to_str().ok());
    let right = secret == Some("s3cret");
    let _ = seen.send((secret.unwrap_or_default().to_owned(), body));
    if right {
        StatusCode::OK
    } else {
        StatusCode::UNAUTHORIZED
    }
}

#[test]
fn webhook_updates_are_repeated_until_accepted() {
    let (telegram, client, chat) = start();
    telegram.forgive("refused: setWebhook");
    let set = |url: &str| {
        let url = url.parse().expect("a URL");
        let kinds = [AllowedUpdate::Message];
        client.run(
            client
                .bot
                .set_webhook(url)
                .secret_token("s3cret".to_owned())
                .allowed_updates(kinds),
        )
    };

    assert!(refusal(set("http://bot.example/hook")).contains("HTTPS URL must be provided"));
    assert!(
        refusal(set("https://bot.example:9/hook")).contains("only on ports 80, 88, 443 or 8443")
    );

    let (sender, mut seen) = unbounded_channel();
    let listener = client
        .run(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    telegram
        .deliver_to(listener.local_addr().expect("an address"))
        .send_secret(Some(Some("wrong")));

    let app = Router::new().route("/hook", post(hook)).with_state(sender);
    client
        .runtime
        .spawn(axum::serve(listener, app).into_future());
    set("https://bot.example/hook").expect("a webhook");
    let asked = chat.say("/help");
    telegram.wait_for_delivery(401);
    telegram.send_secret(None);
    asked.taken();
    let mut secrets = Vec::new();

    while let Ok((secret, body)) = seen.try_recv() {
        assert!(body.contains("\"text\":\"/help\""), "{body}");
        secrets.push(secret);
    }

    assert_eq!(
        (
            secrets.first().map(String::as_str),
            secrets.last().map(String::as_str)
        ),
        (Some("wrong"), Some("s3cret"))
    );

    assert_eq!(telegram.allowed_updates(), Some(vec!["message".to_owned()]));
    telegram.finish();
}

#[test]
fn a_button_press_can_be_answered_once_and_in_time() {
    let (telegram, client, chat) = start();
    telegram.forgive("query is too old");
    let keyboard =
        InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Again", "again:1")]]);

    client
        .run(
            client
                .bot
                .send_message(ChatId(chat.id), "done")
                .reply_markup(keyboard),
        )
        .expect("a message");

    let message = chat.wait_for(|_| true);
    let press = || {
        let pressed = chat.press(&message, "Again");
        let UpdateKind::CallbackQuery(query) = client.update(-1).kind else {
            panic!("no press")
        };
        assert_eq!(query.data.as_deref(), Some("again:1"));
        (pressed, query.id)
    };

    let answer = |id: &CallbackQueryId| {
        client.run(client.bot.answer_callback_query(id.clone()).text("on it"))
    };
    let (pressed, id) = press();
    answer(&id).expect("answered");
    assert_eq!(pressed.answer()["text"], "on it");
    assert!(refusal(answer(&id)).contains("query is too old"));
    let (pressed, id) = press();
    pressed.expire();
    assert!(refusal(answer(&id)).contains("query is too old"));
    telegram.finish();
}

#[test]
fn an_inline_result_becomes_a_message() {
    let (telegram, client, _) = start();
    let user = User::new(42, "Bea");
    let inline = telegram.inline(&user, "mx example.com");
    let UpdateKind::InlineQuery(query) = client.update(0).kind else {
        panic!("no inline query")
    };

    assert_eq!(query.query, "mx example.com");
    let content = || InputMessageContent::Text(InputMessageContentText::new("looking …"));
    let keyboard = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Stop", "stop")]]);
    let article = |id: &str| {
        let article =
            InlineQueryResultArticle::new(id, "MX", content()).reply_markup(keyboard.clone());
        InlineQueryResult::Article(article)
    };

    let answer = |id: &InlineQueryId, results| {
        client.run(client.bot.answer_inline_query(id.clone(), results))
    };
    telegram.forgive("refused: answerInlineQuery");
    assert!(refusal(answer(&query.id, vec![article("")])).contains("RESULT_ID_INVALID"));
    let many = (0..51).map(|n| article(&n.to_string())).collect();
    let many = answer(&query.id, many);

    assert!(matches!(
        many,
        Err(RequestError::Api(ApiError::TooMuchInlineQueryResults))
    ));
    answer(&query.id, vec![article("one")]).expect("answered");
    assert!(refusal(answer(&query.id, vec![article("one")])).contains("query is too old"));
    let chosen = inline.choose("one");
    let UpdateKind::ChosenInlineResult(told) = client.update(-1).kind else {
        panic!("no choice")
    };

    let name = told.inline_message_id.expect("it has a keyboard");
    client
        .run(client.bot.edit_message_text_inline(name, "two servers"))
        .expect("an edit");
    assert_eq!(
        chosen
            .wait_for(|message| message.text == "two servers")
            .keyboard,
        [[]; 0]
    );

    telegram.finish();
}

#[test]
fn enforces_the_limits_of_the_menu() {
    let (telegram, client, _) = start();
    telegram.forgive("refused: setMyCommands");
    let set = |name: &str, description: &str| {
        let commands = [BotCommand::new(name, description)];
        client.run(
            client
                .bot
                .set_my_commands(commands)
                .scope(BotCommandScope::AllPrivateChats)
                .language_code("de"),
        )
    };
    assert!(refusal(set("Mx", "Mail servers")).contains("BOT_COMMAND_INVALID"));
    assert!(refusal(set("mx", "")).contains("BOT_COMMAND_DESCRIPTION_INVALID"));
    set("mx", "Mail servers").expect("a menu");
    assert_eq!(
        telegram.menu("all_private_chats", "de"),
        [("mx".to_owned(), "Mail servers".to_owned())]
    );
    telegram.finish();
}

#[test]
fn files_of_users_can_be_downloaded() {
    let (telegram, client, chat) = start();
    chat.document("mail.eml", "Received: from a", "trace this");
    let message = a_message(client.update(0));

    let file = client
        .run(
            client
                .bot
                .get_file(message.document().expect("a file").file.id.clone()),
        )
        .expect("a file");

    let mut bytes = Vec::new();
    client
        .run(async { client.bot.download_file(&file.path, &mut bytes).await })
        .expect("its bytes");
    assert_eq!(bytes, b"Received: from a");
    telegram.forgive("refused: getFile");
    assert!(
        refusal(client.run(client.bot.get_file(FileId("nothing".to_owned()))))
            .contains("invalid file_id")
    );
    chat.document("large.eml", vec![b'x'; (20 << 20) + 1], "");
    let message = a_message(client.update(-1));

    let large = client.run(
        client
            .bot
            .get_file(message.document().expect("a file").file.id.clone()),
    );

    assert!(refusal(large).contains("file is too big"));
    telegram.finish();
}

#[test]
fn faults_happen_as_often_as_requested() {
    let (telegram, client, chat) = start();
    telegram
        .fault("sendMessage", Fault::Drop, 1)
        .fault("sendMessage", Fault::Lose, 1);
    assert!(matches!(
        client.html(&chat, "one"),
        Err(RequestError::Network(_))
    ));
    assert_eq!(chat.messages().len(), 0);
    assert!(matches!(
        client.html(&chat, "two"),
        Err(RequestError::Network(_))
    ));
    assert_eq!(chat.messages().len(), 1);
    telegram.fault("sendMessage", Fault::Flood(9), 1);
    assert!(
        matches!(client.html(&chat, "three"), Err(RequestError::RetryAfter(wait)) if wait.seconds() == 9)
    );
    telegram.fault("getUpdates", Fault::Status(409), 1);
    let conflict = client.run(client.bot.get_updates());

    assert!(matches!(
        conflict,
        Err(RequestError::Api(ApiError::TerminatedByOtherGetUpdates))
    ));
    telegram.revoke_token();
    assert!(matches!(
        client.html(&chat, "four"),
        Err(RequestError::Api(ApiError::InvalidToken))
    ));

    let statuses: Vec<_> = telegram.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [0, 200, 429, 409, 401]);
    telegram.finish();
}

#[test]
fn refuses_undocumented_methods_and_parameters() {
    let (telegram, _, chat) = start();
    let post = |path: &str, body: serde_json::Value| {
        let mut client = netvane_tests::http::Client::connect(telegram.address);
        let target = format!("POST /bot{TOKEN}/{path}");
        client.ask(
            &target,
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes(),
        )
    };

    telegram.forgive("refused:");
    let told = |response: netvane_tests::http::Response| {
        (
            response.status,
            serde_json::from_slice::<serde_json::Value>(&response.body).expect("JSON"),
        )
    };

    let (status, body) = told(post(
        "sendMessage",
        json!({ "chat_id": chat.id, "text": "a", "colour": "red" }),
    ));
    assert_eq!((status, &body["ok"]), (400, &json!(false)));
    assert_eq!(
        body["description"],
        "Bad Request: sendMessage.colour does not exist"
    );
    assert_eq!(
        told(post("sendMessage", json!({ "text": "a" }))).1["description"],
        "Bad Request: sendMessage.chat_id is required"
    );
    assert_eq!(told(post("sendPigeon", json!({}))).0, 404);
    assert_eq!(
        told(post(
            "SENDMESSAGE",
            json!({ "chat_id": chat.id, "text": "a" })
        ))
        .0,
        200
    );

    let wrong = Bot::new("1:AAAA").set_api_url(telegram.url().parse().expect("a URL"));
    telegram.forgive("a call with the token");
    let client = Client::of(&telegram);

    assert!(matches!(
        client.run(wrong.get_me()),
        Err(RequestError::Api(ApiError::InvalidToken))
    ));
    telegram.finish();
}

#[test]
#[should_panic(expected = "the bot broke the platform's rules")]
fn a_test_fails_at_its_end_when_the_bot_did_wrong() {
    let (_telegram, client, chat) = start();
    let _ = client.html(&chat, "<b>open");
}
