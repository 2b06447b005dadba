use super::*;
use crate::{
    commands::{
        dns::mx::tests::found,
        testing::{field, head, rows, shown},
    },
    mailbox_check::Checks,
};
use netvane_net::smtp::TlsFacts;

const REASONS: [(Reason, &str, Severity); 28] = [
    (
        Reason::Accepted,
        "Deliverable: mx.test takes mail for this address, and not for just any name",
        Severity::Good,
    ),
    (
        Reason::CatchAll,
        "Risky: mx.test takes every address of this domain, so nothing is told about this one",
        Severity::Warning,
    ),
    (
        Reason::Unverified,
        "Risky: mx.test takes the address without knowing whether it exists",
        Severity::Warning,
    ),
    (
        Reason::NoSuchUser,
        "Undeliverable: mx.test says that there is no such mailbox",
        Severity::Bad,
    ),
    (
        Reason::Disabled,
        "Undeliverable: The mailbox exists, but is disabled",
        Severity::Bad,
    ),
    (
        Reason::Full,
        "Risky: The mailbox exists, but is full and takes no mail just now",
        Severity::Warning,
    ),
    (
        Reason::Moved,
        "Undeliverable: The mailbox is elsewhere now",
        Severity::Bad,
    ),
    (
        Reason::InvalidAddress,
        "Undeliverable: This is not a mail address",
        Severity::Bad,
    ),
    (
        Reason::NoSuchDomain,
        "Undeliverable: The domain does not exist",
        Severity::Bad,
    ),
    (
        Reason::NoExchange,
        "Undeliverable: The domain has no mail server that can be used",
        Severity::Bad,
    ),
    (
        Reason::NoMailHere,
        "Undeliverable: The domain takes no mail at all",
        Severity::Bad,
    ),
    (
        Reason::NoUtf8,
        "Undeliverable: mx.test takes no addresses beyond ASCII (SMTPUTF8)",
        Severity::Bad,
    ),
    (
        Reason::Greylisted,
        "Unknown: mx.test asks strangers to come again (greylisting); nothing is told yet",
        Severity::Warning,
    ),
    (
        Reason::Blocked,
        "Unknown: mx.test refused us, for policy or reputation; that says nothing about the mailbox",
        Severity::Warning,
    ),
    (
        Reason::RateLimited,
        "Unknown: mx.test refused us for asking too often; that says nothing about the mailbox",
        Severity::Warning,
    ),
    (
        Reason::RelayDenied,
        "Unknown: mx.test does not feel responsible for this domain",
        Severity::Warning,
    ),
    (
        Reason::SenderRefused,
        "Unknown: mx.test does not like our sender; that says nothing about the mailbox",
        Severity::Warning,
    ),
    (
        Reason::ConnectionRefused,
        "Unknown: Every mail server refuses the connection; that says nothing about the mailbox",
        Severity::Warning,
    ),
    (
        Reason::TlsFailed,
        "Unknown: mx.test insists on TLS, which did not come about",
        Severity::Warning,
    ),
    (
        Reason::TemporaryFailure,
        "Unknown: There is a trouble that will pass; ask again later",
        Severity::Warning,
    ),
    (
        Reason::Ambiguous,
        "Unknown: mx.test refuses without saying why",
        Severity::Warning,
    ),
    (
        Reason::Tarpit,
        "Unknown: mx.test answers too slowly, on purpose it seems",
        Severity::Warning,
    ),
    (
        Reason::TimedOut,
        "Unknown: mx.test fell silent",
        Severity::Warning,
    ),
    (
        Reason::Closed,
        "Unknown: mx.test hung up",
        Severity::Warning,
    ),
    (
        Reason::NotSmtp,
        "Unknown: What answers at mx.test does not speak SMTP",
        Severity::Warning,
    ),
    (
        Reason::Spared,
        "Unknown: mx.test was left alone: all askers together have asked it often enough for now",
        Severity::Warning,
    ),
    (
        Reason::Unreachable,
        "Unknown: No mail server of the domain can be connected to",
        Severity::Warning,
    ),
    (
        Reason::PortBlocked,
        "Unknown: Port 25 is blocked from here: no mail server of any domain can be connected to",
        Severity::Warning,
    ),
];

fn report(reason: Reason) -> Report {
    let mailbox = mailbox::parse("ada@example.test").expect("an address");
    Report {
        exchange: Some("mx.test".into()),
        ..Report::unasked(&mailbox, reason)
    }
}

fn entry(stage: Stage, code: Option<u16>, text: &str) -> Entry {
    Entry {
        host: "mx.test (192.0.2.1)".into(),
        stage,
        code,
        enhanced: None,
        text: text.into(),
    }
}

#[test]
fn every_reason_has_its_verdict_and_sentence() {
    for (reason, summary, severity) in REASONS {
        let document = Data::new(report(reason), None).present();
        assert_eq!(head(&document), (summary, severity), "{reason:?}");
        assert_eq!(document.title, "Verification of ada@example.test");
    }
}

#[test]
fn a_server_without_a_name_is_the_domains() {
    let mut report = report(Reason::TimedOut);
    report.exchange = None;
    assert_eq!(
        head(&Data::new(report, None).present()).0,
        "Unknown: the domain's mail server fell silent"
    );
}

#[test]
fn a_hostile_host_is_no_template() {
    let mut report = report(Reason::TimedOut);
    report.exchange = Some("{host}.{host}".into());
    assert_eq!(
        head(&Data::new(report, None).present()).0,
        "Unknown: {host}.{host} fell silent"
    );
}

