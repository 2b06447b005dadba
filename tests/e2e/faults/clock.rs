//! The wall clock jumps by hours and days, forward and back, while the service runs: durations are
//! not affected, only dates follow.

use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use netvane_tests::{
    Everything, Lab, Service,
    clock::Clock,
    everything::{SECRET, answered, begin, taken, told, working, works},
    http::Client,
    telegram::Limits,
    until,
};
use ring::digest;
use serde_json::json;

/// Jumps forward and back, then the other way.
const JUMPS: [&str; 4] = ["+26h", "+0", "-26h", "+40d"];

fn serve(world: &Everything, clock: &Clock, more: &[(&str, &str)]) -> Service {
    let settings: Vec<(&str, &str)> = clock
        .settings()
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    world.serve(&settings)
}

/// Waits until this many attempts of a delivery are recorded.
#[track_caller]
fn attempted(service: &Service, id: &str, times: usize) {
    until("the attempt is written down", || {
        let told = service.get(&format!("/v1/deliveries/{id}")).json();
        told["attempts"]
            .as_array()
            .is_some_and(|attempts| attempts.len() == times)
    });
}

#[test]
#[ignore = "needs the lab of faults"]
fn callbacks_are_neither_early_nor_late() {
    let (world, clock) = (Everything::default(), Clock::new(&Lab::faults()));
    let pause = Duration::from_secs(2);
    let schedule = [(
        "NETVANE__HTTP__CALLBACK_RETRY_SECONDS",
        "0,2,2,2,2,2,2,2,2,2,2,2,2",
    )];
    let service = serve(&world, &clock, &schedule);
    let id = taken(&service, "a example.test", &world.receiver.url("/"));
    let mut bodies = Vec::new();
    let mut message = world.receiver.next();

    for jump in JUMPS {
        bodies.push(message.body.clone());
        let refused = Instant::now();
        message.answer("500 No", &[]);
        attempted(&service, &id, bodies.len());
        clock.jumps(jump);
        // It is late if the receiver times out.
        message = world.receiver.next();
        assert!(refused.elapsed() >= pause, "{jump}: early");
    }

    let date = service.get("/healthz").header("date").to_owned();
    let now = jiff::Timestamp::now().strftime("%a, %d %b").to_string();
    assert!(!date.starts_with(&now), "the clock has jumped: {date}");

    // The next process starts with a time far in the future.
    message.answer("500 No", &[]);
    attempted(&service, &id, bodies.len() + 1);
    service.kill();
    clock.jumps("-26h");
    let service = serve(&world, &clock, &schedule);
    let message = world.receiver.next();
    message.verified(SECRET);
    assert!(
        bodies.iter().all(|body| *body == message.body),
        "the same bytes each time"
    );
    message.answer("200 OK", &[]);
    until("it is delivered", || {
        service.get(&format!("/v1/deliveries/{id}")).json()["state"] == "delivered"
    });
    assert_eq!(service.stop(), Some(0));
}

