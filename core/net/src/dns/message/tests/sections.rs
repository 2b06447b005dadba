//! Sections, header flags and the RCODE of a message; malformed messages.

use super::{A, read, whole};
use crate::dns::{
    message::*,
    wire::{QR, QUESTION_NAME, message, opt, record},
};

fn refused(octets: Vec<u8>) -> String {
    let why = Message::read(octets).expect_err("malformed");
    let start = "malformed response: ";
    why.strip_prefix(start)
        .unwrap_or_else(|| panic!("{why}"))
        .to_owned()
}

#[test]
fn reads_every_section_in_the_servers_order() {
    let octets = whole();
    let message = read(octets.clone());
    let presentations = |records: &[Record]| -> Vec<String> {
        records
            .iter()
            .map(|r| {
                format!(
                    "{} {} {} {} {}",
                    r.name,
                    r.ttl,
                    r.class,
                    r.rtype,
                    r.presentation()
                )
            })
            .collect()
    };

    assert_eq!((message.id, message.rcode), (7, OptRcode::NOERROR));
    assert_eq!(message.question, Some(("www.example.com".into(), Rtype::A)));
    assert_eq!(
        presentations(&message.answers),
        [
            "www.example.com 300 IN CNAME web.example.com.",
            "web.example.com 60 IN A 192.0.2.1",
            "web.example.com 60 IN A 192.0.2.2",
        ]
    );

    assert_eq!(
        presentations(&message.authority),
        ["example.com 3600 IN SOA ns.example.com. host.example.com. 1 7200 900 1209600 300"]
    );
    assert_eq!(
        presentations(&message.additional),
        ["ns.example.com 60 IN AAAA 2001:db8::1"]
    );
    assert_eq!(message.octets, octets);
    assert_eq!(
        message.addresses(),
        [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from),
        "those of the answer alone"
    );
}

#[test]
fn reads_each_header_flag_from_its_bit() {
    let flags = |bits: u16| read(message(QR | bits, None, [&[], &[], &[]])).flags;
    let none = Flags::default();
    for (bits, expected) in [
        (0, none),
        (0x0400, Flags { aa: true, ..none }),
        (0x0200, Flags { tc: true, ..none }),
        (0x0100, Flags { rd: true, ..none }),
        (0x0080, Flags { ra: true, ..none }),
        (0x0020, Flags { ad: true, ..none }),
        (0x0010, Flags { cd: true, ..none }),
        // Z, reserved
        (0x0040, none),
    ] {
        assert_eq!(flags(bits), expected, "{bits:#06x}");
    }
}

#[test]
fn the_rcode_includes_the_extended_bits_of_opt() {
    for (header, extended, expected) in [
        (0, None, OptRcode::NOERROR),
        (3, None, OptRcode::NXDOMAIN),
        (3, Some(0), OptRcode::NXDOMAIN),
        // RFC 6891 §9: 16 is BADVERS
        (0, Some(1), OptRcode::BADVERS),
        (7, Some(1), OptRcode::BADCOOKIE),
    ] {
        let records: Vec<_> = extended
            .map(|extended: u32| opt(1232, extended << 24, &[]))
            .into_iter()
            .collect();
        let message = read(message(QR | header, None, [&[], &[], &records]));
        assert_eq!(message.rcode, expected, "{header} {extended:?}");
    }
}

#[test]
fn rejects_a_message_truncated_at_any_byte() {
    let whole = whole();
    for end in 0..whole.len() {
        let why = Message::read(whole[..end].to_vec()).expect_err("cut off");
        assert!(why.starts_with("malformed response: "), "{end}: {why}");
    }
}

#[test]
fn does_not_panic_on_any_changed_byte() {
    let whole = whole();
    let mut readable = 0;
    for at in 0..whole.len() {
        for wrong in [0x00, 0x01, 0x3f, 0x40, 0x80, 0xc0, 0xff] {
            let mut octets = whole.clone();
            octets[at] = wrong;
            if let Ok(message) = Message::read(octets) {
                readable += 1;
                for record in message.answers.iter().chain(&message.authority) {
                    assert!(!record.name.is_empty() && !record.presentation().is_empty());
                }
            }
        }
    }
    assert!(
        readable > whole.len(),
        "most such messages still say something: {readable}"
    );
}

#[test]
fn rejects_malformed_names() {
    let long_label = [&[64][..], &[b'a'; 64], &[0]].concat();
    let too_long: Vec<u8> = [[63].as_slice(), &[b'a'; 63]].concat().repeat(4);
    for (owner, what) in [
        (vec![0xc0, 29], "a pointer to itself"),
        (vec![0xc0, 31], "a pointer ahead, into its own record"),
        (vec![0xff, 0xff], "a pointer behind the end"),
        (
            long_label,
            "a label of 64 octets, whose first bits mean something else",
        ),
        (vec![0x80, 1, 0], "a label type that was never given out"),
        (
            [too_long, vec![0]].concat(),
            "a name of more than 255 octets",
        ),
    ] {
        let answer = record(&owner, A, 60, &[192, 0, 2, 1]);
        let octets = message(QR, Some(("example.com", A)), [&[answer], &[], &[]]);
        assert!(!refused(octets).is_empty(), "{what}");
    }
}

#[test]
fn rejects_a_loop_of_compression_pointers() {
    // The question is a pointer to the owner of the answer, which points back.
    let mut octets = message(QR, None, [&[], &[], &[]]);
    octets[5] = 1;
    octets[7] = 1;
    octets.extend([0xc0, 18, 0, 1, 0, 1]);
    octets.extend(record(&[0xc0, 12], A, 60, &[192, 0, 2, 1]));
    assert!(!refused(octets).is_empty());
}

#[test]
fn rejects_counts_and_lengths_beyond_the_end() {
    let header = |counts: [u8; 8]| [&[0, 7, 0x80, 0][..], &counts].concat();
    for octets in [
        header([0, 1, 0, 0, 0, 0, 0, 0]),
        header([0, 0, 0, 1, 0, 0, 0, 0]),
        header([0, 0, 0, 0, 0xff, 0xff, 0, 0]),
        header([0xff; 8]),
    ] {
        assert_eq!(refused(octets), "unexpected end of input");
    }
    let mut octets = message(
        QR,
        Some(("a", A)),
        [&[record(QUESTION_NAME, A, 1, &[1, 2, 3, 4])], &[], &[]],
    );
    let length = octets.len() - 5;
    octets[length] = 5;
    assert_eq!(refused(octets), "unexpected end of input");
}

#[test]
fn accepts_a_header_alone() {
    let message = read(message(QR | 5, None, [&[], &[], &[]]));
    assert_eq!((message.rcode, message.question), (OptRcode::REFUSED, None));
    assert_eq!((message.answers.len(), message.edns), (0, None));
    assert_eq!(refused(vec![0; 11]), refused(Vec::new()));
}

#[test]
fn ignores_trailing_bytes() {
    let octets = [whole(), vec![0xde, 0xad]].concat();
    assert_eq!(read(octets).answers.len(), 3);
}
