//! All DNS lookups that an SPF record can cause, as a tree: for a linter, without a message (RFC 7208 §4.6.4).

mod fetch;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use ipnet::IpNet;
use netvane_facts::mailpolicy::spf::{
    self, MacroLetter, MacroString, MacroValues, Mechanism, Record, Term, TermKind,
};

use super::MAX_NAMES;
use crate::{dns::Client, mailauth::lookup};
use fetch::{Fetched, Wanted, fetch};

/// Maximum number of lookups that are counted.
pub const MAX_COUNTED: usize = 100;
/// Maximum number of networks and addresses that are collected.
const MAX_NETWORKS: usize = 256;

/// The SPF record of a domain with the lookups of its terms.
#[derive(Debug, Clone)]
pub struct SpfTree {
    /// The domain's own record.
    pub record: DomainRecord,
    /// Terms that need lookups, in the order in which they are evaluated.
    pub terms: Vec<TermLookup>,
    /// Number of terms that need lookups, in all records; at most [`MAX_COUNTED`], which a loop reaches too.
    pub lookups: usize,
    /// Number of terms whose lookup finds nothing, in all records.
    pub void_lookups: usize,
    /// Networks and single addresses that all records allow to send, at most 256.
    pub networks: Vec<IpNet>,
}

/// What a domain publishes as its SPF record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainRecord {
    /// The domain has exactly one SPF record, as RFC 7208 §4.5 requires.
    One {
        /// The text as published.
        text: String,
        /// The terms of the text.
        record: Record,
    },
    /// Several records, which make the result `permerror` (RFC 7208 §4.5).
    Several(Vec<String>),
    /// The domain has no SPF record, or does not exist.
    Missing {
        /// The domain has no TXT record at all.
        is_void: bool,
        /// A TXT record that was probably meant as one.
        near_miss: Option<String>,
    },
    /// The lookup failed, and why.
    Failed(String),
    /// Not looked up, because a limit was reached.
    Skipped,
}

impl DomainRecord {
    /// The terms, if there is exactly one record.
    pub fn parsed(&self) -> Option<&Record> {
        match self {
            Self::One { record, .. } => Some(record),
            _ => None,
        }
    }
}

/// A term that needs lookups.
#[derive(Debug, Clone)]
pub struct TermLookup {
    /// The term as written, cut after 120 bytes.
    pub text: String,
    /// The name that is looked up; as written, if it depends on the message.
    pub target: String,
    /// Number of lookups of this term and of the records that it includes.
    pub lookups: usize,
    /// Number of them that find nothing.
    pub void_lookups: usize,
    /// What the lookup of this term found.
    pub outcome: TermOutcome,
    /// Terms of the included record that need lookups.
    pub terms: Vec<TermLookup>,
}

/// What the lookup of a term found.
#[derive(Debug, Clone)]
pub enum TermOutcome {
    /// The record of `include` or `redirect=`.
    Included(DomainRecord),
    /// The target includes itself.
    Loop,
    /// Addresses of `a` and `mx`; for `exists`, of the name.
    Addresses(Vec<IpAddr>),
    /// More mail servers than an `mx` may have, and their number.
    TooManyMailServers(usize),
    /// The target has no such records.
    Nothing,
    /// The target is different for each message.
    DependsOnMessage,
    /// The target is not a valid domain name.
    InvalidName,
    /// The lookup failed, and why.
    Failed(String),
    /// Not looked up, because a limit was reached.
    Skipped,
}

impl SpfTree {
    /// All terms of the tree with the domain whose record has them, from the top.
    pub fn all_terms<'a>(&'a self, domain: &'a str) -> Vec<(&'a str, &'a TermLookup)> {
        fn add<'a>(
            domain: &'a str,
            terms: &'a [TermLookup],
            all: &mut Vec<(&'a str, &'a TermLookup)>,
        ) {
            for term in terms {
                all.push((domain, term));
                add(&term.target, &term.terms, all);
            }
        }
        let mut all = Vec::new();
        add(domain, &self.terms, &mut all);
        all
    }
}

/// Looks up the record of a domain, in A-labels, and everything that it refers to. Lookups that do not depend
/// on each other run together. What is not found within ten seconds or 200 lookups is [`TermOutcome::Skipped`].
pub async fn lookup_tree(client: &Client, domain: &str) -> SpfTree {
    let fetched = fetch(client, domain).await;
    let mut builder = Builder {
        fetched: &fetched,
        domain,
        counted: 0,
        networks: Vec::new(),
    };

    let record = fetched.record(domain);
    let terms = match record.parsed() {
        Some(parsed) => builder.terms(parsed, &mut vec![domain.to_owned()]),
        None => Vec::new(),
    };

    SpfTree {
        record,
        lookups: builder.counted,
        void_lookups: terms.iter().map(|term| term.void_lookups).sum(),
        terms,
        networks: builder.networks,
    }
}

/// The terms that are evaluated: those up to `all`, then `redirect=` if there is no `all` (RFC 7208 §5.1, §6.1).
fn reachable(record: &Record) -> impl Iterator<Item = &Term> {
    let is_all = |term: &Term| matches!(term.kind, TermKind::Directive(_, Mechanism::All));
    let end = record.terms.iter().position(is_all);
    let mechanisms = record.terms[..end.unwrap_or(record.terms.len())]
        .iter()
        .filter(|term| matches!(term.kind, TermKind::Directive(..)));
    let redirect = record
        .terms
        .iter()
        .filter(move |term| end.is_none() && matches!(term.kind, TermKind::Redirect(_)));
    mechanisms.chain(redirect)
}

