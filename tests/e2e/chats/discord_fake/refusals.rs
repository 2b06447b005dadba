//! Requests that Discord refuses, rate limits and lost connections.

use std::{sync::mpsc, time::Duration};

use netvane_tests::{Discord, discord::Place};
use serde_json::{Value, json};
use serenity::{
    all::{CreateEmbed, CreateInteractionResponse, EditInteractionResponse, GatewayIntents},
    builder::CreateInteractionResponseMessage as Answer,
};
use tokio::runtime::Runtime;

use super::{
    bot::{Bot, client},
    defer, fault, raw,
};

#[test]
fn refuses_invalid_responses_as_discord_does() {
    let discord = Discord::start();
    let bot = Bot::start(&discord);
    let asked = discord.slash("mx", json!({ "domain": "example.com" }));
    let interaction = bot.asked();

    assert_eq!(
        bot.say(&interaction, "x".repeat(2001)),
        Err("400 50035 data.content".to_owned())
    );
    fault(&discord, "BASE_TYPE_MAX_LENGTH");
    assert_eq!(
        bot.say(&interaction, "🦀".repeat(1001)),
        Err("400 50035 data.content".to_owned())
    );
    fault(&discord, "BASE_TYPE_MAX_LENGTH");
    assert_eq!(bot.say(&interaction, "  "), Err("400 50006".to_owned()));
    fault(&discord, "Cannot send an empty message");
    let large = |_| CreateEmbed::new().description("x".repeat(4000));
    let answer =
        CreateInteractionResponse::Message(Answer::new().embeds((0..2).map(large).collect()));

    assert_eq!(
        bot.answer(&interaction, answer),
        Err("400 50035 data.embeds".to_owned())
    );
    fault(&discord, "MAX_EMBED_SIZE_EXCEEDED");
    let early = bot.edit(&interaction, EditInteractionResponse::new().content("x"));
    assert_eq!(early.err(), Some("404 10015".to_owned()));
    fault(&discord, "Unknown Webhook");
    asked.age(Duration::from_secs(4));
    assert_eq!(bot.say(&interaction, "late"), Err("404 10062".to_owned()));
    fault(&discord, "Unknown interaction");
    asked.forget();

    let asked = discord.slash("mx", json!({ "domain": "example.com" }));
    let interaction = bot.asked();
    bot.say(&interaction, "once").expect("answered");
    assert_eq!(bot.say(&interaction, "twice"), Err("400 40060".to_owned()));
    fault(&discord, "already been acknowledged");
    bot.edit(
        &interaction,
        EditInteractionResponse::new().content("<@1> @everyone"),
    )
    .expect("changed");

    assert_eq!(
        discord.take_violations().len(),
        2,
        "both would have been pinged"
    );

    asked.expire();
    let late = bot.edit(&interaction, EditInteractionResponse::new().content("x"));
    assert_eq!(late.err(), Some("401 50027".to_owned()));
    discord.finish();
}

#[test]
fn refuses_invalid_messages_as_discord_does() {
    let discord = Discord::start();
    let channel = format!("/channels/{}/messages", Place::Guild.channel());
    let post = |body: Value| raw(&discord, &format!("POST {channel}"), &body);
    let (status, body) = post(json!({ "content": "x", "colour": 1 }));

    assert_eq!(
        (status, body["code"].as_i64()),
        (400, Some(50035)),
        "{body}"
    );

    assert_eq!(
        body["errors"]["colour"]["_errors"][0]["code"],
        "UNKNOWN_FIELD"
    );
    fault(&discord, "UNKNOWN_FIELD");
    let twice = json!([{ "type": 1, "components": [
        { "type": 2, "style": 1, "label": "A", "custom_id": "a" },
        { "type": 2, "style": 1, "label": "B", "custom_id": "a" },
    ]}]);
    let (_, body) = post(json!({ "content": "x", "components": twice }));
    let place = "/errors/components/0/components/1/custom_id/_errors/0/code";

    assert_eq!(
        body.pointer(place),
        Some(&json!("COMPONENT_CUSTOM_ID_DUPLICATED")),
        "{body}"
    );

    fault(&discord, "COMPONENT_CUSTOM_ID_DUPLICATED");
    let elsewhere = format!("POST /channels/{}/messages", Place::Elsewhere.channel());
    assert_eq!(raw(&discord, &elsewhere, &json!({ "content": "x" })).0, 403);
    fault(&discord, "Missing Access");
    assert_eq!(raw(&discord, "GET /guilds/1", &Value::Null).0, 404);
    fault(&discord, "GET /guilds/1");
    discord.finish();
}

