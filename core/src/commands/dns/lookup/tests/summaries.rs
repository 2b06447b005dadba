//! The summary and severity of each outcome.

use crate::testing::read_back::ReadBack;
use hickory_resolver::proto::op::ResponseCode::{self, NXDomain, NoError, Refused, ServFail};
use netvane_document::{Document, Severity};
use netvane_facts::target::name_warning;

use super::{SOA, error};
use crate::commands::{
    dns::{
        diagnose::Cause,
        lookup::*,
        testing::{answers, lookup, message},
    },
    testing::{field, head, shown},
};

fn servfail() -> Lookup {
    lookup("example.test", Rtype::A, message(ServFail, "ra", "", ""))
}

fn diagnosed(cause: Cause, text: &str) -> Lookup {
    Lookup {
        diagnosis: Some(Diagnosis {
            cause,
            text: text.into(),
        }),
        ..servfail()
    }
}

pub(super) fn of(lookup: Lookup) -> (String, Severity) {
    let document = lookup.document("found");
    (document.summary, document.severity)
}

/// Summary and severity of a response without records.
fn empty(rcode: ResponseCode, flags: &str, authority: &str) -> (String, Severity) {
    of(lookup(
        "example.test.",
        Rtype::AAAA,
        message(rcode, flags, "", authority),
    ))
}

#[test]
fn each_outcome_has_a_summary_and_severity() {
    for (actual, summary, severity) in [
        (
            of(lookup(
                "example.test",
                Rtype::A,
                answers("example.test. 9 IN A 192.0.2.1"),
            )),
            "found",
            Severity::Good,
        ),
        (
            empty(NoError, "ra", SOA),
            "example.test exists but has no AAAA records",
            Severity::Neutral,
        ),
        (
            empty(NXDomain, "ra", SOA),
            "example.test does not exist (NXDOMAIN)",
            Severity::Bad,
        ),
        (
            empty(ServFail, "ra", ""),
            "192.0.2.53:53 returned SERVFAIL",
            Severity::Bad,
        ),
        (
            empty(Refused, "", ""),
            "192.0.2.53:53 refused the query (REFUSED)",
            Severity::Bad,
        ),
        (
            empty(NoError, "", ""),
            "192.0.2.53:53 is not authoritative for example.test and does not recurse (lame)",
            Severity::Bad,
        ),
        (
            empty(NoError, "", "test. 9 IN NS ns.nic.test."),
            "192.0.2.53:53 returned a referral to the servers of test",
            Severity::Neutral,
        ),
        (
            empty(NoError, "ra tc", ""),
            "found, but the answer is truncated",
            Severity::Warning,
        ),
    ] {
        assert_eq!(actual, (summary.to_owned(), severity));
    }
}

#[test]
fn names_an_unknown_rcode_by_its_number() {
    let mut broken = servfail();
    broken.outcome = Outcome::Error;
    for (code, name) in [
        (1, "FORMERR"),
        (4, "NOTIMP"),
        (16, "BADVERS"),
        (3841, "RCODE3841"),
    ] {
        broken.rcode = rcode_name(OptRcode::masked_from_int(code));
        assert_eq!(
            broken.document("").summary,
            format!("192.0.2.53:53 returned {name}")
        );
    }
}

#[test]
fn summary_names_the_target_of_an_alias() {
    let alias = "www.example.test. 300 IN CNAME gone.example.test.";
    let missing = lookup(
        "www.example.test",
        Rtype::A,
        message(NXDomain, "ra", alias, SOA),
    );

    let document = missing.document("");

    assert_eq!(
        head(&document),
        (
            "www.example.test is an alias of gone.example.test, which does not exist (NXDOMAIN)",
            Severity::Bad
        )
    );

    assert_eq!(
        field(&document, "Alias (CNAME)"),
        Some("www.example.test → gone.example.test")
    );

    let empty = lookup(
        "www.example.test",
        Rtype::A,
        message(NoError, "ra", alias, SOA),
    );

    assert_eq!(
        empty.document("").summary,
        "www.example.test is an alias of gone.example.test, which has no A records"
    );
}

