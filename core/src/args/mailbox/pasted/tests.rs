use crate::args::mailbox::parse;

#[test]
fn reads_an_address_however_it_was_pasted() {
    for pasted in [
        "<mailto:bob@example.com|bob@example.com>",
        "<mailto:bob@example.com|Bob Example>",
        "[bob@example.com](mailto:bob@example.com)",
        "[Bob](mailto:bob@example.com)",
        "[bob@example.com](https://example.com/)",
        "`bob@example.com`",
        "**bob@example.com**",
        "_bob@example.com_",
        "||bob@example.com||",
        "'bob@example.com'",
        "\"bob@example.com\"",
        "“bob@example.com”",
        "«bob@example.com»",
        "(bob@example.com)",
        "[bob@example.com]",
        "bob@example.com,",
        "bob@example.com;",
        "bob@example.com.",
        "bob@example.com)",
        "bob@example.com>",
        "bob@example.com!",
        "bob@example.com/",
        "bob@example[.]com",
        "bob@example(dot)com",
        "bob[at]example.com",
        "bob[AT]example[DOT]com",
        "bob(at)example.com",
        "bob {at} example {dot} com",
        "bob at example dot com",
        "bob AT example.com",
        "bob @ example.com",
        "bob＠example.com",
        "ｂｏｂ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "bob@example。com",
        "bob&#64;example.com",
        "mailto:bob@example.com",
        "mailto:bob@example.com?subject=hello%20you&body=x",
        "mailto://bob@example.com",
        "<mailto:bob@example.com>",
        "mailto:%3Cbob@example.com%3E",
        "MAILTO:bob%40example.com",
        "To: bob@example.com",
        "From: Bob <bob@example.com>",
        "email: bob@example.com",
        "smtp:bob@example.com",
        "Bob <bob@example.com>",
        "Bob <bob@example.com>,",
        "\"Bob, Example\" <bob@example.com>;",
        "bob@example.com (Bob)",
        "<bob@example.com> (Bob)",
        "<a href=\"mailto:bob@example.com\">Bob</a>",
        "&lt;bob@example.com&gt;",
        "\u{feff}bob@example.com",
        "\u{202a}bob@example.com\u{202c}",
        "\u{200b}bob@example.com\u{200b}",
        "\u{a0}bob@example.com\u{a0}",
        "  bob@example.com  ",
        "bob@\u{200b}example\u{ad}.com",
        "RCPT TO:<bob@example.com>",
    ] {
        let mailbox = parse(pasted).unwrap_or_else(|invalid| panic!("{pasted:?}: {invalid}"));
        assert_eq!(mailbox.wire(), "bob@example.com", "{pasted:?}");
    }
}

#[test]
fn leaves_valid_addresses_as_they_are() {
    for address in [
        "_bob_@example.com",
        "*@example.com",
        "bob_at_work@example.com",
        "'@example.com",
        "\"a b\"@example.com",
        "bob@[192.0.2.1]",
        "bob+to:x@example.com",
    ] {
        match parse(address) {
            Ok(mailbox) => assert_eq!(mailbox.wire(), address),
            Err(invalid) => assert!(address.contains(':'), "{address}: {invalid}"),
        }
    }
}

#[test]
fn what_is_no_address_stays_invalid() {
    for text in [
        "",
        "hello",
        "example.com",
        "<>",
        "[](mailto:)",
        "meet at noon",
        "at dot",
        "@",
        "bob@",
        "@example.com",
        "Bob Example bob@example.com",
        "Bob <bob@example.com",
        "bob\u{202e}x@example.com",
        "bob@example.com, ann@example.com",
        "a\r\nRCPT TO:<b@c>@example.com",
        "bob@example.com\u{0}",
    ] {
        assert!(parse(text).is_err(), "{text:?}");
    }
}
