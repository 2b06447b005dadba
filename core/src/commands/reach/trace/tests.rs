use super::{
    hop::{Probe, Statistics},
    *,
};
use crate::commands::testing::{field, head, rows, shown};
use crate::testing::read_back::ReadBack;
use netvane_document::{Answer, Chart, ChartRow, ChartSpan, Severity, SpanStyle};
use netvane_facts::geo::ATTRIBUTION;

fn probe(address: &str, rtt_ms: f64) -> Option<Probe> {
    Some(Probe {
        address: address.parse().expect("an address"),
        rtt_ms,
        mark: None,
        note: None,
    })
}

fn refused(address: &str) -> Option<Probe> {
    Some(Probe {
        mark: Some("!X".into()),
        note: Some("administratively prohibited".into()),
        ..probe(address, 7.0).expect("a probe")
    })
}

fn hop(ttl: u8, probes: Vec<Option<Probe>>) -> Hop {
    Hop {
        ttl,
        probes,
        name: None,
        asn: None,
        organization: None,
        country: None,
        statistics: None,
    }
}

fn data(hops: Vec<Hop>, reached: bool) -> Data {
    Data {
        reached,
        hops,
        in_progress: false,
        probed_hops: 30,
        ..Data::new("host.example.test".into(), IpAddr::from([192, 0, 2, 9]))
    }
}

#[test]
fn summary_describes_the_end_of_the_route() {
    let answering = || hop(1, vec![probe("192.0.2.1", 1.0)]);
    let silent = |ttl| hop(ttl, vec![None, None, None]);

    for (hops, reached, summary, severity) in [
        (
            vec![answering()],
            true,
            "Reached after 1 hop",
            Severity::Good,
        ),
        (
            vec![
                answering(),
                silent(2),
                hop(3, vec![probe("192.0.2.9", 9.0)]),
            ],
            true,
            "Reached after 3 hops",
            Severity::Good,
        ),
        (
            vec![answering(), silent(2), silent(3)],
            false,
            "Not reached: no reply after hop 1",
            Severity::Warning,
        ),
        (
            vec![silent(1)],
            false,
            "Not reached: no replies",
            Severity::Bad,
        ),
        (vec![], false, "Not reached: no replies", Severity::Bad),
        (
            vec![answering(), hop(2, vec![None, refused("192.0.2.2")])],
            false,
            "Not reached: administratively prohibited at hop 2",
            Severity::Bad,
        ),
    ] {
        assert_eq!(
            head(&data(hops, reached).present_checked()),
            (summary, severity)
        );
    }
}

#[test]
fn progress_counts_hops() {
    let mut data = data(vec![hop(1, vec![None])], false);
    data.in_progress = true;
    assert_eq!(
        head(&data.present_checked()),
        ("1 hop so far", Severity::Neutral)
    );
}

#[test]
fn each_hop_is_one_row() {
    let mut several = hop(
        2,
        vec![
            probe("192.0.2.2", 1.25),
            probe("192.0.2.3", 2.0),
            probe("192.0.2.2", 3.0),
        ],
    );

    several.name = Some("a.example.test".into());
    (several.asn, several.country) = (Some(64496), Some("DE".into()));
    let mut country = hop(3, vec![None, refused("2001:db8::3")]);
    country.country = Some("FR".into());
    let mut network = hop(4, vec![probe("192.0.2.4", 0.04)]);
    network.asn = Some(1);

    let hops = vec![hop(1, vec![None, None]), several, country, network];

    assert_eq!(
        rows(&data(hops, true).present_checked()),
        [
            "1 |  (address) | no reply (aside) |  | *  *",
            "2 | 192.0.2.2 / 192.0.2.3 (address) | a.example.test (domain) | AS64496, DE | 1.25  2.00  3.00",
            "3 | 2001:db8::3 (address) |  | FR | *  7.00 !X",
            "4 | 192.0.2.4 (address) |  | AS1 | 0.040",
        ]
    );
}

#[test]
fn names_data_sources_only_with_networks_or_countries() {
    let mut hops = vec![hop(1, vec![probe("192.0.2.1", 1.0)])];
    assert_eq!(
        field(&data(hops.clone(), true).present_checked(), "Data sources"),
        None
    );
    hops[0].asn = Some(64496);
    assert_eq!(
        field(&data(hops, true).present_checked(), "Data sources"),
        Some(ATTRIBUTION)
    );
}

#[test]
fn links_to_the_publisher_of_a_database_that_requires_it() {
    let mut located = hop(1, vec![probe("192.0.2.1", 1.0)]);
    located.country = Some("DE".into());
    let trace = Data {
        databases: [DatabaseInfo {
            name: "DBIP-City-Lite".into(),
            built: None,
        }]
        .into(),
        ..data(vec![located], true)
    };
    let text = shown(&trace.present_checked());
    assert!(
        text.contains("IP Geolocation by DB-IP <https://db-ip.com>"),
        "{text}"
    );
}