/// What a term looks up; `None` if it needs no lookup.
fn wanted(term: &Term, domain: &str, top: &str) -> Option<(String, Wanted)> {
    let (target, kind): (_, fn(String) -> Wanted) = match &term.kind {
        TermKind::Directive(_, mechanism) => match mechanism {
            Mechanism::Include(target) => (Some(target), Wanted::Record),
            Mechanism::A(target, _) => (target.as_ref(), Wanted::Addresses),
            Mechanism::Mx(target, _) => (target.as_ref(), Wanted::MailServers),
            Mechanism::Exists(target) => (Some(target), Wanted::Exists),
            Mechanism::Ptr(target) => (target.as_ref(), |_| Wanted::Message),
            Mechanism::All | Mechanism::Ip4(_) | Mechanism::Ip6(_) => return None,
        },
        TermKind::Redirect(target) => (Some(target), Wanted::Record),
        _ => return None,
    };

    let Some(target) = target else {
        return Some((domain.to_owned(), kind(domain.to_owned())));
    };
    match expand(target, domain, top) {
        Some(Some(name)) => Some((name.clone(), kind(name))),
        Some(None) => Some((written_target(&term.text), Wanted::Invalid)),
        None => Some((written_target(&term.text), Wanted::Message)),
    }
}

/// Expands a target that is the same for every message of a domain; `None` for others, `Some(None)` for an invalid name.
fn expand(target: &MacroString, domain: &str, top: &str) -> Option<Option<String>> {
    use MacroLetter::{Address, Helo, LocalPart, ReverseName, ReverseZone, Sender};
    let varying = [Address, Helo, LocalPart, ReverseName, ReverseZone, Sender];
    if varying.iter().any(|letter| target.uses(*letter)) {
        return None;
    }

    let values = MacroValues {
        local_part: "",
        sender_domain: top,
        domain,
        address: IpAddr::from([0, 0, 0, 0]),
        reverse_name: "",
        helo: "",
        receiver: "",
        time: 0,
    };
    let name = target.expand_name(&values);
    Some(
        name.filter(|name| lookup::is_queryable(name))
            .map(|name| name.to_ascii_lowercase()),
    )
}

/// The part of a term after `:` or `=`.
fn written_target(term: &str) -> String {
    let (_, target) = term.split_once([':', '=']).unwrap_or(("", term));
    target.to_owned()
}

/// Builds the tree of what was fetched, and counts.
struct Builder<'a> {
    fetched: &'a Fetched,
    domain: &'a str,
    counted: usize,
    networks: Vec<IpNet>,
}

impl Builder<'_> {
    /// The lookups of a record; `path` has the domains from the top to the one of the record.
    fn terms(&mut self, record: &Record, path: &mut Vec<String>) -> Vec<TermLookup> {
        let domain = path.last().cloned().unwrap_or_default();
        let mut terms = Vec::new();

        for term in reachable(record) {
            self.add_networks(term);
            let Some((target, wanted)) = wanted(term, &domain, self.domain) else {
                continue;
            };
            if self.counted >= MAX_COUNTED {
                break;
            }
            self.counted += 1;
            terms.push(self.term(term, target, &wanted, path));
        }
        terms
    }

    fn term(
        &mut self,
        term: &Term,
        target: String,
        wanted: &Wanted,
        path: &mut Vec<String>,
    ) -> TermLookup {
        let before = self.counted - 1;
        let mut terms = Vec::new();

        let outcome = match self.fetched.outcome(wanted) {
            TermOutcome::Included(_) if path.contains(&target) => {
                // The evaluation never ends, so the count has no other bound.
                self.counted = MAX_COUNTED;
                TermOutcome::Loop
            }
            TermOutcome::Included(record) => {
                if let Some(parsed) = record.parsed() {
                    path.push(target.clone());
                    terms = self.terms(parsed, path);
                    path.pop();
                }
                TermOutcome::Included(record)
            }
            TermOutcome::Addresses(addresses) => {
                if !matches!(wanted, Wanted::Exists(_)) && is_pass(term) {
                    let single = addresses.iter().map(|address| IpNet::from(*address));
                    let room = MAX_NETWORKS.saturating_sub(self.networks.len());
                    self.networks.extend(single.take(room));
                }
                TermOutcome::Addresses(addresses)
            }
            outcome => outcome,
        };

        let below: usize = terms.iter().map(|term| term.void_lookups).sum();
        TermLookup {
            text: term.text.clone(),
            target,
            lookups: self.counted - before,
            void_lookups: below + usize::from(outcome.is_void()),
            outcome,
            terms,
        }
    }

    fn add_networks(&mut self, term: &Term) {
        let TermKind::Directive(_, mechanism) = &term.kind else {
            return;
        };
        let network = match mechanism {
            Mechanism::Ip4(network) => IpNet::from(*network),
            Mechanism::Ip6(network) => IpNet::from(*network),
            _ => return,
        };
        if is_pass(term) && self.networks.len() < MAX_NETWORKS {
            self.networks.push(network);
        }
    }
}

fn is_pass(term: &Term) -> bool {
    matches!(
        term.kind,
        TermKind::Directive(spf::Qualifier::Pass, _) | TermKind::Redirect(_)
    )
}

impl TermOutcome {
    /// Whether the lookup counts as void: the name does not exist, or has no such records (RFC 7208 §4.6.4).
    pub fn is_void(&self) -> bool {
        matches!(
            self,
            Self::Nothing
                | Self::InvalidName
                | Self::Included(DomainRecord::Missing { is_void: true, .. })
        )
    }
}
