//! Dates by RFC 5322 with its examples, the obsolete forms, and what is none.

use super::*;

/// The moment and the zone; `-` for a date without a moment, nothing for what is no date.
fn read(text: &str) -> Option<(String, Option<String>)> {
    let date = parse(text)?;
    let at = date.at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    Some((at, date.zone))
}

fn holds(text: &str, at: &str, zone: Option<&str>) {
    assert_eq!(
        read(text),
        Some((at.to_owned(), zone.map(str::to_owned))),
        "{text}"
    );
}

#[test]
fn reads_the_examples_of_rfc_5322() {
    for (text, at, zone) in [
        (
            "Fri, 21 Nov 1997 09:55:06 -0600",
            "1997-11-21T15:55:06Z",
            "-0600",
        ),
        (
            "Tue, 1 Jul 2003 10:52:37 +0200",
            "2003-07-01T08:52:37Z",
            "+0200",
        ),
        ("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z", "GMT"),
        (
            "Thu,\r\n      13\r\n        Feb\r\n          1999\r\n      23:32\r\n               -0330 (Newfoundland Time)",
            "1999-02-14T03:02:00Z",
            "-0330",
        ),
    ] {
        holds(text, at, Some(zone));
    }

    // A comment inside the time is allowed by the grammar and written by nobody.
    assert_eq!(
        read("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600"),
        None
    );

    // Mail is younger than that.
    assert_eq!(read("Thu, 13 Feb 1969 23:32 -0330"), None);
}

#[test]
fn parses_zone_names() {
    for (zone, at) in [
        ("EST", "17:00"),
        ("EDT", "16:00"),
        ("CST", "18:00"),
        ("CDT", "17:00"),
        ("MST", "19:00"),
        ("MDT", "18:00"),
        ("PST", "20:00"),
        ("PDT", "19:00"),
        ("UT", "12:00"),
        ("Z", "12:00"),
        ("UTC", "12:00"),
        ("CET", "11:00"),
        ("CEST", "10:00"),
        ("MESZ", "10:00"),
        ("MSK", "09:00"),
        ("JST", "03:00"),
        ("BRT", "15:00"),
    ] {
        let expected = format!("2024-01-15T{at}:00Z");
        holds(
            &format!("15 Jan 2024 12:00:00 {zone}"),
            &expected,
            Some(zone),
        );
        let lower = zone.to_lowercase();
        holds(
            &format!("15 Jan 2024 12:00:00 {lower}"),
            &expected,
            Some(zone),
        );
    }
}

#[test]
fn an_unknown_zone_is_read_as_utc() {
    // RFC 5322 §4.3: the military letters were misdefined, so nothing is known of them.
    for zone in ["", "A", "XYZ", "Uhr", "+1234567"] {
        holds(
            &format!("15 Jan 2024 12:00:00 {zone}"),
            "2024-01-15T12:00:00Z",
            None,
        );
    }
}

#[test]
fn an_impossible_zone_gives_no_timestamp() {
    for zone in ["+1500", "-9900", "+0060", "+0199", "+02000", "+15:00"] {
        holds(&format!("15 Jan 2024 12:00:00 {zone}"), "-", None);
    }
    holds(
        "15 Jan 2024 12:00:00 +1459",
        "2024-01-14T21:01:00Z",
        Some("+1459"),
    );
    holds(
        "15 Jan 2024 12:00:00 -1400",
        "2024-01-16T02:00:00Z",
        Some("-1400"),
    );
}

#[test]
fn reads_offsets_in_their_spellings() {
    for (zone, at) in [
        ("+0200", "10:00"),
        ("+02:00", "10:00"),
        ("+2", "10:00"),
        ("+02", "10:00"),
        ("-700", "19:00"),
        ("+0545", "06:15"),
        ("UTC+2", "10:00"),
        ("GMT-0330", "15:30"),
        ("GMT+02:00", "10:00"),
        ("+0000", "12:00"),
        ("-0000", "12:00"),
    ] {
        holds(
            &format!("15 Jan 2024 12:00:00 {zone}"),
            &format!("2024-01-15T{at}:00Z"),
            Some(zone),
        );
    }
}

#[test]
fn reads_clocks() {
    for (clock, at) in [
        ("07:05", "07:05:00"),
        ("7:5", "07:05:00"),
        ("00:00:00", "00:00:00"),
        ("23:59:59", "23:59:59"),
        ("23:59:60", "23:59:59"),
        ("12:00:00.123456", "12:00:00"),
        ("12:00:00 AM", "00:00:00"),
        ("12:30:00 pm", "12:30:00"),
        ("1:00:00 PM", "13:00:00"),
        ("1:00:00 am", "01:00:00"),
    ] {
        holds(
            &format!("15 Jan 2024 {clock}"),
            &format!("2024-01-15T{at}Z"),
            None,
        );
    }

    for clock in [
        "24:00:00",
        "12:60",
        "23:59:61",
        "12",
        "12:",
        ":",
        "12:00:00x",
        "-1:00",
        "999:00",
    ] {
        assert_eq!(read(&format!("15 Jan 2024 {clock}")), None, "{clock}");
    }
}

