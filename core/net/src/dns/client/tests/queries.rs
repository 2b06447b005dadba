//! Queries as sent: flags, EDNS, TCP, and names in wire format.

use std::{io, net::IpAddr};

use super::{GOOD, client, good, servers::from, summary};
use crate::dns::{
    client::*,
    wire::{
        self, FORMERR, QR, QUESTION_NAME, SERVFAIL, Scripted, TC, answer, opt, record, upstream,
    },
};

#[tokio::test]
async fn retries_a_truncated_response_over_tcp() {
    let server = Scripted::start(|query| Some(answer(query, TC, None)), Some(good)).await;
    let response = client(&[&server], 1)
        .query("www.example.com", Rtype::A)
        .await
        .expect("an answer");
    assert_eq!(response.transport, Transport::Tcp);
    assert_eq!(response.message.addresses(), [IpAddr::from(GOOD)]);
    assert!(!response.message.flags.tc);
}

#[tokio::test]
async fn returns_the_truncated_response_if_tcp_fails() {
    // A server that closes each TCP connection at once.
    let short = |query: &[u8]| Some(answer(query, TC, Some(GOOD)));
    let server = Scripted::start(short, Some(|_| None)).await;
    let response = client(&[&server], 1)
        .query("www.example.com", Rtype::A)
        .await
        .expect("an answer");
    assert_eq!(response.transport, Transport::Udp);
    assert!(response.message.flags.tc && response.message.addresses().len() == 1);
}

#[tokio::test]
async fn retries_without_edns_after_formerr_or_notimp() {
    let old = |query: &[u8]| match query[11] {
        0 => good(query),
        _ => Some(answer(query, 1, None)),
    };
    let server = Scripted::start(old, None).await;
    assert_eq!(
        summary(&client(&[&server], 1)).await,
        from(&server, "192.0.2.1")
    );
    assert_eq!(server.query_count(), 2);
}

#[tokio::test]
async fn addresses_of_one_family_are_enough() {
    let only_v6 = |query: &[u8]| {
        let aaaa = query[query.len() - 14] == 28;
        let mut wire = answer(query, if aaaa { 0 } else { SERVFAIL }, None);
        if aaaa {
            wire[7] = 1;
            wire.extend(record(
                QUESTION_NAME,
                28,
                60,
                &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
            ));
        }
        Some(wire)
    };
    let server = Scripted::start(only_v6, None).await;
    let addresses = client(&[&server], 1).addresses("a.example").await;
    assert_eq!(
        addresses.expect("addresses"),
        ["2001:db8::9".parse::<IpAddr>().expect("an address")]
    );
    let none = Client::new(Vec::new(), 1).addresses("a.example").await;
    assert!(none.is_err(), "a failure is not an empty list");
}

#[test]
fn requests_have_the_flags_of_the_question() {
    let octets = |question: &Question<'_>, edns| match request(question, edns) {
        Ok(request) => request.to_vec().expect("encodes"),
        Err(_) => panic!("{question:?}"),
    };
    let read = |octets| Message::read(octets).unwrap_or_else(|why| panic!("{why}"));

    let plain = read(octets(&Question::new("example.com", Rtype::MX), true));
    assert_eq!(plain.question, Some(("example.com".into(), Rtype::MX)));
    assert!(plain.flags.rd && plain.flags.ad && !plain.flags.cd);
    let edns = plain.edns.expect("EDNS");
    assert_eq!((edns.udp_size, edns.dnssec_ok), (1232, false));

    let exact = Question {
        recurse: false,
        dnssec: true,
        checking_disabled: true,
        ..Question::new("example.com.", Rtype::from_int(65280))
    };

    let exact = read(octets(&exact, true));
    assert_eq!(exact.question.map(|(_, rtype)| rtype.to_int()), Some(65280));
    assert!(!exact.flags.rd && exact.flags.cd);
    assert!(exact.edns.is_some_and(|edns| edns.dnssec_ok));

    assert_eq!(
        read(octets(&Question::new(".", Rtype::NS), false)).edns,
        None
    );
}

