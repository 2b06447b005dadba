//! What is counted. Looking a metric up by its labels costs more than counting, so each is looked up once.

use std::{
    collections::HashMap,
    sync::{LazyLock, PoisonError, RwLock},
    time::Duration,
};

use metrics::{Counter, Histogram};

type Labels = (&'static str, &'static str, &'static str);

static METERS: LazyLock<RwLock<HashMap<Labels, (Counter, Histogram)>>> = LazyLock::new(RwLock::default);

/// Counts one request; the labels are few, and all of them Netvane's own words.
pub(crate) fn count(command: &'static str, adapter: &'static str, outcome: &'static str, elapsed: Duration) {
    let labels = (command, adapter, outcome);
    let known = METERS.read().unwrap_or_else(PoisonError::into_inner).get(&labels).cloned();
    let (requests, seconds) = known.unwrap_or_else(|| {
        let requests =
            metrics::counter!("netvane_requests_total", "command" => command, "adapter" => adapter, "outcome" => outcome);
        let seconds = metrics::histogram!("netvane_request_seconds", "command" => command);
        let meters = (requests, seconds);
        METERS.write().unwrap_or_else(PoisonError::into_inner).insert(labels, meters.clone());
        meters
    });
    requests.increment(1);
    seconds.record(elapsed.as_secs_f64());
}
