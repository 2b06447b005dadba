//! The Telegram adapter: the real program against a strict fake of Telegram.

use std::{net::SocketAddr, sync::Barrier, time::Duration};

use netvane_tests::{
    Dns, Scratch, Service, Telegram,
    http::Client,
    telegram::{Chat, Fault, Limits, Message, User},
};
use serde_json::json;

/// A zone with text that must not be clickable in a chat.
const HOSTILE: &str = r#"
$TTL 60
@ IN SOA ns1.hostile.test. hostmaster.hostile.test. 7 7200 3600 1209600 60
@ IN NS ns1.hostile.test.
@ IN TXT "<b>bold</b> <a href='https://evil.example'>x</a> @everyone /start #tag https://evil.example joe@evil.example </pre></code>"
"#;

struct Bot {
    telegram: Telegram,
    service: Service,
    dns: Dns,
}

fn settings(telegram: &Telegram, dns: SocketAddr) -> Vec<(&'static str, String)> {
    let mut settings: Vec<_> = telegram
        .settings()
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    settings.push(("NETVANE__DNS__SERVERS", dns.to_string()));
    settings.push(("NETVANE__RDAP__ENABLED", "false".into()));
    settings
}

fn serve(settings: &[(&'static str, String)]) -> Service {
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Service::start(&settings)
}

impl Bot {
    fn start() -> Self {
        Self::with_dns(Dns::start())
    }

    fn with_dns(dns: Dns) -> Self {
        let telegram = Telegram::start();
        let service = serve(&settings(&telegram, dns.address));
        telegram.wait_for_poll();
        Self {
            telegram,
            service,
            dns,
        }
    }

    fn ann(&self) -> Chat {
        self.telegram.private(&User::new(42, "Ann"))
    }

    /// Stops the program, then checks for violations.
    fn finish(self) {
        assert_eq!(self.service.stop(), Some(0));
        self.telegram.finish();
    }
}

fn answered(message: &Message) -> bool {
    message.buttons().any(|button| button.text == "Raw")
}

#[test]
fn a_lookup_is_answered_and_its_buttons_run_follow_ups() {
    let bot = Bot::start();
    let ann = bot.ann();
    let answer = ann.say("/mx example.test").wait_for(answered);

    assert!(
        answer.text.starts_with("✅ MX of example.test"),
        "{}",
        answer.text
    );

    assert!(
        answer.text.contains("mail1.example.test"),
        "{}",
        answer.text
    );

    assert_eq!(
        answer.live_parts(),
        [""; 0],
        "nothing is clickable by itself"
    );

    let labels: Vec<&str> = answer
        .buttons()
        .map(|button| button.text.as_str())
        .collect();

    assert!(
        labels.starts_with(&["spf", "mailcheck"])
            && labels.contains(&"dns")
            && !labels.contains(&"mx"),
        "{labels:?}"
    );

    let pressed = ann.press(&answer, "dns");
    pressed.answer();
    let everything = ann.wait_for(|message| {
        message.text.contains("example.test") && answered(message) && message.id != answer.id
    });

    assert!(
        everything.text.contains("ca.example") || everything.attachment.is_some(),
        "{}",
        everything.text
    );

    ann.press(&answer, "Raw").answer();
    let file = ann.wait_for(|message| message.attachment.is_some());

    assert!(
        file.attachment
            .expect("a file")
            .text()
            .contains("\"preference\"")
    );

    bot.finish();
}

#[test]
fn the_menu_lists_all_commands() {
    let bot = Bot::start();
    bot.telegram
        .wait_for_call("setMyCommands", |call| call.status == 200);
    let registry = bot.service.get("/v1/commands");
    let registry = registry.json();
    let names: Vec<&str> = registry["commands"]
        .as_array()
        .expect("commands")
        .iter()
        .filter_map(|command| command["name"].as_str())
        .collect();
    let menu = bot.telegram.menu("all_private_chats", "");
    assert_eq!(
        menu.iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        names
    );
    bot.finish();
}

#[test]
fn only_the_requester_can_cancel_a_lookup() {
    let bot = Bot::start();
    bot.dns.hold("example.test. MX");
    let group = bot.telegram.group(-77);
    let (ann, bob) = (
        group.by(&User::new(42, "Ann")),
        group.by(&User::new(43, "Bob")),
    );
    let asked = ann.say("/mx example.test");
    let working = asked.wait_for(|message| message.buttons().any(|button| button.text == "Cancel"));
    let refused = bob.press(&working, "Cancel").answer();
    assert!(
        refused["text"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{refused}"
    );
    ann.press(&working, "Cancel").answer();
    let ended = asked.wait_for(|message| message.text.contains("Cancelled"));
    assert_eq!(ended.id, working.id, "edited in place");
    bot.dns.release("example.test. MX");
    bot.finish();
}

#[test]
fn prompts_for_a_missing_argument_and_explains_mistakes() {
    let bot = Bot::start();
    let ann = bot.ann();
    let prompt = ann.say("/mx").reply();
    assert!(prompt.force_reply.is_some(), "{prompt:?}");
    let answer = ann.reply_to(&prompt, "example.test").wait_for(answered);

    assert!(
        answer.text.contains("mail1.example.test"),
        "{}",
        answer.text
    );

    let mistake = ann.say("/mx example..test").reply();
    assert!(mistake.text.contains("empty label"), "{}", mistake.text);
    assert!(
        mistake
            .buttons()
            .any(|button| button.text.contains("/mx example.test")),
        "{:?}",
        mistake.keyboard
    );

    let unknown = ann.say("/mxx example.test").reply();
    assert!(unknown.text.contains("did you mean"), "{}", unknown.text);
    let offered = ann.say("what about mail1.example.test?").reply();

    assert!(
        offered.buttons().any(|button| button.text.contains("dns")),
        "{:?}",
        offered.keyboard
    );

    bot.finish();
}

#[test]
fn a_reply_takes_its_target_from_the_message_replied_to() {
    let bot = Bot::start();
    let group = bot.telegram.group(-77).by(&User::new(42, "Ann"));
    let asked = group.say("/mx example.test");
    let answer = asked.wait_for(answered);
    let again = group.reply_to(&answer, "/txt").wait_for(|message| {
        answered(message)
            || message
                .buttons()
                .any(|button| button.text == "example.test")
    });
    assert!(
        again.text.contains("v=spf1") || again.text.contains("Which one"),
        "{}",
        again.text
    );
    bot.finish();
}

#[test]
fn an_update_is_answered_once_even_across_a_restart() {
    let (telegram, dns, state) = (Telegram::start(), Dns::start(), Scratch::new());
    let mut settings = settings(&telegram, dns.address);

    settings.push((
        "NETVANE__STATE__DIRECTORY",
        state.path().display().to_string(),
    ));

    let service = serve(&settings);
    let ann = telegram.private(&User::new(42, "Ann"));
    let asked = ann.say("/a example.test");
    asked.wait_for(answered);
    asked.resend();
    dns.hold("example.test. MX");
    let open = ann.say("/mx example.test");
    let working = open.wait_for(|message| message.buttons().any(|button| button.text == "Cancel"));
    open.taken();

    // The message's location is persisted once another lookup has been answered; then kill the
    // service.
    ann.say("/ns example.test").wait_for(answered);
    service.signal("KILL");
    assert_eq!(service.ended(), None);
    dns.release("example.test. MX");

    // The dead poller's connection may still be open for a moment.
    telegram.forgive("terminated by other getUpdates");
    let restarted = serve(&settings);
    let answer = open.wait_for(answered);
    assert_eq!(answer.id, working.id, "the same message is edited");
    asked.resend();
    ann.say("/a mail1.example.test").wait_for(answered);
    assert_eq!(asked.replies().len(), 1, "{:?}", asked.replies());
    assert_eq!(restarted.stop(), Some(0));
    telegram.finish();
}

#[test]
fn rate_limits_and_errors_lose_no_reply() {
    let bot = Bot::start();
    let ann = bot.ann();
    bot.telegram.fault("sendMessage", Fault::Flood(1), 2);
    let answer = ann.say("/a example.test").wait_for(answered);
    assert!(answer.text.contains("192.0.2."), "{}", answer.text);
    bot.telegram.fault("sendMessage", Fault::Drop, 1);
    ann.say("/ns example.test").wait_for(answered);
    // More lookups than the chat's rate limit allows: all must be answered eventually.
    let asked: Vec<_> = ["soa", "txt", "caa", "srv", "aaaa"]
        .iter()
        .map(|name| ann.say(&format!("/{name} example.test")))
        .collect();
    for question in &asked {
        question.wait_for(answered);
    }
    bot.finish();
}

#[test]
fn text_from_the_network_cannot_mention_link_or_format() {
    let bot = Bot::with_dns(Dns::serving("hostile.test.", HOSTILE));
    let answer = bot.ann().say("/txt hostile.test").wait_for(answered);
    assert!(
        answer.text.contains("@everyone /start #tag"),
        "{}",
        answer.text
    );
    assert_eq!(answer.clickable().len(), 0, "{:?}", answer.clickable());
    bot.finish();
}

#[test]
fn a_pasted_file_is_read() {
    let bot = Bot::start();
    let mail = "Received: from mx.example.net (mx.example.net [192.0.2.7]) by in.example.org with ESMTPS id 1\r\n\
                \tfor <a@example.org>; Mon, 2 Nov 2026 10:00:00 +0000\r\nFrom: b@example.net\r\nSubject: <b>hi</b>\r\n\r\nbody\r\n";
    let answer = bot.ann().document("mail.eml", mail, "/trace_mail").reply();
    let answer = if answer.text.contains("Looking") {
        bot.ann()
            .wait_for(|message| message.text.contains("mx.example.net"))
    } else {
        answer
    };
    assert!(answer.text.contains("192.0.2.7"), "{}", answer.text);
    bot.finish();
}

#[test]
fn answers_and_completes_inline_queries() {
    let bot = Bot::start();
    let user = User::new(42, "Ann");
    let query = bot.telegram.inline(&user, "mx example.test");
    let answer = query.answer();
    let result = answer["results"][0]["id"]
        .as_str()
        .expect("a result")
        .to_owned();
    let message = query
        .choose(&result)
        .wait_for(|message| message.text.contains("mail1.example.test"));
    assert_eq!(message.live_parts(), [""; 0]);
    bot.finish();
}

#[test]
fn answers_in_topics_and_channels_and_on_deep_links() {
    let bot = Bot::start();
    let topics = bot
        .telegram
        .supergroup_with_topics(-1_001_234_567_890, &["DNS"]);
    let asked = topics
        .topic("DNS")
        .by(&User::new(42, "Ann"))
        .say("/a example.test");

    assert!(
        asked.wait_for(answered).thread.is_some(),
        "answered in the topic"
    );

    let post = bot
        .telegram
        .channel(-1_009_876_543_210)
        .say("/a example.test");
    post.wait_for(answered);
    let linked = bot.ann().say("/start mx-example_test").wait_for(answered);

    assert!(
        linked.text.contains("mail1.example.test"),
        "{}",
        linked.text
    );

    bot.finish();
}

#[test]
fn updates_are_delivered_in_webhook_mode() {
    let (telegram, dns) = (Telegram::start(), Dns::start());
    let mut settings = settings(&telegram, dns.address);
    settings.push(("NETVANE__TELEGRAM__MODE", "webhook".into()));
    settings.push(("NETVANE__TELEGRAM__SECRET_TOKEN", "s3cret".into()));
    settings.push(("NETVANE__HTTP__PUBLIC_URL", "https://bot.example".into()));
    let service = serve(&settings);
    telegram.deliver_to(service.address);
    telegram.wait_for_call("setWebhook", |call| call.status == 200);
    let ann = telegram.private(&User::new(42, "Ann"));
    let answer = ann.say("/a example.test").wait_for(answered);
    assert!(answer.text.contains("192.0.2."), "{}", answer.text);
    telegram.send_secret(Some(Some("wrong")));
    let ignored = ann.say("/ns example.test");
    telegram.wait_for_delivery(401);
    assert!(ignored.replies().is_empty());
    telegram.send_secret(None);
    ignored.wait_for(answered);
    assert_eq!(service.stop(), Some(0));
    assert_eq!(telegram.webhook(), None, "removed by the program");
    telegram.finish();
}

#[test]
fn a_wrong_token_is_reported_and_other_adapters_run_on() {
    let (telegram, dns) = (Telegram::start(), Dns::start());
    telegram.limits(Limits::none()).revoke_token();
    let service = serve(&settings(&telegram, dns.address));
    service.logged("adapter failed");
    assert!(
        service.get("/readyz").text().contains("telegram failed"),
        "{}",
        service.get("/readyz").text()
    );
    assert!(
        service
            .get("/metrics")
            .text()
            .contains("netvane_adapter_up{adapter=\"telegram\"} 0")
    );
    assert_eq!(service.command("a example.test").status, 200);
    assert_eq!(service.stop(), Some(0));
    telegram.finish();
}

#[test]
fn a_long_explanation_is_two_messages_with_a_picture() {
    let bot = Bot::start();
    let ann = bot.ann();
    let answer = ann
        .say("/howmail a@example.test b@example.test")
        .wait_for(answered);
    let picture = ann.wait_for(|message| {
        message
            .attachment
            .as_ref()
            .is_some_and(|file| file.kind == "photo")
    });
    assert!(
        picture
            .attachment
            .as_ref()
            .expect("a picture")
            .bytes
            .starts_with(b"\x89PNG")
    );
    assert!(answer.text.contains("Continued below"), "{}", answer.text);
    assert!(picture.text.chars().count() > 200, "{}", picture.text);

    // The next reply comes after everything that belongs to this one.
    ann.say("/port 22").wait_for(answered);
    let mine = ann.messages();
    let mine = mine
        .iter()
        .filter(|message| message.id == answer.id || message.attachment.is_some());
    assert_eq!(mine.count(), 2);

    ann.press(&answer, "Raw").answer();
    let text = ann.wait_for(|message| {
        let file = message.attachment.as_ref();
        file.is_some_and(|file| file.name.ends_with(".txt"))
    });
    let file = text.attachment.expect("a file");
    assert!(file.text().contains("7. Reading"), "the whole explanation");
    bot.finish();
}

#[test]
fn refresh_edits_the_picture_only_if_it_changed() {
    let bot = Bot::start();
    let ann = bot.ann();
    let is_picture = |message: &Message| {
        let file = message.attachment.as_ref();
        file.is_some_and(|file| file.kind == "photo")
    };
    let bytes = |message: &Message| message.attachment.as_ref().map(|file| file.bytes.clone());
    // The reply to the next message comes after everything that belongs to this one.
    let settle = || ann.say("/port 22").wait_for(answered);
    let pictures = || {
        let all = ann.messages();
        all.into_iter().filter(is_picture).collect::<Vec<Message>>()
    };

    let answer = ann
        .say("/howmail a@example.test b@example.test")
        .wait_for(answered);
    let first = ann.wait_for(is_picture);
    settle();

    ann.press(&answer, "Refresh").answer();
    settle();
    let same = pictures();
    assert_eq!(same.len(), 1, "{same:?}");
    assert_eq!(same[0].at, first.at, "the picture is not edited");

    bot.dns.change(
        "$TTL 60\n@ IN SOA ns1.example.test. hostmaster.example.test. 9 7200 3600 1209600 60\n\
         @ IN NS ns1.example.test.\n@ IN MX 0 .\n",
    );
    ann.press(&answer, "Refresh").answer();
    let edited = ann.wait_for(|message| is_picture(message) && bytes(message) != bytes(&first));
    settle();
    assert_eq!(
        (edited.id, pictures().len()),
        (first.id, 1),
        "the same message"
    );
    bot.finish();
}

#[test]
fn start_greets_with_three_examples() {
    let bot = Bot::start();
    let ann = bot.ann();
    let greeting = ann
        .say("/start")
        .wait_for(|message| message.buttons().count() == 3);
    for example in [
        "/dns example.com",
        "/mailcheck example.com",
        "/http example.com",
    ] {
        assert!(greeting.text.contains(example), "{}", greeting.text);
    }
    assert!(greeting.text.chars().count() < 400, "{}", greeting.text);
    let pressed = ann.press(&greeting, "dns example.com");
    pressed.answer();
    ann.wait_for(|message| message.id != greeting.id && message.text.contains("example.com"));
    bot.finish();
}

#[test]
fn a_mistake_in_a_group_is_a_reply_without_a_sound() {
    let bot = Bot::start();
    let group = bot.telegram.group(-77);
    let ann = group.by(&User::new(42, "Ann"));
    let asked = ann.say("/mx www..example.test");
    asked.wait_for(|message| message.text.contains("empty label"));
    ann.say("/mx example.test").wait_for(answered);
    let silent: Vec<(bool, bool)> = bot
        .telegram
        .calls()
        .iter()
        .filter(|call| call.method == "sendMessage")
        .map(|call| {
            let is_reply = call.parameters["reply_parameters"].is_object();
            (call.parameters["disable_notification"] == true, is_reply)
        })
        .collect();
    assert_eq!(silent, [(true, true), (false, true)]);
    bot.finish();
}

#[test]
fn a_failed_call_is_repeated_soon_and_each_message_is_sent_once() {
    let bot = Bot::start();
    let ann = bot.ann();
    for fault in [Fault::Status(502), Fault::Status(500)] {
        bot.telegram.fault("sendMessage", fault, 1);
    }
    ann.say("/port 22").wait_for(answered);
    let times = |method: &str| -> Vec<_> {
        let calls = bot.telegram.calls();
        let calls = calls.iter().filter(|call| call.method == method);
        calls.map(|call| (call.status, call.at)).collect()
    };
    let sent = times("sendMessage");
    let statuses: Vec<u16> = sent.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [502, 500, 200]);
    let waits: Vec<Duration> = sent.windows(2).map(|two| two[1].1 - two[0].1).collect();
    // Half a second and a second, each with up to as much jitter.
    assert!(waits[0] < Duration::from_millis(1500), "{waits:?}");
    assert!(waits[1] < Duration::from_millis(2600), "{waits:?}");

    bot.dns.hold("slow.example.test. A");
    let asked = ann.say("/a slow.example.test");
    let working = asked.wait_for(|message| message.buttons().any(|it| it.text == "Cancel"));
    bot.telegram.fault("editMessageText", Fault::Status(503), 1);
    bot.dns.release("slow.example.test. A");
    let begun = std::time::Instant::now();
    let answer = ann.wait_for(|message| message.id == working.id && answered(message));
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(answer.id, working.id);

    let replies = ann.messages();
    let replies = replies.iter().filter(|message| answered(message));
    assert_eq!(replies.count(), 2, "each message once");
    bot.finish();
}

#[test]
fn a_reply_that_is_too_long_is_attached_as_a_file() {
    let texts: String = (0..60)
        .map(|n| format!("@ IN TXT \"{n} {}\"\n", "x".repeat(200)))
        .collect();
    let zone = format!(
        "$TTL 60\n@ IN SOA ns1.long.test. h.long.test. 7 7200 3600 1209600 60\n@ IN NS ns1.long.test.\n{texts}"
    );
    let bot = Bot::with_dns(Dns::serving("long.test.", &zone));
    let ann = bot.ann();
    let answer = ann.say("/txt long.test").wait_for(answered);

    assert!(
        answer.text.contains("Full answer in the file"),
        "{}",
        answer.text
    );

    let file = ann
        .wait_for(|message| message.attachment.is_some())
        .attachment
        .expect("a file");

    assert!(
        file.text().matches('x').count() >= 60 * 200,
        "the file has the whole reply"
    );
    bot.finish();
}

#[test]
fn an_update_that_is_posted_twice_at_once_is_answered_once() {
    let (telegram, dns) = (Telegram::start(), Dns::start());
    let mut settings = settings(&telegram, dns.address);
    settings.push(("NETVANE__TELEGRAM__MODE", "webhook".into()));
    settings.push(("NETVANE__TELEGRAM__SECRET_TOKEN", "known-to-both".into()));
    settings.push(("NETVANE__HTTP__PUBLIC_URL", "https://bot.example".into()));
    let service = serve(&settings);
    telegram.wait_for_call("setWebhook", |call| call.status == 200);

    let chats: Vec<_> = (100..400)
        .map(|id| telegram.private(&User::new(id, "Ann")))
        .collect();
    let post = |id: i64, start: &Barrier| {
        let update = json!({ "update_id": 900_000 + id, "message": {
            "message_id": 1, "date": 1_790_000_000, "text": "/port 22",
            "chat": { "id": id, "type": "private", "first_name": "Ann" },
            "from": { "id": id, "is_bot": false, "first_name": "Ann" },
        }});
        let headers = [
            ("Content-Type", "application/json"),
            ("X-Telegram-Bot-Api-Secret-Token", "known-to-both"),
        ];
        let mut client = Client::connect(service.address);
        start.wait();
        let posted = client.ask(
            "POST /hooks/telegram",
            &headers,
            update.to_string().as_bytes(),
        );
        assert_eq!(posted.status, 200, "{}", posted.text());
    };

    for chat in &chats {
        let start = Barrier::new(2);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| post(chat.id, &start));
            }
        });
    }
    for chat in &chats {
        chat.wait_for(answered);
    }
    assert_eq!(service.stop(), Some(0));
    for chat in &chats {
        let replies = chat.messages();
        let replies = replies.iter().filter(|message| answered(message));
        assert_eq!(replies.count(), 1, "chat {}", chat.id);
    }
    telegram.finish();
}
