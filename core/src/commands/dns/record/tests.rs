use domain::base::Rtype;
use hickory_resolver::proto::op::ResponseCode::{NXDomain, NoError};

use super::*;
use crate::commands::{
    dns::testing::{answers, lookup, message},
    testing::{field, head, rows, shown},
};
use crate::testing::read_back::ReadBack;
use netvane_document::Severity;

const SOA: &str = "example.test. 900 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";

fn presented(rtype: Rtype, records: &str) -> Document {
    lookup("example.test", rtype, answers(records)).present_checked()
}

#[test]
fn summary_depends_on_the_record_type() {
    for (rtype, records, summary) in [
        (
            Rtype::A,
            "example.test. 60 IN A 192.0.2.1",
            "1 IPv4 address",
        ),
        (
            Rtype::A,
            "example.test. 60 IN A 192.0.2.1\nexample.test. 60 IN A 192.0.2.2",
            "2 IPv4 addresses",
        ),
        (
            Rtype::AAAA,
            "example.test. 60 IN AAAA 2001:db8::1",
            "1 IPv6 address",
        ),
        (
            Rtype::NS,
            "example.test. 60 IN NS ns.test.",
            "1 name server",
        ),
        (
            Rtype::CNAME,
            "example.test. 60 IN CNAME web.test.",
            "Alias of web.test",
        ),
        (Rtype::PTR, "example.test. 60 IN PTR a.test.", "1 name"),
        (Rtype::TXT, "example.test. 60 IN TXT \"x\"", "1 record"),
        (
            Rtype::SOA,
            "example.test. 60 IN SOA ns1.test. host.test. 1 2 3 4 5",
            "Primary server ns1.test",
        ),
        (
            Rtype::SRV,
            "example.test. 60 IN SRV 0 1 5060 sip.test.",
            "1 record",
        ),
    ] {
        assert_eq!(
            head(&presented(rtype, records)),
            (summary, Severity::Good),
            "{rtype}"
        );
    }
}

#[test]
fn lists_addresses_with_their_ttl() {
    let document = presented(
        Rtype::A,
        "
        example.test. 300 IN CNAME web.test.
        web.test. 61 IN A 192.0.2.1
        web.test. 61 IN A 192.0.2.2
        ",
    );
    insta::assert_snapshot!(shown(&document), @r#"
    # A of example.test
    ✓ 2 IPv4 addresses
    Alias (CNAME): example.test → web.test (exact)
    [Address | TTL]
    192.0.2.1 (address) | 61 s
    192.0.2.2 (address) | 61 s
    Answered by: 192.0.2.53:53 (aside)
    "#);
}

#[test]
fn no_table_without_records() {
    for (rcode, authority) in [(NoError, SOA), (NXDomain, SOA)] {
        for rtype in [Rtype::A, Rtype::SRV, Rtype::CAA, Rtype::SOA, Rtype::TXT] {
            let document =
                lookup("gone.test", rtype, message(rcode, "ra", "", authority)).present_checked();
            assert!(rows(&document).is_empty(), "{rtype}");
            assert_eq!(field(&document, "Serial"), None, "{rtype}");
            assert_eq!(field(&document, "Answered by"), Some("192.0.2.53:53"));
        }
    }
}

#[test]
fn shows_the_fields_of_an_soa() {
    let document = presented(
        Rtype::SOA,
        "example.test. 3600 IN SOA ns1.example.test. hostmaster.example.test. 2026010101 7200 3600 1209600 300",
    );
    insta::assert_snapshot!(shown(&document), @r#"
    # SOA of example.test
    ✓ Primary server ns1.example.test
    Primary server: ns1.example.test (domain)
    Contact: hostmaster@example.test (exact)
    Serial: 2026010101
    Refresh: 2 h
    Retry: 1 h
    Expire: 14 days
    Negative TTL: 5 min
    Answered by: 192.0.2.53:53 (aside)
    "#);
}

#[test]
fn first_unescaped_dot_of_the_contact_becomes_an_at() {
    for (contact, mailbox) in [
        ("hostmaster.example.test.", "hostmaster@example.test"),
        ("first\\.last.example.test.", "first.last@example.test"),
        ("a\\.b\\.c.example.test.", "a.b.c@example.test"),
        ("root.", "root"),
        (".", ""),
    ] {
        let mut document = Document::default();
        add_soa(&mut document, &format!("ns1. {contact} 1 2 3 4 5"));
        assert_eq!(field(&document, "Contact"), Some(mailbox), "{contact}");
    }
}

#[test]
fn missing_soa_fields_are_empty_or_zero() {
    let mut document = Document::default();
    add_soa(&mut document, "ns1.");
    assert_eq!(field(&document, "Primary server"), Some("ns1"));
    assert_eq!(field(&document, "Serial"), Some(""));
    assert_eq!(field(&document, "Negative TTL"), Some("0 s"));
}

#[test]
fn sorts_srv_records_by_priority() {
    let document = presented(
        Rtype::SRV,
        "
        example.test. 60 IN SRV 20 5 5060 b.test.
        example.test. 60 IN SRV 3 0 5061 a.test.
        example.test. 60 IN SRV 100 0 1 c.test.
        ",
    );
    assert_eq!(
        rows(&document),
        [
            "3 | 0 | 5061 | a.test (domain) | 1 min",
            "20 | 5 | 5060 | b.test (domain) | 1 min",
            "100 | 0 | 1 | c.test (domain) | 1 min"
        ]
    );
}

#[test]
fn srv_target_root_means_not_available() {
    let none = presented(Rtype::SRV, "example.test. 60 IN SRV 0 0 0 .");
    assert_eq!(
        none.summary,
        "The service is explicitly not available (target \".\")"
    );
    assert!(rows(&none).is_empty());

    let some = presented(
        Rtype::SRV,
        "example.test. 60 IN SRV 0 0 0 .\nexample.test. 60 IN SRV 1 0 5060 a.test.",
    );
    assert_eq!(some.summary, "2 records");
    assert_eq!(rows(&some), ["1 | 0 | 5060 | a.test (domain) | 1 min"]);
}

#[test]
fn missing_words_are_empty() {
    assert_eq!(word("10 mx.test.", 1), "mx.test.");
    assert_eq!(word("10 mx.test.", 2), "");
    assert_eq!(word("", 0), "");
}

#[test]
fn a_name_of_the_root_is_a_warning() {
    let document = presented(Rtype::PTR, "example.test. 60 IN PTR .");
    assert_eq!(document.severity, Severity::Warning);
    let document = presented(Rtype::PTR, "example.test. 60 IN PTR a.test.");
    assert_eq!(document.severity, Severity::Good);
}
