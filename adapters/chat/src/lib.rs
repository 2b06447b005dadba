//! What the chat adapters share.
//!
//! An adapter translates what arrives into a [`Question`] and writes [`Page`]s where the question was asked (an
//! [`Outlet`]). What lies between is here: progress at a pace that the platform allows, Cancel, the state behind
//! buttons, each update handled once, and what happens to questions that a restart interrupts.

mod desk;
mod journal;
mod pace;
mod page;
mod question;
mod recent;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use netvane_core::{Engine, Input, Platform, UsageError, store::Store};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use desk::{Press, Pressed};
pub use journal::Job;
pub use pace::{Pace, Rates, Room};
pub use page::{Button, Page, Sort, note, problem};
pub use question::{Ended, Outlet, Question, Trouble, Unkept};

/// One chat adapter's side of the engine. Clones are cheap and the same.
#[derive(Clone)]
pub struct Chat(Arc<Inner>);

struct Inner {
    platform: Platform,
    adapter: &'static str,
    engine: Engine,
    journal: journal::Journal,
    desk: desk::Desk,
    recent: recent::Recent,
    pace: Pace,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Chat {
    /// For the adapter of this platform.
    pub fn new(
        platform: Platform,
        engine: Engine,
        store: Store,
        pace: Pace,
        shutdown: CancellationToken,
    ) -> Self {
        let adapter = platform.name();
        let journal = journal::Journal::new(adapter, store.clone());
        let desk = desk::Desk::new(adapter, store);
        let recent = recent::Recent::default();
        Self(Arc::new(Inner {
            platform,
            adapter,
            engine,
            journal,
            desk,
            recent,
            pace,
            tasks: TaskTracker::new(),
            shutdown,
        }))
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// How often the platform lets us speak.
    pub fn pace(&self) -> &Pace {
        &self.0.pace
    }

    /// Ends when the process is to end: no new updates are taken then.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// True the first time that this update is seen, also when it was seen before a restart.
    pub fn first_time(&self, update: &str) -> bool {
        self.0.journal.first_time(update)
    }

    /// Remembers beyond the process that an update was handled; a [`Question`] with an update does so by itself.
    pub async fn handled(&self, update: &str) {
        if let Err(error) = self.0.journal.saw(update).await {
            tracing::debug!(%error, "a restart would handle this again");
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

    /// Targets that this asker asked about lately, latest first.
    pub fn recent(&self, asker: &str) -> Vec<String> {
        self.0.recent.of(asker)
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
