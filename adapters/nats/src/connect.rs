//! The connection to the NATS servers: how it is made, and whether it can be used.

mod monitor;
mod options;

use std::time::Duration;

use async_nats::{Client, connection::State};
use netvane_core::{Engine, Failure, Health, settings::Cluster};
use tokio::{sync::watch, time::timeout};

use crate::{NAME, key::Key};

/// On whose behalf a process connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role<'a> {
    /// It asks agents.
    Hub,
    /// It is the agent of this name.
    Agent(&'a str),
}

/// Why a process cannot work with the NATS servers of its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A key, an address or a certificate of the settings cannot be used.
    #[error("{0}")]
    Settings(String),
    /// The server is too old.
    #[error("{0}")]
    Refused(String),
}

/// Whether the connection can be used, with the reason if not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// Not connected since the start.
    Connecting(String),
    /// Connected to a server whose version is accepted.
    Up,
    /// Connected, but the server is too old.
    Refused(String),
    /// Connected before; being connected again.
    Lost(String),
}

/// A connection to one of the NATS servers, which is made again for ever. Clones share it.
#[derive(Clone)]
pub struct Link {
    client: Client,
    state: watch::Receiver<LinkState>,
    key: Key,
}

impl Link {
    /// Starts to connect. Waits for no server: see [`Link::first_contact`].
    ///
    /// # Errors
    /// The settings cannot be used.
    pub async fn open(
        settings: &Cluster,
        role: Role<'_>,
        engine: &Engine,
    ) -> Result<Self, StartError> {
        let key = Key::read(settings).map_err(StartError::Settings)?;
        let servers = options::servers(settings)?;
        let (options, events) = options::build(role, &key, engine)?;

        engine.adapters().report(NAME, Health::Starting);
        // With retries, this fails only for options that cannot be used.
        let client = options
            .connect(servers)
            .await
            .map_err(|error| StartError::Settings(format!("cluster.nats: {error}")))?;

        let started = LinkState::Connecting("no server has answered yet".into());
        let (changes, state) = watch::channel(started);
        let adapters = engine.adapters().clone();
        tokio::spawn(monitor::run(client.clone(), events, changes, adapters));

        Ok(Self { client, state, key })
    }

    /// Waits for the first contact with a server, for ever.
    ///
    /// # Errors
    /// [`StartError::Refused`] if the server is too old.
    pub async fn first_contact(&self) -> Result<(), StartError> {
        let mut state = self.state.clone();
        let contact = state
            .wait_for(|state| matches!(state, LinkState::Up | LinkState::Refused(_)))
            .await;
        match contact.as_deref() {
            Ok(LinkState::Refused(reason)) => Err(StartError::Refused(reason.clone())),
            Ok(_) => Ok(()),
            Err(_) => Err(StartError::Settings("the connection is closed".to_owned())),
        }
    }

    /// Waits for the first contact with a server; false if there is none in this time.
    ///
    /// # Errors
    /// [`StartError::Refused`] if the server is too old.
    pub async fn wait(&self, most: Duration) -> Result<bool, StartError> {
        match timeout(most, self.first_contact()).await {
            Ok(contact) => contact.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Checks whether messages can be sent now, without waiting.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] with the reason.
    pub fn check(&self) -> Result<(), Failure> {
        let state = self.state.borrow();
        let reason = match &*state {
            LinkState::Up if self.client.connection_state() == State::Connected => return Ok(()),
            LinkState::Up => "the connection to the NATS server was lost",
            LinkState::Connecting(reason)
            | LinkState::Refused(reason)
            | LinkState::Lost(reason) => reason,
        };
        Err(Failure::Unavailable(format!(
            "Other vantage points cannot be reached: {reason}."
        )))
    }

    /// Whether the server that this process is connected to holds state for replicas; `None` without a connection.
    pub fn has_jetstream(&self) -> Option<bool> {
        self.is_up().then(|| self.client.server_info().jetstream)
    }

    pub(crate) fn is_up(&self) -> bool {
        self.client.connection_state() == State::Connected && *self.state.borrow() == LinkState::Up
    }

    /// Returns the state as it changes.
    pub(crate) fn changes(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }
}
