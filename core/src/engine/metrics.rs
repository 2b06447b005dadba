//! Metrics of each request.

use std::{
    sync::{LazyLock, RwLock},
    time::Duration,
};

use metrics::{counter, histogram};
use netvane_net::metrics::{ByLabels, record};

static REQUESTS: ByLabels<(&str, &str, &str)> = LazyLock::new(RwLock::default);

/// Counts one request by platform, command and result.
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
