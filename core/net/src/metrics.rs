//! Counters, each with a duration histogram. Looking up a metric by its labels costs more than
//! incrementing it, so the handles are cached.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{LazyLock, PoisonError, RwLock},
    time::Duration,
};

use metrics::{Counter, Histogram, counter, histogram};

/// Metric handles by label values. The values come from Netvane itself, never from a user, so their
/// number is bounded.
pub type ByLabels<L> = LazyLock<RwLock<HashMap<L, (Counter, Histogram)>>>;

static UPSTREAMS: ByLabels<(&str, &str)> = LazyLock::new(RwLock::default);

/// Counts one exchange with an upstream server. `upstream` is `dns`, `whois`, `https` or `smtp`.
pub fn upstream(upstream: &'static str, outcome: &'static str, elapsed: Duration) {
    record(&UPSTREAMS, (upstream, outcome), elapsed, || {
        (
            counter!("netvane_upstream_total", "upstream" => upstream, "outcome" => outcome),
            histogram!("netvane_upstream_seconds", "upstream" => upstream),
        )
    });
}

/// Counts an answer or a request of which a limit left something out, or that it refused. `limit` names the limit.
pub fn limit_reached(limit: &'static str) {
    counter!("netvane_limit_reached_total", "limit" => limit).increment(1);
}

/// Counts one event and records its duration. `make` registers the metrics the first time these
/// labels are used.
pub fn record<L: Eq + Hash + Copy>(
    handles: &ByLabels<L>,
    labels: L,
    elapsed: Duration,
    make: impl FnOnce() -> (Counter, Histogram),
) {
    let metrics = handles
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&labels)
        .cloned();
    let (count, seconds) = metrics.unwrap_or_else(|| {
        let metrics = make();
        handles
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(labels, metrics.clone());
        metrics
    });
    count.increment(1);
    seconds.record(elapsed.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_each_set_of_labels_once() {
        static METRICS: ByLabels<(&str, u8)> = LazyLock::new(RwLock::default);
        let mut made = Vec::new();
        for labels in [("dns", 1), ("dns", 1), ("dns", 2), ("smtp", 1), ("dns", 1)] {
            record(&METRICS, labels, Duration::from_millis(5), || {
                made.push(labels);
                (Counter::noop(), Histogram::noop())
            });
        }
        assert_eq!(made, [("dns", 1), ("dns", 2), ("smtp", 1)]);
    }
}
