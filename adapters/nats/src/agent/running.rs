//! The questions that an agent answers at the moment.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Questions that are answered at once.
pub(super) const MOST: usize = 32;
/// Requests to stop that are remembered, for questions that have not been read yet.
const EARLY_STOPS: usize = 64;

/// The running questions. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    /// Told whenever the number of questions changes.
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// What stops each question, by its identifier.
    stops: HashMap<String, CancellationToken>,
    /// Identifiers of questions that were stopped before they were read.
    early_stops: VecDeque<String>,
}

/// Why a question is not answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoSlot {
    /// All slots are taken.
    Busy,
    /// It runs already, or nobody waits for it any more.
    Superfluous,
}

impl Running {
    /// Takes a slot for a question.
    pub(super) fn start(&self, id: &str) -> Result<Slot, NoSlot> {
        let mut state = self.state();
        let before = state.early_stops.len();
        state.early_stops.retain(|stopped| stopped != id);
        if state.early_stops.len() < before || state.stops.contains_key(id) {
            return Err(NoSlot::Superfluous);
        }
        if state.stops.len() >= MOST {
            return Err(NoSlot::Busy);
        }
        let stop = CancellationToken::new();
        state.stops.insert(id.to_owned(), stop.clone());
        drop(state);
        self.0.changed.notify_one();
        Ok(Slot {
            running: self.clone(),
            id: id.to_owned(),
            stop,
        })
    }

    /// Stops a question, also one that is still to come.
    pub(super) fn stop(&self, id: &str) {
        let mut state = self.state();
        if let Some(stop) = state.stops.get(id) {
            return stop.cancel();
        }
        if state.early_stops.len() >= EARLY_STOPS {
            state.early_stops.pop_front();
        }
        state.early_stops.push_back(id.to_owned());
    }

    pub(super) fn stop_all(&self) {
        self.state()
            .stops
            .values()
            .for_each(CancellationToken::cancel);
    }

    /// Number of running questions.
    pub(super) fn count(&self) -> usize {
        self.state().stops.len()
    }

    /// Waits until the number changed, or something else woke it.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Wakes the one that waits for a change.
    pub(super) fn wake(&self) {
        self.0.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slot of a question; given back when it is dropped.
pub(super) struct Slot {
    running: Running,
    id: String,
    stop: CancellationToken,
}

impl Slot {
    /// Waits until the question is stopped.
    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.running.state().stops.remove(&self.id);
        self.running.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_and_given_back() {
        let running = Running::default();
        let start = |n: usize| running.start(&n.to_string());
        let mut slots: Vec<Slot> = (0..MOST).filter_map(|n| start(n).ok()).collect();
        assert_eq!(running.count(), MOST);
        assert_eq!(start(MOST).err(), Some(NoSlot::Busy));
        assert_eq!(start(0).err(), Some(NoSlot::Superfluous));
        slots.pop();
        assert!(start(MOST).is_ok());
    }

    #[tokio::test]
    async fn a_question_can_be_stopped_before_and_after_it_is_read() {
        let running = Running::default();
        running.stop("early");
        assert_eq!(running.start("early").err(), Some(NoSlot::Superfluous));
        assert!(running.start("early").is_ok(), "it is stopped once");

        let slot = running.start("a").expect("a slot");
        running.stop("a");
        slot.stopped().await;
        for n in 0..1000 {
            running.stop(&n.to_string());
        }
        assert_eq!(running.state().early_stops.len(), EARLY_STOPS);
    }
}