#[tokio::test]
async fn a_query_without_edns_has_no_opt_record_and_is_not_repeated() {
    let format_error = |query: &[u8]| {
        let is_plain = query[10..12] == [0, 0];
        Some(answer(query, if is_plain { FORMERR } else { 0 }, None))
    };
    let server = Scripted::start(format_error, None).await;
    let client = client(&[&server], 1);

    for (edns, rcode, count) in [(false, OptRcode::FORMERR, 1), (true, OptRcode::NOERROR, 2)] {
        let question = Question {
            edns,
            ..Question::new("www.example.com", Rtype::A)
        };
        let response = client.ask(&question).await.expect("a response");
        assert_eq!(
            (response.message.rcode, server.query_count()),
            (rcode, count)
        );
    }
}

#[tokio::test]
async fn only_servers_of_the_ip_version_are_queried() {
    let server = Scripted::start(good, None).await;
    let other = upstream("[2001:db8::53]:53".parse().expect("an address"));
    let client = Client::new(vec![other, server.upstream()], 1);

    let over_v4 = client.clone().over(IpVersion::V4).expect("a server");
    assert_eq!(summary(&over_v4).await, from(&server, "192.0.2.1"));
    let over_v6 = client.over(IpVersion::V6).expect("a server");
    assert_eq!(over_v6.servers.len(), 1);
    let Err(failure) = over_v4.over(IpVersion::V6) else {
        panic!("a server with an IPv6 address");
    };
    let expected = format!("no resolver has an IPv6 address: {}", server.address);
    assert_eq!(failure.to_string(), expected);
}

#[test]
fn edns_options_are_sent_only_if_the_question_has_them() {
    let options = |question: &Question<'_>| match request(question, true) {
        Ok(request) => {
            let octets = request.to_vec().expect("encodes");
            let message = Message::read(octets.clone()).unwrap_or_else(|why| panic!("{why}"));
            let edns = message.edns.expect("EDNS");
            (edns.udp_size, edns.options.join(", "), octets)
        }
        Err(_) => panic!("{question:?}"),
    };
    let subnet = |text: &str| Question {
        subnet: Some(text.parse().expect("a network")),
        ..Question::new("example.com", Rtype::A)
    };

    let (size, none, _) = options(&Question::new("example.com", Rtype::A));
    assert_eq!((size, none.as_str()), (1232, ""));

    let (_, shown, octets) = options(&subnet("192.0.2.0/24"));
    assert_eq!(shown, "CLIENT-SUBNET: 192.0.2.0/24/0");
    // RFC 7871 §6: OPTION-CODE 8, length 7, family 1, prefix 24, scope 0, three octets of the address.
    let expected = [0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2];
    assert!(octets.ends_with(&expected), "{octets:?}");

    let (_, _, octets) = options(&subnet("192.0.2.0/23"));
    assert!(
        octets.ends_with(&[0, 8, 0, 7, 0, 1, 23, 0, 192, 0, 2]),
        "{octets:?}"
    );
    let (_, _, octets) = options(&subnet("0.0.0.0/0"));
    assert!(octets.ends_with(&[0, 8, 0, 4, 0, 1, 0, 0]), "{octets:?}");
    let (_, _, octets) = options(&subnet("2001:db8::/56"));
    assert!(
        octets.ends_with(&[0, 8, 0, 11, 0, 2, 56, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0]),
        "{octets:?}"
    );

    let (size, _, octets) = options(&Question {
        nsid: true,
        udp_payload: Some(4096),
        ..Question::new("example.com", Rtype::A)
    });
    assert_eq!(size, 4096);
    // RFC 5001 §2.1: OPTION-CODE 3 without data.
    assert!(octets.ends_with(&[0, 3, 0, 0]), "{octets:?}");
}

#[test]
fn converts_names_to_wire_format() {
    let wire = |name: &str| wire_name(name).map(|name| name.to_ascii());
    let longest = [&"a".repeat(63); 4].map(String::as_str).join(".");

    for (name, expected) in [
        ("", Some(".")),
        (".", Some(".")),
        ("example.com", Some("example.com.")),
        ("example.com.", Some("example.com.")),
        ("_dmarc.example.com", Some("_dmarc.example.com.")),
        // RFC 2317; hickory's presentation format escapes the slash.
        (
            "0/26.2.0.192.in-addr.arpa",
            Some("0\\/26.2.0.192.in-addr.arpa."),
        ),
        (&"a".repeat(64), None),
        (&longest, None),
    ] {
        assert_eq!(wire(name).as_deref(), expected, "{name}");
    }

    let most = &longest[..253];

    assert_eq!(
        wire(most),
        Some(format!("{most}.")),
        "255 octets on the wire"
    );
}

