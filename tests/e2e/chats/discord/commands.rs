//! Registration, options, mentions, context menus and modals.

use netvane_tests::{
    Discord, Dns,
    discord::{Asked, Scene},
    everything::labels,
};
use serde_json::json;

use super::{Bot, answered, serve, text};

#[test]
fn registers_all_commands_and_only_when_they_differ() {
    let (discord, dns) = (Discord::start(), Dns::start());
    let service = serve(&discord, &dns, &[]);
    discord.ready();
    discord.registered();

    let registry = service.get("/v1/commands");
    let registry = registry.json();
    let commands = discord.commands();

    for command in registry["commands"].as_array().expect("commands") {
        let found = commands
            .iter()
            .find(|found| found["name"] == command["name"])
            .expect("registered");
        assert_eq!(found["description"], command["about"]);
        let options = found["options"].as_array().cloned().unwrap_or_default();
        assert!(
            options
                .iter()
                .any(|option| option["name"] == "private" && option["type"] == 5),
            "{found}"
        );
    }

    assert_eq!(service.stop(), Some(0));
    let written = discord
        .calls()
        .iter()
        .filter(|call| call.method == "PUT")
        .count();

    let again = serve(&discord, &dns, &[]);
    netvane_tests::until("it is back", || {
        again.get("/readyz").text().contains("discord up")
    });
    assert_eq!(
        discord
            .calls()
            .iter()
            .filter(|call| call.method == "PUT")
            .count(),
        written
    );

    assert_eq!(again.stop(), Some(0));
    discord.finish();
}

#[test]
fn a_mention_alone_is_greeted_with_examples() {
    let bot = Bot::start();
    let asked = bot
        .discord
        .message(&Scene::default(), &bot.discord.mention());
    let greeting = asked.wait_for("a greeting", |message| labels(message).len() == 3);
    assert!(text(&greeting).contains("/dns example.com"), "{greeting}");
    bot.finish();
}

#[test]
fn only_the_requester_can_cancel_a_lookup() {
    let bot = Bot::start();
    bot.dns.hold("example.test. MX");
    let asked = bot.discord.slash("mx", json!({"domain": "example.test"}));
    let working = asked.wait_for("work under way", |message| {
        labels(message).contains(&"Cancel")
    });
    let refused = bot
        .discord
        .press(&Scene::someone(2), &working, "Cancel")
        .reply();
    assert_eq!(
        refused["flags"].as_u64().map(|flags| flags & 64),
        Some(64),
        "{refused}"
    );
    bot.discord
        .press(&Scene::default(), &working, "Cancel")
        .answer();
    asked.wait_for("the end", |message| text(message).contains("Cancelled"));
    bot.dns.release("example.test. MX");
    bot.finish();
}

#[test]
fn autocompletes_options() {
    let bot = Bot::start();
    let scene = Scene::default();
    answered(&bot.discord.slash("mx", json!({"domain": "example.test"})));
    let names = |asked: Asked| {
        let choices = asked.choices();
        choices
            .iter()
            .map(|choice| choice["value"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };

    let types = bot.discord.autocomplete(
        &scene,
        "dig",
        "type",
        json!({"name": "example.test", "type": "m"}),
    );

    assert_eq!(names(types).first().map(String::as_str), Some("MX"));
    let ports = bot.discord.autocomplete(
        &scene,
        "ports",
        "ports",
        json!({"target": "example.test", "ports": "22,http"}),
    );

    assert_eq!(names(ports)[..2], ["22,http", "22,https"]);
    let services = bot
        .discord
        .autocomplete(&scene, "port", "query", json!({"query": "htt"}));
    assert_eq!(names(services)[..2], ["http", "https"]);
    let recent = bot
        .discord
        .autocomplete(&scene, "a", "domain", json!({"domain": ""}));
    assert_eq!(names(recent), ["example.test"]);
    let strangers =
        bot.discord
            .autocomplete(&Scene::someone(2), "a", "domain", json!({"domain": ""}));
    assert_eq!(names(strangers), [""; 0]);
    bot.finish();
}

#[test]
fn answers_mentions_context_menus_and_modals() {
    let bot = Bot::start();
    let scene = Scene::default();
    let asked = bot.discord.message(
        &scene,
        &format!("{} mx example.test", bot.discord.mention()),
    );
    assert!(text(&answered(&asked)).contains("mail1.example.test"));
    let looked_up = bot.discord.message_command(
        &scene,
        "Look up",
        "have a look at mail1.example.test please",
    );

    assert!(text(&answered(&looked_up)).contains("mail1.example.test"));
    let several = bot
        .discord
        .message_command(&scene, "Look up", "example.test and mail1.example.test")
        .reply();

    assert!(
        labels(&several)
            .iter()
            .any(|label| label.contains("mail1.example.test")),
        "{several}"
    );

    let asked = bot.discord.slash("trace_mail", json!({}));
    let modal = asked.modal();
    let field = modal["components"][0]["components"][0]["custom_id"]
        .as_str()
        .expect("a field")
        .to_owned();
    let mail = "Received: from mx.example.net (mx.example.net [192.0.2.7]) by in.example.org with ESMTPS id 1\n\tfor <a@example.org>; Mon, 2 Nov 2026 10:00:00 +0000\nFrom: b@example.net\n";
    let answer = bot.discord.submit_modal(&asked, json!({field: mail}));
    answer.wait_for("the trace", |message| text(message).contains("192.0.2.7"));
    let file = bot
        .discord
        .attachment("mail.eml", "message/rfc822", mail.as_bytes());
    bot.discord
        .slash("trace_mail", json!({"file": file}))
        .wait_for("the trace", |message| text(message).contains("192.0.2.7"));
    bot.finish();
}

#[test]
fn grouped_commands_are_subcommands_of_their_group() {
    let (discord, dns) = (Discord::start(), Dns::start());
    let service = serve(&discord, &dns, &[("NETVANE__DISCORD__COMMANDS", "grouped")]);
    discord.ready();
    discord.registered();
    assert!(discord.commands().len() < 10, "groups, not commands");

    let reply = answered(&discord.slash("dns mx", json!({"domain": "example.test"})));
    assert!(text(&reply).contains("2 mail servers"), "{reply}");

    let so_far = json!({"name": "example.test", "type": "m"});
    let types = discord.autocomplete(&Scene::default(), "dns dig", "type", so_far);
    assert_eq!(types.choices()[0]["value"], "MX");

    assert_eq!(service.stop(), Some(0));
    discord.finish();
}
