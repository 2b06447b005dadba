//! Whether port 25 is blocked from here: many networks let nobody out to it.
//!
//! One domain whose exchanges are silent says little. Two of them, while no exchange of any domain has been reached
//! for an hour, say that it is us.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use netvane_net::smtp::Unconnected;

const MEMORY: Duration = Duration::from_secs(3600);
/// Domains whose silence makes the case.
const ENOUGH: usize = 2;
const MAX_DOMAINS: usize = 32;

/// What has been reached on port 25, over all questions of a process.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    state: Mutex<State>,
    /// Domains are only told apart, not kept.
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct State {
    reached: Option<Instant>,
    silent: HashMap<u64, Instant>,
}

impl Reach {
    /// An exchange of some domain was connected to, or refused us itself.
    pub(crate) fn reached(&self) {
        let mut state = self.lock();
        state.reached = Some(Instant::now());
        state.silent.clear();
    }

    /// No exchange of `domain` was. Whether port 25 is blocked, as far as can be told now.
    pub(crate) fn missed(&self, domain: &str, failures: &[Unconnected]) -> bool {
        if failures.contains(&Unconnected::Refused) {
            self.reached();
            return false;
        }
        // Where it was not tried, it did not fail.
        if failures.contains(&Unconnected::Spared) {
            return false;
        }
        let now = Instant::now();
        let recent = |at: &Instant| now.duration_since(*at) < MEMORY;
        let mut state = self.lock();
        state.silent.retain(|_, at| recent(at));
        if state.silent.len() < MAX_DOMAINS {
            state.silent.insert(self.hasher.hash_one(domain), now);
        }
        if state.reached.as_ref().is_some_and(recent) {
            return false;
        }
        // This machine's own firewall needs no second opinion.
        state.silent.len() >= ENOUGH
            || !failures.is_empty() && failures.iter().all(|f| *f == Unconnected::Forbidden)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_silent_domains_make_the_case_and_one_that_answers_ends_it() {
        let reach = Reach::default();
        assert!(!reach.missed("a.example", &[Unconnected::Silent]));
        assert!(!reach.missed("a.example", &[Unconnected::Silent]));
        assert!(reach.missed(
            "b.example",
            &[Unconnected::Silent, Unconnected::Unreachable]
        ));
        reach.reached();
        assert!(!reach.missed("c.example", &[Unconnected::Silent]));
        assert!(!reach.missed("d.example", &[Unconnected::Silent]));
        let reach = Reach::default();
        assert!(reach.missed("a.example", &[Unconnected::Forbidden]));
        let reach = Reach::default();
        assert!(!reach.missed("a.example", &[Unconnected::Silent]));
        assert!(!reach.missed("b.example", &[Unconnected::Refused]));
    }
}
