//! Detects whether outgoing port 25 is blocked, as it is in many networks.
//!
//! One domain whose mail servers do not respond proves little. If two domains do not respond and no
//! mail server of any domain was reached for an hour, the cause is on our side.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use netvane_net::smtp::Unconnected;

/// Time for which a connection result counts.
const MEMORY: Duration = Duration::from_secs(3600);
/// Number of unresponsive domains from which port 25 counts as blocked.
const ENOUGH: usize = 2;
/// Maximum number of unresponsive domains remembered.
const MAX_DOMAINS: usize = 32;

/// Connection results on port 25, over all lookups of the process.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    state: Mutex<State>,
    /// Hashes domains, so that their names are not stored.
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct State {
    reached: Option<Instant>,
    silent: HashMap<u64, Instant>,
}

impl Reach {
    /// Records that some mail server accepted or actively refused a connection.
    pub(crate) fn reached(&self) {
        let mut state = self.lock();
        state.reached = Some(Instant::now());
        state.silent.clear();
    }

    /// Records that no mail server of `domain` was reached; returns whether port 25 seems blocked.
    pub(crate) fn missed(&self, domain: &str, failures: &[Unconnected]) -> bool {
        if failures.contains(&Unconnected::Refused) {
            self.reached();
            return false;
        }
        // A connection that was not attempted is not a failure.
        if failures.contains(&Unconnected::BudgetExhausted) {
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
        // If the local firewall forbids it, one domain is enough.
        state.silent.len() >= ENOUGH
            || !failures.is_empty() && failures.iter().all(|f| *f == Unconnected::Forbidden)
    }

    /// Whether a mail server was reached within the hour.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().reached.is_some_and(|at| at.elapsed() < MEMORY)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_unresponsive_domains_mean_blocked_until_one_responds() {
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
    fn connections_not_attempted_are_no_failures() {
        let reach = Reach::default();
        for domain in ["a.example", "b.example", "c.example"] {
            assert!(!reach.missed(domain, &[Unconnected::Silent, Unconnected::BudgetExhausted]));
        }
        assert!(
            !reach.missed("d.example", &[Unconnected::Silent]),
            "the first"
        );
    }

    #[test]
    fn one_domain_is_enough_if_the_local_firewall_forbids_it() {
        let first = |failures: &[Unconnected]| Reach::default().missed("a.example", failures);
        assert!(first(&[Unconnected::Forbidden, Unconnected::Forbidden]));
        assert!(!first(&[Unconnected::Forbidden, Unconnected::Silent]));
        assert!(!first(&[]), "no address at all");
    }

    #[test]
    fn a_refused_connection_counts_as_reached() {
        let reach = Reach::default();
        assert!(!reach.missed("a.example", &[Unconnected::Silent]));
        assert!(!reach.missed("b.example", &[Unconnected::Refused, Unconnected::Silent]));
        assert!(
            !reach.missed("c.example", &[Unconnected::Forbidden]),
            "within the hour"
        );
    }

    #[test]
    fn the_number_of_remembered_domains_is_limited() {
        let reach = Reach::default();
        for number in 0..2 * MAX_DOMAINS {
            reach.missed(&format!("{number}.example"), &[Unconnected::Silent]);
        }
        assert_eq!(reach.lock().silent.len(), MAX_DOMAINS);
    }
}
