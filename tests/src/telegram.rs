//! A fake of the Telegram Bot API on loopback: as strict as the platform, and stricter where its
//! documentation is silent.
//!
//! It stores chats, messages and queries, parses markup, checks every call against the documented
//! limits and the platform's own description, applies flood control, and plays the users who talk
//! to the bot. Wrong calls of the bot are violations; a test with violations fails at its end,
//! unless it forgives them.

mod ask;
mod chat;
mod content;
mod delivery;
mod edit;
mod faults;
mod flood;
mod inline;
mod markup;
mod message;
mod methods;
mod parameters;
mod profile;
mod queries;
mod refusal;
mod rooms;
mod send;
mod server;
mod spec;
mod state;
mod text;
mod updates;
mod users;

use std::{
    fmt,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use self::state::{Shared, State};
use crate::loopback;

pub use self::{
    ask::Asked,
    chat::Chat,
    faults::Fault,
    flood::{Limits, ON_THE_WAY},
    inline::{Chosen, Inline, Pressed},
    message::{Attachment, Button, Message},
    text::entity::Entity,
    users::User,
};

/// The token of the bot.
pub const TOKEN: &str = "7000000001:AAF-netvane_test_token-0123456789abc";

/// A fake of Telegram's Bot API, which runs until dropped.
pub struct Telegram {
    /// Address that the fake listens on.
    pub address: SocketAddr,
    url: String,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

/// A call of the bot.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method, as the documentation spells it.
    pub method: String,
    /// The parameters, without files.
    pub parameters: Value,
    /// HTTP status of the response; 0 if the connection ended without one.
    pub status: u16,
    /// Why the call was refused.
    pub description: Option<String>,
    /// The `result` member of the response.
    pub result: Option<Value>,
    /// When the call was carried out.
    pub at: Instant,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.method, self.parameters, self.status)?;
        self.description
            .iter()
            .try_for_each(|why| write!(f, " {why}"))
    }
}

impl Telegram {
    /// Starts the fake with the platform's limits and without any users.
    pub fn start() -> Self {
        let runtime = loopback::runtime(1);
        let (listener, address) = loopback::listen(&runtime);
        let shared = Arc::new(Shared::new(TOKEN));
        runtime.spawn(server::serve(listener, shared.clone()));
        runtime.spawn(delivery::deliver(shared.clone()));
        Self {
            address,
            url: format!("http://{address}"),
            shared,
            runtime: Some(runtime),
        }
    }

