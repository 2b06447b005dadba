//! The metrics that `GET /metrics` exposes.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

const UPKEEP: Duration = Duration::from_secs(5);

/// The process's metrics in the Prometheus text format.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle, Collector);

impl Metrics {
    /// Installs the recorder of the whole process; call it once.
    pub fn install() -> Result<Self, BuildError> {
        let seconds = [
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
            30.0,
        ];
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &seconds)?
            .install_recorder()?;

        ::metrics::describe_counter!(
            "netvane_requests_total",
            "Requests by command, adapter and outcome."
        );
        ::metrics::describe_counter!(
            "netvane_audit_lost_total",
            "Audit entries lost because they could not be written."
        );

        // Exported even without an audit log, so that alerts on it need no special case.
        ::metrics::counter!("netvane_audit_lost_total").increment(0);
        ::metrics::describe_gauge!(
            "netvane_adapter_up",
            "Whether the adapter is connected (1) or not (0)."
        );
        ::metrics::describe_counter!(
            "netvane_upstream_total",
            "Requests to external servers by kind and outcome."
        );
        ::metrics::describe_histogram!(
            "netvane_upstream_seconds",
            ::metrics::Unit::Seconds,
            "Duration of requests to external servers, by kind."
        );

        ::metrics::describe_histogram!(
            "netvane_request_seconds",
            ::metrics::Unit::Seconds,
            "Request duration by command and adapter."
        );

        ::metrics::describe_counter!(
            "netvane_limit_reached_total",
            "Answers and requests that a limit shortened, delayed or refused, by limit."
        );
        ::metrics::describe_counter!(
            "netvane_ports_refused_total",
            "Lookups refused by policy.ports, by use of the port."
        );
        ::metrics::describe_gauge!(
            "netvane_cache_bytes",
            "Estimated memory of the cached replies."
        );
        describe_connections();

        // Memory, CPU time and open files under the standard Prometheus names.
        let process = Collector::default();
        process.describe();

        Ok(Self(handle, process))
    }

    /// Moves samples into their histograms periodically: without scrapes, they would pile up.
    pub(crate) async fn keep_up(self) {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            self.0.run_upkeep();
        }
    }

    pub(crate) fn render(&self) -> String {
        self.1.collect();
        self.0.render()
    }
}

fn describe_connections() {
    ::metrics::describe_gauge!("netvane_http_connections", "Open HTTP connections.");
    ::metrics::describe_gauge!(
        "netvane_http_clients",
        "HTTP clients with an open connection or request."
    );
    ::metrics::describe_gauge!(
        "netvane_http_unread_bytes",
        ::metrics::Unit::Bytes,
        "Bytes of responses that clients have not read."
    );
    ::metrics::describe_counter!(
        "netvane_http_connections_refused_total",
        "Connections closed by a limit, in all or per client."
    );
    ::metrics::describe_counter!(
        "netvane_http_refused_total",
        "Requests with an invalid API key, signature or slash command token, by kind of credential."
    );
    ::metrics::describe_counter!(
        "netvane_http_stalled_total",
        "Connections and streams closed because nobody read them."
    );
    ::metrics::describe_gauge!(
        "netvane_degraded",
        "Whether a part that readiness does not depend on is failing (1)."
    );
}
