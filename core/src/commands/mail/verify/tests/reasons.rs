//! Each reason has its verdict and its sentence.

use crate::testing::read_back::ReadBack;
use netvane_net::smtp::Stage;

use super::{report, results::entry};
use crate::commands::{
    mail::verify::*,
    testing::{head, rows},
};

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
