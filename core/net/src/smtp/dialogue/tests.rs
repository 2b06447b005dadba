use std::{collections::VecDeque, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use super::*;

/// What was asked, heard and kept of one conversation.
struct Talk {
    outcome: Outcome,
    /// Lines that the server got.
    heard: Vec<String>,
    /// Stages and codes of the transcript.
    steps: Vec<(Stage, Option<u16>)>,
}

impl Talk {
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

/// A server that answers each line by the first entry that is left for its beginning, and closes where there is none.
/// The entry for nothing is its greeting.
async fn serve(listener: TcpListener, script: &[(&str, &str)]) -> Vec<String> {
    let (stream, _) = listener.accept().await.expect("a client");
    let mut stream = BufReader::new(stream);
    let mut script: VecDeque<_> = script.iter().collect();
    let (mut heard, mut line) = (Vec::new(), String::new());

    loop {
        let next = script.iter().position(|(start, _)| match *start {
            "" => line.is_empty(),
            start => line.starts_with(start),
        });
        let Some((_, reply)) = next.and_then(|at| script.remove(at)) else {
            return heard;
        };
        let _ = stream.write_all(reply.as_bytes()).await;
        line.clear();
        if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
            return heard;
        }
        heard.push(line.trim_end().to_owned());
    }
}

fn settings() -> Settings {
    Settings {
        helo: "probe.example.net".into(),
        stage: Duration::from_secs(5),
        ..Settings::default()
    }
}

fn question() -> Question {
    Question {
        recipient: "ann@example.test".into(),
        local: "ann".into(),
        random: "r4nd0m@example.test".into(),
        utf8: false,
    }
}

async fn talk(script: &[(&str, &str)], settings: Settings, question: Question) -> Talk {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let tls = Opportunistic::new(rustls::RootCertStore::empty()).expect("suites");

    let asking = async {
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

    let (heard, (outcome, entries)) = tokio::join!(serve(listener, script), asking);

    Talk {
        outcome,
        heard,
        steps: entries
            .iter()
            .map(|entry| (entry.stage, entry.code))
            .collect(),
    }
}

async fn asked(script: &[(&str, &str)]) -> Talk {
    talk(script, settings(), question()).await
}

#[tokio::test]
async fn with_pipelining_everything_is_asked_together() {
    let talk = asked(&[
        SERVER,
        PIPELINING,
        ("MAIL", OK),
        ("RCPT TO:<ann", OK),
        ("RCPT TO:<r4nd0m", NOBODY),
    ])
    .await;

    assert_eq!(
        (talk.codes(), talk.outcome.end),
        ((Some(250), Some(550)), None)
    );
    insta::assert_snapshot!(talk.heard.join("\n"), @r#"
    EHLO probe.example.net
    MAIL FROM:<>
    RCPT TO:<ann@example.test>
    RCPT TO:<r4nd0m@example.test>
    QUIT
    "#);

    assert_eq!(
        talk.steps,
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
async fn without_pipelining_the_random_address_is_asked_only_behind_a_yes() {
    let start = [SERVER, PLAIN, ("MAIL", OK)];
    let refused = [&start[..], &[("RCPT TO:<ann", NOBODY)]].concat();
    let talk = asked(&refused).await;
    assert_eq!(talk.codes(), (Some(550), None));
    assert_eq!(
        talk.heard,
        [
            "EHLO probe.example.net",
            "MAIL FROM:<>",
            "RCPT TO:<ann@example.test>",
            "QUIT"
        ]
    );

    let taken = [&start[..], &[("RCPT TO:<ann", OK), ("RCPT TO:<r4nd0m", OK)]].concat();
    let talk = asked(&taken).await;
    assert_eq!(talk.codes(), (Some(250), Some(250)));
    assert_eq!(talk.heard.len(), 5);
}

#[tokio::test]
async fn where_the_null_sender_is_refused_one_of_the_operators_is_used() {
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

    let again = talk(&script, settings, question()).await;

    assert_eq!(
        (again.codes(), again.outcome.end),
        ((Some(250), Some(550)), None)
    );
    assert_eq!(again.heard[4..6], ["RSET", "MAIL FROM:<probe@example.net>"]);

    let given_up = asked(&script[..5]).await;

    assert!(
        matches!(&given_up.outcome.end, Some(End::Refused(Stage::Mail, reply)) if reply.code == 553),
        "the operator has no sender: {:?}",
        given_up.outcome.end
    );
}

#[tokio::test]
async fn a_server_that_takes_one_recipient_gets_a_second_transaction() {
    for ehlo in [PIPELINING, PLAIN] {
        let talk = asked(&[
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
        assert_eq!(talk.codes(), (Some(250), Some(550)), "{ehlo:?}");
        assert_eq!(talk.outcome.end, None);
    }
}

#[tokio::test]
async fn a_catch_all_check_that_fails_costs_nothing_else() {
    let talk = asked(&[SERVER, PIPELINING, ("MAIL", OK), ("RCPT TO:<ann", OK)]).await;
    assert_eq!((talk.codes(), talk.outcome.end), ((Some(250), None), None));
    let leaving = "421 4.3.2 shutting down\r\n";
    let talk = asked(&[SERVER, PLAIN, ("MAIL", OK), ("RCPT TO:<ann", leaving)]).await;
    assert_eq!((talk.codes(), talk.outcome.end), ((Some(421), None), None));
}

#[tokio::test]
async fn an_internationalized_address_needs_the_extension() {
    let utf8 = || Question {
        recipient: "jörg@example.test".into(),
        utf8: true,
        ..question()
    };
    let refused = talk(&[SERVER, PIPELINING], settings(), utf8()).await;
    assert_eq!(refused.outcome.end, Some(End::NoUtf8));
    assert_eq!(refused.heard.last().map(String::as_str), Some("QUIT"));

    let able = ("EHLO", "250-mx\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n");
    let script = [SERVER, able, ("MAIL", OK), ("RCPT TO:<jörg", NOBODY)];
    let taken = talk(&script, settings(), utf8()).await;
    assert_eq!(taken.heard[1], "MAIL FROM:<> SMTPUTF8");
    assert_eq!(taken.codes(), (Some(550), None));
}

#[tokio::test]
async fn who_does_not_know_ehlo_is_greeted_with_helo() {
    let old = ("EHLO", "502 not implemented\r\n");
    let talk = asked(&[SERVER, old, ("HELO", OK), ("MAIL", OK), ("RCPT", NOBODY)]).await;
    assert_eq!(talk.codes(), (Some(550), None));
    assert_eq!(
        talk.heard[..2],
        ["EHLO probe.example.net", "HELO probe.example.net"]
    );
}

#[tokio::test]
async fn what_ends_it_early_says_where() {
    for (script, stage, told) in [
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
        let (at, said) = match asked(script).await.outcome.end {
            Some(End::Refused(at, reply)) => (at, reply.code.to_string()),
            Some(End::Broken(at, broken)) => (at, broken.text()),
            other => panic!("{script:?}: {other:?}"),
        };
        assert_eq!((at, said.as_str()), (stage, told));
    }
}

#[tokio::test]
async fn a_server_that_changes_its_mind_about_tls_is_asked_in_the_clear() {
    let offers = ("EHLO", "250-mx\r\n250 STARTTLS\r\n");
    let refused = ("STARTTLS", "454 4.7.0 not now\r\n");
    let talk = asked(&[SERVER, offers, refused, ("MAIL", OK), ("RCPT", NOBODY)]).await;
    assert_eq!((talk.codes(), talk.outcome.end), ((Some(550), None), None));
    assert!(talk.outcome.tls_failed && talk.outcome.tls.is_none());

    let leaves = asked(&[SERVER, offers, ("STARTTLS", "421 bye\r\n")])
        .await
        .outcome;
    assert!(matches!(leaves.end, Some(End::Refused(Stage::Starttls, _))));
    assert!(!leaves.tls_failed);
}

#[tokio::test]
async fn a_reply_put_in_before_the_handshake_is_an_attack() {
    let offers = ("EHLO", "250-mx\r\n250 STARTTLS\r\n");
    let injected = ("STARTTLS", "220 go\r\n250 injected\r\n");
    let outcome = asked(&[SERVER, offers, injected]).await.outcome;
    let why = match outcome.end {
        Some(End::Broken(Stage::Starttls, broken)) => broken.text(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        why,
        "TLS failed: the server talked on in the clear after its consent"
    );
    assert!(outcome.tls_failed);
}

#[test]
fn a_group_is_mail_and_both_recipients_in_this_order() {
    let lines = Lines::new(&question(), "a@b.example");
    assert_eq!(
        lines.together(),
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<ann@example.test>\r\nRCPT TO:<r4nd0m@example.test>\r\n"
    );
}

#[tokio::test]
async fn who_asks_is_said_last_and_the_farewell_is_heard_where_that_is_wanted() {
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
    let talk = talk(&script, settings, question()).await;
    assert_eq!(talk.heard, [r#"NOOP "lookup by \"Ann\"""#, "QUIT"]);
    assert_eq!(
        talk.steps,
        [(Stage::Banner, Some(554)), (Stage::Quit, Some(221))]
    );
}
