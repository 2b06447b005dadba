use super::*;
use crate::commands::testing::{head, rows, shown};

/// A name: `+` before one that leads back, `?` before one that could not be looked up.
fn name(text: &str) -> Name {
    Name {
        name: text.trim_start_matches(['+', '?']).into(),
        forward_confirmed: text.starts_with('+'),
        unchecked: text.starts_with('?'),
    }
}

fn reversed(address: &str, names: &[&str]) -> Reversed {
    Reversed {
        address: address.parse().expect("an address"),
        names: names.iter().map(|text| name(text)).collect(),
        omitted: 0,
        failure: None,
    }
}

fn data(addresses: Vec<Reversed>) -> Data {
    Data {
        query: "host.example.test".into(),
        addresses,
        nxdomain: false,
        holds: None,
    }
}

fn failed() -> Reversed {
    Reversed {
        failure: Some("The resolver x could not find it out (SERVFAIL)".into()),
        ..reversed("192.0.2.9", &[])
    }
}

#[test]
fn confirmation_is_counted_over_all_addresses() {
    for (addresses, summary, severity) in [
        (
            vec![reversed("192.0.2.1", &["+a.test"])],
            "1 name, and it leads back: forward-confirmed",
            Severity::Good,
        ),
        (
            vec![
                reversed("192.0.2.1", &["+a.test", "+b.test"]),
                reversed("192.0.2.2", &["+a.test"]),
            ],
            "3 names, all lead back: forward-confirmed",
            Severity::Good,
        ),
        (
            vec![reversed("192.0.2.1", &["a.test"])],
            "1 name, not forward-confirmed",
            Severity::Warning,
        ),
        (
            vec![reversed("192.0.2.1", &["+a.test", "b.test", "?c.test"])],
            "3 names, 1 of them forward-confirmed",
            Severity::Warning,
        ),
        (
            vec![
                reversed("192.0.2.1", &["+a.test"]),
                reversed("192.0.2.2", &[]),
            ],
            "1 name, forward-confirmed; 1 of the addresses without a name",
            Severity::Warning,
        ),
        (
            vec![reversed("192.0.2.1", &["a.test"]), failed()],
            "1 name, not forward-confirmed; 1 of the addresses without a name",
            Severity::Warning,
        ),
    ] {
        assert_eq!(head(&data(addresses).present()), (summary, severity));
    }
}

#[test]
fn no_names_are_told_by_their_reason() {
    let gone = Data {
        nxdomain: true,
        ..data(vec![])
    };

    for (data, summary, severity) in [
        (
            gone,
            "host.example.test does not exist (NXDOMAIN)",
            Severity::Bad,
        ),
        (
            data(vec![]),
            "host.example.test has no address",
            Severity::Bad,
        ),
        (
            data(vec![reversed("192.0.2.1", &[])]),
            "no name (PTR) is set",
            Severity::Neutral,
        ),
        (
            data(vec![reversed("192.0.2.1", &[]), failed()]),
            "The resolver x could not find it out (SERVFAIL)",
            Severity::Bad,
        ),
    ] {
        assert_eq!(head(&data.present()), (summary, severity));
    }
}

#[test]
fn the_address_stands_once_beside_its_names() {
    let more = Reversed {
        omitted: 3,
        ..reversed("192.0.2.1", &["+a.test", "b.test", "?c.test"])
    };
    assert_eq!(
        rows(&data(vec![more, reversed("2001:db8::1", &[]), failed()]).present()),
        [
            "192.0.2.1 (address) | a.test (domain) | yes (good)",
            " | b.test (domain) | no (warning)",
            " | c.test (domain) | not known (warning)",
            " | and 3 more (aside) | ",
            "2001:db8::1 (address) | no name (warning) | ",
            "192.0.2.9 (address) | The resolver x could not find it out (SERVFAIL) (warning) | ",
        ]
    );
}

#[test]
fn names_that_do_not_lead_back_are_doubted() {
    let document = data(vec![reversed(
        "192.0.2.1",
        &["+a.test", "b.test", "?c.test"],
    )])
    .present();
    insta::assert_snapshot!(shown(&document), @r#"
    # Reverse DNS of host.example.test
    ! 3 names, 1 of them forward-confirmed
    [Address | Name | Leads back]
    192.0.2.1 (address) | a.test (domain) | yes (good)
     | b.test (domain) | no (warning)
     | c.test (domain) | not known (warning)
    ! b.test does not lead back to the address, so anyone could have written it there
    ! c.test could not be looked up, so whether it leads back is not known
    "#);
}

#[test]
fn the_shortest_time_counts() {
    let mut data = data(vec![]);
    assert_eq!(data.lifetime(), Duration::ZERO);
    for (holds, expected) in [(300, 300), (60, 60), (900, 60), (0, 0)] {
        data.hold(Duration::from_secs(holds));
        assert_eq!(data.lifetime(), Duration::from_secs(expected));
    }
}

#[test]
fn json_has_counts_and_reasons_only_where_there_are_some() {
    let json = serde_json::to_value(data(vec![reversed("192.0.2.1", &["+a.test"]), failed()]))
        .expect("JSON");
    assert!(json["addresses"][0].get("omitted").is_none());
    assert!(json["addresses"][0].get("failure").is_none());
    assert_eq!(json["addresses"][0]["names"][0]["forward_confirmed"], true);
    assert!(json["addresses"][1]["failure"].is_string());
}
