//! One connection to the gateway, version 10: hello, heartbeats, identify, resume.

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use flate2::{Compression, write::ZlibEncoder};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{
    gateway::{Gateway, Order, Session},
    scene::GUILD,
    state::{APPLICATION, Shared, TOKEN, bot},
};

/// Privileged intents: members, presences, message content.
const PRIVILEGED: u64 = (1 << 1) | (1 << 8) | (1 << 15);
const KNOWN: u64 = 0x1_ffff | (0b11 << 20) | (0b11 << 24);
const GUILDS: u64 = 1;

/// Payloads above this many bytes are sent compressed, if the client supports that.
const WORTH_COMPRESSING: usize = 1024;

/// Handles one connection from the first to the last message.
pub(crate) async fn converse(mut socket: WebSocket, query: String, shared: Arc<Shared>) {
    let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let given = |name: &str| {
        query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };

    if given("v") != Some("10") || given("encoding").is_some_and(|encoding| encoding != "json") {
        shared.with(|state| state.violation(format!("the gateway was asked for {query:?}")));
        return close(&mut socket, 4012).await;
    }

    if given("compress").is_some() {
        shared.with(|state| state.violation("this fake compresses no streams"));
        return close(&mut socket, 4012).await;
    }

    let (sender, orders) = unbounded_channel();
    let (number, heartbeat) = shared.with(|state| {
        state.gateway.connections += 1;
        (state.gateway.connections, state.gateway.heartbeat)
    });
    let connection = Connection {
        number,
        shared: shared.clone(),
        sender,
        compress: false,
        open: false,
    };

    connection.run(socket, orders, heartbeat).await;
    shared.with(|state| {
        if state
            .gateway
            .connection
            .as_ref()
            .is_some_and(|(current, _)| *current == number)
        {
            state.gateway.connection = None;
        }
    });
}

async fn close(socket: &mut WebSocket, code: u16) {
    let reason = match code {
        4001 => "Unknown opcode",
        4002 => "Error while decoding payload",
        4003 => "Not authenticated",
        4004 => "Authentication failed.",
        4005 => "Already authenticated",
        4007 => "Invalid seq",
        4008 => "Rate limited",
        4009 => "Session timed out",
        4012 => "Invalid API version",
        4013 => "Invalid intent(s)",
        4014 => "Disallowed intent(s).",
        _ => "",
    };
    let _ = socket
        .send(Message::Close(Some(CloseFrame {
            code,
            reason: reason.into(),
        })))
        .await;
    // Until the other side has closed, too.
    while let Ok(Some(Ok(_))) = tokio::time::timeout(Duration::from_secs(1), socket.recv()).await {}
}

struct Connection {
    number: u64,
    shared: Arc<Shared>,
    sender: UnboundedSender<Order>,
    compress: bool,
    /// Whether the client has identified or resumed.
    open: bool,
}

impl Connection {
    async fn run(
        mut self,
        mut socket: WebSocket,
        mut orders: UnboundedReceiver<Order>,
        heartbeat: Duration,
    ) {
        let interval = u64::try_from(heartbeat.as_millis()).unwrap_or(u64::MAX);
        let hello =
            json!({ "op": 10, "s": null, "t": null, "d": { "heartbeat_interval": interval } });
        self.send(&mut socket, &hello).await;
        let patience = heartbeat + heartbeat / 2;
        let mut deadline = tokio::time::Instant::now() + patience;
        let mut received: Vec<Instant> = Vec::new();

        loop {
            tokio::select! {
                message = socket.recv() => {
                    let Some(Ok(message)) = message else { return };
                    let text = match message {
                        Message::Text(text) => text.to_string(),
                        Message::Close(frame) => return self.said_goodbye(frame.map(|frame| frame.code)),
                        Message::Ping(_) | Message::Pong(_) => continue,
                        Message::Binary(_) => return self.end(&mut socket, 4002).await,
                    };
                    received.retain(|at| at.elapsed() < Duration::from_secs(60));
                    received.push(Instant::now());
                    if received.len() > 120 {
                        return self.end(&mut socket, 4008).await;
                    }
                    let payload = serde_json::from_str::<Value>(&text).ok().filter(|_| text.len() <= 4096);
                    let Some(payload) = payload else { return self.end(&mut socket, 4002).await };
                    if payload["op"] == 1 {
                        deadline = tokio::time::Instant::now() + patience;
                    }
                    if let Err(code) = self.receive(&payload) {
                        return self.end(&mut socket, code).await;
                    }
                }
                Some(order) = orders.recv() => match order {
                    Order::Send(payload) => self.send(&mut socket, &payload).await,
                    Order::Close(code) => return close(&mut socket, code).await,
                    Order::Drop => return,
                },
                () = tokio::time::sleep_until(deadline) => return close(&mut socket, 4009).await,
            }
        }
    }

    /// Closes the connection because of a violation by the bot.
    async fn end(&self, socket: &mut WebSocket, code: u16) {
        self.shared
            .with(|state| state.violation(format!("the gateway closed with {code}")));
        close(socket, code).await;
    }

