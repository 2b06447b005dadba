//! The verdict as one sentence.

use crate::mailbox_check::{Reason, Report};

/// Describes why the report has its verdict. Says no more than was learned.
pub(super) fn sentence(report: &Report) -> String {
    let host = report
        .exchange
        .as_deref()
        .unwrap_or("the domain's mail server");

    template(report).replace("{host}", host)
}

/// The sentence for a report; `{host}` is replaced by the server that gave the verdict.
fn template(report: &Report) -> &'static str {
    match (report.reason, report.checks.catch_all) {
        (Reason::Accepted, Some(false)) => "{host} accepts this address and rejects made-up ones",
        (Reason::Accepted, _) => {
            "{host} accepts this address; whether it accepts any address of the domain is not known"
        }
        (Reason::NoSuchUser, Some(true)) => {
            "{host} rejects this address, but accepts a made-up one"
        }
        (reason, _) => reason_template(reason),
    }
}

fn reason_template(reason: Reason) -> &'static str {
    match reason {
        Reason::Accepted => "{host} accepts this address and rejects made-up ones",
        Reason::CatchAll => "{host} is catch-all, so this address cannot be confirmed",
        Reason::Unverified => "{host} accepts the address without verifying that it exists",
        Reason::NoSuchUser => "{host} reports that the mailbox does not exist",
        Reason::Disabled => "The mailbox exists but is disabled",
        Reason::Full => "The mailbox exists but is full and does not accept mail at the moment",
        Reason::Moved => "The mailbox has moved",
        Reason::InvalidAddress => "Not a valid email address",
        Reason::NoSuchDomain => "The domain does not exist",
        Reason::NoExchange => "The domain has no usable mail server",
        Reason::NoMailHere => "The domain does not accept mail",
        Reason::NoUtf8 => "{host} does not support internationalized addresses (SMTPUTF8)",
        Reason::Greylisted => "{host} greylisted us; try again later",
        Reason::Blocked => "{host} blocked our IP (policy/reputation); result unknown",
        Reason::RateLimited => "{host} rate-limited us; result unknown",
        Reason::RelayDenied => "{host} does not handle mail for this domain (relay denied)",
        Reason::SenderRefused => "{host} rejected our sender address; result unknown",
        Reason::ConnectionRefused => {
            "No mail server of the domain accepts connections (connection refused); result unknown"
        }
        Reason::TlsFailed => "{host} requires STARTTLS, but the TLS connection failed",
        Reason::Unencrypted => {
            "{host} gave no encrypted connection, and smtp.cleartext forbids cleartext; result unknown"
        }
        Reason::TemporaryFailure => "Temporary server error; try again later",
        Reason::Ambiguous => {
            "{host} refused the address without saying that the mailbox does not exist"
        }
        Reason::Tarpit => "{host} is tarpitting (deliberately slow)",
        Reason::TimedOut => "{host} timed out",
        Reason::Closed => "{host} closed the connection",
        Reason::NotSmtp => "{host} does not speak SMTP",
        Reason::BudgetExhausted => "{host} was not probed: hourly limit for this domain reached",
        Reason::Unreachable => "Could not connect to any mail server of the domain",
        Reason::PortBlocked => "Port 25 is blocked from here, so no mail server can be reached",
    }
}
