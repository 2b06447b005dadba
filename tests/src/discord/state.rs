//! The state of the fake: everything that was sent, and what follows from it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::body::Bytes;
use serde_json::{Value, json};

use super::{
    body::Body,
    gateway::Gateway,
    rate::{Limited, Rates},
    refusal::Refusal,
    spec::Spec,
};
use crate::PATIENCE;

pub(crate) const TOKEN: &str =
    "MTEwMDAwMDAwMDAwMDAwMDAwMQ.Fake00.netvane-tests-token-of-no-real-bot";
pub(crate) const APPLICATION: &str = "1100000000000000001";
pub(crate) const BOT: &str = "1100000000000000002";
const DISCORD_EPOCH: u64 = 1_420_070_400_000;

/// The state behind a lock, with a condition variable that signals changes.
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Base URL of the fake, `http://127.0.0.1:PORT`.
    pub origin: String,
    pub spec: Spec,
    pub keys: ring::signature::Ed25519KeyPair,
}

/// One request of the bot.
#[derive(Clone, Debug)]
pub struct Call {
    /// Time since the fake started.
    pub at: Duration,
    /// HTTP method of the request.
    pub method: String,
    /// Path of the request after `/api/v10`.
    pub path: String,
    /// Query of the request after the `?`.
    pub query: String,
    /// Body of the request, with its files.
    pub body: Body,
    /// Status of the response; 0 if the connection was dropped.
    pub status: u16,
}

/// A version of a message that a user saw.
#[derive(Clone, Debug)]
pub struct Moment {
    /// When it appeared, since the fake started.
    pub at: Duration,
    /// The message; `null` once it was deleted.
    pub message: Value,
}

pub(crate) struct Posted {
    pub id: String,
    pub channel: String,
    pub by_bot: bool,
    /// Token of the interaction that it responds to.
    pub token: Option<String>,
    pub history: Vec<Moment>,
    /// Whether a test has examined it.
    pub seen: bool,
}

impl Posted {
    /// Returns its current version; `null` if deleted.
    pub(crate) fn now(&self) -> &Value {
        self.history
            .last()
            .map_or(&Value::Null, |moment| &moment.message)
    }

    pub(crate) fn is_ephemeral(&self) -> bool {
        self.now()["flags"]
            .as_u64()
            .is_some_and(|flags| flags & 64 != 0)
    }

    /// Whether it still shows "The bot is thinking".
    pub(crate) fn is_thinking(&self) -> bool {
        thinks(self.now())
    }
}

pub(crate) fn thinks(message: &Value) -> bool {
    message["flags"]
        .as_u64()
        .is_some_and(|flags| flags & 128 != 0)
}

pub(crate) struct Interaction {
    pub id: String,
    pub token: String,
    /// The event as it was sent, for sending it again.
    pub event: Value,
    pub dispatched: Instant,
    pub answer: Option<(Duration, Value)>,
    /// The message that `@original` refers to.
    pub original: Option<String>,
    pub followups: Vec<String>,
    pub expired: bool,
    /// Whether the test accepts that it is never answered.
    pub forgotten: bool,
}

impl Interaction {
    pub(crate) fn kind(&self) -> i64 {
        self.event["type"].as_i64().unwrap_or_default()
    }
}

/// A fault that a test injects.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Status(u16),
    Limit {
        retry_after: Duration,
        global: bool,
    },
    /// The connection ends before the request is carried out.
    Drop,
    /// The request is carried out, but the connection ends before the response.
    Lose,
    Slow(Duration),
}

pub(crate) struct State {
    pub started: Instant,
    serial: u64,
    pub calls: Vec<Call>,
    pub violations: Vec<String>,
    pub strict: bool,
    /// Commands by scope: `None` is global, otherwise a guild.
    pub commands: BTreeMap<Option<String>, Vec<Value>>,
    pub interactions: Vec<Interaction>,
    pub messages: Vec<Posted>,
    pub files: HashMap<String, (String, Bytes)>,
    /// Pattern of the route, fault, remaining number of times.
    pub faults: Vec<(String, Fault, usize)>,
    pub rates: Rates,
    pub gateway: Gateway,
    /// Address that interactions are posted to, instead of the gateway.
    pub hooks: Option<std::net::SocketAddr>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            serial: 0,
            calls: Vec::new(),
            violations: Vec::new(),
            strict: false,
            commands: BTreeMap::new(),
            interactions: Vec::new(),
            messages: Vec::new(),
            files: HashMap::new(),
            faults: Vec::new(),
            rates: Rates::default(),
            gateway: Gateway::default(),
            hooks: None,
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Makes an identifier that was not used before.
    pub(crate) fn snowflake(&mut self) -> String {
        self.serial += 1;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        let now = u64::try_from(now)
            .unwrap_or_default()
            .saturating_sub(DISCORD_EPOCH);
        ((now << 22) | (self.serial & 0x003f_ffff)).to_string()
    }

    pub(crate) fn violation(&mut self, text: impl Into<String>) {
        self.violations.push(text.into());
    }

    pub(crate) fn interaction(&mut self, id: &str) -> Option<&mut Interaction> {
        self.interactions
            .iter_mut()
            .find(|interaction| interaction.id == id)
    }

