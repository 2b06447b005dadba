//! Where belief ends.
//!
//! The topmost line was written by the reader's own server. A line below it can be believed when the machine that it
//! came from is the reader's as well: named by the operator, reached over an inside address, or, by its looked-up
//! name, in the domain of the servers above. The first line whose client is a stranger is the last that is believed.

use super::{
    TrustPolicy,
    hops::Chain,
    model::{Boundary, BoundaryKind},
    names,
    received::Received,
};

/// The boundary with what the rest of the trace needs of it.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// So many lines from the top are believed.
    pub trusted: usize,
    /// The line that names the stranger.
    pub handover: Option<usize>,
    /// Registrable domains of the reader's servers.
    pub own: Vec<String>,
    pub said: Boundary,
}

impl Found {
    /// Whether a host is one of the reader's, as far as its name tells.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.iter().any(|own| names::same_operator(own, name))
    }
}

/// Walks down from the reader's server.
pub(super) fn find(chain: &Chain, policy: &TrustPolicy) -> Found {
    let mut found = Found::default();
    let mut configured = false;

    for (number, line) in chain.lines.iter().enumerate() {
        found.trusted = number + 1;
        let known = line.by.as_deref().is_some_and(|by| policy.has_name(by))
            || line
                .by_address
                .is_some_and(|address| policy.has_address(address));
        configured |= known;
        if let Some(own) = line.by.as_deref().and_then(names::organization)
            && (number == 0 || found.own.is_empty() || known)
        {
            add(&mut found.own, own);
        }

        // Beyond a gap nothing is known, whoever the client was.
        if chain.cut == Some(number + 1) {
            found.handover = line
                .from_address
                .filter(|a| names::is_public(*a))
                .map(|_| number);
            break;
        }

        let next = chain.lines.get(number + 1);

        if trusted_client(line, policy) {
            configured = true;
            if next.is_some() {
                continue;
            }
        } else if next.is_some_and(|next| is_inside(line, next, &mut found)) {
            continue;
        }

        found.handover = line
            .from_address
            .filter(|a| names::is_public(*a))
            .map(|_| number);
        break;
    }

    found.said = said(chain, &found, configured, policy);

    found
}

/// The operator named the client, by its address or by the name that the server itself looked up.
fn trusted_client(line: &Received, policy: &TrustPolicy) -> bool {
    line.from_address
        .is_some_and(|address| policy.has_address(address))
        || line
            .from_rdns
            .as_deref()
            .is_some_and(|name| policy.has_name(name))
            && !line.doubted
}

/// The client is a machine of the reader's side, so the next line is its own.
fn is_inside(line: &Received, next: &Received, found: &mut Found) -> bool {
    let Some(address) = line.from_address else {
        return is_local_step(line, found);
    };

    let fetched = line.protocol.as_deref().is_some_and(|p| {
        let p = p.to_ascii_lowercase();
        // LMTP is no protocol between organizations (RFC 2033 §5).
        p.starts_with("pop") || p.starts_with("imap") || p.starts_with("lmtp")
    });

    if names::is_inside(address) || fetched {
        // Fetched from the reader's mailbox, or over our own wires: whatever the next server is called, it is ours.
        for name in [next.by.as_deref(), client_name(line).filter(|_| fetched)]
            .into_iter()
            .flatten()
        {
            if let Some(own) = names::organization(name) {
                add(&mut found.own, own);
            }
        }
        return true;
    }

    let by = next.by.as_deref();

    is_exchange_online(address, line, by) || is_own_public(line, by, found)
}

/// The client as the server looked it up, else as it greeted.
fn client_name(line: &Received) -> Option<&str> {
    line.from_rdns.as_deref().or(line.from_helo.as_deref())
}

/// A pipe, a queue runner, a second pass; or a name alone, which must be one of ours. Over SMTP it is only the
/// client's word, so nothing follows from it.
fn is_local_step(line: &Received, found: &Found) -> bool {
    let smtp = line
        .protocol
        .as_deref()
        .is_some_and(|p| p.to_ascii_lowercase().contains("smtp"));

    match client_name(line) {
        None => line.bad_address.is_none(),
        Some(name) => !smtp && (!names::is_public_name(name) || found.is_own(name)),
    }
}

