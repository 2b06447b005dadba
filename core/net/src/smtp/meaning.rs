//! Classifies a reply by its stage, its code and its enhanced status code.
//!
//! RFC 5321 §4.2 (reply codes), RFC 3463 and its registry (RFC 5248: enhanced codes), RFC 7504
//! (521, 556), RFC 7505 (5.1.10), RFC 6531 (5.6.7). The text decides only if the codes are
//! ambiguous: no enhanced code, or "other" (`x.y.0`), or one of the few providers known to use a
//! code against its definition. A reply code alone never proves that a mailbox does not exist: 550
//! is also the code of a policy (RFC 5321 §4.2.3).

mod permanent;
mod retry_hint;

use permanent::Permanent;

pub use retry_hint::retry_hint;

use super::{
    phrases::{Topic, Topics, masked, topics},
    reply::Reply,
    transcript::Stage,
};

/// Meaning of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// Accepted; for RCPT: the server accepts mail for the address, or forwards it (250, 251).
    Accepted,
    /// Accepted without verifying that the mailbox exists (252).
    Unverified,
    /// The mailbox does not exist.
    NoSuchUser,
    /// The mailbox exists but is disabled.
    Disabled,
    /// The mailbox exists but is full.
    Full,
    /// The mailbox has moved (551, 5.1.6).
    Moved,
    /// The host or domain does not accept mail (521, 556, 5.1.10).
    NoMailHere,
    /// Greylisted: rejected for now because we are an unknown client.
    Greylisted,
    /// Our IP address is blocked by policy or reputation; says nothing about the mailbox.
    Blocked,
    /// Too many connections or commands, from us or in total.
    RateLimited,
    /// The server does not handle mail for the domain (relay denied).
    RelayDenied,
    /// The sender address is rejected.
    SenderRefused,
    /// Only one recipient per transaction is allowed.
    TooManyRecipients,
    /// TLS is required, but the connection is not encrypted.
    TlsRequired,
    /// Internationalized addresses are not supported (5.6.7).
    NoUtf8,
    /// Temporary error of the server.
    Temporary,
    /// Rejected for a reason that is not the address: the session (503, 5.5.1), missing rights, a
    /// fault of the server.
    Unrelated,
    /// Rejected without a clear reason.
    Ambiguous,
}

/// Returns what `reply` means at `stage`; `local` is the local part of the probed address.
#[must_use]
pub fn meaning(stage: Stage, reply: &Reply, local: &str) -> Meaning {
    match reply.class() {
        2 if stage == Stage::Rcpt || stage == Stage::RcptRandom => match reply.code {
            252 => Meaning::Unverified,
            _ => Meaning::Accepted,
        },
        2 => Meaning::Accepted,
        4 | 5 => {
            let text = masked(&reply.text(), local);
            let topics = topics(&text);
            let code = reply
                .enhanced
                .map(|enhanced| (enhanced.subject, enhanced.detail));
            match (reply.class(), stage) {
                (4, _) => classify_transient(stage, reply.code, code, &text, topics),
                (_, Stage::Rcpt | Stage::RcptRandom) => Permanent {
                    code: reply.code,
                    text: &text,
                    topics,
                }
                .classify(code),
                _ => classify_before_recipient(stage, reply.code, code, topics),
            }
        }
        // 3yz asks for more, which no command of the session allows.
        _ if matches!(stage, Stage::Rcpt | Stage::RcptRandom) => Meaning::Unrelated,
        _ => Meaning::Ambiguous,
    }
}

