//! DMARC: whether SPF or DKIM authenticates the author's domain (RFC 9989).

#[cfg(test)]
mod tests;

use futures::future::join_all;
use netvane_facts::mailpolicy::dmarc::{
    Alignment, Policy, Record,
    walk::{Applied, Walk, names},
};

use super::{domain_name, lookup};
use crate::dns::Client;

/// Maximum number of identifiers of a message that are compared with the author's domain: 20 signatures and SPF.
const MAX_IDENTIFIERS: usize = 21;

/// Result of a DMARC check (RFC 8601 §2.7, RFC 9989 §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DmarcResult {
    /// No record applies to the author's domain.
    None,
    /// An authenticated domain matches the author's domain.
    Pass,
    /// A record applies, and no authenticated domain matches.
    Fail,
    /// A lookup that decides failed; a later check may succeed.
    TempError,
    /// The record is invalid, or the message has no single author's domain.
    PermError,
}

impl DmarcResult {
    /// The result's name (RFC 8601 §2.7).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// How a domain of the message was authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifierMethod {
    /// SPF, for the domain of the envelope sender.
    Spf,
    /// A DKIM signature, for its `d=`.
    Dkim,
}

/// A domain that SPF or DKIM authenticated, or could not for the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    /// The method, SPF or DKIM.
    pub method: IdentifierMethod,
    /// The domain that the method authenticated.
    pub domain: String,
    /// `true` for `pass`, `false` for `temperror`.
    pub passes: bool,
}

/// A DMARC check with the record that decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcCheck {
    /// The result of the check.
    pub result: DmarcResult,
    /// Domain of the author, from the From field.
    pub domain: String,
    /// The domain that published the record: the author's or a parent.
    pub found_at: Option<String>,
    /// What the domain asks receivers to do with mail that fails the check.
    pub policy: Option<Policy>,
    /// The policy is being tested (`t=y`).
    pub is_testing: bool,
    /// Why this is the result.
    pub reason: String,
}

impl DmarcCheck {
    /// What receivers are to do with mail that fails the check now: one step less than the policy while it is tested (RFC
    /// 9989 §4.7).
    pub fn requested_handling(&self) -> Option<Policy> {
        match (self.policy?, self.is_testing) {
            (policy, false) => Some(policy),
            (Policy::Reject, true) => Some(Policy::Quarantine),
            (_, true) => Some(Policy::None),
        }
    }

    /// Creates a check without a record.
    pub fn new(result: DmarcResult, domain: &str, reason: impl Into<String>) -> Self {
        Self {
            result,
            domain: domain.into(),
            found_at: None,
            policy: None,
            is_testing: false,
            reason: reason.into(),
        }
    }
}

/// Looks up the records that may apply to a domain, in A-labels: at most eight queries at a time (RFC 9989 §4.10).
pub async fn walk(client: &Client, domain: &str) -> Walk {
    let names = names(domain);
    let queries = names
        .iter()
        .map(|name| async move { lookup::texts(client, &format!("_dmarc.{name}")).await });
    let answers = join_all(queries).await;

    let mut walk = Walk::new(domain);
    for (name, texts) in names.iter().zip(answers) {
        if !walk.add(name, texts) {
            break;
        }
    }
    walk
}

/// The policy for the domain where a walk started; `None` if the record cannot be applied. Looks up whether the domain
/// exists if that makes a difference (`np`); if that lookup fails, it exists.
pub async fn policy(client: &Client, domain: &str, applied: Applied<'_>) -> Option<Policy> {
    let existing = applied.policy(true);
    if existing == applied.policy(false) || lookup::exists(client, domain).await != Ok(false) {
        return existing;
    }
    applied.policy(false)
}

