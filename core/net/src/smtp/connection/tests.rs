use tokio::net::TcpListener;

use super::*;

/// Returns both ends of a loopback connection.
async fn pair(stage_timeout: Duration) -> (Wire, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let stream = TcpStream::connect(address).await.expect("connects");
    let (server, _) = listener.accept().await.expect("a client");
    let deadline = Instant::now() + Duration::from_secs(60);
    (Wire::new(stream, stage_timeout, deadline), server)
}

#[test]
fn describes_each_error() {
    let all = [
        Broken::Silent,
        Broken::Tarpit("220-wait".into()),
        Broken::Tarpit(String::new()),
        Broken::Closed("550 no".into()),
        Broken::Closed(String::new()),
        Broken::Garbage("SSH-2.0".into()),
        Broken::TooLong,
        Broken::Tls("handshake timed out".into()),
        Broken::BudgetExhausted,
    ];

    let texts: Vec<_> = all.iter().map(Broken::text).collect();

    insta::assert_snapshot!(texts.join("\n"), @r#"
    no reply in time
    timed out in the middle of a reply, after: 220-wait
    timed out in the middle of a reply
    connection closed by the server, after: 550 no
    connection closed by the server
    not an SMTP reply: SSH-2.0
    reply too long
    TLS failed: handshake timed out
    stopped: egress limit of this lookup reached
    "#);
}

#[test]
fn the_contact_line_is_one_quoted_line_within_the_limit() {
    for (contact, expected) in [
        (
            "+https://netvane.example",
            Some("NOOP \"+https://netvane.example\"\r\n"),
        ),
        (r#"a "b" \c"#, Some("NOOP \"a \\\"b\\\" \\\\c\"\r\n")),
        ("", Some("NOOP \"\"\r\n")),
    ] {
        assert_eq!(contact_line(contact).as_deref(), expected);
    }
    // `NOOP "` and `"` with CRLF take nine of the 512 octets.
    assert_eq!(
        contact_line(&"x".repeat(503)).map(|line| line.len()),
        Some(512)
    );
    assert_eq!(contact_line(&"x".repeat(504)), None);
    assert_eq!(contact_line(&"\"".repeat(252)), None, "escapes count");
    assert_eq!(contact_line(&"ü".repeat(252)), None, "octets count");
}

#[tokio::test]
async fn assembles_replies_from_pieces_and_returns_them_one_by_one() {
    let (mut wire, mut server) = pair(Duration::from_secs(5)).await;
    let say = async {
        for piece in ["250-fi", "rst\r", "\n250 second\r\n354 g", "o on\r\n"] {
            server.write_all(piece.as_bytes()).await.expect("sends");
            server.flush().await.expect("sends");
            tokio::task::yield_now().await;
        }
    };
    let hear = async { [wire.reply().await, wire.reply().await] };
    let ((), replies) = tokio::join!(say, hear);
    let texts = replies.map(|reply| reply.map(|reply| (reply.code, reply.text())));
    assert_eq!(
        texts,
        [Ok((250, "first\nsecond".into())), Ok((354, "go on".into()))]
    );
    assert!(!wire.has_more());
}

#[tokio::test]
async fn has_more_detects_an_unexpected_reply() {
    let (mut wire, mut server) = pair(Duration::from_secs(5)).await;
    server
        .write_all(b"220 go\r\n250 more")
        .await
        .expect("sends");
    let reply = wire.reply().await.expect("a reply");
    assert_eq!((reply.code, wire.has_more()), (220, true));
}

#[tokio::test]
async fn a_closed_connection_is_reported_with_the_partial_reply() {
    for (input, expected) in [
        ("", Broken::Closed(String::new())),
        ("22", Broken::Closed("22".into())),
        ("220-half\r\n", Broken::Closed("half".into())),
    ] {
        let (mut wire, mut server) = pair(Duration::from_secs(5)).await;
        server.write_all(input.as_bytes()).await.expect("sends");
        drop(server);
        assert_eq!(wire.reply().await, Err(expected));
    }
}

#[tokio::test]
async fn stops_reading_an_endless_reply() {
    let (mut wire, mut server) = pair(Duration::from_secs(5)).await;
    let flood = "220-and on\r\n".repeat(200);
    let flood = tokio::spawn(async move { server.write_all(flood.as_bytes()).await });
    assert_eq!(wire.reply().await, Err(Broken::TooLong));
    assert!(wire.endless, "no contact is sent");
    drop(wire);
    let _ = flood.await;
}

#[tokio::test(start_paused = true)]
async fn times_out_after_the_stage_timeout() {
    let (mut wire, _server) = pair(Duration::from_secs(7)).await;
    let started = Instant::now();
    assert_eq!(wire.reply().await, Err(Broken::Silent));
    assert!(started.elapsed() >= Duration::from_secs(7) && started.elapsed() < QUIT_TIMEOUT * 5);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_lookup_limits_the_stage_timeout() {
    let (mut wire, _server) = pair(Duration::from_secs(3600)).await;
    let started = Instant::now();
    assert_eq!(wire.reply().await, Err(Broken::Silent));
    assert!(started.elapsed() <= Duration::from_secs(61));
}

#[tokio::test]
async fn sends_nothing_over_budget() {
    let (mut wire, server) = pair(Duration::from_secs(5)).await;
    let most = egress_budget::SYN as u32 + 6;
    let both = egress_budget::EgressBudget::new(most)
        .during(async { [wire.send("NOOP\r\n").await, wire.send("NOOP\r\n").await] });
    assert_eq!(both.await, [Ok(()), Err(Broken::BudgetExhausted)]);
    drop((wire, server));
}

#[tokio::test]
async fn a_dropped_connection_sends_quit() {
    let (wire, mut server) = pair(Duration::from_secs(5)).await;
    drop(wire);
    let mut received = Vec::new();
    let mut piece = [0; 64];
    while !received.ends_with(b"QUIT\r\n") {
        let count = server.read(&mut piece).await.expect("reads");
        assert_ne!(count, 0, "closed without QUIT: {received:?}");
        received.extend(&piece[..count]);
    }
    drop(server);
    drain_quits().await;
}
