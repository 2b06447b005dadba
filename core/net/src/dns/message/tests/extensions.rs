//! EDNS: its version, size, options and extended errors.

use super::read;
use crate::dns::{
    message::*,
    wire::{QR, message, opt},
};

/// Parses a message with one OPT record.
fn edns(ttl: u32, options: &[(u16, &[u8])]) -> (Edns, Vec<ExtendedError>) {
    let message = read(message(QR, None, [&[], &[], &[opt(4096, ttl, options)]]));
    (message.edns.expect("EDNS"), message.extended_errors)
}

#[test]
fn reads_version_size_and_do_flag_of_edns() {
    let (plain, _) = edns(0, &[]);
    assert_eq!(
        plain,
        Edns {
            version: 0,
            dnssec_ok: false,
            udp_size: 4096,
            options: vec![]
        }
    );
    let (signed, _) = edns(0x0001_8000, &[]);
    assert_eq!((signed.version, signed.dnssec_ok), (1, true));
}

#[test]
fn formats_edns_options() {
    let (edns, errors) = edns(
        0,
        &[
            (3, b"ns1"),
            (8, &[0, 1, 24, 0, 192, 0, 2]),
            (10, &[1, 2, 3, 4, 5, 6, 7, 8]),
            (11, &[0, 100]),
            (12, &[0; 7]),
            (65001, b"abc"),
        ],
    );
    assert!(errors.is_empty());
    insta::assert_snapshot!(edns.options.join("\n"), @r#"
    NSID: 6e 73 31 ("ns1")
    CLIENT-SUBNET: 192.0.2.0/24/0
    cookie 0102030405060708
    TCP keepalive 100
    padding of 7 octets
    option 65001 of 3 octets
    "#);
}

#[test]
fn keeps_at_most_sixteen_options() {
    let many = [(65001, &b"x"[..]); 40];
    assert_eq!(edns(0, &many).0.options.len(), 16);
}

#[test]
fn extended_errors_have_code_name_and_text() {
    let long = [b"\0\x06".as_slice(), &[b'x'; 600]].concat();
    let (edns, errors) = edns(
        0,
        &[
            (15, b"\0\x07signature expired"),
            (15, b"\0\x09"),
            // some servers add a NUL
            (15, b"\0\x16no answer\0"),
            (15, b"\xff\xfe\xff"),
            (15, &long),
        ],
    );

    assert!(
        edns.options.is_empty(),
        "not listed among the other options"
    );
    assert_eq!(errors[4].text.as_ref().map(String::len), Some(512));
    let texts: Vec<_> = errors[..4].iter().map(ToString::to_string).collect();

    insta::assert_snapshot!(texts.join("\n"), @r#"
    Signature Expired (7): signature expired
    DNSKEY Missing (9)
    No Reachable Authority (22): no answer
    Unassigned (65534): �
    "#);
}
