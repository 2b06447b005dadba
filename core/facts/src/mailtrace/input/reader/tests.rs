use proptest::prelude::*;

use super::{
    super::{
        super::{TrustPolicy, trace},
        SignedMessage, signed,
    },
    *,
};

const MESSAGE: &str = include_str!("../../fixtures/gmail.eml");

/// What the reader makes of a message in parts of these lengths.
struct Outcome {
    start: Vec<u8>,
    signed: Option<(Vec<u8>, Vec<u8>)>,
}

fn read(message: &[u8], lengths: &[usize], min_start: usize) -> Outcome {
    let mut reader = MessageReader {
        next_check: min_start,
        ..MessageReader::default()
    };
    let (mut head, mut body) = (None, Vec::new());
    let mut rest = message;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (part, others) = rest.split_at((*length).clamp(1, rest.len()));
        rest = others;
        reader.push(part, |part| match part {
            SignedPart::Head(bytes) => assert_eq!(head.replace(bytes.to_vec()), None, "one head"),
            SignedPart::Body(bytes) => body.extend_from_slice(bytes),
        });
    }
    let signed = reader.is_signed().then(|| (head.expect("a head"), body));
    Outcome {
        start: reader.into_start(),
        signed,
    }
}

/// Asserts that the message in parts is traced and covered by signatures as the whole is.
fn same(message: &[u8], lengths: &[usize], min_start: usize) {
    let outcome = read(message, lengths, min_start);
    assert!(message.starts_with(&outcome.start));
    let traced = |bytes: &[u8]| format!("{:?}", trace(bytes, &TrustPolicy::default()));
    assert_eq!(traced(&outcome.start), traced(message));

    if outcome.start.len() < message.len() {
        let whole = signed(message).map(|SignedMessage { head, body }| (head, body.into_owned()));
        assert_eq!(outcome.signed, whole);
        if let Some((head, _)) = whole {
            assert_eq!(super::super::signed_head(&outcome.start), Some(head));
        }
    }
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Messages with everything by which a header section is wrapped or ended.
fn messages() -> Vec<Vec<u8>> {
    let long = format!("{MESSAGE}{}", "A line of the body.\n".repeat(200));
    let crlf = long.replace('\n', "\r\n");
    let mark = "\u{feff}";
    vec![
        long.clone().into_bytes(),
        crlf.clone().into_bytes(),
        long.replace('\n', "\r").into_bytes(),
        long.replace("\n\n", "\n \n").into_bytes(),
        long.replace('\n', "\n\n").into_bytes(),
        long.replacen("Subject:", "\nSubject:", 1).into_bytes(),
        format!("\r\n{mark}{long}").into_bytes(),
        format!("{mark}{crlf}").into_bytes(),
        format!("From ann Mon Mar  2\n{long}").into_bytes(),
        format!("Hello, look:\n```\n{long}\n```\n").into_bytes(),
        format!("```\n{}```\n{}", MESSAGE, "x: y\n".repeat(900)).into_bytes(),
        long.lines()
            .map(|line| format!("> {line}\n"))
            .collect::<String>()
            .into_bytes(),
        [long.as_bytes(), b"Gr\xfc\xdfe\n"].concat(),
        wide(&long),
        wide(&format!("{mark}{crlf}")),
        wide(&format!("{mark}{mark}{long}ü{long}")),
        [wide(&long).as_slice(), b"x"].concat(),
        "no message at all\n".repeat(300).into_bytes(),
        format!("{MESSAGE}{}", "\n".repeat(3000)).into_bytes(),
        Vec::new(),
    ]
}

#[test]
fn the_body_of_a_large_message_is_not_kept() {
    let large = format!("{MESSAGE}{}", "0123456789abcde\n".repeat(1 << 18));
    let outcome = read(large.as_bytes(), &[1000, 70_000], MIN_START);
    assert_eq!(outcome.start.len(), MIN_START);
    same(large.as_bytes(), &[1 << 20], MIN_START);
    same(&wide(&large), &[999, 100_000], MIN_START);

    let short = read(MESSAGE.as_bytes(), &[7], MIN_START);
    assert_eq!(short.start, MESSAGE.as_bytes());
}

#[test]
fn a_header_section_without_an_end_is_kept_up_to_its_bound() {
    let endless = "X-A: b\n".repeat(1 << 20);
    let outcome = read(endless.as_bytes(), &[1 << 20], MIN_START);
    assert!(outcome.start.len() <= MAX_START);
    assert_eq!(outcome.signed, None);
    same(endless.as_bytes(), &[1 << 20], MIN_START);
}

proptest! {
    #[test]
    fn a_message_in_parts_reads_as_the_whole(
        which in 0..messages().len(),
        lengths in proptest::collection::vec(1..400usize, 1..8),
        min_start in 16..3000usize,
    ) {
        same(&messages()[which], &lengths, min_start);
    }

    #[test]
    fn damaged_messages_in_parts_read_as_the_whole(
        which in 0..messages().len(),
        damage in proptest::collection::vec((0..6000usize, any::<u8>()), 1..20),
        length in 1..4000usize,
        min_start in 16..3000usize,
    ) {
        let mut message = messages().swap_remove(which);
        for (at, byte) in damage {
            if let Some(old) = message.get_mut(at) {
                *old = byte;
            }
        }
        same(&message, &[length], min_start);
    }
}