#[test]
fn while_it_asks_there_is_no_verdict() {
    let mut data = Data::new(report(Reason::Unreachable), None);
    data.finished = false;
    data.report.transcript = vec![entry(Stage::Banner, Some(220), "hello")];
    let document = data.present();
    assert_eq!(
        head(&document),
        ("Asking the mail server", Severity::Neutral)
    );
    assert!(rows(&document).is_empty());
    assert_eq!(document.blocks.len(), 2, "the transcript under its heading");
}

#[test]
fn everything_that_was_found_out_is_shown() {
    let mut data = Data::new(report(Reason::Greylisted), Some("a fault".into()));
    data.report.suggestion = Some("ada@example.com".into());
    data.report.retry_after = Some(300);
    data.report.tls = Some(TlsFacts {
        version: "TLS 1.3".into(),
        cipher: "TLS13_AES_256_GCM_SHA384".into(),
        trusted: Some(false),
        fault: Some("expired".into()),
    });

    data.report.transcript = vec![
        entry(Stage::Connect, None, "connected"),
        entry(Stage::Ehlo, Some(250), "mx.test\nPIPELINING\nSIZE 1000"),
        entry(Stage::RcptRandom, Some(450), "4.2.0 come again"),
    ];

    data.refused = vec!["private.test is not contacted".into()];
    insta::assert_snapshot!(shown(&data.present()), @r#"
    # Verification of ada@example.test
    ! Unknown: mx.test asks strangers to come again (greylisting); nothing is told yet
    Why: a fault
    Did you mean: ada@example.com (exact)
    Ask again in: 300 s
    [Check | Result]
    syntax | yes (good)
    throw-away domain | no (good)
    role address | no (good)
    Encryption: TLS 1.3, certificate not valid for the server
    ## What was said
    ```
    mx.test (192.0.2.1) connect: connected
    mx.test (192.0.2.1) EHLO: 250 mx.test
        PIPELINING
        SIZE 1000
    mx.test (192.0.2.1) RCPT (made-up name): 450 4.2.0 come again
    ```
    ! private.test is not contacted
    "#);
}

#[test]
fn certificates_are_told_by_what_they_are_worth() {
    for (trusted, told) in [
        (Some(true), "TLS 1.2, certificate valid"),
        (Some(false), "TLS 1.2, certificate not valid for the server"),
        (None, "TLS 1.2"),
    ] {
        let mut data = Data::new(report(Reason::Accepted), None);
        data.report.tls = Some(TlsFacts {
            version: "TLS 1.2".into(),
            cipher: "x".into(),
            trusted,
            fault: None,
        });
        assert_eq!(field(&data.present(), "Encryption"), Some(told));
    }
}

#[test]
fn checks_are_good_or_not_by_what_is_wished_for() {
    let checks = Checks {
        syntax: Some(true),
        mx: Some(false),
        catch_all: Some(true),
        mailbox_full: Some(false),
        ..Checks::default()
    };
    let rows: Vec<String> = made(&checks)
        .iter()
        .map(|[name, result]| format!("{} {} {:?}", name.text, result.text, result.role))
        .collect();
    assert_eq!(
        rows,
        [
            "syntax yes Good",
            "domain has a mail server no Warning",
            "takes any address (catch-all) yes Warning",
            "mailbox full no Good"
        ]
    );
    assert!(made(&Checks::default()).is_empty());
}

#[test]
fn stages_are_named_as_smtp_names_them() {
    for (stage, name) in [
        (Stage::Connect, "connect"),
        (Stage::Banner, "banner"),
        (Stage::Ehlo, "EHLO"),
        (Stage::Starttls, "STARTTLS"),
        (Stage::Mail, "MAIL"),
        (Stage::Rcpt, "RCPT"),
        (Stage::RcptRandom, "RCPT (made-up name)"),
        (Stage::Rset, "RSET"),
        (Stage::Quit, "QUIT"),
    ] {
        assert_eq!(
            line(&entry(stage, Some(250), "a\nb")),
            format!("mx.test (192.0.2.1) {name}: 250 a\n    b")
        );
    }
    assert_eq!(
        line(&entry(Stage::Rcpt, None, "")),
        "mx.test (192.0.2.1) RCPT: "
    );
}

#[test]
fn domains_that_take_no_mail_need_no_dialogue() {
    let good = found(&[(10, "a.test", 1)]);
    assert!(no_way(&good).is_none());

    let mut null = good.clone();
    null.null_mx = true;
    assert_eq!(
        no_way(&null).map(|(reason, _)| reason),
        Some(Reason::NoMailHere)
    );

    let unresolved = found(&[(10, "a.test", 0)]);
    assert_eq!(no_way(&unresolved), Some((Reason::NoExchange, None)));

    for (outcome, reason) in [
        (Outcome::Nxdomain, Reason::NoSuchDomain),
        (Outcome::Servfail, Reason::TemporaryFailure),
        (Outcome::Refused, Reason::TemporaryFailure),
        (Outcome::CnameLoop, Reason::TemporaryFailure),
    ] {
        let mut failed = good.clone();
        failed.lookup.outcome = outcome;
        let (told, fault) = no_way(&failed).expect("no dialogue");
        assert_eq!(told, reason);
        assert_eq!(fault.is_some(), reason == Reason::TemporaryFailure);
    }
}

#[test]
fn what_is_not_known_is_kept_a_minute_at_most() {
    for (reason, retry_after, seconds) in [
        (Reason::Accepted, None, 900),
        (Reason::NoSuchUser, Some(5), 900),
        (Reason::TimedOut, None, 60),
        (Reason::Greylisted, Some(300), 60),
        (Reason::Greylisted, Some(5), 5),
        (Reason::RateLimited, Some(0), 0),
    ] {
        let mut data = Data::new(report(reason), None);
        data.report.retry_after = retry_after;
        assert_eq!(data.lifetime(), Duration::from_secs(seconds), "{reason:?}");
    }
}
