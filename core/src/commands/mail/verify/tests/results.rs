//! Results of the checks as shown, and how long they are cached.

use crate::testing::read_back::ReadBack;
use netvane_net::smtp::{Stage, TlsFacts, TranscriptEntry};

use super::report;
use crate::{
    commands::{
        dns::mx::tests::found,
        mail::verify::*,
        testing::{field, shown},
    },
    mailbox_check::Checks,
};

pub(super) fn entry(stage: Stage, code: Option<u16>, text: &str) -> TranscriptEntry {
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
