//! Every field but the client, in the forms that servers write.

use super::*;
use crate::mailtrace::received;

fn line(text: &str) -> Received {
    received::parse(&format!("{text}; 5 Oct 2026 07:00:00 +0000"))
}

#[test]
fn reads_the_server() {
    for (text, by, address) in [
        ("by mx.example", Some("mx.example"), ""),
        ("by mx.example.", Some("mx.example"), ""),
        ("by MX", Some("MX"), ""),
        ("by mx.example (10.0.0.1)", Some("mx.example"), "10.0.0.1"),
        ("by mx.example:25", Some("mx.example"), ""),
        ("by mx (mxeue103 [192.0.2.67])", Some("mx"), "192.0.2.67"),
        ("by mx.example [192.0.2.1]", Some("mx.example"), "192.0.2.1"),
        ("by [192.0.2.9]", Some("192.0.2.9"), "192.0.2.9"),
        (
            "by [IPv6:2001:db8::9]",
            Some("IPv6:2001:db8::9"),
            "2001:db8::9",
        ),
        (
            "by 2002:a05:6402:35cc::1",
            Some("2002:a05:6402:35cc::1"),
            "2002:a05:6402:35cc::1",
        ),
        ("by mx.example (Exim 4.80.1.2)", Some("mx.example"), ""),
        ("by unknown", None, ""),
        ("by", None, ""),
        ("by <x>", Some("x"), ""),
        ("from a.example", None, ""),
    ] {
        let line = line(text);
        let found = line.by_address.map(|a| a.to_string()).unwrap_or_default();
        assert_eq!(
            (line.by.as_deref(), found.as_str()),
            (by, address),
            "{text}"
        );
    }
}

#[test]
fn reads_the_protocol() {
    let long = format!("with {}", "a".repeat(61));

    for (text, expected) in [
        ("with ESMTP", Some("ESMTP")),
        ("with esmtpsa", Some("esmtpsa")),
        ("with ESMTP/TLS/AES256-SHA", Some("ESMTP")),
        ("with P:esmtp/R:bind_hosts/T:smtp", Some("esmtp")),
        ("with P:", None),
        (
            "with ECDHE-RSA-AES256-GCM-SHA384 encrypted SMTP",
            Some("SMTP"),
        ),
        ("with AES256-SHA encrypted NONSENSE", None),
        (
            "with Microsoft SMTP Server id 15.20.1.1",
            Some("Microsoft SMTP Server"),
        ),
        (
            "with Internet Mail Service (5.5.2657.72)",
            Some("Internet Mail Service"),
        ),
        (
            "with one two three four five six",
            Some("one two three four five"),
        ),
        ("with HTTP", Some("HTTP")),
        ("with LMTP", Some("LMTP")),
        ("via HTTP", Some("HTTP")),
        ("via Frontend Transport", None),
        ("with {weird}", None),
        (long.as_str(), None),
        ("with", None),
        ("with (comment)", None),
    ] {
        let text = format!("by mx.example {text}");
        assert_eq!(line(&text).protocol.as_deref(), expected, "{text}");
    }
}

#[test]
fn reads_via() {
    let long = format!("by mx via {}", "a".repeat(61));
    for (text, expected) in [
        ("by mx via Frontend Transport", Some("Frontend Transport")),
        ("by mx via spool by other", Some("spool")),
        ("by mx via x=1", None),
        ("by mx via", None),
        (long.as_str(), None),
    ] {
        assert_eq!(line(text).via.as_deref(), expected, "{text}");
    }
}

#[test]
fn reads_the_id() {
    let (fits, long) = ("a".repeat(250), "a".repeat(251));
    for (text, expected) in [
        ("by mx id 4Yabm00000z1", Some("4Yabm00000z1")),
        ("by mx id <abc@mx.example>", Some("abc@mx.example")),
        ("by mx id=B42.1545", Some("B42.1545")),
        ("by mx ID=x,", Some("x")),
        ("by mx id (comment) x1", Some("x1")),
        ("by mx id", None),
        ("by mx id <>", None),
        (&format!("by mx id {fits}"), Some(fits.as_str())),
        (&format!("by mx id {long}"), None),
    ] {
        assert_eq!(line(text).id.as_deref(), expected, "{text}");
    }
}

