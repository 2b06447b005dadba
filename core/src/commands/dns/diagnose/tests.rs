use hickory_resolver::proto::op::ResponseCode::{NXDomain, NoError, Refused, ServFail};

use super::*;
use crate::commands::dns::testing::{message, records};

fn diagnosis_of(findings: Vec<(&str, Finding)>) -> Option<(Cause, String)> {
    let findings: Vec<(String, Finding)> = findings
        .into_iter()
        .map(|(server, finding)| (server.to_owned(), finding))
        .collect();
    combine("example.test", &findings).map(|diagnosis| (diagnosis.cause, diagnosis.text))
}

#[test]
fn classifies_the_response_of_a_server() {
    for (rcode, flags, cause, words) in [
        (NoError, "aa", None, "answers"),
        (NXDomain, "aa", None, "answers"),
        (
            NoError,
            "ra",
            Some(Cause::Lame),
            "is not authoritative (lame delegation)",
        ),
        (NXDomain, "", Some(Cause::Broken), "returned NXDOMAIN"),
        (
            Refused,
            "",
            Some(Cause::Lame),
            "refused the query (REFUSED)",
        ),
        (ServFail, "aa", Some(Cause::Broken), "returned SERVFAIL"),
    ] {
        let finding = Finding::from_response(&message(rcode, flags, "", ""));
        assert_eq!((finding.cause(), &*finding.describe()), (cause, words));
    }
}

#[test]
fn unreachable_servers_are_silent() {
    for (finding, words) in [
        (Finding::Silent, "does not answer"),
        (Finding::ConnectionRefused, "refused the connection"),
        (Finding::NoAddress, "has no address"),
    ] {
        assert_eq!(finding.cause(), Some(Cause::Silent));
        assert_eq!(finding.describe(), words);
    }
}

#[test]
fn cause_is_the_one_all_servers_share() {
    assert_eq!(
        diagnosis_of(vec![
            ("ns1.example.test (192.0.2.1)", Finding::Silent),
            ("ns2.example.test (192.0.2.2)", Finding::ConnectionRefused),
            ("ns3.example.test", Finding::NoAddress),
        ]),
        Some((
            Cause::Silent,
            "name servers of example.test: ns1.example.test (192.0.2.1) does not answer; \
             ns2.example.test (192.0.2.2) refused the connection; ns3.example.test has no address"
                .into()
        ))
    );
    let lame = diagnosis_of(vec![
        ("a", Finding::Rcode(OptRcode::REFUSED)),
        ("b", Finding::NotAuthoritative),
    ]);
    assert_eq!(lame.map(|(cause, _)| cause), Some(Cause::Lame));
}

#[test]
fn servers_that_fail_in_different_ways_are_broken() {
    for findings in [
        vec![("a", Finding::Silent), ("b", Finding::NotAuthoritative)],
        vec![("a", Finding::Answers), ("b", Finding::Silent)],
        vec![("a", Finding::Rcode(OptRcode::SERVFAIL))],
    ] {
        assert_eq!(
            diagnosis_of(findings).map(|(cause, _)| cause),
            Some(Cause::Broken)
        );
    }
}

#[test]
fn no_diagnosis_if_servers_answer_or_none_was_queried() {
    assert_eq!(diagnosis_of(vec![]), None);
    assert_eq!(
        diagnosis_of(vec![("a", Finding::Answers), ("b", Finding::Answers)]),
        None
    );
}

#[test]
fn reads_a_delegation_with_its_glue() {
    let mut referral = message(
        NoError,
        "",
        "",
        "
        example.test. 300 IN NS ns1.example.test.
        example.test. 300 IN NS ns.elsewhere.test.
        ",
    );

    referral.additional = records(
        "
        ns1.example.test. 300 IN A 192.0.2.1
        ns1.example.test. 300 IN AAAA 2001:db8::1
        ns3.example.test. 300 IN A 192.0.2.3
        ",
    );

    referral.additional[0].name = "NS1.Example.test".into();

    let (zone, servers) = read_delegation(&referral).expect("a delegation");
    let servers: Vec<(&str, Vec<String>)> = servers
        .iter()
        .map(|server| {
            let glue = server.glue.iter().map(ToString::to_string).collect();
            (server.name.as_str(), glue)
        })
        .collect();

    assert_eq!(zone, "example.test");
    assert_eq!(
        servers,
        [
            (
                "ns1.example.test",
                vec!["192.0.2.1".to_owned(), "2001:db8::1".to_owned()]
            ),
            ("ns.elsewhere.test", vec![]),
        ]
    );
}

#[test]
fn no_delegation_without_name_servers() {
    let soa = "example.test. 60 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";
    assert!(read_delegation(&message(NoError, "aa", "", "")).is_none());
    assert!(read_delegation(&message(NXDomain, "aa", "", soa)).is_none());
}

#[test]
fn takes_name_servers_from_ns_records_only() {
    let records = records(
        "
        test. 300 IN NS a.nic.test.
        test. 300 IN TXT \"b.nic.test.\"
        test. 300 IN NS c.nic.test.
        ",
    );
    assert_eq!(name_servers(&records), ["a.nic.test", "c.nic.test"]);
}
