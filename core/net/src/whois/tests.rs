//! Servers that end their answers in different ways, and charsets.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

use super::*;

const FACTS: &[u8] = b"Domain Name: WIDGET.TEST\r\nRegistrar: Widget Registrar, Inc.\r\n";

/// What a server does after sending its text.
#[derive(Clone, Copy)]
enum End {
    Closes,
    Resets,
    NeverCloses,
}

/// A test server on its own port.
struct Scripted {
    endpoint: Endpoint,
    /// Number of connections so far.
    connections: Arc<AtomicUsize>,
}

impl Scripted {
    async fn start(address: &str, text: &'static [u8], end: End) -> Self {
        let listener = TcpListener::bind((address, 0)).await.expect("binds");
        let local = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(play(stream, text, end));
            }
        });
        Self {
            endpoint: local.to_string().parse().expect("an endpoint"),
            connections,
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn play(mut stream: TcpStream, text: &[u8], end: End) {
    let mut line = [0; 512];
    let length = stream.read(&mut line).await.unwrap_or(0);
    // Echo the query first, so that tests can check it.
    let _ = stream.write_all(&line[..length]).await;
    let _ = stream.write_all(text).await;
    match end {
        End::Closes => {}
        End::Resets => _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)),
        // Wait until the client closes.
        End::NeverCloses => _ = stream.read(&mut line).await,
    }
}

fn whois(timeout_ms: u64) -> Whois {
    let settings = settings::Whois {
        root: "127.0.0.1".into(),
        port: 43,
        timeout_ms,
        max_bytes: 4096,
        max_referrals: 3,
    };
    let loopback = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().expect(network));
    let net = crate::test_net(&loopback);

    Whois::new(&settings, net.dns, net.guard)
}

/// Sends a query and returns the decoded answer.
async fn query(whois: &Whois, server: &Scripted, line: &str, subject: &str) -> String {
    let bytes = whois.query(&server.endpoint, true, line, subject).await;
    whois::decode(&bytes.expect("an answer"))
}