    pub(crate) fn message(&mut self, id: &str) -> Option<&mut Posted> {
        self.messages.iter_mut().find(|message| message.id == id)
    }

    /// Adds a message; returns its identifier, which its JSON already contains.
    pub(crate) fn post(&mut self, message: Value, by_bot: bool, token: Option<String>) -> String {
        let text = |key: &str| message[key].as_str().unwrap_or_default().to_owned();
        let (id, channel, at) = (text("id"), text("channel_id"), self.now());
        let history = vec![Moment { at, message }];
        self.messages.push(Posted {
            id: id.clone(),
            channel,
            by_bot,
            token,
            history,
            seen: false,
        });
        id
    }

    /// Adds a new version of a message, or its deletion.
    pub(crate) fn change(&mut self, id: &str, message: Value) {
        let at = self.now();
        if let Some(posted) = self.message(id) {
            posted.history.push(Moment { at, message });
        }
    }

    /// Returns the fault that a test injects into this request, and counts it.
    pub(crate) fn fault(&mut self, request: &str) -> Option<Fault> {
        let index = self
            .faults
            .iter()
            .position(|(pattern, ..)| matches(pattern, request))?;
        let (_, fault, left) = &mut self.faults[index];
        let fault = fault.clone();
        *left -= 1;
        if *left == 0 {
            self.faults.remove(index);
        }
        Some(fault)
    }

    pub(crate) fn limited(&mut self, request: &str, limited: &Limited) {
        if limited.violated {
            let left = limited.retry_after;
            self.violation(format!(
                "{request} came {left:?} before the rate limit's end"
            ));
        }
    }

    /// Records a refusal that the test did not ask for as a violation.
    pub(crate) fn refused(&mut self, request: &str, refusal: &Refusal) {
        self.violation(format!(
            "{request} was refused: {} {}",
            refusal.status,
            refusal.body()
        ));
    }

    /// Returns what is still missing when a test ends.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let mut left = Vec::new();

        for interaction in self
            .interactions
            .iter()
            .filter(|interaction| !interaction.forgotten)
        {
            let name = interaction.event["data"]
                .get("name")
                .or(interaction.event["data"].get("custom_id"));
            let name = name.and_then(Value::as_str).unwrap_or_default();
            if interaction.answer.is_none() {
                left.push(format!("interaction `{name}` was never answered"));
            }
            let original = self
                .messages
                .iter()
                .find(|m| Some(&m.id) == interaction.original.as_ref());
            if original.is_some_and(Posted::is_thinking) {
                left.push(format!("the bot still thinks about `{name}`"));
            }
        }

        if self.strict {
            let unseen = self
                .messages
                .iter()
                .filter(|message| message.by_bot && !message.seen);
            left.extend(unseen.map(|message| format!("no test looked at {}", message.now())));
        }

        left
    }
}

/// Whether a request matches a pattern: `*` is one segment, a final `**` is all the rest; the
/// method may be `*` too.
pub(crate) fn matches(pattern: &str, request: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.split([' ', '/'])
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (pattern, request) = (split(pattern), split(request));
    let rest = pattern.last().is_some_and(|last| last == "**");
    let parts = if rest {
        &pattern[..pattern.len() - 1]
    } else {
        &pattern[..]
    };
    (if rest {
        request.len() >= parts.len()
    } else {
        request.len() == parts.len()
    }) && parts
        .iter()
        .zip(&request)
        .all(|(part, given)| part == "*" || part == given)
}

impl Shared {
    pub(crate) fn new(origin: String, keys: ring::signature::Ed25519KeyPair) -> Self {
        Self {
            state: Mutex::new(State::new()),
            changed: Condvar::new(),
            origin,
            spec: Spec::default(),
            keys,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes all that wait for it.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until `find` returns something; panics after a timeout.
    #[track_caller]
    pub(crate) fn wait<T>(&self, what: &str, find: impl FnMut(&mut State) -> Option<T>) -> T {
        self.wait_within(PATIENCE, what, find)
    }

    #[track_caller]
    pub(crate) fn wait_within<T>(
        &self,
        patience: Duration,
        what: &str,
        mut find: impl FnMut(&mut State) -> Option<T>,
    ) -> T {
        let end = Instant::now() + patience;
        let mut state = self.lock();

        loop {
            if let Some(found) = find(&mut state) {
                return found;
            }

            let left = end.saturating_duration_since(Instant::now());

            if left.is_zero() {
                let calls: Vec<_> = state
                    .calls
                    .iter()
                    .map(|c| (&c.method, &c.path, c.status))
                    .collect();
                let (calls, violations) =
                    (format!("{calls:#?}"), format!("{:#?}", state.violations));
                drop(state);
                panic!("waited in vain: {what}\nviolations: {violations}\ncalls: {calls}");
            }

            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Returns the bot as a user.
pub(crate) fn bot() -> Value {
    json!({
        "id": BOT, "username": "netvane", "discriminator": "0", "global_name": null, "avatar": null,
        "bot": true, "verified": true, "mfa_enabled": false, "email": null, "flags": 0, "public_flags": 0,
    })
}
