//! Answers in the format of real servers, with example names.

use super::{
    super::{Kind, Network, Registrant, Registrar, RegistrationState},
    Error, parse, related,
};

const DOMAIN: &str = r#"{
  "objectClassName": "domain", "handle": "1_DOMAIN_COM", "ldhName": "EXAMPLE.COM",
  "links": [
    {"rel": "self", "href": "https://rdap.registry.example/domain/EXAMPLE.COM", "type": "application/rdap+json"},
    {"rel": "related", "href": "https://rdap.registrar.example/domain/EXAMPLE.COM", "type": "application/rdap+json"},
    {"rel": "related", "href": "https://www.registrar.example/", "type": "text/html"}],
  "status": ["client transfer prohibited", "active", "transfer prohibited"],
  "entities": [
    {"objectClassName": "entity", "roles": ["registrar"], "publicIds": [{"type": "IANA Registrar ID", "identifier": "9998"}],
     "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Sample Registrar Inc."], ["url", {}, "uri", "https://sample.example"]]],
     "entities": [{"roles": ["abuse"], "vcardArray": ["vcard", [["fn", {}, "text", ""],
        ["tel", {"type": "fax"}, "uri", "tel:+1.5555550199"], ["tel", {"type": "voice"}, "uri", "tel:+1.5555550100"], ["email", {}, "text", "abuse@sample.example"]]]}]},
    {"roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "REDACTED FOR PRIVACY"], ["org", {"type": "work"}, "text", "Example LLC"],
        ["adr", {"cc": "DE"}, "text", ["", "", "", "", "", "", ""]]]]},
    {"roles": ["reseller"], "vcardArray": ["vcard", [["fn", {}, "text", "Shop Ltd"]]]}],
  "events": [{"eventAction": "registration", "eventDate": "2001-02-03T04:05:06Z"}, {"eventAction": "expiration", "eventDate": "2031-02-03T06:05:06+02:00"},
    {"eventAction": "last changed", "eventDate": "2024-05-06T07:08:09.120Z"}, {"eventAction": "last update of RDAP database", "eventDate": "2025-01-01T00:00:00Z"}],
  "secureDNS": {"delegationSigned": true},
  "nameservers": [{"ldhName": "NS1.EXAMPLE.NET."}, {"ldhName": "ns1.example.net"}, {"unicodeName": "ns2.example.net"}]
}"#;

#[test]
fn parses_a_domain() {
    let r = parse(Kind::Domain, "example.com", DOMAIN.as_bytes()).expect("valid");
    assert_eq!(r.state, RegistrationState::Registered);
    let registrar = Registrar {
        name: Some("Sample Registrar Inc.".into()),
        iana_id: Some("9998".into()),
        url: Some("https://sample.example".into()),
        abuse_email: Some("abuse@sample.example".into()),
        abuse_phone: Some("+1.5555550100".into()),
    };

    assert_eq!(r.registrar, Some(registrar));
    assert_eq!(
        r.registrant,
        Some(Registrant {
            organization: Some("Example LLC".into()),
            country: Some("DE".into())
        })
    );

    assert_eq!(
        r.status,
        ["clientTransferProhibited", "ok", "transfer prohibited"]
    );
    assert_eq!(r.nameservers, ["ns1.example.net", "ns2.example.net"]);
    assert_eq!(r.created.as_deref(), Some("2001-02-03T04:05:06Z"));
    assert_eq!(r.updated.as_deref(), Some("2024-05-06T07:08:09.12Z"));
    assert_eq!(r.expires.as_deref(), Some("2031-02-03T04:05:06Z"));
    assert_eq!((r.dnssec, r.network), (Some(true), None));
    assert_eq!(
        related(DOMAIN.as_bytes()),
        ["https://rdap.registrar.example/domain/EXAMPLE.COM"]
    );
}

