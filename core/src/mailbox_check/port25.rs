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

    #[test]
    fn what_was_not_tried_did_not_fail() {
        let reach = Reach::default();
        for domain in ["a.example", "b.example", "c.example"] {
            assert!(!reach.missed(domain, &[Unconnected::Silent, Unconnected::Spared]));
        }
        assert!(
            !reach.missed("d.example", &[Unconnected::Silent]),
            "the first"
        );
    }

    #[test]
    fn only_this_machines_own_firewall_needs_no_second_opinion() {
        let first = |failures: &[Unconnected]| Reach::default().missed("a.example", failures);
        assert!(first(&[Unconnected::Forbidden, Unconnected::Forbidden]));
        assert!(!first(&[Unconnected::Forbidden, Unconnected::Silent]));
        assert!(!first(&[]), "no address at all");
    }

    #[test]
    fn a_host_that_refuses_has_been_reached() {
        let reach = Reach::default();
        assert!(!reach.missed("a.example", &[Unconnected::Silent]));
        assert!(!reach.missed("b.example", &[Unconnected::Refused, Unconnected::Silent]));
        assert!(
            !reach.missed("c.example", &[Unconnected::Forbidden]),
            "within the hour"
        );
    }

    #[test]
    fn only_so_many_domains_are_kept() {
        let reach = Reach::default();
        for number in 0..2 * MAX_DOMAINS {
            reach.missed(&format!("{number}.example"), &[Unconnected::Silent]);
        }
        assert_eq!(reach.lock().silent.len(), MAX_DOMAINS);
    }
}
