//! The fields that a reader sees: decoded, bounded, the first of each.

use std::borrow::Cow;

use super::*;

fn field<'a>(name: &'a str, value: &'a str) -> HeaderField<'a> {
    HeaderField {
        name,
        value: Cow::Borrowed(value),
    }
}

fn from(value: &str) -> (Option<String>, Option<String>) {
    let summary = read(&[field("From", value)]);
    (summary.from, summary.from_domain)
}

#[test]
fn reads_authors() {
    for (value, shown, domain) in [
        ("x@a.example", Some("x@a.example"), Some("a.example")),
        ("<x@a.example>", Some("x@a.example"), Some("a.example")),
        (
            "Mary Smith <mary@x.test>",
            Some("Mary Smith <mary@x.test>"),
            Some("x.test"),
        ),
        (
            "\"Joe Q. Public\" <john.q.public@example.com>",
            Some("Joe Q. Public <john.q.public@example.com>"),
            Some("example.com"),
        ),
        (
            "Who? <one@Y.TEST>",
            Some("Who? <one@Y.TEST>"),
            Some("y.test"),
        ),
        (
            "x@a.example, y@b.example",
            Some("x@a.example"),
            Some("a.example"),
        ),
        // RFC 2047 §8.
        (
            "=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>",
            Some("André Pirard <PIRARD@vm1.ulg.ac.be>"),
            Some("vm1.ulg.ac.be"),
        ),
        (
            "=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>",
            Some("Keith Moore <moore@cs.utk.edu>"),
            Some("cs.utk.edu"),
        ),
        (
            "Bücher <x@bücher.example>",
            Some("Bücher <x@bücher.example>"),
            Some("bücher.example"),
        ),
        ("x@localhost", Some("x@localhost"), None),
        ("", None, None),
    ] {
        let expected = (shown.map(str::to_owned), domain.map(str::to_owned));
        assert_eq!(from(value), expected, "{value}");
    }
}

#[test]
fn reads_subjects() {
    let long = "é".repeat(2000);
    for (value, expected) in [
        ("Hello", Some("Hello")),
        ("a\r\n b\n\tc", Some("a b c")),
        (
            "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
            Some("If you can read this you understand the example."),
        ),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", Some("Grüße")),
        ("=?utf-8?q?a=07b=1B[31m?=", Some("a b [31m")),
        ("  ", None),
        ("", None),
    ] {
        assert_eq!(
            read(&[field("Subject", value)]).subject.as_deref(),
            expected,
            "{value}"
        );
    }
    let subject = read(&[field("subject", &long)]).subject.expect("a subject");
    assert_eq!(subject.len(), MAX_TEXT);
}

#[test]
fn reads_the_identifier_without_brackets() {
    for (value, expected) in [
        (
            "<1234@local.machine.example>",
            Some("1234@local.machine.example"),
        ),
        ("1234@x", Some("1234@x")),
        ("<>", None),
        ("", None),
    ] {
        let found = read(&[field("Message-Id", value)])
            .message_id
            .filter(|id| !id.is_empty());
        assert_eq!(found.as_deref(), expected, "{value}");
    }
}

#[test]
fn a_date_that_cannot_be_read_is_shown_as_written() {
    for (value, expected) in [
        (
            "Fri, 21 Nov 1997 09:55:06 -0600",
            Some("1997-11-21T15:55:06Z"),
        ),
        ("yesterday\u{7}", Some("yesterday")),
        (
            "Mon, 5 Oct 2026 07:00:00 +9900",
            Some("Mon, 5 Oct 2026 07:00:00 +9900"),
        ),
        ("", None),
    ] {
        assert_eq!(
            read(&[field("Date", value)]).date.as_deref(),
            expected,
            "{value}"
        );
    }
}

#[test]
fn the_first_of_each_counts() {
    let summary = read(&[
        field("Subject", "one"),
        field("SUBJECT", "two"),
        field("From", "one@a.example"),
        field("From", "two@b.example"),
        field("Date", "x"),
        field("Date", "Fri, 21 Nov 1997 09:55:06 -0600"),
    ]);
    assert_eq!(summary.subject.as_deref(), Some("one"));
    assert_eq!(summary.from.as_deref(), Some("one@a.example"));
    assert_eq!(summary.date.as_deref(), Some("x"));
    assert_eq!(read(&[]).from, None);
}

#[test]
fn rejects_header_injection_in_fields() {
    let summary = read(&[
        field("From", "x@a.example\r\nSubject: evil\r\n\r\nbody"),
        field("Subject", "good"),
    ]);
    assert_eq!(summary.subject.as_deref(), Some("good"));
    assert_eq!(domain_of("x@y@a.example").as_deref(), Some("a.example"));
    assert_eq!(domain_of("nobody"), None);
    assert_eq!(domain_of("x@unknown"), None);
}
