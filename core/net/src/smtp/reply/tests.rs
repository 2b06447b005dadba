use super::*;

fn read(bytes: &[u8]) -> Result<Vec<Reply>, Malformed> {
    let mut parser = Parser::default();
    let mut replies = Vec::new();
    // byte by byte: the worst splitting there is
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
fn lines_are_put_together() {
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
fn enhanced_codes_are_read_wherever_they_stand() {
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
fn garbage_is_told_early() {
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
fn size_is_bounded() {
    let mut parser = Parser::default();
    parser.push(b"250 ");
    parser.push(&[b'a'; MAX_LINE]);
    assert_eq!(parser.take(), Err(Malformed::TooLong));
    let mut parser = Parser::default();
    parser.push("250-x\r\n".repeat(MAX_LINES + 1).as_bytes());
    assert_eq!(parser.take(), Err(Malformed::TooLong));
    let long = one(&format!("250-{}\r\n250 end\r\n", "\u{e9}".repeat(1500)));
    assert!(long.text().len() <= MAX_KEPT + 1, "{}", long.text().len());
}
