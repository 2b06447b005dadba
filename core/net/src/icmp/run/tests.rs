use super::*;
use crate::icmp::heard::When;

const TARGET: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));
const TIMEOUT: Duration = Duration::from_millis(3200);

/// A run that has sent so many requests just now.
fn run(sent: usize) -> Run {
    let now = (Instant::now(), SystemTime::now());
    let probe = |_| Probe {
        sent: now,
        reply: None,
    };
    Run {
        probes: (0..sent).map(probe).collect(),
        slowest: Duration::ZERO,
        duplicates: 0,
        source: HERE,
    }
}

fn heard(seq: u16, from: IpAddr, said: Said) -> Heard {
    Heard {
        seq,
        from: Some(from),
        ttl: Some(57),
        when: When::After(Duration::from_millis(20)),
        said,
    }
}

fn told(run: &mut Run, mut all: Vec<Heard>) -> Vec<Reply> {
    let mut told = Vec::new();
    run.hear(&mut all, &mut |reply| told.push(reply.clone()));
    assert!(all.is_empty());
    told
}

#[test]
fn each_request_is_told_once_and_further_replies_are_counted() {
    let mut run = run(2);
    let reply = heard(1, TARGET, Said::Reply);
    let all = told(&mut run, vec![reply, reply, reply]);
    assert_eq!((all.len(), run.duplicates), (1, 2));
    assert_eq!(
        (all[0].seq, all[0].rtt_ms, all[0].ttl),
        (1, Some(20.0), Some(57))
    );
    assert_eq!(run.slowest, Duration::from_millis(20));
}

#[test]
fn what_is_about_no_request_is_dropped() {
    let mut run = run(2);
    let strays = [0, 3, u16::MAX].map(|seq| heard(seq, TARGET, Said::Reply));
    assert!(told(&mut run, strays.to_vec()).is_empty());
}

#[test]
fn complaints_are_told_with_who_made_them() {
    let mut run = run(3);
    let router = IpAddr::from([203, 0, 113, 1]);
    let all = told(
        &mut run,
        vec![
            heard(1, router, Said::Notice(Notice::Prohibited)),
            heard(2, HERE, Said::Notice(Notice::HostUnreachable)),
            heard(3, HERE, Said::NotSent),
            heard(1, TARGET, Said::Reply),
        ],
    );
    let errors: Vec<_> = all
        .iter()
        .filter_map(|reply| reply.error.as_ref())
        .collect();
    let shown: Vec<_> = errors
        .iter()
        .map(|e| (e.local, e.from, e.text.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            (false, Some(router), "administratively prohibited"),
            (true, Some(HERE), "host unreachable"),
            (true, Some(HERE), "this machine could not send it"),
        ]
    );
    assert_eq!(
        (all.len(), run.duplicates),
        (3, 0),
        "a reply behind a complaint"
    );
}

#[test]
fn a_request_is_given_up_by_what_was_seen_so_far() {
    let mut run = run(1);
    assert_eq!(run.patience(TIMEOUT), TIMEOUT);
    run.slowest = Duration::from_millis(20);
    assert_eq!(run.patience(TIMEOUT), LATE);
    run.slowest = Duration::from_millis(900);
    assert_eq!(run.patience(TIMEOUT), Duration::from_millis(1800));
    run.slowest = Duration::from_secs(3);
    assert_eq!(
        run.patience(TIMEOUT),
        TIMEOUT,
        "and never later than asked for"
    );

    let due = run.deadline(TIMEOUT).expect("one is in flight");
    let mut lost = Vec::new();
    let before = due.checked_sub(Duration::from_nanos(1)).expect("a time");
    run.give_up(before, TIMEOUT, &mut |reply| lost.push(reply.seq));
    assert!(lost.is_empty());
    run.give_up(due, TIMEOUT, &mut |reply| lost.push(reply.seq));
    assert_eq!((lost, run.deadline(TIMEOUT)), (vec![1], None));
}
