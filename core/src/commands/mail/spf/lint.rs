//! Finds the problems of an SPF record and of the records that it includes.

use std::collections::HashSet;

use ipnet::IpNet;
use netvane_facts::{
    ip_class,
    mailpolicy::spf::{Mechanism, Qualifier, Record, TermKind},
};
use netvane_net::mailauth::spf::{
    MAX_LOOKUPS, MAX_VOID_LOOKUPS,
    tree::{DomainRecord, MAX_COUNTED, SpfTree, TermLookup, TermOutcome},
};

use crate::commands::mail::problem::{Code, Problem, Problems};

/// Length of a record, in bytes, up to which it fits in an answer of 512 bytes (RFC 7208 §3.4).
const MAX_LENGTH: usize = 450;
/// Shortest prefixes of networks that one organization usually has, for IPv4 and IPv6.
const SHORTEST_PREFIXES: [u8; 2] = [16, 29];
/// Fix for a lookup that failed.
const TRY_LATER: &str = "Try again later; if it persists, check the name servers of that domain";

/// All problems, worst first.
pub(super) fn problems(domain: &str, tree: &SpfTree, nxdomain: bool) -> Vec<Problem> {
    let mut problems = Problems::default();

    match &tree.record {
        DomainRecord::One { text, record } => {
            check_record(&mut problems, domain, text, record, true);
            check_end(&mut problems, domain, record);
        }
        DomainRecord::Several(records) => problems.error(
            Code::SeveralRecords,
            format!(
                "{domain} has {} SPF records, so receivers use none of them (RFC 7208 §4.5)",
                records.len()
            ),
            "Merge them into one record",
        ),
        DomainRecord::Missing { near_miss, .. } => {
            report_missing(&mut problems, domain, near_miss.as_deref(), nxdomain);
        }
        DomainRecord::Failed(_) | DomainRecord::Skipped => {}
    }

    let mut seen = HashSet::new();
    for (at, term) in tree.all_terms(domain) {
        check_term(&mut problems, at, term);
        if let TermOutcome::Included(DomainRecord::One { text, record }) = &term.outcome
            && seen.insert(&term.target)
        {
            check_record(&mut problems, &term.target, text, record, false);
            check_included_end(&mut problems, term, record);
        }
    }
    check_counts(&mut problems, domain, tree);
    problems.worst_first()
}

/// The result for servers that no term matches; `None` if it depends on a record that cannot be read.
pub(super) fn result_for_others(tree: &SpfTree) -> Option<&'static str> {
    let mut record = tree.record.parsed()?;
    let mut terms = &tree.terms;

    // A redirect is the last term of its record.
    loop {
        if !record.faults.is_empty() {
            return None;
        }
        if let Some(qualifier) = record.all() {
            return Some(qualifier.result());
        }
        if record.redirect().is_none() {
            return Some(Qualifier::Neutral.result());
        }
        match terms.last().map(|term| (&term.outcome, &term.terms)) {
            Some((TermOutcome::Included(DomainRecord::One { record: next, .. }), below)) => {
                record = next;
                terms = below;
            }
            _ => return None,
        }
    }
}

fn report_missing(problems: &mut Problems, domain: &str, near_miss: Option<&str>, nxdomain: bool) {
    if let Some(text) = near_miss {
        let shown: String = text.chars().take(40).collect();
        return problems.error(
            Code::InvalidVersion,
            format!("`{shown}` is not an SPF record: it must start with `v=spf1` and a space"),
            "Correct the start of the record",
        );
    }
    if nxdomain {
        return problems.warning(
            Code::NoRecord,
            format!("{domain} does not exist (NXDOMAIN)"),
            "Check the spelling of the domain",
        );
    }
    problems.warning(
        Code::NoRecord,
        "No SPF record, so any server can send in the domain's name",
        format!(
            "Publish a TXT record at {domain}: `v=spf1 mx -all` if its mail servers send its mail, `v=spf1 -all` if it sends none"
        ),
    );
}

