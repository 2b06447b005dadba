//! A bot that only does what a test tells it.

use std::{
    future::Future,
    sync::{Arc, mpsc},
};

use netvane_tests::{Discord, PATIENCE};
use serenity::{
    all::{
        Client, ClientBuilder, CommandOptionType, CommandType, Context, CreateCommand,
        CreateCommandOption, CreateInteractionResponse, EditInteractionResponse, EventHandler,
        GatewayIntents, Http, HttpBuilder, Interaction, Message, Ready, async_trait,
    },
    builder::CreateInteractionResponseMessage as Answer,
};
use tokio::runtime::Runtime;

/// A bot that only does what a test tells it.
pub(super) struct Bot {
    pub(super) http: Arc<Http>,
    events: mpsc::Receiver<Event>,
    pub(super) runtime: Runtime,
}

pub(super) enum Event {
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
    pub(super) fn start(discord: &Discord) -> Self {
        Self::with(
            discord,
            GatewayIntents::GUILD_MESSAGES | GatewayIntents::DIRECT_MESSAGES,
        )
    }

    pub(super) fn with(discord: &Discord, intents: GatewayIntents) -> Self {
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

    pub(super) fn asked(&self) -> Interaction {
        match self.next() {
            Event::Asked(interaction) => *interaction,
            Event::Ready => panic!("READY instead of an interaction"),
            Event::Told(message) => panic!("a message instead of an interaction: {message:?}"),
        }
    }

    pub(super) fn told(&self) -> Message {
        match self.next() {
            Event::Told(message) => *message,
            Event::Ready | Event::Asked(_) => panic!("something else instead of a message"),
        }
    }

    pub(super) fn run<T>(
        &self,
        future: impl Future<Output = serenity::Result<T>>,
    ) -> Result<T, String> {
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

    pub(super) fn answer(
        &self,
        asked: &Interaction,
        answer: CreateInteractionResponse,
    ) -> Result<(), String> {
        let (id, token) = (asked.id(), asked.token());
        self.run(async {
            self.http
                .create_interaction_response(id, token, &answer, Vec::new())
                .await
        })
    }

    pub(super) fn say(&self, asked: &Interaction, text: impl Into<String>) -> Result<(), String> {
        self.answer(
            asked,
            CreateInteractionResponse::Message(Answer::new().content(text)),
        )
    }

    pub(super) fn edit(
        &self,
        asked: &Interaction,
        edit: EditInteractionResponse,
    ) -> Result<Message, String> {
        self.run(
            self.http
                .edit_original_interaction_response(asked.token(), &edit, Vec::new()),
        )
    }
}

pub(super) fn client(
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

pub(super) fn commands() -> Vec<CreateCommand> {
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
