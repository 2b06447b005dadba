use netvane_document::Answer;
use netvane_facts::registration::Network;

use super::*;

fn found() -> AsPrefixes {
    AsPrefixes {
        v4: 1,
        v6: 0,
        shown: vec!["192.0.2.0/24".parse().expect("a network")],
        organization: Some("Table Net".into()),
        country: Some("DE".into()),
    }
}

fn registered(network: Network) -> Option<Registration> {
    Some(Registration {
        state: RegistrationState::Registered,
        network: Some(network),
        ..Registration::empty(Kind::Asn)
    })
}

#[test]
fn the_registration_goes_before_the_table() {
    let mut data = Data::of(15_169, found());
    assert_eq!(data.present().summary, "Table Net, Germany");

    data.add_registration(registered(Network {
        name: Some("EXAMPLE-AS".into()),
        organization: Some("Example Net".into()),
        country: Some("FR".into()),
        ..Network::default()
    }));
    assert_eq!(data.present().summary, "Example Net, France");
    assert_eq!(data.name.as_deref(), Some("EXAMPLE-AS"));
}

#[test]
fn the_block_of_a_registry_is_not_the_holder() {
    let mut data = Data::of(15_169, found());
    data.add_registration(registered(Network {
        start: Some("AS15000".into()),
        end: Some("AS16000".into()),
        organization: Some("A registry".into()),
        ..Network::default()
    }));
    assert_eq!(data.organization.as_deref(), Some("Table Net"));
}

#[test]
fn special_numbers_are_not_looked_up() {
    for (asn, summary) in [
        (0, Some("Reserved (RFC 7607)")),
        (64_496, Some("Documentation (RFC 5398)")),
        (65_534, Some("Private use (RFC 6996)")),
        (65_535, Some("Reserved (RFC 7300)")),
        (4_294_967_294, Some("Private use (RFC 6996)")),
        (15_169, None),
        (65_552, None),
    ] {
        let data = Data::of(asn, AsPrefixes::default());
        assert_eq!(data.is_registrable(), summary.is_none(), "{asn}");
        let expected = summary.unwrap_or("No data for this AS");
        assert_eq!(data.present().summary, expected, "{asn}");
    }
}
