//! Finds the trust boundary.
//!
//! The topmost line was written by the reader's own server. A line below it is trusted when the machine that it
//! came from is the reader's as well: named by the operator, reached over an inside address, or, by its looked-up
//! name, in the domain of the servers above. The first line whose client is external is the last trusted one.

use std::net::IpAddr;

use super::{
    TrustPolicy,
    hops::ReceivedChain,
    model::{Boundary, BoundaryKind},
    names,
    received::Received,
};

/// The boundary and what the rest of the trace needs from it.
#[derive(Debug, Default)]
pub(super) struct TrustBoundary {
    /// Number of trusted lines, counted from the top.
    pub trusted: usize,
    /// Index of the line that names the external client.
    pub handover: Option<usize>,
    /// Registrable domains of the reader's servers.
    pub own: Vec<String>,
    pub description: Boundary,
}

impl TrustBoundary {
    /// Whether a host belongs to the reader's organization, judged by its name.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.iter().any(|own| names::same_operator(own, name))
    }
}

/// Follows the lines down from the reader's server to the first external client.
pub(super) fn find(chain: &ReceivedChain, policy: &TrustPolicy) -> TrustBoundary {
    let mut found = TrustBoundary::default();
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

        // Lines below a gap cannot be linked to those above, so trust ends here.
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

    found.description = describe(chain, &found, configured, policy);

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

/// Whether the client belongs to the reader's organization, so that the next line is trusted too.
fn is_inside(line: &Received, next: &Received, found: &mut TrustBoundary) -> bool {
    let Some(address) = line.from_address else {
        return is_local_step(line, found);
    };

    let fetched = line.protocol.as_deref().is_some_and(|p| {
        let p = p.to_ascii_lowercase();
        // LMTP is not used between organizations (RFC 2033 §5).
        p.starts_with("pop") || p.starts_with("imap") || p.starts_with("lmtp")
    });

    if names::is_inside(address) || fetched {
        // Fetched from the reader's mailbox or received over an internal network: trust the next server by any name.
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

    is_exchange_online(address, line, by)
        || is_own_public(line, by, found)
        || is_itself(address, line)
        || is_exchange_cluster(address, line, next)
}

/// A server that relays to itself: the client has the server's own address.
fn is_itself(address: IpAddr, line: &Received) -> bool {
    line.by_address == Some(address)
}

/// Exchange servers of one organization, which record no looked-up names. The client must be a neighbor of the server
/// and have written the next line under the name and address that it has here.
fn is_exchange_cluster(address: IpAddr, line: &Received, next: &Received) -> bool {
    let is_exchange = line
        .protocol
        .as_deref()
        .is_some_and(|protocol| protocol.starts_with("Microsoft SMTP") || protocol == "mapi");
    let is_neighbor = line.by_address.is_some_and(|by| match (by, address) {
        (IpAddr::V4(by), IpAddr::V4(client)) => by.octets()[..3] == client.octets()[..3],
        (IpAddr::V6(by), IpAddr::V6(client)) => by.segments()[..4] == client.segments()[..4],
        _ => false,
    });
    let (Some(helo), Some(by), Some(next_by)) = (&line.from_helo, &line.by, &next.by) else {
        return false;
    };

    is_exchange
        && is_neighbor
        && next.by_address == Some(address)
        && helo.eq_ignore_ascii_case(next_by)
        && names::same_operator(helo, by)
}

/// The client as the server looked it up, else as it greeted.
fn client_name(line: &Received) -> Option<&str> {
    line.from_rdns.as_deref().or(line.from_helo.as_deref())
}

/// A pipe, a queue runner, a second pass; or only a name, which must be internal. Over SMTP the name is only the
/// client's HELO, which anyone can choose.
fn is_local_step(line: &Received, found: &TrustBoundary) -> bool {
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
/// customers' mail is sent under the same name (Gmail, Outlook) this proves nothing.
fn is_own_public(line: &Received, by: Option<&str>, found: &TrustBoundary) -> bool {
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
fn is_exchange_online(address: IpAddr, line: &Received, next_by: Option<&str>) -> bool {
    let IpAddr::V6(v6) = address else {
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

fn describe(
    chain: &ReceivedChain,
    found: &TrustBoundary,
    configured: bool,
    policy: &TrustPolicy,
) -> Boundary {
    if chain.lines.is_empty() {
        let text = "No Received header, so the servers on the path are unknown.".to_owned();
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
        BoundaryKind::Configured => "configured relays".to_owned(),
        _ if found.own.is_empty() => "first Received header only".to_owned(),
        _ => format!("headers added by {}", found.own.join(", ")),
    };

    let unused = match kind {
        BoundaryKind::Inferred if !policy.is_empty() => {
            " No configured relay appears in the headers."
        }
        _ => "",
    };
    let hop = found.handover.map(|number| chain.index(number));
    let text = match (hop, last.from_address) {
        (Some(hop), Some(address)) => {
            format!(
                "Trusted up to hop {hop} ({why}): {by} received the message from {address}.{unused}"
            )
        }
        _ if found.trusted == chain.lines.len() && chain.cut.is_none() => {
            format!("All hops are trusted ({why}): no external address was recorded.{unused}")
        }
        _ => format!(
            "Trusted up to hop {} ({why}); it has no client address.{unused}",
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