/// Problems of the text of one record. Those that only its owner can change are left out of included ones.
fn check_record(problems: &mut Problems, domain: &str, text: &str, record: &Record, is_own: bool) {
    for fault in &record.faults {
        let fix = match &fault.suggestion {
            Some(suggestion) => format!("Write `{suggestion}`"),
            None => "Correct or remove the term".into(),
        };
        problems.error(
            Code::InvalidTerm,
            format!("{domain}: `{}`: {}", fault.term, fault.why),
            fix,
        );
    }

    check_networks(problems, domain, record, is_own);
    let uses_ptr = |kind: &TermKind| matches!(kind, TermKind::Directive(_, Mechanism::Ptr(_)));
    if record.terms.iter().any(|term| uses_ptr(&term.kind)) {
        problems.warning(
            Code::Ptr,
            format!(
                "{domain} uses `ptr`, which is slow and which many receivers ignore (RFC 7208 §5.5)"
            ),
            "Replace it with `a`, `mx`, `ip4` or `ip6`",
        );
    }

    if is_own {
        check_order(problems, domain, record);
        check_repetition(problems, domain, record);
    }
    if is_own && text.len() > MAX_LENGTH {
        problems.info(
            Code::LongRecord,
            format!(
                "The record has {} bytes; above {MAX_LENGTH} the answer may not fit in 512 bytes (RFC 7208 §3.4)",
                text.len()
            ),
            "Move networks to a record of their own and include it",
        );
    }
}

/// Problems with the end of the domain's own record.
fn check_end(problems: &mut Problems, domain: &str, record: &Record) {
    match record.all() {
        Some(Qualifier::Pass) => problems.error(
            Code::AllowsAll,
            "`+all` allows every server in the world to send in the domain's name",
            "End the record with `-all` or `~all`",
        ),
        Some(Qualifier::Neutral) => problems.warning(
            Code::NeutralAll,
            "`?all` says nothing about other servers, so forged mail is not detected",
            "End the record with `-all` or `~all`",
        ),
        None if record.redirect().is_none() => problems.warning(
            Code::NoAll,
            format!("The record of {domain} has neither `all` nor `redirect=`, so nothing is said about other servers"),
            "End the record with `-all` or `~all`",
        ),
        Some(Qualifier::Fail | Qualifier::SoftFail) | None => {}
    }
}

/// The end of an included record decides only if it allows everyone, that of a `redirect=` always.
fn check_included_end(problems: &mut Problems, term: &TermLookup, record: &Record) {
    let TermLookup { text, target, .. } = term;
    if text
        .get(..9)
        .is_some_and(|head| head.eq_ignore_ascii_case("redirect="))
    {
        check_end(problems, target, record);
    } else if record.all() == Some(Qualifier::Pass) {
        problems.error(
            Code::AllowsAll,
            format!("`{text}` allows every server in the world to send: the record of {target} has `+all`"),
            "Remove the term",
        );
    }
}

/// Terms that are never evaluated, and modifiers without effect.
fn check_order(problems: &mut Problems, domain: &str, record: &Record) {
    let is_all = |kind: &TermKind| matches!(kind, TermKind::Directive(_, Mechanism::All));
    let Some(end) = record.terms.iter().position(|term| is_all(&term.kind)) else {
        return check_modifiers(problems, record);
    };
    let after = record.terms[end + 1..]
        .iter()
        .find(|term| matches!(term.kind, TermKind::Directive(..)));
    if let Some(term) = after {
        problems.warning(
            Code::AfterAll,
            format!(
                "`{}` comes after `all`, so it is never evaluated",
                term.text
            ),
            "Move `all` to the end of the record",
        );
    }
    if record.redirect().is_some() {
        problems.warning(
            Code::IgnoredRedirect,
            format!("`redirect=` of {domain} has no effect, because the record has `all` (RFC 7208 §6.1)"),
            "Remove either `all` or `redirect=`",
        );
    }
    check_modifiers(problems, record);
}

fn check_modifiers(problems: &mut Problems, record: &Record) {
    for term in &record.terms {
        if let TermKind::Unknown { name } = &term.kind {
            let name: String = name.chars().take(40).collect();
            problems.info(
                Code::IgnoredTag,
                format!("The modifier `{name}=` is unknown and has no effect"),
                "Remove it if it is a mistake",
            );
        }
    }
}

fn check_repetition(problems: &mut Problems, domain: &str, record: &Record) {
    let mut seen = HashSet::new();
    for term in &record.terms {
        let text = term.text.trim_start_matches('+').to_ascii_lowercase();
        if !seen.insert(text) {
            problems.warning(
                Code::RepeatedTerm,
                format!("`{}` occurs twice in the record of {domain}", term.text),
                "Remove one of them",
            );
        }
    }
}

