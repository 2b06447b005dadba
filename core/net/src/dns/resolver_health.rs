//! Health of the configured resolvers, derived from the lookups that use them.
//!
//! Resolvers that were not used yet count as healthy, so that startup does not wait for them. After several failures in
//! a row, a health check sends a query of its own.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use domain::base::Rtype;
use netvane_document::Failure;
use tokio::{sync::Mutex, time::Instant};

use super::Client;

/// Failed queries in a row before a check sends its own query; a single failure may be the fault of one domain.
const MAX_FAILURES: u32 = 3;
/// Timeout of a health check's query.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long the result of a health check is reused.
const TTL: Duration = Duration::from_secs(3);

/// Failure counts and the last health check of the configured resolvers.
#[derive(Default)]
pub(super) struct ResolverHealth {
    /// Failed queries since the last successful one.
    unanswered: AtomicU32,
    /// Number of times that a query succeeded after failures.
    recovered: AtomicU32,
    last_check: Mutex<Option<LastCheck>>,
}

/// Time of the health check, value of `recovered` at that time, and the result.
type LastCheck = (Instant, u32, Result<(), Failure>);

impl ResolverHealth {
    /// Records whether a query got a response, whatever its RCODE.
    pub(super) fn note(&self, answered: bool) {
        if !answered {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        } else if self.unanswered.load(Ordering::Relaxed) > 0 {
            self.unanswered.store(0, Ordering::Relaxed);
            self.recovered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Checks whether the resolvers answer; sends a query only after repeated failures.
    pub(super) async fn check(&self, resolvers: &Client) -> Result<(), Failure> {
        if self.unanswered.load(Ordering::Relaxed) < MAX_FAILURES {
            return Ok(());
        }
        // Concurrent checks wait here and share the result.
        let mut last_check = self.last_check.lock().await;
        let recovered = self.recovered.load(Ordering::Relaxed);
        if let Some((at, then, result)) = &*last_check
            && at.elapsed() < TTL
            && *then == recovered
        {
            return result.clone();
        }
        let answer = tokio::time::timeout(TIMEOUT, resolvers.query(".", Rtype::NS)).await;
        let outcome = match answer {
            Ok(response) => response.map(|_| ()),
            Err(_) => Err(Failure::Timeout {
                what: "the configured resolvers".into(),
                after: TIMEOUT,
            }),
        };
        *last_check = Some((Instant::now(), recovered, outcome.clone()));
        outcome
    }
}

#[cfg(test)]
mod tests;
