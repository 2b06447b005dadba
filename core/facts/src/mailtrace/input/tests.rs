//! Every wrapping of one message reads as the message itself.

use super::super::{Trace, TrustPolicy, trace};
use super::signed;

const MESSAGE: &str = include_str!("../fixtures/gmail.eml");

fn read(input: &[u8]) -> Trace {
    trace(input, &TrustPolicy::default())
}

fn same(name: &str, input: &[u8]) {
    let (found, plain) = (read(input), read(MESSAGE.as_bytes()));
    assert_eq!(found.hops, plain.hops, "{name}");
    assert_eq!(found.origin, plain.origin, "{name}");
    assert_eq!(found.subject, plain.subject, "{name}");
    assert_eq!(found.authentication, plain.authentication, "{name}");
}

fn each_line(with: impl Fn(&str) -> String) -> String {
    MESSAGE.lines().map(with).collect()
}

fn headers() -> &'static str {
    MESSAGE.split_once("\n\n").map_or(MESSAGE, |(head, _)| head)
}

#[test]
fn reads_what_people_paste() {
    same("CRLF", MESSAGE.replace('\n', "\r\n").as_bytes());
    same("CR", MESSAGE.replace('\n', "\r").as_bytes());
    same("headers alone", headers().as_bytes());
    same("quoted", each_line(|line| format!("> {line}\n")).as_bytes());
    same(
        "quoted thrice",
        each_line(|line| format!("> >> {line}\n")).as_bytes(),
    );
    same(
        "quoted without a space",
        each_line(|line| format!(">{line}\n")).as_bytes(),
    );
    same(
        "fenced",
        format!("look at this:\n```\n{}\n```\nthanks", headers()).as_bytes(),
    );
    same(
        "fenced with a language",
        format!("```text\r\n{}\r\n```", headers().replace('\n', "\r\n")).as_bytes(),
    );
    same(
        "fenced on one line",
        format!("```{}```", headers()).as_bytes(),
    );
    same(
        "fenced in a quote",
        format!("> ```\n{}> ```\n", each_line(|l| format!("> {l}\n"))).as_bytes(),
    );
}

#[test]
fn repairs_broken_folding_and_blank_lines() {
    same(
        "indented",
        each_line(|line| format!("    {line}\n")).as_bytes(),
    );
    same(
        "blank lines before",
        format!("\n\r\n \n{MESSAGE}").as_bytes(),
    );
    same(
        "mbox",
        format!("From alice@sender.example Mon Oct  5 09:00:00 2026\n{MESSAGE}").as_bytes(),
    );
    same("byte order mark", format!("\u{feff}{MESSAGE}").as_bytes());
    same(
        "folds lost",
        each_line(|line| format!("{}\n", line.trim_start())).as_bytes(),
    );
    same(
        "double spaced",
        headers()
            .lines()
            .map(|l| format!("{}\n\n", l.trim_start()))
            .collect::<String>()
            .as_bytes(),
    );

    same(
        "escaped",
        MESSAGE.replace('<', "&lt;").replace('>', "&gt;").as_bytes(),
    );
    same(
        "Outlook's first line",
        format!("Microsoft Mail Internet Headers Version 2.0\n{MESSAGE}").as_bytes(),
    );

    let units = |bom: &[u8], le: bool| {
        let pairs = MESSAGE
            .encode_utf16()
            .flat_map(|u| if le { u.to_le_bytes() } else { u.to_be_bytes() });
        bom.iter().copied().chain(pairs).collect::<Vec<u8>>()
    };

    same("UTF-16", &units(&[0xff, 0xfe], true));
    same("UTF-16, big endian", &units(&[0xfe, 0xff], false));
}

#[test]
fn reads_latin_1_and_utf_8() {
    let plain = MESSAGE.replace("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße");
    same("UTF-8", plain.as_bytes());
    let latin: Vec<u8> = plain.chars().map(|c| c as u8).collect();
    same("Latin-1", &latin);
}

#[test]
fn reads_an_outlook_file() {
    let mut file = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    file.resize(4096, 0);
    let received = headers()
        .find("Received:")
        .map_or("", |at| &headers()[at..]);
    file.extend(received.encode_utf16().flat_map(u16::to_le_bytes));
    file.extend([0; 512]);
    same(".msg", &file);
}

#[test]
fn bodies_are_not_headers() {
    let bounce = format!(
        "{MESSAGE}\nReceived: from x ([203.0.113.200]) by y; Mon, 5 Oct 2026 09:00:00 +0000\n"
    );
    same("a body that quotes headers", bounce.as_bytes());
    let large = format!("{MESSAGE}{}", "x".repeat(20 << 20));
    same("20 MB", large.as_bytes());
}

