//! Speed of both chats against their stand-ins, with the release program: how soon the first call follows an update,
//! whether a flood of questions loses an answer, and memory at rest. It measures and never judges.
//!
//! `cargo run --release -p netvane-tests --bin netvane-chat-bench [CHATS]`

use std::{
    thread,
    time::{Duration, Instant},
};

use netvane_tests::{Discord, Dns, Service, Telegram, discord::Scene, telegram::User};
use serde_json::json;

fn main() {
    let chats = std::env::args()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .unwrap_or(2000);
    idle();
    println!("Discord, cached commands: from the interaction sent to its first answer received");
    for (rate, seconds) in [(100, 10), (500, 5)] {
        interactions(rate, seconds);
    }
    crowd(chats);
}

fn serve(dns: &Dns, given: &[(&str, &str)]) -> Service {
    let server = dns.address.to_string();
    let mut settings = vec![
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__LOG__LEVEL", "info,netvane_core=warn"),
    ];
    settings.extend(given);
    Service::start(&settings)
}

fn idle() {
    let (dns, discord, telegram) = (Dns::start(), Discord::start(), Telegram::start());
    let mut settings = discord.settings().to_vec();
    settings.extend(telegram.settings());
    let service = serve(&dns, &settings);
    discord.ready();
    telegram.wait_for_poll();
    thread::sleep(Duration::from_secs(2));
    println!(
        "idle memory with both adapters on: {:.1} MB (at most 60)",
        service.resident()
    );
    service.stop();
}

/// Cached commands at a fixed rate.
fn interactions(rate: u32, seconds: u32) {
    let (dns, discord) = (Dns::start(), Discord::start());
    let service = serve(&dns, &discord.settings());
    discord.ready();
    discord.registered();
    discord
        .slash("mx", json!({"domain": "example.test"}))
        .reply();

    let started = Instant::now();
    let asked: Vec<_> = (0..rate * seconds)
        .map(|number| {
            let due = started + Duration::from_secs(1) * number / rate;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            discord.slash_in(
                &Scene::someone((number % 200) as u8),
                "mx",
                json!({"domain": "example.test"}),
            )
        })
        .collect();

    let mut times: Vec<Duration> = asked.iter().map(|asked| asked.acknowledged_in()).collect();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;

    println!(
        "  {rate}/s: median {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );

    service.stop();
    discord.take_violations();
}

/// Many chats wait for one slow answer, each with its progress to be shown; then all answers are due at once.
fn crowd(chats: i64) {
    let (dns, telegram) = (Dns::start(), Telegram::start());
    dns.hold("example.test. MX");
    let service = serve(
        &dns,
        &[
            telegram.settings().as_slice(),
            &[("NETVANE__DNS__TIMEOUT_MS", "60000")],
        ]
        .concat(),
    );

    telegram.wait_for_poll();
    let started = Instant::now();
    let asked: Vec<_> = (1..=chats)
        .map(|id| {
            telegram
                .private(&User::new(id, "Ann"))
                .say("/mx example.test")
        })
        .collect();

    thread::sleep(Duration::from_secs(10));
    let shown = asked
        .iter()
        .filter(|asked| !asked.replies().is_empty())
        .count();
    dns.release("example.test. MX");
    let last = |asked: &netvane_tests::telegram::Asked| {
        asked.replies().first().is_some_and(|message| {
            message.text.contains("mail1.example.test") || message.text.contains("did not answer")
        })
    };

    let end = Instant::now() + Duration::from_secs(560);
    let mut open: Vec<_> = asked.iter().collect();

    while !open.is_empty() && Instant::now() < end {
        thread::sleep(Duration::from_secs(1));
        open.retain(|asked| !last(asked));
    }

    println!(
        "Telegram, {chats} chats waiting for one slow answer: {shown} were shown progress in 10 s, {} answers, {} lost, \
         all there after {:.0} s (30/s is the platform's pace), {} broken rules",
        asked.len() - open.len(),
        open.len(),
        started.elapsed().as_secs_f64(),
        telegram.violations().len()
    );

    service.stop();
}
