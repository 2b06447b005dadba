//! Several replicas of `netvane serve` at one NATS server: what each of them receives is done once.

use std::{
    fs,
    sync::Barrier,
    thread::sleep,
    time::{Duration, Instant},
};

use netvane_tests::{
    Dns, Lab, Nats, Receiver, Scratch, Service, Telegram,
    everything::{RETRIES, SECRET, call_back},
    http::{Client, Response},
    telegram::{Limits, Message, User},
    until,
};
use serde_json::{Value, json};

/// The server, and what replicas talk to.
struct Site {
    nats: Nats,
    telegram: Telegram,
    dns: Dns,
    _scratch: Scratch,
}

impl Site {
    fn start() -> Self {
        let (lab, scratch) = (Lab::nats(), Scratch::new());
        lab.enter();
        let users = fs::read_to_string(lab.value("NATS_CONF")).expect("the lab's configuration");
        fs::copy(lab.value("USERS_CONF"), scratch.path().join("users.conf")).expect("copied");
        let (file, store) = (
            scratch.path().join("nats.conf"),
            scratch.path().join("store"),
        );
        let state = format!(
            "{users}\njetstream {{ store_dir: \"{}\" }}\n",
            store.display()
        );
        fs::write(&file, state).expect("written");
        Self {
            nats: Nats::start_with(&lab, file),
            telegram: Telegram::start(),
            dns: Dns::start(),
            _scratch: scratch,
        }
    }

    /// Starts a replica, which has no state of its own.
    fn replica(&self, more: &[(&str, &str)]) -> Service {
        let (url, key) = (self.nats.url(), self.nats.key("hub"));
        let dns = self.dns.address.to_string();
        let mut settings = vec![
            ("NETVANE__CLUSTER__NATS", url.as_str()),
            ("NETVANE__CLUSTER__NKEY_FILE", key.as_str()),
            ("NETVANE__DNS__SERVERS", dns.as_str()),
            ("NETVANE__RDAP__ENABLED", "false"),
        ];
        settings.extend(more);
        Service::start(&settings)
    }
}

