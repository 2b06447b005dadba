//! Commands, buttons, modals and messages, sent and answered as Discord does it.

use std::{thread, time::Duration};

use netvane_tests::{
    Discord,
    discord::{Place, Scene},
};
use serde_json::json;
use serenity::{
    all::{
        ButtonStyle, CreateActionRow, CreateAllowedMentions, CreateAttachment,
        CreateAutocompleteResponse, CreateButton, CreateInputText, CreateInteractionResponse,
        CreateInteractionResponseFollowup, CreateInteractionResponseMessage, CreateMessage,
        CreateModal, EditInteractionResponse, InputTextStyle,
    },
    builder::CreateInteractionResponseMessage as Answer,
};

use super::{bot::Bot, defer, embed, fault};

fn buttons() -> Vec<CreateActionRow> {
    vec![CreateActionRow::Buttons(vec![
        CreateButton::new("cancel")
            .label("Cancel")
            .style(ButtonStyle::Danger),
        CreateButton::new_link("https://example.com").label("More"),
    ])]
}

#[test]
fn a_command_can_be_deferred_answered_and_edited() {
    let discord = Discord::start();
    let bot = Bot::start(&discord);
    let names: Vec<_> = discord
        .commands()
        .iter()
        .map(|command| command["name"].clone())
        .collect();

    assert_eq!(names, ["mx", "check", "Look up"]);
    let asked = discord.slash("mx", json!({ "domain": "example.com", "count": 2 }));
    let interaction = bot.asked();
    let options = &interaction.as_command().expect("a command").data.options;

    assert_eq!(
        (options[0].value.as_str(), options[1].value.as_i64()),
        (Some("example.com"), Some(2))
    );
    bot.answer(&interaction, defer()).expect("deferred");
    assert!(asked.acknowledged_in() < Duration::from_secs(3));
    assert_eq!(asked.now().expect("it thinks")["flags"], 128);
    let edit = EditInteractionResponse::new()
        .embed(embed())
        .components(buttons());
    let message = bot.edit(&interaction, edit).expect("changed");
    let reply = asked.reply();
    assert_eq!(reply["id"], message.id.to_string());
    assert_eq!(reply["embeds"][0]["title"], "example.com");
    bot.edit(
        &interaction,
        EditInteractionResponse::new()
            .content("Done.")
            .components(vec![]),
    )
    .expect("changed again");

    let done = asked.wait_for("no button", |message| message["components"] == json!([]));

    assert_eq!(
        (&done["content"], &done["embeds"][0]["title"]),
        (&json!("Done."), &json!("example.com"))
    );
    assert_eq!(asked.history().len(), 3);
    let more = CreateInteractionResponseFollowup::new()
        .content("And more.")
        .allowed_mentions(CreateAllowedMentions::new());

    bot.run(
        bot.http
            .create_followup_message(interaction.token(), &more, Vec::new()),
    )
    .expect("one more");

    assert_eq!(asked.wait_for_followups(1)[0]["content"], "And more.");
    discord.finish();
}

#[test]
fn buttons_and_modals_work() {
    let discord = Discord::start();
    let bot = Bot::start(&discord);
    let asked = discord.slash("mx", json!({ "domain": "example.com" }));
    let interaction = bot.asked();
    let answer = Answer::new().content("One moment").components(buttons());
    bot.answer(&interaction, CreateInteractionResponse::Message(answer))
        .expect("answered");
    bot.told();
    let pressed = discord.press(&Scene::default(), &asked.reply(), "Cancel");
    let press = bot.asked();

    assert_eq!(
        press
            .as_message_component()
            .expect("a button")
            .data
            .custom_id,
        "cancel"
    );

    let row =
        CreateActionRow::InputText(CreateInputText::new(InputTextStyle::Short, "Why?", "why"));
    let modal = CreateModal::new("reason", "Cancel").components(vec![row]);
    bot.answer(&press, CreateInteractionResponse::Modal(modal))
        .expect("a dialogue");

    let sent = discord.submit_modal(&pressed, json!({ "why": "Too slow" }));
    let submitted = bot.asked();
    let data = &submitted.as_modal_submit().expect("a dialogue").data;

    assert_eq!(
        (data.custom_id.as_str(), data.components.len()),
        ("reason", 1)
    );

    let update = Answer::new().content("Cancelled.").components(vec![]);
    bot.answer(&submitted, CreateInteractionResponse::UpdateMessage(update))
        .expect("updated");
    assert_eq!(sent.reply()["content"], "Cancelled.");
    assert_eq!(asked.reply()["components"], json!([]));
    discord.finish();
}

