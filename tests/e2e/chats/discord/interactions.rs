//! Each interaction is answered once: across restarts, errors and expired tokens.

use std::time::Duration;

use netvane_tests::{Discord, Dns, Scratch, everything::labels};
use serde_json::json;

use super::{Bot, answered, serve, text};

#[test]
fn an_interaction_is_answered_once_even_across_a_restart() {
    let (discord, dns, state) = (Discord::start(), Dns::start(), Scratch::new());
    let directory = state.path().display().to_string();
    let more = [("NETVANE__STATE__DIRECTORY", directory.as_str())];
    let service = serve(&discord, &dns, &more);
    discord.ready();
    discord.registered();

    let asked = discord.slash("a", json!({"domain": "example.test"}));
    answered(&asked);
    discord.resend(&asked);
    dns.hold("example.test. MX");
    let open = discord.slash("mx", json!({"domain": "example.test"}));
    open.wait_for("work under way", |message| {
        labels(message).contains(&"Cancel")
    });
    discord
        .slash("ns", json!({"domain": "example.test"}))
        .wait_for("another", |message| labels(message).contains(&"Raw"));
    service.signal("KILL");
    assert_eq!(service.ended(), None);
    dns.release("example.test. MX");
    let restarted = serve(&discord, &dns, &more);
    answered(&open);
    discord.resend(&asked);
    assert_eq!(restarted.stop(), Some(0));
    discord.finish();
}

#[test]
fn rate_limits_errors_and_lost_connections_lose_no_reply() {
    let bot = Bot::start();

    bot.discord.flood(
        "PATCH /webhooks/*/*/messages/@original",
        Duration::from_secs(1),
    );
    bot.dns.hold("example.test. MX");
    let asked = bot.discord.slash("mx", json!({"domain": "example.test"}));
    asked.wait_for("work under way", |message| {
        labels(message).contains(&"Cancel")
    });
    bot.dns.release("example.test. MX");
    answered(&asked);
    bot.discord
        .fail("PATCH /webhooks/*/*/messages/@original", 502, 2);
    bot.dns.hold("example.test. TXT");
    let asked = bot.discord.slash("txt", json!({"domain": "example.test"}));
    asked.wait_for("work under way", |message| {
        labels(message).contains(&"Cancel")
    });
    bot.dns.release("example.test. TXT");
    answered(&asked);
    bot.discord.drop_gateway();
    bot.discord.wait_for_resumed(1);
    answered(&bot.discord.slash("a", json!({"domain": "example.test"})));
    bot.finish();
}

#[test]
fn interactions_work_as_signed_requests() {
    let (discord, dns) = (Discord::start(), Dns::start());
    let service = serve(
        &discord,
        &dns,
        &[("NETVANE__DISCORD__MODE", "interactions")],
    );
    discord.registered();
    discord.deliver_to(service.address);
    let asked = discord.slash("mx", json!({"domain": "example.test"}));
    assert!(text(&answered(&asked)).contains("mail1.example.test"));
    assert_eq!(service.stop(), Some(0));
    discord.finish();
}

#[test]
fn a_wrong_token_is_reported_and_other_adapters_run_on() {
    let (discord, dns) = (Discord::start(), Dns::start());
    let service = serve(
        &discord,
        &dns,
        &[(
            "NETVANE__DISCORD__TOKEN",
            "MTEwMDAwMDAwMDAwMDAwMDAwMA.wrong.wrong",
        )],
    );
    service.logged("adapter failed");
    assert!(
        service.get("/readyz").text().contains("discord failed"),
        "{}",
        service.get("/readyz").text()
    );
    assert_eq!(service.command("a example.test").status, 200);
    assert_eq!(service.stop(), Some(0));
    discord.take_violations();
    discord.finish();
}

#[test]
fn a_reply_after_the_token_has_expired_is_a_new_message() {
    let bot = Bot::start();
    bot.dns.hold("example.test. MX");
    let asked = bot.discord.slash("mx", json!({"domain": "example.test"}));
    asked.wait_for("work under way", |message| {
        labels(message).contains(&"Cancel")
    });
    asked.expire();
    bot.dns.release("example.test. MX");
    let calls = bot.discord.wait_for_calls("POST /channels/*/messages", 1);
    assert!(
        calls[0]
            .body
            .json
            .to_string()
            .contains("mail1.example.test"),
        "{:?}",
        calls[0]
    );
    bot.discord.invalidate_session();
    bot.discord.wait_for_identified(2);
    answered(&bot.discord.slash("a", json!({"domain": "example.test"})));
    bot.finish();
}
