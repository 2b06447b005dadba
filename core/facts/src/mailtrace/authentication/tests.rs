//! Which results are trusted, their descriptions, and what can be verified again.

use super::*;
use crate::mailtrace::{Trace, TrustPolicy, trace};

const HOP: &str = "Received: from out.a.example (out.a.example [192.0.2.1]) by mx.reader.example with ESMTP id a; Mon, 5 Oct 2026 07:00:00 +0000\n";

fn read(input: &str) -> Trace {
    trace(input.as_bytes(), &TrustPolicy::default())
}

fn above(fields: &str) -> Trace {
    read(&format!("{fields}{HOP}From: x@a.example\n"))
}

#[test]
fn trusts_results_of_the_recipients_server() {
    let trace = above(
        "Authentication-Results: mx.reader.example; spf=pass smtp.mailfrom=x@a.example; dmarc=fail (p=reject) header.from=a.example\n",
    );
    let results = &trace.authentication;
    assert_eq!(results.authserv_id.as_deref(), Some("mx.reader.example"));
    assert_eq!(
        (
            results.spf.result.as_deref(),
            results.dmarc.result.as_deref()
        ),
        (Some("pass"), Some("fail"))
    );
    assert!(!results.spf.verified && !results.dmarc.verified);
    insta::assert_snapshot!(results.spf.detail, @"mx.reader.example: spf=pass smtp.mailfrom=x@a.example");
    insta::assert_snapshot!(results.dmarc.detail, @"mx.reader.example: dmarc=fail (p=reject) header.from=a.example");
}

#[test]
fn ignores_results_of_other_servers() {
    let trace = above("Authentication-Results: mx.stranger.example; spf=pass; dmarc=pass\n");
    assert_eq!(trace.authentication.spf.result, None);
    assert_eq!(trace.authentication.authserv_id, None);
    insta::assert_snapshot!(
        trace.authentication.spf.detail,
        @"Ignoring results by mx.stranger.example: not the recipient's server."
    );

    let below = read(&format!(
        "{HOP}Received: from x (x [198.51.100.1]) by out.a.example; Mon, 5 Oct 2026 06:59:00 +0000\nAuthentication-Results: mx.reader.example; spf=pass\nFrom: x@a.example\n"
    ));
    assert_eq!(
        below.authentication.spf.result, None,
        "below a stranger's line"
    );
    insta::assert_snapshot!(above("").authentication.dmarc.detail, @"The recipient's server added no result.");
}

#[test]
fn falls_back_to_received_spf() {
    let spf = "Received-SPF: softfail (mx.reader.example: domain of transitioning x@a.example) client-ip=192.0.2.1; envelope-from=\"x@a.example\"; helo=out.a.example\n";
    let trace = above(spf);
    assert_eq!(trace.authentication.spf.result.as_deref(), Some("softfail"));
    insta::assert_snapshot!(
        trace.authentication.spf.detail,
        @"Received-SPF: mx.reader.example: domain of transitioning x@a.example"
    );
    let both = above(&format!(
        "{spf}Authentication-Results: mx.reader.example; spf=pass\n"
    ));
    assert_eq!(both.authentication.spf.result.as_deref(), Some("pass"));
    let foreign = above("Received-SPF: pass (mx.stranger.example: fine) client-ip=192.0.2.1\n");
    assert_eq!(foreign.authentication.spf.result, None);
}

#[test]
fn spf_input_comes_from_the_recorded_client() {
    let spf = |trace: &Trace| {
        trace.verify.spf.as_ref().map(|spf| {
            (
                spf.address.to_string(),
                spf.mail_from.clone(),
                spf.helo.clone(),
                spf.by.clone(),
            )
        })
    };

    let expected = |from: &str| {
        Some((
            "192.0.2.1".to_owned(),
            from.to_owned(),
            Some("out.a.example".to_owned()),
            Some("mx.reader.example".to_owned()),
        ))
    };

    for (fields, from) in [
        (
            "Return-Path: <bounce@a.example>\n",
            Some("bounce@a.example"),
        ),
        ("Return-Path: <>\n", Some("")),
        (
            "Authentication-Results: mx.reader.example; spf=pass smtp.mailfrom=x@a.example\n",
            Some("x@a.example"),
        ),
        // RFC 7208 §4.3.
        (
            "Authentication-Results: mx.reader.example; spf=pass smtp.mailfrom=a.example\n",
            Some("postmaster@a.example"),
        ),
        (
            "Received-SPF: pass (mx.reader.example: x) envelope-from=<y@a.example>\n",
            Some("y@a.example"),
        ),
        ("", None),
    ] {
        assert_eq!(spf(&above(fields)), from.and_then(expected), "{fields}");
    }

    assert_eq!(
        spf(&read("Return-Path: <x@a.example>\nFrom: x@a.example\n")),
        None,
        "no fact"
    );
}

#[test]
fn the_client_that_results_name_is_a_claim() {
    for (results, address) in [
        (
            "spf=pass (sender IP is 198.51.100.9) smtp.mailfrom=a.example",
            Some("198.51.100.9"),
        ),
        ("spf=pass smtp.remote-ip=198.51.100.9", Some("198.51.100.9")),
        ("spf=pass smtp.client-ip=198.51.100.9", Some("198.51.100.9")),
        // The fact itself.
        ("spf=pass smtp.remote-ip=192.0.2.1", None),
        ("spf=pass smtp.remote-ip=none", None),
    ] {
        let trace = above(&format!(
            "Authentication-Results: mx.reader.example; {results}\n"
        ));
        let found = trace.claims.first().map(|claim| claim.address.to_string());
        assert_eq!(found.as_deref(), address, "{results}");
    }
}

