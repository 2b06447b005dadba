//! Parser of DMARC records (RFC 9989 §4.7, §4.8).

mod tags;
#[cfg(test)]
mod tests;
pub mod walk;

use std::{fmt, ops::Range};

/// Maximum number of problems that are reported for one record.
const MAX_PROBLEMS: usize = 32;
/// Maximum number of addresses that are read of `rua` and `ruf`, each.
const MAX_ADDRESSES: usize = 32;

/// A DMARC record. Tags that are absent or invalid have their default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// `p`: policy for the domain itself; `None` if it is absent or invalid.
    pub policy: Option<Policy>,
    /// `sp`: policy for existing subdomains; that of `p` if it is absent.
    pub subdomain_policy: Option<Policy>,
    /// `np`: policy for subdomains that do not exist; that of `sp` if it is absent.
    pub missing_subdomain_policy: Option<Policy>,
    /// `adkim`: how the DKIM domain must match the author's.
    pub dkim_alignment: Alignment,
    /// `aspf`: how the SPF domain must match the author's.
    pub spf_alignment: Alignment,
    /// `psd`: whether this is the domain of a registry or of an organization.
    pub psd: Psd,
    /// `t=y`: the policy is being tested.
    pub is_testing: bool,
    /// `rua`: valid addresses for aggregate reports.
    pub aggregate_reports: Vec<String>,
    /// `ruf`: valid addresses for failure reports.
    pub failure_reports: Vec<String>,
    /// `fo`: when failure reports are requested.
    pub failure_options: FailureOptions,
    /// `sp` or `np` is present and invalid.
    has_invalid_subdomain_policy: bool,
    /// A tag occurs twice, which makes the whole record invalid (RFC 6376 §3.2).
    is_repetitive: bool,
    /// The mistakes, in the order of the record, at most 32.
    pub problems: Vec<Problem>,
}

/// What the domain asks receivers to do with mail that fails the check (RFC 9989 §4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// Treat it like other mail.
    None,
    /// Treat it as suspicious.
    Quarantine,
    /// Do not accept it.
    Reject,
}

impl Policy {
    /// The value of the tag.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Quarantine, Self::Reject]
            .into_iter()
            .find(|policy| policy.as_str().eq_ignore_ascii_case(text))
    }
}

/// How an authenticated domain must match the author's domain (RFC 9989 §4.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Alignment {
    /// Both have the same organizational domain.
    #[default]
    Relaxed,
    /// Both are the same domain.
    Strict,
}

/// Role of a domain in the tree walk (`psd`, RFC 9989 §4.7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Psd {
    /// `y`: domains below it are registered by different organizations.
    Yes,
    /// `n`: it is an organizational domain.
    No,
    /// `u`: it is found out by the tree walk.
    #[default]
    Unknown,
}

/// When failure reports are requested (`fo`, RFC 9989 §4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureOptions {
    /// `0`: if all checks fail.
    pub all: bool,
    /// `1`: if any check fails.
    pub any: bool,
    /// `d`: if a DKIM signature is invalid.
    pub dkim: bool,
    /// `s`: if SPF fails.
    pub spf: bool,
}

impl Default for FailureOptions {
    fn default() -> Self {
        Self {
            all: true,
            any: false,
            dkim: false,
            spf: false,
        }
    }
}

/// A mistake in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the record that hold the tag.
    pub span: Range<usize>,
    /// What is wrong with the record, in one sentence.
    pub text: String,
    /// The tag has no effect, but nothing else is affected: an unknown tag or one that RFC 9989 removed.
    pub is_harmless: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a TXT record is a DMARC record: the first tag is `v`, with the value `DMARC1` in exactly this case (RFC 9989
/// §4.7).
pub fn is_record(text: &str) -> bool {
    let first = text.split(';').next().unwrap_or_default();
    let tag = first.split_once('=');
    tag.is_some_and(|(name, value)| {
        name.trim_end_matches([' ', '\t']).eq_ignore_ascii_case("v")
            && value.trim_matches([' ', '\t']) == "DMARC1"
    })
}

/// Parses the tags of a record for which [`is_record`] holds.
pub fn parse(text: &str) -> Record {
    tags::parse(text)
}

impl Record {
    /// Whether the record can be applied: it has valid policies, or at least an address for reports (RFC 9989 §4.10.1).
    pub fn is_applicable(&self) -> bool {
        self.policy_for(Target::Domain).is_some()
    }

    /// Policy for a domain; `None` if the record cannot be applied (RFC 9989 §4.10.1).
    pub fn policy_for(&self, target: Target) -> Option<Policy> {
        if self.is_repetitive {
            return None;
        }
        if self.policy.is_none() || self.has_invalid_subdomain_policy {
            return (!self.aggregate_reports.is_empty()).then_some(Policy::None);
        }
        match target {
            Target::Domain => self.policy,
            Target::Subdomain => self.subdomain_policy.or(self.policy),
            Target::MissingSubdomain => self
                .missing_subdomain_policy
                .or(self.subdomain_policy)
                .or(self.policy),
        }
    }
}

/// The author's domain as seen from the domain of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// It is the domain of the record.
    Domain,
    /// It is below that domain, and exists.
    Subdomain,
    /// It is below that domain, and does not exist (NXDOMAIN).
    MissingSubdomain,
}
