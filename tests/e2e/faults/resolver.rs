//! The resolver breaks in every way while it is in use, and recovers: every request gets a reply or
//! a clear error, no failure is shown as an answer, and nothing keeps running.

use std::time::Duration;

use netvane_tests::{
    Dns, Everything, Hostile, Resolver, Service,
    dns::ZONE,
    everything::{answered, begin, told, working, works},
    http::Response,
    resolver::Mode,
    telegram::{Limits, Message},
    until,
};
use serde_json::{Value, json};

/// Names whose lookups are interrupted, with the fault.
const WAYS: [(&str, Mode); 5] = [
    ("dead", Mode::Dead),
    ("silent", Mode::Silent),
    ("wrongid", Mode::WrongId),
    ("garbage", Mode::Garbage),
    ("truncated", Mode::Truncated),
];

/// Returns a zone in which these names have the address 192.0.2.44.
fn zone<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let record = |name: &str| format!("{name} 300 IN A 192.0.2.44\n");
    format!(
        "{ZONE}{}",
        names.into_iter().map(record).collect::<String>()
    )
}

fn address(reply: &Value) -> &Value {
    &reply["data"]["answers"][0]["data"]
}

/// Checks that a response is a problem caused by the resolver, or a reply that reports an error.
#[track_caller]
fn is_an_error(response: &Response) {
    if response.status == 200 {
        let reply = response.json();
        assert!(
            reply["severity"] != "good" && address(&reply).is_null(),
            "{reply}"
        );
        return;
    }
    let problem = response.problem();
    let code = problem["code"].as_str().unwrap_or_default();
    assert!(
        ["timeout", "upstream", "unavailable"].contains(&code),
        "{problem}"
    );
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty()),
        "{problem}"
    );
}

/// Whether a message is final and not the expected answer.
fn failed(message: &Message) -> bool {
    !works(message) && !message.text.contains("192.0.2.44")
}

