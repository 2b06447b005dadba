use super::*;
use crate::{
    commands::{
        dns::mx::tests::found,
        testing::{field, head, rows, shown},
    },
    mailbox_check::Checks,
    testing::read_back::ReadBack,
};
use netvane_net::smtp::{Stage, TlsFacts, TranscriptEntry};

const REASONS: [(Reason, &str, Severity); 29] = [
    (
        Reason::Accepted,
        "Deliverable: mx.test accepts this address; whether it accepts any address of the domain is not known",
        Severity::Good,
    ),
    (
        Reason::CatchAll,
        "Risky: mx.test is catch-all, so this address cannot be confirmed",
        Severity::Warning,
    ),
    (
        Reason::Unverified,
        "Risky: mx.test accepts the address without verifying that it exists",
        Severity::Warning,
    ),
    (
        Reason::NoSuchUser,
        "Undeliverable: mx.test reports that the mailbox does not exist",
        Severity::Bad,
    ),
    (
        Reason::Disabled,
        "Undeliverable: The mailbox exists but is disabled",
        Severity::Bad,
    ),
    (
        Reason::Full,
        "Risky: The mailbox exists but is full and does not accept mail at the moment",
        Severity::Warning,
    ),
    (
        Reason::Moved,
        "Undeliverable: The mailbox has moved",
        Severity::Bad,
    ),
    (
        Reason::InvalidAddress,
        "Undeliverable: Not a valid email address",
        Severity::Bad,
    ),
    (
        Reason::NoSuchDomain,
        "Undeliverable: The domain does not exist",
        Severity::Bad,
    ),
    (
        Reason::NoExchange,
        "Undeliverable: The domain has no usable mail server",
        Severity::Bad,
    ),
    (
        Reason::NoMailHere,
        "Undeliverable: The domain does not accept mail",
        Severity::Bad,
    ),
    (
        Reason::NoUtf8,
        "Undeliverable: mx.test does not support internationalized addresses (SMTPUTF8)",
        Severity::Bad,
    ),
    (
        Reason::Greylisted,
        "Unknown: mx.test greylisted us; try again later",
        Severity::Warning,
    ),
    (
        Reason::Blocked,
        "Unknown: mx.test blocked our IP (policy/reputation); result unknown",
        Severity::Warning,
    ),
    (
        Reason::RateLimited,
        "Unknown: mx.test rate-limited us; result unknown",
        Severity::Warning,
    ),
    (
        Reason::RelayDenied,
        "Unknown: mx.test does not handle mail for this domain (relay denied)",
        Severity::Warning,
    ),
    (
        Reason::SenderRefused,
        "Unknown: mx.test rejected our sender address; result unknown",
        Severity::Warning,
    ),
    (
        Reason::ConnectionRefused,
        "Unknown: No mail server of the domain accepts connections (connection refused); result unknown",
        Severity::Warning,
    ),
    (
        Reason::TlsFailed,
        "Unknown: mx.test requires STARTTLS, but the TLS connection failed",
        Severity::Warning,
    ),
    (
        Reason::Unencrypted,
        "Unknown: mx.test gave no encrypted connection, and smtp.cleartext forbids cleartext; result unknown",
        Severity::Warning,
    ),
    (
        Reason::TemporaryFailure,
        "Unknown: Temporary server error; try again later",
        Severity::Warning,
    ),
    (
        Reason::Ambiguous,
        "Unknown: mx.test refused the address without saying that the mailbox does not exist",
        Severity::Warning,
    ),
    (
        Reason::Tarpit,
        "Unknown: mx.test is tarpitting (deliberately slow)",
        Severity::Warning,
    ),
    (
        Reason::TimedOut,
        "Unknown: mx.test timed out",
        Severity::Warning,
    ),
    (
        Reason::Closed,
        "Unknown: mx.test closed the connection",
        Severity::Warning,
    ),
    (
        Reason::NotSmtp,
        "Unknown: mx.test does not speak SMTP",
        Severity::Warning,
    ),
    (
        Reason::BudgetExhausted,
        "Unknown: mx.test was not probed: hourly limit for this domain reached",
        Severity::Warning,
    ),
    (
        Reason::Unreachable,
        "Unknown: Could not connect to any mail server of the domain",
        Severity::Warning,
    ),
    (
        Reason::PortBlocked,
        "Unknown: Port 25 is blocked from here, so no mail server can be reached",
        Severity::Warning,
    ),
];

fn report(reason: Reason) -> Report {
    let mailbox = mailbox::parse("ada@example.test").expect("an address");
    Report {
        exchange: Some("mx.test".into()),
        ..Report::unprobed(&mailbox, reason)
    }
}

fn entry(stage: Stage, code: Option<u16>, text: &str) -> TranscriptEntry {
    TranscriptEntry {
        host: "mx.test (192.0.2.1)".into(),
        stage,
        command: None,
        code,
        enhanced: None,
        text: text.into(),
    }
}

#[test]
fn every_reason_has_its_verdict_and_sentence() {
    for (reason, summary, severity) in REASONS {
        let document = Data::new(report(reason), None).present_checked();
        assert_eq!(head(&document), (summary, severity), "{reason:?}");
        assert_eq!(document.title, "Verification of ada@example.test");
    }
}

