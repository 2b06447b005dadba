//! One fixture a dialect, each with its expected reading beside it.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn fixtures() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/mailtrace/fixtures"
    ))
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name).with_extension("eml")).expect("a fixture")
}

fn read(input: &[u8]) -> Trace {
    trace(input, &TrustPolicy::default())
}

/// The part of a trace that fixtures compare.
fn reading(trace: &Trace) -> Value {
    let hops: Vec<Value> = trace
        .hops
        .iter()
        .map(|hop| {
            json!({
                "from": hop.from_host, "rdns": hop.rdns, "address": hop.from_address, "by": hop.by,
                "with": hop.protocol, "tls": hop.tls, "id": hop.id, "at": hop.at, "trusted": hop.trusted,
            })
        })
        .collect();

    let dkim: Vec<Value> = trace
        .authentication
        .dkim
        .iter()
        .map(|d| json!([d.domain, d.selector, d.result]))
        .collect();

    json!({
        "from": trace.from, "subject": trace.subject, "date": trace.date, "message_id": trace.message_id,
        "hops": hops, "boundary": trace.boundary.hop,
        "origin": [trace.origin.address, trace.origin.host, trace.origin.confidence],
        "spf": trace.authentication.spf.result, "dmarc": trace.authentication.dmarc.result, "dkim": dkim,
        "ask_spf": trace.verify.spf.as_ref().map(|spf| json!([spf.address, spf.mail_from, spf.helo])),
        "anomalies": trace.anomalies.iter().map(|a| json!([a.hop, a.text])).collect::<Vec<_>>(),
    })
}

#[test]
fn reads_every_dialect() {
    let mut count = 0;
    for entry in std::fs::read_dir(fixtures()).expect("the fixtures") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "eml") {
            continue;
        }
        let found = reading(&read(&std::fs::read(&path).expect("a fixture")));
        let expected = path.with_extension("json");
        // `BLESS=1` rewrites the expected results; review the diff before you commit it.
        if std::env::var_os("BLESS").is_some() {
            let text = serde_json::to_string_pretty(&found).expect("JSON") + "\n";
            std::fs::write(&expected, text).expect("written");
        }
        let expected: Value =
            serde_json::from_str(&std::fs::read_to_string(&expected).expect("a reading"))
                .expect("JSON");
        assert_eq!(found, expected, "{}", path.display());
        count += 1;
    }
    assert!(count >= 40, "{count} fixtures");
}

#[test]
fn ordinary_mail_has_no_anomalies() {
    for name in [
        "gmail",
        "gmail-api",
        "office365",
        "yahoo",
        "yahoo-old",
        "icloud",
        "proton",
        "fastmail",
        "yandex",
        "amazon-ses",
        "sendgrid",
        "mailgun",
        "mandrill",
        "mimecast",
        "proofpoint",
        "ironport",
        "zimbra",
        "postfix",
    ] {
        assert_eq!(read(&fixture(name)).anomalies, [], "{name}");
    }
}

#[test]
fn reports_forged_lines() {
    let trace = read(&fixture("forged"));

    for part in [
        "not a valid address",
        "Invalid date",
        "HELO localhost",
        "private address 10.0.0.5",
        "clock skew",
        "HELO paypal.example",
    ] {
        assert!(
            trace.anomalies.iter().any(|a| a.text.contains(part)),
            "{part}: {:#?}",
            trace.anomalies
        );
    }

    assert_eq!(
        trace.authentication.spf.result, None,
        "results by an untrusted server"
    );

    let policy = TrustPolicy {
        now: "2026-10-05T08:00:00Z".parse().ok(),
        ..TrustPolicy::default()
    };
    let trace = super::trace(&fixture("forged"), &policy);

    assert!(
        trace
            .anomalies
            .iter()
            .any(|a| a.text.contains("in the future"))
    );
}

#[test]
fn configured_relays_move_the_boundary() {
    let input = fixture("mimecast");
    assert_eq!(read(&input).boundary.kind, BoundaryKind::Inferred);
    for relays in [
        ["198.51.100.0/24"].as_slice(),
        &["mimecast.com"],
        &["198.51.100.30"],
    ] {
        let policy = TrustPolicy::from_relays(relays.iter().copied()).expect("relays");
        let trace = super::trace(&input, &policy);
        assert_eq!(trace.boundary.kind, BoundaryKind::Configured);
        assert_eq!(
            trace.origin.address,
            "192.0.2.25".parse().ok(),
            "{relays:?}"
        );
        assert!(trace.hops.iter().all(|hop| hop.trusted));
    }
    assert_eq!(
        TrustPolicy::from_relays(["not a host"]).err().as_deref(),
        Some("not a host")
    );
}

