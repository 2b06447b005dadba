use super::*;
use crate::commands::testing::{field, head, rows, shown};
use netvane_facts::registration::{Network, Registrant, Registrar};

fn facts(kind: Kind, state: State) -> Registration {
    Registration {
        state,
        ..Registration::empty(kind)
    }
}

fn data(query: &str, facts: Registration) -> Data {
    Data::new(query.into(), None, Source::Rdap, facts, vec![], &[], false)
}

/// Registered through a registrar, with so many days to go; computed from the expiry date elsewhere.
fn expiring(days: i64) -> Data {
    let mut facts = facts(Kind::Domain, State::Registered);
    facts.expires = Some("2027-08-13T04:00:00Z".into());
    facts.registrar = Some(Registrar {
        name: Some("Example Registrar".into()),
        ..Registrar::default()
    });
    Data {
        expires_in_days: Some(days),
        ..data("example.test", facts)
    }
}

#[test]
fn each_state_has_its_sentence() {
    for (kind, state, summary, severity) in [
        (
            Kind::Domain,
            State::Available,
            "example.test is not registered",
            Severity::Neutral,
        ),
        (
            Kind::Ip,
            State::Available,
            "example.test is not allocated to anyone",
            Severity::Neutral,
        ),
        (
            Kind::Domain,
            State::Reserved,
            "example.test is reserved by the registry",
            Severity::Neutral,
        ),
        (
            Kind::Asn,
            State::Throttled,
            "The registry says that it was asked too often; try again later",
            Severity::Warning,
        ),
        (
            Kind::Domain,
            State::Unavailable,
            "The registry gave no facts",
            Severity::Warning,
        ),
        (
            Kind::Domain,
            State::Registered,
            "Registered",
            Severity::Good,
        ),
        (
            Kind::Network,
            State::Registered,
            "Held by someone whom the registry does not name",
            Severity::Good,
        ),
    ] {
        let document = data("example.test", facts(kind, state)).present();
        assert_eq!(head(&document), (summary, severity));
        assert_eq!(document.title, "Registration of example.test");
    }
}

#[test]
fn the_days_until_it_expires_decide_how_good_the_news_is() {
    for (days, summary, severity) in [
        (
            -400,
            "Registered through Example Registrar, but expired on 2027-08-13, 400 days ago",
            Severity::Bad,
        ),
        (
            -1,
            "Registered through Example Registrar, but expired on 2027-08-13, 1 day ago",
            Severity::Bad,
        ),
        (
            0,
            "Registered through Example Registrar, expires soon: on 2027-08-13, in 0 days",
            Severity::Warning,
        ),
        (
            29,
            "Registered through Example Registrar, expires soon: on 2027-08-13, in 29 days",
            Severity::Warning,
        ),
        (
            30,
            "Registered through Example Registrar until 2027-08-13 (in 30 days)",
            Severity::Good,
        ),
    ] {
        assert_eq!(head(&expiring(days).present()), (summary, severity));
    }
}

#[test]
fn an_expiry_that_is_no_date_is_not_counted() {
    let mut facts = facts(Kind::Domain, State::Registered);
    for expires in ["never", "", "2027-13-45T00:00:00Z", "äöü-äöü-äöü"] {
        facts.expires = Some(expires.into());
        let data = data("example.test", facts.clone());
        assert_eq!(data.expires_in_days, None, "{expires}");
        assert_eq!(head(&data.present()).0, "Registered");
    }
}

#[test]
fn days_are_whole_and_negative_after_the_end() {
    let mut facts = facts(Kind::Domain, State::Registered);
    let mut days = |hours: i64| {
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        facts.expires = Some(end.to_string());
        data("example.test", facts.clone()).expires_in_days
    };
    assert_eq!(days(36), Some(1));
    assert_eq!(days(1), Some(0));
    assert_eq!(days(-1), Some(-1), "an hour ago is not today");
    assert_eq!(days(-25), Some(-2));
}

