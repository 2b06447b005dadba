use super::*;

#[test]
fn the_client_hello_has_correct_lengths() {
    let hello = client_hello();
    assert_eq!(hello.len() - 5, usize::from(hello[4]));
    assert_eq!(hello.len() - 9, usize::from(hello[8]));
}

#[test]
fn formats_a_greeting_as_one_printable_line() {
    let say = |bytes: &[u8]| parse(bytes);
    assert_eq!(
        say(b"SSH-2.0-OpenSSH_9.2\r\nmore").as_deref(),
        Some("SSH-2.0-OpenSSH_9.2")
    );
    assert_eq!(
        say(b"HTTP/1.1 200 OK\r\nDate: x\r\nserver: nginx\r\n\r\n").as_deref(),
        Some("HTTP/1.1 200 OK, nginx")
    );
    assert_eq!(say(&[0x15, 3, 3, 0, 2, 2, 40]).as_deref(), Some("TLS"));
    assert_eq!(
        say(b"J\0\0\0\x0a8.0.36\0\x08").as_deref(),
        Some("MySQL 8.0.36")
    );
    assert_eq!(say(b"").as_deref(), None);
    assert_eq!(say(&[0, 1, 2, 3]).as_deref(), None);
    assert_eq!(
        say("a\u{202e}\x1b[31mb".as_bytes()).as_deref(),
        Some("a\u{fffd}\u{fffd}[31mb")
    );
    assert_eq!(
        say(&[b'x'; 256]).map(|text| text.len()),
        Some(MAX_CHARACTERS)
    );
}

#[test]
fn maps_ports_to_expected_protocols() {
    for (ports, expected) in [
        (&[21, 22, 25, 587, 3306, 5903][..], BannerKind::Greets),
        (&[80, 8080, 9090], BannerKind::Http),
        (&[443, 853, 993, 8443], BannerKind::Tls),
        (&[0, 1, 24, 82, 444, 5904, 65535], BannerKind::Unknown),
    ] {
        for port in ports {
            assert_eq!(kind(*port), expected, "{port}");
            assert_eq!(is_expected(*port), expected != BannerKind::Unknown);
        }
    }
}

#[test]
fn stops_reading_when_the_protocol_is_clear() {
    for (kind, bytes, enough) in [
        (BannerKind::Greets, &b""[..], false),
        (BannerKind::Greets, b"2", true),
        (BannerKind::Tls, b"\x15\x03", false),
        (BannerKind::Tls, b"\x15\x03\x03", true),
        (BannerKind::Http, b"HTTP/1.1 200 OK\r\n", false),
        (BannerKind::Http, b"HTTP/1.1 200 OK\r\n\r\n", true),
        (BannerKind::Http, &[b'x'; MAX_BYTES], true),
    ] {
        assert_eq!(is_enough(bytes, kind), enough, "{kind:?} {bytes:?}");
    }
}

#[test]
fn formats_a_hostile_greeting_as_one_short_printable_line() {
    for (bytes, expected) in [
        (&b"\n\n"[..], None),
        (b"\r\nhello", None),
        (b"   \t ", None),
        (b"\xff\xfe\xff", None),
        (b"a\x00b", Some("a\u{fffd}b")),
        (b"J\0\0\0\x0a", Some("J")),
        (b"J\0\0\0\x0a\xff\0", Some("J")),
        (b"\x16\x03\x05", None),
        (b"HTTP/1.1 200 OK", Some("HTTP/1.1 200 OK")),
        (
            b"HTTP/1.1 200 OK\r\n\r\nServer: body",
            Some("HTTP/1.1 200 OK"),
        ),
        (b"HTTP/1.1 200 OK\r\nSERVER:\r\n", Some("HTTP/1.1 200 OK,")),
    ] {
        assert_eq!(parse(bytes).as_deref(), expected, "{bytes:?}");
    }
    for mark in ['\u{200b}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{feff}'] {
        assert!(is_formatting(mark), "{mark:?}");
    }
    assert!(!is_formatting('ü') && !is_formatting('\u{2010}'));
}