/// The message with the line ends that its signatures cover.
fn joined(bytes: &[u8]) -> Option<Vec<u8>> {
    let super::SignedMessage { mut head, body } = signed(bytes)?;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        head.extend_from_slice(text);
        if text.len() < line.len() {
            head.extend_from_slice(b"\r\n");
        }
    }
    Some(head)
}

#[test]
fn utf_16_is_recognized_without_a_byte_order_mark() {
    for little in [true, false] {
        let bytes = |unit: u16| {
            if little {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        };
        let wide: Vec<u8> = MESSAGE.encode_utf16().flat_map(bytes).collect();
        same("UTF-16 without a mark", &wide);
        assert_eq!(joined(&wide), joined(MESSAGE.as_bytes()));
    }
    let foreign: Vec<u8> = format!("{MESSAGE}ü")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(
        signed(&foreign),
        None,
        "the charset of the body is not known"
    );
}

#[test]
fn signatures_cover_the_message_itself() {
    let signed_bytes = joined(MESSAGE.as_bytes()).expect("a message");
    assert!(
        signed_bytes.starts_with(b"Delivered-To:") && signed_bytes.ends_with(b"\r\n\r\nHello.\r\n")
    );
    assert_eq!(
        joined(MESSAGE.replace('\n', "\r\n").as_bytes()),
        Some(signed_bytes)
    );
    assert_eq!(signed(headers().as_bytes()), None);
    assert_eq!(signed(format!("> {MESSAGE}").as_bytes()), None);
}

#[test]
fn truncation_inside_a_character_keeps_utf_8() {
    let text = |bytes: &[u8]| super::text(bytes).0.into_owned();
    assert_eq!(text("Grüße".as_bytes()), "Grüße");
    assert_eq!(text(&"Grü".as_bytes()[..3]), "Gr");
    assert_eq!(text(b"Gr\xfc\xdfe"), "Grüße");
    // Valid characters stay beside a byte that is none.
    assert_eq!(
        text(
            "ü \u{e9}"
                .as_bytes()
                .iter()
                .chain(b"\xe9 x")
                .copied()
                .collect::<Vec<_>>()
                .as_slice()
        ),
        "ü éé x"
    );
    assert_eq!(text(b"\xef\xbb\xbfa"), "a");
    assert_eq!(text(b"\xff\xfea\0b\0c"), "ab");
    assert_eq!(text(b"\xfe\xff\0a\0b"), "ab");
    assert_eq!(text(b"\xff\xfe"), "");
    assert_eq!(text(b""), "");
}

#[test]
fn an_outlook_file_is_searched_for_its_headers() {
    let file = |tail: &[u8]| {
        let bytes = [&[0xd0, 0xcf, 0x11, 0xe0, 0, 0, 0, 0][..], tail].concat();
        let (text, notes) = super::text(&bytes);
        (text.into_owned(), notes.len())
    };
    assert_eq!(file(b"xReceived: a\0rest"), ("Received: a".to_owned(), 1));
    assert_eq!(file(b"Received: \xfc"), ("Received: ü".to_owned(), 1));
    assert_eq!(file(b"nothing"), (String::new(), 1));
    assert_eq!(file(b"ReceivedReceive"), (String::new(), 1));
    assert_eq!(file(b""), (String::new(), 1));
}

#[test]
fn signatures_need_a_complete_message() {
    let of = |text: &str| {
        joined(text.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    assert_eq!(of("From: a\n\nb").as_deref(), Some("From: a\r\n\r\nb"));
    assert_eq!(
        of("\r\n\nFrom: a\r\n\r\nb\n").as_deref(),
        Some("From: a\r\n\r\nb\r\n")
    );
    assert_eq!(
        of("From a@b Mon\nFrom: a\n\nb").as_deref(),
        Some("From: a\r\n\r\nb")
    );
    assert_eq!(
        of("\u{feff}From: a\n\nb").as_deref(),
        Some("From: a\r\n\r\nb")
    );

    for text in [
        "",
        "\n\n",
        "From: a",
        "From: a\n\n",
        "From a@b",
        "hello\n\nb",
        "> From: a\n\nb",
        "```\nFrom: a\n\nb",
        "Note: a\n\nb",
    ] {
        assert_eq!(of(text), None, "{text:?}");
    }

    assert_eq!(signed(b"\xff\xfeF\0"), None);
    assert_eq!(signed(b"Fr\xfcm: a\n\nb"), None);
}
