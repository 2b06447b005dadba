//! The lookups of an SPF record as data, and as an indented text.

use std::fmt::Write;

use netvane_net::mailauth::spf::tree::{DomainRecord, TermLookup, TermOutcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maximum number of lines of the text.
const MAX_LINES: usize = 40;
/// Maximum indentation in levels.
const MAX_DEPTH: usize = 8;
/// Maximum number of addresses of a term in the data.
const MAX_ADDRESSES: usize = 8;
/// Maximum length of an included record in the data, in characters.
const MAX_RECORD: usize = 512;

/// A term of an SPF record that needs DNS lookups.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct TreeTerm {
    /// The term as written, cut after 120 bytes.
    term: String,
    /// The name that is looked up; as written, if it is different for each message.
    domain: String,
    /// Number of lookups of this term and of the record that it includes.
    lookups: usize,
    /// Number of them that find nothing.
    void_lookups: usize,
    /// What the lookup found.
    result: TermResult,
    /// Why the lookup failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// The included record, cut after 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    /// The addresses of `a` and `mx`, at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<std::net::IpAddr>,
    /// Terms of the included record that need DNS lookups; each has the members of this object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    // The schema of a reply has no definitions, which a type that contains itself needs.
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    terms: Vec<TreeTerm>,
}

/// What the lookup of a term found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum TermResult {
    /// An SPF record, or addresses.
    Found,
    /// No such records (void lookup).
    Nothing,
    /// TXT records, but no SPF record.
    NoRecord,
    /// The domain has several SPF records, which is an error (RFC 7208 §4.5).
    SeveralRecords,
    /// The domain includes itself.
    Loop,
    /// More mail servers than allowed.
    TooManyMailServers,
    /// The name is different for each message.
    DependsOnMessage,
    /// The name is not valid.
    InvalidName,
    /// The DNS lookup of the record failed.
    Failed,
    /// Not looked up, because a limit was reached.
    Skipped,
}

impl From<&TermLookup> for TreeTerm {
    fn from(lookup: &TermLookup) -> Self {
        let (result, fault, record) = result(&lookup.outcome);
        let addresses = match &lookup.outcome {
            TermOutcome::Addresses(addresses) => {
                addresses.iter().take(MAX_ADDRESSES).copied().collect()
            }
            _ => Vec::new(),
        };
        Self {
            term: lookup.text.clone(),
            domain: lookup.target.clone(),
            lookups: lookup.lookups,
            void_lookups: lookup.void_lookups,
            result,
            fault,
            record,
            addresses,
            terms: lookup.terms.iter().map(Self::from).collect(),
        }
    }
}

fn result(outcome: &TermOutcome) -> (TermResult, Option<String>, Option<String>) {
    let result = match outcome {
        TermOutcome::Included(DomainRecord::One { text, .. }) => {
            let record = text.chars().take(MAX_RECORD).collect();
            return (TermResult::Found, None, Some(record));
        }
        TermOutcome::Included(DomainRecord::Failed(why)) | TermOutcome::Failed(why) => {
            return (TermResult::Failed, Some(why.clone()), None);
        }
        TermOutcome::Included(DomainRecord::Several(_)) => TermResult::SeveralRecords,
        TermOutcome::Included(DomainRecord::Missing { is_void: false, .. }) => TermResult::NoRecord,
        TermOutcome::Included(DomainRecord::Missing { is_void: true, .. })
        | TermOutcome::Nothing => TermResult::Nothing,
        TermOutcome::Included(DomainRecord::Skipped) | TermOutcome::Skipped => TermResult::Skipped,
        TermOutcome::Addresses(_) => TermResult::Found,
        TermOutcome::Loop => TermResult::Loop,
        TermOutcome::TooManyMailServers(_) => TermResult::TooManyMailServers,
        TermOutcome::DependsOnMessage => TermResult::DependsOnMessage,
        TermOutcome::InvalidName => TermResult::InvalidName,
    };
    (result, None, None)
}

impl TermResult {
    fn remark(self) -> &'static str {
        match self {
            Self::Found => "",
            Self::Nothing => "finds nothing",
            Self::NoRecord => "no SPF record",
            Self::SeveralRecords => "several SPF records",
            Self::Loop => "includes itself",
            Self::TooManyMailServers => "too many mail servers",
            Self::DependsOnMessage => "depends on the message",
            Self::InvalidName => "not a valid name",
            Self::Failed => "lookup failed",
            Self::Skipped => "not looked up",
        }
    }
}

/// The tree as lines: the number of lookups, then the term, indented by its level.
pub(super) fn lines(terms: &[TreeTerm]) -> String {
    let mut text = String::new();
    let mut total = 0;
    add_lines(terms, 0, &mut total, &mut text);
    if total > MAX_LINES {
        _ = write!(text, "and {} more", total - MAX_LINES);
    }
    text.trim_end().to_owned()
}

fn add_lines(terms: &[TreeTerm], depth: usize, total: &mut usize, text: &mut String) {
    for term in terms {
        *total += 1;
        if *total <= MAX_LINES {
            let indent = "  ".repeat(depth.min(MAX_DEPTH));
            let remark = match term.result.remark() {
                "" => String::new(),
                remark => format!("  ({remark})"),
            };
            _ = writeln!(text, "{:>3}  {indent}{}{remark}", term.lookups, term.term);
        }
        add_lines(&term.terms, depth + 1, total, text);
    }
}