#[test]
fn facts_of_a_domain_are_all_shown() {
    let mut data = expiring(100);

    data.facts.registrar = Some(Registrar {
        name: Some("Example <b>Registrar</b>".into()),
        iana_id: Some("9999".into()),
        url: None,
        abuse_email: Some("abuse@registrar.test".into()),
        abuse_phone: Some("+49.123".into()),
    });

    data.facts.registrant = Some(Registrant {
        organization: Some("Example GmbH".into()),
        country: Some("DE".into()),
    });
    data.facts.created = Some("1999-08-13T04:00:00Z".into());
    data.facts.updated = Some("2026-08-14T07:01:44Z".into());
    data.facts.status = vec!["clientTransferProhibited".into(), "ok".into()];
    data.facts.nameservers = vec!["a.test".into(), "b.test".into()];
    data.facts.dnssec = Some(true);
    data.host = Some("www.example.test".into());
    data.chain = vec![
        step("rdap.test", 12.4, "registered"),
        step("rdap.registrar.test:8443", 1999.6, "HTTP 500"),
    ];
    insta::assert_snapshot!(shown(&data.present()), @r#"
    # Registration of example.test
    ✓ Registered through Example <b>Registrar</b> until 2027-08-13 (in 100 days)
    Asked about: www.example.test (domain)
    Registrar: Example <b>Registrar</b> (IANA 9999) (exact)
    Report abuse to: abuse@registrar.test, +49.123 (exact)
    Registrant: Example GmbH, DE (exact)
    Created: 1999-08-13 04:00:00 UTC
    Updated: 2026-08-14 07:01:44 UTC
    Expires: 2027-08-13 04:00:00 UTC
    Status: clientTransferProhibited, ok (exact)
    Name servers: a.test / b.test (domain)
    DNSSEC: signed
    [Asked | Said | Time]
    rdap.test (domain) | registered | 12 ms
    rdap.registrar.test:8443 (domain) | HTTP 500 | 2000 ms
    "#);
}

fn step(server: &str, elapsed_ms: f64, outcome: &str) -> Step {
    Step {
        server: server.into(),
        elapsed_ms,
        outcome: outcome.into(),
    }
}

#[test]
fn facts_of_a_network_are_all_shown() {
    let mut facts = facts(Kind::Network, State::Registered);
    facts.network = Some(Network {
        start: Some("192.0.2.0".into()),
        end: Some("192.0.2.255".into()),
        cidr: vec!["192.0.2.0/25".into(), "192.0.2.128/25".into()],
        name: Some("EXAMPLE-NET".into()),
        organization: Some("Example GmbH".into()),
        country: Some("DE".into()),
        origin_asn: Some(64496),
    });
    insta::assert_snapshot!(shown(&data("192.0.2.0/24", facts).present()), @r#"
    # Registration of 192.0.2.0/24
    ✓ Held by Example GmbH
    Network: 192.0.2.0/25, 192.0.2.128/25 (address)
    Range: 192.0.2.0 – 192.0.2.255 (exact)
    Name: EXAMPLE-NET (exact)
    Organization: Example GmbH (exact)
    Country: DE (exact)
    Announced by: AS64496
    "#);
}

#[test]
fn a_network_is_named_by_its_holder_before_its_own_name() {
    for (organization, name, holder) in [
        (Some("Example GmbH"), Some("NET"), "Held by Example GmbH"),
        (None, Some("NET"), "Held by NET"),
        (
            None,
            None,
            "Held by someone whom the registry does not name",
        ),
    ] {
        let mut facts = facts(Kind::Ip, State::Registered);
        facts.network = Some(Network {
            organization: organization.map(str::to_owned),
            name: name.map(str::to_owned),
            ..Network::default()
        });
        assert_eq!(
            head(&data("192.0.2.1", facts).present()),
            (holder, Severity::Good)
        );
    }
}

#[test]
fn a_range_needs_both_ends() {
    let mut facts = facts(Kind::Ip, State::Registered);
    facts.network = Some(Network {
        start: Some("192.0.2.0".into()),
        ..Network::default()
    });
    let document = data("192.0.2.1", facts).present();
    assert_eq!(field(&document, "Range"), None);
    assert_eq!(field(&document, "Network"), None);
}

#[test]
fn the_raw_text_is_a_file_or_shown_where_it_is_asked_for() {
    let raw = [
        (
            "whois.iana.org".to_owned(),
            "refer: whois.test\n\n".to_owned(),
        ),
        ("whois.test".to_owned(), "Domain: example.test".to_owned()),
    ];

    let with = |show| {
        let facts = facts(Kind::Network, State::Registered);
        Data::new(
            "2001:db8::/32".into(),
            None,
            Source::Whois,
            facts,
            vec![],
            &raw,
            show,
        )
    };

    let text = "# whois.iana.org\nrefer: whois.test\n\n# whois.test\nDomain: example.test\n";
    assert_eq!(with(false).raw.as_deref(), Some(text));
    assert_eq!(
        with(false).present().blocks,
        [Block::Attachment {
            name: "whois-2001_db8___32.txt".into(),
            text: text.into()
        }],
        "a name that is one file's"
    );

    assert_eq!(
        with(true).present().blocks,
        [Block::Code { text: text.into() }]
    );
    assert_eq!(
        data("example.test", facts(Kind::Domain, State::Reserved)).raw,
        None
    );
}

#[test]
fn a_host_is_asked_about_by_its_registrable_domain() {
    for (target, query, host) in [
        ("example.com", "example.com", None),
        ("www.example.com", "example.com", Some("www.example.com")),
        (
            "a.b.example.co.uk",
            "example.co.uk",
            Some("a.b.example.co.uk"),
        ),
        ("co.uk", "co.uk", None),
        ("com", "com", None),
        ("someone.github.io", "someone.github.io", None),
    ] {
        let target: Registered = target.parse().expect(target);
        assert_eq!(
            registrable(&target).expect("a domain"),
            (Kind::Domain, query.to_owned(), host.map(str::to_owned))
        );
    }

    for (target, kind) in [
        ("AS64496", Kind::Asn),
        ("192.0.2.1", Kind::Ip),
        ("2001:db8::/32", Kind::Network),
    ] {
        let target: Registered = target.parse().expect(target);
        assert_eq!(registrable(&target).expect("a number").0, kind);
    }
}

#[test]
fn only_what_a_registry_said_is_kept() {
    for (state, seconds) in [
        (State::Registered, 900),
        (State::Available, 60),
        (State::Reserved, 60),
        (State::Throttled, 0),
        (State::Unavailable, 0),
    ] {
        let data = data("example.test", facts(Kind::Domain, state));
        assert_eq!(data.lifetime(), Duration::from_secs(seconds));
        assert!(rows(&data.present()).is_empty());
    }
}
