use super::*;
use crate::icmp::event::When;

const TARGET: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));
const TIMEOUT: Duration = Duration::from_millis(3200);

/// Creates a run that has just sent this many requests.
fn run(sent: usize) -> PingRun {
    let now = (Instant::now(), SystemTime::now());
    let probe = |_| Probe {
        sent: now,
        reply: None,
    };
    PingRun {
        probes: (0..sent).map(probe).collect(),
        slowest: Duration::ZERO,
        duplicates: 0,
        source: HERE,
    }
}

fn event(seq: u16, from: IpAddr, outcome: EchoOutcome) -> EchoEvent {
    EchoEvent {
        seq,
        from: Some(from),
        ttl: Some(57),
        when: When::After(Duration::from_millis(20)),
        outcome,
    }
}

fn replies_of(run: &mut PingRun, mut all: Vec<EchoEvent>) -> Vec<EchoReply> {
    let mut replies_of = Vec::new();
    run.process(&mut all, &mut |reply| replies_of.push(reply.clone()));
    assert!(all.is_empty());
    replies_of
}

#[test]
fn reports_each_request_once_and_counts_duplicates() {
    let mut run = run(2);
    let reply = event(1, TARGET, EchoOutcome::Reply);
    let all = replies_of(&mut run, vec![reply, reply, reply]);
    assert_eq!((all.len(), run.duplicates), (1, 2));
    assert_eq!(
        (all[0].seq, all[0].rtt_ms, all[0].ttl),
        (1, Some(20.0), Some(57))
    );
    assert_eq!(run.slowest, Duration::from_millis(20));
}

#[test]
fn ignores_replies_to_unknown_requests() {
    let mut run = run(2);
    let strays = [0, 3, u16::MAX].map(|seq| event(seq, TARGET, EchoOutcome::Reply));
    assert!(replies_of(&mut run, strays.to_vec()).is_empty());
}

#[test]
fn reports_errors_with_their_sender() {
    let mut run = run(3);
    let router = IpAddr::from([203, 0, 113, 1]);
    let all = replies_of(
        &mut run,
        vec![
            event(1, router, EchoOutcome::IcmpError(IcmpError::Prohibited)),
            event(2, HERE, EchoOutcome::IcmpError(IcmpError::HostUnreachable)),
            event(3, HERE, EchoOutcome::NotSent),
            event(1, TARGET, EchoOutcome::Reply),
        ],
    );
    let errors: Vec<_> = all
        .iter()
        .filter_map(|reply| reply.error.as_ref())
        .collect();
    let texts: Vec<_> = errors
        .iter()
        .map(|e| (e.local, e.from, e.text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            (false, Some(router), "administratively prohibited"),
            (true, Some(HERE), "host unreachable"),
            (true, Some(HERE), "could not send the request"),
        ]
    );
    assert_eq!(
        (all.len(), run.duplicates),
        (3, 0),
        "a reply after an error"
    );
}

#[test]
fn the_timeout_adapts_to_the_round_trips() {
    let mut run = run(1);
    assert_eq!(run.request_timeout(TIMEOUT), TIMEOUT);
    run.slowest = Duration::from_millis(20);
    assert_eq!(run.request_timeout(TIMEOUT), LATE);
    run.slowest = Duration::from_millis(900);
    assert_eq!(run.request_timeout(TIMEOUT), Duration::from_millis(1800));
    run.slowest = Duration::from_secs(3);
    assert_eq!(
        run.request_timeout(TIMEOUT),
        TIMEOUT,
        "never later than the configured timeout"
    );

    let due = run.deadline(TIMEOUT).expect("one is in flight");
    let mut lost = Vec::new();
    let before = due.checked_sub(Duration::from_nanos(1)).expect("a time");
    run.give_up(before, TIMEOUT, &mut |reply| lost.push(reply.seq));
    assert!(lost.is_empty());
    run.give_up(due, TIMEOUT, &mut |reply| lost.push(reply.seq));
    assert_eq!((lost, run.deadline(TIMEOUT)), (vec![1], None));
}
