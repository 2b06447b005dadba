use hickory_resolver::proto::op::ResponseCode::{NXDomain, NoError, Refused, ServFail};

use super::*;
use crate::commands::dns::testing::{message, records};

fn found(findings: Vec<(&str, Finding)>) -> Option<(Cause, String)> {
    let findings: Vec<(String, Finding)> = findings
        .into_iter()
        .map(|(server, finding)| (server.to_owned(), finding))
        .collect();
    judge("example.test", &findings).map(|diagnosis| (diagnosis.cause, diagnosis.text))
}

#[test]
fn what_a_server_answers_is_a_finding() {
    for (rcode, flags, cause, words) in [
        (NoError, "aa", None, "answers"),
        (NXDomain, "aa", None, "answers"),
        (
            NoError,
            "ra",
            Some(Cause::Lame),
            "knows nothing of it (lame delegation)",
        ),
        (NXDomain, "", Some(Cause::Broken), "answers NXDOMAIN"),
        (
            Refused,
            "",
            Some(Cause::Lame),
            "refuses to answer for it (REFUSED)",
        ),
        (ServFail, "aa", Some(Cause::Broken), "answers SERVFAIL"),
    ] {
        let finding = Finding::of(&message(rcode, flags, "", ""));
        assert_eq!((finding.cause(), &*finding.words()), (cause, words));
    }
}

#[test]
fn servers_that_say_nothing_are_silent() {
    for (finding, words) in [
        (Finding::Silent, "does not answer"),
        (Finding::Closed, "runs no DNS server"),
        (Finding::NoAddress, "has no address"),
    ] {
        assert_eq!(finding.cause(), Some(Cause::Silent));
        assert_eq!(finding.words(), words);
    }
}

#[test]
fn servers_that_agree_make_the_cause() {
    assert_eq!(
        found(vec![
            ("ns1.example.test (192.0.2.1)", Finding::Silent),
            ("ns2.example.test (192.0.2.2)", Finding::Closed),
            ("ns3.example.test", Finding::NoAddress),
        ]),
        Some((
            Cause::Silent,
            "of the servers of example.test, ns1.example.test (192.0.2.1) does not answer; \
             ns2.example.test (192.0.2.2) runs no DNS server; ns3.example.test has no address"
                .into()
        ))
    );
    let lame = found(vec![
        ("a", Finding::Said(OptRcode::REFUSED)),
        ("b", Finding::NotAuthoritative),
    ]);
    assert_eq!(lame.map(|(cause, _)| cause), Some(Cause::Lame));
}

#[test]
fn servers_that_fail_in_different_ways_are_broken() {
    for findings in [
        vec![("a", Finding::Silent), ("b", Finding::NotAuthoritative)],
        vec![("a", Finding::Answers), ("b", Finding::Silent)],
        vec![("a", Finding::Said(OptRcode::SERVFAIL))],
    ] {
        assert_eq!(found(findings).map(|(cause, _)| cause), Some(Cause::Broken));
    }
}

#[test]
fn nothing_is_told_where_servers_answer_or_none_was_asked() {
    assert_eq!(found(vec![]), None);
    assert_eq!(
        found(vec![("a", Finding::Answers), ("b", Finding::Answers)]),
        None
    );
}

#[test]
fn a_delegation_is_read_with_its_glue() {
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
fn an_answer_without_name_servers_delegates_nothing() {
    let soa = "example.test. 60 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";
    assert!(read_delegation(&message(NoError, "aa", "", "")).is_none());
    assert!(read_delegation(&message(NXDomain, "aa", "", soa)).is_none());
}

#[test]
fn only_ns_records_name_servers() {
    let records = records(
        "
        test. 300 IN NS a.nic.test.
        test. 300 IN TXT \"b.nic.test.\"
        test. 300 IN NS c.nic.test.
        ",
    );
    assert_eq!(name_servers(&records), ["a.nic.test", "c.nic.test"]);
}
