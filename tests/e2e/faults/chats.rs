//! Both platforms fail at the same time while lookups are open everywhere: HTTP is not affected,
//! and no reply is lost or sent twice.

use std::time::Duration;

use netvane_tests::{
    Discord, Everything, Relay, Service, Telegram,
    discord::Asked,
    everything::{A_WHILE, answered, begin, told, working, works},
    relay::Way,
    telegram::{self, Fault},
    until,
};
use serde_json::json;

/// The service's peers, with a relay in front of each platform that can break.
struct Ways {
    world: Everything,
    to_telegram: Relay,
    to_discord: Relay,
}

impl Ways {
    fn new() -> Self {
        let telegram = Telegram::start();
        let to_telegram = Relay::before(telegram.address);
        let (discord, to_discord) = Discord::behind_relay();
        Self {
            world: Everything {
                telegram,
                discord,
                ..Everything::default()
            },
            to_telegram,
            to_discord,
        }
    }

    fn serve(&self) -> Service {
        let url = format!("http://{}", self.to_telegram.address);
        self.world
            .serve(&[("NETVANE__TELEGRAM__API_URL", url.as_str())])
    }

    fn are(&self, way: Way) {
        self.to_telegram.is(way);
        self.to_discord.is(way);
    }
}

/// Waits until `/readyz`, the metrics and `status` report this health for both platforms.
#[track_caller]
fn told_to_be(service: &Service, health: &str) {
    let up = u8::from(health == "up");
    let told = |adapter: &str| {
        let (ready, metrics) = (service.get("/readyz"), service.get("/metrics"));
        ready.status == 200
            && ready.text().contains(&format!("{adapter} {health}"))
            && metrics
                .text()
                .contains(&format!("netvane_adapter_up{{adapter=\"{adapter}\"}} {up}"))
    };

    until(&format!("both chats are {health}"), || {
        told("telegram") && told("discord")
    });

    let status = service.command("status").json();
    let adapters = status["data"]["adapters"].as_array().expect("adapters");

    for name in ["telegram", "discord"] {
        let adapter = adapters
            .iter()
            .find(|adapter| adapter["name"] == name)
            .expect("it is told of");
        assert!(
            adapter["health"]
                .as_str()
                .is_some_and(|told| told.starts_with(health)),
            "{adapter}"
        );
    }
}

/// Checks that each request was answered with exactly one message.
#[track_caller]
fn once(on_telegram: &telegram::Asked, on_discord: &Asked) {
    on_telegram.wait_for(told);
    answered(on_discord);
    std::thread::sleep(A_WHILE);
    let replies = on_telegram.replies();
    assert_eq!(replies.len(), 1, "{replies:#?}");
    assert_eq!(on_discord.followups().len(), 0);
}

/// A user on each chat looks up a domain while the connections are broken; HTTP must keep working.
fn ask_over_broken_ways(ways: &Ways, service: &Service, number: u8, way: Way, domain: &str) {
    let world = &ways.world;
    let question = format!("{domain}. A");
    world.dns.hold(&question);
    let on_telegram = world
        .on_telegram(42 + i64::from(number))
        .say(&format!("/a {domain}"));
    let on_discord = world.on_discord(number, domain);
    on_telegram.wait_for(works);
    working(&on_discord);
    on_telegram.taken();

    // Wait until Telegram's response to a new message has arrived, because the message would be
    // sent again without it; no event signals that.
    std::thread::sleep(A_WHILE * 4);
    let mut over_http = begin(service, &format!("a {domain}"), "application/json");
    ways.are(way);

    // The lookups finish while the platforms cannot be reached.
    world.dns.release(&question);
    let reply = over_http.response().expect("an answer").json();
    assert_eq!(reply["data"]["rcode"], "NOERROR");
    if way == Way::Down {
        told_to_be(service, "down");
    }

    assert_eq!(
        service.command("a example.test").json()["data"]["rcode"],
        "NOERROR"
    );
    ways.are(Way::Open);
    once(&on_telegram, &on_discord);
    told_to_be(service, "up");
    let again = world
        .on_telegram(52 + i64::from(number))
        .say("/a example.test");
    once(&again, &world.on_discord(10 + number, "example.test"));
}

