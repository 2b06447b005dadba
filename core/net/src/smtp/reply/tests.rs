use super::*;

fn read(bytes: &[u8]) -> Result<Vec<Reply>, Malformed> {
    let mut parser = Parser::default();
    let mut replies = Vec::new();
    // byte by byte, the worst case of splitting
    for byte in bytes {
        parser.push(&[*byte]);
        replies.extend(parser.take()?);
    }
    Ok(replies)
}

fn one(text: &str) -> Reply {
    read(text.as_bytes())
        .ok()
        .and_then(|mut all| all.pop())
        .unwrap_or_else(|| panic!("{text:?}"))
}

fn enhanced(text: &str) -> Option<String> {
    one(text).enhanced.map(|code| code.to_string())
}

#[test]
fn joins_lines() {
    let reply =
        one("550-5.1.1 The email account\r\n550-5.1.1 does not exist.\r\n550 5.1.1 gsmtp\r\n");
    assert_eq!(reply.code, 550);
    assert_eq!(
        reply.enhanced,
        Some(Enhanced {
            class: 5,
            subject: 1,
            detail: 1
        })
    );

    assert_eq!(
        reply.lines,
        ["The email account", "does not exist.", "gsmtp"]
    );

    let both = read(b"250 a\n250\r\n").unwrap_or_default();

    assert_eq!(
        both.iter().map(|reply| reply.text()).collect::<Vec<_>>(),
        ["a", ""]
    );
    assert_eq!(one("550 gel\u{f6}scht\r\n").text(), "gel\u{f6}scht");
    assert_eq!(
        read(b"550 gel\xf6scht\r\n").map(|all| all[0].text()),
        Ok("gel\u{f6}scht".into())
    );
}

#[test]
fn finds_enhanced_codes_anywhere_in_the_text() {
    assert_eq!(enhanced("550 5.1.1 no\r\n").as_deref(), Some("5.1.1"));
    assert_eq!(
        enhanced("550 #5.1.0 Address rejected.\r\n").as_deref(),
        Some("5.1.0")
    );
    assert_eq!(
        enhanced("553 sorry, no mailbox here (#5.1.1)\r\n").as_deref(),
        Some("5.1.1")
    );
    assert_eq!(
        enhanced("550 cuda_nsu 5.1.1 no\r\n").as_deref(),
        Some("5.1.1")
    );
    assert_eq!(enhanced("550 5.1.1: no\r\n").as_deref(), Some("5.1.1"));
    assert_eq!(
        enhanced("450 5.1.1 class of the reply\r\n").as_deref(),
        Some("4.1.1")
    );

    for none in [
        "550 5.1 no\r\n",
        "550 5.1.1.1 no\r\n",
        "550 1.1.1.1 no\r\n",
        "550 5.1.1a\r\n",
    ] {
        assert_eq!(enhanced(none), None, "{none}");
    }
}

#[test]
fn reports_garbage_early() {
    assert!(matches!(read(b"SSH-2"), Err(Malformed::NotAReply(_))));
    assert!(matches!(
        read(b"\x16\x03\x01"),
        Err(Malformed::NotAReply(_))
    ));
    assert!(matches!(read(b"25x"), Err(Malformed::NotAReply(_))));
    assert!(matches!(read(b"250_x\r\n"), Err(Malformed::NotAReply(_))));
    assert!(matches!(
        read(b"\r\n250 x\r\n"),
        Err(Malformed::NotAReply(_))
    ));
    assert!(matches!(read(b"120 x\r\n"), Err(Malformed::NotAReply(_))));
}

#[test]
fn limits_the_size_of_a_reply() {
    let mut parser = Parser::default();
    parser.push(b"250 ");
    parser.push(&[b'a'; MAX_LINE]);
    assert_eq!(parser.take(), Err(Malformed::TooLong));
    let mut parser = Parser::default();
    parser.push("250-x\r\n".repeat(MAX_LINES + 1).as_bytes());
    assert_eq!(parser.take(), Err(Malformed::TooLong));
    let long = one(&format!("250-{}\r\n250 end\r\n", "\u{e9}".repeat(1500)));
    assert!(long.text().len() <= MAX_TEXT + 1, "{}", long.text().len());
}

