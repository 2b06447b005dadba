//! The state of the fake, behind one lock.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    Call,
    faults::Fault,
    flood::Flood,
    message::{Attachment, Message},
    refusal::Refusal,
    spec::Spec,
    users::User,
};
use crate::PATIENCE;

/// Location of a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Chat(i64, i64),
    Inline(String),
}

/// A message with all its versions.
pub(super) struct Stored {
    /// The message in the Bot API's form.
    pub json: Value,
    /// All versions, the first one first.
    pub states: Vec<Message>,
    pub by_bot: bool,
}

/// A chat with its messages and members.
pub(super) struct Room {
    pub json: Value,
    pub members: BTreeMap<i64, User>,
    pub admins: BTreeSet<i64>,
    /// Topics by their number.
    pub topics: BTreeMap<i64, String>,
    /// Why the bot may not write here.
    pub closed: Option<Refusal>,
}

/// A callback or inline query.
pub(super) struct Query {
    pub what: String,
    /// Whether it is an inline query rather than a button press.
    pub inline: bool,
    pub asked: Instant,
    pub expired: bool,
    pub answer: Option<Value>,
}

/// An update that was not confirmed yet.
pub(super) struct Pending {
    pub id: i64,
    pub body: Value,
    /// Updates of one queue are delivered one after the other.
    pub queue: i64,
    /// Whether it is delivered again, even if the bot confirmed it.
    pub again: bool,
}

#[derive(Clone)]
pub(super) struct Webhook {
    pub url: String,
    pub secret: Option<String>,
    pub connections: usize,
    pub error: Option<String>,
}

pub(super) struct State {
    pub token: String,
    pub revoked: bool,
    pub bot: Value,
    pub reads_groups: bool,
    pub rooms: BTreeMap<i64, Room>,
    pub messages: BTreeMap<Place, Stored>,
    pub queries: BTreeMap<String, Query>,
    /// How long a query may wait for its answer.
    pub patience: Duration,
    pub files: BTreeMap<String, Attachment>,
    pub commands: BTreeMap<(String, String), Value>,
    pub texts: BTreeMap<(String, String), String>,
    pub pending: VecDeque<Pending>,
    pub allowed: Option<BTreeSet<String>>,
    /// Number of the latest `getUpdates` call.
    pub poller: u64,
    /// Number of polls that are waiting.
    pub polling: usize,
    pub webhook: Option<Webhook>,
    /// Queues whose next update is being delivered.
    pub busy: BTreeSet<i64>,
    pub plain_webhooks: bool,
    /// Real address of webhooks, and a secret to send instead of the right one.
    pub deliver_to: Option<SocketAddr>,
    pub wrong_secret: Option<Option<String>>,
    /// Update and status of every attempt to deliver; 0 if there was no response.
    pub deliveries: Vec<(i64, u16)>,
    pub flood: Flood,
    pub faults: HashMap<String, VecDeque<Fault>>,
    pub spec: Option<Arc<Spec>>,
    pub calls: Vec<Call>,
    pub violations: Vec<String>,
    pub forgiven: Vec<String>,
    pub settled: bool,
    numbers: i64,
}

/// The state, with ways to wait for changes.
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    version: watch::Sender<u64>,
}

