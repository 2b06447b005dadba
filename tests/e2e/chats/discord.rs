//! The Discord adapter: the real program against a strict fake of Discord.

use std::time::Duration;

use netvane_tests::{
    Discord, Dns, Scratch, Service,
    discord::{Asked, Place, Scene},
    everything::labels,
};
use serde_json::{Value, json};

const HOSTILE: &str = r#"
$TTL 60
@ IN SOA ns1.hostile.test. hostmaster.hostile.test. 7 7200 3600 1209600 60
@ IN NS ns1.hostile.test.
@ IN TXT "``` @everyone <@1100000000000000101> **bold** [x](https://evil.example) https://evil.example ||s||"
"#;

struct Bot {
    discord: Discord,
    service: Service,
    dns: Dns,
}

fn serve(discord: &Discord, dns: &Dns, more: &[(&str, &str)]) -> Service {
    let server = dns.address.to_string();
    let mut settings = discord.settings().to_vec();
    settings.extend([
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__RDAP__ENABLED", "false"),
    ]);
    settings.extend(more);
    Service::start(&settings)
}

impl Bot {
    fn start() -> Self {
        Self::with_dns(Dns::start())
    }

    fn with_dns(dns: Dns) -> Self {
        let discord = Discord::start();
        let service = serve(&discord, &dns, &[]);
        discord.ready();
        discord.registered();
        Self {
            discord,
            service,
            dns,
        }
    }

    fn finish(self) {
        assert_eq!(self.service.stop(), Some(0));
        self.discord.finish();
    }
}

/// Returns all text in a message that a user can read.
fn text(message: &Value) -> String {
    fn collect(value: &Value, out: &mut String) {
        match value {
            Value::String(text) => *out += &format!("{text}\n"),
            Value::Array(all) => all.iter().for_each(|value| collect(value, out)),
            Value::Object(all) => all.values().for_each(|value| collect(value, out)),
            _ => {}
        }
    }
    let mut out = message["content"].as_str().unwrap_or_default().to_owned();
    collect(&message["embeds"], &mut out);
    out
}

fn answered(asked: &Asked) -> Value {
    asked.wait_for("an answer", |message| labels(message).contains(&"Raw"))
}

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

fn long_zone() -> String {
    let texts: String = (0..60)
        .map(|n| format!("@ IN TXT \"{n} {}\"\n", "x".repeat(200)))
        .collect();
    format!(
        "$TTL 60\n@ IN SOA ns1.long.test. h.long.test. 7 7200 3600 1209600 60\n@ IN NS ns1.long.test.\n{texts}"
    )
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
