use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

/// Runs a session with a server that sends one of `pieces` per line received. Returns the result
/// and the received lines.
async fn run_session(pieces: &[&str]) -> (EhloInfo, String) {
    let pieces: Vec<String> = pieces.iter().map(ToString::to_string).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let (mut received, mut buffer) = (String::new(), [0; 512]);
        for piece in pieces {
            if stream.write_all(piece.as_bytes()).await.is_err() || piece.starts_with("221") {
                return received;
            }
            match stream.read(&mut buffer).await {
                Ok(count @ 1..) => received += &String::from_utf8_lossy(&buffer[..count]),
                _ => return received,
            }
        }
        received
    });

    let stream = TcpStream::connect(address).await.expect("connects");
    let settings = Settings {
        helo: "probe.example.net".into(),
        stage: Duration::from_millis(300),
        ..Settings::default()
    };

    let deadline = Instant::now() + Duration::from_secs(3);
    let welcome = ehlo_probe(stream, "mx.example.test", None, &settings, deadline).await;

    (welcome, server.await.expect("ends"))
}

#[tokio::test]
async fn reads_greeting_and_extensions_and_sends_only_ehlo_and_quit() {
    let (welcome, received) = run_session(&[
        "220-mx.example.test ESMTP\r\n220 at your service\r\n",
        "250-mx.example.test\r\n250-SIZE 1000\r\n250-AUTH=LOGIN\r\n250 8bitmime\r\n",
        "221 bye\r\n",
    ])
    .await;
    assert_eq!(
        welcome.greeting.as_deref(),
        Some("220 mx.example.test ESMTP at your service")
    );
    assert_eq!(welcome.extensions, ["SIZE 1000", "AUTH=LOGIN", "8bitmime"]);
    assert_eq!(
        (welcome.starttls, welcome.tls, welcome.fault),
        (Some(false), None, None)
    );
    assert_eq!(received, "EHLO probe.example.net\r\nQUIT\r\n");
}

#[tokio::test]
async fn falls_back_to_helo() {
    let (welcome, received) =
        run_session(&["220 old\r\n", "502 what?\r\n", "250 old\r\n", "221\r\n"]).await;
    assert_eq!((welcome.starttls, welcome.fault), (Some(false), None));
    assert_eq!(
        received,
        "EHLO probe.example.net\r\nHELO probe.example.net\r\nQUIT\r\n"
    );
}

#[tokio::test]
async fn reports_broken_and_hostile_servers() {
    for (pieces, fault) in [
        (&[""][..], "greeting: no reply in time"),
        (
            &["SSH-2.0-OpenSSH\r\n"],
            "greeting: not an SMTP reply: SSH-2.0-OpenSSH",
        ),
        (
            &["220 wait"],
            "greeting: timed out in the middle of a reply, after: 220 wait",
        ),
        (
            &["554 5.7.1 go away\r\n", ""],
            "connection rejected: 554 5.7.1 go away",
        ),
        (&["220 hi\r\n", "550 no\r\n", ""], "EHLO rejected: 550 no"),
    ] {
        assert_eq!(run_session(pieces).await.0.fault.as_deref(), Some(fault));
    }

    let endless = "2".repeat(40_000);
    let fault = run_session(&[&endless]).await.0.fault.expect("a fault");

    assert!(
        fault.starts_with("greeting: ") && fault.chars().count() <= MAX_FAULT,
        "{fault}"
    );
}
