//! State that all requests of one chat adapter share.

use std::{sync::Arc, time::Duration};

use netvane_core::{
    Caller, Engine, Failure, Input, Platform, Reply, Request, UsageError, store::Store,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ulid::Ulid;

use crate::{
    button_store::{ButtonStore, Press, Pressed},
    chat_message::Button,
    journal::{Interrupted, Journal, log_unkept},
    recent::Recent,
    send_limiter::SendLimiter,
};

/// Interface between one chat adapter and the engine. Clones are cheap and share their state.
#[derive(Clone)]
pub struct Chat(pub(crate) Arc<Inner>);

/// State shared by all clones of a [`Chat`].
pub(crate) struct Inner {
    pub(crate) platform: Platform,
    pub(crate) engine: Engine,
    pub(crate) journal: Journal,
    pub(crate) button_store: ButtonStore,
    pub(crate) recent: Recent,
    pub(crate) send_limiter: SendLimiter,
    pub(crate) tasks: TaskTracker,
    pub(crate) shutdown: CancellationToken,
}

impl Chat {
    /// Creates the shared state of the adapter for `platform`.
    pub fn new(
        platform: Platform,
        engine: Engine,
        store: Store,
        send_limiter: SendLimiter,
        shutdown: CancellationToken,
    ) -> Self {
        let journal = Journal::new(platform, store.clone());
        let button_store = ButtonStore::new(platform.name(), store);
        let recent = Recent::default();
        Self(Arc::new(Inner {
            platform,
            engine,
            journal,
            button_store,
            recent,
            send_limiter,
            tasks: TaskTracker::new(),
            shutdown,
        }))
    }

    /// The engine that runs the lookups of this chat.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Rate limiter for messages to the platform.
    pub fn send_limiter(&self) -> &SendLimiter {
        &self.0.send_limiter
    }

    /// Token that is cancelled when the process shuts down. From then on no new updates are
    /// accepted.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// Returns whether this update is seen for the first time, restarts included.
    pub async fn first_time(&self, update: &str) -> bool {
        self.0.journal.first_time(update).await
    }

    /// Claims an update before something is sent for it that is not a [`ChatRequest`]. False if another replica has
    /// claimed it.
    pub async fn claim(&self, update: &str) -> bool {
        self.0.journal.claim(update).await
    }

    /// Persists that an update was handled, so that a restart does not handle it again. Not needed
    /// for a [`ChatRequest`] with an `update`: [`Chat::answer`] persists that itself.
    pub async fn handled(&self, update: &str) {
        if let Err(error) = self.0.journal.saw(update).await {
            tracing::debug!(%error, "could not persist a handled update; a restart may process it again");
        }
    }

    /// Returns the name of the command if the input is valid, without running it. Fails with a
    /// usage error otherwise; for a missing argument the adapter can then ask the user.
    pub fn understood(&self, input: &Input) -> Result<&'static str, UsageError> {
        self.0.engine.understood(input)
    }

    /// Waits for the next request that was accepted before a restart and not answered. Each is
    /// given to one caller.
    pub async fn next_interrupted(&self) -> Interrupted {
        self.0.journal.next_interrupted().await
    }

    /// Returns recent targets of this user, latest first.
    pub fn recent(&self, requester: &str) -> Vec<String> {
        self.0.recent.of(requester)
    }

    /// Returns the action of a button press. Cancel takes effect immediately.
    pub async fn press(&self, press: Press<'_>) -> Pressed {
        self.0.button_store.press(press).await
    }

    /// Returns one button for each (label, command line) pair and persists their state.
    pub async fn choice(&self, lines: Vec<(String, String)>) -> Vec<Button> {
        let (buttons, kept) = self.0.button_store.choice(&Ulid::new().to_string(), lines);
        log_unkept(kept.await);
        buttons
    }

    /// Returns whether the operator's settings make the reply to this input visible to the user
    /// only.
    pub fn is_private(&self, input: &Input, caller: &Caller) -> bool {
        let command = self.understood(input);
        command.is_ok_and(|command| {
            self.0
                .engine
                .runtime()
                .is_private(self.0.platform, caller, command)
        })
    }

    /// Runs a lookup and returns the full reply, to be sent as a file.
    pub async fn raw(&self, input: Input, caller: Caller) -> Result<Reply, Failure> {
        self.0
            .engine
            .ask(Request::new(self.0.platform, input).by(caller), |_| {})
            .await
    }

    /// Spawns a task that [`Chat::drained`] waits for during shutdown.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(task);
    }

    /// Waits until the spawned tasks have ended, but at most for `patience`. Lookups that are still
    /// running soon after shutdown starts end with a message that Netvane is restarting.
    pub async fn drained(&self, patience: Duration) {
        self.0.tasks.close();
        let _ = tokio::time::timeout(patience, self.0.tasks.wait()).await;
    }
}