fn is_answer(message: &Message) -> bool {
    !message.buttons().any(|button| button.text == "Cancel")
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn updates_that_two_replicas_receive_at_once_are_answered_once() {
    let site = Site::start();
    site.telegram.limits(Limits::none());
    let mut settings = site.telegram.settings().to_vec();
    settings.push(("NETVANE__TELEGRAM__MODE", "webhook"));
    settings.push(("NETVANE__TELEGRAM__SECRET_TOKEN", "known-to-both"));
    settings.push(("NETVANE__HTTP__PUBLIC_URL", "https://bot.example"));
    let replicas = [site.replica(&settings), site.replica(&settings)];
    for replica in &replicas {
        until("the replica is ready", || {
            replica.get("/readyz").status == 200
        });
    }

    let chats: Vec<_> = (100..400)
        .map(|id| site.telegram.private(&User::new(id, "Ann")))
        .collect();
    let post = |replica: &Service, id: i64, start: &Barrier| {
        // A lookup, a word that is no command, and a command without its argument.
        let text = ["/port 22", "/start", "/mx"][usize::try_from(id % 3).expect("small")];
        let update = json!({ "update_id": 900_000 + id, "message": {
            "message_id": 1, "date": 1_790_000_000, "text": text,
            "entities": [{ "type": "bot_command", "offset": 0, "length": text.split(' ').next().map_or(0, str::len) }],
            "chat": { "id": id, "type": "private", "first_name": "Ann" },
            "from": { "id": id, "is_bot": false, "first_name": "Ann" },
        }});
        let headers = [
            ("Content-Type", "application/json"),
            ("X-Telegram-Bot-Api-Secret-Token", "known-to-both"),
        ];
        let mut client = Client::connect(replica.address);
        start.wait();
        let body = update.to_string();
        let posted = client.ask("POST /hooks/telegram", &headers, body.as_bytes());
        assert_eq!(posted.status, 200, "{}", posted.text());
    };
    for chat in &chats {
        let start = Barrier::new(replicas.len());
        std::thread::scope(|scope| {
            for replica in &replicas {
                scope.spawn(|| post(replica, chat.id, &start));
            }
        });
    }

    for chat in &chats {
        chat.wait_for(is_answer);
    }
    for replica in replicas {
        assert_eq!(replica.stop(), Some(0));
    }
    for chat in &chats {
        let answers = chat.messages();
        let answers = answers.iter().filter(|message| is_answer(message));
        assert_eq!(answers.count(), 1, "chat {}", chat.id);
    }
    assert!(
        site.telegram.webhook().is_some(),
        "others may still be served"
    );
    site.telegram.finish();
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn cancel_works_at_another_replica_than_the_one_that_looks_up() {
    let site = Site::start();
    site.telegram.limits(Limits::none()).plain_webhooks();
    let mut settings = site.telegram.settings().to_vec();
    settings.push(("NETVANE__TELEGRAM__MODE", "webhook"));
    settings.push(("NETVANE__TELEGRAM__SECRET_TOKEN", "known-to-both"));
    settings.push(("NETVANE__HTTP__PUBLIC_URL", "https://bot.example"));
    let (one, two) = (site.replica(&settings), site.replica(&settings));
    for replica in [&one, &two] {
        until("the replica is ready", || {
            replica.get("/readyz").status == 200
        });
    }

    let ann = site.telegram.private(&User::new(42, "Ann"));
    site.dns.hold("slow.example.test. A");
    site.telegram.deliver_to(one.address);
    let asked = ann.say("/a slow.example.test");
    let working = asked.wait_for(|message| message.buttons().any(|it| it.text == "Cancel"));
    asked.taken();
    site.telegram.deliver_to(two.address);
    ann.press(&working, "Cancel");
    let cancelled = asked.wait_for(is_answer);
    assert!(cancelled.text.contains("ancel"), "{}", cancelled.text);
    site.dns.release("slow.example.test. A");

    // Refresh and follow-ups of a reply that the first one sent.
    site.telegram.deliver_to(one.address);
    let answer = ann.say("/a example.test").wait_for(is_answer);
    site.telegram.deliver_to(two.address);
    ann.press(&answer, "Refresh");
    until("the reply is edited", || ann.history(answer.id).len() > 1);
    assert_eq!(one.stop(), Some(0));
    assert_eq!(two.stop(), Some(0));
    site.telegram.finish();
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn updates_are_answered_while_replicas_are_killed() {
    let site = Site::start();
    site.telegram.limits(Limits::none());
    let mut settings = site.telegram.settings().to_vec();
    settings.push(("NETVANE__TELEGRAM__MODE", "webhook"));
    settings.push(("NETVANE__TELEGRAM__SECRET_TOKEN", "known-to-both"));
    settings.push(("NETVANE__HTTP__PUBLIC_URL", "https://bot.example"));
    let start = || {
        let replica = site.replica(&settings);
        until("the replica is ready", || {
            replica.get("/readyz").status == 200
        });
        replica
    };
    let mut replicas = [start(), start()];

    let chats: Vec<_> = (100..220)
        .map(|id| site.telegram.private(&User::new(id, "Ann")))
        .collect();
    for (number, chat) in chats.iter().enumerate() {
        if number % 30 == 15 {
            let killed = &mut replicas[number / 30 % 2];
            std::mem::replace(killed, site.replica(&settings)).kill();
        }
        let id = chat.id;
        let update = json!({ "update_id": 900_000 + id, "message": {
            "message_id": 1, "date": 1_790_000_000, "text": "/port 22",
            "chat": { "id": id, "type": "private", "first_name": "Ann" },
            "from": { "id": id, "is_bot": false, "first_name": "Ann" },
        }});
        // As Telegram does: until one of them accepts it.
        let mut attempt = number;
        until("the update is accepted", || {
            attempt += 1;
            let headers = [
                ("Content-Type", "application/json"),
                ("X-Telegram-Bot-Api-Secret-Token", "known-to-both"),
            ];
            let mut client = Client::connect(replicas[attempt % 2].address);
            let body = update.to_string();
            let posted = client.ask("POST /hooks/telegram", &headers, body.as_bytes());
            posted.status == 200
        });
    }

    for chat in &chats {
        chat.wait_for(is_answer);
    }
    sleep(Duration::from_secs(12));
    for chat in &chats {
        let answers = chat.messages();
        let answers = answers.iter().filter(|message| is_answer(message));
        assert_eq!(answers.count(), 1, "chat {}", chat.id);
    }
    for replica in replicas {
        assert_eq!(replica.stop(), Some(0));
    }
    site.telegram.finish();
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn while_nats_is_away_lookups_go_on_and_nothing_is_answered_twice() {
    let mut site = Site::start();
    site.telegram.limits(Limits::none());
    let mut settings = site.telegram.settings().to_vec();
    settings.push(("NETVANE__TELEGRAM__MODE", "webhook"));
    settings.push(("NETVANE__TELEGRAM__SECRET_TOKEN", "known-to-both"));
    settings.push(("NETVANE__HTTP__PUBLIC_URL", "https://bot.example"));
    settings.push(("NETVANE__HTTP__CALLBACK_SECRET", SECRET));
    let (one, two) = (site.replica(&settings), site.replica(&settings));
    for replica in [&one, &two] {
        until("the replica is ready", || {
            replica.get("/readyz").status == 200
        });
    }

    let ann = site.telegram.private(&User::new(42, "Ann"));
    site.dns.hold("slow.example.test. A");
    site.telegram.deliver_to(one.address);
    let asked = ann.say("/a slow.example.test");
    asked.wait_for(|message| message.buttons().any(|it| it.text == "Cancel"));
    asked.taken();
    site.nats.kill();
    until("the connection is lost", || {
        one.get("/readyz").status == 503
    });
    for replica in [&one, &two] {
        assert_eq!(replica.command("port 22").status, 200);
        let refused = call_back(replica, "port 22", "https://receiver.example/hook");
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    }

    // The lookup ends meanwhile.
    asked.wait_for(is_answer);
    sleep(Duration::from_secs(2));
    site.nats.start_again();
    until("the state is back", || one.get("/readyz").status == 200);
    // The other replica looks at the job several times, and must leave it alone.
    sleep(Duration::from_secs(20));
    site.dns.release("slow.example.test. A");
    let messages = ann.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    ann.say("/port 25").wait_for(is_answer);
    assert_eq!(one.stop(), Some(0));
    assert_eq!(two.stop(), Some(0));
    site.telegram.finish();
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn a_callback_of_a_killed_replica_is_delivered_once_by_another() {
    let (site, receiver) = (Site::start(), Receiver::start());
    let settings = [
        ("NETVANE__POLICY__ALLOW", "127.0.0.1/32"),
        ("NETVANE__HTTP__CALLBACK_SECRET", SECRET),
        RETRIES,
    ];
    let (killed, other) = (site.replica(&settings), site.replica(&settings));
    let accepted = || {
        let response = call_back(&killed, "mx example.test", &receiver.url("/hook"));
        (response.status == 202).then(|| value(&response)["id"].as_str().map(str::to_owned))
    };
    site.dns.hold("example.test. MX");
    let mut id = None;
    until("a callback is accepted", || {
        id = accepted().flatten();
        id.is_some()
    });
    let id = id.expect("accepted");
    killed.kill();
    site.dns.release("example.test. MX");

    let message = receiver
        .next_within(Duration::from_secs(40))
        .expect("the other replica delivers it");
    assert_eq!(message.header("webhook-id"), id);
    message.verified(SECRET);
    message.answer("200 OK", &[]);
    until("the delivery has ended", || {
        let delivery = other.get(&format!("/v1/deliveries/{id}")).json();
        delivery["state"] == "delivered"
    });
    assert!(
        receiver.next_within(Duration::from_secs(12)).is_none(),
        "once"
    );
    assert_eq!(other.stop(), Some(0));
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn one_replica_polls_until_it_is_killed_or_stopped() {
    let site = Site::start();
    let settings = site.telegram.settings();
    let first = site.replica(&settings);
    first.logged("role taken");
    let second = site.replica(&settings);
    until("the second is ready", || {
        second.get("/readyz").status == 200
    });
    let ann = site.telegram.private(&User::new(42, "Ann"));
    ann.say("/port 22").wait_for(is_answer);
    // Longer than a lease: a second poll would be a violation.
    sleep(Duration::from_secs(22));
    assert_eq!(second.times_logged("role taken"), 0);

    first.kill();
    let killed = Instant::now();
    // The dead poller's connection may still be open for a moment.
    site.telegram.forgive("terminated by other getUpdates");
    let asked = ann.say("/port 25");
    until_within(Duration::from_secs(22), "the role is taken over", || {
        second.times_logged("role taken") == 1
    });
    asked.wait_for(is_answer);
    let after = killed.elapsed();
    assert!(after < Duration::from_secs(23), "{after:?}");

    let third = site.replica(&settings);
    until("the third is ready", || third.get("/readyz").status == 200);
    second.signal("TERM");
    let stopped = Instant::now();
    until("the role is handed over", || {
        third.times_logged("role taken") == 1
    });
    let after = stopped.elapsed();
    assert!(after < Duration::from_secs(2), "{after:?}");
    ann.say("/port 53").wait_for(is_answer);
    assert_eq!(second.ended(), Some(0));
    assert_eq!(third.stop(), Some(0));
    site.telegram.finish();
}

#[track_caller]
fn until_within(time: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + time;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn a_kept_result_is_shown_and_deleted_by_another_replica() {
    let site = Site::start();
    let (one, two) = (site.replica(&[]), site.replica(&[]));
    let reply = one.command("port 22").json();
    let id = reply["id"].as_str().expect("an id");
    let keep = json!({ "id": id }).to_string();
    let headers = [("Content-Type", "application/json")];
    let mut kept = None;
    until("the result is kept", || {
        let response =
            Client::connect(one.address).ask("POST /v1/results", &headers, keep.as_bytes());
        kept = (response.status == 201).then(|| value(&response));
        kept.is_some()
    });
    let link = kept.expect("kept")["url"].as_str().map(str::to_owned);
    let link = link.expect("a link");
    let path = &link[link.find("/r/").expect("a result")..];
    let accept = [("Accept", "application/json")];
    let shown = Client::connect(two.address).ask(&format!("GET {path}"), &accept, b"");
    assert_eq!(shown.status, 200, "{shown:?}");
    assert_eq!(value(&shown)["data"], reply["data"]);
}

fn value(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("JSON")
}