/// A public address of our own domain: its looked-up name says so, and the next line was written there (`by`). Where
/// customers' mail leaves under the same name (Gmail, Outlook) that tells nothing.
fn is_own_public(line: &Received, by: Option<&str>, found: &Found) -> bool {
    let Some(rdns) = line.from_rdns.as_deref().filter(|_| !line.doubted) else {
        return false;
    };
    let own = |name: &str| {
        names::organization(name)
            .is_some_and(|org| found.own.contains(&org) && !names::is_shared(&org))
    };
    if own(rdns) && by.is_some_and(own) {
        return true;
    }

    // iCloud's machines greet by their bare names, over public addresses of the domain that the mail is for.
    let bare =
        |name: &str| !names::is_public_name(name) && !names::is_localhost(name) && name.len() > 8;
    let mine = line
        .for_
        .as_deref()
        .and_then(|to| to.rsplit_once('@'))
        .is_some_and(|(_, to)| names::same_operator(to, rdns));

    mine && by.is_some_and(bare) && by == line.from_helo.as_deref()
}

/// Inside Exchange Online machines talk over Microsoft's own IPv6 addresses.
fn is_exchange_online(address: std::net::IpAddr, line: &Received, next_by: Option<&str>) -> bool {
    let std::net::IpAddr::V6(v6) = address else {
        return false;
    };
    let ours = matches!(
        v6.segments(),
        [0x2603, 0x1000..=0x10ff, ..] | [0x2a01, 0x111, ..]
    );
    let inside = |name: &str| {
        let name = name.to_ascii_lowercase();
        [
            ".prod.outlook.com",
            ".prod.protection.outlook.com",
            ".prod.exchangelabs.com",
            ".outlook.office365.com",
            ".mail.protection.outlook.com",
        ]
        .iter()
        .any(|suffix| name.ends_with(suffix))
    };
    ours && line.from_helo.as_deref().is_some_and(inside)
        && line.by.as_deref().is_some_and(inside)
        && next_by.is_some_and(inside)
}

fn add(own: &mut Vec<String>, name: String) {
    if !own.contains(&name) {
        own.push(name);
    }
}

fn said(chain: &Chain, found: &Found, configured: bool, policy: &TrustPolicy) -> Boundary {
    if chain.lines.is_empty() {
        let text = "No Received line: nothing tells which servers the message passed.".to_owned();
        return Boundary {
            kind: BoundaryKind::None,
            hop: None,
            text,
        };
    }

    let last = &chain.lines[found.trusted - 1];
    let by = last.by.as_deref().unwrap_or("the reader's server");
    let kind = if configured {
        BoundaryKind::Configured
    } else {
        BoundaryKind::Inferred
    };

    let why = match kind {
        BoundaryKind::Configured => "by the configured relays".to_owned(),
        _ if found.own.is_empty() => {
            "inferred: the topmost line is the reader's own server's".to_owned()
        }
        _ => format!(
            "inferred from the topmost lines, written by servers of {}",
            found.own.join(", ")
        ),
    };

    let unused = match kind {
        BoundaryKind::Inferred if !policy.is_empty() => " None of the configured relays appears.",
        _ => "",
    };
    let hop = found.handover.map(|number| chain.index(number));
    let text = match (hop, last.from_address) {
        (Some(hop), Some(address)) => {
            format!(
                "Hop {hop} is the last that can be believed ({why}): {by} took the message from {address}.{unused}"
            )
        }
        _ if found.trusted == chain.lines.len() && chain.cut.is_none() => {
            format!(
                "Every hop is on the reader's side ({why}): no stranger's address was seen.{unused}"
            )
        }
        _ => format!(
            "Hop {} is the last that can be believed ({why}); it names no address.{unused}",
            chain.index(found.trusted - 1)
        ),
    };

    Boundary {
        kind,
        hop: hop.or_else(|| Some(chain.index(found.trusted - 1))),
        text,
    }
}

#[cfg(test)]
mod tests;