#[test]
fn does_not_trust_a_helo_name_alone() {
    let input = b"Received: from mx.reader.example (unknown [203.0.113.9]) by in.reader.example with ESMTP id a; Mon, 5 Oct 2026 09:00:00 +0200\n\
        Received: from good.example (good.example [192.0.2.1]) by mx.reader.example with ESMTP id b; Mon, 5 Oct 2026 08:59:00 +0200\n\n";
    let policy = TrustPolicy::from_relays(["reader.example"]).expect("relays");
    let trace = super::trace(input, &policy);
    assert_eq!(trace.origin.address, "203.0.113.9".parse().ok());
    assert_eq!(trace.boundary.hop, Some(2));
}

#[test]
fn reads_ten_thousand_lines() {
    let mut input = String::new();
    for n in 0..10_000 {
        input += &format!(
            "Received: from a{n}.example ([192.0.2.1]) by b{n}.example with SMTP id i{n};\r\n\tMon, 5 Oct 2026 09:00:00 +0000\r\n"
        );
    }
    let trace = read(input.as_bytes());
    assert_eq!(
        (trace.hops.len(), trace.hops[0].index, trace.hops[249].index),
        (250, 1, 10_000)
    );
    assert!(
        trace
            .notes
            .iter()
            .any(|note| note.contains("9750 in the middle")),
        "{:?}",
        trace.notes
    );
}

#[test]
fn empty_input_has_no_hops() {
    let trace = read(b"");
    assert_eq!(trace.boundary.kind, BoundaryKind::None);
    assert_eq!(trace.origin.confidence, Confidence::None);
    assert_eq!(read(b"hello, where does this come from?").hops, []);
}

proptest! {
    #[test]
    fn never_panics(input in proptest::collection::vec(any::<u8>(), 0..600)) {
        read(&input);
        signed(&input);
    }

    #[test]
    fn never_panics_on_lines(parts in proptest::collection::vec(
        prop_oneof![
            Just("from "), Just("by "), Just("with "), Just("id "), Just("for "), Just("via "), Just("("), Just(")"),
            Just("["), Just("]"), Just("<"), Just(">"), Just(";"), Just("é"), Just("\""), Just("\\"), Just("helo="),
            Just("HELO "), Just("192.0.2.1"), Just("IPv6:"), Just("mx.example "), Just("Mon, 5 Oct 2026 09:00:00 +0000"),
            Just("+9900 "), Just("using TLS"), Just("version="), Just("@"), Just("="), Just(":"), Just("%"), Just("\n "),
        ], 0..40)) {
        let line = parts.concat();
        received::parse(&line);
        read(format!("Received: {line}\nAuthentication-Results: {line}\nReceived-SPF: pass {line}\nFrom: {line}\n").as_bytes());
    }
}

#[test]
fn time_is_linear() {
    // Open brackets, semicolons and quotes by the thousand: none may be looked at twice for each other.
    for part in [
        "(", ")", ";", "(;", "<", "[", "from ", "\"", "; Mon, ", "a=b ", "\\(",
    ] {
        let line = part.repeat(4_000);
        let input =
            format!("Received: {line}\nAuthentication-Results: x; {line}\nSubject: {line}\n")
                .repeat(100);
        let start = cpu_time::ThreadTime::now();
        read(input.as_bytes());
        assert!(
            start.elapsed().as_secs_f64() < 5.0,
            "{part:?}: {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn ignores_results_of_an_external_server() {
    let head = "Received: from out.sender.example (192.0.2.25) by X.mail.protection.outlook.com (10.0.0.1) with Microsoft SMTP Server id 15.20.1.1; Mon, 5 Oct 2026 07:00:05 +0000\n";
    let results = "Authentication-Results: spf=pass (sender IP is 198.51.100.9) smtp.mailfrom=sender.example; dmarc=pass header.from=sender.example\n";
    let above = read(format!("{results}{head}From: a@sender.example\n").as_bytes());
    assert_eq!(above.authentication.dmarc.result.as_deref(), Some("pass"));
    assert_eq!(
        (above.claims.len(), above.claims[0].source.as_str()),
        (1, "Authentication-Results")
    );
    let below = read(format!("{head}{results}From: a@sender.example\n").as_bytes());
    assert_eq!(
        (below.authentication.dmarc.result, below.claims),
        (None, vec![])
    );
}

#[test]
fn only_private_lines_leave_a_claim() {
    let input = b"Received: from pc (pc.reader.example [10.0.0.7]) by mx.reader.example with ESMTP id a; Mon, 5 Oct 2026 07:00:05 +0000\n\
        X-Originating-IP: [203.0.113.17]\nFrom: a@reader.example\n";
    let trace = read(input);
    assert_eq!(trace.origin.confidence, Confidence::Claimed);
    assert_eq!(trace.origin.address, "203.0.113.17".parse().ok());
    assert!(trace.origin.evidence.contains("X-Originating-IP"));
}

#[test]
fn reports_repeated_ids() {
    let line = "Received: from a.example ([192.0.2.1]) by b.example with ESMTP id 4Yabm00000z1; Mon, 5 Oct 2026 07:00:05 +0000\n";
    assert!(
        read(line.repeat(2).as_bytes())
            .anomalies
            .iter()
            .any(|a| a.text.contains("4Yabm00000z1"))
    );
}
