use super::*;
use crate::commands::testing::{field, head, rows, shown};
use netvane_net::{icmp::ReplyError, notice::Notice};

fn address() -> IpAddr {
    "192.0.2.1".parse().expect("an address")
}

fn reply(seq: u16, rtt_ms: Option<f64>) -> Reply {
    Reply {
        seq,
        rtt_ms,
        ttl: rtt_ms.map(|_| 57),
        error: None,
    }
}

fn outcome(times: &[Option<f64>]) -> PingOutcome {
    let replies: Vec<Reply> = times
        .iter()
        .enumerate()
        .map(|(at, time)| reply(at as u16 + 1, *time))
        .collect();
    PingOutcome {
        address: address(),
        method: Method::IcmpDatagram,
        sent: times.len() as u16,
        received: 0,
        duplicates: Some(0),
        loss_percent: 0.0,
        rtt_ms: None,
        replies,
    }
}

fn ended(times: &[Option<f64>]) -> Data {
    let mut data = Data::new("host.example.test".into(), address(), times.len());
    data.end(outcome(times));
    data
}

#[test]
fn statistics_are_those_of_the_replies() {
    let data = ended(&[Some(10.0), Some(20.0), None, Some(30.0004)]);
    assert_eq!((data.sent, data.received, data.loss_percent), (4, 3, 25.0));
    let rtt = data.rtt_ms.expect("replies");
    assert_eq!(
        (rtt.min, rtt.avg, rtt.max, rtt.stddev),
        (10.0, 20.0, 30.0, 8.165)
    );
}

#[test]
fn one_reply_deviates_from_nothing() {
    let rtt = ended(&[Some(1.2345678)]).rtt_ms.expect("a reply");
    assert_eq!(
        (rtt.min, rtt.avg, rtt.max, rtt.stddev),
        (1.235, 1.235, 1.235, 0.0)
    );
}

#[test]
fn loss_is_a_share_of_what_was_sent() {
    assert_eq!(ended(&[]).loss_percent, 0.0, "not a number otherwise");
    assert_eq!(ended(&[None]).loss_percent, 100.0);
    assert_eq!(ended(&[Some(1.0), None, None]).loss_percent, 66.667);
}

#[test]
fn summaries_say_how_many_answered() {
    for (times, summary, severity) in [
        (
            &[Some(10.0), Some(20.0)][..],
            "2 of 2 answered, 15.0 ms on average",
            Severity::Good,
        ),
        (
            &[Some(10.0), None, None],
            "1 of 3 answered, 67 % lost, 10.0 ms on average",
            Severity::Warning,
        ),
        (&[None, None], "No answer", Severity::Bad),
    ] {
        assert_eq!(head(&ended(times).present()), (summary, severity));
    }
}

#[test]
fn progress_counts_against_what_is_planned() {
    let mut data = ended(&[Some(10.0)]);
    data.planned = 4;
    assert_eq!(
        head(&data.present()),
        (
            "1 of 4 answered so far, 10.0 ms on average",
            Severity::Neutral
        )
    );

    let waiting = Data::new("host.example.test".into(), address(), 4);
    assert_eq!(
        head(&waiting.present()),
        ("Waiting for an answer", Severity::Neutral)
    );
}

#[test]
fn replies_stand_in_a_table() {
    let mut data = ended(&[Some(10.0), None, None]);
    data.replies[1].error = Some("host unreachable (says 192.0.2.254)".into());
    data.replies[0].ttl = None;
    data.duplicates = Some(2);
    insta::assert_snapshot!(shown(&data.present()), @r#"
    # Ping of host.example.test
    ! 1 of 3 answered, 67 % lost, 10.0 ms on average
    [Nr | Time | TTL]
    1 | 10.00 ms |
    2 | host unreachable (says 192.0.2.254) (bad) |
    3 | lost (bad) |
    Address: 192.0.2.1 (address)
    min/avg/max/stddev: 10.00 / 10.00 / 10.00 / 0.00 ms
    ! 2 replies came twice
    "#);
}

#[test]
fn tcp_says_why_it_was_not_icmp() {
    let mut data = Data::new("host.example.test".into(), address(), 1);
    data.hint = Some("allow it with `x`".into());
    data.end(PingOutcome {
        method: Method::Tcp { port: 443 },
        duplicates: None,
        ..outcome(&[Some(3.0)])
    });
    let document = data.present();
    assert_eq!(data.method, "tcp/443");
    assert_eq!(
        document.warnings,
        ["Measured with TCP connections instead of ICMP (tcp/443): allow it with `x`"]
    );
    assert_eq!(document.severity, Severity::Good, "a remark only");
}

#[test]
fn errors_name_who_said_them_unless_it_was_this_machine() {
    let error = |from: Option<&str>, local| {
        let reply = Reply {
            error: Some(ReplyError {
                notice: Some(Notice::HostUnreachable),
                from: from.map(|from| from.parse().expect("an address")),
                local,
                text: "host unreachable".into(),
            }),
            ..reply(1, None)
        };
        Row::from(&reply).error
    };
    assert_eq!(
        error(Some("192.0.2.254"), false).as_deref(),
        Some("host unreachable (says 192.0.2.254)")
    );
    assert_eq!(
        error(Some("192.0.2.254"), true).as_deref(),
        Some("host unreachable")
    );
    assert_eq!(error(None, false).as_deref(), Some("host unreachable"));
}

#[test]
fn no_statistics_without_a_reply() {
    let document = ended(&[None]).present();
    assert_eq!(field(&document, "min/avg/max/stddev"), None);
    assert_eq!(rows(&document), ["1 | lost (bad) | "]);
    let json = serde_json::to_value(ended(&[None])).expect("JSON");
    assert_eq!(json["rtt_ms"], serde_json::Value::Null);
    assert!(json.get("hint").is_none());
}

#[test]
fn times_are_exact_to_the_microsecond() {
    for (given, expected) in [
        (0.0, 0.0),
        (0.0004, 0.0),
        (0.0005, 0.001),
        (12.345_678, 12.346),
        (1e6, 1e6),
    ] {
        assert_eq!(rounded(given), expected);
    }
}