/// `result domain selector algorithm` of each signature.
fn signatures(fields: &str) -> Vec<String> {
    let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    above(fields)
        .authentication
        .dkim
        .iter()
        .map(|d| {
            format!(
                "{} {} {} {}",
                text(&d.result),
                text(&d.domain),
                text(&d.selector),
                text(&d.algorithm)
            )
        })
        .collect()
}

const SIGNED: &str = "DKIM-Signature: v=1; a=rsa-sha256; d=A.example; s=one;\n h=from:to; bh=x; b=AbCd\n EfGh\nDKIM-Signature: v=1; a=ed25519-sha256; d=b.example; s=two; b=Zz\n";

#[test]
fn matches_each_signature_with_its_result() {
    for (results, expected) in [
        (
            "",
            [
                "- A.example one rsa-sha256",
                "- b.example two ed25519-sha256",
            ],
        ),
        (
            "dkim=pass header.d=b.example; dkim=fail header.d=a.example",
            [
                "fail A.example one rsa-sha256",
                "pass b.example two ed25519-sha256",
            ],
        ),
        (
            "dkim=pass header.i=@b.example; dkim=fail header.i=me@a.example",
            [
                "fail A.example one rsa-sha256",
                "pass b.example two ed25519-sha256",
            ],
        ),
        (
            "dkim=pass header.d=a.example header.s=one header.b=AbCdEf",
            [
                "pass A.example one rsa-sha256",
                "- b.example two ed25519-sha256",
            ],
        ),
        (
            "dkim=pass header.d=a.example header.s=other; dkim=pass header.d=a.example header.b=Nope",
            [
                "- A.example one rsa-sha256",
                "- b.example two ed25519-sha256",
            ],
        ),
        (
            "dkim=none",
            [
                "- A.example one rsa-sha256",
                "- b.example two ed25519-sha256",
            ],
        ),
        (
            "dkim=pass",
            [
                "pass A.example one rsa-sha256",
                "- b.example two ed25519-sha256",
            ],
        ),
    ] {
        let fields = format!("Authentication-Results: mx.reader.example; {results}\n{SIGNED}");
        assert_eq!(signatures(&fields), expected, "{results}");
    }
}

#[test]
fn lists_dkim_results_without_signatures() {
    assert_eq!(
        signatures(
            "Authentication-Results: mx.reader.example; dkim=pass header.d=a.example header.s=one header.a=rsa-sha256; dkim=none header.d=none\n"
        ),
        ["pass a.example one rsa-sha256", "none - - -"]
    );
    assert_eq!(signatures(""), [""; 0]);
}

#[test]
fn lists_at_most_twenty_signatures() {
    let many = "DKIM-Signature: d=a.example; s=x\n".repeat(50);
    assert_eq!(signatures(&many).len(), MAX);
    let results = format!(
        "Authentication-Results: mx.reader.example{}\n",
        "; dkim=pass header.d=a.example".repeat(50)
    );
    assert_eq!(signatures(&results).len(), MAX);
}

#[test]
fn describes_the_arc_chain() {
    let arc = |fields: &str| above(fields).authentication.arc;
    assert_eq!(arc("").result.as_deref(), Some("none"));
    insta::assert_snapshot!(arc("").detail, @"No ARC chain.");

    let one = "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=one.example; s=x; b=y\n";
    let two = "ARC-Seal: i=2; cv=pass; d=two.example\n";
    insta::assert_snapshot!(arc(one).detail, @"1 ARC set(s), the last sealed by one.example, the first of the chain.");
    insta::assert_snapshot!(
        arc(&format!("{one}{two}")).detail,
        @"2 ARC set(s), the last sealed by two.example, which found the chain before it sound."
    );
    insta::assert_snapshot!(
        arc("ARC-Seal: i=3; cv=fail; d=three.example\n").detail,
        @"1 ARC set(s), the last sealed by three.example, which found the chain before it broken."
    );
    insta::assert_snapshot!(
        arc("ARC-Seal: i=x\n").detail,
        @"1 ARC set(s), the last sealed by , without a word on the chain before it."
    );

    let results = arc(&format!(
        "Authentication-Results: mx.reader.example; arc=pass (i=1)\n{one}"
    ));
    assert_eq!(results.result.as_deref(), Some("pass"));
    insta::assert_snapshot!(
        results.detail,
        @"mx.reader.example: arc=pass (i=1) 1 ARC set(s), the last sealed by one.example, the first of the chain."
    );
}

#[test]
fn signatures_can_be_checked_only_with_a_body() {
    let head = format!(
        "{SIGNED}ARC-Seal: i=1; cv=none; d=a.example\n{HOP}From: X <x@Sub.A.example>\nDate: x\nSubject: y\n"
    );
    let without = read(&head).verify;
    assert!(!without.dkim && !without.arc);
    let with = read(&format!("{head}\nHello.\n")).verify;
    assert!(with.dkim && with.arc);
    assert_eq!(with.from_domain.as_deref(), Some("sub.a.example"));
}

#[test]
fn reads_tags_with_white_space_in_them() {
    assert_eq!(
        tags::read(" V = 1 ;d=a.example;\r\n b=Ab\r\n\tCd= ; x ; =y;"),
        [("v", "1"), ("d", "a.example"), ("b", "AbCd="), ("", "y")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    assert_eq!(tags::read(""), []);
    assert_eq!(tags::read(&"a=b;".repeat(100)).len(), 40);
}
