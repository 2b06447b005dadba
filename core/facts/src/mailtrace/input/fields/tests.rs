//! What is a field, how a paste is unwrapped, and where the header section ends.

use super::*;

/// `name=value` of each field.
fn of(text: &str) -> Vec<String> {
    let show = |field: &HeaderField<'_>| format!("{}={}", field.name, field.value);
    read(text, text.len()).fields.iter().map(show).collect()
}

#[test]
fn detects_the_start_of_a_field() {
    for (line, expected) in [
        ("From: a", Some("From")),
        ("From:a", Some("From")),
        ("From :a", Some("From")),
        ("X-Foo_Bar.1: a", Some("X-Foo_Bar.1")),
        ("To:", Some("To")),
        ("T: a", None),
        ("1a: b", None),
        ("-a: b", None),
        ("https://example.com", None),
        ("fe80::1%12) with", None),
        ("a05:6402::1", None),
        ("ab: cd", Some("ab")),
        ("two words: x", None),
        ("Fröm: x", None),
        ("no colon", None),
        (": x", None),
        ("", None),
    ] {
        assert_eq!(field_name(line), expected, "{line}");
    }

    assert!(field_name(&format!("{}: x", "a".repeat(76))).is_some());
    assert_eq!(field_name(&format!("{}: x", "a".repeat(77))), None);
}

#[test]
fn knows_fields_of_headers() {
    for name in ["Received", "SUBJECT", "X-Anything", "x-", "list-id"] {
        assert!(is_known(name), "{name}");
    }
    for name in ["Hello", "Note", "Y-Foo", "", "x", "é-"] {
        assert!(!is_known(name), "{name}");
    }
}

#[test]
fn unwraps_quotes_and_indentation() {
    for (line, quotes, indent, rest) in [
        ("From: a", 0, 0, "From: a"),
        ("> From: a", 1, 0, "From: a"),
        (">> From: a", 2, 0, "From: a"),
        ("> >From: a", 2, 0, "From: a"),
        ("&gt; From: a", 1, 0, "From: a"),
        ("| From: a", 1, 0, "From: a"),
        ("    From: a", 0, 4, "From: a"),
        (">   From: a", 1, 2, "From: a"),
        ("\u{a0}From: a", 0, 2, "From: a"),
        ("", 0, 0, ""),
    ] {
        let (found, inner) = Wrapping::of(line);
        assert_eq!(
            (found.quotes, found.indent, inner),
            (quotes, indent, rest),
            "{line}"
        );
    }
    let (found, _) = Wrapping::of(&">".repeat(100));
    assert_eq!(found.quotes, 20);
}

#[test]
fn strips_the_wrapping_of_the_first_line_from_all_lines() {
    let wrapping = Wrapping {
        quotes: 1,
        indent: 2,
    };
    for (line, rest) in [
        (">   a", "a"),
        ("> a", "a"),
        (">     a", "  a"),
        ("a", "a"),
        ("", ""),
        (">", ""),
        ("> > a", "> a"),
    ] {
        assert_eq!(wrapping.strip(line), rest, "{line}");
    }
}

#[test]
fn lines_end_in_three_ways() {
    let all = |text| HeaderLines(text).collect::<Vec<_>>();
    assert_eq!(all("a\nb\r\nc\rd"), ["a", "b", "c", "d"]);
    assert_eq!(all("a\n\nb\n"), ["a", "", "b"]);
    assert_eq!(all("\r\n\r\n"), ["", ""]);
    assert_eq!(all("\n\r"), ["", ""]);
    assert_eq!(all(""), [""; 0]);
    assert_eq!(all("é\rü"), ["é", "ü"]);
}

#[test]
fn unfolds_values() {
    assert_eq!(
        of("Subject: a\n b\n\tc\nFrom: x\n"),
        ["Subject=a\n b\n\tc", "From=x"]
    );
    assert_eq!(of("Subject:\n a\nFrom: x"), ["Subject=a", "From=x"]);
    assert_eq!(of("Subject: a &lt;b&gt; &amp; c\n"), ["Subject=a <b> & c"]);
    assert_eq!(of("Subject: a &amp; c\n"), ["Subject=a &amp; c"]);
}

#[test]
fn words_before_the_first_field_are_skipped() {
    for text in [
        "hello,\nwhat is this?\n\nFrom: x\nSubject: y\n",
        "Note: read this\nFrom: x\nSubject: y\n",
        "```\nFrom: x\nSubject: y\n```\nTo: z\n",
        "\u{feff}From: x\nSubject: y",
        "`From: x\nSubject: y`",
        "From a@b Mon Oct  5\nFrom: x\nSubject: y",
    ] {
        assert_eq!(of(text), ["From=x", "Subject=y"], "{text}");
    }
    for text in ["", "\n\n", "hello", "Note: x", "```", "> > >", "From"] {
        assert_eq!(of(text), [""; 0], "{text:?}");
    }
}

#[test]
fn a_blank_line_ends_a_whole_section() {
    let read = |text: &str| {
        let input = super::read(text, text.len());
        (input.fields.len(), input.has_body)
    };
    assert_eq!(
        read("From: x\nDate: y\nSubject: z\n\nTo: body\n"),
        (3, true)
    );
    assert_eq!(read("From: x\n\nHello there\n"), (1, true));
    assert_eq!(read("From: x\n\n"), (1, false));
    // Not whole yet, and a known field follows: a blank line got lost in between.
    assert_eq!(
        read("From: x\nTo: a\n\nDate: y\n\nSubject: z\n"),
        (4, false)
    );
    // Every line has a blank one behind it.
    assert_eq!(
        read("From: x\n\nDate: y\n\nSubject: z\n\nTo: a\n\n\nTo: body\n"),
        (4, true)
    );
}

#[test]
fn notes_repairs() {
    let notes = |text: &str| super::read(text, text.len()).notes;
    assert_eq!(notes("From: x\nSubject: y\n"), [""; 0]);
    assert_eq!(
        notes("> From: x\n> Subject: y\n"),
        ["Quote marks were removed"]
    );
    assert_eq!(
        notes("Subject: a\nlost fold\nFrom: x\n"),
        ["Broken header folding was repaired"]
    );
}

#[test]
fn twenty_thousand_fields_are_read() {
    let text = "X-A: b\n".repeat(MAX_FIELDS + 10);
    let input = read(&text, text.len());
    assert_eq!(input.fields.len(), MAX_FIELDS);
    assert_eq!(
        input.notes,
        ["only the first 20000 header fields were read"]
    );
}

#[test]
fn notes_a_truncated_section() {
    let text = format!("Subject: {}", "a".repeat(MAX_HEAD));
    let head = &text[..MAX_HEAD];
    let input = read(head, text.len());
    assert_eq!(
        input.notes,
        ["header section truncated after 4194304 bytes"]
    );
    assert!(read(head, head.len()).notes.is_empty());
}
