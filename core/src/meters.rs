//! What is counted. Looking a metric up by its labels costs more than counting, so each is looked up once.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{LazyLock, PoisonError, RwLock},
    time::Duration,
};

use metrics::{Counter, Histogram, counter, histogram};

/// Meters by their labels, which are few, and all of them Netvane's own words.
type Known<L> = LazyLock<RwLock<HashMap<L, (Counter, Histogram)>>>;

static REQUESTS: Known<(&str, &str, &str)> = LazyLock::new(RwLock::default);
static UPSTREAMS: Known<(&str, &str)> = LazyLock::new(RwLock::default);

/// Counts one request.
pub(crate) fn count(
    command: &'static str,
    adapter: &'static str,
    outcome: &'static str,
    elapsed: Duration,
) {
    record(&REQUESTS, (command, adapter, outcome), elapsed, || {
        (
            counter!("netvane_requests_total", "command" => command, "adapter" => adapter, "outcome" => outcome),
            histogram!("netvane_request_seconds", "command" => command, "adapter" => adapter),
        )
    });
}

/// Counts one exchange with somebody else's server: `dns`, `whois`, `https`, `smtp`.
pub(crate) fn upstream(upstream: &'static str, outcome: &'static str, elapsed: Duration) {
    record(&UPSTREAMS, (upstream, outcome), elapsed, || {
        (
            counter!("netvane_upstream_total", "upstream" => upstream, "outcome" => outcome),
            histogram!("netvane_upstream_seconds", "upstream" => upstream),
        )
    });
}

fn record<L: Eq + Hash + Copy>(
    known: &Known<L>,
    labels: L,
    elapsed: Duration,
    make: impl FnOnce() -> (Counter, Histogram),
) {
    let meters = known
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&labels)
        .cloned();
    let (number, seconds) = meters.unwrap_or_else(|| {
        let meters = make();
        known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(labels, meters.clone());
        meters
    });
    number.increment(1);
    seconds.record(elapsed.as_secs_f64());
}
