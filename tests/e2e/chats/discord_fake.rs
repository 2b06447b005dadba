//! Tests of the fake of Discord itself, with serenity as the client: what it accepts and what it
//! refuses.

use std::{
    collections::HashMap,
    future::Future,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use netvane_tests::{
    Discord, PATIENCE,
    discord::{Place, Scene},
    http::Client as Raw,
};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use serenity::{
    all::ClientBuilder,
    all::{
        ButtonStyle, Client, CommandOptionType, CommandType, Context, CreateActionRow,
        CreateAllowedMentions, CreateAttachment, CreateAutocompleteResponse, CreateButton,
        CreateCommand, CreateCommandOption, CreateEmbed, CreateInputText,
        CreateInteractionResponse, CreateInteractionResponseFollowup,
        CreateInteractionResponseMessage, CreateMessage, CreateModal, EditInteractionResponse,
        EventHandler, GatewayIntents, Http, HttpBuilder, InputTextStyle, Interaction, Message,
        Ready, async_trait,
    },
    builder::CreateInteractionResponseMessage as Answer,
};
use tokio::runtime::Runtime;

/// A bot that only does what a test tells it.
struct Bot {
    http: Arc<Http>,
    events: mpsc::Receiver<Event>,
    runtime: Runtime,
}

enum Event {
    Ready,
    Asked(Box<Interaction>),
    Told(Box<Message>),
}

struct Handler(mpsc::Sender<Event>);

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, _: Context, _: Ready) {
        let _ = self.0.send(Event::Ready);
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        let _ = self.0.send(Event::Asked(Box::new(interaction)));
    }

    async fn message(&self, _: Context, message: Message) {
        let _ = self.0.send(Event::Told(Box::new(message)));
    }
}

impl Bot {
    fn start(discord: &Discord) -> Self {
        Self::with(
            discord,
            GatewayIntents::GUILD_MESSAGES | GatewayIntents::DIRECT_MESSAGES,
        )
    }

    fn with(discord: &Discord, intents: GatewayIntents) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (sender, events) = mpsc::channel();
        let mut client = client(discord, intents, sender, &runtime);
        let http = client.http.clone();
        runtime.spawn(async move {
            client
                .start()
                .await
                .unwrap_or_else(|error| eprintln!("{error}"))
        });
        let bot = Self {
            http,
            events,
            runtime,
        };
        discord.ready();
        assert!(matches!(bot.next(), Event::Ready), "READY comes first");
        bot.run(bot.http.create_global_commands(&commands()))
            .expect("the commands are right");
        bot
    }

    fn next(&self) -> Event {
        self.events.recv_timeout(PATIENCE).expect("an event")
    }

    fn asked(&self) -> Interaction {
        match self.next() {
            Event::Asked(interaction) => *interaction,
            Event::Ready => panic!("READY instead of an interaction"),
            Event::Told(message) => panic!("a message instead of an interaction: {message:?}"),
        }
    }

    fn told(&self) -> Message {
        match self.next() {
            Event::Told(message) => *message,
            Event::Ready | Event::Asked(_) => panic!("something else instead of a message"),
        }
    }

    fn run<T>(&self, future: impl Future<Output = serenity::Result<T>>) -> Result<T, String> {
        self.runtime.block_on(future).map_err(|error| match error {
            serenity::Error::Http(serenity::http::HttpError::UnsuccessfulRequest(response)) => {
                let places: Vec<_> = response
                    .error
                    .errors
                    .iter()
                    .map(|e| format!(" {}", e.path))
                    .collect();
                format!(
                    "{} {}{}",
                    response.status_code.as_u16(),
                    response.error.code,
                    places.concat()
                )
            }
            other => other.to_string(),
        })
    }

    fn answer(&self, asked: &Interaction, answer: CreateInteractionResponse) -> Result<(), String> {
        let (id, token) = (asked.id(), asked.token());
        self.run(async {
            self.http
                .create_interaction_response(id, token, &answer, Vec::new())
                .await
        })
    }

    fn say(&self, asked: &Interaction, text: impl Into<String>) -> Result<(), String> {
        self.answer(
            asked,
            CreateInteractionResponse::Message(Answer::new().content(text)),
        )
    }

    fn edit(&self, asked: &Interaction, edit: EditInteractionResponse) -> Result<Message, String> {
        self.run(
            self.http
                .edit_original_interaction_response(asked.token(), &edit, Vec::new()),
        )
    }
}

fn client(
    discord: &Discord,
    intents: GatewayIntents,
    events: mpsc::Sender<Event>,
    runtime: &Runtime,
) -> Client {
    let http = HttpBuilder::new(discord.token())
        .proxy(discord.url())
        .ratelimiter_disabled(true)
        .build();
    let client = ClientBuilder::new_with_http(http, intents).event_handler(Handler(events));
    runtime.block_on(async { client.await }).expect("a client")
}

