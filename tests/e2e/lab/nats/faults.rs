//! Agents, servers and cables that fail.

use std::{
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use netvane_core::vantage::{Agents as _, SILENT_AFTER, Unanswered};
use netvane_tests::{Lab, Nats};
use serde_json::json;

use super::site::{Site, long_ping, question};

#[test]
#[ignore = "needs the lab: tests/run"]
fn an_agent_that_is_killed_is_gone_within_six_seconds() {
    let site = Site::start();
    let fra1 = site.nats.start_agent("fra1");
    let _sin1 = site.nats.start_agent("sin1");
    site.wait_for(&["fra1", "sin1"]);

    let other = site
        .hub
        .ask("sin1", long_ping("127.7.1.4", 20.0), Box::new(|_| {}));
    let other = site.runtime.spawn(other);
    let killer = std::thread::spawn(move || {
        sleep(Duration::from_millis(1000));
        fra1.signal("KILL");
        std::time::Instant::now()
    });
    let asked = site.ask("fra1", long_ping("127.7.1.4", 20.0));
    let killed = killer.join().expect("no panic");
    assert!(matches!(asked.answer, Err(Unanswered::Gone)), "{asked:?}");
    assert!(
        killed.elapsed() < Duration::from_secs(6),
        "{:?}",
        killed.elapsed()
    );

    let other = site.runtime.block_on(other).expect("no panic");
    assert_eq!(other.expect("the other one is unharmed")["received"], 20);
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn an_agent_that_hangs_does_not_take_a_question() {
    let site = Site::start();
    let fra1 = site.nats.start_agent("fra1");
    site.wait_for(&["fra1"]);
    fra1.signal("STOP");
    let asked = site.ask("fra1", question("geo", json!({"target": "192.0.2.1"}), 5.0));
    assert!(matches!(asked.answer, Err(Unanswered::NoAck)), "{asked:?}");
    assert!(
        (900..1500).contains(&asked.elapsed.as_millis()),
        "{asked:?}"
    );
    fra1.signal("CONT");
    netvane_tests::until("it answers again", || {
        let geo = question("geo", json!({"target": "192.0.2.1"}), 5.0);
        site.ask("fra1", geo).answer.is_ok()
    });
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn without_a_server_a_hub_says_so_at_once_and_recovers_by_itself() {
    let mut site = Site::start();
    let _fra1 = site.nats.start_agent("fra1");
    site.wait_for(&["fra1"]);
    site.nats.kill();
    sleep(Duration::from_millis(100));
    assert!(site.hub.reachable().is_err());
    let asked = site.ask("fra1", question("geo", json!({"target": "192.0.2.1"}), 5.0));
    assert!(
        matches!(asked.answer, Err(Unanswered::Unreachable(_))),
        "{asked:?}"
    );
    assert!(asked.elapsed < Duration::from_millis(100), "{asked:?}");

    sleep(Duration::from_secs(3));
    site.nats.start_again();
    let back = std::time::Instant::now();
    netvane_tests::until("it answers again", || {
        let geo = question("geo", json!({"target": "192.0.2.1"}), 5.0);
        site.ask("fra1", geo).answer.is_ok()
    });
    assert!(
        back.elapsed() < Duration::from_secs(6),
        "{:?}",
        back.elapsed()
    );
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn an_agent_that_is_told_to_end_finishes_what_runs() {
    let site = Site::start();
    let fra1 = site.nats.start_agent("fra1");
    site.wait_for(&["fra1"]);
    let asked = site
        .hub
        .ask("fra1", long_ping("127.7.1.8", 20.0), Box::new(|_| {}));
    let asked = site.runtime.spawn(asked);
    netvane_tests::until("it runs", || site.agent("fra1").busy == 1);
    sleep(Duration::from_millis(1000));
    fra1.signal("TERM");
    let told = Instant::now();
    netvane_tests::until("it says goodbye", || site.present().is_empty());
    assert!(
        told.elapsed() < Duration::from_millis(500),
        "{:?}",
        told.elapsed()
    );
    let answer = site.runtime.block_on(asked).expect("no panic");
    assert_eq!(answer.expect("an answer")["received"], 20);
    let finished = fra1.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(told.elapsed() < Duration::from_secs(7));
}

/// Cuts the cable between the lab's namespaces, or mends it.
fn set_cable(lab: &Lab, state: &str) {
    let link = [
        "-n",
        lab.value("CLIENT_NS"),
        "link",
        "set",
        lab.value("CABLE"),
        state,
    ];
    let set = Command::new("ip").args(link).status().expect("ip starts");
    assert!(set.success(), "{link:?}");
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn an_agent_whose_cable_is_cut_is_not_asked_after_12_seconds_and_back_6_seconds_after_it_is_mended()
{
    let site = Site::start_with(Nats::start_at_cable);
    let _fra1 = site.nats.agent_at_cable(&site.lab, "fra1").spawn();
    let _sin1 = site.nats.start_agent("sin1");
    site.wait_for(&["fra1", "sin1"]);
    let asked = site
        .hub
        .ask("fra1", long_ping("127.7.1.9", 20.0), Box::new(|_| {}));
    let asked = site.runtime.spawn(asked);
    netvane_tests::until("it runs", || site.agent("fra1").busy == 1);

    set_cable(&site.lab, "down");
    let cut = Instant::now();
    let answer = site.runtime.block_on(asked).expect("no panic");
    assert!(matches!(answer, Err(Unanswered::Gone)), "{answer:?}");
    assert!(
        cut.elapsed() < Duration::from_secs(6),
        "{:?}",
        cut.elapsed()
    );
    site.wait_for(&["sin1"]);
    assert!(
        cut.elapsed() <= SILENT_AFTER + Duration::from_millis(500),
        "{:?}",
        cut.elapsed()
    );

    sleep(Duration::from_secs(20));
    set_cable(&site.lab, "up");
    let mended = Instant::now();
    site.wait_for(&["fra1", "sin1"]);
    assert!(
        mended.elapsed() < Duration::from_secs(6),
        "{:?}",
        mended.elapsed()
    );
    let geo = question("geo", json!({"target": "192.0.2.1"}), 5.0);
    assert!(site.ask("fra1", geo).answer.is_ok());
}
