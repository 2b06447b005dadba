use netvane_document::{Answer, Chart, Severity};

use super::*;
use crate::commands::testing::{field, head, rows, shown};
use crate::{platform::Platform, testing::read_back::ReadBack};
use netvane_net::{icmp::ReplyError, icmp_error::IcmpError};

fn address() -> IpAddr {
    "192.0.2.1".parse().expect("an address")
}

fn reply(seq: u16, rtt_ms: Option<f64>) -> EchoReply {
    EchoReply {
        seq,
        rtt_ms,
        ttl: rtt_ms.map(|_| 57),
        state: None,
        error: None,
    }
}

fn outcome(times: &[Option<f64>]) -> PingOutcome {
    let replies: Vec<EchoReply> = times
        .iter()
        .enumerate()
        .map(|(at, time)| reply(at as u16 + 1, *time))
        .collect();
    PingOutcome {
        address: address(),
        method: PingMethod::IcmpDatagram,
        sent: times.len() as u16,
        received: 0,
        duplicates: Some(0),
        loss_percent: 0.0,
        rtt_ms: None,
        replies,
    }
}

fn finished(times: &[Option<f64>]) -> Data {
    let mut data = Data::new("host.example.test".into(), address(), times.len());
    data.finish(outcome(times));
    data
}

#[test]
fn computes_statistics_of_the_replies() {
    let data = finished(&[Some(10.0), Some(20.0), None, Some(30.0004)]);
    assert_eq!((data.sent, data.received, data.loss_percent), (4, 3, 25.0));
    let rtt = data.rtt_ms.expect("replies");
    assert_eq!(
        (rtt.min, rtt.avg, rtt.max, rtt.stddev),
        (10.0, 20.0, 30.0, 8.165)
    );
}

#[test]
fn one_reply_has_no_deviation() {
    let rtt = finished(&[Some(1.2345678)]).rtt_ms.expect("a reply");
    assert_eq!(
        (rtt.min, rtt.avg, rtt.max, rtt.stddev),
        (1.235, 1.235, 1.235, 0.0)
    );
}

#[test]
fn loss_is_a_percentage_of_the_requests_sent() {
    assert_eq!(finished(&[]).loss_percent, 0.0, "not NaN");
    assert_eq!(finished(&[None]).loss_percent, 100.0);
    assert_eq!(finished(&[Some(1.0), None, None]).loss_percent, 66.667);
}

#[test]
fn summary_counts_replies() {
    for (times, summary, severity) in [
        (
            &[Some(10.0), Some(20.0)][..],
            "2/2 replies, avg 15.0 ms",
            Severity::Good,
        ),
        (
            &[Some(10.0), None, None],
            "1/3 replies, 67 % loss, avg 10.0 ms",
            Severity::Warning,
        ),
        (&[None, None], "No reply (100 % loss)", Severity::Bad),
    ] {
        assert_eq!(
            head(&finished(times).present_checked()),
            (summary, severity)
        );
    }
}

#[test]
fn progress_counts_against_the_planned_requests() {
    let mut data = finished(&[Some(10.0)]);
    data.total = 4;
    assert_eq!(
        head(&data.present_checked()),
        ("1/4 replies so far, avg 10.0 ms", Severity::Neutral)
    );

    let waiting = Data::new("host.example.test".into(), address(), 4);
    assert_eq!(
        head(&waiting.present_checked()),
        ("Waiting for replies", Severity::Neutral)
    );
}

