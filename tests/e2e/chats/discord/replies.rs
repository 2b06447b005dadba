//! Replies to commands: texts, buttons, menus, pictures and files.

use std::time::Duration;

use netvane_tests::{
    Discord, Dns,
    discord::{Place, Scene},
    everything::labels,
};
use serde_json::{Value, json};

use super::{Bot, answered, long_zone, serve, text};

const HOSTILE: &str = r#"
$TTL 60
@ IN SOA ns1.hostile.test. hostmaster.hostile.test. 7 7200 3600 1209600 60
@ IN NS ns1.hostile.test.
@ IN TXT "``` @everyone <@1100000000000000101> **bold** [x](https://evil.example) https://evil.example ||s||"
"#;

#[test]
fn a_lookup_is_answered_and_its_buttons_run_follow_ups() {
    let bot = Bot::start();
    let asked = bot.discord.slash("mx", json!({"domain": "example.test"}));
    let answer = answered(&asked);
    assert!(text(&answer).contains("mail1.example.test"), "{answer}");
    assert!(asked.acknowledged_in() < Duration::from_secs(3));
    assert!(
        labels(&answer).starts_with(&["spf", "mailcheck"]) && !labels(&answer).contains(&"mx"),
        "{:?}",
        labels(&answer)
    );

    let scene = Scene::default();
    let everything = answered(&bot.discord.press(&scene, &answer, "dns"));
    assert!(text(&everything).contains("ca.example"), "{everything}");
    let file = bot
        .discord
        .press(&scene, &answer, "Raw")
        .wait_for("a file", |message| {
            message["attachments"]
                .as_array()
                .is_some_and(|files| !files.is_empty())
        });

    let files = file["attachments"].as_array().expect("files");

    assert!(
        files.iter().any(|file| file["filename"] == "mx.json"),
        "{file}"
    );
    bot.discord.press(&scene, &answer, "Refresh");
    let private = bot
        .discord
        .slash("mx", json!({"domain": "example.test", "private": true}));

    assert_eq!(
        answered(&private)["flags"].as_u64().map(|flags| flags & 64),
        Some(64)
    );

    let elsewhere = bot.discord.slash_in(
        &Scene::at(Place::Dm),
        "a",
        json!({"domain": "example.test"}),
    );

    answered(&elsewhere);
    bot.finish();
}

#[test]
fn a_menu_asks_another_resolver() {
    let (discord, dns) = (Discord::start(), Dns::start());
    let other = Dns::serving(
        "example.test.",
        "$TTL 60\n@ IN SOA ns1 h 1 7200 3600 1209600 60\n@ IN NS ns1\n@ IN A 192.0.2.99\n",
    );
    let public = format!("Other={}", other.address);
    let service = serve(
        &discord,
        &dns,
        &[
            ("NETVANE__DNS__PUBLIC_RESOLVERS", &public),
            ("NETVANE__POLICY__PORTS__RESOLVER", "1-65535"),
            ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
        ],
    );
    discord.ready();
    discord.registered();

    let asked = discord.slash("a", json!({"domain": "example.test"}));
    let answer = answered(&asked);
    assert!(!text(&answer).contains("192.0.2.99"), "{answer}");
    let menu = menu(&answer).expect("a menu");
    let options: Vec<(&str, bool)> = menu["options"]
        .as_array()
        .expect("options")
        .iter()
        .map(|option| {
            let label = option["label"].as_str().unwrap_or_default();
            (label, option["default"] == true)
        })
        .collect();
    let label = format!("Other ({})", other.address);
    assert_eq!(
        options,
        [("Default resolver", true), (label.as_str(), false)]
    );

    let id = menu["custom_id"].as_str().expect("an id").to_owned();
    discord.choose(&Scene::default(), &answer, &id, &["1"]);
    let changed = asked.wait_for("the other answer", |message| {
        text(message).contains("192.0.2.99") && labels(message).contains(&"Raw")
    });
    let chosen = &self::menu(&changed).expect("a menu")["options"][1];
    assert_eq!(chosen["default"], true, "{chosen}");

    // Nothing to choose where no resolver is asked.
    let port = answered(&discord.slash("port", json!({"query": "22"})));
    assert!(self::menu(&port).is_none(), "{port}");
    assert_eq!(service.stop(), Some(0));
    discord.finish();
}

/// Returns the menu below a message.
fn menu(message: &Value) -> Option<Value> {
    let rows = message["components"].as_array()?.iter();
    let mut parts = rows
        .filter_map(|row| row["components"].as_array())
        .flatten();
    parts.find(|part| part["type"] == 3).cloned()
}

#[test]
fn text_from_the_network_cannot_mention_link_or_format() {
    let bot = Bot::with_dns(Dns::serving("hostile.test.", HOSTILE));
    let answer = answered(&bot.discord.slash("txt", json!({"domain": "hostile.test"})));
    let shown = text(&answer);
    assert!(shown.contains("everyone"), "{shown}");
    let outside: String = shown.split("```").step_by(2).collect();
    assert!(
        !outside.contains("evil.example") && !outside.contains("@everyone"),
        "{shown}"
    );
    bot.finish();
}

#[test]
fn a_path_is_sent_as_a_picture() {
    let bot = Bot::start();
    let asked = bot.discord.slash(
        "howmail",
        json!({"from": "a@example.test", "to": "b@example.test"}),
    );
    let answer = asked.wait_for("the story", |message| labels(message).contains(&"Raw"));
    assert!(
        answer["embeds"][0]["image"]["url"]
            .as_str()
            .is_some_and(|url| url.ends_with("image.png")),
        "{answer}"
    );
    bot.finish();
}

#[test]
fn a_reply_that_is_too_long_is_attached_as_a_file() {
    let bot = Bot::with_dns(Dns::serving("long.test.", &long_zone()));
    let answer = answered(&bot.discord.slash("txt", json!({"domain": "long.test"})));
    let files = answer["attachments"].as_array().expect("files");
    assert!(
        files.iter().any(|file| file["filename"] == "answer.txt"),
        "{answer}"
    );
    assert!(text(&answer).contains("answer.txt"), "it says so");
    bot.finish();
}

#[test]
fn mistakes_refusals_and_help_are_shown_to_the_requester_only() {
    const EPHEMERAL: u64 = 64;
    let bot = Bot::start();

    for (name, options, is_personal) in [
        ("mx", json!({"domain": "example..test"}), true),
        ("ping", json!({"target": "127.0.0.1"}), true),
        ("help", json!({}), true),
        ("status", json!({}), true),
        ("mx", json!({"domain": "example.test"}), false),
        ("mx", json!({"domain": "nowhere.test"}), false),
    ] {
        let reply = bot.discord.slash(name, options.clone()).reply();
        let flags = reply["flags"].as_u64().unwrap_or_default();
        assert_eq!(
            flags & EPHEMERAL != 0,
            is_personal,
            "{name} {options}: {reply}"
        );
    }

    bot.finish();
}
