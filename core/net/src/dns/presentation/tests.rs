//! Wire bytes and the text that dig or the example of the RFC has for them.

use super::*;
use crate::dns::{
    Message,
    wire::{QR, message, name, record},
};

/// Formats the data of a record with this type and data on the wire.
fn shown(rtype: Rtype, data: &[u8]) -> String {
    let answer = record(&name("host.example"), rtype.to_int(), 60, data);
    let wire = message(
        QR,
        Some(("host.example", rtype.to_int())),
        [&[answer], &[], &[]],
    );
    let message = Message::read(wire).expect("a message");
    message.answers[0].presentation()
}

#[test]
fn every_listed_type_has_its_text() {
    for (rtype, data, expected) in EXAMPLES {
        assert_eq!(shown(*rtype, data), *expected, "{rtype}");
    }
}

#[test]
fn common_types_read_as_in_dig() {
    for (rtype, data, expected) in COMMON {
        assert_eq!(shown(*rtype, data), *expected, "{rtype}");
    }
}

#[test]
fn every_type_of_the_table_has_an_example() {
    for (rtype, _) in FORMATS {
        assert!(EXAMPLES.iter().any(|(known, ..)| known == rtype), "{rtype}");
    }
}

#[test]
fn data_cut_short_is_generic() {
    for (rtype, data, _) in EXAMPLES {
        // Some fields may be missing, so only the first octets are always too short.
        let may_be_empty = matches!(*rtype, Rtype::APL);
        if !may_be_empty {
            assert_eq!(shown(*rtype, &[]), "\\# 0", "{rtype}");
        }
        for length in 1..data.len() {
            // No length of any data stops the reader.
            let _ = shown(*rtype, &data[..length]);
        }
    }
}

#[test]
fn data_that_is_invalid_for_its_type_is_generic() {
    for (rtype, data, expected) in [
        (
            Rtype::LOC,
            &b"\x01\x12\x16\x13\x80\0\0\0\x80\0\0\0\0\x98\x96\x80"[..],
            "\\# 16 0112161380000000800000000098 9680",
        ),
        (
            Rtype::LOC,
            b"\0\xa2\x16\x13\x80\0\0\0\x80\0\0\0\0\x98\x96\x80",
            "\\# 16 00A21613800000008000000000989680",
        ),
        (
            Rtype::LOC,
            b"\0\x12\x16\x13\xff\xff\xff\xff\x80\0\0\0\0\x98\x96\x80",
            "\\# 16 00121613FFFFFFFF8000000000989680",
        ),
        (Rtype::EUI48, b"\0\0\x5e\0\x53", "\\# 5 00005E0053"),
        (
            Rtype::EUI48,
            b"\0\0\x5e\0\x53\x2a\0",
            "\\# 7 00005E00532A00",
        ),
        (Rtype::SPF, b"\x05abc", "\\# 4 05616263"),
        (Rtype::APL, b"\0\x01\x21\x01\xc0", "\\# 5 00012101C0"),
        (Rtype::APL, b"\0\x03\x08\x01\xc0", "\\# 5 00030801C0"),
        (
            Rtype::CSYNC,
            b"\0\0\0\x01\0\x03\0\x21",
            "\\# 8 0000000100030021",
        ),
        (Rtype::AMTRELAY, b"\x0a\x04", "\\# 2 0A04"),
        (Rtype::A6, b"\x81", "\\# 1 81"),
        (Rtype::NXT, b"\0\x80", "\\# 2 0080"),
        (Rtype::URI, b"\0\x0a", "\\# 2 000A"),
    ] {
        assert_eq!(
            shown(rtype, data),
            expected.replace("98 9680", "989680"),
            "{rtype}"
        );
    }
}

#[test]
fn types_without_a_format_are_generic() {
    for rtype in [10, 31, 32, 100, 103, 300, 65280] {
        assert_eq!(shown(Rtype::from_int(rtype), b"\x01\xab"), "\\# 2 01AB");
    }
}

