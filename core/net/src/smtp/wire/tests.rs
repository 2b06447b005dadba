use tokio::net::TcpListener;

use super::*;

/// A connection to this machine and its other end.
async fn pair(patience: Duration) -> (Wire, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let stream = TcpStream::connect(address).await.expect("connects");
    let (server, _) = listener.accept().await.expect("a client");
    let deadline = Instant::now() + Duration::from_secs(60);
    (Wire::new(stream, patience, deadline), server)
}

#[test]
fn what_went_wrong_is_told_in_words() {
    let all = [
        Broken::Silent,
        Broken::Tarpit("220-wait".into()),
        Broken::Tarpit(String::new()),
        Broken::Closed("550 no".into()),
        Broken::Closed(String::new()),
        Broken::Garbage("SSH-2.0".into()),
        Broken::TooLong,
        Broken::Tls("no answer in time".into()),
        Broken::Spared,
    ];

    let told: Vec<_> = all.iter().map(Broken::text).collect();

    insta::assert_snapshot!(told.join("\n"), @r#"
    no reply in time
    the reply did not end in time, after: 220-wait
    the reply did not end in time
    connection closed by the server, after: 550 no
    connection closed by the server
    not an SMTP reply: SSH-2.0
    a reply longer than any server may send
    TLS failed: no answer in time
    broken off: this lookup has sent all that it may
    "#);
}

#[test]
fn an_introduction_is_one_quoted_line_that_any_server_takes() {
    for (contact, expected) in [
        (
            "+https://netvane.example",
            Some("NOOP \"+https://netvane.example\"\r\n"),
        ),
        (r#"a "b" \c"#, Some("NOOP \"a \\\"b\\\" \\\\c\"\r\n")),
        ("", Some("NOOP \"\"\r\n")),
    ] {
        assert_eq!(introduction(contact).as_deref(), expected);
    }
    // `NOOP "` and `"` with CRLF take nine of the 512 octets.
    assert_eq!(
        introduction(&"x".repeat(503)).map(|line| line.len()),
        Some(512)
    );
    assert_eq!(introduction(&"x".repeat(504)), None);
    assert_eq!(introduction(&"\"".repeat(252)), None, "escapes count");
    assert_eq!(introduction(&"ü".repeat(252)), None, "octets count");
}

#[tokio::test]
async fn replies_are_put_together_from_pieces_and_taken_one_by_one() {
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
async fn what_nobody_asked_for_is_noticed() {
    let (mut wire, mut server) = pair(Duration::from_secs(5)).await;
    server
        .write_all(b"220 go\r\n250 more")
        .await
        .expect("sends");
    let reply = wire.reply().await.expect("a reply");
    assert_eq!((reply.code, wire.has_more()), (220, true));
}

#[tokio::test]
async fn a_connection_that_closes_is_told_with_what_came() {
    for (said, expected) in [
        ("", Broken::Closed(String::new())),
        ("22", Broken::Closed("22".into())),
        ("220-half\r\n", Broken::Closed("half".into())),
    ] {
        let (mut wire, mut server) = pair(Duration::from_secs(5)).await;
        server.write_all(said.as_bytes()).await.expect("sends");
        drop(server);
        assert_eq!(wire.reply().await, Err(expected));
    }
}

#[tokio::test]
async fn endless_replies_end() {
    let (mut wire, mut server) = pair(Duration::from_secs(5)).await;
    let flood = "220-and on\r\n".repeat(200);
    let flood = tokio::spawn(async move { server.write_all(flood.as_bytes()).await });
    assert_eq!(wire.reply().await, Err(Broken::TooLong));
    assert!(wire.endless, "such a one hears nothing about us");
    drop(wire);
    let _ = flood.await;
}

#[tokio::test(start_paused = true)]
async fn silence_ends_with_the_patience() {
    let (mut wire, _server) = pair(Duration::from_secs(7)).await;
    let started = Instant::now();
    assert_eq!(wire.reply().await, Err(Broken::Silent));
    assert!(started.elapsed() >= Duration::from_secs(7) && started.elapsed() < FAREWELL * 5);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_lookup_goes_before_the_patience() {
    let (mut wire, _server) = pair(Duration::from_secs(3600)).await;
    let started = Instant::now();
    assert_eq!(wire.reply().await, Err(Broken::Silent));
    assert!(started.elapsed() <= Duration::from_secs(61));
}

#[tokio::test]
async fn what_may_not_be_sent_is_not_sent() {
    let (mut wire, server) = pair(Duration::from_secs(5)).await;
    let most = outlay::SYN as u32 + 6;
    let both = outlay::Outlay::new(most)
        .during(async { [wire.send("NOOP\r\n").await, wire.send("NOOP\r\n").await] });
    assert_eq!(both.await, [Ok(()), Err(Broken::Spared)]);
    drop((wire, server));
}

#[tokio::test]
async fn a_connection_that_is_given_up_says_goodbye() {
    let (wire, mut server) = pair(Duration::from_secs(5)).await;
    drop(wire);
    let mut heard = Vec::new();
    let mut piece = [0; 64];
    while !heard.ends_with(b"QUIT\r\n") {
        let count = server.read(&mut piece).await.expect("reads");
        assert_ne!(count, 0, "closed without a word: {heard:?}");
        heard.extend(&piece[..count]);
    }
    drop(server);
    goodbyes().await;
}