    async fn send(&self, socket: &mut WebSocket, payload: &Value) {
        let text = payload.to_string();
        let message = if self.compress && text.len() > WORTH_COMPRESSING {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            let written = encoder
                .write_all(text.as_bytes())
                .and_then(|()| encoder.finish());
            Message::Binary(written.expect("memory takes everything").into())
        } else {
            Message::Text(text.into())
        };
        // Whether the client is still there shows when it sends something.
        let _ = socket.send(message).await;
    }

    /// Ends the session if the client closed it on purpose.
    fn said_goodbye(&self, code: Option<u16>) {
        if self.open && matches!(code, Some(1000 | 1001)) {
            self.shared.with(|state| state.gateway.session = None);
        }
    }

    fn tell(&self, payload: Value) {
        // The receiver lives as long as this connection.
        let _ = self.sender.send(Order::Send(payload));
    }

    fn receive(&mut self, payload: &Value) -> Result<(), u16> {
        let data = &payload["d"];
        match payload["op"].as_u64() {
            Some(1) => {
                self.shared.with(|state| state.gateway.heartbeats += 1);
                self.tell(json!({ "op": 11, "s": null, "t": null, "d": null }));
                Ok(())
            }
            Some(2 | 6) if self.open => Err(4005),
            Some(2) => self.identify(data),
            Some(6) => self.resume(data),
            Some(3 | 4 | 8) if self.open => Ok(()),
            Some(3 | 4 | 8) => Err(4003),
            _ => Err(4001),
        }
    }

    fn identify(&mut self, data: &Value) -> Result<(), u16> {
        if !is_token(&data["token"]) {
            return Err(4004);
        }

        let properties = ["os", "browser", "device"];
        let complete = properties
            .iter()
            .all(|name| data["properties"][*name].is_string());
        let intents = data["intents"]
            .as_u64()
            .filter(|intents| intents & !KNOWN == 0)
            .ok_or(4013_u16)?;
        if !complete {
            return Err(4002);
        }

        let shared = self.shared.clone();

        shared.with(|state| {
            let gateway = &mut state.gateway;
            if intents & PRIVILEGED & !gateway.privileged != 0 {
                return Err(4014);
            }

            let soon = gateway
                .last_identify
                .is_some_and(|last| last.elapsed() < gateway.identify_every);
            gateway.last_identify = Some(Instant::now());
            if soon {
                self.tell(json!({ "op": 9, "s": null, "t": null, "d": false }));
                return Ok(());
            }

            self.compress = data["compress"] == true;
            self.open = true;
            gateway.identified += 1;
            let id = format!("session{:032x}", gateway.connections);

            gateway.session = Some(Session {
                id: id.clone(),
                intents,
                events: Vec::new(),
            });

            self.take(gateway);
            gateway.dispatch("READY", &self.ready(&id, data));
            if intents & GUILDS != 0 {
                gateway.dispatch("GUILD_CREATE", &guild());
            }

            Ok(())
        })
    }

    /// Makes this the connection of the session; an earlier one is closed.
    fn take(&self, gateway: &mut Gateway) {
        gateway.order(Order::Close(4000));
        gateway.connection = Some((self.number, self.sender.clone()));
    }

    fn ready(&self, session: &str, identify: &Value) -> Value {
        let mut ready = json!({
            "v": 10, "user": bot(), "guilds": [{ "id": GUILD, "unavailable": true }],
            "session_id": session, "session_type": "normal", "private_channels": [], "relationships": [],
            "resume_gateway_url": format!("{}/gateway", self.shared.origin.replace("http://", "ws://")),
            "application": { "id": APPLICATION, "flags": 0 }, "presences": [], "guild_join_requests": [],
            "user_settings": {}, "geo_ordered_rtc_regions": [], "_trace": ["netvane-tests"],
        });
        if !identify["shard"].is_null() {
            ready["shard"] = identify["shard"].clone();
        }
        ready
    }

    fn resume(&mut self, data: &Value) -> Result<(), u16> {
        if !is_token(&data["token"]) {
            return Err(4004);
        }

        let shared = self.shared.clone();

        shared.with(|state| {
            let gateway = &mut state.gateway;
            let session = gateway
                .session
                .as_ref()
                .filter(|session| data["session_id"] == session.id);
            let Some(session) = session else {
                self.tell(json!({ "op": 9, "s": null, "t": null, "d": false }));
                return Ok(());
            };
            let seen = data["seq"]
                .as_u64()
                .and_then(|seq| usize::try_from(seq).ok())
                .unwrap_or(usize::MAX);
            let missed = session.events.get(seen..).ok_or(4007_u16)?.to_vec();
            self.open = true;
            gateway.resumed += 1;
            self.take(gateway);
            missed.into_iter().for_each(|event| self.tell(event));
            gateway.dispatch("RESUMED", &json!({ "_trace": ["netvane-tests"] }));

            Ok(())
        })
    }
}

/// At the gateway, Discord accepts the token with and without `Bot`.
fn is_token(given: &Value) -> bool {
    given
        .as_str()
        .is_some_and(|given| given.strip_prefix("Bot ").unwrap_or(given) == TOKEN)
}

fn guild() -> Value {
    serde_json::from_str(include_str!("guild.json")).expect("guild.json is JSON")
}