/// Networks that are too large, or that no mail on the Internet comes from.
fn check_networks(problems: &mut Problems, domain: &str, record: &Record, is_own: bool) {
    for term in &record.terms {
        let (qualifier, network) = match &term.kind {
            TermKind::Directive(qualifier, Mechanism::Ip4(network)) => {
                (*qualifier, IpNet::from(*network))
            }
            TermKind::Directive(qualifier, Mechanism::Ip6(network)) => {
                (*qualifier, IpNet::from(*network))
            }
            _ => continue,
        };
        let [v4, v6] = SHORTEST_PREFIXES;
        let shortest = if network.addr().is_ipv4() { v4 } else { v6 };

        if qualifier == Qualifier::Pass && network.prefix_len() <= 1 {
            problems.error(
                Code::AllowsAll,
                format!(
                    "`{}` of {domain} allows half of all servers or more to send",
                    term.text
                ),
                "Name only the networks of your servers",
            );
        } else if qualifier == Qualifier::Pass && is_own && network.prefix_len() < shortest {
            problems.warning(
                Code::LargeNetwork,
                format!(
                    "`{}` is a very large network, in which others send mail too",
                    term.text
                ),
                "Name only the networks of your servers",
            );
        } else if is_own && !is_public(network) {
            problems.info(
                Code::PrivateNetwork,
                format!(
                    "`{}` is not an Internet address, so it has no effect for receivers elsewhere",
                    term.text
                ),
                "Remove it",
            );
        }
    }
}

fn is_public(network: IpNet) -> bool {
    use ip_class::Kind::{LinkLocal, Loopback, Private, Shared, UniqueLocal, Unspecified};
    let kind = ip_class::classify(network.network()).kind;
    !matches!(
        kind,
        Private | Loopback | LinkLocal | UniqueLocal | Shared | Unspecified
    )
}

fn check_counts(problems: &mut Problems, domain: &str, tree: &SpfTree) {
    if tree.lookups > MAX_LOOKUPS {
        let over = if tree.lookups >= MAX_COUNTED {
            "At least "
        } else {
            ""
        };
        problems.error(
            Code::TooManyLookups,
            format!(
                "{over}{} DNS lookups are needed, {MAX_LOOKUPS} are allowed, so receivers report an error (RFC 7208 §4.6.4)",
                tree.lookups
            ),
            format!("Remove includes that {domain} no longer uses, or replace `a` and `mx` with `ip4` and `ip6`"),
        );
    }
    if tree.void_lookups > MAX_VOID_LOOKUPS {
        problems.error(
            Code::TooManyVoidLookups,
            format!(
                "{} DNS lookups find nothing, {MAX_VOID_LOOKUPS} are allowed, so receivers report an error (RFC 7208 §4.6.4)",
                tree.void_lookups
            ),
            "Remove the terms that find nothing",
        );
    }
}

/// Problems with what one term refers to; `at` is the domain of its record.
fn check_term(problems: &mut Problems, at: &str, term: &TermLookup) {
    let TermLookup { text, target, .. } = term;
    match &term.outcome {
        TermOutcome::Loop => problems.error(
            Code::Loop,
            format!("`{text}` of {at} includes {target} again (loop), so the evaluation never ends"),
            "Remove the term",
        ),
        TermOutcome::Included(DomainRecord::Missing { .. }) => problems.error(
            Code::IncludeWithoutRecord,
            format!("`{text}` of {at}: {target} has no SPF record, so receivers report an error"),
            "Remove the term, or ask the owner of that domain for the right name",
        ),
        TermOutcome::Included(DomainRecord::Several(_)) => problems.error(
            Code::SeveralRecords,
            format!("`{text}` of {at}: {target} has several SPF records, so receivers report an error"),
            "Remove the term, or ask the owner of that domain to merge them",
        ),
        TermOutcome::TooManyMailServers(number) => problems.error(
            Code::TooManyMailServers,
            format!("`{text}` of {at}: {target} has {number} mail servers, 10 are allowed (RFC 7208 §4.6.4)"),
            "Replace it with `ip4` and `ip6`",
        ),
        TermOutcome::InvalidName => problems.warning(
            Code::VoidLookup,
            format!("`{text}` of {at} is not a valid domain name, so it never matches"),
            "Correct or remove the term",
        ),
        TermOutcome::Nothing => problems.warning(
            Code::VoidLookup,
            format!("`{text}` of {at} finds nothing: {target} has no such records"),
            "Remove the term",
        ),
        TermOutcome::Included(DomainRecord::Failed(why)) | TermOutcome::Failed(why) => {
            problems.warning(
                Code::LookupFailed,
                format!("`{text}` of {at}: {why}"),
                TRY_LATER,
            );
        }
        TermOutcome::Included(DomainRecord::Skipped) | TermOutcome::Skipped => problems.warning(
            Code::LookupFailed,
            format!("`{text}` of {at} was not looked up, because a limit was reached"),
            "Shorten the record",
        ),
        TermOutcome::Included(DomainRecord::One { .. })
        | TermOutcome::Addresses(_)
        | TermOutcome::DependsOnMessage => {}
    }
}