#[test]
fn lists_replies_in_a_table() {
    let mut data = finished(&[Some(10.0), None, None]);
    data.replies[1].error = Some("host unreachable (from 192.0.2.254)".into());
    data.replies[0].ttl = None;
    data.duplicates = Some(2);
    insta::assert_snapshot!(shown(&data.present_checked()), @r#"
    # Ping of host.example.test
    ! 1/3 replies, 67 % loss, avg 10.0 ms
    [# | Time | TTL]
    1 | 10.0 ms |
    2 | host unreachable (from 192.0.2.254) (bad) |
    3 | lost (bad) |
    Address: 192.0.2.1 (address)
    min/avg/max/stddev: 10.0 / 10.0 / 10.0 / 0.000 ms
    ! 2 duplicate replies
    "#);
}

#[test]
fn explains_why_tcp_was_used() {
    let mut data = Data::new("host.example.test".into(), address(), 1);
    data.hint = Some("allow it with `x`".into());
    data.finish(PingOutcome {
        method: PingMethod::Tcp { port: 443 },
        duplicates: None,
        ..outcome(&[Some(3.0)])
    });
    let document = data.present_checked();
    assert_eq!(data.method, "tcp/443");
    assert_eq!(
        document.warnings,
        ["Measured with TCP connections instead of ICMP (tcp/443): allow it with `x`"]
    );
    assert_eq!(document.severity, Severity::Good, "only a note");
}

#[test]
fn errors_name_their_source_unless_local() {
    let error = |from: Option<&str>, local| {
        let reply = EchoReply {
            error: Some(ReplyError {
                notice: Some(IcmpError::HostUnreachable),
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
        Some("host unreachable (from 192.0.2.254)")
    );
    assert_eq!(
        error(Some("192.0.2.254"), true).as_deref(),
        Some("host unreachable")
    );
    assert_eq!(error(None, false).as_deref(), Some("host unreachable"));
}

#[test]
fn no_statistics_without_a_reply() {
    let document = finished(&[None]).present_checked();
    assert_eq!(field(&document, "min/avg/max/stddev"), None);
    assert_eq!(rows(&document), ["1 | lost (bad) | "]);
    let json = serde_json::to_value(finished(&[None])).expect("JSON");
    assert_eq!(json["rtt_ms"], serde_json::Value::Null);
    assert!(json.get("hint").is_none());
}

#[test]
fn rounds_to_microseconds() {
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

#[test]
fn a_name_without_an_address_is_a_bad_reply() {
    let none = netvane_net::dns::NoAddress {
        rcode: "NOERROR".into(),
        version: Some(IpVersion::V6),
    };
    let data = Data::new("a.test".into(), none, 0);
    assert_eq!(
        head(&data.present_checked()),
        ("a.test has no IPv6 address", Severity::Bad)
    );
    let json = serde_json::to_value(data).expect("JSON");
    assert_eq!(json["address"], serde_json::Value::Null);
    assert_eq!(
        (&json["rcode"], &json["ipv"]),
        (&"NOERROR".into(), &"6".into())
    );
}

fn ping(protocol: Option<Protocol>, port: Option<i64>) -> Ping {
    Ping {
        target: "192.0.2.1".parse().expect("a target"),
        count: Some(Count(0)),
        ipv: None,
        protocol,
        port: port.map(Number),
    }
}

#[test]
fn a_port_means_tcp_and_excludes_icmp() {
    let protocol = |protocol, port| {
        let read = ping(protocol, port).protocol();
        read.map_err(|error| error.message)
    };
    assert_eq!(protocol(None, None), Ok(None));
    assert_eq!(protocol(None, Some(22)), Ok(Some(Protocol::Tcp)));
    assert_eq!(
        protocol(Some(Protocol::Icmp), None),
        Ok(Some(Protocol::Icmp))
    );
    assert_eq!(
        protocol(Some(Protocol::Icmp), Some(22)),
        Err("`port` is only for `protocol=tcp`".into())
    );
}

#[test]
fn only_a_terminal_pings_without_an_end() {
    let ping = ping(None, None);
    assert!(ping.is_endless());
    let check = |platform| ping.count.expect("a count").check(platform);
    assert!(check(Platform::Terminal).is_ok());
    let error = check(Platform::Http).expect_err("no end");
    assert_eq!(
        error.message,
        "`count` must be 1–20; 0 works only in a terminal"
    );
}

#[test]
fn a_refused_connection_is_a_reply() {
    let over_tcp = |seq, state| EchoReply {
        ttl: None,
        state: Some(state),
        ..reply(seq, Some(3.0))
    };
    let mut data = Data::new("host.example.test".into(), address(), 3);
    data.finish(PingOutcome {
        method: PingMethod::Tcp { port: 22 },
        replies: vec![
            over_tcp(1, PortState::Closed),
            over_tcp(2, PortState::Open),
            reply(3, None),
        ],
        ..outcome(&[])
    });
    let document = data.present_checked();
    assert_eq!(head(&document).0, "2/3 replies, 33 % loss, avg 3.00 ms");
    assert_eq!(
        rows(&document),
        [
            "1 | 3.00 ms | closed",
            "2 | 3.00 ms | open",
            "3 | lost (bad) | "
        ]
    );
    let json = serde_json::to_value(data).expect("JSON");
    assert_eq!(json["replies"][0]["state"], "closed");
    assert!(json["replies"][2].get("state").is_none());
}

#[test]
fn of_many_replies_the_last_are_shown() {
    let document = finished(&[Some(1.0); 25]).present_checked();
    let rows = rows(&document);
    assert_eq!((rows.len(), &*rows[0]), (20, "6 | 1.00 ms | 57"));
    assert!(shown(&document).contains("5 earlier replies are not shown."));
    let running = Data {
        total: 65_535,
        ..finished(&[Some(1.0); 25])
    };
    assert_eq!(
        head(&running.present_checked()).0,
        "25/25 replies so far, avg 1.00 ms"
    );
}

#[test]
fn the_chart_has_a_bar_for_each_reply_and_none_for_a_lost_one() {
    let document = Answer::present(&finished(&[Some(10.0), None, Some(12.5)]));
    let Some(Chart::Strip { bars, .. }) = document.chart else {
        panic!("a strip")
    };
    let times: Vec<Option<f64>> = bars.iter().map(|bar| bar.time).collect();
    assert_eq!(times, [Some(10.0), None, Some(12.5)]);
}
