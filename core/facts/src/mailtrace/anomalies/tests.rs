//! Each rule with what it says, and the ordinary mail that it must be silent about.

use super::*;
use crate::mailtrace::{TrustPolicy, trace};

const DATE: &str = "Mon, 5 Oct 2026 07:00:00 +0000";

/// The anomalies of `Received` values, the reader's first: `hop: text`.
fn of(lines: &[&str]) -> Vec<String> {
    with_now(lines, None)
}

fn with_now(lines: &[&str], now: Option<&str>) -> Vec<String> {
    let input: String = lines
        .iter()
        .map(|line| format!("Received: {line}\n"))
        .collect();
    let policy = TrustPolicy {
        now: now.map(|now| now.parse().expect("a time")),
        ..TrustPolicy::default()
    };
    let show = |anomaly: &Anomaly| format!("{}: {}", anomaly.hop.unwrap_or(0), anomaly.text);
    trace(input.as_bytes(), &policy)
        .anomalies
        .iter()
        .map(show)
        .collect()
}

/// One line from this client.
fn client(from: &str) -> Vec<String> {
    of(&[&format!(
        "from {from} by mx.reader.example with ESMTP id a; {DATE}"
    )])
}

#[test]
fn reports_a_missing_received_header() {
    assert_eq!(of(&[]), ["0: No Received header."]);
}

#[test]
fn reports_a_helo_that_contradicts_the_recorded_client() {
    for (from, expected) in [
        (
            "localhost (a.example [192.0.2.1])",
            "1: HELO localhost does not match the client address 192.0.2.1.",
        ),
        (
            "localhost.localdomain (unknown [192.0.2.1])",
            "1: HELO localhost.localdomain does not match the client address 192.0.2.1.",
        ),
        (
            "[198.51.100.7] (a.example [192.0.2.1])",
            "1: HELO [198.51.100.7] does not match the client address 192.0.2.1.",
        ),
        (
            "mx.reader.example (a.example [192.0.2.1])",
            "1: HELO used the receiving server's name, mx.reader.example.",
        ),
        (
            "paypal.example (a.other.example [192.0.2.1])",
            "1: HELO paypal.example does not match a.other.example, the reverse DNS name of 192.0.2.1.",
        ),
        (
            "b.example (b.example [192.0.2.1] (may be forged))",
            "1: The server could not confirm the client's name: it does not resolve back to the address.",
        ),
    ] {
        assert_eq!(client(from), [expected], "{from}");
    }
}

#[test]
fn accepts_ordinary_helo_names() {
    for from in [
        "a.example (a.example [192.0.2.1])",
        "mail.a.example (mx.a.example [192.0.2.1])",
        // One name under two suffixes.
        "mail.sender.com (mx.sender.net [192.0.2.1])",
        // A private literal is a client behind address translation.
        "[10.0.0.5] (a.example [192.0.2.1])",
        "[192.0.2.1] (a.example [192.0.2.1])",
        // A bare machine name says nothing.
        "pc (a.example [192.0.2.1])",
        "a.example (unknown [192.0.2.1])",
        // The server's own network, whatever it calls itself.
        "localhost (gw.reader.example [192.0.2.1])",
        // Inside, names are loose.
        "localhost (localhost [127.0.0.1])",
        "anything.example (pc.corp.local [10.0.0.5])",
        "",
    ] {
        assert_eq!(client(from), [""; 0], "{from}");
    }

    for with in ["ESMTPA", "ESMTPSA", "smtpa", "HTTP", "HTTPS", "POP3"] {
        let line = format!(
            "from localhost (a.example [192.0.2.1]) by mx.reader.example with {with} id a; {DATE}"
        );
        assert_eq!(of(&[&line]), [""; 0], "{with}");
    }

    assert_eq!(
        client("localhost (a.example [192.0.2.1]) (Authenticated sender: x)"),
        [""; 0]
    );
}

