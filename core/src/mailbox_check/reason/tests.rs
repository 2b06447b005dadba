use super::*;

#[test]
fn each_reason_has_its_verdict() {
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
        (Reason::Unencrypted, Unknown),
        (Reason::TemporaryFailure, Unknown),
        (Reason::Ambiguous, Unknown),
        (Reason::Tarpit, Unknown),
        (Reason::TimedOut, Unknown),
        (Reason::Closed, Unknown),
        (Reason::NotSmtp, Unknown),
        (Reason::Unreachable, Unknown),
        (Reason::BudgetExhausted, Unknown),
        (Reason::PortBlocked, Unknown),
    ] {
        assert_eq!(reason.verdict(), verdict, "{reason:?}");
    }
}

#[test]
fn the_most_informative_failure_is_reported() {
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
fn reply_meanings_map_to_reasons() {
    for (meaning, reason) in [
        (Meaning::Accepted, Reason::Accepted),
        (Meaning::TooManyRecipients, Reason::RateLimited),
        (Meaning::TlsRequired, Reason::TlsFailed),
        (Meaning::Temporary, Reason::TemporaryFailure),
        (Meaning::Ambiguous, Reason::Ambiguous),
        (Meaning::Unrelated, Reason::Ambiguous),
    ] {
        assert_eq!(Reason::from(meaning), reason);
    }
}

#[test]
fn reasons_are_serialized_in_snake_case() {
    let word = |reason: Reason| serde_json::to_value(reason).expect("JSON");
    assert_eq!(word(Reason::NoSuchUser), "no_such_user");
    assert_eq!(word(Reason::NoUtf8), "no_utf8");
}
