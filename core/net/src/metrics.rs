//! Counters with a histogram beside them. Looking a metric up by its labels costs more than counting, so each is looked
//! up once.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{LazyLock, PoisonError, RwLock},
    time::Duration,
};

use metrics::{Counter, Histogram, counter, histogram};

/// Metrics by their labels, which are few, and all of them Netvane's own words.
pub type ByLabels<L> = LazyLock<RwLock<HashMap<L, (Counter, Histogram)>>>;

static UPSTREAMS: ByLabels<(&str, &str)> = LazyLock::new(RwLock::default);

/// Counts one exchange with somebody else's server: `dns`, `whois`, `https`, `smtp`.
pub fn upstream(upstream: &'static str, outcome: &'static str, elapsed: Duration) {
    record(&UPSTREAMS, (upstream, outcome), elapsed, || {
        (
            counter!("netvane_upstream_total", "upstream" => upstream, "outcome" => outcome),
            histogram!("netvane_upstream_seconds", "upstream" => upstream),
        )
    });
}

/// Counts one event and how long it took; `make` registers the metrics for these labels at their first event.
pub fn record<L: Eq + Hash + Copy>(
    known: &ByLabels<L>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_registered_once_for_their_labels() {
        static KNOWN: ByLabels<(&str, u8)> = LazyLock::new(RwLock::default);
        let mut made = Vec::new();
        for labels in [("dns", 1), ("dns", 1), ("dns", 2), ("smtp", 1), ("dns", 1)] {
            record(&KNOWN, labels, Duration::from_millis(5), || {
                made.push(labels);
                (Counter::noop(), Histogram::noop())
            });
        }
        assert_eq!(made, [("dns", 1), ("dns", 2), ("smtp", 1)]);
    }
}
