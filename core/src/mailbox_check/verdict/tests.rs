use super::*;
use crate::args::mailbox::parse;

fn unasked(address: &str, reason: Reason) -> Report {
    Report::unprobed(&parse(address).expect(address), reason)
}

fn answered(said: Meaning, about_random: Option<Meaning>) -> Report {
    let mut report = unasked("ada@example.test", Reason::Unreachable);
    report.record_replies(said, about_random);
    report
}

#[test]
fn the_reply_to_a_random_address_detects_a_catch_all() {
    use Meaning::{
        Accepted, Ambiguous, Blocked, Full, Greylisted, NoSuchUser, Temporary, Unrelated,
        Unverified,
    };

    for (said, random, catch_all, reason) in [
        (Accepted, Some(NoSuchUser), Some(false), Reason::Accepted),
        (Accepted, Some(Ambiguous), Some(false), Reason::Accepted),
        (Accepted, Some(Accepted), Some(true), Reason::CatchAll),
        (Accepted, Some(Unverified), Some(true), Reason::CatchAll),
        (Accepted, Some(Greylisted), None, Reason::Accepted),
        (Accepted, Some(Unrelated), None, Reason::Accepted),
        (Ambiguous, Some(Ambiguous), None, Reason::Ambiguous),
        (Ambiguous, Some(Accepted), Some(true), Reason::NoSuchUser),
        (Unrelated, Some(Accepted), Some(true), Reason::Ambiguous),
        (Accepted, None, None, Reason::Accepted),
        (Unverified, Some(Accepted), Some(true), Reason::Unverified),
        (Unverified, None, None, Reason::Unverified),
        (NoSuchUser, None, Some(false), Reason::NoSuchUser),
        (Full, Some(NoSuchUser), Some(false), Reason::Full),
        (Full, None, None, Reason::Full),
        (Blocked, Some(Blocked), None, Reason::Blocked),
        (Temporary, None, None, Reason::TemporaryFailure),
    ] {
        let report = answered(said, random);
        assert_eq!(
            (report.checks.catch_all, report.reason),
            (catch_all, reason),
            "{said:?} {random:?}"
        );
        assert_eq!(report.verdict, reason.verdict());
        assert_eq!(report.checks.smtp, Some(true));
    }
}

#[test]
fn checks_are_set_only_if_the_reply_proves_them() {
    use Meaning::{Accepted, Blocked, Disabled, Full, Moved, NoSuchUser};

    for (said, accepts, full, disabled) in [
        (Accepted, Some(true), Some(false), Some(false)),
        (Full, Some(false), Some(true), Some(false)),
        (Disabled, Some(false), Some(false), Some(true)),
        (NoSuchUser, Some(false), None, None),
        (Moved, Some(false), None, None),
        (Blocked, None, None, None),
    ] {
        let checks = answered(said, None).checks;
        assert_eq!(
            (checks.accepts_mailbox, checks.mailbox_full, checks.disabled),
            (accepts, full, disabled),
            "{said:?}"
        );
    }
}

#[test]
fn an_unprobed_report_has_the_checks_of_the_address() {
    let report = unasked("Postmaster@gmial.com", Reason::NoSuchDomain);
    assert_eq!(report.verdict, Verdict::Undeliverable);
    assert_eq!(report.checks.syntax, Some(true));
    assert_eq!(report.checks.mx, Some(false));
    assert_eq!(report.checks.role, Some(true));
    assert_eq!(
        report.suggestion.as_deref(),
        Some("Postmaster@gmail.com"),
        "the local part stays"
    );
    assert_eq!(report.exchange, None);
}

#[test]
fn the_mx_check_fails_only_for_reasons_of_the_domain() {
    for (reason, mx) in [
        (Reason::NoSuchDomain, Some(false)),
        (Reason::NoExchange, Some(false)),
        (Reason::NoMailHere, Some(false)),
        (Reason::Unreachable, None),
        (Reason::TemporaryFailure, None),
    ] {
        assert_eq!(unasked("ada@example.test", reason).checks.mx, mx);
    }
}

#[test]
fn an_address_literal_has_no_suggestion_and_no_domain_checks() {
    let report = unasked("ada@[192.0.2.1]", Reason::NoExchange);
    assert_eq!(report.address, "ada@[192.0.2.1]");
    assert_eq!(report.suggestion, None);
    assert_eq!(report.checks.disposable, None);
}

#[test]
fn an_invalid_address_is_truncated_at_a_character() {
    let report = Report::invalid("not an address");
    assert_eq!(report.address, "not an address");
    assert_eq!(report.verdict, Verdict::Undeliverable);
    assert_eq!(report.checks.syntax, Some(false));
    assert_eq!(report.checks.mx, None);

    let fits = "é".repeat(254);
    assert_eq!(Report::invalid(&fits).address, fits);
    assert_eq!(
        Report::invalid(&format!("{fits}x")).address,
        format!("{fits}…")
    );
    assert_eq!(Report::invalid("").address, "");
}

#[test]
fn a_failure_changes_reason_and_verdict_together() {
    let mut report = answered(Meaning::Accepted, None);
    report.failed(Reason::Greylisted);
    assert_eq!(
        (report.reason, report.verdict),
        (Reason::Greylisted, Verdict::Unknown)
    );
}

#[test]
fn disposable_domains_are_detected() {
    let disposable = |address: &str| unasked(address, Reason::Unreachable).checks.disposable;
    assert_eq!(disposable("ada@mailinator.com"), Some(true));
    assert_eq!(disposable("ada@example.test"), Some(false));
}
