//! Record data in presentation format, addresses, aliases and the negative TTL.

use super::{A, read, whole};
use crate::dns::{
    message::*,
    wire::{QR, QUESTION_NAME, message, name, record},
};

pub(super) const SOA: u16 = 6;

/// Parses a message with one record in its answer section.
fn with(rtype: u16, data: &[u8]) -> Message {
    let record = record(QUESTION_NAME, rtype, 60, data);
    read(message(
        QR,
        Some(("example.com", rtype)),
        [&[record], &[], &[]],
    ))
}

#[test]
fn formats_data_as_in_zone_files() {
    let mx = [&[0, 10][..], &name("mail.example.com")].concat();
    let srv = [&[0, 1, 0, 2, 0x14, 0x66][..], &name("sip.example.com")].concat();
    let caa = b"\0\x05issueca.example.net";
    let https = b"\0\x01\0\0\x01\0\x03\x02h2";
    let ds = [&[0x30, 0x39, 13, 2][..], &[0xab; 32]].concat();

    for (rtype, data, expected) in [
        (15, &mx[..], "10 mail.example.com."),
        (33, &srv, "1 2 5222 sip.example.com."),
        (16, b"\x05v=spf\x04 -al", r#""v=spf" " -al""#),
        (16, b"\x04a\"b\\", r#""a\"b\\""#),
        (16, b"\x03\xff\x00\n", r#""\255\000\010""#),
        (16, b"\0", r#""""#),
        (257, caa, r#"0 issue "ca.example.net""#),
        (65, https, "1 . alpn=h2"),
        (43, &ds, &format!("12345 13 2 {}", "AB".repeat(32))),
        (2, b"\0", "."),
        // RFC 3597 §5
        (65280, &[0xde, 0xad, 0xbe, 0xef], r"\# 4 DEADBEEF"),
        (65280, &[], r"\# 0"),
    ] {
        assert_eq!(
            with(rtype, data).answers[0].presentation(),
            expected,
            "type {rtype}"
        );
    }
}

#[test]
fn formats_invalid_data_as_raw_bytes_and_keeps_other_records() {
    let odd = record(QUESTION_NAME, A, 60, &[192, 0, 2]);
    let good = record(QUESTION_NAME, A, 60, &[192, 0, 2, 1]);
    let message = read(message(
        QR,
        Some(("example.com", A)),
        [&[odd, good], &[], &[]],
    ));
    let presentations: Vec<_> = message.answers.iter().map(Record::presentation).collect();
    assert_eq!(presentations, [r"\# 3 C00002", "192.0.2.1"]);
    assert_eq!(message.answers[0].rtype, Rtype::A);
    assert_eq!(message.addresses(), [IpAddr::from([192, 0, 2, 1])]);
}

#[test]
fn without_dot_removes_only_the_final_dot() {
    for (text, expected) in [
        ("example.com.", "example.com"),
        ("example.com", "example.com"),
        (".", "."),
        ("", "."),
        ("a\\.", "a\\."),
        ("..", "."),
        ("münchen.example.", "münchen.example"),
    ] {
        assert_eq!(without_dot(text), expected, "{text:?}");
    }
}

#[test]
fn the_negative_ttl_is_the_smaller_of_ttl_and_minimum() {
    let negative = |ttl: u32, minimum: u32| {
        let times = [1, 2, 3, 4, minimum].map(u32::to_be_bytes).concat();
        let soa = [vec![0], vec![0], times].concat();
        let records = [record(&[0], 2, 9, &[0]), record(&[0], SOA, ttl, &soa)];
        read(message(QR | 3, None, [&[], &records, &[]])).negative_ttl()
    };
    assert_eq!(negative(3600, 300), Some(300));
    assert_eq!(negative(60, 300), Some(60));
    assert_eq!(negative(0, 0), Some(0));
    assert_eq!(
        read(message(QR | 3, None, [&[], &[], &[]])).negative_ttl(),
        None
    );
    assert_eq!(read(whole()).negative_ttl(), Some(300));
}

#[test]
fn addresses_are_those_of_the_queried_name() {
    let read = |answers: &[Vec<u8>]| {
        let wire = message(QR, Some(("www.example", 1)), [answers, &[], &[]]);
        Message::read(wire).expect("a message").addresses()
    };
    let address = |owner: &str, last: u8| record(&name(owner), 1, 60, &[192, 0, 2, last]);
    let alias = |owner: &str, target: &str| record(&name(owner), 5, 60, &name(target));
    let delegation = |owner: &str, target: &str| record(&name(owner), 39, 60, &name(target));
    let found = |last: u8| vec![IpAddr::from([192, 0, 2, last])];

    let other = address("other.example", 66);
    for (answers, expected) in [
        (vec![address("WWW.example", 1), other.clone()], found(1)),
        (vec![other.clone()], vec![]),
        (
            vec![
                alias("www.example", "web.example"),
                other.clone(),
                address("web.example", 2),
            ],
            found(2),
        ),
        // A DNAME without the CNAME that follows from it.
        (
            vec![delegation("example", "test"), address("www.test", 3)],
            found(3),
        ),
        (
            vec![
                alias("www.example", "a.test"),
                alias("a.test", "www.example"),
                other,
            ],
            vec![],
        ),
    ] {
        assert_eq!(read(&answers), expected);
    }
}

#[test]
fn a_dname_redirects_names_below_it() {
    let data = |owner: &str, target: &str| {
        let wire = record(&name(owner), 39, 60, &name(target));
        let wire = message(QR, Some(("x.test", 1)), [&[wire], &[], &[]]);
        Message::read(wire).expect("a message").answers.remove(0)
    };
    let record = data("example.test", "other.test");
    for (queried, expected) in [
        ("a.b.EXAMPLE.test", Some("a.b.other.test")),
        ("example.test", None),
        ("xexample.test", None),
        (r"a\.example.test", None),
        (r"a\\.example.test", Some(r"a\\.other.test")),
        ("test", None),
    ] {
        assert_eq!(
            record.alias_target(queried).as_deref(),
            expected,
            "{queried}"
        );
    }
    assert_eq!(
        data("", "test").alias_target("a").as_deref(),
        Some("a.test")
    );
    assert_eq!(
        data("test", "").alias_target("a.test").as_deref(),
        Some("a")
    );

    let long = vec!["a".repeat(63); 3].join(".");
    let target = ["b".repeat(63), "c".repeat(63)].join(".");
    let too_long = data("test", &target).alias_target(&format!("{long}.test"));
    assert_eq!(too_long, None);
}
