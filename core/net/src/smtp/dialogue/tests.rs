use std::{collections::VecDeque, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use super::*;

/// Result, received commands and transcript of one session.
struct Session {
    outcome: ProbeResult,
    /// Lines that the server received.
    commands: Vec<String>,
    /// Stages and reply codes of the transcript.
    steps: Vec<(Stage, Option<u16>)>,
}

impl Session {
    fn codes(&self) -> (Option<u16>, Option<u16>) {
        let code = |reply: &Option<Reply>| reply.as_ref().map(|reply| reply.code);
        (code(&self.outcome.recipient), code(&self.outcome.random))
    }
}

const SERVER: (&str, &str) = ("", "220 mx.example.test ESMTP\r\n");
const PIPELINING: (&str, &str) = ("EHLO", "250-mx.example.test\r\n250 PIPELINING\r\n");
const PLAIN: (&str, &str) = ("EHLO", "250 mx.example.test\r\n");
const OK: &str = "250 ok\r\n";
const NOBODY: &str = "550 5.1.1 no such user\r\n";

/// Runs a server that answers each line with the first unused entry whose key is a prefix of it,
/// and closes if there is none. The entry with the empty key is the greeting.
async fn serve(listener: TcpListener, script: &[(&str, &str)]) -> Vec<String> {
    let (stream, _) = listener.accept().await.expect("a client");
    let mut stream = BufReader::new(stream);
    let mut script: VecDeque<_> = script.iter().collect();
    let (mut commands, mut line) = (Vec::new(), String::new());

    loop {
        let next = script.iter().position(|(start, _)| match *start {
            "" => line.is_empty(),
            start => line.starts_with(start),
        });
        let Some((_, reply)) = next.and_then(|at| script.remove(at)) else {
            return commands;
        };
        let _ = stream.write_all(reply.as_bytes()).await;
        line.clear();
        if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
            return commands;
        }
        commands.push(line.trim_end().to_owned());
    }
}

fn settings() -> Settings {
    Settings {
        helo: "probe.example.net".into(),
        stage: Duration::from_secs(5),
        ..Settings::default()
    }
}

fn question() -> RecipientProbe {
    RecipientProbe {
        recipient: "ann@example.test".into(),
        local: "ann".into(),
        random: "r4nd0m@example.test".into(),
        utf8: false,
    }
}

async fn session(script: &[(&str, &str)], settings: Settings, question: RecipientProbe) -> Session {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let tls = Opportunistic::new(rustls::RootCertStore::empty()).expect("suites");

    let client = async {
        let stream = TcpStream::connect(address).await.expect("connects");
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut transcript = Transcript::default();
        let outcome = converse(
            stream,
            ("mx.example.test", "mx"),
            Some(&tls),
            (&settings, &question),
            deadline,
            &mut transcript,
        )
        .await;
        (outcome, transcript.into_entries())
    };

    let (commands, (outcome, entries)) = tokio::join!(serve(listener, script), client);

    Session {
        outcome,
        commands,
        steps: entries
            .iter()
            .map(|entry| (entry.stage, entry.code))
            .collect(),
    }
}

async fn run(script: &[(&str, &str)]) -> Session {
    session(script, settings(), question()).await
}