#[test]
fn compressed_names_of_old_types_are_expanded() {
    // A pointer to the name in the question.
    for (rtype, data, expected) in [
        (Rtype::AFSDB, &b"\0\x01\xc0\x0c"[..], "1 host.example."),
        (Rtype::RT, b"\0\x0a\x03gw1\xc0\x0c", "10 gw1.host.example."),
        (
            Rtype::PX,
            b"\0\x0a\xc0\x0c\xc0\x11",
            "10 host.example. example.",
        ),
        (Rtype::NXT, b"\xc0\x0c\x40", "host.example. A"),
    ] {
        assert_eq!(shown(rtype, data), expected, "{rtype}");
    }
    // A pointer to itself, beyond the end, and one where no name may be compressed.
    assert!(shown(Rtype::RT, b"\0\x0a\xc0\xff").starts_with("\\# 4 "));
    assert!(shown(Rtype::HIP, b"\x01\x02\0\x01\xaa\xbb\xc0\x0c").starts_with("\\# 8 "));
}

#[test]
fn bitmaps_are_bounded() {
    let full = [0xff; 8192];
    let ports = [&b"\xc0\0\x02\x01\x06"[..], &full].concat();
    assert!(shown(Rtype::WKS, &ports).starts_with("\\# 8197 "));

    let mut types = vec![0, 0, 0, 1, 0, 3];
    for window in 0..=255 {
        types.extend([window, 32]);
        types.extend([0xff; 32]);
    }
    assert!(shown(Rtype::CSYNC, &types).starts_with("\\# 8710 "));
}

