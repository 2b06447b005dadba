//! Whether the configured resolvers answer, as far as their use tells.
//!
//! A resolver that was never asked is believed to be there, so that a start waits for nobody. One that failed again and
//! again is asked something itself, when somebody wants to know.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use domain::base::Rtype;
use netvane_document::Failure;
use tokio::{sync::Mutex, time::Instant};

use super::Client;

/// Questions in a row without any answer that raise doubts: one may be a domain's own fault.
const DOUBTFUL: u32 = 3;
/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// What it told holds for so long.
const HOLDS: Duration = Duration::from_secs(3);

/// What is known of the configured resolvers.
#[derive(Default)]
pub(super) struct Alive {
    /// Questions without an answer since the last one that had one.
    unanswered: AtomicU32,
    /// How often answers came again after such questions.
    recovered: AtomicU32,
    told: Mutex<Option<Told>>,
}

/// What they answered when they were asked for it, and after how many recoveries.
type Told = (Instant, u32, Result<(), Failure>);

impl Alive {
    /// A question was answered, in whatever way, or was not.
    pub(super) fn note(&self, answered: bool) {
        if !answered {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        } else if self.unanswered.load(Ordering::Relaxed) > 0 {
            self.unanswered.store(0, Ordering::Relaxed);
            self.recovered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether they answer.
    pub(super) async fn check(&self, resolvers: &Client) -> Result<(), Failure> {
        if self.unanswered.load(Ordering::Relaxed) < DOUBTFUL {
            return Ok(());
        }
        // Whoever asks meanwhile waits for the same answer.
        let mut told = self.told.lock().await;
        let recovered = self.recovered.load(Ordering::Relaxed);
        if let Some((at, then, told)) = &*told
            && at.elapsed() < HOLDS
            && *then == recovered
        {
            return told.clone();
        }
        let asked = tokio::time::timeout(PATIENCE, resolvers.query(".", Rtype::NS)).await;
        let outcome = match asked {
            Ok(answered) => answered.map(|_| ()),
            Err(_) => Err(Failure::Timeout {
                what: "every configured resolver".into(),
                after: PATIENCE,
            }),
        };
        *told = Some((Instant::now(), recovered, outcome.clone()));
        outcome
    }
}

#[cfg(test)]
mod tests;