#[tokio::test]
async fn sends_the_line_unmodified() {
    let whois = whois(5000);
    for (address, line, subject) in [
        ("127.0.0.1", "-T dn,ace widget.test", "widget.test"),
        ("::1", "a + 64496", "AS64496"),
        ("127.0.0.1", "192.0.2.0/24", "192.0.2.0/24"),
        ("::1", "n + 2001:db8::1", "2001:db8::1"),
        ("127.0.0.1", "_under.widget.test/e", "_under.widget.test"),
    ] {
        let server = Scripted::start(address, FACTS, End::Closes).await;
        let text = query(&whois, &server, line, subject).await;
        assert_eq!(
            text,
            format!("{line}\nDomain Name: WIDGET.TEST\nRegistrar: Widget Registrar, Inc.\n")
        );
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn keeps_a_partial_answer_and_remembers_the_server() {
    let long: &[u8] = &[b'x'; 8192];
    for (text, end, expected) in [
        (FACTS, End::Resets, 13 + FACTS.len()),
        (FACTS, End::NeverCloses, 13 + FACTS.len()),
        (long, End::Closes, 4096),
    ] {
        let whois = whois(1000);
        let server = Scripted::start("127.0.0.1", text, end).await;
        for connections in [2, 3] {
            let answer = whois.query(&server.endpoint, true, "widget.test", "widget.test");
            let answer = answer.await.expect("a partial answer");
            assert!(answer.starts_with(b"widget.test\r\n"));
            assert_eq!(
                (answer.len(), server.connections()),
                (expected, connections)
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_sends_nothing_times_out() {
    let whois = whois(200);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let endpoint = listener.local_addr().expect("an address").to_string();
    let failure = whois
        .query(
            &endpoint.parse().expect("an endpoint"),
            true,
            "a.test",
            "a.test",
        )
        .await
        .expect_err("silence");
    assert_eq!(failure.code().0, "timeout");
}

#[tokio::test]
async fn a_refused_connection_is_not_retried() {
    let whois = whois(5000);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let endpoint = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let endpoint = endpoint.parse().expect("an endpoint");
    let failure = whois.query(&endpoint, true, "a.test", "a.test").await;
    assert_eq!(
        failure.expect_err("refused").to_string(),
        "127.0.0.1: connection refused"
    );
    assert!(!whois.cut_off.contains_key(&endpoint.to_string()));
}

#[tokio::test]
async fn sends_nothing_over_budget() {
    let whois = whois(5000);
    let server = Scripted::start("127.0.0.1", FACTS, End::Closes).await;
    let asking = whois.query(&server.endpoint, true, "widget.test", "widget.test");
    let failure = egress_budget::EgressBudget::new(100).during(asking).await;
    assert_eq!(
        failure.expect_err("no budget").to_string(),
        "127.0.0.1: egress limit of this lookup reached (100 bytes)"
    );
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn decodes_answers_in_any_charset() {
    let whois = whois(5000);

    for (subject, sent, text, connections) in [
        ("a.com", &b"W\xfcdget"[..], "Wüdget", 1),
        // The top-level domain decides where the bytes alone are ambiguous.
        ("a.com.tr", b"\xddstanbul I\xf0d\xfdr", "İstanbul Iğdır", 1),
        ("a.pl", b"Sp\xf3\xb3ka, \xa3\xf3d\x9f", "Spółka, Łódź", 1),
        ("a.jp", b"\x1b$BEPO?<TL>\x1b(B", "登録者名", 1),
        ("a.jp", b"\x8a\x94\x8e\xae\x89\xef\x8e\xd0", "株式会社", 1),
        ("a.kr", "도메인이름".as_bytes(), "도메인이름", 1),
        // One invalid character does not affect the others.
        (
            "a.de",
            b"J\xc3\xb6rg M\xc3\xbcller Z\xc3\xbcrich \xc3\x9cber \xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc gr\xfc",
            "Jörg Müller Zürich Über äöüßäöü gr\u{fffd}",
            1,
        ),
        // An answer that fits no charset that the crate tries is read again.
        ("a.jp", b"J\xf6rg M\xfcller, Z\xfcrich", "Jörg Müller, Zürich", 2),
    ] {
        let server = Scripted::start("127.0.0.1", sent, End::Closes).await;
        let answer = query(&whois, &server, "?", subject).await;
        assert_eq!((&*answer, server.connections()), (&*format!("?\n{text}"), connections));
    }
}

#[tokio::test]
async fn shows_no_banner_of_another_service() {
    for banner in [
        &b"SSH-2.0-OpenSSH_9.2p1\r\n"[..],
        b"220 mail.widget.test ESMTP Postfix\r\n",
        b"220-FTP\r\n220 ready\r\n",
        b"+OK POP3 ready\r\n",
        b"* OK IMAP4rev1 ready\r\n",
        b"HTTP/1.1 400 Bad Request\r\nServer: nginx/1.2\r\n\r\n",
        b"RFB 003.008\n",
        b"-ERR unknown command\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\x4a\0\0\0\x0a8.0.36\0",
    ] {
        let endpoint: Endpoint = "192.0.2.1:22".parse().expect("an endpoint");
        let failure = refuse_banner(&endpoint, banner).expect_err("a banner");
        assert_eq!(failure.to_string(), "192.0.2.1:22: not a whois server");
    }
    for answer in [
        FACTS,
        b"% No match for WIDGET.TEST\r\n",
        b"220.0.0.0 - 220.255.255.255",
        b"",
    ] {
        let endpoint: Endpoint = "192.0.2.1".parse().expect("an endpoint");
        assert!(refuse_banner(&endpoint, answer).is_ok());
    }
}

#[tokio::test]
async fn a_server_on_another_port_is_refused_or_counts_as_a_port_check() {
    let whois = whois(2000);
    let server = Scripted::start("127.0.0.1", FACTS, End::Closes).await;
    let port = server.endpoint.port.expect("a port").to_string();

    for (allowed, outcome, charges) in [(["43"], "refused_target", 0), ([&*port], "", 1)] {
        let counter = Arc::new(AtomicUsize::new(0));
        let counted = counter.clone();
        let ports = Arc::new(crate::ports::test_ports(&["53"], &allowed));
        let budget = egress_budget::EgressBudget::new(10_000).restricting(ports, move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        let asking = whois.query(&server.endpoint, true, "widget.test", "widget.test");
        let answer = budget.during(asking).await;
        assert_eq!(answer.err().map_or("", |failure| failure.code().0), outcome);
        assert_eq!(counter.load(Ordering::Relaxed), charges);
    }
    assert_eq!(server.connections(), 1);
}
