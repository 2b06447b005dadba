use super::*;
use crate::commands::{
    dns::mx::tests::found,
    testing::{field, head, rows, shown},
};
use netvane_document::Severity;

fn located(address: &str, place: Option<&str>, holder: Option<&str>) -> Located {
    Located {
        address: address.parse().expect("an address"),
        country: None,
        city: None,
        asn: None,
        organization: None,
        place: place.map(str::to_owned),
        holder: holder.map(str::to_owned),
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
            evidence: "the exchange is called mx.test".into(),
        }),
        mx: found(&exchanges),
        hosts,
    }
}

#[test]
fn providers_are_told_by_what_they_do() {
    for (role, told) in [
        (Role::Mailboxes, "Mail is kept by Example Mail"),
        (
            Role::Gateway,
            "Example Mail filters the mail; the mailboxes behind it cannot be seen from outside",
        ),
        (
            Role::Forwarder,
            "Example Mail takes the mail and hands it on; where to cannot be seen from outside",
        ),
        (Role::Own, "Mail is taken in under the domain's own name"),
        (Role::Unknown, "Mail is taken in by Example Mail"),
    ] {
        let document = data(
            Some(role),
            vec![host("mx.test", vec![located("192.0.2.1", None, None)])],
        )
        .present();
        assert_eq!(
            head(&document),
            (
                &*format!("{told} (1 mail server; it resolves)"),
                Severity::Good
            )
        );
        assert_eq!(
            field(&document, "Told from"),
            Some("the exchange is called mx.test")
        );
    }
}

#[test]
fn exchanges_stand_once_beside_their_addresses() {
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
        rows(&data(Some(Role::Own), hosts).present()),
        [
            "10 | mx1.test (domain) | 192.0.2.1 (address) | Frankfurt, Germany | AS64496 Example",
            " |  | 2001:db8::1 (address) |  | ",
            "10 | mx2.test (domain) | no address (bad) |  | "
        ]
    );
}

#[test]
fn a_domain_without_exchanges_has_neither_provider_nor_places() {
    let mut none = data(None, vec![]);
    none.mx.lookup.outcome = crate::commands::dns::lookup::Outcome::NoData;
    insta::assert_snapshot!(shown(&none.present()), @r#"
    # Mailboxes of example.test
    ✗ example.test cannot receive mail: no MX and no address
    "#);
}

#[test]
fn it_holds_as_long_as_the_mx_records() {
    let data = data(
        Some(Role::Unknown),
        vec![host("mx.test", vec![located("192.0.2.1", None, None)])],
    );
    assert_eq!(data.lifetime(), Duration::from_secs(300));
    let document = data.present();
    assert_eq!(document.title, "Mailboxes of example.test");
    assert_eq!(field(&document, "Places by"), Some(ATTRIBUTION));
    assert_eq!(
        document.warnings,
        ["This is where the mail servers answer, not where the disks stand"]
    );
}
