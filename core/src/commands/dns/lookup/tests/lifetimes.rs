//! How long an answer is valid, its JSON and its cells.

use hickory_resolver::proto::op::ResponseCode::{NXDomain, NoError, Refused, ServFail};

use super::SOA;
use crate::commands::dns::{
    lookup::*,
    testing::{answers, lookup, message},
};

#[test]
fn lifetime_of_an_answer_is_its_shortest_ttl() {
    let lifetime = |lookup: &Lookup| lookup.lifetime().as_secs();
    let both = "
        www.example.test. 30 IN CNAME web.example.test.
        web.example.test. 300 IN A 192.0.2.1
    ";
    assert_eq!(
        lifetime(&lookup("www.example.test", Rtype::A, answers(both))),
        30
    );
    let once = "www.example.test. 0 IN A 192.0.2.1";
    assert_eq!(
        lifetime(&lookup("www.example.test", Rtype::A, answers(once))),
        0
    );
}

#[test]
fn lifetime_of_a_negative_answer_comes_from_the_soa_and_of_a_failure_is_5_s() {
    let of = |rcode, answers: &str, authority: &str| {
        lookup(
            "www.example.test",
            Rtype::A,
            message(rcode, "ra", answers, authority),
        )
        .lifetime()
        .as_secs()
    };
    let alias = "www.example.test. 20 IN CNAME gone.example.test.";
    let short = "example.test. 10 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";

    assert_eq!(of(NXDomain, "", SOA), 60, "the SOA's minimum");
    assert_eq!(
        of(NXDomain, "", short),
        10,
        "the SOA's own TTL (RFC 2308 §5)"
    );
    assert_eq!(of(NXDomain, alias, SOA), 20, "the alias goes first");
    assert_eq!(of(NoError, "", ""), 0, "not cached without an SOA");
    assert_eq!(of(ServFail, "", ""), 5, "RFC 9520 §3.2");
    assert_eq!(of(Refused, alias, SOA), 5);
}

#[test]
fn ttls_count_down_to_zero() {
    let mut lookup = lookup(
        "www.example.test",
        Rtype::A,
        message(
            NoError,
            "ra",
            "www.example.test. 300 IN CNAME x.example.test.",
            SOA,
        ),
    );

    lookup.age(100);
    assert_eq!(
        (
            lookup.answers[0].ttl,
            lookup.authority[0].ttl,
            lookup.negative_ttl
        ),
        (200, 800, Some(0))
    );

    lookup.age(u32::MAX);
    assert_eq!(
        (
            lookup.answers[0].ttl,
            lookup.authority[0].ttl,
            lookup.negative_ttl
        ),
        (0, 0, Some(0))
    );
}

#[test]
fn json_matches_the_contract() {
    let lookup = lookup(
        "Example.test.",
        Rtype::A,
        message(NoError, "ra ad", "example.test. 300 IN A 192.0.2.1", ""),
    );
    assert_eq!(
        serde_json::to_value(&lookup).expect("JSON"),
        serde_json::json!({
            "name": "Example.test", "type": "A", "rcode": "NOERROR", "outcome": "answer",
            "answers": [{"name": "example.test", "type": "A", "ttl": 300, "data": "192.0.2.1"}],
            "authority": [], "resolver": "192.0.2.53:53", "authenticated": true,
            "transport": "udp", "extended_errors": [],
            "flags": {"aa": false, "tc": false, "rd": false, "ra": true, "ad": true, "cd": false},
        })
    );
}

#[test]
fn count_uses_singular_for_one() {
    assert_eq!(count(0, "hop", "hops"), "0 hops");
    assert_eq!(count(1, "hop", "hops"), "1 hop");
    assert_eq!(count(2, "hop", "hops"), "2 hops");
}

#[test]
fn cells_of_names_and_addresses_have_a_role() {
    for (rtype, data, text, role) in [
        ("A", "192.0.2.1", "192.0.2.1", Role::Address),
        ("AAAA", "2001:db8::1", "2001:db8::1", Role::Address),
        ("NS", "ns1.example.test.", "ns1.example.test", Role::Domain),
        ("PTR", "a.example.test.", "a.example.test", Role::Domain),
        ("DNAME", ".", ".", Role::Domain),
        ("TXT", "\"<script>\"", "\"<script>\"", Role::Exact),
        (
            "MX",
            "10 mx.example.test.",
            "10 mx.example.test.",
            Role::Exact,
        ),
    ] {
        assert_eq!(data_cell(rtype, data), Cell::new(text, role), "{rtype}");
    }
}
