//! DNS blocklists (RFC 5782): the lists, how they are queried, and how often.
//!
//! A list that answers is not believed before its test points hold: they tell lists that were closed, or that answer every
//! name, from those that work.

mod catalog;
mod query;
#[cfg(test)]
mod tests;
mod usage;

use std::{net::IpAddr, sync::Arc};

use netvane_document::Failure;
use netvane_facts::ip_class::{self, Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings;
use usage::Usage;

pub(crate) use catalog::{List, check as check_settings};

/// What a list is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TargetKind {
    Ipv4,
    Ipv6,
    Domain,
}

/// An address or a domain that lists are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A public address, which is looked up in lists of addresses.
    Address(IpAddr),
    /// A domain in A-labels, without the final dot.
    Domain(String),
}

impl Subject {
    pub(crate) fn kind(&self) -> TargetKind {
        match self {
            Self::Address(IpAddr::V4(_)) => TargetKind::Ipv4,
            Self::Address(IpAddr::V6(_)) => TargetKind::Ipv6,
            Self::Domain(_) => TargetKind::Domain,
        }
    }
}

/// Whether an address may be sent to a list: it is not private, local or otherwise meaningless elsewhere. The lists' own
/// test point 127.0.0.2 may be.
pub(crate) fn is_public(address: IpAddr) -> bool {
    let kind = ip_class::classify(address).kind;
    address == IpAddr::from([127, 0, 0, 2]) || matches!(kind, Kind::Global | Kind::Documentation)
}

/// What a list says about a subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Listing {
    /// Name of the list, for people.
    pub(crate) name: String,
    /// The public zone of the list; never with a key.
    pub(crate) zone: String,
    pub(crate) state: ListState,
    /// Answers of the list, such as `127.0.0.2`.
    pub(crate) codes: Vec<String>,
    /// What the codes mean, or why there is no result. May have text of the list.
    pub(crate) reason: Option<String>,
    /// Page of the list about a listing and its removal.
    pub(crate) url: Option<String>,
    /// Time until the result was known, in milliseconds.
    pub(crate) elapsed_ms: f64,
}

/// Result of one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ListState {
    /// The list has the subject.
    Listed,
    /// The list works and does not have the subject.
    Clean,
    /// The list does not answer this resolver (public resolver, no key, too many queries).
    Refused,
    /// No answer, or an error.
    Unreachable,
    /// The test points of RFC 5782 do not hold: the list was closed, or answers every name.
    Dead,
}

/// All lists in use. Clones share what was learned about them.
#[derive(Clone)]
pub(crate) struct Blocklists {
    lists: Arc<[List]>,
    without_key: Arc<[String]>,
    usage: Arc<Usage>,
}

impl Blocklists {
    /// Builds the lists from the settings; keeps what was learned and counted `before`.
    pub(crate) fn new(
        settings: &settings::Blocklist,
        before: Option<&Self>,
    ) -> Result<Self, Failure> {
        let (lists, without_key) =
            catalog::select(settings).map_err(|faults| Failure::Unavailable(faults.join("\n")))?;
        Ok(Self {
            lists: lists.into(),
            without_key: without_key.into(),
            usage: before.map_or_else(Arc::default, |before| before.usage.clone()),
        })
    }

    /// The lists for this kind of target.
    pub(crate) fn for_kind(&self, kind: TargetKind) -> impl Iterator<Item = &List> {
        self.lists
            .iter()
            .filter(move |list| list.targets.is_empty() || list.targets.contains(&kind))
    }

    /// Names of the lists that are left out because they need a key.
    pub(crate) fn without_key(&self) -> &[String] {
        &self.without_key
    }
}
