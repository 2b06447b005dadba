//! Gateway sessions and their events.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    scene::{GUILD, Place},
    server::is_bot,
    state::BOT,
};

const GUILD_MESSAGES: u64 = 1 << 9;
const DIRECT_MESSAGES: u64 = 1 << 12;
const MESSAGE_CONTENT: u64 = 1 << 15;

/// The gateway's session and its connection.
pub(crate) struct Gateway {
    pub heartbeat: Duration,
    /// Minimum time between two identifications.
    pub identify_every: Duration,
    /// Privileged intents that are enabled in the portal.
    pub privileged: u64,
    pub identified: usize,
    pub resumed: usize,
    pub heartbeats: usize,
    pub session: Option<Session>,
    pub connection: Option<(u64, UnboundedSender<Order>)>,
    pub last_identify: Option<Instant>,
    pub connections: u64,
}

pub(crate) struct Session {
    pub id: String,
    pub intents: u64,
    /// All events of the session; sequence numbers start at 1.
    pub events: Vec<Value>,
}

/// A command to a connection.
pub(crate) enum Order {
    Send(Value),
    Close(u16),
    Drop,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(41_250),
            identify_every: Duration::from_secs(5),
            privileged: 0,
            identified: 0,
            resumed: 0,
            heartbeats: 0,
            session: None,
            connection: None,
            last_identify: None,
            connections: 0,
        }
    }
}

impl Gateway {
    /// Sends an event to the bot, now or after it resumes.
    pub(crate) fn dispatch(&mut self, name: &str, data: &Value) {
        let Some(session) = &mut self.session else {
            return;
        };
        let event = json!({ "op": 0, "s": session.events.len() + 1, "t": name, "d": data });
        session.events.push(event.clone());
        self.order(Order::Send(event));
    }

    pub(crate) fn order(&self, order: Order) {
        if let Some((_, connection)) = &self.connection {
            // Sending to a connection that has just ended is fine.
            let _ = connection.send(order);
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connection.is_some() && self.session.is_some()
    }

    /// Sends a message event with as much content as the bot's intents allow; false if they do not
    /// allow the event.
    pub(crate) fn message_create(&mut self, message: &Value) -> bool {
        let Some(session) = &self.session else {
            return false;
        };
        let place = Place::of(message["channel_id"].as_str().unwrap_or_default());
        let needed = if place == Place::Dm {
            DIRECT_MESSAGES
        } else {
            GUILD_MESSAGES
        };

        if session.intents & needed == 0 || place.is_brought() {
            return false;
        }

        let mut message = message.clone();

        if place == Place::Guild {
            message["guild_id"] = json!(GUILD);
            let member = message
                .as_object_mut()
                .and_then(|message| message.remove("member"));
            message["member"] = member.unwrap_or_else(|| super::scene::member(None));
        }

        let mentioned = message["mentions"]
            .as_array()
            .is_some_and(|list| list.iter().any(|u| u["id"] == BOT));
        let readable = session.intents & MESSAGE_CONTENT != 0;

        if !(readable || mentioned || place == Place::Dm || is_bot(&message)) {
            message["content"] = json!("");
            for hidden in ["embeds", "attachments", "components"] {
                message[hidden] = json!([]);
            }
        }

        self.dispatch("MESSAGE_CREATE", &message);

        true
    }
}
