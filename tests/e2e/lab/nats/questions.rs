//! Questions of a hub to agents, and how they end.

use std::{thread::sleep, time::Duration};

use futures::StreamExt as _;
use netvane_core::vantage::{Agents as _, Unanswered};
use serde_json::{Value, json};

use super::packets::Packets;
use super::site::{CALLER, Site, long_ping, question};

#[test]
#[ignore = "needs the lab: tests/run"]
fn agents_appear_answer_and_say_goodbye() {
    let site = Site::start();
    let fra1 = site
        .nats
        .agent("fra1")
        .env("NETVANE__AGENT__CITY", "Frankfurt");
    let fra1 = fra1
        .env("NETVANE__AGENT__COUNTRY", "de")
        .env("NETVANE__AGENT__ASN", "3320");
    let fra1 = fra1.env("NETVANE__AGENT__TAGS", "home").spawn();
    let _sin1 = site.nats.start_agent("sin1");
    site.wait_for(&["fra1", "sin1"]);

    let agent = site.agent("fra1");
    assert_eq!(
        (agent.city.as_str(), agent.country.as_str()),
        ("Frankfurt", "DE")
    );
    assert_eq!(
        (agent.asn, agent.tags.as_slice()),
        (Some(3320), &["home".to_owned()][..])
    );
    assert_eq!((agent.busy, agent.most), (0, 32));
    assert!(agent.commands.contains_key("ping") && !agent.commands.contains_key("status"));

    let asked = site.ask("fra1", question("geo", json!({"target": "192.0.2.1"}), 5.0));
    let data = asked.answer.expect("an answer");
    assert_eq!(data["address"], "192.0.2.1");

    let asked = site.ask("fra1", long_ping("127.7.1.1", 12.0));
    let data = asked.answer.expect("an answer");
    assert_eq!((&data["sent"], &data["received"]), (&json!(20), &json!(20)));
    // Five a second at most.
    assert!(
        (3..=30).contains(&asked.progress.len()),
        "{}",
        asked.progress.len()
    );
    assert!(
        asked
            .progress
            .iter()
            .all(|data| data["target"] == "127.7.1.1")
    );

    fra1.signal("TERM");
    site.wait_for(&["sin1"]);
    assert_eq!(fra1.finish().code, Some(0));
    assert_eq!(site.agent("fra1").heard, None, "it said goodbye");
    let asked = site.ask("fra1", question("geo", json!({"target": "192.0.2.1"}), 5.0));
    assert!(matches!(asked.answer, Err(Unanswered::NoAck)), "{asked:?}");
    assert!(asked.elapsed < Duration::from_millis(500), "{asked:?}");
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn a_question_that_is_dropped_stops_its_packets_within_300_ms() {
    let site = Site::start();
    let _fra1 = site.nats.start_agent("fra1");
    site.wait_for(&["fra1"]);
    let packets = Packets::to(&site.lab, "127.7.1.2");

    let asked = site
        .hub
        .ask("fra1", long_ping("127.7.1.2", 12.0), Box::new(|_| {}));
    let asked = site.runtime.spawn(asked);
    netvane_tests::until("packets are sent", || packets.count() > 2);
    asked.abort();
    sleep(Duration::from_millis(300));
    let after = packets.count();
    sleep(Duration::from_millis(1200));
    assert_eq!(packets.count(), after);
    assert!(after < 20);
    netvane_tests::until("the slot is free", || site.agent("fra1").busy == 0);
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn a_question_that_is_late_is_stopped_at_the_agent() {
    let site = Site::start();
    let _fra1 = site.nats.start_agent("fra1");
    site.wait_for(&["fra1"]);
    let packets = Packets::to(&site.lab, "127.7.1.3");

    let asked = site.ask("fra1", long_ping("127.7.1.3", 1.5));
    assert!(matches!(asked.answer, Err(Unanswered::Late)), "{asked:?}");
    assert!(
        (1400..2500).contains(&asked.elapsed.as_millis()),
        "{asked:?}"
    );
    sleep(Duration::from_millis(300));
    let after = packets.count();
    sleep(Duration::from_millis(1200));
    assert_eq!(packets.count(), after);
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn an_agent_with_32_questions_is_busy() {
    let site = Site::start();
    let _fra1 = site.nats.start_agent("fra1");
    site.wait_for(&["fra1"]);
    let running: Vec<_> = (0..32)
        .map(|n| {
            let mut question = long_ping(&format!("127.8.0.{n}"), 20.0);
            question.caller = format!("user {n}");
            site.runtime
                .spawn(site.hub.ask("fra1", question, Box::new(|_| {})))
        })
        .collect();
    netvane_tests::until("its load is known", || site.agent("fra1").busy == 32);

    let asked = site.ask("fra1", question("geo", json!({"target": "192.0.2.1"}), 5.0));
    assert!(matches!(asked.answer, Err(Unanswered::Busy)), "{asked:?}");
    for question in running {
        let answer = site.runtime.block_on(question).expect("no panic");
        assert_eq!(answer.expect("an answer")["received"], 20);
    }
    let asked = site.ask("fra1", question("geo", json!({"target": "192.0.2.1"}), 5.0));
    assert!(asked.answer.is_ok(), "{asked:?}");
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn problems_of_an_agent_keep_their_code() {
    let site = Site::start();
    let _fra1 = site.nats.start_agent("fra1");
    let sin1 = site.nats.agent("sin1");
    let _sin1 = sin1.env("NETVANE__POLICY__DENY", "127.7.1.6/32").spawn();
    site.wait_for(&["fra1", "sin1"]);
    for (agent, question, code) in [
        (
            "fra1",
            question("ping", json!({"target": "10.1.2.3"}), 5.0),
            "refused_target",
        ),
        ("sin1", long_ping("127.7.1.6", 5.0), "refused_target"),
        (
            "fra1",
            question("ping", json!({"target": "127.0.0.1", "new": 1}), 5.0),
            "bad_argument",
        ),
        (
            "fra1",
            question("ping", json!({"target": "127.0.0.1", "from": "all"}), 5.0),
            "bad_argument",
        ),
        ("fra1", question("status", json!({}), 5.0), "forbidden"),
        ("fra1", question("newer", json!({}), 5.0), "unknown_command"),
    ] {
        let name = question.command;
        let asked = site.ask(agent, question);
        match asked.answer {
            Err(Unanswered::Problem(problem)) => {
                assert_eq!(problem.code, code, "{name}: {problem:?}")
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn the_name_of_the_user_is_never_on_the_wire() {
    let site = Site::start();
    let _fra1 = site.nats.start_agent("fra1");
    site.wait_for(&["fra1"]);
    let seed = std::fs::read_to_string(site.nats.key("observer")).expect("a key");
    let mut wire = site.runtime.block_on(async {
        let observer = async_nats::ConnectOptions::with_nkey(seed.trim().to_owned());
        let observer = observer.connect(site.nats.url()).await.expect("connected");
        let wire = observer.subscribe(">").await.expect("subscribed");
        observer.flush().await.expect("flushed");
        wire
    });
    let asked = site.ask("fra1", long_ping("127.7.1.7", 12.0));
    assert!(asked.answer.is_ok(), "{asked:?}");

    let mut clients = Vec::new();
    site.runtime.block_on(async {
        let quiet = Duration::from_millis(500);
        while let Ok(Some(message)) = tokio::time::timeout(quiet, wire.next()).await {
            let text = format!(
                "{} {}",
                message.subject,
                String::from_utf8_lossy(&message.payload)
            );
            assert!(!text.contains("alice") && !text.contains(CALLER), "{text}");
            if message.subject.starts_with("nv.1.ask.") {
                let ask: Value = serde_json::from_slice(&message.payload).expect("JSON");
                clients.push(ask["client"].as_str().expect("a hash").to_owned());
            }
        }
    });
    assert_eq!(clients.len(), 1);
    assert!(clients[0].len() == 32 && clients[0].bytes().all(|byte| byte.is_ascii_hexdigit()));
}