#[test]
fn reads_the_recipient() {
    let (fits, long) = (
        format!("{}@b", "a".repeat(318)),
        format!("{}@b", "a".repeat(319)),
    );
    for (word, expected) in [
        ("<a@b.example>", Some("a@b.example")),
        ("a@b.example", Some("a@b.example")),
        ("\"a@b.example\"", Some("a@b.example")),
        ("<user>", Some("user")),
        ("user", None),
        ("<multiple recipients>", None),
        ("<>", None),
        ("<bücher@bücher.example>", Some("bücher@bücher.example")),
        (&fits, Some(fits.as_str())),
        (&long, None),
    ] {
        let text = format!("by mx.example for {word}");
        assert_eq!(line(&text).for_.as_deref(), expected, "{text}");
    }
}

#[test]
fn reads_the_envelopes_sender() {
    for (text, expected) in [
        ("by mx (envelope-from <a@b.example>)", Some("a@b.example")),
        ("by mx (envelope-from <>)", Some("")),
        ("by mx (envelope-sender <a@b.example>)", Some("a@b.example")),
        ("by mx (sender: <a@b.example>)", Some("a@b.example")),
        ("by mx (Return-Path: <a@b.example>)", Some("a@b.example")),
        (
            "by mx with esmtp envelope-from <a@b.example> id x",
            Some("a@b.example"),
        ),
        (
            "from a.example (envelope-from a@b.example) by mx",
            Some("a@b.example"),
        ),
        (
            "from <list@b.example> by mx with RULES",
            Some("list@b.example"),
        ),
        ("by mx (envelope-from)", None),
        ("by mx (something <a@b.example>)", None),
        ("by mx", None),
    ] {
        assert_eq!(line(text).envelope_from.as_deref(), expected, "{text}");
    }
}

#[test]
fn reads_comments_after_the_date() {
    let text = "by mx.example with SMTP; Mon, 5 Oct 2026 07:00:00 +0000 (UTC) (envelope-from <a@b.example>)";
    let line = received::parse(text);
    assert_eq!(line.envelope_from.as_deref(), Some("a@b.example"));
    assert_eq!(
        line.at.map(|at| at.to_string()).as_deref(),
        Some("2026-10-05T07:00:00Z")
    );
    assert_eq!(line.comment, None);
}

#[test]
fn other_comments_are_kept_together() {
    for (text, expected) in [
        (
            "by mx (Postfix) with ESMTP (queue 7) id x",
            Some("Postfix; queue 7"),
        ),
        (
            "(qmail 4711 invoked from network) by mx",
            Some("qmail 4711 invoked from network"),
        ),
        ("by mx (192.0.2.1) with SMTP", None),
        ("by mx () with SMTP", None),
        ("from a (b) by mx", None),
        ("by mx with ESMTPS (TLS1.3)", None),
    ] {
        assert_eq!(line(text).comment.as_deref(), expected, "{text}");
    }
    let long = line(&format!("by mx ({})", "é".repeat(300)))
        .comment
        .expect("a comment");
    assert_eq!((long.len(), long.chars().count()), (200, 100));
}

#[test]
fn a_clause_word_may_be_a_value() {
    // `from` behind `with` begins no clause before `with` has a word.
    let read = line("from a.example by mx.example with from SMTP");
    assert_eq!(read.protocol.as_deref(), Some("from SMTP"));
    let read = line("from a.example by tls with SMTP");
    assert_eq!(read.by.as_deref(), Some("tls"));
    let read = line("FROM a.example BY mx.example WITH smtp ID x FOR <a@b>");
    assert_eq!(
        (
            read.from_helo.as_deref(),
            read.by.as_deref(),
            read.id.as_deref(),
            read.for_.as_deref()
        ),
        (
            Some("a.example"),
            Some("mx.example"),
            Some("x"),
            Some("a@b")
        )
    );
}

#[test]
fn uses_the_first_clause_that_is_not_empty() {
    let read = line("by by mx.example by other.example");
    assert_eq!(read.by.as_deref(), Some("mx.example"));
    let read = line("by mx.example id id second id third");
    assert_eq!(read.id.as_deref(), Some("second"));
}
