//! An agent that was taken over: its key with a client of the attacker's.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use async_nats::{Client, ConnectOptions, HeaderMap};
use bytes::Bytes;
use futures::StreamExt as _;
use netvane_core::vantage::{Agents as _, Question, Unanswered};
use serde_json::json;

use super::site::{Asked, Site, question};

async fn attacker(site: &Site) -> Client {
    let seed = fs::read_to_string(site.nats.key("sin1")).expect("a key");
    let options = ConnectOptions::with_nkey(seed.trim().to_owned());
    options.connect(site.nats.url()).await.expect("connected")
}

fn kind(kind: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Nv-Kind", kind);
    headers
}

fn hello(name: &str) -> Bytes {
    json!({"agent": name, "protocol": 1, "version": "9", "commands": {"geo": "1"}, "most": 32})
        .to_string()
        .into()
}

/// Resident memory of this process at its peak, in MB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kib| kib.parse::<u64>().ok());
    kib.expect("a size") / 1000
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn a_forged_agent_cannot_speak_for_others() {
    let site = Site::start();
    site.runtime.block_on(async {
        let attacker = attacker(&site).await;
        for subject in [
            "nv.1.hello.fra1",
            "nv.1.re.fra1.r.1",
            "nv.1.ask.fra1",
            "nv.1.roll",
            "nv.1.stop.fra1.1",
        ] {
            attacker
                .publish(subject, hello("fra1"))
                .await
                .expect("sent");
        }
        for payload in [
            hello("fra1"),
            hello("all"),
            "NaN".into(),
            r#"{"agent":"sin1","protocol":1,"place":{"latitude":NaN,"longitude":1e999}}"#.into(),
            vec![b'x'; 900_000].into(),
            "[".repeat(8000).into(),
        ] {
            attacker
                .publish("nv.1.hello.sin1", payload)
                .await
                .expect("sent");
        }
        attacker.flush().await.expect("flushed");
    });
    sleep(Duration::from_millis(300));
    assert_eq!(site.present(), Vec::<String>::new());
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn what_a_forged_agent_sends_is_bounded_in_memory() {
    let site = Site::start();
    let _fra1 = site.nats.start_agent("fra1");
    let client = site.runtime.block_on(attacker(&site));
    let mut questions = site.runtime.block_on(async {
        let questions = client.subscribe("nv.1.ask.sin1").await.expect("subscribed");
        client
            .publish("nv.1.hello.sin1", hello("sin1"))
            .await
            .expect("sent");
        client.flush().await.expect("flushed");
        questions
    });
    site.wait_for(&["fra1", "sin1"]);
    let before = peak();

    let flood = site.runtime.spawn(async move {
        let question = questions.next().await.expect("a question");
        let subject = question.reply.expect("a reply subject");
        let large = json!({"data": {"x": "y".repeat(200_000)}}).to_string();
        let large = Bytes::from(large);
        // As fast as the server takes it: some large, most small, and heartbeats in between.
        for n in 0..100_000 {
            let small = Bytes::from_static(br#"{"data":{}}"#);
            let payload = if n % 50 == 0 { large.clone() } else { small };
            let sent = client.publish_with_headers(subject.clone(), kind("progress"), payload);
            sent.await.expect("sent");
            let sent = client.publish("nv.1.hello.sin1", hello("sin1"));
            sent.await.expect("sent");
        }
        let large = Bytes::from(vec![b' '; 1_000_000]);
        let sent = client.publish_with_headers(subject, kind("reply"), large);
        sent.await.expect("sent");
        client.flush().await.expect("flushed");
        client
    });

    // Meanwhile, others are heard.
    let hub = site.hub.clone();
    let others = site.runtime.spawn(async move {
        let mut slowest = Duration::ZERO;
        for _ in 0..50 {
            let started = Instant::now();
            let asked = hub.ask("fra1", geo(5.0), Box::new(|_| {}));
            asked.await.expect("an answer");
            slowest = slowest.max(started.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        slowest
    });
    let asked = site.ask("sin1", geo(40.0));
    let Asked {
        answer,
        progress,
        elapsed,
    } = asked;
    assert!(matches!(answer, Err(Unanswered::Unreadable)), "{answer:?}");
    let most = 2 + elapsed.as_millis() / 100;
    assert!(
        progress.len() as u128 <= most,
        "{} in {elapsed:?}",
        progress.len()
    );
    let grown = peak() - before;
    assert!(grown < 100, "{grown} MB");
    let slowest = site.runtime.block_on(others).expect("no panic");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    drop(site.runtime.block_on(flood));
    assert_eq!(site.present(), ["fra1", "sin1"]);
}

fn geo(seconds: f64) -> Question {
    question("geo", json!({"target": "192.0.2.1"}), seconds)
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn the_end_of_a_forged_answer_is_read_as_what_it_is() {
    let site = Site::start();
    let client = site.runtime.block_on(attacker(&site));
    let mut questions = site.runtime.block_on(async {
        let questions = client.subscribe("nv.1.ask.sin1").await.expect("subscribed");
        client
            .publish("nv.1.hello.sin1", hello("sin1"))
            .await
            .expect("sent");
        client.flush().await.expect("flushed");
        questions
    });
    site.wait_for(&["sin1"]);
    let answers = [
        ("reply", Bytes::from_static(b"NaN")),
        ("reply", Bytes::from_static(br#"{"data":NaN}"#)),
        ("reply", Bytes::new()),
        ("reply", "[".repeat(200_000).into()),
        ("reply", vec![b'x'; 300_000].into()),
        ("problem", Bytes::from_static(b"{}")),
        ("problem", vec![b'x'; 300_000].into()),
    ];
    let sent = answers.clone();
    let _forger = site.runtime.spawn(async move {
        for (name, payload) in sent {
            let question = questions.next().await.expect("a question");
            let subject = question.reply.expect("a reply subject");
            client
                .publish_with_headers(subject, kind(name), payload)
                .await
                .expect("sent");
        }
        questions
    });
    for (name, payload) in answers {
        let asked = site.ask("sin1", question("geo", json!({"target": "192.0.2.1"}), 5.0));
        let what = format!("{name} of {} bytes", payload.len());
        assert!(
            matches!(asked.answer, Err(Unanswered::Unreadable)),
            "{what}: {:?}",
            asked.answer
        );
    }
    assert!(site.hub.reachable().is_ok());
}
