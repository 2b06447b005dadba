use std::future::pending;

use super::*;

const TARGET: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn options(method: Option<Method>, count: u32) -> RoundsOptions {
    RoundsOptions {
        count: Some(count),
        interval: Duration::from_millis(20),
        method,
        ..RoundsOptions::default()
    }
}

#[tokio::test]
async fn each_method_measures_the_own_machine_in_every_round() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let port = listener.local_addr().expect("an address").port();

    for method in [None, Some(Method::Udp), Some(Method::Tcp)] {
        let options = RoundsOptions {
            port: Some(port),
            ..options(method, 4)
        };
        let mut updates = 0;
        let outcome = measure_rounds(TARGET, options, pending(), |_, _| updates += 1).await;
        let outcome = outcome.expect("a route");
        assert!(outcome.reached && updates > 0, "{outcome:?}");
        assert_eq!((outcome.rounds, outcome.hops.len()), (4, 1));
        let hop = &outcome.hops[0];
        assert_eq!((hop.sent, hop.received, hop.lost()), (4, 4, 0), "{hop:?}");
        assert_eq!(hop.addresses, [TARGET]);
        let trips = hop.rtt_ms.expect("replies");
        assert!(0.0 < trips.best && trips.best <= trips.avg && trips.avg <= trips.worst);
    }
}

#[tokio::test]
async fn rounds_without_a_count_go_on_until_they_are_stopped() {
    let endless = RoundsOptions {
        count: None,
        ..options(Some(Method::Udp), 0)
    };
    let mut rounds = 0;
    let stop = tokio::time::sleep(Duration::from_millis(900));
    let outcome = measure_rounds(TARGET, endless, stop, |_, round| rounds = round).await;
    let outcome = outcome.expect("a route");
    assert!(outcome.rounds > 10 && rounds > 10, "{rounds} rounds");
    assert_eq!(outcome.hops[0].lost(), 0, "what is in flight is not lost");
}

/// A measurement of a target four hops away, without sockets in use.
fn run() -> RoundsRun {
    let target = IpAddr::from([127, 0, 0, 9]);
    let mut run = RoundsRun::new(target, options(Some(Method::Tcp), 3)).expect("a route");
    run.round = 1;
    for ttl in 1..=4 {
        run.pending.insert((ttl, 1), Instant::now());
    }
    run
}

fn answer(ttl: u8, last: u8, notice: Option<IcmpError>) -> ProbeReply {
    ProbeReply {
        ttl,
        column: 1,
        from: IpAddr::from([127, 0, 0, last]),
        rtt: Duration::from_millis(u64::from(ttl)),
        notice,
        method: Method::Tcp,
    }
}

#[tokio::test]
async fn the_route_ends_at_the_nearest_answer_of_the_target() {
    let mut run = run();
    let mut answers = vec![
        answer(1, 1, Some(IcmpError::TimeExceeded)),
        answer(4, 9, None),
        answer(3, 9, None),
    ];
    assert!(run.take(&mut answers));
    assert_eq!((run.end(), run.hops(true).len()), (Some(3), 3));
    assert!(
        !run.pending.contains_key(&(4, 1)),
        "nothing is behind the target"
    );
    assert!(!run.take(&mut vec![answer(3, 9, None)]), "counted once");
    assert_eq!(run.hops[2].received, 1);
}

#[tokio::test]
async fn the_route_ends_at_a_hop_that_rejects_the_probes() {
    let mut run = run();
    let mut answers = vec![
        answer(1, 1, Some(IcmpError::TimeExceeded)),
        answer(2, 2, Some(IcmpError::Prohibited)),
    ];
    run.take(&mut answers);
    assert_eq!(run.end(), Some(2));
    let outcome = run.finish();
    assert!(!outcome.reached);
    let note = outcome.hops[1].note.as_ref().expect("an error");
    assert_eq!(note.notice, IcmpError::Prohibited);
}

#[tokio::test]
async fn an_unreachable_host_is_a_loss_that_ends_the_route() {
    let mut run = run();
    run.take(&mut vec![
        answer(1, 1, Some(IcmpError::TimeExceeded)),
        answer(2, 2, Some(IcmpError::HostUnreachable)),
    ]);
    let hop = &run.hops[1];
    assert_eq!((hop.sent, hop.received, hop.lost()), (1, 0, 1));
    assert!(hop.rtt_ms.is_none(), "no round trip to the host");
    assert_eq!((run.end(), run.hops(true).len()), (Some(2), 2));
}

#[tokio::test]
async fn probes_that_the_target_does_not_answer_do_not_count_once_others_do() {
    let mut run = run();
    run.take(&mut vec![answer(1, 1, Some(IcmpError::TimeExceeded))]);
    assert!(run.give_up(Instant::now() + LOST_AFTER_MAX));
    assert_eq!((run.hops[1].sent, run.hops[1].received), (1, 0));
    assert_eq!(run.hops(true).len(), 2, "one silent hop behind the last");

    run.base = Method::Udp;
    run.pending.insert((2, 0), Instant::now());
    run.pending.insert((2, 1), Instant::now());
    run.take(&mut vec![answer(2, 9, None)]);
    let target = &run.hops[1];
    assert_eq!((run.end(), target.sent, target.received), (Some(2), 1, 1));
    assert!(
        !run.give_up(Instant::now() + LOST_AFTER_MAX),
        "none is left"
    );
}