#[test]
fn reads_iso_8601() {
    holds("2003-01-02T16:43:36Z", "2003-01-02T16:43:36Z", Some("Z"));
    holds(
        "2003-01-02T16:43:36+02:00",
        "2003-01-02T14:43:36Z",
        Some("+02:00"),
    );
    holds(
        "2003-01-02 16:43:36.5 +0100",
        "2003-01-02T15:43:36Z",
        Some("+0100"),
    );
    holds("2003/01/02 16:43", "2003-01-02T16:43:00Z", None);
    holds("02-Jan-2003 16:43", "2003-01-02T16:43:00Z", None);
    // Day or month: nobody knows.
    assert_eq!(read("02-01-2003 16:43"), None);
    assert_eq!(read("02/01/03 16:43"), None);
    assert_eq!(read("2003-01-02-03 16:43"), None);
}

#[test]
fn completes_short_years() {
    for (year, full) in [
        ("00", Some("2000")),
        ("49", Some("2049")),
        ("50", None),
        ("69", None),
        ("70", Some("1970")),
        ("99", Some("1999")),
        ("070", Some("1970")),
        ("126", Some("2026")),
        ("1969", None),
        ("1970", Some("1970")),
        ("9998", Some("9998")),
        ("9999", None),
        ("20240", None),
    ] {
        let found =
            read(&format!("15 Jan {year} 12:00:00 +0000")).map(|(at, _)| at[..4].to_owned());
        assert_eq!(found.as_deref(), full, "{year}");
    }
}

#[test]
fn knows_months_and_weekdays() {
    for (month, number) in [
        ("Jan", "01"),
        ("FEB", "02"),
        ("march", "03"),
        ("April", "04"),
        ("may", "05"),
        ("Jun", "06"),
        ("july", "07"),
        ("AUGUST", "08"),
        ("Sep", "09"),
        ("Sept", "09"),
        ("October", "10"),
        ("nov", "11"),
        ("December", "12"),
    ] {
        holds(
            &format!("Mon, 1 {month} 2024 00:00:00"),
            &format!("2024-{number}-01T00:00:00Z"),
            None,
        );
    }

    for word in ["Janu", "Okt", "Maerz", "Mrz", "13", "Ma"] {
        assert_eq!(read(&format!("1 {word} 2024 00:00:00")), None, "{word}");
    }

    // The weekday is not held against the date.
    for day in ["Sun,", "Tues,", "Thursday,", "wed", ""] {
        holds(
            &format!("{day} 5 Oct 2026 07:00:00"),
            "2026-10-05T07:00:00Z",
            None,
        );
    }

    assert_eq!(read("Mo, 5 Oct 2026 07:00:00"), None);
}

#[test]
fn rejects_days_that_do_not_exist() {
    holds("29 Feb 2024 00:00:00", "2024-02-29T00:00:00Z", None);
    for text in [
        "29 Feb 2023 00:00:00",
        "31 Apr 2024 00:00:00",
        "0 Jan 2024 00:00:00",
        "32 Jan 2024 00:00:00",
        "99999 Jan 2024 00:00:00",
        "Jan Feb 2024 00:00:00",
        "5 Oct Nov 2026 07:00:00",
        "５ Oct 2026 07:00:00",
        "5 Oct ２０２６ 07:00:00",
        "(",
        ")",
        "()",
        "(5 Oct 2026 07:00:00)",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(read(&"5 Oct 2026 ".repeat(10_000)), None);
}

#[test]
fn comments_before_and_behind_are_left_out() {
    holds(
        "(a) (b) 5 Oct 2026 07:00:00 +0000 (c)",
        "2026-10-05T07:00:00Z",
        Some("+0000"),
    );
    holds(
        "(a (b) c) 5 Oct 2026 07:00:00 +0000",
        "2026-10-05T07:00:00Z",
        Some("+0000"),
    );
    holds(
        "5 Oct 2026 07:00:00 +0000 (unclosed",
        "2026-10-05T07:00:00Z",
        Some("+0000"),
    );
}

#[test]
fn a_line_is_split_at_its_date() {
    let date = "5 Oct 2026 07:00:00 +0000";

    for (text, head, tail, readable) in [
        (
            format!("from a by b; {date}"),
            "from a by b",
            format!(" {date}"),
            true,
        ),
        (
            format!("from a (x; y) by b;{date}"),
            "from a (x; y) by b",
            date.to_owned(),
            true,
        ),
        (
            format!("from a; {date}; extra"),
            "from a",
            format!(" {date}; extra"),
            true,
        ),
        (
            "from a by b; nonsense".to_owned(),
            "from a by b",
            " nonsense".to_owned(),
            false,
        ),
        ("from a;".to_owned(), "from a", String::new(), false),
        (
            "by mx with SMTP id 4711 Wed, 1 Jul 1998 13:17:17 -0400".to_owned(),
            "by mx with SMTP id 4711 ",
            "Wed, 1 Jul 1998 13:17:17 -0400".to_owned(),
            true,
        ),
        (
            "by mx id 4711 2023-08-17 21:04:20 +0000".to_owned(),
            "by mx id 4711 ",
            "2023-08-17 21:04:20 +0000".to_owned(),
            true,
        ),
    ] {
        let (found, rest) = split(&text);
        let (behind, date) = rest.expect("a date");
        assert_eq!(
            (found, behind, date.is_some()),
            (head, tail.as_str(), readable),
            "{text}"
        );
    }

    for text in [
        "",
        "from a by b",
        "from a (;) by b",
        "from a (b; 5 Oct 2026 07:00:00 +0000)",
    ] {
        assert_eq!(split(text), (text, None), "{text}");
    }
}