#[test]
fn accepts_only_a_response_with_the_question_of_the_query() {
    let question = Question::new("www.example.com.", Rtype::A);
    let query_count = |question, answers: &[Vec<u8>]| {
        Message::read(wire::message(QR, question, [answers, &[], &[]])).expect("reads")
    };
    let address = record(&wire::name("www.example.com"), 1, 1, &GOOD);

    for (message, fits) in [
        (query_count(Some(("www.example.com", 1)), &[]), true),
        (
            query_count(Some(("WWW.Example.COM", 1)), std::slice::from_ref(&address)),
            true,
        ),
        (query_count(Some(("www.example.com", 28)), &[]), false),
        (query_count(Some(("example.com", 1)), &[]), false),
        (query_count(Some(("", 1)), &[]), false),
        (query_count(None, &[]), true),
        (query_count(None, &[address]), false),
    ] {
        let outcome = answers_the_question(&question, &message);
        assert_eq!(outcome.is_ok(), fits, "{message:?}");
    }
}

#[test]
fn servfail_notimp_and_refused_are_refusals() {
    for (code, refusal) in [
        (0, false),
        (1, false),
        (2, true),
        (3, false),
        (4, true),
        (5, true),
        (9, false),
    ] {
        let message = wire::message(QR | code, None, [&[], &[], &[opt(512, 0, &[])]]);
        let message = Message::read(message).expect("reads");
        assert_eq!(is_refusal(&message), refusal, "{}", message.rcode);
    }
}

#[test]
fn describes_network_errors() {
    let server = upstream("192.0.2.53:53".parse().expect("an address"));
    let summary =
        |error: NetError| failure(&server, &error, Duration::from_millis(1500)).to_string();
    let io = |kind: io::ErrorKind| NetError::from(io::Error::from(kind));
    let all = [
        summary(NetError::Timeout),
        summary(io(io::ErrorKind::TimedOut)),
        summary(io(io::ErrorKind::ConnectionRefused)),
        summary(io(io::ErrorKind::ConnectionReset)),
        summary(io(io::ErrorKind::UnexpectedEof)),
        summary(io(io::ErrorKind::NetworkUnreachable)),
        summary(NetError::NoConnections),
        summary(NetError::Msg("something else".into())),
    ];

    insta::assert_snapshot!(all.join("\n"), @r#"
    192.0.2.53:53 did not answer within 1.5 s
    192.0.2.53:53 did not answer within 1.5 s
    192.0.2.53:53: connection refused (no DNS server is listening)
    192.0.2.53:53: connection closed without a response
    192.0.2.53:53: connection closed without a response
    192.0.2.53:53: this machine has no route to the network
    192.0.2.53:53: connection closed without a response
    192.0.2.53:53: something else
    "#);
}

#[test]
fn names_survive_the_round_trip() {
    for name in [
        "",
        "example.com",
        "_a._tcp.example.com",
        "0/26.2.0.192.in-addr.arpa",
        r"a\032b.example",
        r"star\.dot.test",
        r"back\\slash.\255.test",
    ] {
        let wire = wire_name(name).expect(name);
        assert_eq!(text_name(&wire), name);
    }
    for label in [&b"a.b"[..], b"\xff", b"a b", b"\\", b"\0"] {
        let wire = Name::from_labels([label]).expect("a name");
        assert_eq!(wire_name(&text_name(&wire)), Some(wire));
    }
}

#[test]
fn escapes_in_names_follow_rfc_1035() {
    let labels = |name: &str| {
        wire_name(name).map(|name| name.iter().map(<[u8]>::to_vec).collect::<Vec<_>>())
    };
    assert_eq!(
        labels(r"star\.dot.test"),
        Some(vec![b"star.dot".to_vec(), b"test".to_vec()])
    );
    assert_eq!(labels(r"\097\b."), Some(vec![b"ab".to_vec()]));
    assert_eq!(labels(r"end\."), Some(vec![b"end.".to_vec()]));
    for name in [r"a\", r"a\25", r"a\256.test", r"a\2x5", "a..b", ".a"] {
        assert_eq!(labels(name), None, "{name}");
    }
}
