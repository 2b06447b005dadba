use super::*;
use crate::commands::testing::{head, rows, shown};
use crate::testing::read_back::ReadBack;

/// A name: `+` marks a forward-confirmed one, `?` one that could not be resolved.
fn name(text: &str) -> Name {
    Name {
        name: text.trim_start_matches(['+', '?']).into(),
        forward_confirmed: text.starts_with('+'),
        unchecked: text.starts_with('?'),
    }
}

fn reversed(address: &str, names: &[&str]) -> AddressNames {
    AddressNames {
        address: address.parse().expect("an address"),
        names: names.iter().map(|text| name(text)).collect(),
        omitted: 0,
        failure: None,
    }
}

fn data(addresses: Vec<AddressNames>) -> Data {
    Data {
        query: "host.example.test".into(),
        addresses,
        nxdomain: false,
        cache_seconds: None,
    }
}

fn failed() -> AddressNames {
    AddressNames {
        failure: Some("192.0.2.53:53 returned SERVFAIL".into()),
        ..reversed("192.0.2.9", &[])
    }
}

#[test]
fn summary_counts_confirmed_names_of_all_addresses() {
    for (addresses, summary, severity) in [
        (
            vec![reversed("192.0.2.1", &["+a.test"])],
            "1 name, forward-confirmed",
            Severity::Good,
        ),
        (
            vec![
                reversed("192.0.2.1", &["+a.test", "+b.test"]),
                reversed("192.0.2.2", &["+a.test"]),
            ],
            "3 names, all forward-confirmed",
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
            "1 name, forward-confirmed; 1 address has no PTR record",
            Severity::Warning,
        ),
        (
            vec![reversed("192.0.2.1", &["a.test"]), failed()],
            "1 name, not forward-confirmed; 1 address could not be looked up",
            Severity::Warning,
        ),
    ] {
        assert_eq!(
            head(&data(addresses).present_checked()),
            (summary, severity)
        );
    }
}

#[test]
fn explains_why_there_are_no_names() {
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
            "No PTR record",
            Severity::Neutral,
        ),
        (
            data(vec![reversed("192.0.2.1", &[]), failed()]),
            "192.0.2.53:53 returned SERVFAIL",
            Severity::Bad,
        ),
    ] {
        assert_eq!(head(&data.present_checked()), (summary, severity));
    }
}

#[test]
fn lists_each_address_once() {
    let more = AddressNames {
        omitted: 3,
        ..reversed("192.0.2.1", &["+a.test", "b.test", "?c.test"])
    };
    assert_eq!(
        rows(&data(vec![more, reversed("2001:db8::1", &[]), failed()]).present_checked()),
        [
            "192.0.2.1 (address) | a.test (domain) | yes (good)",
            " | b.test (domain) | no (warning)",
            " | c.test (domain) | unknown (warning)",
            " | and 3 more (aside) | ",
            "2001:db8::1 (address) | no PTR (warning) | ",
            "192.0.2.9 (address) | 192.0.2.53:53 returned SERVFAIL (warning) | ",
        ]
    );
}

#[test]
fn notes_explain_unconfirmed_names() {
    let document = data(vec![reversed(
        "192.0.2.1",
        &["+a.test", "b.test", "?c.test"],
    )])
    .present_checked();
    insta::assert_snapshot!(shown(&document), @r#"
    # Reverse DNS of host.example.test
    ! 3 names, 1 of them forward-confirmed
    [Address | Name | Confirmed]
    192.0.2.1 (address) | a.test (domain) | yes (good)
     | b.test (domain) | no (warning)
     | c.test (domain) | unknown (warning)
    ! b.test does not resolve back to this address; unverified
    ! Could not resolve c.test, so it is unconfirmed
    "#);
}

#[test]
fn lifetime_is_the_shortest() {
    let mut data = data(vec![]);
    assert_eq!(data.lifetime(), Duration::ZERO);
    for (lifetime, expected) in [(300, 300), (60, 60), (900, 60), (0, 0)] {
        data.limit_lifetime(Duration::from_secs(lifetime));
        assert_eq!(data.lifetime(), Duration::from_secs(expected));
    }
}

#[test]
fn json_omits_absent_counts_and_reasons() {
    let json = serde_json::to_value(data(vec![reversed("192.0.2.1", &["+a.test"]), failed()]))
        .expect("JSON");
    assert!(json["addresses"][0].get("omitted").is_none());
    assert!(json["addresses"][0].get("failure").is_none());
    assert_eq!(json["addresses"][0]["names"][0]["forward_confirmed"], true);
    assert!(json["addresses"][1]["failure"].is_string());
}

#[test]
fn the_cache_lifetime_is_the_shortest_and_counts_down() {
    let mut data = data(vec![]);
    assert_eq!(Answer::lifetime(&data), Duration::ZERO);
    data.limit_lifetime(Duration::from_secs(300));
    data.limit_lifetime(Duration::from_secs(60));
    assert_eq!(Answer::lifetime(&data), Duration::from_secs(60));
    data.age(7);
    assert_eq!(data.cache_seconds, Some(53));
    data.age(u32::MAX);
    assert_eq!(data.cache_seconds, Some(0));
}