#[test]
fn reports_addresses_that_no_client_can_have() {
    for (from, expected) in [
        (
            "a.example ([300.1.2.3])",
            "1: 300.1.2.3 is not a valid address.",
        ),
        (
            "a.example ([999.999.999.999])",
            "1: 999.999.999.999 is not a valid address.",
        ),
        (
            "a.example ([240.0.0.1])",
            "1: 240.0.0.1 cannot be a client's address: Reserved (RFC 1112).",
        ),
        (
            "a.example ([224.0.0.5])",
            "1: 224.0.0.5 cannot be a client's address: Multicast (RFC 5771).",
        ),
        (
            "a.example ([255.255.255.255])",
            "1: 255.255.255.255 cannot be a client's address: Limited Broadcast (RFC 919).",
        ),
        (
            "a.example ([198.18.0.1])",
            "1: 198.18.0.1 cannot be a client's address: Benchmarking (RFC 2544).",
        ),
        (
            "a.example ([0.1.2.3])",
            "1: 0.1.2.3 cannot be a client's address: This network (RFC 791).",
        ),
        (
            "a.example ([IPv6:ff02::1])",
            "1: ff02::1 cannot be a client's address: Multicast (RFC 4291).",
        ),
        (
            "a.example ([IPv6:100::1])",
            "1: 100::1 cannot be a client's address: Discard-Only Address Block (RFC 6666).",
        ),
    ] {
        assert_eq!(client(from), [expected], "{from}");
    }
}

#[test]
fn reports_a_private_address_between_two_organizations() {
    let top = format!(
        "from out.relay.example (out.relay.example [192.0.2.9]) by mx.reader.example with ESMTP id a; {DATE}"
    );
    let bottom = format!(
        "from pc.sender.example (pc.sender.example [192.0.2.1]) by mx.sender.example with ESMTP id c; {DATE}"
    );
    let between = |from: &str| format!("from {from} by out.relay.example with ESMTP id b; {DATE}");
    let strange = between("mx.sender.example (mx.sender.example [10.0.0.5])");

    assert_eq!(
        of(&[&top, &strange, &bottom]),
        [
            "2: out.relay.example received it from mx.sender.example at the private address 10.0.0.5, between public hops."
        ]
    );

    // One organization may use what it likes inside; a loopback address is one machine.
    for from in [
        "in.relay.example (in.relay.example [10.0.0.5])",
        "gw.corp.local (gw.corp.local [10.0.0.5])",
        "mx.sender.example (mx.sender.example [127.0.0.1])",
    ] {
        let middle = between(from);
        let found = of(&[&top, &middle, &bottom]);
        assert!(
            !found.iter().any(|text| text.contains("between public")),
            "{from}: {found:?}"
        );
    }

    // At the end of the chain it is how mail begins.
    assert_eq!(of(&[&top, &strange]), [""; 0]);
}

#[test]
fn reports_a_gap_between_two_lines() {
    let lower = format!(
        "from pc.a.example (pc.a.example [192.0.2.1]) by mx.a.example with ESMTP id b; {DATE}"
    );
    let upper = |from: &str| format!("from {from} by mx.reader.example with ESMTP id a; {DATE}");
    let gap = upper("out.other.example (out.other.example [198.51.100.7])");

    assert_eq!(
        of(&[&gap, &lower]),
        [
            "2: The previous hop ended at mx.a.example, but this one starts at out.other.example: a header may be missing or forged."
        ]
    );

    for from in [
        "out.a.example (out.a.example [198.51.100.7])",
        // Without a looked-up name nothing is known.
        "out.other.example (unknown [198.51.100.7])",
        // One of the two names is the server's.
        "mx.a.example (host.provider.example [198.51.100.7])",
        "pc.local (pc.local [10.0.0.7])",
    ] {
        let top = upper(from);
        let found = of(&[&top, &lower]);
        assert!(
            !found.iter().any(|text| text.contains("may be missing")),
            "{from}: {found:?}"
        );
    }

    // Services that send under their customers' names.
    let service = format!(
        "from pc.a.example (pc.a.example [192.0.2.1]) by filter1.sendgrid.net with ESMTP id b; {DATE}"
    );
    assert_eq!(of(&[&gap, &service]), [""; 0]);
    assert!(is_mailer("mail-db8.outbound.protection.outlook.com") && is_mailer("x.pphosted.com"));
    assert!(!is_mailer("mx.a.example") && !is_mailer("localhost"));
}

