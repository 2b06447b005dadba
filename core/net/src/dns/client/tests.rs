use std::io;

use super::*;
use crate::dns::wire::{
    self, ASKED, QR, REFUSED, SERVFAIL, Scripted, TC, answer, opt, record, upstream,
};

const GOOD: [u8; 4] = [192, 0, 2, 1];

fn good(query: &[u8]) -> Option<Vec<u8>> {
    Some(answer(query, 0, Some(GOOD)))
}

fn client(servers: &[&Scripted], attempts: u32) -> Client {
    Client::new(
        servers.iter().map(|server| server.upstream()).collect(),
        attempts,
    )
}

/// Asks for the address of a name and tells it, with the server that gave it, or the code or fault instead.
async fn told(client: &Client) -> (String, String) {
    match client.query("www.example.com", Rtype::A).await {
        Ok(response) => {
            let told = match response.message.addresses().as_slice() {
                [] => response.message.rcode.to_string(),
                [first, ..] => first.to_string(),
            };
            (response.resolver, told)
        }
        Err(failure) => (String::new(), failure.to_string()),
    }
}

fn from(server: &Scripted, what: &str) -> (String, String) {
    (server.address.to_string(), what.to_owned())
}

#[tokio::test]
async fn a_refusal_is_asked_of_the_next_server_which_then_comes_first() {
    for refusal in [
        (|query| Some(answer(query, SERVFAIL, None))) as fn(&[u8]) -> _,
        |query| Some(answer(query, REFUSED, None)),
    ] {
        let servers = [
            Scripted::start(refusal, None).await,
            Scripted::start(good, None).await,
        ];
        let client = client(&[&servers[0], &servers[1]], 2);
        for _ in 0..3 {
            assert_eq!(told(&client).await, from(&servers[1], "192.0.2.1"));
        }
        assert_eq!((servers[0].asked(), servers[1].asked()), (1, 3));
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_an_answer_that_no_other_server_betters() {
    let servers = [
        Scripted::start(|query| Some(answer(query, 3, None)), None).await,
        Scripted::start(good, None).await,
    ];
    let client = client(&[&servers[0], &servers[1]], 2);
    assert_eq!(told(&client).await, from(&servers[0], "NXDOMAIN"));
    assert_eq!(servers[1].asked(), 0);
}

#[tokio::test]
async fn where_every_server_refuses_the_first_refusal_is_told() {
    let servers = [
        Scripted::start(|query| Some(answer(query, SERVFAIL, None)), None).await,
        Scripted::start(|query| Some(answer(query, REFUSED, None)), None).await,
    ];
    let client = client(&[&servers[0], &servers[1]], 3);
    assert_eq!(told(&client).await, from(&servers[0], "SERVFAIL"));
    assert_eq!((servers[0].asked(), servers[1].asked()), (1, 1));
}

#[tokio::test]
async fn the_only_server_is_not_asked_again_for_what_it_refused() {
    let server = Scripted::start(|query| Some(answer(query, SERVFAIL, None)), None).await;
    assert_eq!(
        told(&client(&[&server], 3)).await,
        from(&server, "SERVFAIL")
    );
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_server_that_talks_nonsense_is_passed_over() {
    let servers = [
        // its own question back
        Scripted::start(|query| Some(query.to_vec()), None).await,
        Scripted::start(good, None).await,
    ];
    let both = client(&[&servers[0], &servers[1]], 1);
    assert_eq!(told(&both).await, from(&servers[1], "192.0.2.1"));
    let (_, why) = told(&client(&[&servers[0]], 1)).await;
    assert_eq!(
        why,
        format!("{}: its answer is malformed", servers[0].address)
    );
}

#[tokio::test]
async fn a_record_that_cannot_be_read_ends_the_lookup() {
    let broken = |query: &[u8]| {
        let mut wire = answer(query, 0, None);
        wire[7] = 1;
        wire.extend(record(&[0xc0, wire.len() as u8], 1, 60, &GOOD));
        Some(wire)
    };
    let servers = [
        Scripted::start(broken, None).await,
        Scripted::start(good, None).await,
    ];
    let (_, why) = told(&client(&[&servers[0], &servers[1]], 2)).await;
    let start = format!("{}: its answer is malformed: ", servers[0].address);
    assert!(why.starts_with(&start), "{why}");
    assert_eq!(servers[1].asked(), 0);
}

#[tokio::test]
async fn forged_answers_before_the_true_one_are_not_heard() {
    // Another id; then silence. A forger does not know the id, and what he sends ends nothing.
    let forged = |query: &[u8]| {
        let mut wire = answer(query, 0, Some([203, 0, 113, 66]));
        wire[0] ^= 0xff;
        Some(wire)
    };
    let server = Scripted::start(forged, None).await;
    let client = client(&[&server], 1);
    let asking = told(&client);
    tokio::pin!(asking);
    tokio::select! {
        biased;
        told = &mut asking => panic!("{told:?}"),
        () = async { while server.asked() == 0 { tokio::task::yield_now().await } } => {}
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_port_where_nothing_listens_costs_no_wait() {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("binds");
    let closed = free.local_addr().expect("an address");
    drop(free);
    let server = Scripted::start(good, None).await;
    let both = Client::new(vec![upstream(closed), server.upstream()], 1);
    assert_eq!(told(&both).await, from(&server, "192.0.2.1"));
    let alone = Client::new(vec![upstream(closed)], 2);
    let (_, why) = told(&alone).await;
    assert_eq!(
        why,
        format!("{closed}: no DNS server listens there (connection refused)")
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_timeout_after_every_attempt() {
    let server = Scripted::start(|_| None, None).await;
    let failure = client(&[&server], 3)
        .query("www.example.com", Rtype::A)
        .await
        .expect_err("silence");
    assert!(
        matches!(&failure, Failure::Timeout { what, .. } if *what == server.address.to_string()),
        "{failure}"
    );
}

#[tokio::test]
async fn without_servers_there_is_nobody_to_ask() {
    let (_, why) = told(&Client::new(Vec::new(), 3)).await;
    assert_eq!(why, "no resolver is configured; see `[dns] servers`");
}

#[tokio::test]
async fn what_is_cut_short_is_asked_for_over_tcp() {
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
async fn without_tcp_the_part_that_came_is_kept() {
    // A server that closes each TCP connection without a word.
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
async fn a_server_from_before_edns_is_asked_as_it_understands() {
    let old = |query: &[u8]| match query[11] {
        0 => good(query),
        _ => Some(answer(query, 1, None)),
    };
    let server = Scripted::start(old, None).await;
    assert_eq!(
        told(&client(&[&server], 1)).await,
        from(&server, "192.0.2.1")
    );
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn one_family_of_addresses_is_enough() {
    let only_v6 = |query: &[u8]| {
        let aaaa = query[query.len() - 14] == 28;
        let mut wire = answer(query, if aaaa { 0 } else { SERVFAIL }, None);
        if aaaa {
            wire[7] = 1;
            wire.extend(record(
                ASKED,
                28,
                60,
                &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
            ));
        }
        Some(wire)
    };
    let server = Scripted::start(only_v6, None).await;
    let found = client(&[&server], 1).addresses("a.example").await;
    assert_eq!(
        found.expect("addresses"),
        ["2001:db8::9".parse::<IpAddr>().expect("an address")]
    );
    let none = Client::new(Vec::new(), 1).addresses("a.example").await;
    assert!(none.is_err(), "nobody to ask is not an empty list");
}

#[test]
fn questions_ask_for_what_they_are_to() {
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

#[test]
fn names_are_asked_for_as_dns_takes_them() {
    let wire = |name: &str| wire_name(name).map(|name| name.to_ascii());
    let longest = [&"a".repeat(63); 4].map(String::as_str).join(".");

    for (name, expected) in [
        ("", Some(".")),
        (".", Some(".")),
        ("example.com", Some("example.com.")),
        ("example.com.", Some("example.com.")),
        ("_dmarc.example.com", Some("_dmarc.example.com.")),
        // RFC 2317; hickory's presentation escapes what need not be.
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
fn an_answer_is_to_the_question_that_was_asked() {
    let question = Question::new("www.example.com.", Rtype::A);
    let asked = |question, answers: &[Vec<u8>]| {
        Message::read(wire::message(QR, question, [answers, &[], &[]])).expect("reads")
    };
    let address = record(&wire::name("www.example.com"), 1, 1, &GOOD);

    for (message, fits) in [
        (asked(Some(("www.example.com", 1)), &[]), true),
        (
            asked(Some(("WWW.Example.COM", 1)), std::slice::from_ref(&address)),
            true,
        ),
        (asked(Some(("www.example.com", 28)), &[]), false),
        (asked(Some(("example.com", 1)), &[]), false),
        (asked(Some(("", 1)), &[]), false),
        (asked(None, &[]), true),
        (asked(None, &[address]), false),
    ] {
        let outcome = answers_the_question(&question, &message);
        assert_eq!(outcome.is_ok(), fits, "{message:?}");
    }
}

#[test]
fn refusals_are_what_another_server_may_do_better() {
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
fn faults_are_told_in_words() {
    let server = upstream("192.0.2.53:53".parse().expect("an address"));
    let told = |error: NetError| failure(&server, &error, Duration::from_millis(1500)).to_string();
    let io = |kind: io::ErrorKind| NetError::from(io::Error::from(kind));
    let all = [
        told(NetError::Timeout),
        told(io(io::ErrorKind::TimedOut)),
        told(io(io::ErrorKind::ConnectionRefused)),
        told(io(io::ErrorKind::ConnectionReset)),
        told(io(io::ErrorKind::UnexpectedEof)),
        told(io(io::ErrorKind::NetworkUnreachable)),
        told(NetError::NoConnections),
        told(NetError::Msg("something else".into())),
    ];

    insta::assert_snapshot!(all.join("\n"), @r#"
    192.0.2.53:53 did not answer within 1.5 s
    192.0.2.53:53 did not answer within 1.5 s
    192.0.2.53:53: no DNS server listens there (connection refused)
    192.0.2.53:53: it closed the connection without an answer
    192.0.2.53:53: it closed the connection without an answer
    192.0.2.53:53: this machine has no route to the network
    192.0.2.53:53: it closed the connection without an answer
    192.0.2.53:53: something else
    "#);
}

#[test]
fn names_come_back_as_they_were() {
    for name in [
        "",
        "example.com",
        "_a._tcp.example.com",
        "0/26.2.0.192.in-addr.arpa",
        "a b.example",
    ] {
        let wire = wire_name(name).expect(name);
        assert_eq!(text_name(&wire).as_deref(), Some(name));
    }
    for label in [&b"a.b"[..], b"\xff"] {
        let wire = Name::from_labels([label]).expect("a name");
        assert_eq!(text_name(&wire), None, "{wire}");
    }
}