#[test]
fn a_broken_resolver_is_reported_to_all_and_lookups_work_once_it_recovers() {
    let world = Everything::default();
    world.telegram.limits(Limits::none());
    world.dns.change(&zone(WAYS.map(|(name, _)| name)));
    let resolver = Resolver::before(world.dns.address);
    let server = resolver.address.to_string();
    let service = world.serve(&[
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__DNS__TIMEOUT_MS", "400"),
        ("NETVANE__DNS__ATTEMPTS", "2"),
    ]);

    world.connected(&service);
    let (ann, mut level) = (world.on_telegram(42), 0);

    for (number, (name, mode)) in (1..).zip(WAYS) {
        let (domain, line) = (
            format!("{name}.example.test"),
            format!("a {name}.example.test"),
        );
        let question = format!("{domain}. A");
        world.dns.hold(&question);
        let mut over_http = begin(&service, &line, "application/json");
        world.dns.wait_for(&question);
        let on_telegram = ann.say(&format!("/{line}"));
        let on_discord = world.on_discord(number, &domain);

        // All wait for the same lookup, which fails now.
        resolver.is(mode);
        world.dns.release(&question);
        is_an_error(&over_http.response().expect("an error"));
        on_telegram.wait_for(failed);
        on_discord.wait_for("an error", |message| {
            !message.to_string().contains("Cancel") && !message.to_string().contains("192.0.2.44")
        });

        // Still broken: reported again, and no failure is served from the cache as an answer.
        is_an_error(&service.command(&line));
        resolver.is(Mode::Right);
        until("it is back", || {
            let response = service.command(&line);
            response.status == 200 && *address(&response.json()) == "192.0.2.44"
        });
        ann.say(&format!("/{line}"))
            .wait_for(|message| told(message) && message.text.contains("192.0.2.44"));
        answered(&world.on_discord(number, &domain));
        if level == 0 {
            level = service.settled_files();
        }
    }

    // The number of chat connections may vary slightly; lookups must leave none.
    until("nothing is left running", || {
        service.open_files() <= level + 3
    });
    assert!(!service.log().contains("panicked"), "{}", service.log());
    assert_eq!(service.stop(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}

#[test]
fn the_second_server_answers_for_one_that_is_slow_dead_or_silent() {
    let (first, second) = (
        Dns::start(),
        Dns::serving("example.test.", &zone(["slow", "dead", "silent"])),
    );
    let resolver = Resolver::before(first.address);
    let servers = format!("{},{}", resolver.address, second.address);
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", servers.as_str()),
        ("NETVANE__DNS__TIMEOUT_MS", "800"),
    ]);

    for (name, mode) in [
        ("slow", Mode::Slow(Duration::from_secs(30))),
        ("dead", Mode::Dead),
        ("silent", Mode::Silent),
    ] {
        resolver.is(mode);
        let line = format!("a {name}.example.test");
        let mut requesters: Vec<_> = (0..8)
            .map(|_| begin(&service, &line, "application/json"))
            .collect();
        for requester in &mut requesters {
            let reply = requester.response().expect("an answer").json();
            assert_eq!(address(&reply), "192.0.2.44", "{reply}");
        }
        assert!(second.asked().contains(&format!("{name}.example.test. A")));
    }

    // The server that responded last is preferred until it fails.
    first.change(&zone(["back"]));
    resolver.is(Mode::Right);
    drop(second);
    assert_eq!(
        address(&service.command("a back.example.test").json()),
        "192.0.2.44"
    );
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn ignores_records_outside_the_query() {
    let dns = Dns::start();
    let resolver = Resolver::before(dns.address);
    let service = Service::with_dns(resolver.address);
    resolver.is(Mode::Spoof(b"\x05mail1\x07example\x04test\x00"));
    for line in ["mx example.test", "a www.example.test", "dns example.test"] {
        let reply = service.command(line).json();
        let answer = reply["data"].to_string();
        assert!(!answer.contains("203.0.113.66"), "{line}: {answer}");
    }
    let reply = service.command("mx example.test").json();
    assert_eq!(
        reply["data"]["hosts"][0]["addresses"],
        json!(["2001:db8::81", "192.0.2.81"])
    );
    resolver.is(Mode::Right);
    assert_eq!(
        address(&service.command("a mail1.example.test").json()),
        "192.0.2.81"
    );
}

#[test]
fn a_spoofing_server_before_an_honest_one_misleads_nobody() {
    const UNHEARD: [&str; 5] = ["wrongid", "silent", "foreign", "noquestion", "empty"];
    const BROKEN: [&str; 6] = ["garbage", "cut", "pointerloop", "liar", "tcclose", "tchalf"];
    let hostile = Hostile::start();
    let honest = Dns::serving("example.test.", &zone(UNHEARD.into_iter().chain(BROKEN)));
    let servers = format!("{},{}", hostile.address, honest.address);
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", servers.as_str()),
        ("NETVANE__DNS__TIMEOUT_MS", "800"),
    ]);
    let before = service.settled_files();
    let lines = UNHEARD
        .iter()
        .chain(&BROKEN)
        .map(|name| format!("a {name}.example.test"));
    let mut requesters: Vec<_> = lines
        .map(|line| begin(&service, &line, "application/json"))
        .collect();

    for (number, requester) in requesters.iter_mut().enumerate() {
        let response = requester.response().expect("an answer or an error");
        match response.status {
            200 if *address(&response.json()) == "192.0.2.44" => {}
            // Servers without a response are skipped; a wrong response may be reported instead.
            _ if number >= UNHEARD.len() => is_an_error(&response),
            _ => panic!("{}: {}", UNHEARD[number], response.text()),
        }
    }

    drop(requesters);
    until("nothing is left running", || service.open_files() <= before);
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn lookups_delayed_by_the_resolver_show_progress() {
    let world = Everything::default();
    let resolver = Resolver::before(world.dns.address);
    let server = resolver.address.to_string();
    let service = world.serve(&[("NETVANE__DNS__SERVERS", server.as_str())]);
    world.connected(&service);
    resolver.is(Mode::Silent);
    let on_telegram = world.on_telegram(42).say("/mx example.test");
    let on_discord = world.discord.slash("mx", json!({"domain": "example.test"}));
    on_telegram.wait_for(works);
    working(&on_discord);
    // The resolver has recovered at the next attempt.
    resolver.is(Mode::Right);
    on_telegram.wait_for(told);
    answered(&on_discord);
    assert_eq!(service.stop(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}
