//! Each update is answered once: across restarts, errors, webhooks and repetitions.

use std::{sync::Barrier, time::Duration};

use netvane_tests::{
    Dns, Scratch, Telegram,
    http::Client,
    telegram::{Fault, Limits, User},
};
use serde_json::json;

use super::{Bot, answered, serve, settings};

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
