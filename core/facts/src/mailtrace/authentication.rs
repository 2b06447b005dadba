//! What the reader's own server found about SPF, DKIM, DMARC and ARC, and what can be checked again.
//!
//! Anybody can write an `Authentication-Results` field. It counts only when it names a server of the reader's side
//! (RFC 8601 §5) and stands above the first line that a stranger wrote.

use std::net::IpAddr;

use super::boundary::Found;
use super::hops::Chain;
use super::input::{Field, Input};
use super::model::{Authentication, Dkim, Outcome, SpfInput, Verify};
use super::names;
use super::results::{self, MethodResult, ReceivedSpf};
use super::summary::Summary;

/// The reading, with what only the lookup needs.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub said: Authentication,
    spf: Option<ReceivedSpf>,
    mail_from: Option<String>,
    /// The client that the reader's server names beside its results.
    pub client: Option<(&'static str, IpAddr)>,
}

/// At most so many signatures are listed.
const MAX: usize = 20;

/// Reads the fields above the boundary.
pub(super) fn read(fields: &[Field<'_>], chain: &Chain, found: &Found) -> Reading {
    let mut out = Reading::default();
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
                out.said.authserv_id = out
                    .said
                    .authserv_id
                    .take()
                    .or_else(|| id.map(str::to_owned));
                methods.extend(read.results);
            } else {
                foreign = foreign.or_else(|| id.map(str::to_owned));
            }
        } else if field.is("Received-SPF") && place < end && out.spf.is_none() {
            let spf = results::read_spf(&field.value);
            out.spf = spf.filter(|spf| is_own(spf.receiver.as_deref(), chain, found));
        }
    }

    let nobody = match foreign {
        Some(id) => {
            format!("Results by {id} are in the message, but that is not the reader's own server.")
        }
        None => "The reader's server wrote no result.".to_owned(),
    };

    let by = out
        .said
        .authserv_id
        .clone()
        .unwrap_or_else(|| "the receiving server".to_owned());

    let outcome = |method: &str| match methods.iter().find(|m| m.method == method) {
        Some(found) => Outcome {
            result: Some(found.result.clone()),
            verified: false,
            detail: detail(found, &by),
        },
        None => Outcome {
            result: None,
            verified: false,
            detail: nobody.clone(),
        },
    };

    out.said.spf = outcome("spf");
    out.said.dmarc = outcome("dmarc");
    if let (None, Some(spf)) = (&out.said.spf.result, &out.spf) {
        let text = spf.comment.clone().unwrap_or_default();
        out.said.spf = Outcome {
            result: Some(spf.result.clone()),
            verified: false,
            detail: names::clip(&format!("Received-SPF: {text}"), 300).to_owned(),
        };
    }

    let spf = methods.iter().find(|m| m.method == "spf");

    // A domain alone stands for its postmaster (RFC 7208 §4.3).
    out.mail_from = spf
        .and_then(|m| m.property("smtp.mailfrom"))
        .and_then(|from| {
            if from.contains('@') {
                Some(from.to_owned())
            } else {
                names::host(from).map(|domain| format!("postmaster@{domain}"))
            }
        });

    let remote = methods.iter().find_map(|m| {
        let said = m
            .comment
            .as_deref()
            .and_then(|text| text.strip_prefix("sender IP is "));
        m.property("smtp.remote-ip")
            .or_else(|| m.property("smtp.client-ip"))
            .or(said)
            .and_then(names::address)
    });

    out.client = match (out.spf.as_ref().and_then(|spf| spf.client), remote) {
        (Some(address), _) => Some(("Received-SPF", address)),
        (None, remote) => remote.map(|address| ("Authentication-Results", address)),
    };
    out.said.dkim = dkim(fields, &methods, &by, &nobody);
    out.said.arc = arc(fields, outcome("arc"));

    out
}

/// Whether a server's name is one of the reader's side.
fn is_own(id: Option<&str>, chain: &Chain, found: &Found) -> bool {
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
    let properties: Vec<_> = found
        .properties
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let comment = found
        .comment
        .as_ref()
        .map(|c| format!(" ({c})"))
        .unwrap_or_default();
    let text = format!(
        "{by}: {}={}{comment} {}",
        found.method,
        found.result,
        properties.join(" ")
    );
    names::clip(text.trim_end(), 300).to_owned()
}