/// Checks a message whose author is in `author`, a domain name in any form (RFC 9989 §5.3).
pub async fn check(client: &Client, author: &str, identifiers: &[Identifier]) -> DmarcCheck {
    let Some(author) = domain_name(author) else {
        let shown: String = author.chars().take(100).collect();
        let reason = format!("`{}` is not a domain name", shown.escape_default());
        return DmarcCheck::new(DmarcResult::PermError, &shown, reason);
    };

    let walk = walk(client, &author).await;
    let applied = match walk.applied() {
        Ok(Some(applied)) => applied,
        Ok(None) => {
            let reason = ambiguity(&walk).unwrap_or_else(|| "no DMARC record".into());
            return DmarcCheck::new(DmarcResult::None, &author, reason);
        }
        Err((_, why)) => return DmarcCheck::new(DmarcResult::TempError, &author, why),
    };

    let mut check = DmarcCheck {
        found_at: Some(applied.found.domain.clone()),
        policy: policy(client, &author, applied).await,
        is_testing: applied.found.record.is_testing,
        ..DmarcCheck::new(DmarcResult::PermError, &author, "")
    };
    if check.policy.is_none() {
        check.reason = format!(
            "invalid record of {}: {}",
            applied.found.domain,
            main_problem(&applied.found.record)
        );
        return check;
    }

    (check.result, check.reason) = align(client, &walk, &applied.found.record, identifiers).await;
    check
}

/// The first name that was skipped because it has several records; `None` without one.
pub fn ambiguity(walk: &Walk) -> Option<String> {
    let (name, count) = walk.ambiguous.first()?;
    Some(format!(
        "_dmarc.{name} has {count} records, which count as none (RFC 9989 §4.10)"
    ))
}

/// The mistake that makes a record invalid.
pub fn main_problem(record: &Record) -> String {
    let problem = record.problems.iter().find(|problem| !problem.is_harmless);
    problem.map_or_else(
        || "it has no valid policy (`p=`)".into(),
        ToString::to_string,
    )
}

/// Compares each identifier with the author's domain: one that passes and matches is enough (RFC 9989 §4.4).
async fn align(
    client: &Client,
    author: &Walk,
    record: &Record,
    identifiers: &[Identifier],
) -> (DmarcResult, String) {
    let mut words = [
        (IdentifierMethod::Dkim, "none"),
        (IdentifierMethod::Spf, "none"),
    ];
    let mut failure = None;

    for identifier in identifiers.iter().take(MAX_IDENTIFIERS) {
        let mode = match identifier.method {
            IdentifierMethod::Dkim => record.dkim_alignment,
            IdentifierMethod::Spf => record.spf_alignment,
        };
        let word = match is_aligned(client, author, &identifier.domain, mode).await {
            Ok(true) if identifier.passes => "pass",
            Ok(true) => "temperror",
            Ok(false) if identifier.passes => "fail",
            Ok(false) => "none",
            Err(why) => {
                failure = Some(why);
                "temperror"
            }
        };
        for (method, best) in &mut words {
            if *method == identifier.method && rank(word) > rank(best) {
                *best = word;
            }
        }
    }

    let has = |wanted: &str| words.iter().any(|(_, word)| *word == wanted);
    let result = match (has("pass"), has("temperror")) {
        (true, _) => DmarcResult::Pass,
        (false, true) => DmarcResult::TempError,
        (false, false) => DmarcResult::Fail,
    };
    let [(_, dkim), (_, spf)] = words;
    let failure = failure.map(|why| format!(" ({why})")).unwrap_or_default();
    (
        result,
        format!("aligned DKIM {dkim}, aligned SPF {spf}{failure}"),
    )
}

/// Order of the results of several identifiers of one method.
fn rank(word: &str) -> usize {
    ["none", "fail", "temperror", "pass"]
        .iter()
        .position(|other| *other == word)
        .unwrap_or_default()
}

/// Whether an authenticated domain matches the author's (RFC 9989 §4.10.2).
///
/// # Errors
/// A lookup failed.
async fn is_aligned(
    client: &Client,
    author: &Walk,
    domain: &str,
    mode: Alignment,
) -> Result<bool, String> {
    let Some(domain) = domain_name(domain) else {
        return Ok(false);
    };
    if domain == author.domain {
        return Ok(true);
    }
    if mode == Alignment::Strict {
        return Ok(false);
    }

    let failed = |(_, why): &(String, String)| why.clone();
    let organization = author.organizational_domain().map_err(failed)?;
    let is_below = domain
        .strip_suffix(organization)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    // The organizational domain of a name is the name or above it.
    if !is_below {
        return Ok(false);
    }
    let walk = walk(client, &domain).await;
    Ok(walk.organizational_domain().map_err(failed)? == organization)
}
