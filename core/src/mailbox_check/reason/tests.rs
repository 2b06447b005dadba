use super::*;

#[test]
fn reasons_lead_to_the_verdict_that_they_prove() {
    use Verdict::{Deliverable, Risky, Undeliverable, Unknown};

    for (reason, verdict) in [
        (Reason::Accepted, Deliverable),
        (Reason::CatchAll, Risky),
        (Reason::Unverified, Risky),
        (Reason::Full, Risky),
        (Reason::NoSuchUser, Undeliverable),
        (Reason::Disabled, Undeliverable),
        (Reason::Moved, Undeliverable),
        (Reason::InvalidAddress, Undeliverable),
        (Reason::NoSuchDomain, Undeliverable),
        (Reason::NoExchange, Undeliverable),
        (Reason::NoMailHere, Undeliverable),
        (Reason::NoUtf8, Undeliverable),
        (Reason::Greylisted, Unknown),
        (Reason::Blocked, Unknown),
        (Reason::RateLimited, Unknown),
        (Reason::RelayDenied, Unknown),
        (Reason::SenderRefused, Unknown),
        (Reason::ConnectionRefused, Unknown),
        (Reason::TlsFailed, Unknown),
        (Reason::TemporaryFailure, Unknown),
        (Reason::Ambiguous, Unknown),
        (Reason::Tarpit, Unknown),
        (Reason::TimedOut, Unknown),
        (Reason::Closed, Unknown),
        (Reason::NotSmtp, Unknown),
        (Reason::Unreachable, Unknown),
        (Reason::Spared, Unknown),
        (Reason::PortBlocked, Unknown),
    ] {
        assert_eq!(reason.verdict(), verdict, "{reason:?}");
    }
}

#[test]
fn of_several_failures_the_one_that_says_most_counts() {
    let order = [
        Reason::PortBlocked,
        Reason::Unreachable,
        Reason::ConnectionRefused,
        Reason::NotSmtp,
        Reason::TimedOut,
        Reason::Closed,
        Reason::Tarpit,
        Reason::TemporaryFailure,
        Reason::Blocked,
        Reason::TlsFailed,
        Reason::RateLimited,
        Reason::NoUtf8,
        Reason::Greylisted,
        Reason::Ambiguous,
    ];
    for pair in order.windows(2) {
        assert!(pair[0].weight() < pair[1].weight(), "{pair:?}");
    }
}

#[test]
fn meanings_become_reasons() {
    for (meaning, reason) in [
        (Meaning::Accepted, Reason::Accepted),
        (Meaning::TooManyRecipients, Reason::RateLimited),
        (Meaning::TlsRequired, Reason::TlsFailed),
        (Meaning::Temporary, Reason::TemporaryFailure),
        (Meaning::Ambiguous, Reason::Ambiguous),
    ] {
        assert_eq!(Reason::from(meaning), reason);
    }
}

#[test]
fn json_has_the_words_of_the_contract() {
    let word = |reason: Reason| serde_json::to_value(reason).expect("JSON");
    assert_eq!(word(Reason::NoSuchUser), "no_such_user");
    assert_eq!(word(Reason::NoUtf8), "no_utf8");
}
