//! Odd lines that no fixture holds.

use super::*;

fn at(text: &str) -> Option<String> {
    date::parse(text)
        .and_then(|date| date.at)
        .map(|at| at.to_string())
}

#[test]
fn reads_the_dates_servers_write() {
    for (text, expected) in [
        (
            "Tue, 7 Jan 2003 16:48:35 +0300 (EAT)",
            "2003-01-07T13:48:35Z",
        ),
        ("7 Jan 2003 12:55:55 -0000", "2003-01-07T12:55:55Z"),
        ("27 Oct 2002 17:02 GMT", "2002-10-27T17:02:00Z"),
        ("2003-01-02 16:43:36Z", "2003-01-02T16:43:36Z"),
        (
            "2023-08-17 21:04:20.267440901 +0000 UTC m=+8544276.233978210",
            "2023-08-17T21:04:20Z",
        ),
        ("Tue, 07 Jan 2003 06:53:25 PST", "2003-01-07T14:53:25Z"),
        ("Sun Sep 16 00:46:09 2001", "2001-09-16T00:46:09Z"),
        ("Sun Sep 16 00:46:09 EDT 2001", "2001-09-16T04:46:09Z"),
        ("Thu, 2 Jul 92 22:34:10 -0700", "1992-07-03T05:34:10Z"),
        ("Mon, 5 Oct 126 07:00:00 +0000", "2026-10-05T07:00:00Z"),
        ("Mon, 5 Oct 2026 07:00:60 +0000", "2026-10-05T07:00:59Z"),
        ("Mon, 5 Oct 2026 7:00:00 PM -0700", "2026-10-06T02:00:00Z"),
        ("Mon, 5 Oct 2026 07:00:00 +0530", "2026-10-05T01:30:00Z"),
        ("Mon, 5 Oct 2026 07:00:00 -700", "2026-10-05T14:00:00Z"),
        ("Mon, 5 Oct 2026 07:00:00 GMT+02:00", "2026-10-05T05:00:00Z"),
        ("Mon, 5 Oct 2026 07:00:00", "2026-10-05T07:00:00Z"),
        ("Mon, 5 Oct 2026 07:00:00 XYZ", "2026-10-05T07:00:00Z"),
        (
            "(8.12.9/D) Wed, 18 Jun 2003 11:14:40 +0400",
            "2003-06-18T07:14:40Z",
        ),
        ("Thu, 11-Jul-2002 16:55:03 -0300", "2002-07-11T19:55:03Z"),
        ("Mon, 5 Oct 2026 07:00:00 +9900", ""),
        ("Mon, 32 Oct 2026 07:00:00 +0000", ""),
        ("Mon, 5 Oct 2026", ""),
        ("{date}", ""),
        ("", ""),
    ] {
        assert_eq!(at(text).unwrap_or_default(), expected, "{text}");
    }

    assert_eq!(
        date::parse("Mon, 5 Oct 2026 07:00:00").and_then(|date| date.zone),
        None
    );
}

#[test]
fn a_lost_parenthesis_does_not_swallow_the_line() {
    let line = parse(
        "from a.example (a.example [192.0.2.1] by mx.example (Postfix with ESMTP id ABC; 5 Oct 2026 07:00:00 +0000",
    );
    assert_eq!(
        (line.by.as_deref(), line.id.as_deref()),
        (Some("mx.example"), Some("ABC"))
    );
    assert_eq!(line.protocol.as_deref(), Some("ESMTP"));
}

#[test]
fn omits_words_that_are_not_names() {
    let line = parse(
        "from unknown (unknown [unknown]) by mx.example with SMTP; 5 Oct 2026 07:00:00 +0000",
    );
    assert!(line.is_local() && line.by.as_deref() == Some("mx.example"));
    let line = parse(
        "from mail pickup service by mx.example with Microsoft SMTPSVC; 5 Oct 2026 07:00:00 +0000",
    );
    assert_eq!(line.from_helo, None);
    let line = parse(
        "via spool by 42-submit@bugs.example id=B42.1545 (code B ref 42); 5 Oct 2026 07:00:00 +0000",
    );
    assert_eq!((line.by, line.id.as_deref()), (None, Some("B42.1545")));
    assert_eq!(parse(""), Received::default());
}