fn commands() -> Vec<CreateCommand> {
    let domain =
        CreateCommandOption::new(CommandOptionType::String, "domain", "Whose").required(true);
    let count = CreateCommandOption::new(CommandOptionType::Integer, "count", "How many");

    vec![
        CreateCommand::new("mx")
            .description("Mail servers")
            .add_option(domain.set_autocomplete(true))
            .add_option(count.min_int_value(1).max_int_value(5))
            .add_context(serenity::all::InteractionContext::Guild)
            .add_context(serenity::all::InteractionContext::BotDm)
            .add_context(serenity::all::InteractionContext::PrivateChannel)
            .integration_types(vec![
                serenity::all::InstallationContext::Guild,
                serenity::all::InstallationContext::User,
            ]),
        CreateCommand::new("check")
            .description("A file")
            .add_option(
                CreateCommandOption::new(CommandOptionType::Attachment, "file", "Which")
                    .required(true),
            ),
        CreateCommand::new("Look up").kind(CommandType::Message),
    ]
}

fn defer() -> CreateInteractionResponse {
    CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new())
}

fn embed() -> CreateEmbed {
    CreateEmbed::new()
        .title("example.com")
        .field("MX", "mail.example.com", false)
}

fn buttons() -> Vec<CreateActionRow> {
    vec![CreateActionRow::Buttons(vec![
        CreateButton::new("cancel")
            .label("Cancel")
            .style(ButtonStyle::Danger),
        CreateButton::new_link("https://example.com").label("More"),
    ])]
}

/// Sends one request as a different client than serenity would.
fn raw(discord: &Discord, target: &str, body: &Value) -> (u16, Value) {
    let (method, path) = target.split_once(' ').expect("a method and a path");
    let authorization = format!("Bot {}", discord.token());
    let headers = [
        ("Authorization", authorization.as_str()),
        ("User-Agent", "DiscordBot (https://example.com, 1)"),
        ("Content-Type", "application/json"),
    ];

    let address = discord
        .url()
        .trim_start_matches("http://")
        .parse()
        .expect("an address");

    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };

    let response = Raw::connect(address).ask(
        &format!("{method} /api/v10{path}"),
        &headers,
        body.as_bytes(),
    );

    (
        response.status,
        serde_json::from_slice(&response.body).unwrap_or_default(),
    )
}

/// Takes the violations, which must be exactly one that contains this text.
#[track_caller]
fn fault(discord: &Discord, text: &str) {
    let violations = discord.take_violations();
    assert!(
        matches!(&violations[..], [one] if one.contains(text)),
        "{text}: {violations:#?}"
    );
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

    let whoever = discord.message(&Scene::at(Place::Dm), "mx example.com");

    assert_eq!(
        (bot.told().content.as_str(), whoever.now()),
        ("mx example.com", None)
    );
    discord.finish();
}

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

/// Starts a bot without a gateway, which refuses wrong signatures and answers everything else with
/// `Pong` or `Hello`.
fn serve_hooks(key: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("an address");
    // Two requests of the verification, and one interaction.
    thread::spawn(move || {
        listener
            .incoming()
            .take(3)
            .flatten()
            .for_each(|stream| answer_hook(stream, &key))
    });
    address
}

fn answer_hook(stream: TcpStream, key: &[u8]) {
    let mut stream = BufReader::new(stream);
    let mut headers = HashMap::new();

    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line");
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }

    let mut body = vec![0; headers["content-length"].parse().expect("a length")];
    stream.read_exact(&mut body).expect("a body");
    let signed = [headers["x-signature-timestamp"].as_bytes(), &body].concat();
    let key = UnparsedPublicKey::new(&ED25519, key);
    let status = match key.verify(&signed, &unhex(&headers["x-signature-ed25519"])) {
        Ok(()) => "200 OK",
        Err(_) => "401 Unauthorized",
    };
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let answer = match body["type"].as_i64() {
        Some(1) => json!({ "type": 1 }),
        _ => json!({ "type": 4, "data": { "content": "Hello" } }),
    };
    let answer = answer.to_string();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n");
    let response = format!("{head}Content-Length: {}\r\n\r\n{answer}", answer.len());

    stream
        .get_mut()
        .write_all(response.as_bytes())
        .expect("it is read");
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).expect("digits"));
    digits
        .map(|pair| u8::from_str_radix(pair, 16).expect("digits"))
        .collect()
}

#[test]
fn interactions_can_be_sent_as_signed_requests() {
    let discord = Discord::start();
    let settings: HashMap<_, _> = discord.settings().into_iter().collect();
    let command = json!({ "name": "mx", "description": "Mail servers" });
    assert_eq!(
        raw(
            &discord,
            "POST /applications/1100000000000000001/commands",
            &command
        )
        .0,
        201
    );
    discord.deliver_to(serve_hooks(unhex(settings["NETVANE__DISCORD__PUBLIC_KEY"])));
    assert_eq!(discord.slash("mx", json!({})).reply()["content"], "Hello");
    discord.finish();
}

#[test]
#[should_panic(expected = "was never answered")]
fn what_was_never_answered_fails_the_test() {
    let discord = Discord::start();
    let _bot = Bot::start(&discord);
    discord.slash("mx", json!({ "domain": "example.com" }));
}
