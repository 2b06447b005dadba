//! A fake of Discord on loopback, as strict as the platform: HTTP API and gateway, both of version
//! 10.
//!
//! Requests that Discord would refuse are refused with its own error codes and recorded as
//! violations of the bot; [`Discord::finish`], or dropping the fake, then fails the test. A test
//! that expects a refusal takes it with [`Discord::take_violations`]. If Discord's OpenAPI
//! description is in `NETVANE_SPECS` or next to the repository, each request is validated against
//! it as well.
//!
//! Stricter than Discord: fields that its documentation does not list are refused, no message may
//! ping anybody, and lengths are counted in code points or in UTF-16 units, whichever is more.

mod asked;
mod body;
mod commands;
mod components;
mod connection;
mod delivery;
mod form;
mod gateway;
mod interactions;
mod mentions;
mod messages;
mod rate;
mod refusal;
mod route;
mod scene;
mod server;
mod spec;
mod state;
mod trouble;
mod users;

use std::{net::SocketAddr, sync::Arc};

use ring::signature::Ed25519KeyPair;
use serde_json::Value;
use tokio::runtime::Runtime;

use self::state::{APPLICATION, BOT, Shared, TOKEN};
use crate::{Relay, loopback, until};

pub use self::{
    asked::Asked,
    body::{Body, File},
    scene::{Place, Scene},
    state::{Call, Moment},
};

/// A fake of Discord on loopback, which runs until dropped.
pub struct Discord {
    shared: Arc<Shared>,
    public_key: String,
    finished: bool,
    _runtime: Runtime,
}

impl Discord {
    /// Starts the fake on a free port.
    pub fn start() -> Self {
        Self::known_as(|address| format!("http://{address}"))
    }

    /// Starts the fake behind a relay that can break all connections, HTTP and gateway.
    pub fn behind_relay() -> (Self, Relay) {
        let (relay, to) = Relay::start();
        let origin = format!("http://{}", relay.address);
        let discord = Self::known_as(|address| {
            to(address);
            origin
        });
        (discord, relay)
    }

    fn known_as(origin: impl FnOnce(SocketAddr) -> String) -> Self {
        let runtime = loopback::runtime(2);
        let (listener, address) = loopback::listen(&runtime);
        let origin = origin(address);
        let keys = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any 32 bytes are a seed");
        let public_key = delivery::public_key(&keys);
        let shared = Arc::new(Shared::new(origin, keys));
        runtime.spawn(server::serve(listener, shared.clone()));
        Self {
            shared,
            public_key,
            finished: false,
            _runtime: runtime,
        }
    }

    /// Returns the service's settings for this fake, as environment variables.
    pub fn settings(&self) -> [(&'static str, &str); 4] {
        [
            ("NETVANE__DISCORD__TOKEN", TOKEN),
            ("NETVANE__DISCORD__APPLICATION_ID", APPLICATION),
            ("NETVANE__DISCORD__PUBLIC_KEY", &self.public_key),
            ("NETVANE__DISCORD__API_URL", self.url()),
        ]
    }

    /// Returns its base URL without a path.
    pub fn url(&self) -> &str {
        &self.shared.origin
    }

    /// Returns the token of the bot.
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// Returns the text with which users mention the bot.
    pub fn mention(&self) -> String {
        format!("<@{BOT}>")
    }

    /// Whether requests are validated against Discord's own description.
    pub fn has_description(&self) -> bool {
        self.shared.spec.found()
    }

    /// Waits until the bot has identified itself at the gateway.
    #[track_caller]
    pub fn ready(&self) {
        self.shared.wait("the bot identifies itself", |state| {
            state.gateway.is_connected().then_some(())
        });
    }

    /// Waits until global commands are registered, and returns them.
    #[track_caller]
    pub fn commands(&self) -> Vec<Value> {
        self.shared.wait("commands registered", |state| {
            state.commands.get(&None).cloned()
        })
    }

    /// Waits until the guild's commands are registered, and returns them.
    #[track_caller]
    pub fn guild_commands(&self) -> Vec<Value> {
        let guild = Some(scene::GUILD.to_owned());
        self.shared.wait("commands registered", |state| {
            state.commands.get(&guild).cloned()
        })
    }

    /// Waits until at least one global command is registered.
    #[track_caller]
    pub fn registered(&self) {
        until("the commands are registered", || {
            !self.commands().is_empty()
        });
    }

    /// Verifies this address as Discord does, then sends interactions to its `/hooks/discord` from
    /// now on.
    #[track_caller]
    pub fn deliver_to(&self, service: SocketAddr) {
        delivery::verify(&self.shared, service);
        self.shared.with(|state| state.hooks = Some(service));
    }

    /// Returns the header fields of a signed request with this body.
    pub fn sign(&self, body: impl AsRef<[u8]>) -> [(&'static str, String); 2] {
        delivery::sign(&self.shared.keys, body.as_ref())
    }

    /// Returns all requests so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// Returns the requests of a route so far.
    pub fn calls_of(&self, route: &str) -> Vec<Call> {
        let fits = |call: &Call| state::matches(route, &format!("{} {}", call.method, call.path));
        self.calls().into_iter().filter(fits).collect()
    }

    /// Waits until a route has been requested and answered this many times.
    #[track_caller]
    pub fn wait_for_calls(&self, route: &str, count: usize) -> Vec<Call> {
        self.shared.wait(&format!("{count} × {route}"), |state| {
            let fits = |call: &&Call| {
                state::matches(route, &format!("{} {}", call.method, call.path)) && call.status > 0
            };
            let calls: Vec<Call> = state.calls.iter().filter(fits).cloned().collect();
            (calls.len() >= count).then_some(calls)
        })
    }

    /// Returns the bot's violations so far.
    pub fn violations(&self) -> Vec<String> {
        self.shared.lock().violations.clone()
    }

    /// Returns the bot's violations so far and clears them.
    pub fn take_violations(&self) -> Vec<String> {
        self.shared
            .with(|state| std::mem::take(&mut state.violations))
    }

    /// From now on, the test must examine every message of the bot.
    pub fn strict(&self) {
        self.shared.with(|state| state.strict = true);
    }

    /// Fails the test if the bot violated a rule or left an interaction unanswered.
    #[track_caller]
    pub fn finish(mut self) {
        self.settle();
    }

    #[track_caller]
    fn settle(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let (violations, leftovers) = {
            let state = self.shared.lock();
            (state.violations.clone(), state.leftovers())
        };
        assert!(
            violations.is_empty(),
            "the bot did what Discord does not allow: {violations:#?}"
        );
        assert!(
            leftovers.is_empty(),
            "something is left over: {leftovers:#?}"
        );
    }
}

impl Drop for Discord {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.settle();
        }
    }
}
