use super::*;
use crate::commands::{
    dns::mx::tests::found,
    testing::{field, head, rows, shown},
};
use crate::testing::read_back::ReadBack;
use netvane_document::Severity;
use netvane_facts::geo::ATTRIBUTION;

fn located(address: &str, city: Option<&str>, organization: Option<&str>) -> Located {
    Located {
        address: address.parse().expect("an address"),
        place: PlaceSummary {
            city: city.map(str::to_owned),
            organization: organization.map(str::to_owned),
            ..PlaceSummary::default()
        },
    }
}

fn host(exchange: &str, addresses: Vec<Located>) -> Host {
    Host {
        preference: 10,
        exchange: exchange.into(),
        addresses,
    }
}

fn data(role: Option<Role>, hosts: Vec<Host>) -> Data {
    let exchanges: Vec<_> = hosts
        .iter()
        .map(|host| {
            (
                host.preference,
                host.exchange.as_str(),
                host.addresses.len(),
            )
        })
        .collect();
    Data {
        domain: "example.test".into(),
        provider: role.map(|_| "Example Mail".into()),
        about: role.map(|role| Provider {
            name: "Example Mail".into(),
            role,
            evidence: "MX hostname is mx.test".into(),
        }),
        mx: found(&exchanges),
        hosts,
        databases: [].into(),
    }
}

#[test]
fn the_summary_depends_on_the_role_of_the_provider() {
    for (role, told) in [
        (Role::Mailboxes, "Mail is hosted by Example Mail"),
        (
            Role::Gateway,
            "Example Mail filters the mail; the mailbox servers behind it are not visible from outside",
        ),
        (
            Role::Forwarder,
            "Example Mail receives the mail and forwards it; the destination is not visible from outside",
        ),
        (Role::Own, "Mail is received by the domain's own servers"),
        (Role::Unknown, "Mail is received by Example Mail"),
    ] {
        let document = data(
            Some(role),
            vec![host("mx.test", vec![located("192.0.2.1", None, None)])],
        )
        .present_checked();
        assert_eq!(
            head(&document),
            (
                &*format!("{told} (1 mail server; it resolves)"),
                Severity::Good
            )
        );
        assert_eq!(field(&document, "Evidence"), Some("MX hostname is mx.test"));
    }
}

#[test]
fn each_mail_server_is_shown_once() {
    let hosts = vec![
        host(
            "mx1.test",
            vec![
                located(
                    "192.0.2.1",
                    Some("Frankfurt, Germany"),
                    Some("AS64496 Example"),
                ),
                located("2001:db8::1", None, None),
            ],
        ),
        host("mx2.test", vec![]),
    ];
    assert_eq!(
        rows(&data(Some(Role::Own), hosts).present_checked()),
        [
            "10 | mx1.test (domain) | 192.0.2.1 (address) | Frankfurt, Germany | AS64496 Example",
            " |  | 2001:db8::1 (address) |  | ",
            "10 | mx2.test (domain) | no address (bad) |  | "
        ]
    );
}

#[test]
fn a_domain_without_mail_servers_has_no_provider_or_locations() {
    let mut none = data(None, vec![]);
    none.mx.lookup.outcome = crate::commands::dns::lookup::Outcome::NoData;
    insta::assert_snapshot!(shown(&none.present_checked()), @r#"
    # Mail hosting of example.test
    ✗ example.test cannot receive mail: no MX and no address
    "#);
}

#[test]
fn the_lifetime_is_that_of_the_mx_records() {
    let data = data(
        Some(Role::Unknown),
        vec![host("mx.test", vec![located("192.0.2.1", None, None)])],
    );
    assert_eq!(data.lifetime(), Duration::from_secs(300));
    let document = data.present_checked();
    assert_eq!(document.title, "Mail hosting of example.test");
    assert_eq!(field(&document, "Data source"), Some(ATTRIBUTION));
    assert_eq!(
        document.warnings,
        ["Location of the mail servers, not of the stored mail"]
    );
}

#[test]
fn the_mx_lookup_travels_in_json_and_its_ttls_count_down() {
    let mut data = data(None, vec![host("mx.test", vec![])]);
    data.age(100);
    let json = serde_json::to_value(&data).expect("JSON");
    assert_eq!(json["mx"]["hosts"][0]["ttl"], 200);
    assert_eq!(json["mx"]["answers"][0]["ttl"], 200);
    assert_eq!(data.lifetime(), Duration::from_secs(200));
}

#[test]
fn place_and_network_are_separate_members_in_json() {
    let located = Located {
        place: PlaceSummary {
            country: Some("DE".into()),
            country_name: Some("Germany".into()),
            asn: Some(64_496),
            ..PlaceSummary::default()
        },
        ..located("192.0.2.1", Some("Berlin"), Some("Example Net"))
    };
    assert_eq!(
        serde_json::to_value(&located).expect("JSON"),
        serde_json::json!({
            "address": "192.0.2.1", "country": "DE", "country_name": "Germany", "city": null,
            "asn": 64_496, "organization": null
        })
    );
}
