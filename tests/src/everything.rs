//! All peers of the service at once: a resolver, both chats, a receiver of callbacks, and a state
//! directory.

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

/// Secret that callbacks are signed with.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw1xGbqAJ3BBE=";

/// Setting that retries failed callbacks at once, 15 times.
pub const RETRIES: (&str, &str) = (
    "NETVANE__HTTP__CALLBACK_RETRY_SECONDS",
    "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
);

/// The peers and the state directory of one service at a time.
pub struct Everything {
    /// The service's resolver, unless a setting overrides it.
    pub dns: Dns,
    /// The fake of Telegram's Bot API.
    pub telegram: Telegram,
    /// The fake of Discord's API and gateway.
    pub discord: Discord,
    /// The receiver of callbacks.
    pub receiver: Receiver,
    /// State directory of the service.
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
    /// Starts a service with these peers; later settings override earlier ones.
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

    /// Waits until both chat adapters are connected.
    pub fn connected(&self, service: &Service) {
        until("both chats are connected", || {
            let ready = service.get("/readyz");
            ready.text().contains("discord up") && ready.text().contains("telegram up")
        });
        self.discord.registered();
    }

    /// Returns a user's private chat on Telegram; `number` is the user's id.
    pub fn on_telegram(&self, number: i64) -> telegram::Chat {
        self.telegram.private(&User::new(number, "Ann"))
    }

    /// Runs `/a` for a name, as the Discord user with this number.
    pub fn on_discord(&self, number: u8, domain: &str) -> Asked {
        self.discord
            .slash_in(&Scene::someone(number), "a", json!({ "domain": domain }))
    }
}

/// Sends a lookup request with a callback.
pub fn call_back(service: &Service, line: &str, url: &str) -> Response {
    service.post(json!({ "command": line, "callback": url }).to_string())
}

/// Sends a lookup request with a callback, which must be accepted; returns the delivery's id.
#[track_caller]
pub fn taken(service: &Service, line: &str, url: &str) -> String {
    let response = call_back(service, line, url);
    assert_eq!(response.status, 202, "{}", response.text());
    let body: Value = serde_json::from_slice(&response.body).expect("JSON");
    body["id"].as_str().expect("an id").to_owned()
}

/// Sends a lookup request over HTTP without waiting for the response.
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

/// Whether a Telegram message is a final reply, not progress or an error.
pub fn told(message: &Message) -> bool {
    message.buttons().any(|button| button.text == "Raw")
}

/// Whether a Telegram message shows a lookup in progress.
pub fn works(message: &Message) -> bool {
    message.buttons().any(|button| button.text == "Cancel")
}

/// Returns the labels of the buttons of a Discord message.
pub fn labels(message: &Value) -> Vec<&str> {
    let rows = message["components"].as_array().into_iter().flatten();
    let buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    buttons
        .filter_map(|button| button["label"].as_str())
        .collect()
}

/// Waits until a lookup on Discord has its final reply.
#[track_caller]
pub fn answered(asked: &Asked) -> Value {
    asked.wait_for("an answer", |message| labels(message).contains(&"Raw"))
}

/// Waits until a lookup on Discord is shown as in progress.
#[track_caller]
pub fn working(asked: &Asked) -> Value {
    asked.wait_for("work under way", |message| {
        labels(message).contains(&"Cancel")
    })
}

/// Tells other threads when dropped that a test has ended, also if it failed.
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Time to wait for something that must not happen.
pub const A_WHILE: Duration = Duration::from_millis(500);