impl Shared {
    pub(super) fn new(token: &str) -> Self {
        Self {
            state: Mutex::new(State::new(token)),
            changed: Condvar::new(),
            version: watch::Sender::default(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes all that wait.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let value = change(&mut self.lock());
        self.changed.notify_all();
        self.version.send_modify(|version| *version += 1);
        value
    }

    /// Returns a receiver that is notified of changes.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Waits until `find` returns something; panics after a timeout.
    #[track_caller]
    pub(super) fn wait_for<T>(
        &self,
        what: &str,
        mut find: impl FnMut(&mut State) -> Option<T>,
    ) -> T {
        let end = Instant::now() + PATIENCE;
        let mut state = self.lock();
        loop {
            if let Some(found) = find(&mut state) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "waited in vain: {what}\n{}",
                state.summary()
            );
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl State {
    fn new(token: &str) -> Self {
        let id = token
            .split(':')
            .next()
            .and_then(|id| id.parse::<i64>().ok())
            .unwrap_or_default();

        Self {
            token: token.to_owned(),
            revoked: false,
            bot: json!({
                "id": id, "is_bot": true, "first_name": "Netvane", "username": "netvane_bot",
                "can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": true,
                "can_connect_to_business": false, "has_main_web_app": false, "has_topics_enabled": false,
                "allows_users_to_create_topics": false, "can_manage_bots": false,
            }),
            reads_groups: false,
            rooms: BTreeMap::new(),
            messages: BTreeMap::new(),
            queries: BTreeMap::new(),
            patience: Duration::from_secs(15),
            files: BTreeMap::new(),
            commands: BTreeMap::new(),
            texts: BTreeMap::new(),
            pending: VecDeque::new(),
            allowed: None,
            poller: 0,
            polling: 0,
            webhook: None,
            busy: BTreeSet::new(),
            plain_webhooks: false,
            deliver_to: None,
            wrong_secret: None,
            deliveries: Vec::new(),
            flood: Flood::default(),
            faults: HashMap::new(),
            spec: Spec::load(),
            calls: Vec::new(),
            violations: Vec::new(),
            forgiven: Vec::new(),
            settled: false,
            numbers: 1000,
        }
    }

    /// Returns a number that was not used yet.
    pub(super) fn number(&mut self) -> i64 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn violation(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.forgiven.iter().any(|text| what.contains(text)) {
            self.violations.push(what);
        }
    }

    /// Queues an update for the bot, unless it did not ask for this kind.
    pub(super) fn push(&mut self, kind: &str, body: Value, queue: i64) -> Option<i64> {
        let wanted = match &self.allowed {
            Some(allowed) if !allowed.is_empty() => allowed.contains(kind),
            _ => !matches!(
                kind,
                "chat_member" | "message_reaction" | "message_reaction_count"
            ),
        };
        if !wanted {
            return None;
        }
        let id = 500_000_000 + self.number();
        let body = json!({ "update_id": id, kind: body });
        self.pending.push_back(Pending {
            id,
            body,
            queue,
            again: false,
        });
        Some(id)
    }

    /// Returns the current versions of the bot's messages in a chat, in order of sending.
    pub(super) fn own_messages(&self, chat: i64) -> impl Iterator<Item = &Message> {
        let own = self
            .messages
            .range(Place::Chat(chat, 0)..=Place::Chat(chat, i64::MAX));
        own.filter(|(_, stored)| stored.by_bot)
            .filter_map(|(_, stored)| stored.states.last())
    }

    /// Starts a callback query or inline query; returns its id.
    pub(super) fn ask(&mut self, what: String, inline: bool) -> String {
        let id = format!("{}", 7_000_000_000_000_000 + self.number());
        let query = Query {
            what,
            inline,
            asked: Instant::now(),
            expired: false,
            answer: None,
        };
        self.queries.insert(id.clone(), query);
        id
    }

    /// Summarizes the state for the message of a failed wait.
    pub(super) fn summary(&self) -> String {
        let calls: Vec<_> = self
            .calls
            .iter()
            .rev()
            .take(20)
            .map(ToString::to_string)
            .collect();
        let calls = calls.into_iter().rev().collect::<Vec<_>>().join("\n  ");
        let waiting: Vec<_> = self.pending.iter().map(|pending| &pending.body).collect();
        format!(
            "calls:\n  {calls}\nviolations: {:#?}\nupdates not taken: {waiting:#?}",
            self.violations
        )
    }
}

/// Returns the seconds since 1970, as the Bot API writes times.
pub(super) fn now() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}
