//! SPF, DKIM, DMARC and ARC results of the recipient's server, and what can be verified again.
//!
//! Anybody can write an `Authentication-Results` field. It is trusted only when it names a server of the recipient's organization
//! (RFC 8601 §5) and is above the first untrusted line.

use std::net::IpAddr;

use super::{
    author::Author,
    boundary::TrustBoundary,
    hops::ReceivedChain,
    input::{HeaderField, Input},
    model::{AuthResult, Authentication, ReportedResult, SpfInput, Verify},
    names,
    results::{self, MethodResult, ReceivedSpf},
    summary::Summary,
    tags,
};
use dkim::dkim;

mod dkim;

/// The results, and what only the DNS checks need.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub results: Authentication,
    spf: Option<ReceivedSpf>,
    mail_from: Option<String>,
    /// The client that the reader's server names beside its results.
    pub client: Option<(&'static str, IpAddr)>,
}

/// At most so many signatures are listed.
const MAX: usize = 20;
/// Largest number of results that are read; a message has a few for each server that checked it.
const MAX_RESULTS: usize = 500;

/// Reads the fields above the boundary.
pub(super) fn read(
    fields: &[HeaderField<'_>],
    chain: &ReceivedChain,
    found: &TrustBoundary,
) -> Reading {
    let mut out = Reading::default();
    let (methods, foreign) = collect(fields, chain, found, &mut out);

    let nobody = match foreign {
        Some(id) => {
            format!("Ignoring results by {id}: not the recipient's server.")
        }
        None => "The recipient's server added no result.".to_owned(),
    };

    let by = out
        .results
        .authserv_id
        .clone()
        .unwrap_or_else(|| "the receiving server".to_owned());

    out.results.spf = outcome("spf", &methods, &by, &nobody);
    out.results.dmarc = outcome("dmarc", &methods, &by, &nobody);
    if let (None, Some(spf)) = (&out.results.spf.result, &out.spf) {
        let text = spf.comment.clone().unwrap_or_default();
        out.results.spf = AuthResult {
            result: Some(spf.result.clone()),
            verified: false,
            detail: names::clip(&format!("Received-SPF: {text}"), 300).to_owned(),
            domain: None,
        };
    }

    out.results.reported = reported(&methods, out.spf.as_ref(), &by);
    out.mail_from = envelope_sender(&methods);
    out.client = match (
        out.spf.as_ref().and_then(|spf| spf.client),
        client(&methods),
    ) {
        (Some(address), _) => Some(("Received-SPF", address)),
        (None, remote) => remote.map(|address| ("Authentication-Results", address)),
    };

    out.results.dkim = dkim(fields, &methods, &by, &nobody);
    out.results.arc = arc(fields, outcome("arc", &methods, &by, &nobody));

    out
}

/// The results of the reader's side, and the first stranger whose results are there too. Fills the server's name and
/// `Received-SPF`.
fn collect(
    fields: &[HeaderField<'_>],
    chain: &ReceivedChain,
    found: &TrustBoundary,
    out: &mut Reading,
) -> (Vec<MethodResult>, Option<String>) {
    let end = chain
        .places
        .get(found.trusted)
        .copied()
        .unwrap_or(usize::MAX);

    // Without a name it counts only above the line that the stranger's message came in with.
    let line = found
        .trusted
        .checked_sub(1)
        .and_then(|last| chain.places.get(last))
        .copied()
        .unwrap_or(0);

    let mut methods: Vec<MethodResult> = Vec::new();
    let mut foreign = None;

    for (place, field) in fields.iter().enumerate() {
        if field.is("Authentication-Results") {
            let read = results::read(&field.value);
            let id = read.authserv_id.as_deref();
            if place < if id.is_some() { end } else { line } && is_own(id, chain, found) {
                out.results.authserv_id = out
                    .results
                    .authserv_id
                    .take()
                    .or_else(|| id.map(str::to_owned));
                let room = MAX_RESULTS - methods.len();
                methods.extend(read.results.into_iter().take(room));
            } else {
                foreign = foreign.or_else(|| id.map(str::to_owned));
            }
        } else if field.is("Received-SPF") && place < end && out.spf.is_none() {
            let spf = results::read_spf(&field.value);
            out.spf = spf.filter(|spf| is_own(spf.receiver.as_deref(), chain, found));
        }
    }

    (methods, foreign)
}

/// The first result of a method, or an empty outcome with the reason `nobody`.
fn outcome(method: &str, methods: &[MethodResult], by: &str, nobody: &str) -> AuthResult {
    match methods.iter().find(|m| m.method == method) {
        Some(found) => AuthResult {
            result: Some(found.result.clone()),
            verified: false,
            detail: detail(found, by),
            domain: None,
        },
        None => AuthResult {
            detail: nobody.to_owned(),
            ..AuthResult::default()
        },
    }
}

/// The envelope's sender as the SPF result names it. A domain alone stands for its postmaster (RFC 7208 §4.3).
fn envelope_sender(methods: &[MethodResult]) -> Option<String> {
    let spf = methods.iter().find(|m| m.method == "spf")?;
    let from = spf.property("smtp.mailfrom")?;
    if from.contains('@') {
        Some(from.to_owned())
    } else {
        names::host(from).map(|domain| format!("postmaster@{domain}"))
    }
}

/// The client's address as any of the results names it.
fn client(methods: &[MethodResult]) -> Option<IpAddr> {
    methods.iter().find_map(|m| {
        let recorded = m
            .comment
            .as_deref()
            .and_then(|text| text.strip_prefix("sender IP is "));
        m.property("smtp.remote-ip")
            .or_else(|| m.property("smtp.client-ip"))
            .or(recorded)
            .and_then(names::address)
    })
}

/// Whether a server name belongs to the recipient's organization.
fn is_own(id: Option<&str>, chain: &ReceivedChain, found: &TrustBoundary) -> bool {
    let trusted = &chain.lines[..found.trusted];
    match id {
        Some(id) if found.is_own(id) => true,
        // A private name must be one that wrote a trusted line.
        Some(id) => {
            let by = |name: &str| names::same_operator(name, id) || name.eq_ignore_ascii_case(id);
            trusted
                .iter()
                .any(|line| line.by.as_deref().is_some_and(by))
        }
        None => {
            let microsoft = |name: &str| {
                names::same_operator(name, "outlook.com")
                    || names::same_operator(name, "office365.com")
            };
            trusted
                .iter()
                .any(|line| line.by.as_deref().is_some_and(microsoft))
        }
    }
}

fn detail(found: &MethodResult, by: &str) -> String {
    let MethodResult { method, result, .. } = found;
    let text = format!("{by}: {method}={result} {}", identity(found));
    names::clip(text.trim_end(), 300).to_owned()
}

/// The comment and the properties of a result.
fn identity(found: &MethodResult) -> String {
    let comment = found.comment.iter().map(|comment| format!("({comment})"));
    let properties = found
        .properties
        .iter()
        .map(|(key, value)| format!("{key}={value}"));
    let parts: Vec<String> = comment.chain(properties).collect();
    names::clip(&parts.join(" "), 300).to_owned()
}

/// The results of the methods that are checked here too, as the server wrote them.
fn reported(methods: &[MethodResult], spf: Option<&ReceivedSpf>, by: &str) -> Vec<ReportedResult> {
    let is_known =
        |method: &MethodResult| ["spf", "dkim", "dmarc", "arc"].contains(&method.method.as_str());
    let mut reported: Vec<ReportedResult> = methods
        .iter()
        .filter(|method| is_known(method))
        .take(MAX)
        .map(|method| ReportedResult {
            method: method.method.clone(),
            result: method.result.clone(),
            by: by.to_owned(),
            detail: identity(method),
        })
        .collect();

    if let Some(spf) = spf.filter(|_| !methods.iter().any(|method| method.method == "spf")) {
        let comment = spf.comment.clone().unwrap_or_default();
        reported.push(ReportedResult {
            method: "spf".to_owned(),
            result: spf.result.clone(),
            by: spf.receiver.clone().unwrap_or_else(|| by.to_owned()),
            detail: names::clip(&comment, 300).to_owned(),
        });
    }
    reported
}

/// The chain as the message carries it (RFC 8617 §4): complete sets, and what the last seal says about the earlier ones.
fn arc(fields: &[HeaderField<'_>], reported: AuthResult) -> AuthResult {
    let seals: Vec<_> = fields
        .iter()
        .filter(|f| f.is("ARC-Seal"))
        .take(60)
        .map(|f| tags::read(&f.value))
        .collect();

    let last = seals.iter().max_by_key(|seal| {
        tags::get(seal, "i")
            .and_then(|i| i.parse::<u32>().ok())
            .unwrap_or(0)
    });

    let Some(last) = last else {
        return AuthResult {
            result: Some("none".to_owned()),
            detail: "No ARC chain.".to_owned(),
            ..AuthResult::default()
        };
    };

    let domain = tags::get(last, "d").unwrap_or_default();
    let chain = match tags::get(last, "cv") {
        Some("none") => "the first of the chain",
        Some("pass") => "which found the chain before it sound",
        Some("fail") => "which found the chain before it broken",
        _ => "without a word on the chain before it",
    };

    let text = format!(
        "{} ARC set(s), the last sealed by {domain}, {chain}.",
        seals.len()
    );
    let detail = if reported.result.is_some() {
        format!("{} {text}", reported.detail)
    } else {
        text
    };

    AuthResult { detail, ..reported }
}

/// The domains of the signatures, whether they can be checked or not.
fn signers(fields: &[HeaderField<'_>]) -> Vec<String> {
    let signatures = fields.iter().filter(|field| field.is("DKIM-Signature"));
    signatures
        .take(MAX)
        .filter_map(|field| tags::get(&tags::read(&field.value), "d").map(str::to_owned))
        .collect()
}

impl Reading {
    /// The input of the checks that need DNS lookups.
    pub(super) fn verify(
        &self,
        input: &Input<'_>,
        summary: &Summary,
        chain: &ReceivedChain,
        found: &TrustBoundary,
    ) -> Verify {
        let line = found.handover.map(|number| &chain.lines[number]);
        let path = input
            .fields
            .iter()
            .find(|f| f.is("Return-Path"))
            .map(|f| f.value.trim().trim_matches(['<', '>']).to_owned());

        let recorded = self.spf.as_ref().and_then(|spf| spf.envelope_from.clone());
        let spf = line.and_then(|line| {
            let address = line.from_address?;
            let mail_from = line
                .envelope_from
                .clone()
                .or(recorded)
                .or_else(|| self.mail_from.clone())
                .or(path)?;
            let recorded = self.spf.as_ref().and_then(|spf| spf.helo.clone());
            Some(SpfInput {
                address,
                mail_from,
                helo: line.from_helo.clone().or(recorded),
                by: line.by.clone(),
            })
        });

        let has = |name: &str| input.has_body && input.fields.iter().any(|f| f.is(name));

        let mut author_domains: Vec<String> =
            summary.authors.iter().filter_map(Author::domain).collect();
        author_domains.sort();
        author_domains.dedup();

        Verify {
            spf,
            from_domain: summary.from_domain.clone(),
            author_domains,
            from_fields: input.fields.iter().filter(|f| f.is("From")).count(),
            signers: signers(&input.fields),
            dkim: has("DKIM-Signature"),
            arc: has("ARC-Seal"),
        }
    }
}

#[cfg(test)]
mod tests;