#[test]
fn the_sentence_says_what_was_learned_about_made_up_addresses() {
    for (reason, catch_all, expected) in [
        (
            Reason::Accepted,
            Some(false),
            "Deliverable: mx.test accepts this address and rejects made-up ones",
        ),
        (
            Reason::NoSuchUser,
            Some(true),
            "Undeliverable: mx.test rejects this address, but accepts a made-up one",
        ),
    ] {
        let mut report = report(reason);
        report.checks.catch_all = catch_all;
        assert_eq!(head(&Data::new(report, None).present_checked()).0, expected);
    }
}

#[test]
fn a_blocked_port_says_what_to_do() {
    let document = Data::new(report(Reason::PortBlocked), None).present_checked();
    assert_eq!(document.warnings, [PORT_BLOCKED]);
}

#[test]
fn an_unnamed_server_is_called_the_domains_mail_server() {
    let mut report = report(Reason::TimedOut);
    report.exchange = None;
    assert_eq!(
        head(&Data::new(report, None).present_checked()).0,
        "Unknown: the domain's mail server timed out"
    );
}

#[test]
fn a_host_name_is_not_expanded_as_a_template() {
    let mut report = report(Reason::TimedOut);
    report.exchange = Some("{host}.{host}".into());
    assert_eq!(
        head(&Data::new(report, None).present_checked()).0,
        "Unknown: {host}.{host} timed out"
    );
}

#[test]
fn there_is_no_verdict_while_in_progress() {
    let mut data = Data::new(report(Reason::Unreachable), None);
    data.in_progress = true;
    data.report.transcript = vec![entry(Stage::Banner, Some(220), "hello")];
    let document = data.present_checked();
    assert_eq!(
        head(&document),
        ("Querying the mail server", Severity::Neutral)
    );
    assert!(rows(&document).is_empty());
    assert_eq!(document.blocks.len(), 2, "the transcript under its heading");
}

#[test]
fn all_results_are_shown() {
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
        TranscriptEntry {
            command: Some("EHLO probe.test".into()),
            ..entry(Stage::Ehlo, Some(250), "mx.test\nPIPELINING\nSIZE 1000")
        },
        TranscriptEntry {
            command: Some("RCPT TO:<ada@example.test>".into()),
            ..entry(Stage::Rcpt, Some(450), "4.2.0 come again")
        },
    ];

    data.refused = vec!["private.test is not contacted".into()];
    insta::assert_snapshot!(shown(&data.present_checked()), @r#"
    # Verification of ada@example.test
    ! Unknown: mx.test greylisted us; try again later
    Reason: a fault
    Did you mean: ada@example.com (exact)
    Retry after: 5 min
    [Check | Result]
    Valid syntax | yes (good)
    Disposable domain | no (good)
    Role address | no (good)
    Encryption: TLS 1.3, certificate not valid for the server
    ## SMTP transcript
    ```
    mx.test (192.0.2.1)
    -- connected
    C: EHLO probe.test
    S: 250-mx.test
    S: 250-PIPELINING
    S: 250 SIZE 1000
    C: RCPT TO:<ada@example.test>
    S: 450 4.2.0 come again
    ```
    line 7 (warning)
    ! private.test is not contacted
    "#);
}

#[test]
fn certificate_validity_is_shown() {
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
        assert_eq!(field(&data.present_checked(), "Encryption"), Some(told));
    }
}

#[test]
fn check_results_are_colored_by_the_expected_value() {
    let checks = Checks {
        syntax: Some(true),
        mx: Some(false),
        catch_all: Some(true),
        mailbox_full: Some(false),
        ..Checks::default()
    };
    let rows: Vec<String> = check_rows(&checks)
        .iter()
        .map(|[name, result]| format!("{} {} {:?}", name.text, result.text, result.role))
        .collect();
    assert_eq!(
        rows,
        [
            "Valid syntax yes Good",
            "Mail server found no Warning",
            "Catch-all domain yes Warning",
            "Mailbox full no Good"
        ]
    );
    assert!(check_rows(&Checks::default()).is_empty());
}

#[test]
fn domains_that_accept_no_mail_need_no_session() {
    let good = found(&[(10, "a.test", 1)]);
    assert!(undeliverable_reason(&good).is_none());

    let mut null = good.clone();
    null.null_mx = true;
    assert_eq!(
        undeliverable_reason(&null).map(|(reason, _)| reason),
        Some(Reason::NoMailHere)
    );

    let unresolved = found(&[(10, "a.test", 0)]);
    assert_eq!(
        undeliverable_reason(&unresolved),
        Some((Reason::NoExchange, None))
    );

    let failed: mx::Exchange = serde_json::from_value(serde_json::json!({
        "preference": 10, "exchange": "a.test", "addresses": [], "fault": "unresolved", "ttl": 60
    }))
    .expect("a mail server");
    let mut temporary = unresolved;
    temporary.hosts.push(failed);
    assert_eq!(
        undeliverable_reason(&temporary),
        Some((
            Reason::TemporaryFailure,
            Some("Could not resolve mail server a.test".into())
        ))
    );

    for (outcome, reason) in [
        (Outcome::Nxdomain, Reason::NoSuchDomain),
        (Outcome::Servfail, Reason::TemporaryFailure),
        (Outcome::Refused, Reason::TemporaryFailure),
        (Outcome::CnameLoop, Reason::TemporaryFailure),
    ] {
        let mut failed = good.clone();
        failed.lookup.outcome = outcome;
        let (told, fault) = undeliverable_reason(&failed).expect("no dialogue");
        assert_eq!(told, reason);
        assert_eq!(fault.is_some(), reason == Reason::TemporaryFailure);
    }
}

#[test]
fn unknown_results_are_cached_for_at_most_a_minute() {
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