/// One entry a `DKIM-Signature` (RFC 6376 §3.5), with the result that names its domain and key.
fn dkim(fields: &[Field<'_>], methods: &[MethodResult], by: &str, nobody: &str) -> Vec<Dkim> {
    let mut results: Vec<&MethodResult> = methods.iter().filter(|m| m.method == "dkim").collect();
    let mut out: Vec<Dkim> = Vec::new();

    for field in fields
        .iter()
        .filter(|field| field.is("DKIM-Signature"))
        .take(MAX)
    {
        let tags = tags(&field.value);
        let tag = |name: &str| {
            tags.iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };

        let (domain, selector, signature) = (tag("d"), tag("s"), tag("b").unwrap_or_default());
        let matches = |m: &MethodResult| {
            let at = m.property("header.d").or_else(|| m.property("header.i"));
            let same = |given: &str| {
                let given = given.rsplit_once('@').map_or(given, |(_, domain)| domain);
                domain
                    .as_deref()
                    .is_some_and(|d| d.eq_ignore_ascii_case(given))
            };
            // `header.b` holds the signature's first characters (RFC 6008).
            at.is_none_or(same)
                && m.property("header.s")
                    .is_none_or(|s| Some(s) == selector.as_deref())
                && m.property("header.b")
                    .is_none_or(|b| signature.starts_with(b))
                && m.result != "none"
        };

        let found = results
            .iter()
            .position(|m| matches(m))
            .map(|at| results.remove(at));

        out.push(Dkim {
            result: found.map(|m| m.result.clone()),
            verified: false,
            detail: found.map_or_else(|| nobody.to_owned(), |m| detail(m, by)),
            domain,
            selector,
            algorithm: tag("a"),
        });
    }

    // Pasted without its signatures, or none there: the results alone.
    if out.is_empty() {
        out.extend(results.into_iter().take(MAX).map(|m| {
            Dkim {
                result: Some(m.result.clone()),
                verified: false,
                detail: detail(m, by),
                domain: m
                    .property("header.d")
                    .filter(|d| *d != "none")
                    .map(str::to_owned),
                selector: m.property("header.s").map(str::to_owned),
                algorithm: m.property("header.a").map(str::to_owned),
            }
        }));
    }

    out
}

/// The chain as the message carries it (RFC 8617 §4): complete sets, and what the last seal says of the ones before.
fn arc(fields: &[Field<'_>], said: Outcome) -> Outcome {
    let seals: Vec<_> = fields
        .iter()
        .filter(|f| f.is("ARC-Seal"))
        .take(60)
        .map(|f| tags(&f.value))
        .collect();

    let tag = |seal: &[(String, String)], name: &str| {
        seal.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };

    let last = seals.iter().max_by_key(|seal| {
        tag(seal, "i")
            .and_then(|i| i.parse::<u32>().ok())
            .unwrap_or(0)
    });

    let Some(last) = last else {
        return Outcome {
            result: Some("none".to_owned()),
            verified: false,
            detail: "No ARC chain.".to_owned(),
        };
    };

    let domain = tag(last, "d").unwrap_or_default();
    let chain = match tag(last, "cv").as_deref() {
        Some("none") => "the first of the chain",
        Some("pass") => "which found the chain before it sound",
        Some("fail") => "which found the chain before it broken",
        _ => "without a word on the chain before it",
    };

    let text = format!(
        "{} ARC set(s), the last sealed by {domain}, {chain}.",
        seals.len()
    );
    let detail = if said.result.is_some() {
        format!("{} {text}", said.detail)
    } else {
        text
    };

    Outcome {
        result: said.result,
        verified: false,
        detail,
    }
}

/// `key=value` pairs with white space removed from the values (RFC 6376 §3.2).
fn tags(value: &str) -> Vec<(String, String)> {
    let pairs = names::clip(value, 8 * 1024)
        .split(';')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| {
            (
                key.trim().to_ascii_lowercase(),
                value.split_whitespace().collect::<String>(),
            )
        })
        .take(40)
        .collect()
}

impl Reading {
    /// What can be checked again.
    pub(super) fn verify(
        &self,
        input: &Input<'_>,
        summary: &Summary,
        chain: &Chain,
        found: &Found,
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

        Verify {
            spf,
            from_domain: summary.from_domain.clone(),
            dkim: has("DKIM-Signature"),
            arc: has("ARC-Seal"),
        }
    }
}
