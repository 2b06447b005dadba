//! Unverified source addresses, and the origin of the message.

use std::net::IpAddr;

use super::{
    addresses,
    boundary::TrustBoundary,
    hops::ReceivedChain,
    input::HeaderField,
    model::{Claim, Confidence, Origin},
    names,
};

/// Fields in which webmail and submission servers name their client.
#[rustfmt::skip]
const FIELDS: [&str; 22] = [
    "X-Originating-IP", "X-Original-IP", "X-Sender-IP", "X-SenderIP", "X-Client-IP", "X-ClientIP", "X-Source-IP",
    "X-Remote-IP", "X-Real-IP", "X-Forwarded-For", "X-AOL-IP", "X-Yahoo-Client-IP", "X-Yahoo-Post-IP",
    "X-Google-Original-IP", "X-Originating-Client-IP", "X-Authenticated-IP", "X-Origin-IP", "X-MS-Exchange-Organization-OriginalClientIPAddress",
    "X-Mail-Originating-IP", "X-Mailer-Client-IP", "X-EN-OrigIP", "X-HTTP-Posting-IP",
];
/// Maximum number of entries in the list.
const MAX: usize = 20;

/// Collects the claims: special fields first, then untrusted lines, the sender's first.
pub(super) fn read(
    fields: &[HeaderField<'_>],
    chain: &ReceivedChain,
    found: &TrustBoundary,
    client: Option<(&str, IpAddr)>,
) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();

    // A claim equal to the verified address adds nothing.
    let fact = found
        .handover
        .and_then(|number| chain.lines[number].from_address);

    if let Some((source, address)) = client.filter(|(_, address)| Some(*address) != fact) {
        add(&mut claims, source, None, address, None);
    }

    for field in fields {
        if FIELDS.iter().any(|name| field.is(name)) {
            add_addresses(&mut claims, field);
        }
    }

    for (number, line) in chain.lines.iter().enumerate().skip(found.trusted).rev() {
        if let Some(address) = line.from_address {
            let host = line.from_rdns.clone().or_else(|| line.from_helo.clone());
            let hop = Some(chain.index(number));
            add(&mut claims, "Received", hop, address, host);
        }
    }

    claims
}

/// Every address that a field of a webmail or submission server names.
fn add_addresses(claims: &mut Vec<Claim>, field: &HeaderField<'_>) {
    let value = names::clip(&field.value, 400);
    for word in value.split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | ';')) {
        if let Some(address) = names::address(word) {
            add(claims, field.name, None, address, None);
        }
    }
}

/// Adds a claim that the same source has not made before, while there is room.
fn add(
    claims: &mut Vec<Claim>,
    source: &str,
    hop: Option<usize>,
    address: IpAddr,
    host: Option<String>,
) {
    let known = claims
        .iter()
        .any(|claim| claim.source == source && claim.address == address);
    if !known && claims.len() < MAX {
        claims.push(Claim {
            source: source.to_owned(),
            hop,
            address,
            host,
            scope: addresses::class(address),
        });
    }
}

/// The address that crossed the boundary, or else the best claim.
pub(super) fn origin(chain: &ReceivedChain, found: &TrustBoundary, claims: &[Claim]) -> Origin {
    if let Some(number) = found.handover
        && let line = &chain.lines[number]
        && let Some(address) = line.from_address
    {
        let host = line
            .from_rdns
            .clone()
            .or_else(|| line.client_host().map(str::to_owned));
        let by = line.by.as_deref().unwrap_or("The reader's server");
        let named = match (&line.from_rdns, &line.from_helo) {
            (Some(rdns), _) => format!(" ({rdns})"),
            (None, Some(helo)) => format!(" (HELO {helo})"),
            (None, None) => String::new(),
        };

        let at = line.at.map(|at| format!(" at {at}")).unwrap_or_default();
        let evidence = format!(
            "{by} received the message from {address}{named}{at} (hop {}).",
            chain.index(number)
        );

        return Origin {
            address: Some(address),
            host,
            confidence: Confidence::Fact,
            evidence,
        };
    }

    let public = |claim: &&Claim| names::is_public(claim.address);

    if let Some(claim) = claims.iter().find(public) {
        let evidence = match claim.hop {
            Some(hop) => format!("From hop {hop}, which is not trusted."),
            None => format!("From the field {}, which is not trusted.", claim.source),
        };
        let address = Some(claim.address);
        return Origin {
            address,
            host: claim.host.clone(),
            confidence: Confidence::Claimed,
            evidence,
        };
    }

    let evidence = if chain.lines.is_empty() {
        "No Received header."
    } else {
        "No header has an address outside the recipient's network."
    };

    Origin {
        evidence: evidence.to_owned(),
        ..Origin::default()
    }
}

#[cfg(test)]
mod tests;
