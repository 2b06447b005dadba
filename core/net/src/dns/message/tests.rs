use super::*;
use crate::dns::wire::{QR, QUESTION_NAME, message, name, opt, record};

const A: u16 = 1;
const CNAME: u16 = 5;
const SOA: u16 = 6;

/// Builds the response to `www.example.com A`, through a CNAME, with every section and EDNS.
fn whole() -> Vec<u8> {
    let soa = [
        name("ns.example.com"),
        name("host.example.com"),
        [1_u32, 7200, 900, 1_209_600, 300]
            .map(u32::to_be_bytes)
            .concat(),
    ]
    .concat();

    message(
        QR | 0x0580,
        Some(("www.example.com", A)),
        [
            &[
                // `web` and a pointer to `example.com` in the question
                record(QUESTION_NAME, CNAME, 300, &[3, b'w', b'e', b'b', 0xc0, 16]),
                record(&name("web.example.com"), A, 60, &[192, 0, 2, 1]),
                record(&name("web.example.com"), A, 60, &[192, 0, 2, 2]),
            ],
            &[record(&name("example.com"), SOA, 3600, &soa)],
            &[
                record(
                    &name("ns.example.com"),
                    28,
                    60,
                    &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                ),
                opt(1232, 0x8000, &[(3, b"gpdns-fra")]),
            ],
        ],
    )
}

fn read(octets: Vec<u8>) -> Message {
    Message::read(octets).unwrap_or_else(|why| panic!("{why}"))
}

fn refused(octets: Vec<u8>) -> String {
    let why = Message::read(octets).expect_err("malformed");
    let start = "malformed response: ";
    why.strip_prefix(start)
        .unwrap_or_else(|| panic!("{why}"))
        .to_owned()
}

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

/// A response of up to 64 KiB: an owner name of 255 bytes, then as many records with pointers to it as fit.
fn of_pointers(rtype: u16, data: &[u8]) -> Vec<u8> {
    let long = [
        vec![b'a'; 63],
        vec![0xff; 63],
        vec![b'c'; 63],
        vec![b'd'; 45],
    ];
    let mut owner = Vec::new();
    for label in &long {
        owner.push(label.len() as u8);
        owner.extend(label);
    }
    let first = 12 + name("example.com").len() + 4;
    owner.extend([0xc0, 12]);
    let pointer = (0xc000 | first as u16).to_be_bytes();

    let data: Vec<u8> = match data {
        [] => pointer.to_vec(),
        data => data.to_vec(),
    };
    let mut records = vec![record(&owner, rtype, 60, &data)];
    let next = record(&pointer, rtype, 60, &data);
    let room = usize::from(u16::MAX) - 300 - records[0].len();
    records.extend(std::iter::repeat_n(next.clone(), room / next.len()));
    message(QR, Some(("example.com", rtype)), [&records, &[], &[]])
}

#[test]
fn a_response_of_pointers_is_read_up_to_a_bound() {
    const NS: u16 = 2;
    for (rtype, data) in [(NS, &[][..]), (A, &[192, 0, 2, 1]), (65280, &[1, 2])] {
        let octets = of_pointers(rtype, data);
        let message = read(octets.clone());
        let [total, ..] = message.totals;
        assert_eq!(
            total,
            usize::from(u16::from_be_bytes([octets[6], octets[7]]))
        );
        assert!(message.answers.len() < total);

        let names: usize = message.answers.iter().map(|record| record.name.len()).sum();
        let text: usize = message
            .answers
            .iter()
            .map(|record| record.presentation().len())
            .sum();
        assert!(names <= 128 << 10, "{names} bytes of names");
        assert!(text <= 512 << 10, "{text} bytes of data");
        let records = message.answers.capacity() * size_of::<Record>();
        assert!(records <= 512 << 10, "{records} bytes of records");
    }
}

#[test]
fn a_large_response_without_tricks_is_read_in_full() {
    let owner = name("www.example.com");
    for (count, rtype, data) in [
        (1000, A, vec![192, 0, 2, 1]),
        (60, 16, [vec![250], vec![b'x'; 250]].concat().repeat(4)),
    ] {
        let records = vec![record(&owner, rtype, 60, &data); count];
        let message = read(message(
            QR,
            Some(("www.example.com", rtype)),
            [&records, &[], &[]],
        ));
        assert_eq!(
            (message.answers.len(), message.totals),
            (count, [count, 0, 0])
        );
    }
}

#[test]
fn totals_count_the_records_of_all_sections_without_opt() {
    assert_eq!(read(whole()).totals, [3, 1, 1]);
}
