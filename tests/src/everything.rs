//! All that the service talks to at once: a resolver, both chats, a receiver of callbacks, and a place for its state.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    Discord, Dns, Receiver, Scratch, Service, Telegram,
    discord::{Asked, Scene},
    http::{Client, Response},
    telegram::{self, Message, User},
    until,
};

/// What callbacks are signed with.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw1xGbqAJ3BBE=";

/// Failed callbacks are sent again at once, 15 times.
pub const RETRIES: (&str, &str) = (
    "NETVANE__HTTP__CALLBACK_RETRY_SECONDS",
    "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
);

/// A world for one service at a time.
pub struct Everything {
    /// What it asks, unless a setting says otherwise.
    pub dns: Dns,
    /// The fake of Telegram's Bot API.
    pub telegram: Telegram,
    /// The fake of Discord's API and gateway.
    pub discord: Discord,
    /// The receiver of callbacks.
    pub receiver: Receiver,
    /// Where its state is.
    pub state: Scratch,
}

impl Default for Everything {
    fn default() -> Self {
        Self {
            dns: Dns::start(),
            telegram: Telegram::start(),
            discord: Discord::start(),
            receiver: Receiver::start(),
            state: Scratch::new(),
        }
    }
}

impl Everything {
    /// A service in this world; the last of two settings counts.
    pub fn serve(&self, more: &[(&str, &str)]) -> Service {
        let (dns, state) = (
            self.dns.address.to_string(),
            self.state.path().display().to_string(),
        );
        let mut settings: Vec<(&str, &str)> = self.telegram.settings().into();
        settings.extend(self.discord.settings());
        settings.extend([
            ("NETVANE__DNS__SERVERS", dns.as_str()),
            ("NETVANE__STATE__DIRECTORY", state.as_str()),
            ("NETVANE__RDAP__ENABLED", "false"),
            ("NETVANE__POLICY__ALLOW", "127.0.0.1/32"),
            ("NETVANE__HTTP__CALLBACK_SECRET", SECRET),
            RETRIES,
        ]);
        settings.extend(more);
        Service::start(&settings)
    }

    /// Waits until both chats hear.
    pub fn connected(&self, service: &Service) {
        until("both chats are connected", || {
            let ready = service.get("/readyz");
            ready.text().contains("discord up") && ready.text().contains("telegram up")
        });
        self.discord.registered();
    }

    /// Somebody of this number on Telegram, in a chat of their own.
    pub fn on_telegram(&self, number: i64) -> telegram::Chat {
        self.telegram.private(&User::new(number, "Ann"))
    }

    /// Somebody of this number on Discord asks for the addresses of a name.
    pub fn on_discord(&self, number: u8, domain: &str) -> Asked {
        self.discord
            .slash_in(&Scene::someone(number), "a", json!({ "domain": domain }))
    }
}

/// Asks with a callback.
pub fn call_back(service: &Service, line: &str, url: &str) -> Response {
    service.post(json!({ "command": line, "callback": url }).to_string())
}

/// Asks with a callback that is taken; gives the delivery's id.
#[track_caller]
pub fn taken(service: &Service, line: &str, url: &str) -> String {
    let response = call_back(service, line, url);
    assert_eq!(response.status, 202, "{}", response.text());
    let body: Value = serde_json::from_slice(&response.body).expect("JSON");
    body["id"].as_str().expect("an id").to_owned()
}

/// Asks over HTTP and leaves the answer for later.
pub fn begin(service: &Service, line: &str, accept: &str) -> Client {
    let mut client = Client::connect(service.address);
    let headers = [("Content-Type", "application/json"), ("Accept", accept)];
    client.request(
        "POST /v1/commands",
        &headers,
        json!({ "command": line }).to_string().as_bytes(),
    );
    client
}

/// Whether a message on Telegram is an answer, and not progress or a word about a mistake.
pub fn told(message: &Message) -> bool {
    message.buttons().any(|button| button.text == "Raw")
}

/// Whether a message on Telegram is about work under way.
pub fn works(message: &Message) -> bool {
    message.buttons().any(|button| button.text == "Cancel")
}

/// Labels of the buttons of a message on Discord.
pub fn labels(message: &Value) -> Vec<&str> {
    let rows = message["components"].as_array().into_iter().flatten();
    let buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    buttons
        .filter_map(|button| button["label"].as_str())
        .collect()
}

/// Waits until a question on Discord is answered.
#[track_caller]
pub fn answered(asked: &Asked) -> Value {
    asked.wait_for("an answer", |message| labels(message).contains(&"Raw"))
}

/// Waits until a question on Discord is shown to be worked on.
#[track_caller]
pub fn working(asked: &Asked) -> Value {
    asked.wait_for("work under way", |message| {
        labels(message).contains(&"Cancel")
    })
}

/// Says to other threads that a test is over when it is dropped, also when it ends badly.
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A time in which a thing that must not happen would have happened.
pub const A_WHILE: Duration = Duration::from_millis(500);