#[test]
fn strings_are_escaped() {
    assert_eq!(
        shown(Rtype::SPF, b"\x06a\"b\\c\n\x02\xc3\xa9"),
        r#""a\"b\\c\010" "\195\169""#
    );
    for (rtype, data) in [
        (Rtype::AFSDB, &b"\0\x01\x04a.b \0"[..]),
        (Rtype::MX, b"\0\x01\x04a.b \0"),
        (Rtype::SVCB, b"\0\x01\x04a.b \0"),
    ] {
        assert_eq!(shown(rtype, data), r"1 a\.b\032.", "{rtype}");
    }
    assert_eq!(shown(Rtype::TXT, b"\x04a\\ b"), r#""a\\ b""#);
}

#[rustfmt::skip]
const COMMON: &[(Rtype, &[u8], &str)] = &[
    (Rtype::MX, b"\0\x0a\x02mx\0", "10 mx."),
    (Rtype::HINFO, b"\x03PDP\x05UNI X", "\"PDP\" \"UNI X\""),
    (Rtype::MINFO, b"\x01a\0\x01b\0", "a. b."),
    (Rtype::RP, b"\x01a\0\0", "a. ."),
    (Rtype::SRV, b"\0\x01\0\x02\0\x50\x01s\0", "1 2 80 s."),
    (Rtype::NAPTR, b"\0\x64\0\x32\x01s\x03sip\0\x01a\0", "100 50 \"s\" \"sip\" \"\" a."),
    (Rtype::DNAME, b"\x01a\0", "a."),
    (Rtype::DS, b"\xd9\x2f\x08\x02\xab\xcd", "55599 8 2 ABCD"),
    (Rtype::CDS, b"\0\0\0\0\0", "0 0 0 00"),
    (Rtype::SSHFP, b"\x01\x02\xab\xcd", "1 2 ABCD"),
    (Rtype::TLSA, b"\x03\x01\x01\xab\xcd", "3 1 1 ABCD"),
    (Rtype::IPSECKEY, b"\x0a\x01\x02\xc0\0\x02\x26\x01\x02\x03", "10 1 2 192.0.2.38 AQID"),
    (Rtype::IPSECKEY, b"\x0a\0\x02\x01\x02\x03", "10 0 2 . AQID"),
    (Rtype::RRSIG, b"\0\x01\x05\x03\0\x01\x51\x80\x3e\x7c\x9d\xd7\x3e\x55\x10\xd7\x0a\x52\x03com\0\x01\x02\x03", "A 5 3 86400 20030322173103 20030220173103 2642 com. AQID"),
    (Rtype::NSEC, b"\x01a\0\0\x01\x40", "a. A"),
    (Rtype::DNSKEY, b"\x01\0\x03\x08\x01\x02\x03", "256 3 8 AQID"),
    (Rtype::NSEC3, b"\x01\0\0\x0a\x02\xab\xcd\x05\x01\x02\x03\x04\x05\0\x01\x40", "1 0 10 ABCD 04106105 A"),
    (Rtype::NSEC3PARAM, b"\x01\0\0\0\0", "1 0 0 -"),
    (Rtype::OPENPGPKEY, b"\x01\x02\x03", "AQID"),
    (Rtype::ZONEMD, b"\0\0\0\x07\x01\x01\xab\xcd\xab\xcd\xab\xcd\xab\xcd\xab\xcd\xab\xcd", "7 1 1 ABCDABCDABCDABCDABCDABCD"),
    (Rtype::CAA, b"\0\x05issueca.example", "0 issue \"ca.example\""),
    (Rtype::AAAA, b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "2001:db8::1"),
];

#[rustfmt::skip]
const EXAMPLES: &[(Rtype, &[u8], &str)] = &[
    (Rtype::WKS, b"\xc0\0\x02\x01\x06\0\0\x05\0\x40", "192.0.2.1 6 21 23 33"),
    (Rtype::AFSDB, b"\0\x01\x05bigbx\x02ua\0", "1 bigbx.ua."),
    (Rtype::X25, b"\x0c311061700956", "\"311061700956\""),
    (Rtype::ISDN, b"\x0f150862028003217\x03004", "\"150862028003217\" \"004\""),
    (Rtype::ISDN, b"\x0f150862028003217", "\"150862028003217\""),
    (Rtype::RT, b"\0\x0a\x05relay\x05prime\x03com\0", "10 relay.prime.com."),
    (Rtype::NSAP, b"\x47\0\x05\x80\0\x5a\0\0\0\0\x01\xe1\x33\xff\xff\xff\0\x01\x61\0", "0x47000580005A0000000001E133FFFFFF00016100"),
    (Rtype::NSAPPTR, b"\x03foo\0", "foo."),
    (Rtype::SIG, b"\0\x01\x01\x02\0\0\x0e\x10\x34\xaa\xdc\x80\x34\x84\xa1\0\x08\x3e\x03foo\0\x01\x02\x03", "A 1 2 3600 19980101000000 19971203000000 2110 foo. AQID"),
    (Rtype::KEY, b"\x01\0\x03\x05\x01\x02\x03", "256 3 5 AQID"),
    (Rtype::KEY, b"\xc2\0\x03\x05", "49664 3 5"),
    (Rtype::PX, b"\0\x0a\x02it\0\x07PRMD-it\0", "10 it. PRMD-it."),
    (Rtype::GPOS, b"\x08-32.6882\x08116.8652\x0410.0", "\"-32.6882\" \"116.8652\" \"10.0\""),
    (Rtype::LOC, b"\0\x33\x16\x13\x89\x17\x2d\xd0\x70\xbe\x15\xf0\0\x98\x8d\x20", "42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m"),
    (Rtype::NXT, b"\x03foo\0\x40\x01\0\x80", "foo. A MX SIG"),
    (Rtype::ATMA, b"\x0112025550123", "+12025550123"),
    (Rtype::ATMA, b"\0\x39\x01\x02", "390102"),
    (Rtype::KX, b"\0\x01\x02kx\0", "1 kx."),
    (Rtype::CERT, b"\0\x01\xff\xfe\xfe\x01\x02\x03", "PKIX 65534 PRIVATEOID AQID"),
    (Rtype::CERT, b"\x01\0\0\x01\0\x01", "256 1 0 AQ=="),
    (Rtype::A6, b"\x40\x12\x34\x56\x78\x9a\xbc\xde\xf0\x06subnet\0", "64 ::1234:5678:9abc:def0 subnet."),
    (Rtype::A6, b"\0\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "0 2001:db8::1"),
    (Rtype::A6, b"\x80\x06subnet\0", "128 subnet."),
    (Rtype::SINK, b"\x40\0\x01\x01\x02\x03", "64 0 1 AQID"),
    (Rtype::APL, b"\0\x01\x15\x03\xc0\xa8\x20\0\x01\x1c\x83\xc0\xa8\x26\0\x02\x08\x01\xff", "1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8"),
    (Rtype::APL, b"", ""),
    (Rtype::DHCID, b"\0\x01\x01\x39", "AAEBOQ=="),
    (Rtype::SMIMEA, b"\x03\0\x01\xab\xcd", "3 0 1 ABCD"),
    (Rtype::HIP, b"\x04\x02\0\x03\x20\x01\0\x10\x01\x02\x03\x03rvs\0", "2 20010010 AQID rvs."),
    (Rtype::NINFO, b"\x01a\x01b", "\"a\" \"b\""),
    (Rtype::RKEY, b"\0\0\xff\x01\x01\x02\x03", "0 255 1 AQID"),
    (Rtype::TALINK, b"\x02h0\0\x02h2\0", "h0. h2."),
    (Rtype::CSYNC, b"\0\0\0\x42\0\x03\0\x04\x60\0\0\x08", "66 3 A NS AAAA"),
    (Rtype::DSYNC, b"\0\x3b\x01\x14\xef\x0bcds-scanner\0", "CDS NOTIFY 5359 cds-scanner."),
    (Rtype::DSYNC, b"\0\x3e\x80\x14\xef\0", "CSYNC 128 5359 ."),
    (Rtype::HHIT, b"\x01\x02\x03", "AQID"),
    (Rtype::BRID, b"\x01\x02\x03", "AQID"),
    (Rtype::SPF, b"\x0bv=spf1 -all", "\"v=spf1 -all\""),
    (Rtype::NID, b"\0\x0a\0\x14\x4f\xff\xff\x20\xee\x64", "10 0014:4fff:ff20:ee64"),
    (Rtype::L32, b"\0\x0a\x0a\x01\x02\0", "10 10.1.2.0"),
    (Rtype::L64, b"\0\x0a\x20\x01\x0d\xb8\x11\x40\x10\0", "10 2001:0db8:1140:1000"),
    (Rtype::LP, b"\0\x0a\x0al64-subnet\0", "10 l64-subnet."),
    (Rtype::EUI48, b"\0\0\x5e\0\x53\x2a", "00-00-5e-00-53-2a"),
    (Rtype::EUI64, b"\0\0\x5e\xef\x10\0\0\x2a", "00-00-5e-ef-10-00-00-2a"),
    (Rtype::URI, b"\0\x0a\0\x01ftp://ftp1.example.com/public", "10 1 \"ftp://ftp1.example.com/public\""),
    (Rtype::AVC, b"\x0eapp-name:x|y\"z", "\"app-name:x|y\\\"z\""),
    (Rtype::DOA, b"\0\0\0\0\0\0\x27\x10\x01\0\x01\x02\x03", "0 10000 1 \"\" AQID"),
    (Rtype::DOA, b"\0\0\0\0\0\0\x27\x10\x02\x09text/html", "0 10000 2 \"text/html\" -"),
    (Rtype::AMTRELAY, b"\x0a\x01\xcb\0\x71\x0f", "10 0 1 203.0.113.15"),
    (Rtype::AMTRELAY, b"\x0a\x82\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x15", "10 1 2 2001:db8::15"),
    (Rtype::AMTRELAY, b"\x80\x83\x09amtrelays\0", "128 1 3 amtrelays."),
    (Rtype::AMTRELAY, b"\x0a\0", "10 0 0 ."),
    (Rtype::RESINFO, b"\x08qnamemin\x0cexterr=15-17", "\"qnamemin\" \"exterr=15-17\""),
    (Rtype::WALLET, b"\x03BTC\x03abc", "\"BTC\" \"abc\""),
    (Rtype::CLA, b"\x05TCP-1", "\"TCP-1\""),
    (Rtype::IPN, b"\0\0\0\x01\0\0\0\x02", "4294967298"),
    (Rtype::TA, b"\xd9\x2f\x08\x02\xab\xcd", "55599 8 2 ABCD"),
    (Rtype::DLV, b"\xd9\x2f\x08\x02\xab\xcd", "55599 8 2 ABCD"),
];