/// The clause, and the greeting, name and address in it.
const CLIENTS: &[(&str, &str, &str, &str)] = &[
    (
        "from a.example (b.example [192.0.2.1])",
        "a.example",
        "b.example",
        "192.0.2.1",
    ),
    (
        "from a.example (b.example. [192.0.2.1])",
        "a.example",
        "b.example",
        "192.0.2.1",
    ),
    (
        "from a.example (unknown [IPv6:2001:db8::1])",
        "a.example",
        "",
        "2001:db8::1",
    ),
    (
        "from b.example ([192.0.2.1]:1689 \"EHLO a.example\" rhost-flags-OK-OK-OK-OK)",
        "a.example",
        "b.example",
        "192.0.2.1",
    ),
    (
        "from b.example (HELO a.example) (ident@192.0.2.1)",
        "a.example",
        "b.example",
        "192.0.2.1",
    ),
    (
        "from b.example (EHLO a.example) [192.0.2.1]",
        "a.example",
        "b.example",
        "192.0.2.1",
    ),
    (
        "from unknown (HELO a.example) ([192.0.2.1])",
        "a.example",
        "",
        "192.0.2.1",
    ),
    (
        "from [192.0.2.1] (helo=a.example ident=x)",
        "a.example",
        "",
        "192.0.2.1",
    ),
    (
        "from [192.0.2.1] (port=1234 helo=[10.0.0.1])",
        "[10.0.0.1]",
        "",
        "192.0.2.1",
    ),
    (
        "from [10.0.0.1] (b.example [192.0.2.1])",
        "[10.0.0.1]",
        "b.example",
        "192.0.2.1",
    ),
    (
        "from a.example (\"port 65230\"@b.example [192.0.2.1])",
        "a.example",
        "b.example",
        "192.0.2.1",
    ),
    (
        "from a.example (IDENT:root@b.example [192.0.2.1])",
        "a.example",
        "b.example",
        "192.0.2.1",
    ),
    (
        "from a.example(b.example[192.0.2.1])",
        "a.example",
        "b.example",
        "192.0.2.1",
    ),
    (
        "from a.example ([192.0.2.1] [192.0.2.1])",
        "a.example",
        "",
        "192.0.2.1",
    ),
    ("from a.example (192.0.2.1)", "a.example", "", "192.0.2.1"),
    ("from a.example [192.0.2.1]", "a.example", "", "192.0.2.1"),
    ("from ([192.0.2.1])", "", "", "192.0.2.1"),
    ("from 192.0.2.1", "", "", "192.0.2.1"),
    (
        "from 127.0.0.1 (EHLO a.example) (192.0.2.1)",
        "a.example",
        "",
        "192.0.2.1",
    ),
    ("from a.example ([fe80::1%12])", "a.example", "", "fe80::1"),
    ("from a.example ([unix socket])", "a.example", "", ""),
];

#[test]
fn names_and_addresses_in_any_order() {
    for &(text, helo, rdns, address) in CLIENTS {
        let line = parse(&format!(
            "{text} by mx.example with SMTP; 5 Oct 2026 07:00:00 +0000"
        ));
        let address_found = line.from_address.map(|a| a.to_string()).unwrap_or_default();
        let found = (
            line.from_helo.unwrap_or_default(),
            line.from_rdns.unwrap_or_default(),
            address_found,
        );
        assert_eq!(
            found,
            (helo.to_owned(), rdns.to_owned(), address.to_owned()),
            "{text}"
        );
        assert_eq!(line.by.as_deref(), Some("mx.example"), "{text}");
    }
}

#[test]
fn shows_the_most_useful_client_name() {
    for (helo, rdns, expected) in [
        (
            Some("helo.example"),
            Some("rdns.example"),
            Some("helo.example"),
        ),
        (
            Some("localhost"),
            Some("rdns.example"),
            Some("rdns.example"),
        ),
        (Some("pc"), Some("host"), Some("pc")),
        (
            Some("[192.0.2.1]"),
            Some("rdns.example"),
            Some("rdns.example"),
        ),
        (Some("192.0.2.1"), None, None),
        (Some("pc"), None, Some("pc")),
        (None, Some("rdns.example"), Some("rdns.example")),
        (None, None, None),
    ] {
        let line = Received {
            from_helo: helo.map(str::to_owned),
            from_rdns: rdns.map(str::to_owned),
            ..Received::default()
        };
        assert_eq!(line.client_host(), expected, "{helo:?} {rdns:?}");
        assert_eq!(line.is_local(), helo.is_none() && rdns.is_none());
    }
}

#[test]
fn a_line_is_written_as_json() {
    let line = parse("by mx.example for <a@b.example>; Mon, 5 Oct 2026 07:00:00 +0200 (CEST)");
    let json = serde_json::to_value(&line).expect("JSON");
    assert_eq!(json["for"], "a@b.example");
    assert_eq!(json["at"], "2026-10-05T05:00:00Z");
    assert_eq!(json["zone"], "+0200");
    assert_eq!(json["date_text"], "Mon, 5 Oct 2026 07:00:00 +0200 (CEST)");
}

#[test]
fn only_the_beginning_of_an_endless_line_is_read() {
    let line = parse(&format!("by mx.example {} with ESMTP", "x ".repeat(MAX)));
    assert_eq!(
        (line.by.as_deref(), line.protocol),
        (Some("mx.example"), None)
    );
    let line = parse(&format!("by mx.example; {}", "é".repeat(500)));
    assert_eq!(line.date_text.map(|text| text.len()), Some(120));
}