#[tokio::test]
async fn pipelines_all_commands() {
    let session = run(&[
        SERVER,
        PIPELINING,
        ("MAIL", OK),
        ("RCPT TO:<ann", OK),
        ("RCPT TO:<r4nd0m", NOBODY),
    ])
    .await;

    assert_eq!(
        (session.codes(), session.outcome.end),
        ((Some(250), Some(550)), None)
    );
    insta::assert_snapshot!(session.commands.join("\n"), @r#"
    EHLO probe.example.net
    MAIL FROM:<>
    RCPT TO:<ann@example.test>
    RCPT TO:<r4nd0m@example.test>
    QUIT
    "#);

    assert_eq!(
        session.steps,
        [
            (Stage::Banner, Some(220)),
            (Stage::Ehlo, Some(250)),
            (Stage::Mail, Some(250)),
            (Stage::Rcpt, Some(250)),
            (Stage::RcptRandom, Some(550)),
        ]
    );
}

#[tokio::test]
async fn without_pipelining_probes_the_random_address_only_after_acceptance() {
    let start = [SERVER, PLAIN, ("MAIL", OK)];
    let refused = [&start[..], &[("RCPT TO:<ann", NOBODY)]].concat();
    let session = run(&refused).await;
    assert_eq!(session.codes(), (Some(550), None));
    assert_eq!(
        session.commands,
        [
            "EHLO probe.example.net",
            "MAIL FROM:<>",
            "RCPT TO:<ann@example.test>",
            "QUIT"
        ]
    );

    let taken = [&start[..], &[("RCPT TO:<ann", OK), ("RCPT TO:<r4nd0m", OK)]].concat();
    let session = run(&taken).await;
    assert_eq!(session.codes(), (Some(250), Some(250)));
    assert_eq!(session.commands.len(), 5);
}

#[tokio::test]
async fn retries_with_the_operators_sender_if_the_null_sender_is_rejected() {
    let settings = Settings {
        mail_from: Some("probe@example.net".into()),
        ..settings()
    };
    let script = [
        SERVER,
        PIPELINING,
        ("MAIL FROM:<>", "553 5.1.8 null sender not allowed\r\n"),
        ("RCPT", "503 no transaction\r\n"),
        ("RCPT", "503 no transaction\r\n"),
        ("RSET", OK),
        ("MAIL FROM:<probe@example.net>", OK),
        ("RCPT TO:<ann", OK),
        ("RCPT TO:<r4nd0m", NOBODY),
    ];

    let again = session(&script, settings, question()).await;

    assert_eq!(
        (again.codes(), again.outcome.end),
        ((Some(250), Some(550)), None)
    );
    assert_eq!(
        again.commands[4..6],
        ["RSET", "MAIL FROM:<probe@example.net>"]
    );

    let given_up = run(&script[..5]).await;

    assert!(
        matches!(&given_up.outcome.end, Some(End::Refused(Stage::Mail, reply)) if reply.code == 553),
        "the operator has no sender: {:?}",
        given_up.outcome.end
    );
}

#[tokio::test]
async fn probes_the_random_address_in_a_second_transaction_if_needed() {
    for ehlo in [PIPELINING, PLAIN] {
        let session = run(&[
            SERVER,
            ehlo,
            ("MAIL", OK),
            ("RCPT TO:<ann", OK),
            ("RCPT TO:<r4nd0m", "452 4.5.3 one recipient at a time\r\n"),
            ("RSET", OK),
            ("MAIL", OK),
            ("RCPT TO:<r4nd0m", NOBODY),
        ])
        .await;
        assert_eq!(session.codes(), (Some(250), Some(550)), "{ehlo:?}");
        assert_eq!(session.outcome.end, None);
    }
}

#[tokio::test]
async fn a_failed_catch_all_check_keeps_the_recipients_reply() {
    let session = run(&[SERVER, PIPELINING, ("MAIL", OK), ("RCPT TO:<ann", OK)]).await;
    assert_eq!(
        (session.codes(), session.outcome.end),
        ((Some(250), None), None)
    );
    let leaving = "421 4.3.2 shutting down\r\n";
    let session = run(&[SERVER, PLAIN, ("MAIL", OK), ("RCPT TO:<ann", leaving)]).await;
    assert_eq!(
        (session.codes(), session.outcome.end),
        ((Some(421), None), None)
    );
}

#[tokio::test]
async fn an_internationalized_address_requires_smtputf8() {
    let utf8 = || RecipientProbe {
        recipient: "jörg@example.test".into(),
        utf8: true,
        ..question()
    };
    let refused = session(&[SERVER, PIPELINING], settings(), utf8()).await;
    assert_eq!(refused.outcome.end, Some(End::NoUtf8));
    assert_eq!(refused.commands.last().map(String::as_str), Some("QUIT"));

    let able = ("EHLO", "250-mx\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n");
    let script = [SERVER, able, ("MAIL", OK), ("RCPT TO:<jörg", NOBODY)];
    let taken = session(&script, settings(), utf8()).await;
    assert_eq!(taken.commands[1], "MAIL FROM:<> SMTPUTF8");
    assert_eq!(taken.codes(), (Some(550), None));
}

#[tokio::test]
async fn falls_back_to_helo() {
    let old = ("EHLO", "502 not implemented\r\n");
    let session = run(&[SERVER, old, ("HELO", OK), ("MAIL", OK), ("RCPT", NOBODY)]).await;
    assert_eq!(session.codes(), (Some(550), None));
    assert_eq!(
        session.commands[..2],
        ["EHLO probe.example.net", "HELO probe.example.net"]
    );
}

#[tokio::test]
async fn reports_the_stage_that_ended_the_session() {
    for (script, stage, expected) in [
        (&[("", "554 5.7.1 no\r\n")][..], Stage::Banner, "554"),
        (&[SERVER, ("EHLO", "550 no\r\n")], Stage::Ehlo, "550"),
        (
            &[SERVER, ("EHLO", "500 no\r\n"), ("HELO", "521 no\r\n")],
            Stage::Ehlo,
            "521",
        ),
        (
            &[SERVER, PLAIN, ("MAIL", "451 later\r\n")],
            Stage::Mail,
            "451",
        ),
        (&[SERVER], Stage::Ehlo, "connection closed by the server"),
        (
            &[("", "HTTP/1.1 400 Bad Request\r\n")],
            Stage::Banner,
            "not an SMTP reply: HTTP/1.1 400 Bad Request",
        ),
    ] {
        let (at, text) = match run(script).await.outcome.end {
            Some(End::Refused(at, reply)) => (at, reply.code.to_string()),
            Some(End::Broken(at, broken)) => (at, broken.text()),
            other => panic!("{script:?}: {other:?}"),
        };
        assert_eq!((at, text.as_str()), (stage, expected));
    }
}

#[tokio::test]
async fn continues_in_plaintext_if_starttls_is_rejected() {
    let offers = ("EHLO", "250-mx\r\n250 STARTTLS\r\n");
    let refused = ("STARTTLS", "454 4.7.0 not now\r\n");
    let session = run(&[SERVER, offers, refused, ("MAIL", OK), ("RCPT", NOBODY)]).await;
    assert_eq!(
        (session.codes(), session.outcome.end),
        ((Some(550), None), None)
    );
    assert!(session.outcome.tls_failed && session.outcome.tls.is_none());

    let leaves = run(&[SERVER, offers, ("STARTTLS", "421 bye\r\n")])
        .await
        .outcome;
    assert!(matches!(leaves.end, Some(End::Refused(Stage::Starttls, _))));
    assert!(!leaves.tls_failed);
}

#[tokio::test]
async fn rejects_a_reply_injected_before_the_handshake() {
    let offers = ("EHLO", "250-mx\r\n250 STARTTLS\r\n");
    let injected = ("STARTTLS", "220 go\r\n250 injected\r\n");
    let outcome = run(&[SERVER, offers, injected]).await.outcome;
    let why = match outcome.end {
        Some(End::Broken(Stage::Starttls, broken)) => broken.text(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        why,
        "TLS failed: the server sent plaintext after accepting STARTTLS"
    );
    assert!(outcome.tls_failed);
}

#[test]
fn pipelined_commands_are_mail_then_both_recipients() {
    let lines = Lines::new(&question(), "a@b.example");
    assert_eq!(
        lines.pipelined(),
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<ann@example.test>\r\nRCPT TO:<r4nd0m@example.test>\r\n"
    );
}

#[tokio::test]
async fn sends_the_contact_before_quit_and_reads_the_reply_to_quit_if_configured() {
    let settings = Settings {
        contact: Some("lookup by \"Ann\"".into()),
        quit: Duration::from_secs(5),
        ..settings()
    };
    let script = [
        ("", "554 no\r\n"),
        ("NOOP", OK),
        ("QUIT", "221 2.0.0 bye\r\n"),
    ];
    let session = session(&script, settings, question()).await;
    assert_eq!(session.commands, [r#"NOOP "lookup by \"Ann\"""#, "QUIT"]);
    assert_eq!(
        session.steps,
        [(Stage::Banner, Some(554)), (Stage::Quit, Some(221))]
    );
}
