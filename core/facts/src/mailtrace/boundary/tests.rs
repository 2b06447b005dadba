//! How many lines are trusted, and how the boundary is described.

use super::*;
use crate::mailtrace::{Trace, trace};

fn read(lines: &[&str], relays: &[&str]) -> Trace {
    let input: String = lines
        .iter()
        .map(|line| format!("Received: {line}; Mon, 5 Oct 2026 07:00:00 +0000\n"))
        .collect();
    let policy = TrustPolicy::from_relays(relays.iter().copied()).expect("relays");
    trace(input.as_bytes(), &policy)
}

/// Kind, hop and how many lines are believed.
fn of(lines: &[&str], relays: &[&str]) -> (BoundaryKind, Option<usize>, usize) {
    let trace = read(lines, relays);
    let trusted = trace.hops.iter().filter(|hop| hop.trusted).count();
    (trace.boundary.kind, trace.boundary.hop, trusted)
}

const STRANGER: &str =
    "from out.a.example (out.a.example [192.0.2.1]) by mx.reader.example with ESMTP id a";
const INSIDE: &str =
    "from mx.reader.example (mx.reader.example [10.0.0.2]) by box.reader.example with ESMTP id b";
const FORGED: &str =
    "from victim.example (victim.example [203.0.113.5]) by out.a.example with ESMTP id c";

#[test]
fn trust_ends_at_the_first_external_client() {
    use BoundaryKind::{Inferred, None as Nothing};
    assert_eq!(of(&[], &[]), (Nothing, None, 0));
    assert_eq!(of(&[STRANGER], &[]), (Inferred, Some(1), 1));
    assert_eq!(of(&[STRANGER, FORGED], &[]), (Inferred, Some(2), 1));
    assert_eq!(of(&[INSIDE, STRANGER, FORGED], &[]), (Inferred, Some(2), 2));
}

#[test]
fn trust_continues_across_local_steps() {
    for step in [
        "by box.reader.example (Postfix, from userid 1000) id x",
        "from localhost (localhost [127.0.0.1]) by box.reader.example with ESMTP id x",
        "from box.reader.example ([unix socket]) by box.reader.example with LMTP id x",
        "from mx.reader.example by box.reader.example with Dovecot id x",
    ] {
        assert_eq!(
            of(&[step, STRANGER, FORGED], &[]),
            (BoundaryKind::Inferred, Some(2), 2),
            "{step}"
        );
    }
}

#[test]
fn a_name_alone_over_smtp_is_only_a_claim() {
    let greeting = "from mx.reader.example by box.reader.example with ESMTP id x";
    assert_eq!(
        of(&[greeting, STRANGER], &[]),
        (BoundaryKind::Inferred, Some(2), 1)
    );
    let bad = "from a.example ([300.1.2.3]) by box.reader.example with local id x";
    assert_eq!(
        of(&[bad, STRANGER], &[]),
        (BoundaryKind::Inferred, Some(2), 1)
    );
}

#[test]
fn trust_continues_across_public_addresses_of_the_own_domain() {
    let own = "from in.reader.example (in.reader.example [198.51.100.3]) by box.reader.example with ESMTP id x";
    assert_eq!(
        of(&[own, STRANGER, FORGED], &[]),
        (BoundaryKind::Inferred, Some(2), 2)
    );
    // Doubted by the server itself, or written elsewhere.
    let doubted = "from in.reader.example (in.reader.example [198.51.100.3] (may be forged)) by box.reader.example with ESMTP id x";
    assert_eq!(
        of(&[doubted, STRANGER], &[]),
        (BoundaryKind::Inferred, Some(2), 1)
    );
    let elsewhere =
        "from out.b.example (out.b.example [192.0.2.1]) by mx.b.example with ESMTP id a";
    assert_eq!(
        of(&[own, elsewhere], &[]),
        (BoundaryKind::Inferred, Some(2), 1)
    );
}

#[test]
fn trust_continues_across_a_fetched_message() {
    for with in ["POP3", "IMAP", "LMTP", "pop3s"] {
        let fetched = format!(
            "from pop.provider.example [198.51.100.3] by pc.reader.example with {with} for <me@localhost>"
        );
        let provider =
            "from out.a.example (out.a.example [192.0.2.1]) by mx.provider.example with ESMTP id a";
        assert_eq!(
            of(&[&fetched, provider, FORGED], &[]),
            (BoundaryKind::Inferred, Some(2), 2),
            "{with}"
        );
    }
}

#[test]
fn configured_relays_match_by_address_and_reverse_name() {
    let relay = "from gw.filter.example (gw.filter.example [198.51.100.9]) by mx.reader.example with ESMTP id a";
    let stranger =
        "from out.a.example (out.a.example [192.0.2.1]) by gw.filter.example with ESMTP id b";

    assert_eq!(
        of(&[relay, stranger], &[]),
        (BoundaryKind::Inferred, Some(2), 1)
    );

    for relays in [
        ["198.51.100.9"],
        ["198.51.100.0/24"],
        ["filter.example"],
        ["*.filter.example"],
        [".FILTER.example"],
        ["gw.filter.example"],
    ] {
        assert_eq!(
            of(&[relay, stranger], &relays),
            (BoundaryKind::Configured, Some(1), 2),
            "{relays:?}"
        );
    }

    for relays in [["198.51.100.8"], ["other.example"], ["lter.example"]] {
        assert_eq!(
            of(&[relay, stranger], &relays),
            (BoundaryKind::Inferred, Some(2), 1),
            "{relays:?}"
        );
    }
}

