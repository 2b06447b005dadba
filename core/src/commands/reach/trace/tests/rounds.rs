//! Routes measured in rounds: loss and round trips.

use netvane_document::Severity;

use super::{data, hop, in_rounds, measured};
use crate::commands::{
    reach::trace::*,
    testing::{head, shown},
};
use crate::testing::read_back::ReadBack;

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