#[test]
#[ignore = "needs the lab of faults"]
fn running_lookups_are_answered_where_they_were_requested() {
    let (world, clock) = (Everything::default(), Clock::new(&Lab::faults()));
    let service = serve(&world, &clock, &[("NETVANE__DNS__TIMEOUT_MS", "15000")]);
    world.connected(&service);
    for (number, jump) in (1..).zip(JUMPS) {
        let domain = format!("n{number}.example.test");
        let question = format!("{domain}. A");
        world.dns.hold(&question);
        let on_telegram = world
            .on_telegram(42 + i64::from(number))
            .say(&format!("/a {domain}"));
        let on_discord = world.on_discord(number, &domain);
        on_telegram.wait_for(works);
        working(&on_discord);
        let mut over_http = begin(&service, &format!("a {domain}"), "application/json");
        clock.jumps(jump);

        // No timeout has expired.
        let passing = service.command("a example.test");

        assert_eq!(
            passing.json()["data"]["answers"][0]["data"],
            "192.0.2.80",
            "{jump}"
        );

        assert!(works(&on_telegram.reply()), "{jump}");
        world.dns.release(&question);
        assert_eq!(
            over_http.response().expect("an answer").json()["data"]["rcode"],
            "NXDOMAIN",
            "{jump}"
        );

        on_telegram.wait_for(told);
        answered(&on_discord);
        assert_eq!(on_discord.followups().len(), 0, "{jump}");
    }

    assert_eq!(
        world.discord.calls_of("POST /channels/*/messages").len(),
        0,
        "no reply needed a separate message"
    );

    assert_eq!(service.stop(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}

#[test]
#[ignore = "needs the lab of faults"]
fn updates_buttons_and_links_stay_valid() {
    let (world, clock) = (Everything::default(), Clock::new(&Lab::faults()));
    world.telegram.forgive("terminated by other getUpdates");

    // A button press that the killed process had not confirmed is confirmed by the next.
    world
        .telegram
        .limits(Limits::none())
        .forgive("query is too old");

    let settings = [("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example")];
    let mut service = serve(&world, &clock, &settings);
    world.connected(&service);
    for (number, jump) in (1..).zip(["+26h", "+0", "-26h"]) {
        let ann = world.on_telegram(42 + number);
        let asked = ann.say("/mx example.test");
        let answer = asked.wait_for(told);
        let linked = ann.say("/myrequest");
        let invitation =
            linked.wait_for(|message| message.buttons().any(|button| button.url.is_some()));
        clock.jumps(jump);

        // A day later, or earlier: in the same process and in the next.
        asked.resend();
        let link = invitation
            .buttons()
            .find_map(|button| button.url.clone())
            .expect("a link");
        let link = link
            .strip_prefix("https://netvane.example")
            .expect("it leads here")
            .to_owned();
        assert_eq!(service.get(&link).status, 200, "{jump}: the link is open");
        ann.press(&answer, "Raw").answer();
        ann.wait_for(|message| message.attachment.is_some());
        service.kill();
        service = serve(&world, &clock, &settings);
        asked.resend();
        ann.press(&answer, "dns").answer();
        ann.wait_for(|message| {
            told(message) && message.id > answer.id && !message.text.contains("MX of")
        });

        let answers = asked
            .replies()
            .into_iter()
            .filter(|message| message.text.starts_with("✅ MX"))
            .count();

        assert_eq!(answers, 1, "{jump}");
    }

    assert_eq!(service.stop(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}

#[test]
#[ignore = "needs the lab of faults"]
fn cache_entries_and_budgets_are_not_affected() {
    let (world, clock) = (Everything::default(), Clock::new(&Lab::faults()));
    let settings = [
        ("NETVANE__HTTP__TRUSTED_PROXIES", "127.0.0.1"),
        ("NETVANE__LIMITS__PER_ANONYMOUS", "30"),
    ];
    let service = serve(&world, &clock, &settings);
    let (spent, kept) = ("192.0.2.66", "a example.test");
    assert_eq!(
        service.command_from("192.0.2.1", kept).json()["cached"],
        false
    );
    for (number, jump) in JUMPS.into_iter().enumerate() {
        while service
            .command_from(spent, &format!("a n{number}.example.test"))
            .status
            == 200
        {}
        clock.jumps(jump);
        let refused = service.command_from(spent, &format!("a m{number}.example.test"));
        assert_eq!(refused.status, 429, "{jump}: a minute has not passed");
        let wait: u64 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&wait), "{jump}: {wait}");
        let reply = service
            .command_from(&format!("192.0.2.{}", 10 + number), kept)
            .json();
        let ttl = reply["data"]["answers"][0]["ttl"].as_u64().expect("a TTL");
        assert!(
            reply["cached"] == true && (200..=300).contains(&ttl),
            "{jump}: {reply}"
        );
    }

    assert_eq!(service.stop(), Some(0));
}

#[test]
#[ignore = "needs the lab of faults"]
fn api_keys_expire_on_their_day() {
    const KEY: &str = "nvk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let (world, clock) = (Everything::default(), Clock::new(&Lab::faults()));
    let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, KEY.as_bytes()).as_ref());
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 10);
    let entry = format!(
        "sha256:{hash} name=ops expires={}",
        end.strftime("%Y-%m-%d")
    );
    let settings = [
        ("NETVANE__HTTP__API_KEYS", entry.as_str()),
        ("NETVANE__HTTP__ANONYMOUS", "false"),
    ];
    let service = serve(&world, &clock, &settings);
    let (bearer, body) = (
        format!("Bearer {KEY}"),
        json!({"command": "help mx"}).to_string(),
    );

    for (jump, status) in [
        ("+0", 200),
        ("+12d", 401),
        ("+3d", 200),
        ("-12d", 200),
        ("+40d", 401),
    ] {
        clock.jumps(jump);
        let headers = [("Authorization", bearer.as_str())];
        let response =
            Client::connect(service.address).ask("POST /v1/commands", &headers, body.as_bytes());
        assert_eq!(response.status, status, "{jump}: {}", response.text());
    }

    assert_eq!(service.stop(), Some(0));
}