#[track_caller]
fn told_a_few_times(service: &Service, adapter: &str) {
    let line = format!("\"adapter\":\"{adapter}\"");
    let told = service
        .log()
        .lines()
        .filter(|l| l.contains("adapter down, reconnecting") && l.contains(&line))
        .count();
    assert!(
        (1..=4).contains(&told),
        "{adapter} is told of {told} times:\n{}",
        service.log()
    );
}

#[test]
fn unreachable_platforms_lose_no_reply() {
    let ways = Ways::new();
    let service = ways.serve();
    ways.world.connected(&service);
    ask_over_broken_ways(&ways, &service, 1, Way::Down, "mail1.example.test");
    ask_over_broken_ways(&ways, &service, 2, Way::Mute, "mail2.example.test");

    for adapter in ["telegram", "discord"] {
        told_a_few_times(&service, adapter);
    }

    assert_eq!(service.stop(), Some(0));
    ways.world.telegram.finish();

    // A request is repeated if the connection broke before Discord's response arrived.
    let wrong = ways.world.discord.take_violations();

    assert!(
        wrong
            .iter()
            .all(|wrong| wrong.contains("already been acknowledged")),
        "{wrong:#?}"
    );

    ways.world.discord.finish();
}

#[test]
fn rate_limits_and_errors_of_platforms_lose_no_reply() {
    const EDIT: &str = "PATCH /webhooks/*/*/messages/@original";
    let world = Everything::default();
    let service = world.serve(&[]);
    world.connected(&service);
    world.dns.hold("*");
    let (mut on_telegram, mut on_discord) = (Vec::new(), Vec::new());

    for number in 1..=6 {
        let domain = format!("n{number}.example.test");
        on_telegram.push(
            world
                .on_telegram(42 + i64::from(number))
                .say(&format!("/a {domain}")),
        );
        on_discord.push(world.on_discord(number, &domain));
    }

    on_telegram
        .iter()
        .for_each(|asked| drop(asked.wait_for(works)));
    on_discord.iter().for_each(|asked| drop(working(asked)));
    for fault in [
        Fault::Flood(1),
        Fault::Status(502),
        Fault::Drop,
        Fault::Flood(2),
        Fault::Status(500),
    ] {
        world.telegram.fault("editMessageText", fault, 1);
    }

    world.discord.flood(EDIT, Duration::from_millis(1500));
    world.discord.fail(EDIT, 502, 2);
    world.discord.drop_connection(EDIT, 2);
    world.discord.drop_gateway();
    let mut over_http = begin(&service, "a http.example.test", "application/json");
    world.dns.release("*");
    assert_eq!(
        over_http.response().expect("an answer").json()["data"]["rcode"],
        "NXDOMAIN"
    );

    // New requests meanwhile, whose first message fails.
    for fault in [Fault::Flood(1), Fault::Drop, Fault::Status(502)] {
        world.telegram.fault("sendMessage", fault, 1);
    }

    on_telegram.push(world.on_telegram(60).say("/a late.example.test"));
    world.discord.wait_for_resumed(1);
    on_discord.push(world.on_discord(20, "late.example.test"));
    on_telegram
        .iter()
        .zip(&on_discord)
        .for_each(|(telegram, discord)| once(telegram, discord));
    told_to_be(&service, "up");
    assert_eq!(service.stop(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}

/// The platforms are unreachable when the service starts.
#[test]
fn waits_for_platforms_that_are_down_at_startup() {
    let ways = Ways::new();
    ways.are(Way::Down);
    let service = ways.serve();
    told_to_be(&service, "down");
    assert_eq!(
        service.command("a example.test").json()["data"]["rcode"],
        "NOERROR"
    );
    let asked = ways.world.on_telegram(42).say("/a example.test");
    ways.are(Way::Open);
    ways.world.connected(&service);
    asked.wait_for(told);
    answered(
        &ways
            .world
            .discord
            .slash("a", json!({"domain": "example.test"})),
    );
    assert_eq!(service.stop(), Some(0));
    ways.world.telegram.finish();
    ways.world.discord.finish();
}
