use hickory_resolver::proto::op::ResponseCode::{NXDomain, NoError, ServFail};

use super::*;
use crate::commands::{
    dns::testing::{answers, lookup, message},
    testing::{field, head, rows, shown},
};
use crate::testing::read_back::ReadBack;

const SOA: &str = "example.test. 900 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";

fn nothing(pending: usize) -> Data {
    Data {
        name: "example.test".into(),
        rcode: String::new(),
        records: BTreeMap::new(),
        failed: BTreeMap::new(),
        resolver: String::new(),
        authenticated: true,
        cache_seconds: None,
        pending,
        truncated: None,
    }
}

fn collect(answers: &[(Rtype, netvane_net::dns::Message)]) -> Data {
    let mut data = nothing(0);
    for (rtype, message) in answers {
        data.add(*rtype, &lookup("example.test", *rtype, message.clone()));
    }
    data
}

fn empty() -> netvane_net::dns::Message {
    message(NoError, "ra", "", SOA)
}

#[test]
fn one_table_lists_all_types_in_order() {
    let data = collect(&[
        (
            Rtype::TXT,
            answers("example.test. 300 IN TXT \"v=spf1 -all\""),
        ),
        (
            Rtype::MX,
            answers(
                "
                example.test. 300 IN MX 20 b.example.test.
                example.test. 300 IN MX 5 c.example.test.
                example.test. 300 IN MX 10 a.example.test.
                ",
            ),
        ),
        (Rtype::AAAA, empty()),
        (
            Rtype::A,
            message(NoError, "ra ad", "example.test. 60 IN A 192.0.2.1", ""),
        ),
    ]);

    insta::assert_snapshot!(shown(&data.present_checked()), @r#"
    # DNS of example.test
    ✓ 5 records of 3 types
    [Type | Data | TTL]
    A | 192.0.2.1 (address) | 1 min
    MX | 5 c.example.test. (exact) | 5 min
     | 10 a.example.test. (exact) | 5 min
     | 20 b.example.test. (exact) | 5 min
    TXT | "v=spf1 -all" (exact) | 5 min
    Answered by: 192.0.2.53:53 (aside)
    "#);
}

#[test]
fn types_beyond_the_common_ones_come_last() {
    let mut data = collect(&[(Rtype::TXT, answers("example.test. 300 IN TXT \"x\""))]);
    let record = NamedRecord {
        name: "example.test".into(),
        ttl: 1,
        data: "1 2 3".into(),
    };
    data.records.insert("AFSDB".into(), vec![record]);
    assert_eq!(
        rows(&data.present_checked()),
        ["TXT | \"x\" (exact) | 5 min", "AFSDB | 1 2 3 (exact) | 1 s"]
    );
}

#[test]
fn an_alias_is_listed_once_and_records_of_its_target_name_their_owner() {
    let alias = "
        example.test. 300 IN CNAME web.test.
        web.test. 60 IN A 192.0.2.1
    ";
    let data = collect(&[
        (Rtype::A, answers(alias)),
        (
            Rtype::CNAME,
            answers("example.test. 300 IN CNAME web.test."),
        ),
    ]);
    assert_eq!(
        rows(&data.present_checked()),
        [
            "A | 192.0.2.1 (at web.test) (exact) | 1 min",
            "CNAME | web.test (domain) | 5 min"
        ]
    );
}

#[test]
fn severity_is_that_of_the_best_lookup() {
    let one = || answers("example.test. 300 IN A 192.0.2.1");
    let missing = || message(NXDomain, "ra", "", SOA);

    for (answers, summary, severity) in [
        (
            vec![(Rtype::A, one()), (Rtype::MX, empty())],
            "1 record of 1 type",
            Severity::Good,
        ),
        (
            vec![(Rtype::A, missing()), (Rtype::MX, missing())],
            "example.test does not exist (NXDOMAIN)",
            Severity::Bad,
        ),
        (
            vec![(Rtype::A, empty()), (Rtype::MX, empty())],
            "example.test exists but has none of the common record types",
            Severity::Neutral,
        ),
        (
            vec![(Rtype::A, message(ServFail, "ra", "", ""))],
            "192.0.2.53:53 returned SERVFAIL",
            Severity::Bad,
        ),
    ] {
        assert_eq!(
            head(&collect(&answers).present_checked()),
            (summary, severity)
        );
    }
}

#[test]
fn progress_counts_records_so_far() {
    let mut data = collect(&[(Rtype::A, answers("example.test. 300 IN A 192.0.2.1"))]);
    data.pending = 13;
    let document = data.present_checked();
    assert_eq!(head(&document), ("1 records so far", Severity::Neutral));
    assert_eq!(field(&document, "Answered by"), None);
}

#[test]
fn failed_types_are_a_warning() {
    let failed = || message(ServFail, "ra", "", "");
    let mut data = collect(&[
        (Rtype::A, answers("example.test. 300 IN A 192.0.2.1")),
        (Rtype::SVCB, failed()),
        (Rtype::HTTPS, failed()),
    ]);
    data.failed.insert("MX".into(), "timeout".into());
    let document = data.present_checked();
    assert_eq!(
        document.warnings,
        ["HTTPS, MX, SVCB: lookup failed (192.0.2.53:53 returned SERVFAIL; timeout)"]
    );
    assert_eq!(head(&document), ("1 record of 1 type", Severity::Warning));
    assert_eq!(data.rcode, "NOERROR", "one type failed, not the name");
}

#[test]
fn rcode_describes_the_name_not_one_type() {
    let ok = || answers("example.test. 300 IN A 192.0.2.1");
    let missing = || message(NXDomain, "ra", "", SOA);
    let failed = || message(ServFail, "ra", "", "");

    for (answers, rcode) in [
        (vec![(Rtype::MX, failed()), (Rtype::A, ok())], "NOERROR"),
        (vec![(Rtype::A, ok()), (Rtype::MX, failed())], "NOERROR"),
        (
            vec![(Rtype::MX, missing()), (Rtype::A, missing())],
            "NXDOMAIN",
        ),
        (
            vec![(Rtype::MX, failed()), (Rtype::TXT, empty())],
            "NOERROR",
        ),
        (vec![(Rtype::MX, empty()), (Rtype::A, failed())], "NOERROR"),
        (
            vec![(Rtype::MX, failed()), (Rtype::A, failed())],
            "SERVFAIL",
        ),
    ] {
        assert_eq!(collect(&answers).rcode, rcode);
    }
}

#[test]
fn validated_only_if_every_answer_is() {
    let signed = || message(NoError, "ra ad", "example.test. 300 IN A 192.0.2.1", "");
    let both = collect(&[(Rtype::A, signed()), (Rtype::A, signed())]);
    assert_eq!(
        field(&both.present_checked(), "Answered by"),
        Some("192.0.2.53:53, DNSSEC-validated by the resolver")
    );
    let one = collect(&[(Rtype::A, signed()), (Rtype::MX, empty())]);
    assert_eq!(
        field(&one.present_checked(), "Answered by"),
        Some("192.0.2.53:53")
    );
}

#[test]
fn lifetime_is_the_shortest_and_ttls_count_down() {
    let mut data = collect(&[
        (Rtype::A, answers("example.test. 300 IN A 192.0.2.1")),
        (Rtype::MX, empty()),
    ]);
    assert_eq!(data.lifetime(), Duration::from_secs(60));
    data.age(299);
    assert_eq!(data.records["A"][0].ttl, 1);
    data.age(2);
    assert_eq!(data.records["A"][0].ttl, 0);
    assert_eq!(nothing(0).lifetime(), Duration::ZERO);
}

#[test]
fn the_cache_lifetime_is_the_shortest_and_counts_down() {
    let mut data = collect(&[
        (Rtype::A, answers("example.test. 60 IN A 192.0.2.1")),
        (
            Rtype::NS,
            answers("example.test. 300 IN NS ns1.example.test."),
        ),
    ]);
    assert_eq!(data.lifetime(), Duration::from_secs(60));
    data.age(7);
    assert_eq!(data.cache_seconds, Some(53));
    assert_eq!(data.records["A"][0].ttl, 53);
}
