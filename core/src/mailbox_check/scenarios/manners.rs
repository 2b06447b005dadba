//! A verification that is cancelled, one without mail servers, and one with a blocked port.

use std::time::Duration;

use netvane_net::smtp::{Exchange, Settings};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use crate::{
    args::mailbox::parse,
    mailbox_check::{Control, Reason, Report, Verdict, Verifier},
};

#[tokio::test]
async fn a_cancelled_verification_still_sends_quit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there");
    let address = listener.local_addr().expect("there");
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("there");
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 mx\r\n").await.expect("there");
        let mut lines = Vec::new();
        let mut line = String::new();
        while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
            lines.push(std::mem::take(&mut line));
        }
        lines
    });

    let exchange = Exchange {
        preference: 10,
        host: "mx.example.test".into(),
        addresses: vec![address],
    };

    let verifier = Verifier::default();
    let mailbox = parse("ada@example.test").expect("there");
    let asking = verifier.verify(&mailbox, std::slice::from_ref(&exchange), |_| {});

    assert!(
        tokio::time::timeout(Duration::from_millis(200), asking)
            .await
            .is_err()
    );

    let lines = tokio::time::timeout(Duration::from_secs(5), server)
        .await
        .expect("there")
        .expect("there");
    assert_eq!(lines, ["EHLO [127.0.0.1]\r\n", "QUIT\r\n"]);
}

#[tokio::test]
async fn without_mail_servers_nothing_is_contacted() {
    let verifier = Verifier::default();
    let mailbox = parse("info@gmial.com").expect("there");
    let report = verifier
        .verify(&mailbox, &[], |_| panic!("nothing is said"))
        .await;
    assert_eq!(
        (report.verdict, report.reason),
        (Verdict::Undeliverable, Reason::NoExchange)
    );
    assert_eq!(report.suggestion.as_deref(), Some("info@gmail.com"));
    assert_eq!(
        (report.checks.role, report.checks.mx, report.checks.smtp),
        (Some(true), Some(false), None)
    );
    let report = Report::invalid(&"x".repeat(1_000_000));
    assert_eq!(
        (report.verdict, report.checks.syntax),
        (Verdict::Undeliverable, Some(false))
    );
    assert!(report.address.len() < 300);
}

/// The reason for a domain whose mail server never responds, with this control server.
async fn reason_with(control: Control) -> Reason {
    let exchange = Exchange {
        preference: 10,
        host: "mx.example.test".into(),
        // TCP has no connections to a multicast address, so this fails without a packet.
        addresses: vec!["224.0.0.1:25".parse().expect("an address")],
    };
    let verifier = Verifier {
        settings: Settings {
            connect: Duration::from_millis(200),
            ..Settings::default()
        },
        control,
        ..Verifier::default()
    };
    let mailbox = parse("ada@example.test").expect("an address");
    verifier.verify(&mailbox, &[exchange], |_| {}).await.reason
}

#[tokio::test]
async fn the_control_server_tells_a_blocked_port_from_a_silent_domain() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let open = listener.local_addr().expect("an address");
    let silent = "224.0.0.2:25".parse().expect("an address");

    let reason = reason_with(Control::fixed(vec![open])).await;
    assert_eq!(reason, Reason::Unreachable);
    let reason = reason_with(Control::fixed(vec![silent])).await;
    assert_eq!(reason, Reason::PortBlocked);
    let reason = reason_with(Control::default()).await;
    assert_eq!(reason, Reason::Unreachable);
}