#[test]
fn parses_address_blocks() {
    let arin = r#"{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255", "name": "SAMPLE",
        "cidr0_cidrs": [{"v4prefix": "192.0.2.0", "length": 24}], "arin_originas0_originautnums": [64500], "status": ["active"],
        "entities": [{"roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "Sample Org"], ["kind", {}, "text", "org"],
            ["adr", {"label": "Street 1\nTown\nCA\n12345\nUnited States"}, "text", ["", "", "", "", "", "", ""]]]]}]}"#;
    let r = parse(Kind::Ip, "192.0.2.1", arin.as_bytes()).expect("valid");
    let expected = Network {
        start: Some("192.0.2.0".into()),
        end: Some("192.0.2.255".into()),
        cidr: vec!["192.0.2.0/24".into()],
        name: Some("SAMPLE".into()),
        organization: Some("Sample Org".into()),
        country: Some("US".into()),
        origin_asn: Some(64500),
    };

    assert_eq!(
        (r.network, r.registrar, r.registrant),
        (Some(expected), None, None)
    );

    // RIPE lists maintainers as registrants as well. Without a prefix list, the range gives the prefix.
    let ripe = r#"{"startAddress": "2001:db8::", "endAddress": "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "name": "SAMPLE", "country": "NL", "entities": [
        {"roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "SAMPLE-MNT"], ["kind", {}, "text", "individual"], ["org", {}, "text", "ORG-X-RIPE"]]]},
        {"roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "Sample B.V."], ["kind", {}, "text", "org"]]]}]}"#;
    let network = parse(Kind::Network, "2001:db8::/32", ripe.as_bytes())
        .expect("valid")
        .network
        .expect("a network");

    assert_eq!(
        (network.cidr, network.organization.as_deref()),
        (vec!["2001:db8::/32".to_owned()], Some("Sample B.V."))
    );

    let asn = r#"{"objectClassName": "autnum", "startAutnum": 64500, "name": "SAMPLE-AS", "country": "JP"}"#;
    let r = parse(Kind::Asn, "AS64500", asn.as_bytes()).expect("valid");
    let network = r.network.expect("an AS");

    assert_eq!(
        (
            network.name.as_deref(),
            network.country.as_deref(),
            network.start
        ),
        (Some("SAMPLE-AS"), Some("JP"), None)
    );

    // A placeholder for the whole address space and a block of another registry are no answer.
    for (start, end) in [
        ("0.0.0.0", "255.255.255.255"),
        ("198.51.100.0", "198.51.100.255"),
    ] {
        let text = format!(
            r#"{{"objectClassName":"ip network","startAddress":"{start}","endAddress":"{end}","name":"IANA-BLK"}}"#
        );
        let r = parse(Kind::Ip, "192.0.2.1", text.as_bytes()).expect("valid");
        assert_eq!((r.state, r.network), (RegistrationState::Unavailable, None));
    }
}

#[test]
fn error_codes_give_a_state_and_malformed_answers_fail() {
    for (text, state) in [
        (
            r#"{"errorCode": 404, "title": "Not Found"}"#,
            RegistrationState::Available,
        ),
        (r#"{"errorCode": "429"}"#, RegistrationState::Throttled),
        (
            r#"{"errorCode": 500, "rdapConformance": []}"#,
            RegistrationState::Unavailable,
        ),
    ] {
        assert_eq!(
            parse(Kind::Domain, "example.com", text.as_bytes())
                .expect("an answer")
                .state,
            state
        );
    }

    for (text, error) in [
        ("", "not JSON"),
        ("<html>", "not JSON"),
        ("[]", "not an RDAP object for this query"),
        ("{}", "not an RDAP object for this query"),
        (
            r#"{"objectClassName": "entity", "handle": "X"}"#,
            "not an RDAP object for this query",
        ),
    ] {
        assert_eq!(
            parse(Kind::Domain, "example.com", text.as_bytes())
                .expect_err(text)
                .to_string(),
            error,
            "{text}"
        );
    }
}

#[test]
fn ignores_members_of_wrong_types() {
    let odd = r#"{"objectClassName": "domain", "ldhName": 1, "status": "client hold", "events": {"eventAction": "registration", "eventDate": "2001-02-03"},
        "entities": [null, 1, {"roles": "registrar", "vcardArray": [1, [["fn"], ["fn", {}, "text", "Sample"], "x"]], "publicIds": {"type": "IANA", "identifier": 9998}}],
        "nameservers": [{}, null, "ns1.example.net"], "secureDNS": {"delegationSigned": "false"}, "links": 3}"#;
    let r = parse(Kind::Domain, "example.com", odd.as_bytes()).expect("readable");
    let registrar = r.registrar.expect("named");

    assert_eq!(
        (registrar.name.as_deref(), registrar.iana_id.as_deref()),
        (Some("Sample"), Some("9998"))
    );
    assert_eq!(
        (r.status, r.nameservers),
        (
            vec!["clientHold".to_owned()],
            vec!["ns1.example.net".to_owned()]
        )
    );

    assert_eq!(
        (r.created.as_deref(), r.dnssec),
        (Some("2001-02-03T00:00:00Z"), Some(false))
    );
    assert!(related(odd.as_bytes()).is_empty());
}

#[test]
fn an_error_keeps_its_cause() {
    for text in [
        b"{\"a\": tru}".to_vec(),
        b"{\xff".to_vec(),
        "[".repeat(1000).into_bytes(),
    ] {
        let error = parse(Kind::Domain, "x", &text).expect_err("no JSON");
        assert!(matches!(error, Error::NotJson(_)));
        assert!(std::error::Error::source(&error).is_some());
    }
    let nested = "[".repeat(1_000_000);
    assert!(matches!(
        parse(Kind::Domain, "x", nested.as_bytes()),
        Err(Error::TooComplex)
    ));
    let long = vec![b' '; super::MAX_BYTES + 1];
    assert!(matches!(
        parse(Kind::Domain, "x", &long),
        Err(Error::TooLong)
    ));
}

#[test]
fn latin_1_in_a_text_does_not_invalidate_the_answer() {
    let text = b"\xef\xbb\xbf{\"objectClassName\":\"domain\",\"ldhName\":\"example.com\",\"status\":[\"Gel\xf6scht\"]}";
    let r = parse(Kind::Domain, "example.com", text).expect("an answer");
    assert_eq!(
        (r.state, r.status.len()),
        (RegistrationState::Registered, 1)
    );
}

#[test]
fn a_search_result_gives_the_matching_object() {
    let text = r#"{"domainSearchResults":[{"ldhName":"other.com"},{"ldhName":"EXAMPLE.com.","status":["active"]}]}"#;
    let r = parse(Kind::Domain, "example.com", text.as_bytes()).expect("an answer");
    assert_eq!(
        (r.state, r.status),
        (RegistrationState::Registered, vec!["ok".to_owned()])
    );
    for (kind, query) in [
        (Kind::Domain, "third.com"),
        (Kind::Domain, ""),
        (Kind::Asn, "AS1"),
        (Kind::Ip, "192.0.2.1"),
    ] {
        assert!(
            matches!(parse(kind, query, text.as_bytes()), Err(Error::NotRdap)),
            "{query}"
        );
    }
}

#[test]
fn rejects_an_answer_about_another_name() {
    let text = r#"{"objectClassName":"domain","ldhName":"other.com"}"#;
    assert!(matches!(
        parse(Kind::Domain, "example.com", text.as_bytes()),
        Err(Error::NotRdap)
    ));
    assert!(parse(Kind::Domain, "other.com", text.as_bytes()).is_ok());
    // The parent of the queried name is accepted.
    assert!(parse(Kind::Domain, "www.other.com", text.as_bytes()).is_ok());
}

#[test]
fn distinguishes_reserved_from_registered() {
    for (text, state) in [
        (
            r#"{"objectClassName":"domain","status":["reserved"]}"#,
            RegistrationState::Reserved,
        ),
        (
            r#"{"objectClassName":"domain","status":["reserved"],"events":[{"eventAction":"Registration","eventDate":"2001-01-01"}]}"#,
            RegistrationState::Registered,
        ),
        (
            r#"{"objectClassName":"domain"}"#,
            RegistrationState::Registered,
        ),
        (
            r#"{"errorCode":404,"handle":null}"#,
            RegistrationState::Available,
        ),
        // An object with an error code is an object.
        (
            r#"{"errorCode":404,"objectClassName":"domain"}"#,
            RegistrationState::Registered,
        ),
    ] {
        let r = parse(Kind::Domain, "example.com", text.as_bytes()).expect(text);
        assert_eq!(r.state, state, "{text}");
    }
}

#[test]
fn related_links_are_http_and_at_most_four() {
    let links = |list: &str| related(format!(r#"{{"links":[{list}]}}"#).as_bytes());
    let link = |href: &str| {
        format!(r#"{{"rel":"related","href":"{href}","type":"application/rdap+json"}}"#)
    };

    assert_eq!(
        links(
            &[
                link("http://a.test/domain/x"),
                link("https://b.test/domain/x"),
                link("https://b.test/domain/x")
            ]
            .join(",")
        ),
        ["https://b.test/domain/x", "http://a.test/domain/x"]
    );

    for href in [
        "ftp://a.test/domain/x",
        "javascript:x",
        "",
        "https://a.test/ x",
        "https://a.test/é",
    ] {
        assert!(links(&link(href)).is_empty(), "{href}");
    }

    // Without a type, the path decides.
    assert_eq!(
        links(r#"{"rel":"related","href":"https://a.test/domain/x"}"#).len(),
        1
    );
    assert_eq!(
        links(r#"{"rel":"related","href":"https://a.test/x"}"#).len(),
        0
    );

    let many: Vec<String> = (0..20)
        .map(|n| link(&format!("https://a.test/domain/{n}")))
        .collect();
    assert_eq!(links(&many.join(",")).len(), 4);
    assert!(related(b"[").is_empty());
}

#[test]
fn reads_dnssec_in_three_forms() {
    let dnssec = |secure: &str| {
        let text = format!(r#"{{"objectClassName":"domain","secureDNS":{secure}}}"#);
        parse(Kind::Domain, "example.com", text.as_bytes())
            .expect("an answer")
            .dnssec
    };
    for (secure, expected) in [
        (r#"{"delegationSigned":true}"#, Some(true)),
        (r#"{"delegationSigned":"false"}"#, Some(false)),
        (r#"{"dsData":[{"keyTag":1}]}"#, Some(true)),
        (r#"{"keyData":{"flags":257}}"#, Some(true)),
        (r#"{"dsData":[]}"#, None),
        (r#"{"delegationSigned":"maybe"}"#, None),
        ("{}", None),
        ("null", None),
    ] {
        assert_eq!(dnssec(secure), expected, "{secure}");
    }
}