#[test]
fn serenity_reads_autocompletion_and_attachments() {
    let discord = Discord::start();
    let bot = Bot::start(&discord);
    let typed = discord.autocomplete(
        &Scene::at(Place::Dm),
        "mx",
        "domain",
        json!({ "domain": "exa" }),
    );

    let choices = CreateAutocompleteResponse::new().add_string_choice("example.com", "example.com");

    bot.answer(
        &bot.asked(),
        CreateInteractionResponse::Autocomplete(choices),
    )
    .expect("proposals");

    assert_eq!(typed.choices()[0]["value"], "example.com");

    let file = discord.attachment("mail.eml", "message/rfc822", b"Subject: x\r\n");
    discord.slash("check", json!({ "file": file })).forget();
    let interaction = bot.asked();
    let attachment = interaction
        .as_command()
        .expect("a command")
        .data
        .resolved
        .attachments
        .values()
        .next();

    let bytes = bot
        .runtime
        .block_on(attachment.expect("a file").download())
        .expect("it can be fetched");
    assert_eq!(bytes, b"Subject: x\r\n");
    let csv = CreateAttachment::bytes("a,b\n", "records.csv");
    let answer = Answer::new().content("Here.");
    let response = CreateInteractionResponse::Message(answer.add_file(csv.clone()));

    bot.run(bot.http.create_interaction_response(
        interaction.id(),
        interaction.token(),
        &response,
        vec![csv],
    ))
    .expect("a file goes along");

    bot.told();
    discord.finish();
}

#[test]
fn serenity_reads_message_commands() {
    let discord = Discord::start();
    let bot = Bot::start(&discord);
    discord
        .message_command(&Scene::default(), "Look up", "see example.com")
        .forget();

    let interaction = bot.asked();
    let data = &interaction.as_command().expect("a command").data;

    assert_eq!(
        data.resolved
            .messages
            .values()
            .next()
            .expect("a message")
            .content,
        "see example.com"
    );

    bot.say(&interaction, "Looked up.").expect("answered");
    bot.told();
    discord.finish();
}

#[test]
fn serenity_reads_messages() {
    let discord = Discord::start();
    let bot = Bot::start(&discord);
    let asked = discord.message(
        &Scene::default(),
        &format!("{} mx example.com", discord.mention()),
    );
    let message = bot.told();

    assert!(
        message.content.ends_with("mx example.com"),
        "{}",
        message.content
    );

    let reply = CreateMessage::new()
        .content("mail.example.com")
        .reference_message(&message)
        .allowed_mentions(CreateAllowedMentions::new().replied_user(false));
    bot.run(message.channel_id.send_message(&bot.http, reply))
        .expect("sent");
    assert_eq!(asked.reply()["content"], "mail.example.com");
    assert_eq!(
        bot.told().author.id,
        bot.run(bot.http.get_current_user()).expect("itself").id
    );
    discord.message(&Scene::default(), "not for the bot");
    assert_eq!(
        bot.told().content,
        "",
        "the bot gets no content of messages not meant for it"
    );

    let direct = discord.message(&Scene::at(Place::Dm), "mx example.com");

    assert_eq!(
        (bot.told().content.as_str(), direct.now()),
        ("mx example.com", None)
    );
    discord.finish();
}

#[test]
fn user_installed_bots_are_limited_to_five_followups() {
    let discord = Discord::start();
    let bot = Bot::start(&discord);
    let scene = Scene::at(Place::Elsewhere);
    let asked = discord.slash_in(&scene, "mx", json!({ "domain": "example.com" }));
    let interaction = bot.asked();
    let hidden = CreateInteractionResponseMessage::new().ephemeral(true);
    bot.answer(&interaction, CreateInteractionResponse::Defer(hidden))
        .expect("deferred");

    let one = CreateInteractionResponseFollowup::new().content("x");
    let more = || {
        bot.run(
            bot.http
                .create_followup_message(interaction.token(), &one, Vec::new()),
        )
    };

    let first = more().expect("what comes first is the answer");

    assert_eq!(
        (asked.reply()["id"].as_str(), &asked.reply()["flags"]),
        (Some(&*first.id.to_string()), &json!(64))
    );
    for _ in 0..4 {
        more().expect("one more message");
    }

    // serenity reports an error without a code, such as this one, as -1.
    assert_eq!(
        more().err().as_deref(),
        Some("429 -1"),
        "no more than five in two seconds"
    );

    // The limit is per time, and no event signals its end.
    thread::sleep(Duration::from_secs(2));
    more().expect("the fifth message after the answer");
    assert_eq!(more().err().as_deref(), Some("400 40094"));
    fault(&discord, "maximum number of follow-up messages");
    let channel = interaction.as_command().expect("a command").channel_id;
    let message = CreateMessage::new().content("x");

    assert_eq!(
        bot.run(channel.send_message(&bot.http, message))
            .err()
            .as_deref(),
        Some("403 50001")
    );

    fault(&discord, "Missing Access");
    discord.finish();
}
