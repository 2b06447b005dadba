use PortState::{Closed, Filtered, NoReply, Open};

use super::*;
use crate::commands::testing::{field, head, rows, shown};
use crate::testing::read_back::ReadBack;

fn checked(port: u16, state: PortState) -> PortStatus {
    PortStatus {
        port,
        protocol: "tcp".into(),
        state,
        service: None,
        rtt_ms: None,
        reason: None,
        hint: None,
    }
}

fn address() -> std::net::IpAddr {
    [192, 0, 2, 1].into()
}

fn data(ports: Vec<PortStatus>, total: usize) -> Data {
    Data {
        target: "host.example.test".into(),
        at: address().into(),
        ports,
        total,
    }
}

fn many(closed: u16) -> Vec<PortStatus> {
    (1..=closed).map(|port| checked(port, Closed)).collect()
}

#[test]
fn summary_counts_open_then_closed_then_filtered() {
    for (states, planned, summary) in [
        (
            &[Filtered, Open, Closed, Open][..],
            4,
            "2 open, 1 closed, 1 filtered",
        ),
        (&[Closed], 1, "1 closed"),
        (&[Open], 20, "1 open, of 20"),
        (&[], 20, "Checking 20 ports"),
    ] {
        let ports = states
            .iter()
            .zip(1..)
            .map(|(state, port)| checked(port, *state))
            .collect();
        assert_eq!(
            head(&data(ports, planned).present_checked()),
            (summary, Severity::Neutral)
        );
    }
}

#[test]
fn lists_ports_with_service_time_and_banner() {
    let ports = vec![
        PortStatus {
            service: Some("ssh".into()),
            rtt_ms: Some(12.3456),
            hint: Some("SSH-2.0-<b>".into()),
            ..checked(22, Open)
        },
        PortStatus {
            rtt_ms: Some(0.4),
            ..checked(25, Closed)
        },
        PortStatus {
            reason: Some("no answer".into()),
            ..checked(99, Filtered)
        },
    ];

    insta::assert_snapshot!(shown(&data(ports, 3).present_checked()), @r#"
    # Ports of host.example.test
    · 1 open, 1 closed, 1 filtered
    [Port | State | Service | Time | Banner]
    22 | open | ssh | 12.3 ms | SSH-2.0-<b> (exact)
    25 | closed (aside) |  | 0.40 ms |
    99 | filtered |  |  | no answer (exact)
    Address: 192.0.2.1 (address)
    Services: guessed from the port numbers (aside)
    "#);
}

#[test]
fn more_than_30_ports_are_shown_as_ranges() {
    let listed = data(many(30), 30).present_checked();
    assert_eq!(rows(&listed).len(), 30);
    assert_eq!(field(&listed, "Closed"), None);

    let mut ports = many(31);
    ports[7].state = Open;
    ports[30].state = Filtered;
    let ranges = data(ports, 31).present_checked();
    assert_eq!(rows(&ranges), ["8 | open |  |  | "]);
    assert_eq!(field(&ranges, "Closed"), Some("1-7,9-30"));
    assert_eq!(field(&ranges, "Filtered"), Some("31"));
    assert_eq!(head(&ranges).0, "1 open, 29 closed, 1 filtered");
}

#[test]
fn results_get_the_usual_service() {
    let result = PortResult {
        port: 443,
        state: Filtered,
        rtt_ms: Some(1.000_49),
        reason: Some("host unreachable".into()),
        hint: None,
    };
    let read = PortStatus::new(&result, "tcp");
    assert_eq!(
        (read.state, read.service, read.rtt_ms, read.protocol),
        (Filtered, Some("https".into()), Some(1.0), "tcp".into())
    );
    assert_eq!(read.reason.as_deref(), Some("host unreachable"));
}

#[test]
fn says_that_service_names_are_guesses_without_a_warning() {
    let document = data(many(2), 2).present_checked();
    assert_eq!(field(&document, "Services"), None);
    let mut ports = many(2);
    ports[0].service = Some("x".into());
    let document = data(ports, 2).present_checked();
    assert_eq!(
        field(&document, "Services"),
        Some("guessed from the port numbers")
    );
    assert!(document.warnings.is_empty());
}

#[test]
fn udp_ports_are_marked_and_silence_is_explained() {
    let udp = |port, state| PortStatus {
        protocol: "udp".into(),
        ..checked(port, state)
    };
    let ports = vec![checked(53, Open), udp(53, Open), udp(500, NoReply)];
    let document = data(ports, 3).present_checked();
    assert_eq!(head(&document).0, "2 open, 1 no reply");
    assert_eq!(
        rows(&document),
        [
            "53 | open |  |  | ",
            "53/udp | open |  |  | ",
            "500/udp | no reply (aside) |  |  | "
        ]
    );
    assert!(field(&document, "UDP").is_some());

    let mut ports = many(31);
    ports.push(udp(7, NoReply));
    let document = data(ports, 32).present_checked();
    assert_eq!(field(&document, "Closed"), Some("1-31"));
    assert_eq!(field(&document, "No reply"), Some("7/udp"));
}

#[test]
fn ports_without_a_protocol_follow_the_argument() {
    let requested = |ports: Option<&str>, protocol| {
        let ports = Ports {
            target: "192.0.2.1".parse().expect("a target"),
            ports: ports.map(|ports| ports.parse().expect("ports")),
            protocol,
        };
        let requested = ports.requested().map_err(|error| error.message)?;
        Ok::<_, String>((requested.tcp, requested.udp))
    };
    let mixed = Some("22,53/udp,80/tcp");
    assert_eq!(requested(mixed, None), Ok((vec![22, 80], vec![53])));
    let by_udp = requested(mixed, Some(Transport::Udp));
    assert_eq!(by_udp, Ok((vec![80], vec![22, 53])));

    let (tcp, udp) = requested(None, None).expect("ports");
    assert_eq!((tcp.len(), udp.len()), (20, 0));
    let (tcp, udp) = requested(None, Some(Transport::Udp)).expect("ports");
    assert!(tcp.is_empty() && udp.contains(&123));

    assert_eq!(
        requested(Some("1-65/udp"), None),
        Err("`ports`: at most 64 UDP ports, got 65".into())
    );
}

#[test]
fn a_name_without_an_address_is_a_bad_reply() {
    let none = netvane_net::dns::NoAddress {
        rcode: "NXDOMAIN".into(),
        version: None,
    };
    let data = Data::new("a.test".into(), none, 0);
    assert_eq!(
        head(&data.present_checked()),
        ("a.test does not exist (NXDOMAIN)", Severity::Bad)
    );
    let json = serde_json::to_value(data).expect("JSON");
    assert_eq!(json["address"], serde_json::Value::Null);
    assert_eq!(json["rcode"], "NXDOMAIN");
}
