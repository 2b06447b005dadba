//! Traces on systems without an error queue: TCP connects with small TTLs. Replies of routers are
//! not visible, so the hops have no addresses, but the smallest TTL that the target answers is its
//! distance.

use std::{
    collections::VecDeque,
    net::IpAddr,
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::{RouteHop, TraceError, TraceOptions, TraceOutcome, table::Table, tcp::Tcp};
use crate::connect::{local_reason, source};

/// Time between two probes.
const PACE: Duration = Duration::from_millis(5);
/// Bounds of the timeout for smaller TTLs after the target has answered, which is three times its
/// round trip.
const QUIET: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));

/// Finds the distance of an address. `on_update` is called with all hops so far when there are new
/// ones.
///
/// # Errors
/// This machine cannot send to the address.
#[cfg_attr(
    target_os = "linux",
    expect(unreachable_pub, reason = "exported elsewhere")
)]
pub async fn trace(
    address: IpAddr,
    options: TraceOptions,
    mut on_update: impl FnMut(&[RouteHop]),
) -> Result<TraceOutcome, TraceError> {
    let (max_hops, probes) = (options.max_hops.clamp(1, 64), options.probes.clamp(1, 10));
    let source = source(address).map_err(|error| TraceError::Local {
        reason: local_reason(&error),
    })?;
    let mut table = Table::new(address, source, max_hops, probes);
    let mut tcp = Tcp::new(address, options.port);
    let each = |ttl| (0..probes).map(move |column| (ttl, column));
    let mut queue: VecDeque<(u8, u8)> = (1..=max_hops).flat_map(each).collect();
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = Instant::now() + options.timeout;
    let mut answers = Vec::new();

    loop {
        let until = until(&table, queue.is_empty(), end);

        tokio::select! {
            biased;
            () = sleep_until(until.into()) => break,
            () = tcp.listen(&mut answers) => {}
            _ = ticks.tick(), if !queue.is_empty() => {
                if let Some((ttl, column)) = queue.pop_front() {
                    tcp.send(ttl, column);
                }
            }
        }

        let mut news = false;
        for answer in answers.drain(..) {
            news |= table.record(answer);
        }

        if let (true, Some(last)) = (news, table.end()) {
            queue.retain(|(ttl, _)| *ttl <= last.ttl);
            on_update(&table.hops(false));
        }

        if table.complete() {
            break;
        }
    }

    let reached = table.end().and_then(|end| end.reached);

    Ok(TraceOutcome {
        address,
        reached: reached.is_some(),
        method: reached,
        hops: table.hops(true),
        probed_hops: max_hops,
        path_mtu: None,
    })
}

/// Returns how long to wait for more answers; after the first answer, with all probes sent, this
/// depends on the slowest round trip.
fn until(table: &Table, all_sent: bool, end: Instant) -> Instant {
    let quiet = (table.slowest * 3).clamp(QUIET.0, QUIET.1);
    match table.last_useful {
        Some(at) if all_sent => end.min(at + quiet),
        _ => end,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Method;
    use super::*;

    #[tokio::test]
    async fn the_smallest_ttl_that_the_target_answers_is_its_distance() {
        let target = IpAddr::from([127, 0, 0, 1]);
        let mut updates = 0;
        let options = TraceOptions::default();
        let outcome = trace(target, options, |_| updates += 1)
            .await
            .expect("a route");
        assert_eq!((outcome.reached, outcome.method), (true, Some(Method::Tcp)));
        assert_eq!((outcome.hops.len(), outcome.probed_hops), (1, 30));
        let probes = &outcome.hops[0].probes;
        assert_eq!(probes.len(), 3);
        for probe in probes {
            let probe = probe.as_ref().expect("answered");
            assert_eq!((probe.address, &probe.note), (target, &None));
        }
        assert!(updates >= 1);
    }
}
