//! Looks at all connections every few seconds, instead of a timer for each, and ends those whose
//! readers have stopped.

use std::time::Duration;

use metrics::{counter, gauge};

use super::{IDLE, registry::Registry};

/// Time between two looks.
const PERIOD: Duration = Duration::from_secs(2);

/// Ends stalled and idle connections, for as long as the service runs.
pub(super) async fn sweep(registry: Registry) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (mut stalled, mut reset) = (0, 0);

        let open = registry.each(|connection| {
            reset += connection.reset_stalled_streams();
            if connection.is_stalled() {
                connection.abort();
                stalled += 1;
            } else if connection.is_idle(IDLE) {
                connection.end();
            }
        });

        registry.clients().sweep();
        gauge!("netvane_http_connections").set(open as f64);
        counter!("netvane_http_stalled_total", "closed" => "connection").increment(stalled);
        counter!("netvane_http_stalled_total", "closed" => "stream").increment(reset);
        if stalled + reset > 0 {
            tracing::debug!(
                connections = stalled,
                streams = reset,
                "closed stalled readers"
            );
        }
    }
}