/// Classifies a permanent error (5yz) before RCPT: to the connection, EHLO, STARTTLS or MAIL.
fn classify_before_recipient(
    stage: Stage,
    code: u16,
    enhanced: Option<(u16, u16)>,
    topics: Topics,
) -> Meaning {
    match (stage, enhanced) {
        (Stage::Connect | Stage::Banner, _) if code == 521 || code == 556 => Meaning::NoMailHere,
        (_, Some((6, 7))) => Meaning::NoUtf8,
        (Stage::Mail, _) if topics.has(Topic::StartTls) => Meaning::TlsRequired,
        (_, Some((7, 28))) => Meaning::RateLimited,
        _ if topics.has(Topic::Rate) && !topics.has(Topic::Block) => Meaning::RateLimited,
        (Stage::Mail, Some((1, 0 | 7 | 8))) => Meaning::SenderRefused,
        (Stage::Mail, Some((7, _))) if topics.has(Topic::Sender) && !topics.has(Topic::Block) => {
            Meaning::SenderRefused
        }
        (_, Some((7, _))) => Meaning::Blocked,
        (Stage::Mail, _) if topics.has(Topic::Block) => Meaning::Blocked,
        (Stage::Mail, _) if matches!(code, 501 | 550 | 553) || topics.has(Topic::Sender) => {
            Meaning::SenderRefused
        }
        (Stage::Ehlo | Stage::Starttls, _) if matches!(code, 500..=504) => Meaning::Ambiguous,
        // RFC 5321 §3.1: 554 instead of a greeting.
        _ => Meaning::Blocked,
    }
}

/// Classifies a temporary error (4yz).
fn classify_transient(
    stage: Stage,
    code: u16,
    enhanced: Option<(u16, u16)>,
    text: &str,
    topics: Topics,
) -> Meaning {
    let recipient = matches!(stage, Stage::Rcpt | Stage::RcptRandom);
    if topics.has(Topic::Greylist) {
        return Meaning::Greylisted;
    }

    match enhanced {
        Some((2, 2)) if recipient && !topics.has(Topic::NoSuchUser) => return Meaning::Full,
        Some((5, 3)) => return Meaning::TooManyRecipients,
        Some((1, 7 | 8)) => return Meaning::SenderRefused,
        _ => {}
    }

    if topics.has(Topic::Recipients) {
        return Meaning::TooManyRecipients;
    }

    if topics.has(Topic::StartTls) {
        return Meaning::TlsRequired;
    }

    if topics.has(Topic::Relay) {
        return Meaning::RelayDenied;
    }

    if topics.has(Topic::Rate) || matches!(enhanced, Some((7, 28))) {
        return Meaning::RateLimited;
    }

    let blocked = topics.has_any(&[Topic::Block, Topic::Denied]);

    let is_full = topics.has(Topic::Full) && !topics.has(Topic::NoSuchUser);
    if recipient && is_full && !blocked && !topics.has(Topic::Sender) {
        return Meaning::Full;
    }

    match enhanced {
        Some((7, _)) if blocked => Meaning::Blocked,
        Some((7, 0)) => Meaning::RateLimited,
        // Code used for greylisting, even if the text only says to try again.
        Some((7, 1)) if recipient && matches!(code, 450 | 451) => Meaning::Greylisted,
        Some((7, _)) => Meaning::Blocked,
        None | Some((2, 0)) if recipient && matches!(code, 450 | 451) && asks_again(text) => {
            Meaning::Greylisted
        }
        None if blocked => Meaning::Blocked,
        None if code == 421 && !is_going_down(text) => Meaning::RateLimited,
        _ => Meaning::Temporary,
    }
}

fn asks_again(text: &str) -> bool {
    [
        "try again in ",
        "try again later",
        "come back ",
        "retry in ",
        "please retry",
        "wait ",
        "first time",
    ]
    .iter()
    .any(|phrase| text.contains(phrase))
}

/// Whether the text of a 421 says that the server is shutting down or has an internal error (RFC
/// 5321 §3.8).
fn is_going_down(text: &str) -> bool {
    [
        "not available",
        "shut",
        "closing",
        "timeout",
        "timed out",
        "local error",
        "internal",
        "unavailable",
    ]
    .iter()
    .any(|phrase| text.contains(phrase))
}

#[cfg(test)]
mod tests;
