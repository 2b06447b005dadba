//! Classifies a reply by its stage, its code and its enhanced status code.
//!
//! RFC 5321 §4.2 (reply codes), RFC 3463 and its registry (RFC 5248: enhanced codes), RFC 7504
//! (521, 556), RFC 7505 (5.1.10), RFC 6531 (5.6.7). The text decides only if the codes are
//! ambiguous: no enhanced code, or "other" (`x.y.0`), or one of the few providers known to use a
//! code against its definition.

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
                (_, Stage::Rcpt | Stage::RcptRandom) => {
                    classify_permanent(reply.code, code, &text, topics)
                }
                _ => classify_before_recipient(stage, reply.code, code, topics),
            }
        }
        _ => Meaning::Ambiguous,
    }
}

/// Classifies a permanent error (5yz) to RCPT.
fn classify_permanent(
    code: u16,
    enhanced: Option<(u16, u16)>,
    text: &str,
    topics: Topics,
) -> Meaning {
    // Exchange Online's edge (DBEB), for recipients that are not in its directory; in RFC 3463 the
    // code means "no answer from host".
    let edge = text.contains("recipient address rejected: access denied");

    // Yandex rejects unknown users with a policy code; the sentence is followed by an ID at most.
    let bare_no_such_user = text.starts_with(" no such user! ") && !topics.has(Topic::Block);

    match enhanced {
        _ if matches!(code, 521 | 556) => Meaning::NoMailHere,
        Some((1, 0)) if topics.has(Topic::Sender) => Meaning::SenderRefused,
        Some((1, 0 | 1 | 3)) => Meaning::NoSuchUser,
        Some((1, 6)) => Meaning::Moved,
        Some((1, 7 | 8)) => Meaning::SenderRefused,
        Some((1, 10)) => Meaning::NoMailHere,
        Some((2, 1)) if topics.has(Topic::NoSuchUser) && !topics.has(Topic::Disabled) => {
            Meaning::NoSuchUser
        }
        Some((2, 1)) => Meaning::Disabled,
        Some((2, 2)) => Meaning::Full,
        Some((4, 1)) if edge => Meaning::NoSuchUser,
        Some((5, 3)) => Meaning::TooManyRecipients,
        Some((6, 7)) => Meaning::NoUtf8,
        Some((7, 1)) if bare_no_such_user => Meaning::NoSuchUser,
        Some((7, detail)) => classify_policy(code, detail, topics),
        None | Some((0 | 2 | 3 | 5, 0)) => classify_by_text(code, edge, topics),
        // Routing, protocol, mailing list or message size: not about the mailbox.
        Some(_) if topics.has(Topic::Relay) => Meaning::RelayDenied,
        Some(_) => Meaning::Ambiguous,
    }
}

/// Classifies 5.7.x, which rejects the client, never the mailbox.
fn classify_policy(code: u16, detail: u16, topics: Topics) -> Meaning {
    if topics.has(Topic::Relay) {
        return Meaning::RelayDenied;
    }
    if topics.has(Topic::StartTls) && (code == 530 || matches!(detail, 0 | 1 | 10)) {
        return Meaning::TlsRequired;
    }
    // X.7.28: mail flood detected (RFC 7372's registry)
    if detail == 28 || topics.has(Topic::Rate) {
        return Meaning::RateLimited;
    }
    Meaning::Blocked
}

/// Classifies a permanent error (5yz) to RCPT without a specific enhanced code, by its text.
fn classify_by_text(code: u16, edge: bool, topics: Topics) -> Meaning {
    if edge {
        return Meaning::NoSuchUser;
    }

    if topics.has(Topic::Relay) {
        return Meaning::RelayDenied;
    }

    if topics.has(Topic::StartTls) {
        return Meaning::TlsRequired;
    }

    if topics.has(Topic::Recipients) {
        return Meaning::TooManyRecipients;
    }

    // RFC 5321's generic text for 550, "mailbox unavailable … or command rejected for policy
    // reasons", is ambiguous.
    let refused =
        topics.has(Topic::Block) || topics.has(Topic::Rate) || topics.has(Topic::Greylist);
    if refused && topics.about_mailbox() {
        return Meaning::Ambiguous;
    }

    if topics.has(Topic::Rate) {
        return Meaning::RateLimited;
    }

    if refused {
        return Meaning::Blocked;
    }

    if topics.has(Topic::Sender) {
        return Meaning::SenderRefused;
    }

    if topics.has(Topic::Full) {
        return Meaning::Full;
    }

    if topics.has(Topic::Disabled) && !topics.has(Topic::NoSuchUser) {
        return Meaning::Disabled;
    }

    if topics.has(Topic::Moved) || code == 551 {
        return Meaning::Moved;
    }

    match code {
        // RFC 5321 §4.2.3: mailbox unavailable (550); mailbox name not allowed (553).
        550 | 553 => Meaning::NoSuchUser,
        552 => Meaning::Full,
        // Used by some servers, though not registered: the enhanced code 5.1.1, 5.7.1 and so on
        // without its dots.
        510..=513 => Meaning::NoSuchUser,
        530 | 535 | 570..=579 => Meaning::Blocked,
        _ if topics.has(Topic::NoSuchUser) => Meaning::NoSuchUser,
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
        Some((2, 2)) if recipient => return Meaning::Full,
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

    let open = matches!(enhanced, None | Some((0 | 2, 0)) | Some((3, 1)));
    if recipient && open && (topics.has(Topic::Full) || code == 422) {
        return Meaning::Full;
    }

    let blocked = topics.has(Topic::Block);

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

/// Returns after how many seconds a reply asks to retry: "try again in 5 minutes", "Greylisted for
/// 300 seconds".
#[must_use]
pub fn retry_hint(reply: &Reply) -> Option<u64> {
    let text = masked(&reply.text(), "");
    let words: Vec<&str> = text.split_ascii_whitespace().collect();

    words.iter().enumerate().find_map(|(at, word)| {
        let before = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .copied()
            .unwrap_or_default();

        if !["in", "for", "after", "wait", "another", "least", "within"].contains(&before) {
            return None;
        }

        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 || digits > 6 {
            return None;
        }

        let number: u64 = word[..digits].parse().ok()?;
        let unit = match &word[digits..] {
            "" => words
                .get(at + 1)?
                .trim_matches(|c: char| !c.is_alphanumeric()),
            // such as 00:05:00
            rest if rest.starts_with(':') => return clock(word),
            rest => rest,
        };

        let seconds = match unit {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3600,
            _ => return None,
        };

        Some(number * seconds)
    })
}

fn clock(word: &str) -> Option<u64> {
    word.split(':').try_fold(0u64, |sum, part| {
        sum.checked_mul(60)?.checked_add(part.parse().ok()?)
    })
}

#[cfg(test)]
mod tests;
