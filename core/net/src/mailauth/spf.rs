//! SPF: whether a client may send mail for a domain (RFC 7208).

mod evaluation;
mod mechanism;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;
pub mod tree;

use std::{fmt, time::Duration};

use netvane_facts::mailpolicy::spf::{MacroString, Qualifier};

use super::{Envelope, domain_name, lookup};
use crate::dns::Client;
use evaluation::Evaluation;

/// Maximum number of terms that need DNS lookups (RFC 7208 §4.6.4).
pub const MAX_LOOKUPS: usize = 10;
/// Maximum number of terms whose lookup finds nothing (RFC 7208 §4.6.4).
pub const MAX_VOID_LOOKUPS: usize = 2;
/// Maximum number of mail servers of an `mx` term, and of reverse names of the client (RFC 7208 §4.6.4).
const MAX_NAMES: usize = 10;
/// Time limit of a check unless the caller has less time. RFC 7208 §4.6.4 asks for at least 20 seconds.
pub const TIME_LIMIT: Duration = Duration::from_secs(20);
/// Maximum length of an explanation in bytes.
const MAX_EXPLANATION: usize = 1000;

/// Result of an SPF check (RFC 7208 §2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpfResult {
    /// There is no domain to check, or it has no SPF record.
    None,
    /// The domain says nothing about the client.
    Neutral,
    /// The client may send for the domain.
    Pass,
    /// The client must not send for the domain.
    Fail,
    /// The client probably must not send for the domain.
    SoftFail,
    /// A lookup failed; a later check may succeed.
    TempError,
    /// A record is invalid or exceeds a limit.
    PermError,
}

impl SpfResult {
    /// The result's name (RFC 8601 §2.7.2).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl From<Qualifier> for SpfResult {
    fn from(qualifier: Qualifier) -> Self {
        match qualifier {
            Qualifier::Pass => Self::Pass,
            Qualifier::Fail => Self::Fail,
            Qualifier::SoftFail => Self::SoftFail,
            Qualifier::Neutral => Self::Neutral,
        }
    }
}

/// An SPF check with the term that decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfCheck {
    /// The result of `check_host`.
    pub result: SpfResult,
    /// The domain whose record was checked: that of the envelope sender, or the HELO name.
    pub domain: String,
    /// Why this is the result.
    pub reason: String,
    /// The terms that led to the result: `include` and `redirect` first, the one that decided last. Empty if none did.
    pub path: Vec<SpfStep>,
    /// The domain's explanation of a `fail` (`exp=`): printable ASCII, at most 1,000 bytes. Written by the sender.
    pub explanation: Option<String>,
    /// Number of terms that needed DNS lookups, at most 11.
    pub lookups: usize,
    /// Number of terms whose lookup found nothing, at most 3.
    pub void_lookups: usize,
}

/// A term on the way to a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfStep {
    /// The domain whose record has the term.
    pub domain: String,
    /// The term as written, cut after 120 bytes.
    pub term: String,
}

impl fmt::Display for SpfStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of {}", self.term, self.domain)
    }
}

/// Result of one record, with what is needed to explain it.
#[derive(Debug)]
struct SpfVerdict {
    result: SpfResult,
    reason: String,
    path: Vec<SpfStep>,
    /// `exp=` of the record that decided, with its domain; for `fail` only.
    explanation: Option<(MacroString, String)>,
}

impl SpfVerdict {
    fn new(result: SpfResult, reason: impl Into<String>) -> Self {
        Self {
            result,
            reason: reason.into(),
            path: Vec::new(),
            explanation: None,
        }
    }

    /// Adds the term that led to this verdict in front of the path.
    fn through(mut self, domain: &str, term: &str) -> Self {
        let step = SpfStep {
            domain: domain.into(),
            term: term.into(),
        };
        self.path.insert(0, step);
        self
    }
}

/// Checks whether the client may send for the envelope's domain: `check_host()` of RFC 7208 §4, for the envelope
/// sender, or for the HELO name if the sender is empty. After `limit` the result is `temperror`.
pub async fn check_host(client: &Client, envelope: Envelope<'_>, limit: Duration) -> SpfCheck {
    let (local_part, domain) = match envelope.mail_from.rsplit_once('@') {
        Some((local_part, domain)) if !local_part.is_empty() => (local_part, domain),
        Some((_, domain)) => ("postmaster", domain),
        None if envelope.mail_from.is_empty() => ("postmaster", envelope.helo),
        None => ("postmaster", envelope.mail_from),
    };

    let Some(domain) = domain_name(domain) else {
        let shown: String = domain.chars().take(100).collect();
        return SpfCheck {
            result: SpfResult::None,
            reason: format!("`{}` is not a domain name", shown.escape_default()),
            domain: shown,
            path: Vec::new(),
            explanation: None,
            lookups: 0,
            void_lookups: 0,
        };
    };

    let mut evaluation = Evaluation::new(client, envelope, local_part, &domain);
    let decide = async {
        let verdict = evaluation.evaluate(domain.clone()).await;
        let explanation = evaluation.explain(&verdict).await;
        (verdict, explanation)
    };
    let (verdict, explanation) = tokio::time::timeout(limit, decide)
        .await
        .unwrap_or_else(|_| {
            let reason = format!("the check took longer than {} s", limit.as_secs());
            (SpfVerdict::new(SpfResult::TempError, reason), None)
        });

    SpfCheck {
        result: verdict.result,
        domain: domain.clone(),
        reason: verdict.reason,
        path: verdict.path,
        explanation,
        lookups: evaluation.lookups,
        void_lookups: evaluation.void_lookups,
    }
}

/// Looks up the SPF record of a domain (RFC 7208 §4.4, §4.5). `None` if there is none.
///
/// # Errors
/// The result and its reason: `temperror` if the lookup failed, `permerror` if there are several records.
pub async fn record(client: &Client, domain: &str) -> Result<Option<String>, (SpfResult, String)> {
    let texts = lookup::texts(client, domain)
        .await
        .map_err(|why| (SpfResult::TempError, why))?;
    let mut records: Vec<String> = texts
        .into_iter()
        .filter(|text| netvane_facts::mailpolicy::spf::is_record(text))
        .collect();
    match records.len() {
        0 | 1 => Ok(records.pop()),
        count => Err((
            SpfResult::PermError,
            format!("{domain} has {count} SPF records, only one is allowed (RFC 7208 §4.5)"),
        )),
    }
}