    /// Returns the settings that connect the program to this fake, as environment variables.
    pub fn settings(&self) -> [(&'static str, &str); 2] {
        [
            ("NETVANE__TELEGRAM__TOKEN", TOKEN),
            ("NETVANE__TELEGRAM__API_URL", &self.url),
        ]
    }

    /// Returns the base URL without a final slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes the limits of flood control.
    pub fn limits(&self, limits: Limits) -> &Self {
        self.shared.change(|state| state.flood.limits = limits);
        self
    }

    /// Sends the bot every message in groups, as if it were an administrator or its privacy mode
    /// were off.
    pub fn reads_groups(&self) -> &Self {
        self.shared.change(|state| {
            state.reads_groups = true;
            state.bot["can_read_all_group_messages"] = json!(true);
        });
        self
    }

    /// Sets how long a query may wait for its answer.
    pub fn query_patience(&self, patience: Duration) -> &Self {
        self.shared.change(|state| state.patience = patience);
        self
    }

    /// Injects a fault into the next requests for a method, such as `sendMessage`.
    pub fn fault(&self, method: &str, fault: Fault, times: usize) -> &Self {
        let faults = std::iter::repeat_n(fault, times);
        self.shared.change(|state| {
            state
                .faults
                .entry(method.to_lowercase())
                .or_default()
                .extend(faults)
        });
        self
    }

    /// Revokes the token: every call gets 401 from now on.
    pub fn revoke_token(&self) -> &Self {
        self.shared.change(|state| state.revoked = true);
        self
    }

    /// Forgives violations that contain this text, for tests that provoke them.
    pub fn forgive(&self, text: &str) -> &Self {
        self.shared.change(|state| {
            state
                .violations
                .retain(|violation| !violation.contains(text));
            state.forgiven.push(text.to_owned());
        });
        self
    }

    /// Also accepts `http://` webhooks.
    pub fn plain_webhooks(&self) -> &Self {
        self.shared.change(|state| state.plain_webhooks = true);
        self
    }

    /// Delivers updates to this address, whatever host the webhook's URL names.
    pub fn deliver_to(&self, address: SocketAddr) -> &Self {
        self.shared.change(|state| state.deliver_to = Some(address));
        self
    }

    /// Sends this secret, or none, instead of the one the bot set; an outer `None` restores the
    /// right one.
    pub fn send_secret(&self, secret: Option<Option<&str>>) -> &Self {
        self.shared
            .change(|state| state.wrong_secret = secret.map(|secret| secret.map(str::to_owned)));
        self
    }

    /// Returns the update id and HTTP status of every delivery so far; status 0 if there was no
    /// response.
    pub fn deliveries(&self) -> Vec<(i64, u16)> {
        self.shared.lock().deliveries.clone()
    }

    /// Waits for a delivery that was answered with this status.
    #[track_caller]
    pub fn wait_for_delivery(&self, status: u16) {
        let found = |state: &mut State| {
            state
                .deliveries
                .iter()
                .any(|(_, came)| *came == status)
                .then_some(())
        };
        self.shared
            .wait_for(&format!("a delivery answered with {status}"), found);
    }

    /// Returns the webhook's settings: URL, secret, connections.
    pub fn webhook(&self) -> Option<(String, Option<String>, usize)> {
        let state = self.shared.lock();
        state.webhook.as_ref().map(|webhook| {
            (
                webhook.url.clone(),
                webhook.secret.clone(),
                webhook.connections,
            )
        })
    }

    /// Returns the kinds of updates that the bot asked for.
    pub fn allowed_updates(&self) -> Option<Vec<String>> {
        self.shared
            .lock()
            .allowed
            .as_ref()
            .map(|kinds| kinds.iter().cloned().collect())
    }

    /// Returns the command menu that users see: `scope` is its type, such as `default`; an empty
    /// `language` means all.
    pub fn menu(&self, scope: &str, language: &str) -> Vec<(String, String)> {
        let state = self.shared.lock();
        let wanted = |((place, of), _): &(&(String, String), &Value)| {
            let place: Value = serde_json::from_str(place).unwrap_or_default();
            place["type"] == scope && of == language
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = state
            .commands
            .iter()
            .find(wanted)
            .and_then(|(_, list)| list.as_array());
        list.into_iter()
            .flatten()
            .map(|one| (text(&one["command"]), text(&one["description"])))
            .collect()
    }

    /// Waits until the bot polls for updates.
    #[track_caller]
    pub fn wait_for_poll(&self) {
        self.shared
            .wait_for("the bot polls", |state| (state.polling > 0).then_some(()));
    }

    /// Waits for a call of this method that `accept` accepts, and returns the latest.
    #[track_caller]
    pub fn wait_for_call(&self, method: &str, accept: impl Fn(&Call) -> bool) -> Call {
        let fits = |call: &&Call| call.method == method && accept(call);
        self.shared
            .wait_for(&format!("a call of {method}"), |state| {
                state.calls.iter().rev().find(fits).cloned()
            })
    }

    /// Returns all calls so far, but only refused ones of `getUpdates`.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// Returns all violations so far that were not forgiven.
    pub fn violations(&self) -> Vec<String> {
        self.shared.lock().violations.clone()
    }

    /// Ends the fake: fails on violations and unanswered queries.
    #[track_caller]
    pub fn finish(self) {
        self.settle();
    }

    #[track_caller]
    fn settle(&self) {
        self.shared.lock().settled = true;
        let open = |state: &State| {
            let open = state
                .queries
                .values()
                .filter(|query| query.answer.is_none() && !query.expired);
            open.map(|query| query.what.clone()).collect::<Vec<_>>()
        };
        self.shared.wait_for("all queries are answered", |state| {
            open(state).is_empty().then_some(())
        });
        let violations = self.violations();
        assert!(
            violations.is_empty(),
            "the bot broke the platform's rules: {violations:#?}"
        );
    }
}

impl Drop for Telegram {
    fn drop(&mut self) {
        let settled = std::thread::panicking() || self.shared.lock().settled;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            if !settled {
                self.settle();
            }
        }));
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    }
}
