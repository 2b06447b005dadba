//! Result of a verification: the verdict and the result of each check.

use netvane_net::smtp::{Meaning, TlsFacts, TranscriptEntry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reason, suggestion};
use crate::args::{
    MailDomain,
    mailbox::Mailbox,
    special_mailboxes::{is_disposable, is_role},
};

/// Verdict on an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// The mail server accepts this address, and is not known to accept any other.
    Deliverable,
    /// Mail to the address bounces.
    Undeliverable,
    /// The mailbox may not exist, or does not accept mail at the moment.
    Risky,
    /// The check gave no result.
    Unknown,
}

/// Results of the checks; `null` if a check was not made or gave no result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Checks {
    /// The address is well-formed.
    pub syntax: Option<bool>,
    /// The domain has a mail server.
    pub mx: Option<bool>,
    /// A mail server replied over SMTP.
    pub smtp: Option<bool>,
    /// The mail server accepts the address.
    pub accepts_mailbox: Option<bool>,
    /// The mail server accepts any address of the domain.
    pub catch_all: Option<bool>,
    /// The mailbox is full.
    pub mailbox_full: Option<bool>,
    /// The mailbox is disabled.
    pub disabled: Option<bool>,
    /// The mail server greylisted us; also true if a second attempt succeeded.
    pub greylisted: Option<bool>,
    /// The domain provides disposable addresses.
    pub disposable: Option<bool>,
    /// The address belongs to a role, not to a person (RFC 2142).
    pub role: Option<bool>,
}

/// Result of a verification.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Report {
    /// The address as sent over SMTP.
    pub address: String,
    /// Whether mail to the address can be delivered.
    pub verdict: Verdict,
    /// Reason for the verdict.
    pub reason: Reason,
    /// Results of the checks.
    pub checks: Checks,
    /// Mail server that gave the verdict.
    pub exchange: Option<String>,
    /// TLS parameters of its connection; `null` for cleartext.
    pub tls: Option<TlsFacts>,
    /// SMTP transcript of all connections.
    pub transcript: Vec<TranscriptEntry>,
    /// Suggested address, if the domain looks mistyped.
    pub suggestion: Option<String>,
    /// Seconds after which a new attempt makes sense.
    pub retry_after: Option<u64>,
}

impl Report {
    /// Report for an address that was not probed; `reason` says why.
    #[must_use]
    pub(crate) fn unprobed(mailbox: &Mailbox, reason: Reason) -> Self {
        let domain = mailbox.domain_name();
        let mut checks = Checks {
            syntax: Some(true),
            disposable: domain.map(is_disposable),
            role: Some(is_role(&mailbox.local)),
            ..Checks::default()
        };

        if matches!(
            reason,
            Reason::NoSuchDomain | Reason::NoExchange | Reason::NoMailHere
        ) {
            checks.mx = Some(false);
        }

        let corrected = |domain: &str| {
            let domain = MailDomain::Name(suggestion(domain)?.to_owned());
            Some(
                Mailbox {
                    domain,
                    ..mailbox.clone()
                }
                .wire(),
            )
        };

        Self {
            address: mailbox.wire(),
            verdict: reason.verdict(),
            reason,
            checks,
            exchange: None,
            tls: None,
            transcript: Vec::new(),
            suggestion: domain.and_then(corrected),
            retry_after: None,
        }
    }

    /// Report for a text that is not a mail address; it is truncated to 254 characters.
    #[must_use]
    pub(crate) fn invalid(text: &str) -> Self {
        let mut address: String = text.chars().take(254).collect();
        if address.len() < text.len() {
            address.push('…');
        }
        let checks = Checks {
            syntax: Some(false),
            ..Checks::default()
        };
        let reason = Reason::InvalidAddress;
        Self {
            address,
            verdict: reason.verdict(),
            reason,
            checks,
            exchange: None,
            tls: None,
            transcript: Vec::new(),
            suggestion: None,
            retry_after: None,
        }
    }

    /// Records the replies to RCPT for the address and for a random one.
    pub(super) fn record_replies(&mut self, said: Meaning, about_random: Option<Meaning>) {
        use Meaning::{
            Accepted, Ambiguous, Disabled, Full, Moved, NoMailHere, NoSuchUser, RelayDenied,
            Unverified,
        };

        // A refusal without a reason is about this mailbox if a random one is accepted.
        let said = match (said, about_random) {
            (Ambiguous, Some(Accepted)) => NoSuchUser,
            (said, _) => said,
        };

        let checks = &mut self.checks;
        checks.smtp = Some(true);
        checks.catch_all = match (said, about_random) {
            (_, Some(Accepted | Unverified)) => Some(true),
            (NoSuchUser, _) => Some(false),
            // The replies differ, so the server distinguishes addresses.
            (
                Accepted | Unverified,
                Some(NoSuchUser | Disabled | Moved | NoMailHere | RelayDenied | Ambiguous),
            ) => Some(false),
            (Full | Disabled | Moved, Some(NoSuchUser)) => Some(false),
            _ => None,
        };

        checks.accepts_mailbox = match said {
            Accepted | Unverified => Some(true),
            NoSuchUser | Disabled | Full | Moved | NoMailHere => Some(false),
            _ => None,
        };

        if matches!(said, Accepted | Unverified | Disabled | Full) {
            checks.mailbox_full = Some(said == Full);
            checks.disabled = Some(said == Disabled);
        }

        self.reason = match Reason::from(said) {
            Reason::Accepted if checks.catch_all == Some(true) => Reason::CatchAll,
            reason => reason,
        };
        self.verdict = self.reason.verdict();
    }

    pub(super) fn failed(&mut self, reason: Reason) {
        self.reason = reason;
        self.verdict = reason.verdict();
    }
}

#[cfg(test)]
mod tests;
