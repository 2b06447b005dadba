use super::*;
use crate::commands::testing::{field, head, rows, shown};
use crate::testing::read_back::ReadBack;
use netvane_facts::registration::{Network, Registrant, Registrar};

fn facts(kind: Kind, state: RegistrationState) -> Registration {
    Registration {
        state,
        ..Registration::empty(kind)
    }
}

fn data(query: &str, facts: Registration) -> Data {
    Data::new(
        query.into(),
        None,
        Source::Rdap,
        facts,
        vec![],
        &RawAnswers::default(),
        false,
    )
}

/// A registration that expires in so many days, whatever its expiry date is.
fn expiring(days: i64) -> Data {
    let mut facts = facts(Kind::Domain, RegistrationState::Registered);
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
fn each_state_has_a_summary() {
    for (kind, state, summary, severity) in [
        (
            Kind::Domain,
            RegistrationState::Available,
            "example.test is not registered",
            Severity::Neutral,
        ),
        (
            Kind::Ip,
            RegistrationState::Available,
            "example.test is not allocated",
            Severity::Neutral,
        ),
        (
            Kind::Domain,
            RegistrationState::Reserved,
            "example.test is reserved by the registry",
            Severity::Neutral,
        ),
        (
            Kind::Asn,
            RegistrationState::Throttled,
            "The registry is rate-limiting us; try again later",
            Severity::Warning,
        ),
        (
            Kind::Domain,
            RegistrationState::Unavailable,
            "The registry returned no usable data",
            Severity::Warning,
        ),
        (
            Kind::Domain,
            RegistrationState::Registered,
            "Registered",
            Severity::Good,
        ),
        (
            Kind::Network,
            RegistrationState::Registered,
            "Registered to an undisclosed registrant",
            Severity::Good,
        ),
    ] {
        let document = data("example.test", facts(kind, state)).present_checked();
        assert_eq!(head(&document), (summary, severity));
        assert_eq!(document.title, "Registration of example.test");
    }
}

#[test]
fn severity_depends_on_the_days_until_expiry() {
    for (days, summary, severity) in [
        (
            -400,
            "Registered via Example Registrar; expired 400 days ago (2027-08-13)",
            Severity::Bad,
        ),
        (
            -1,
            "Registered via Example Registrar; expired 1 day ago (2027-08-13)",
            Severity::Bad,
        ),
        (
            0,
            "Registered via Example Registrar; expires in 0 days (2027-08-13)",
            Severity::Warning,
        ),
        (
            29,
            "Registered via Example Registrar; expires in 29 days (2027-08-13)",
            Severity::Warning,
        ),
        (
            30,
            "Registered via Example Registrar; expires in 30 days (2027-08-13)",
            Severity::Good,
        ),
    ] {
        assert_eq!(head(&expiring(days).present_checked()), (summary, severity));
    }
}

#[test]
fn ignores_an_invalid_expiry_date() {
    let mut facts = facts(Kind::Domain, RegistrationState::Registered);
    for expires in ["never", "", "2027-13-45T00:00:00Z", "äöü-äöü-äöü"] {
        facts.expires = Some(expires.into());
        let data = data("example.test", facts.clone());
        assert_eq!(data.expires_in_days, None, "{expires}");
        assert_eq!(head(&data.present_checked()).0, "Registered");
    }
}

#[test]
fn days_until_expiry_round_down() {
    let mut facts = facts(Kind::Domain, RegistrationState::Registered);
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
fn shows_all_data_of_a_domain() {
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
    insta::assert_snapshot!(shown(&data.present_checked()), @r#"
    # Registration of example.test
    ✓ Registered via Example <b>Registrar</b>; expires in 100 days (2027-08-13)
    Host: www.example.test (domain)
    Registrar: Example <b>Registrar</b> (IANA 9999) (exact)
    Report abuse to: abuse@registrar.test, +49.123 (exact)
    Registrant: Example GmbH, DE (exact)
    Created: 1999-08-13 04:00:00 UTC
    Updated: 2026-08-14 07:01:44 UTC
    Expires: 2027-08-13 04:00:00 UTC
    Status: clientTransferProhibited, ok (exact)
    Name servers: a.test / b.test (domain)
    DNSSEC: signed
    [Server | Result | Time]
    rdap.test (domain) | registered | 12 ms
    rdap.registrar.test:8443 (domain) | HTTP 500 | 2000 ms
    "#);
}

fn step(server: &str, elapsed_ms: f64, outcome: &str) -> ReferralStep {
    ReferralStep {
        server: server.into(),
        elapsed_ms,
        outcome: outcome.into(),
    }
}

#[test]
fn shows_all_data_of_a_network() {
    let mut facts = facts(Kind::Network, RegistrationState::Registered);
    facts.network = Some(Network {
        start: Some("192.0.2.0".into()),
        end: Some("192.0.2.255".into()),
        cidr: vec!["192.0.2.0/25".into(), "192.0.2.128/25".into()],
        name: Some("EXAMPLE-NET".into()),
        organization: Some("Example GmbH".into()),
        country: Some("DE".into()),
        origin_asn: Some(64496),
    });
    insta::assert_snapshot!(shown(&data("192.0.2.0/24", facts).present_checked()), @r#"
    # Registration of 192.0.2.0/24
    ✓ Registered to Example GmbH
    Network: 192.0.2.0/25, 192.0.2.128/25 (address)
    Range: 192.0.2.0 – 192.0.2.255 (exact)
    Name: EXAMPLE-NET (exact)
    Organization: Example GmbH (exact)
    Country: DE (exact)
    Announced by: AS64496
    "#);
}

#[test]
fn summary_prefers_the_organization_to_the_network_name() {
    for (organization, name, holder) in [
        (
            Some("Example GmbH"),
            Some("NET"),
            "Registered to Example GmbH",
        ),
        (None, Some("NET"), "Registered as NET"),
        (None, None, "Registered to an undisclosed registrant"),
    ] {
        let mut facts = facts(Kind::Ip, RegistrationState::Registered);
        facts.network = Some(Network {
            organization: organization.map(str::to_owned),
            name: name.map(str::to_owned),
            ..Network::default()
        });
        assert_eq!(
            head(&data("192.0.2.1", facts).present_checked()),
            (holder, Severity::Good)
        );
    }
}

#[test]
fn a_range_needs_start_and_end() {
    let mut facts = facts(Kind::Ip, RegistrationState::Registered);
    facts.network = Some(Network {
        start: Some("192.0.2.0".into()),
        ..Network::default()
    });
    let document = data("192.0.2.1", facts).present_checked();
    assert_eq!(field(&document, "Range"), None);
    assert_eq!(field(&document, "Network"), None);
}

#[test]
fn raw_text_is_attached_or_shown_on_request() {
    let mut raw = RawAnswers::default();
    raw.add("whois.iana.org", "refer: whois.test\n\n");
    raw.add("whois.test", "Domain: example.test");

    let with = |show| {
        let facts = facts(Kind::Network, RegistrationState::Registered);
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
        with(false).present_checked().blocks,
        [Block::Attachment {
            name: "whois-2001_db8___32.txt".into(),
            text: text.into()
        }],
        "a valid file name"
    );

    assert_eq!(
        with(true).present_checked().blocks,
        [Block::Code {
            text: text.into(),
            marks: Vec::new()
        }]
    );
    assert_eq!(
        data(
            "example.test",
            facts(Kind::Domain, RegistrationState::Reserved)
        )
        .raw,
        None
    );
}

#[test]
fn shows_the_explanation_of_the_registry() {
    let mut facts = facts(Kind::Domain, RegistrationState::Reserved);
    facts.notice = Some("This name is reserved by the registry".into());
    insta::assert_snapshot!(shown(&data("name.test", facts).present_checked()), @r#"
    # Registration of name.test
    · name.test is reserved by the registry
    Registry says: This name is reserved by the registry (exact)
    "#);
}

#[test]
fn the_explanation_of_rdap_is_kept_without_data_from_port_43() {
    let answer = |facts: Option<Registration>, server: &str| RegistryAnswer {
        registration: facts,
        chain: vec![step(server, 1.0, "x")],
        ..RegistryAnswer::default()
    };
    let explained = || Registration {
        notice: Some("not in this registry".into()),
        ..Registration::empty(Kind::Domain)
    };
    let registered = facts(Kind::Domain, RegistrationState::Registered);
    for (whois, expected) in [
        (None, explained()),
        (Some(Registration::empty(Kind::Domain)), explained()),
        (Some(registered.clone()), registered.clone()),
    ] {
        let found = fall_back(
            answer(Some(explained()), "rdap.test"),
            answer(whois, "whois.test"),
        );
        assert_eq!(found.registration, Some(expected));
        assert_eq!(
            (found.chain.len(), &*found.chain[0].server),
            (2, "rdap.test")
        );
    }
    let none = fall_back(answer(None, "rdap.test"), answer(None, "whois.test"));
    assert_eq!(none.registration, None);
}

#[test]
fn caches_only_definite_results() {
    for (state, seconds) in [
        (RegistrationState::Registered, 900),
        (RegistrationState::Available, 60),
        (RegistrationState::Reserved, 60),
        (RegistrationState::Throttled, 0),
        (RegistrationState::Unavailable, 0),
    ] {
        let data = data("example.test", facts(Kind::Domain, state));
        assert_eq!(data.lifetime(), Duration::from_secs(seconds));
        assert!(rows(&data.present_checked()).is_empty());
    }
}