#[test]
fn reports_missing_and_invalid_dates() {
    let from = "from a.example (a.example [192.0.2.1]) by mx.reader.example with ESMTP id a";
    assert_eq!(of(&[from]), ["1: Missing date."]);
    assert_eq!(
        of(&[&format!("{from}; {{date}}")]),
        ["1: Invalid date: {date}"]
    );
    assert_eq!(
        of(&[&format!("{from}; Mon, 32 Oct 2026 07:00:00 +0000")]),
        ["1: Invalid date: Mon, 32 Oct 2026 07:00:00 +0000"]
    );
}

#[test]
fn reports_dates_more_than_ten_minutes_ahead() {
    let line = format!(
        "from a.example (a.example [192.0.2.1]) by mx.reader.example with ESMTP id a; {DATE}"
    );

    for (now, expected) in [
        ("2026-10-05T07:00:00Z", None),
        ("2026-10-05T06:50:00Z", None),
        (
            "2026-10-05T06:49:59Z",
            Some("1: The date is 10 min in the future."),
        ),
        (
            "2026-10-05T04:00:00Z",
            Some("1: The date is 3 h in the future."),
        ),
        (
            "2026-10-01T07:00:00Z",
            Some("1: The date is 4 days in the future."),
        ),
        ("2030-01-01T00:00:00Z", None),
    ] {
        let found = with_now(&[&line], Some(now));
        assert_eq!(found.first().map(String::as_str), expected, "{now}");
    }
}

#[test]
fn reports_timestamps_earlier_than_the_previous_hop() {
    let at = |host: &str, id: &str, date: &str| {
        format!(
            "from {host}.a.example (x.a.example [192.0.2.1]) by mx.a.example with ESMTP id {id}; {date}"
        )
    };

    let lower = at("one", "a", DATE);

    for (date, expected) in [
        ("Mon, 5 Oct 2026 07:00:01 +0000", None),
        // Clocks may differ by a minute.
        ("Mon, 5 Oct 2026 06:59:00 +0000", None),
        (
            "Mon, 5 Oct 2026 06:58:59 +0000",
            Some("2: Timestamp is 61 s earlier than hop 1 (clock skew?)."),
        ),
        (
            "Mon, 5 Oct 2026 07:00:00 +0200",
            Some("2: Timestamp is 2 h earlier than hop 1 (clock skew?)."),
        ),
        (
            "Mon, 5 Oct 2026 05:00:00",
            Some(
                "2: Timestamp is 2 h earlier than hop 1 (clock skew?). Its date has no time zone.",
            ),
        ),
        (
            "Sun, 4 Oct 2026 07:00:00 +0000",
            Some("2: Timestamp is 24 h earlier than hop 1 (clock skew?)."),
        ),
    ] {
        let upper = at("two", "b", date);
        assert_eq!(
            of(&[&upper, &lower]).first().map(String::as_str),
            expected,
            "{date}"
        );
    }
}

#[test]
fn reports_a_duplicate_id() {
    let line = |from: &str, id: &str| {
        format!("from {from} (a.example [192.0.2.1]) by mx.a.example with ESMTP id {id}; {DATE}")
    };
    let (a, b) = (
        line("one.a.example", "4Yabm00000z1"),
        line("two.a.example", "4Yabm00000z1"),
    );

    assert_eq!(
        of(&[&a, &b]),
        ["2: Duplicate ID: mx.a.example already used 4Yabm00000z1 at hop 1."]
    );

    // Exchange writes its version there.
    let (a, b) = (
        line("one.a.example", "15.20.8769.30"),
        line("two.a.example", "15.20.8769.30"),
    );
    assert_eq!(of(&[&a, &b]), [""; 0]);

    for (id, unique) in [
        ("1234567a", true),
        ("12345678", false),
        ("15.20.1.1", false),
        ("abc1234", false),
        ("", false),
    ] {
        assert_eq!(is_unique(id), unique, "{id}");
    }
}

#[test]
fn lists_at_most_a_hundred_anomalies() {
    let line = "from localhost (a.example [192.0.2.1]) by mx.reader.example with ESMTP";
    let lines = vec![line; 150];
    assert_eq!(of(&lines).len(), MAX);
}
