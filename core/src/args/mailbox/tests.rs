use super::*;

fn wire(text: &str) -> String {
    parse(text).map_or_else(
        |invalid| panic!("{text:?}: {invalid}"),
        |mailbox| mailbox.wire(),
    )
}

#[test]
fn reads_addresses_in_every_spelling() {
    for (written, expected) in [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.L+x@Example.COM. ", "Ada.L+x@example.com"),
        ("Ada <ada@example.com>", "ada@example.com"),
        ("\"Lovelace, Ada <x>\" <ada@example.com>", "ada@example.com"),
        ("<ada@example.com>", "ada@example.com"),
        ("mailto:ada@example.com?subject=hi", "ada@example.com"),
        ("MAILTO:a%40b%2Bc@example.com", ""),
        ("mailto:a%2Bb@example.com", "a+b@example.com"),
        ("\"john smith\"@example.com", "\"john smith\"@example.com"),
        ("\"john\"@example.com", "john@example.com"),
        (
            "\"a\\\"b\\\\c@d\"@example.com",
            "\"a\\\"b\\\\c@d\"@example.com",
        ),
        ("\"\"@example.com", "\"\"@example.com"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a@[IPv6:2001:DB8::1]", "a@[IPv6:2001:db8::1]"),
        ("ada@b\u{fc}cher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        (
            "\u{7528}\u{6237}@\u{4f8b}\u{5b50}\u{3002}\u{5e7f}\u{544a}",
            "\u{7528}\u{6237}@xn--fsqu00a.xn--4rr70v",
        ),
        (
            "!#$%&'*+-/=?^_`{|}~@example.com",
            "!#$%&'*+-/=?^_`{|}~@example.com",
        ),
        ("user%host@example.com", "user%host@example.com"),
        ("a@localhost", "a@localhost"),
    ] {
        if expected.is_empty() {
            assert!(parse(written).is_err(), "{written}");
        } else {
            assert_eq!(wire(written), expected, "{written}");
        }
    }

    let mailbox = parse("\u{7528}\u{6237}@example.com").unwrap_or_else(|error| panic!("{error}"));
    assert!(mailbox.utf8 && !mailbox.quoted);
    assert_eq!(
        parse("a@[127.0.0.1]").map(|mailbox| mailbox.domain),
        Ok(MailDomain::Literal([127, 0, 0, 1].into()))
    );
}

#[test]
fn errors_have_the_position_of_the_fault() {
    for (written, part, says) in [
        ("", "", "expected an email address"),
        ("ada", "ada", "expected an @"),
        ("@example.com", "@example.com", "nothing before"),
        ("ada@", "", "nothing after"),
        ("a@b@example.com", "@", "more than one @"),
        ("a b@example.com", " ", "space"),
        ("a,b@example.com", ",", "quoted"),
        (".a@example.com", ".a", "dot"),
        ("a..b@example.com", "a..b", "dot"),
        ("a@example..com", "example..com", "dot"),
        ("a@-x.example", "-x", "hyphen"),
        // IDNA maps these to `-`, `>` and a space.
        ("a@\u{ff0d}x.example", "\u{ff0d}x", "internationalized"),
        ("a@x\u{ff1e}y.example", "x\u{ff1e}y", "internationalized"),
        ("a@x\u{2dc}y.example", "x\u{2dc}y", "internationalized"),
        ("a@under_score.example", "under_score", "'_'"),
        ("a@gmail,com", "gmail,com", "','"),
        ("a@192.0.2.1", "192.0.2.1", "brackets"),
        ("a@[192.0.2]", "[192.0.2]", "literal"),
        ("a@[IPv6:192.0.2.1]", "[IPv6:192.0.2.1]", "literal"),
        ("a@[2001:db8::1]", "[2001:db8::1]", "literal"),
        (
            "<@relay.example,@other.example:ada@example.com>",
            "@relay.example,@other.example:ada@example.com",
            "source route",
        ),
        ("ada(comment)@example.com", "(", "comments"),
        ("a\r\nRCPT TO:<b@c>@example.com", "\r", "line break"),
        ("a\0@example.com", "\0", "NUL"),
        ("a\u{202e}b@example.com", "\u{202e}", "U+202E"),
        (
            "Ada <ada@example.com",
            "Ada <ada@example.com",
            "missing `>`",
        ),
        (
            "\"open@example.com",
            "\"open@example.com",
            "missing closing quote",
        ),
        ("\"a\"b@example.com", "b@example.com", "expected an @"),
        ("\"a\"", "", "expected an @"),
        ("a@xn--\u{0}x", "\0", "NUL"),
    ] {
        let invalid = parse(written)
            .err()
            .unwrap_or_else(|| panic!("{written:?} was taken"));
        let place = invalid
            .part
            .clone()
            .and_then(|part| written.get(part))
            .unwrap_or("?");
        assert_eq!(place, part, "{written:?}: {invalid:?}");
        assert!(invalid.message.contains(says), "{written:?}: {invalid}");
    }

    assert!(parse("mailto:a%0d%0aRCPT@example.com").is_err());
    assert!(parse("mailto:a%zz@example.com").is_err());
}

#[test]
fn enforces_maximum_lengths() {
    assert!(parse(&format!("{}@example.com", "a".repeat(64))).is_ok());
    assert!(parse(&format!("{}@example.com", "a".repeat(65))).is_err());
    assert!(parse(&format!("{}@example.com", "\u{e9}".repeat(33))).is_err());
    assert!(parse(&format!("a@{}.example", "b".repeat(63))).is_ok());
    assert!(parse(&format!("a@{}.example", "b".repeat(64))).is_err());
    let label = format!("{}.", "b".repeat(61));
    // 4 × 62 + 4: a domain of 252 characters makes an address of 254 with a local part of one
    // letter.
    assert!(parse(&format!("a@{}exam", label.repeat(4))).is_ok());
    assert!(parse(&format!("ab@{}exam", label.repeat(4))).is_err());
}

#[test]
fn rejects_a_megabyte_without_reading_it() {
    let started = cpu_time::ThreadTime::now();
    for piece in ["a", "a@", "\"", "<", "%41", "\u{7528}", "\r\n", "@a:"] {
        assert!(parse(&piece.repeat(1_000_000)).is_err());
        let _ = parse(&piece.repeat(MAX_TEXT / piece.len()));
    }
    assert!(
        started.elapsed().as_millis() < 500,
        "{:?}",
        started.elapsed()
    );
}