#[test]
fn limits_are_exact_to_the_byte() {
    let line = |text: usize| format!("250 {}\n", "a".repeat(text));
    // Code and space are four of the 4,096.
    assert_eq!(one(&line(MAX_LINE - 4)).code, 250);
    assert_eq!(read(line(MAX_LINE - 3).as_bytes()), Err(Malformed::TooLong));

    let lines = |count: usize| format!("{}250 end\r\n", "250-x\r\n".repeat(count - 1));
    assert_eq!(one(&lines(MAX_LINES)).lines.len(), MAX_LINES);
    assert_eq!(
        read(lines(MAX_LINES + 1).as_bytes()),
        Err(Malformed::TooLong)
    );

    let long = format!("250-{}\r\n", "a".repeat(4000));
    let most = MAX_REPLY / long.len();
    let whole = |count: usize| format!("{}250 end\r\n", long.repeat(count));
    assert_eq!(one(&whole(most)).code, 250);
    assert_eq!(read(whole(most + 1).as_bytes()), Err(Malformed::TooLong));
}

#[test]
fn resets_limits_for_the_next_reply() {
    let reply = format!("{}250 end\r\n", "250-x\r\n".repeat(MAX_LINES - 1));
    let all = read(reply.repeat(3).as_bytes()).expect("three replies");
    assert_eq!(all.len(), 3);
    let both = read(b"550-5.1.1 no\r\n550 5.1.1 no\r\n250 yes\r\n").expect("two");
    assert_eq!((both[1].enhanced, both[1].text()), (None, "yes".into()));
}

#[test]
fn returns_the_text_of_a_partial_reply() {
    let partial = |bytes: &[u8]| {
        let mut parser = Parser::default();
        parser.push(bytes);
        assert_eq!(parser.take(), Ok(None));
        (parser.partial(), parser.is_amid(), parser.is_empty())
    };
    assert_eq!(partial(b""), (String::new(), false, true));
    assert_eq!(partial(b"2"), ("2".into(), true, false));
    assert_eq!(partial(b"250-a\r\n"), ("a".into(), true, false));
    assert_eq!(
        partial(b"250-a\r\n250 b\r"),
        ("a\n250 b\r".into(), true, false)
    );
    assert_eq!(partial(b"250 \xfc").0, "250 \u{fc}");
}

#[test]
fn accepts_or_rejects_each_form_of_line() {
    for (line, expected) in [
        ("250", Some((250, false))),
        ("250 ok", Some((250, false))),
        ("250\tok", Some((250, false))),
        ("250-ok", Some((250, true))),
        ("250-", Some((250, true))),
        ("599 x", Some((599, false))),
        ("200 x", Some((200, false))),
        ("199 x", None),
        ("600 x", None),
        ("2500 x", None),
        ("25", None),
        ("", None),
        ("250ok", None),
        ("\u{ff12}50 x", None),
    ] {
        assert_eq!(head(line.as_bytes()), expected, "{line:?}");
    }
}

#[test]
fn accepts_enhanced_codes_within_their_limits() {
    for (text, expected) in [
        ("550 5.999.999 x\r\n", Some("5.999.999")),
        ("550 5.1000.1 x\r\n", None),
        ("550 5.0.0\r\n", Some("5.0.0")),
        ("550 3.1.1 x\r\n", None),
        ("550 5.1.\r\n", None),
        ("550 5..1 x\r\n", None),
        ("550 5.1.1-x\r\n", None),
        ("550 one two three 5.1.1\r\n", None),
        ("250 sent by version 4.1.1\r\n", None),
        ("354 2.0.0 go\r\n", Some("2.0.0")),
    ] {
        assert_eq!(enhanced(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn enhanced_codes_are_read_back_from_json() {
    let code = Enhanced {
        class: 5,
        subject: 1,
        detail: 100,
    };
    let json = serde_json::to_string(&code).expect("JSON");
    assert_eq!(json, "\"5.1.100\"");
    assert_eq!(
        serde_json::from_str::<Enhanced>(&json).expect("a code"),
        code
    );

    for wrong in [
        "\"3.1.1\"",
        "\"5.1\"",
        "\"5.1.1.1\"",
        "\"5.1.1000\"",
        "\"\"",
        "511",
        "null",
    ] {
        assert!(serde_json::from_str::<Enhanced>(wrong).is_err(), "{wrong}");
    }
}
