//! What others name, and what becomes the origin.

use super::*;
use crate::mailtrace::{Trace, TrustPolicy, trace};

const DATE: &str = "Mon, 5 Oct 2026 07:00:00 +0000";

fn read(input: &str) -> Trace {
    trace(input.as_bytes(), &TrustPolicy::default())
}

/// `source hop address host scope` of each claim.
fn claims(input: &str) -> Vec<String> {
    let show = |claim: &Claim| {
        format!(
            "{} {} {} {} {}",
            claim.source,
            claim.hop.unwrap_or(0),
            claim.address,
            claim.host.as_deref().unwrap_or("-"),
            claim.scope
        )
    };
    read(input).claims.iter().map(show).collect()
}

#[test]
fn reads_client_addresses_from_webmail_fields() {
    for (field, expected) in [
        (
            "X-Originating-IP: [203.0.113.17]",
            vec!["X-Originating-IP 0 203.0.113.17 - documentation"],
        ),
        (
            "X-Sender-IP: 8.8.8.8",
            vec!["X-Sender-IP 0 8.8.8.8 - global"],
        ),
        (
            "x-client-ip: 10.0.0.7",
            vec!["x-client-ip 0 10.0.0.7 - private"],
        ),
        (
            "X-Forwarded-For: 8.8.8.8, 10.0.0.7 (proxy)",
            vec![
                "X-Forwarded-For 0 8.8.8.8 - global",
                "X-Forwarded-For 0 10.0.0.7 - private",
            ],
        ),
        (
            "X-Real-IP: 2001:db8::1",
            vec!["X-Real-IP 0 2001:db8::1 - documentation"],
        ),
        (
            "X-Real-IP: ::ffff:8.8.8.8",
            vec!["X-Real-IP 0 8.8.8.8 - global"],
        ),
        ("X-Originating-IP: 300.1.2.3", vec![]),
        ("X-Originating-IP: unknown", vec![]),
        ("X-Unknown-IP: 8.8.8.8", vec![]),
    ] {
        assert_eq!(
            claims(&format!("{field}\nFrom: a@b.example\n")),
            expected,
            "{field}"
        );
    }
}

#[test]
fn lists_a_claim_once_per_source() {
    let input = "X-Originating-IP: 8.8.8.8 8.8.8.8\nX-Originating-IP: [8.8.8.8]\nX-Sender-IP: 8.8.8.8\nFrom: a@b.example\n";
    assert_eq!(
        claims(input),
        [
            "X-Originating-IP 0 8.8.8.8 - global",
            "X-Sender-IP 0 8.8.8.8 - global"
        ]
    );
}

#[test]
fn lists_at_most_twenty_claims() {
    let many: String = (0..100).map(|n| format!(" 8.8.8.{n}")).collect();
    let found = claims(&format!(
        "X-Forwarded-For:{many}\nX-Sender-IP: 9.9.9.9\nFrom: a@b.example\n"
    ));
    assert_eq!(found.len(), MAX);
    assert_eq!(found[19], "X-Forwarded-For 0 8.8.8.19 - global");
}

#[test]
fn lines_below_the_boundary_are_claims() {
    let input = format!(
        "Received: from out.a.example (out.a.example [192.0.2.1]) by mx.reader.example with ESMTP id a; {DATE}\n\
         Received: from pc (pc.b.example [198.51.100.7]) by out.a.example with ESMTP id b; {DATE}\n\
         Received: from phone ([10.0.0.7]) by pc.b.example with ESMTP id c; {DATE}\n\
         Received: by phone with local id d; {DATE}\nFrom: a@b.example\n"
    );
    assert_eq!(
        claims(&input),
        [
            "Received 2 10.0.0.7 phone private",
            "Received 3 198.51.100.7 pc.b.example documentation"
        ]
    );
}

#[test]
fn the_origin_is_the_client_at_the_boundary() {
    let line = |from: &str| {
        let input = format!(
            "Received: from {from} by mx.reader.example with ESMTP id a; {DATE}\nX-Originating-IP: 8.8.8.8\n"
        );
        read(&input).origin
    };
    let origin = line("helo.a.example (out.a.example [192.0.2.1])");
    assert_eq!(origin.confidence, Confidence::Fact);
    assert_eq!(origin.address, "192.0.2.1".parse().ok());
    assert_eq!(origin.host.as_deref(), Some("out.a.example"));
    insta::assert_snapshot!(
        origin.evidence,
        @"mx.reader.example received the message from 192.0.2.1 (out.a.example) at 2026-10-05T07:00:00Z (hop 1)."
    );
    insta::assert_snapshot!(
        line("helo.a.example (unknown [192.0.2.1])").evidence,
        @"mx.reader.example received the message from 192.0.2.1 (HELO helo.a.example) at 2026-10-05T07:00:00Z (hop 1)."
    );
    insta::assert_snapshot!(
        line("[192.0.2.1]").evidence,
        @"mx.reader.example received the message from 192.0.2.1 at 2026-10-05T07:00:00Z (hop 1)."
    );
}

#[test]
fn falls_back_to_the_first_public_claim() {
    let inside =
        format!("Received: from pc ([10.0.0.7]) by mx.reader.example with ESMTP id a; {DATE}\n");
    let origin = read(&format!(
        "{inside}X-Sender-IP: 10.0.0.1\nX-Originating-IP: 203.0.113.17\n"
    ))
    .origin;

    assert_eq!(
        (origin.confidence, origin.address),
        (Confidence::Claimed, "203.0.113.17".parse().ok())
    );
    insta::assert_snapshot!(origin.evidence, @"From the field X-Originating-IP, which is not trusted.");

    let origin = read(&inside).origin;

    assert_eq!(
        (origin.confidence, origin.address),
        (Confidence::None, None)
    );
    insta::assert_snapshot!(origin.evidence, @"No header has an address outside the recipient's network.");
    insta::assert_snapshot!(read("From: a@b.example\n").origin.evidence, @"No Received header.");

    let below = format!(
        "Received: from mx.a.example by mx.reader.example with ESMTP id a; {DATE}\n\
         Received: from pc.b.example (pc.b.example [198.51.100.7]) by mx.a.example with ESMTP id b; {DATE}\n"
    );
    let origin = read(&below).origin;
    assert_eq!(origin.host.as_deref(), Some("pc.b.example"));
    insta::assert_snapshot!(origin.evidence, @"From hop 1, which is not trusted.");
}
