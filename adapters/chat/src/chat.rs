//! One chat adapter's side of the engine: what its questions share.

use std::{sync::Arc, time::Duration};

use netvane_core::{
    Caller, Engine, Failure, Input, Platform, Reply, Request, UsageError, store::Store,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ulid::Ulid;

use crate::{
    button_store::{ButtonStore, Press, Pressed},
    chat_message::Button,
    journal::{Job, Journal, log_unkept},
    recent::Recent,
    send_limiter::SendLimiter,
};

/// One chat adapter's side of the engine. Clones are cheap and the same.
#[derive(Clone)]
pub struct Chat(pub(crate) Arc<Inner>);

/// What all parts of a chat adapter share.
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
    /// For the adapter of this name.
    pub fn new(
        platform: Platform,
        engine: Engine,
        store: Store,
        send_limiter: SendLimiter,
        shutdown: CancellationToken,
    ) -> Self {
        let journal = Journal::new(platform.name(), store.clone());
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

    /// How often the platform lets us speak.
    pub fn send_limiter(&self) -> &SendLimiter {
        &self.0.send_limiter
    }

    /// Ends when the process is to end: no new updates are taken then.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// True the first time that this update is seen, also when it was seen before a restart.
    pub fn first_time(&self, update: &str) -> bool {
        self.0.journal.first_time(update)
    }

    /// Remembers beyond the process that an update was handled; a [`ChatRequest`] with an update does so by itself.
    pub async fn handled(&self, update: &str) {
        if let Err(error) = self.0.journal.saw(update).await {
            tracing::debug!(%error, "could not persist a handled update; a restart may process it again");
        }
    }

    /// Whether this can be asked, before anything is shown: a missing argument is asked for instead.
    pub fn understood(&self, input: &Input) -> Result<&'static str, UsageError> {
        self.0.engine.understood(input)
    }

    /// Questions that were accepted before a restart and have not been answered; each is given out once.
    pub fn interrupted(&self) -> Vec<Job> {
        self.0.journal.interrupted()
    }

    /// Recent targets of this user, latest first.
    pub fn recent(&self, requester: &str) -> Vec<String> {
        self.0.recent.of(requester)
    }

    /// What a press on a button means; a Cancel takes effect at once.
    pub fn press(&self, press: Press<'_>) -> Pressed {
        self.0.button_store.press(press)
    }

    /// Buttons that ask one line each, given with their labels.
    pub async fn choice(&self, lines: Vec<(String, String)>) -> Vec<Button> {
        let (buttons, kept) = self.0.button_store.choice(&Ulid::new().to_string(), lines);
        log_unkept(kept.await);
        buttons
    }

    /// Whether the operator lets only the user read the answer to this.
    pub fn is_private(&self, input: &Input, caller: &Caller) -> bool {
        let command = self.understood(input);
        command.is_ok_and(|command| {
            self.0
                .engine
                .runtime()
                .is_private(self.0.platform, caller, command)
        })
    }

    /// The whole answer to a question, for a file.
    pub async fn raw(&self, input: Input, caller: Caller) -> Result<Reply, Failure> {
        self.0
            .engine
            .ask(Request::new(self.0.platform, input).by(caller), |_| {})
            .await
    }

    /// Runs something to its end, also during a shutdown as long as there is time.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(task);
    }

    /// Waits for what was spawned, at most this long; questions that are still open then have told so.
    pub async fn drained(&self, patience: Duration) {
        self.0.tasks.close();
        let _ = tokio::time::timeout(patience, self.0.tasks.wait()).await;
    }
}