#[test]
fn distinguishes_cname_loops_from_long_chains() {
    let circle = "www.example.test. 300 IN CNAME www.example.test.";
    let circle = lookup("www.example.test", Rtype::A, answers(circle));
    assert_eq!(
        head(&circle.document("")),
        ("www.example.test: CNAME loop", Severity::Bad)
    );

    let endless = Lookup {
        outcome: Outcome::CnameTooLong,
        ..circle
    };
    assert_eq!(
        endless.document("").summary,
        "www.example.test: CNAME chain longer than 8"
    );
}

#[test]
fn servfail_names_its_reason_if_known() {
    for (code, why) in [
        (1, ": DNSSEC validation failed"),
        (6, ": DNSSEC validation failed"),
        (12, ": DNSSEC validation failed"),
        (22, ": the zone's name servers do not answer"),
        (23, ": the zone's name servers do not answer"),
        (15, ": the resolver blocks the name"),
        (18, ": the resolver blocks the name"),
        (0, ""),
        (3, ""),
        (49152, ""),
    ] {
        let mut failed = servfail();
        failed.extended_errors = vec![error(code, "x", None)];
        assert_eq!(
            failed.document("").summary,
            format!("192.0.2.53:53 returned SERVFAIL{why}"),
            "{code}"
        );
    }

    for (cause, why) in [
        (Cause::Dnssec, "DNSSEC validation failed"),
        (Cause::Silent, "the zone's name servers do not answer"),
        (
            Cause::Lame,
            "the zone's name servers are not authoritative for it (lame delegation)",
        ),
        (Cause::CnameLoop, "CNAME loop"),
        (Cause::Broken, "the zone's name servers return errors"),
    ] {
        let summary = diagnosed(cause, "").document("").summary;
        assert!(summary.ends_with(&format!("SERVFAIL: {why}")), "{summary}");
    }
}

#[test]
fn shows_extended_errors_and_diagnosis_verbatim() {
    let mut failed = diagnosed(
        Cause::Silent,
        "name servers of test: ns.test does not answer",
    );
    failed.extended_errors = vec![
        error(
            22,
            "No Reachable Authority",
            Some("<b>at delegation</b> `x`"),
        ),
        error(30, "Unassigned", None),
    ];
    failed.transport = Transport::Quic;
    failed.authenticated = true;
    insta::assert_snapshot!(shown(&failed.present_checked()), @r#"
    # A of example.test
    ✗ 192.0.2.53:53 returned SERVFAIL: the zone's name servers do not answer
    Extended error: No Reachable Authority (22): <b>at delegation</b> `x` (exact)
    Extended error: Unassigned (30) (exact)
    Diagnosis: name servers of test: ns.test does not answer (exact)
    Answered by: 192.0.2.53:53 over QUIC, DNSSEC-validated by the resolver (aside)
    "#);
}

#[test]
fn source_names_transport_and_validation() {
    let mut answered = lookup(
        "example.test",
        Rtype::A,
        answers("example.test. 9 IN A 192.0.2.1"),
    );
    for (transport, authenticated, source) in [
        (Transport::Udp, false, "192.0.2.53:53"),
        (Transport::Tcp, false, "192.0.2.53:53 over TCP"),
        (
            Transport::Tls,
            true,
            "192.0.2.53:53 over TLS, DNSSEC-validated by the resolver",
        ),
        (Transport::Https, false, "192.0.2.53:53 over HTTPS"),
        (Transport::Quic, false, "192.0.2.53:53 over QUIC"),
    ] {
        (answered.transport, answered.authenticated) = (transport, authenticated);
        let mut document = Document::default();
        answered.add_source(&mut document);
        assert_eq!(field(&document, "Answered by"), Some(source));
    }
}

#[test]
fn warns_of_a_deceptive_name() {
    let looks_like = "xn--pple-43d.test";
    let document = lookup(looks_like, Rtype::A, message(NXDomain, "ra", "", SOA)).document("");
    assert!(
        document.title.contains("xn--pple-43d.test"),
        "{}",
        document.title
    );
    let expected: Vec<String> = name_warning(looks_like).into_iter().collect();
    assert!(!expected.is_empty());
    assert_eq!(document.warnings, expected);
}
