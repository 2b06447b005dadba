//! Measurements in rounds on systems without an error queue: TCP connects to the target. Its distance is known, and its
//! replies; those of routers are not visible.

use std::{net::IpAddr, time::Duration};

use tokio::time::{Instant, sleep_until, timeout_at};

use super::{
    HopStatistics, Method, RoundsOptions, RoundsOutcome, TraceError, TraceOptions, plain::trace,
    tcp::Tcp,
};
use crate::icmp::millis;

/// A connect without an answer for so long is lost.
const LOST_AFTER: Duration = Duration::from_secs(1);

/// Measures the round trip to an address in rounds, until `stop` if that comes first. `on_update` is called after each
/// round.
///
/// # Errors
/// This machine cannot send to the address, or the method is not TCP.
#[cfg_attr(
    target_os = "linux",
    expect(unreachable_pub, reason = "exported elsewhere")
)]
pub async fn measure_rounds(
    address: IpAddr,
    options: RoundsOptions,
    stop: impl Future<Output = ()>,
    mut on_update: impl FnMut(&[HopStatistics], u32),
) -> Result<RoundsOutcome, TraceError> {
    require_tcp(options.method)?;
    let mut outcome = RoundsOutcome {
        reached: false,
        method: None,
        hops: Vec::new(),
        rounds: 0,
        probed_hops: options.max_hops.clamp(1, 64),
    };
    tokio::pin!(stop);

    let distance = tokio::select! {
        biased;
        distance = find_distance(address, options) => distance?,
        () = &mut stop => return Ok(outcome),
    };
    let hop = |ttl| HopStatistics {
        ttl,
        ..HopStatistics::default()
    };
    outcome.hops = (1..=distance.unwrap_or(1)).map(hop).collect();
    if distance.is_none() {
        return Ok(outcome);
    }
    outcome.reached = true;
    outcome.method = Some(Method::Tcp);

    let mut tcp = Tcp::new(address, options.port);
    tokio::select! {
        () = choose_port(&mut tcp) => {}
        () = &mut stop => return Ok(outcome),
    }

    while options.count.is_none_or(|count| outcome.rounds < count) {
        let next = Instant::now() + options.interval;
        let reply = tokio::select! {
            biased;
            () = &mut stop => break,
            reply = connect_once(&mut tcp) => reply,
        };

        record(&mut outcome, address, reply);
        on_update(&outcome.hops, outcome.rounds);

        tokio::select! {
            biased;
            () = &mut stop => break,
            () = sleep_until(next) => {}
        }
    }

    Ok(outcome)
}

/// Records the reply or the loss of a round at the target.
fn record(outcome: &mut RoundsOutcome, address: IpAddr, reply: Option<Duration>) {
    outcome.rounds += 1;
    if let Some(target) = outcome.hops.last_mut() {
        match reply {
            Some(rtt) => target.record_reply(address, millis(rtt), None),
            None => target.record_loss(),
        }
    }
}

/// Refuses methods that need more than this system gives.
fn require_tcp(method: Option<Method>) -> Result<(), TraceError> {
    match method {
        None | Some(Method::Tcp) => Ok(()),
        Some(_) => Err(TraceError::Local {
            reason: "on this system, routes are measured with TCP only (`protocol=tcp`)".into(),
        }),
    }
}

/// The distance of the target; `None` if it does not answer.
async fn find_distance(address: IpAddr, options: RoundsOptions) -> Result<Option<u8>, TraceError> {
    let options = TraceOptions {
        max_hops: options.max_hops,
        probes: 2,
        port: options.port,
        ..TraceOptions::default()
    };
    let outcome = trace(address, options, |_| {}).await?;
    Ok(outcome
        .hops
        .last()
        .filter(|_| outcome.reached)
        .map(|hop| hop.ttl))
}

/// Uses only the port that answers first from now on.
async fn choose_port(tcp: &mut Tcp) {
    tcp.try_ports();
    let mut answers = Vec::new();
    let end = Instant::now() + LOST_AFTER;
    while answers.is_empty() && timeout_at(end, tcp.listen(&mut answers)).await.is_ok() {}
    if let Some(answer) = answers.first() {
        tcp.use_port_of(answer.column);
    }
}

/// The round trip of one connect; `None` without an answer.
async fn connect_once(tcp: &mut Tcp) -> Option<Duration> {
    // Marks this attempt: an answer to an earlier one has a TTL of 0.
    const THIS: u8 = 255;
    tcp.send(THIS, 0);
    let end = Instant::now() + LOST_AFTER;
    let mut answers = Vec::new();
    while timeout_at(end, tcp.listen(&mut answers)).await.is_ok() {
        let found = answers
            .iter()
            .find(|answer| answer.ttl == THIS && answer.notice.is_none());
        if let Some(answer) = found {
            return Some(answer.rtt);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(method: Option<Method>, port: u16) -> RoundsOptions {
        RoundsOptions {
            count: Some(3),
            interval: Duration::from_millis(10),
            method,
            port: Some(port),
            ..RoundsOptions::default()
        }
    }

    #[tokio::test]
    async fn replies_of_the_target_are_measured() {
        let target = IpAddr::from([127, 0, 0, 1]);
        let listener = std::net::TcpListener::bind((target, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mut updates = 0;
        let measured = measure_rounds(
            target,
            options(None, port),
            std::future::pending(),
            |_, _| {
                updates += 1;
            },
        );
        let outcome = measured.await.expect("a measurement");
        assert_eq!((outcome.reached, outcome.rounds, updates), (true, 3, 3));
        assert_eq!(outcome.method, Some(Method::Tcp));
        let hop = outcome.hops.last().expect("the target");
        assert_eq!((hop.ttl, hop.sent, hop.received), (1, 3, 3));
        assert_eq!(hop.addresses, [target]);
    }

    #[tokio::test]
    async fn other_methods_are_refused_and_it_can_be_stopped() {
        let target = IpAddr::from([127, 0, 0, 1]);
        let refused = measure_rounds(
            target,
            options(Some(Method::Icmp), 9),
            std::future::pending(),
            |_, _| {},
        );
        assert!(refused.await.is_err());
        let endless = RoundsOptions {
            count: None,
            ..options(None, 9)
        };
        let stop = tokio::time::sleep(Duration::from_millis(300));
        let outcome = measure_rounds(target, endless, stop, |_, _| {}).await;
        assert!(outcome.expect("a measurement").rounds >= 1);
    }
}