#[test]
fn shows_path_mtu_and_probe_method() {
    for (method, warnings) in [
        (None, vec![]),
        (Some(Method::Udp), vec![]),
        (
            Some(Method::Icmp),
            vec!["The target does not reply to UDP probes; used ICMP"],
        ),
        (
            Some(Method::Tcp),
            vec!["The target does not reply to UDP probes; used TCP"],
        ),
    ] {
        let mut data = data(vec![hop(1, vec![probe("192.0.2.9", 1.0)])], true);
        data.method = method;
        let document = data.present_checked();
        assert_eq!(document.warnings, warnings);
        assert_eq!(document.severity, Severity::Good);
        assert_eq!(field(&document, "Path MTU"), None);
    }

    let mut narrow = data(vec![hop(1, vec![probe("192.0.2.9", 1.0)])], true);
    narrow.path_mtu = Some(1400);
    insta::assert_snapshot!(shown(&narrow.present_checked()), @r#"
    # Route to host.example.test
    ✓ Reached after 1 hop
    [Hop | Address | Name | Network | RTT (ms)]
    1 | 192.0.2.9 (address) |  |  | 1.00
    Target: 192.0.2.9 (address)
    Path MTU: 1400 bytes
    "#);
}

#[test]
fn json_has_null_for_lost_probes_and_omits_defaults() {
    let json = serde_json::to_value(data(
        vec![hop(
            1,
            vec![None, probe("192.0.2.1", 1.5), refused("192.0.2.1")],
        )],
        false,
    ))
    .expect("JSON");
    assert_eq!(
        json["hops"][0]["probes"],
        serde_json::json!([
            null,
            {"address": "192.0.2.1", "rtt_ms": 1.5},
            {"address": "192.0.2.1", "rtt_ms": 7.0, "mark": "!X", "note": "administratively prohibited"},
        ])
    );
    assert!(json.get("path_mtu").is_none() && json.get("in_progress").is_none());
}

#[test]
fn a_name_without_an_address_is_a_bad_reply() {
    let none = netvane_net::dns::NoAddress {
        rcode: "NOERROR".into(),
        version: Some(IpVersion::V6),
    };
    let data = Data::without_address("a.test".into(), none);
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

/// A hop measured in rounds, with these probes sent and lost.
fn measured(ttl: u8, addresses: &[&str], sent: u32, lost: u32) -> Hop {
    let addresses: Vec<IpAddr> = addresses
        .iter()
        .map(|address| address.parse().expect("an address"))
        .collect();
    let figure = |value| (lost < sent).then_some(value);
    Hop {
        statistics: Some(Statistics {
            sent,
            lost,
            loss_percent: 100.0 * f64::from(lost) / f64::from(sent),
            last: figure(1.5),
            avg: figure(2.25),
            best: figure(1.0),
            worst: figure(30.125),
            stddev: figure(0.05),
            rate_limited: false,
            error: None,
            addresses,
        }),
        ..hop(ttl, vec![None])
    }
}

fn in_rounds(hops: Vec<Hop>, reached: bool) -> Data {
    Data {
        rounds: Some(10),
        method: Some(Method::Icmp),
        ..data(hops, reached)
    }
}

#[test]
fn rounds_are_shown_as_loss_and_round_trips() {
    let mut limited = measured(2, &["192.0.2.2", "192.0.2.3"], 10, 4);
    limited.statistics.as_mut().expect("rounds").rate_limited = true;
    (limited.asn, limited.country) = (Some(64496), Some("DE".into()));
    limited.organization = Some("Example Network Operations International".into());
    let hops = vec![
        measured(1, &["192.0.2.1"], 10, 0),
        limited,
        measured(3, &[], 10, 10),
        measured(4, &["192.0.2.9"], 10, 1),
    ];
    insta::assert_snapshot!(shown(&in_rounds(hops, true).present_checked()), @r#"
    # Route to host.example.test
    ! Reached after 4 hops: 10 % loss, avg 2.25 ms
    [Hop | Address | Name | Network | Loss | Sent | Last | Avg | Best | Worst | StDev]
    1 | 192.0.2.1 (address) |  |  | 0 % | 10 | 1.50 | 2.25 | 1.00 | 30.1 | 0.050
    2 | 192.0.2.2 / 192.0.2.3 (address) |  | AS64496 Example Network Operations…, DE | 40 % (rate limit) (aside) | 10 | 1.50 | 2.25 | 1.00 | 30.1 | 0.050
    3 |  (address) | no reply (aside) |  | 100 % (aside) | 10 |  |  |  |  |
    4 | 192.0.2.9 (address) |  |  | 10 % (bad) | 10 | 1.50 | 2.25 | 1.00 | 30.1 | 0.050
    Target: 192.0.2.9 (address)
    Loss marked “rate limit” is not packet loss: the hop limits its replies, and later hops receive more.
    Data sources: Country: IPFire Location (CC BY-SA 4.0). AS: RouteViews, NRO, DB-IP.com (CC BY 4.0). (aside)
    "#);
}

#[test]
fn summary_of_rounds_has_the_loss_at_the_target() {
    let summary = |hops, reached| {
        let document = in_rounds(hops, reached).present_checked();
        (document.summary, document.severity)
    };
    let near = || measured(1, &["192.0.2.1"], 10, 0);
    assert_eq!(
        summary(vec![near(), measured(2, &["192.0.2.9"], 10, 0)], true),
        (
            "Reached after 2 hops: no loss, avg 2.25 ms".into(),
            Severity::Good
        )
    );
    assert_eq!(
        summary(vec![near(), measured(2, &[], 10, 10)], false),
        (
            "Not reached: no reply after hop 1".into(),
            Severity::Warning
        )
    );
    let mut rejecting = measured(2, &["192.0.2.2"], 10, 0);
    rejecting.statistics.as_mut().expect("rounds").error = Some("host unreachable".into());
    assert_eq!(
        summary(vec![near(), rejecting], false),
        (
            "Not reached: host unreachable at hop 2".into(),
            Severity::Bad
        )
    );

    let running = Data {
        in_progress: true,
        rounds: Some(3),
        ..in_rounds(vec![near()], false)
    };
    assert_eq!(
        head(&running.present_checked()),
        ("1 hop, round 3", Severity::Neutral)
    );
}

#[test]
fn json_of_rounds_has_the_figures_at_each_hop() {
    let hops = vec![measured(1, &["192.0.2.1"], 10, 1), measured(2, &[], 10, 10)];
    let json = serde_json::to_value(in_rounds(hops, false)).expect("JSON");
    let [first, silent] = [&json["hops"][0], &json["hops"][1]];
    assert_eq!((&first["sent"], &first["lost"]), (&10.into(), &1.into()));
    assert_eq!(first["loss_percent"], 10.0);
    assert_eq!(first["addresses"], serde_json::json!(["192.0.2.1"]));
    for figure in ["last", "avg", "best", "worst", "stddev"] {
        assert!(first[figure].is_f64(), "{figure}");
        assert_eq!(silent[figure], serde_json::Value::Null, "{figure}");
    }

    let plain = serde_json::to_value(data(vec![hop(1, vec![None])], false)).expect("JSON");
    assert!(plain["hops"][0].get("sent").is_none() && plain.get("rounds").is_none());
}

#[test]
fn a_port_means_tcp() {
    let method = |protocol, port: Option<i64>| {
        let probing = Probing {
            max_hops: None,
            names: None,
            protocol,
            port: port.map(Number),
        };
        probing.method().map_err(|error| error.message)
    };
    assert_eq!(method(None, None), Ok((None, None)));
    assert_eq!(
        method(None, Some(8443)),
        Ok((Some(Method::Tcp), Some(8443)))
    );
    assert_eq!(
        method(Some(Protocol::Tcp), None),
        Ok((Some(Method::Tcp), None))
    );
    assert_eq!(
        method(Some(Protocol::Udp), Some(53)),
        Err("`port` is only for `protocol=tcp`".into())
    );
}

fn chart_rows(data: &Data) -> Vec<ChartRow> {
    match Answer::present(data).chart {
        Some(Chart::Rows { rows, .. }) => rows,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_chart_shows_the_mean_and_the_range_of_each_hop() {
    let hops = vec![
        hop(
            1,
            vec![probe("192.0.2.1", 1.0), None, probe("192.0.2.1", 3.0)],
        ),
        hop(2, vec![None, None]),
        hop(3, vec![refused("192.0.2.9")]),
    ];
    let rows = chart_rows(&data(hops, true));
    let span = |from, to, style| ChartSpan { from, to, style };
    assert_eq!(
        rows[0].spans,
        [
            span(0.0, 2.0, SpanStyle::Bar(Severity::Neutral)),
            span(1.0, 3.0, SpanStyle::Range)
        ]
    );
    assert_eq!(rows[0].value, "2.00");
    assert_eq!(
        (rows[1].value.as_str(), rows[1].spans.len()),
        ("no reply", 0)
    );
    assert_eq!(rows[2].severity, Severity::Bad, "an ICMP error");
}

#[test]
fn the_chart_of_rounds_says_which_hops_lose_packets() {
    let rows = chart_rows(&in_rounds(
        vec![
            measured(1, &["192.0.2.1"], 10, 0),
            measured(2, &["192.0.2.2"], 10, 2),
        ],
        true,
    ));
    assert_eq!(rows[0].severity, Severity::Neutral);
    assert_eq!(rows[1].severity, Severity::Warning);
    assert_eq!(rows[1].label, "192.0.2.2 (20 % loss)");
}