#[test]
fn parses_the_trusted_relays_setting() {
    let policy = TrustPolicy::from_relays([" 192.0.2.0/24 ", "[2001:db8::1]", "mx.Reader.example"])
        .expect("relays");
    assert_eq!(policy.networks.len(), 2);
    assert_eq!(policy.names, ["mx.reader.example"]);
    assert!(policy.has_name("mx.reader.example") && policy.has_name("A.MX.reader.example"));
    assert!(!policy.has_name("amx.reader.example") && !policy.is_empty());
    for bad in ["", "a b", "unknown", "@"] {
        assert_eq!(
            TrustPolicy::from_relays([bad]).err().as_deref(),
            Some(bad),
            "{bad:?}"
        );
    }
}

#[test]
fn trust_continues_inside_exchange_online() {
    let line = "from AM0PR01MB1234.eurprd01.prod.exchangelabs.com (2603:10a6:208:1::1) by DB6PR01MB1234.eurprd01.prod.exchangelabs.com with HTTPS";
    let next = "from out.a.example (192.0.2.1) by AM0EUR02FT012.mail.protection.outlook.com with Microsoft SMTP Server id 15.20.1.1";
    assert_eq!(of(&[line, next], &[]), (BoundaryKind::Inferred, Some(1), 2));

    for (address, expected) in [
        ("2603:10a6::1", true),
        ("2a01:111:f400::1", true),
        ("2603:2000::1", false),
        ("192.0.2.1", false),
    ] {
        let line = Received {
            from_helo: Some("a.eurprd01.prod.exchangelabs.com".to_owned()),
            by: Some("b.eurprd01.prod.exchangelabs.com".to_owned()),
            ..Received::default()
        };

        let address = address.parse().expect("an address");
        let by = Some("c.mail.protection.outlook.com");

        assert_eq!(
            is_exchange_online(address, &line, by),
            expected,
            "{address}"
        );

        assert!(
            !is_exchange_online(address, &line, Some("outlook.com.evil.example")),
            "{address}"
        );
        assert!(!is_exchange_online(address, &line, None), "{address}");
    }
}

#[test]
fn describes_the_trust_boundary() {
    let text = |lines: &[&str], relays: &[&str]| read(lines, relays).boundary.text;
    insta::assert_snapshot!(text(&[], &[]), @"No Received header, so the servers on the path are unknown.");
    insta::assert_snapshot!(
        text(&[STRANGER, FORGED], &[]),
        @"Trusted up to hop 2 (headers added by reader.example): mx.reader.example received the message from 192.0.2.1."
    );
    insta::assert_snapshot!(
        text(&[STRANGER, FORGED], &["198.51.100.9"]),
        @"Trusted up to hop 2 (headers added by reader.example): mx.reader.example received the message from 192.0.2.1. No configured relay appears in the headers."
    );
    insta::assert_snapshot!(
        text(&[STRANGER], &["mx.reader.example"]),
        @"Trusted up to hop 1 (configured relays): mx.reader.example received the message from 192.0.2.1."
    );
    insta::assert_snapshot!(
        text(&["from localhost (localhost [127.0.0.1]) by pc with ESMTP"], &[]),
        @"All hops are trusted (first Received header only): no external address was recorded."
    );
    insta::assert_snapshot!(
        text(&["from mx.a.example by mx.reader.example with ESMTP", FORGED], &[]),
        @"Trusted up to hop 2 (headers added by reader.example); it has no client address."
    );
}

#[test]
fn an_exchange_server_that_relays_to_itself_is_no_origin() {
    let exchange = |from: &str, by: &str| {
        format!("from {from} by {by} with Microsoft SMTP Server id 15.1.2507.39")
    };
    let (one, two) = (
        "EX01.corp.example (198.51.100.40)",
        "EX02.corp.example (198.51.100.41)",
    );
    let outside = "out.sender.example (203.0.113.20)";
    for lines in [
        [exchange(one, one), exchange(outside, one)].as_slice(),
        &[exchange(two, one), exchange(outside, two)],
        &[
            exchange(two, two),
            exchange(one, two),
            exchange(outside, one),
        ],
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let trace = read(&lines, &[]);
        assert_eq!(
            trace.origin.address,
            "203.0.113.20".parse().ok(),
            "{lines:?}"
        );
        assert_eq!(trace.anomalies, [], "{lines:?}");
    }

    // A stranger that uses the names of the cluster.
    let forged = exchange("EX02.corp.example (203.0.113.7)", one);
    let claim = exchange(
        "bank.example (203.0.113.9)",
        "EX02.corp.example (203.0.113.7)",
    );
    assert_eq!(
        read(&[&forged, &claim], &[]).origin.address,
        "203.0.113.7".parse().ok()
    );
}

#[test]
fn a_special_address_of_the_origin_is_noted() {
    let trace = read(&[STRANGER], &[]);
    let expected =
        "The origin 192.0.2.1 is a special address: Documentation (TEST-NET-1) (RFC 5737).";
    assert!(
        trace.notes.iter().any(|note| note == expected),
        "{:?}",
        trace.notes
    );
    let global = STRANGER.replace("192.0.2.1", "8.8.8.8");
    assert_eq!(read(&[&global], &[]).notes, [""; 0]);
}
