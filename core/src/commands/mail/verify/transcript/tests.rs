use netvane_net::smtp::{Enhanced, Stage, TranscriptEntry};

use super::*;
use crate::args::mailbox;

fn entry(stage: Stage, command: &str, code: Option<u16>, text: &str) -> TranscriptEntry {
    TranscriptEntry {
        host: "mx.test (192.0.2.1)".into(),
        stage,
        command: Some(command.to_owned()).filter(|command| !command.is_empty()),
        code,
        enhanced: None,
        text: text.into(),
    }
}

fn report(reason: Reason, transcript: Vec<TranscriptEntry>) -> Report {
    let mailbox = mailbox::parse("ada@example.test").expect("an address");
    Report {
        exchange: Some("mx.test".into()),
        transcript,
        ..Report::unprobed(&mailbox, reason)
    }
}

/// The text of the transcript, and its marked lines.
fn rendered(report: &Report) -> (String, Vec<(String, Role)>) {
    let mut document = Document::default();
    add(&mut document, report, false);
    let Some(Block::Code { text, marks }) = document.blocks.pop() else {
        return Default::default();
    };
    let marked = marks
        .iter()
        .map(|mark| {
            (
                text.lines().nth(mark.line).unwrap_or("?").to_owned(),
                mark.role,
            )
        })
        .collect();
    (text, marked)
}

fn session() -> Vec<TranscriptEntry> {
    vec![
        entry(Stage::Banner, "", Some(220), "mx.test ESMTP"),
        entry(
            Stage::Ehlo,
            "EHLO me.test",
            Some(250),
            "mx.test\nPIPELINING",
        ),
        entry(Stage::Starttls, "STARTTLS", Some(220), "go on"),
        entry(Stage::Starttls, "", None, "TLS 1.3, certificate valid"),
        entry(Stage::Mail, "MAIL FROM:<>", Some(250), ""),
        entry(Stage::Rcpt, "RCPT TO:<ada@example.test>", Some(250), "ok"),
        TranscriptEntry {
            enhanced: Some(Enhanced {
                class: 5,
                subject: 1,
                detail: 1,
            }),
            ..entry(
                Stage::RcptRandom,
                "RCPT TO:<q@example.test>",
                Some(550),
                "no such\nuser",
            )
        },
        entry(Stage::Quit, "QUIT", Some(221), "bye"),
    ]
}

#[test]
fn reads_like_the_session() {
    let (text, _) = rendered(&report(Reason::Accepted, session()));
    assert_eq!(
        text,
        "mx.test (192.0.2.1)
S: 220 mx.test ESMTP
C: EHLO me.test
S: 250-mx.test
S: 250 PIPELINING
C: STARTTLS
S: 220 go on
-- TLS 1.3, certificate valid
C: MAIL FROM:<>
S: 250
C: RCPT TO:<ada@example.test>
S: 250 ok
C: RCPT TO:<q@example.test>
S: 550-5.1.1 no such
S: 550 5.1.1 user
C: QUIT
S: 221 bye"
    );
}

#[test]
fn the_deciding_reply_has_the_color_of_the_verdict() {
    let marked = |reason, entries| rendered(&report(reason, entries)).1;

    assert_eq!(
        marked(Reason::Accepted, session()),
        [("S: 250 ok".to_owned(), Role::Good)]
    );

    let mut refused = session();
    refused[5].code = Some(550);
    assert_eq!(
        marked(Reason::NoSuchUser, refused),
        [("S: 550 ok".to_owned(), Role::Bad)]
    );

    let mut catch_all = session();
    catch_all[6] = entry(
        Stage::RcptRandom,
        "RCPT TO:<q@example.test>",
        Some(250),
        "sure",
    );
    assert_eq!(
        marked(Reason::CatchAll, catch_all),
        [("S: 250 sure".to_owned(), Role::Warning)]
    );

    let banner = vec![entry(Stage::Banner, "", Some(554), "blocked")];
    assert_eq!(
        marked(Reason::Blocked, banner),
        [("S: 554 blocked".to_owned(), Role::Warning)]
    );
}

#[test]
fn each_connection_begins_with_its_host_or_an_empty_line() {
    let mut other = entry(Stage::Banner, "", Some(220), "other");
    other.host = "mx2.test (192.0.2.2)".into();
    let entries = vec![
        entry(Stage::Banner, "", Some(220), "one"),
        entry(Stage::Banner, "", Some(220), "two"),
        other,
    ];
    let (text, _) = rendered(&report(Reason::TimedOut, entries));
    assert_eq!(
        text,
        "mx.test (192.0.2.1)\nS: 220 one\n\nS: 220 two\n\nmx2.test (192.0.2.2)\nS: 220 other"
    );
}

#[test]
fn an_enhanced_code_in_the_text_is_not_repeated() {
    let code = Enhanced {
        class: 5,
        subject: 1,
        detail: 1,
    };
    let entries = vec![TranscriptEntry {
        enhanced: Some(code),
        ..entry(Stage::Rcpt, "RCPT TO:<a@b.test>", Some(550), "no (#5.1.1)")
    }];
    let (text, _) = rendered(&report(Reason::NoSuchUser, entries));
    assert!(text.ends_with("S: 550 no (#5.1.1)"), "{text}");
}