#[test]
fn refuses_invalid_commands_as_discord_does() {
    let discord = Discord::start();
    let commands = "PUT /applications/1100000000000000001/commands";
    let wrong = [
        json!({ "name": "Upper", "description": "x" }),
        json!({ "name": "long", "description": "x".repeat(101) }),
        json!({ "name": "none" }),
        json!({ "name": "menu", "type": 3, "description": "x" }),
        json!({ "name": "order", "description": "x", "options": [
            { "type": 3, "name": "a", "description": "x" },
            { "type": 3, "name": "b", "description": "x", "required": true } ] }),
        json!({ "name": "range", "description": "x", "options": [
            { "type": 3, "name": "a", "description": "x", "min_value": 1 } ] }),
    ];

    for command in wrong {
        let (status, body) = raw(&discord, commands, &json!([command]));
        assert_eq!(
            (status, body["code"].as_i64()),
            (400, Some(50035)),
            "{command}: {body}"
        );
        fault(&discord, "50035");
    }

    discord.finish();
}

#[test]
fn reports_rate_limits_and_detects_bots_that_ignore_them() {
    let discord = Discord::start();
    let target = format!("POST /channels/{}/messages", Place::Guild.channel());
    let message = json!({ "content": "x" });
    for _ in 0..5 {
        assert_eq!(raw(&discord, &target, &message).0, 200);
    }
    let (status, body) = raw(&discord, &target, &message);
    assert_eq!((status, &body["global"]), (429, &json!(false)), "{body}");
    assert_eq!(discord.violations(), Vec::<String>::new());
    assert_eq!(raw(&discord, &target, &message).0, 429);
    fault(&discord, "before the rate limit's end");

    discord.flood_global("GET /users/@me", Duration::from_secs(60));
    assert_eq!(
        raw(&discord, "GET /users/@me", &Value::Null).1["retry_after"],
        60.0
    );
    discord.fail("GET /gateway/*", 503, 1);
    assert_eq!(raw(&discord, "GET /gateway/bot", &Value::Null).0, 503);
    assert_eq!(discord.calls_of("POST /channels/**").len(), 7);
    discord.finish();
}

#[test]
fn a_lost_connection_is_resumed_without_losing_events() {
    let discord = Discord::start();
    let bot = Bot::with(&discord, GatewayIntents::GUILDS);
    discord.heartbeat_every(Duration::from_millis(500));
    discord.drop_gateway();
    let asked = discord.slash("mx", json!({ "domain": "example.com" }));
    let interaction = bot.asked();
    bot.say(&interaction, "Here again").expect("answered");
    assert_eq!(asked.reply()["content"], "Here again");
    discord.wait_for_resumed(1);
    discord.resend(&asked);
    assert_eq!(bot.asked().id(), interaction.id());
    discord.reconnect();
    discord.wait_for_resumed(2);
    discord.wait_for_heartbeats(2);
    discord.invalidate_session();
    discord.wait_for_identified(2);
    assert_eq!(discord.sessions(), (2, 2));
    discord.finish();
}

#[test]
fn refuses_privileged_intents_that_are_not_enabled() {
    let discord = Discord::start();
    let runtime = Runtime::new().expect("a runtime");
    let mut client = client(
        &discord,
        GatewayIntents::MESSAGE_CONTENT,
        mpsc::channel().0,
        &runtime,
    );
    let ended = runtime
        .block_on(client.start())
        .expect_err("the gateway closes")
        .to_string();
    assert_eq!(ended, "Disallowed gateway intents were provided");
    fault(&discord, "4014");
    discord.finish();
}

#[test]
fn requests_and_responses_can_be_lost() {
    let discord = Discord::start();
    let bot = Bot::start(&discord);
    let asked = discord.slash("mx", json!({ "domain": "example.com" }));
    let interaction = bot.asked();
    discord.drop_connection("POST /interactions/**", 1);
    bot.answer(&interaction, defer())
        .expect_err("the connection is lost");
    assert_eq!(asked.now(), None, "the request was not carried out");
    discord.lose_answer("POST /interactions/**", 1);
    bot.answer(&interaction, defer())
        .expect_err("the connection is lost");
    assert_eq!(asked.answer()["type"], 5, "the request was carried out");
    bot.edit(
        &interaction,
        EditInteractionResponse::new().content("Done."),
    )
    .expect("changed");
    discord.finish();
}

#[test]
#[should_panic(expected = "was never answered")]
fn what_was_never_answered_fails_the_test() {
    let discord = Discord::start();
    let _bot = Bot::start(&discord);
    discord.slash("mx", json!({ "domain": "example.com" }));
}
