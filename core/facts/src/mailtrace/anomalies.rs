//! Finds anomalies in the chain. A rule is skipped where ordinary mail looks the same.

use std::{collections::HashMap, net::IpAddr};

use jiff::Timestamp;
use netvane_document::duration;

use super::{
    boundary::TrustBoundary, hops::ReceivedChain, model::Anomaly, names, received::Received,
};
use crate::ip_class::{self, Kind};

/// Tolerated clock skew between two servers, in seconds.
const SKEW_SECONDS: i64 = 60;
/// Tolerated time in the future, in seconds.
const AHEAD_SECONDS: i64 = 600;
/// Maximum number of entries in the list.
const MAX: usize = 100;

/// Looks at every line, from the sender's to the reader's.
pub(super) fn find(
    chain: &ReceivedChain,
    boundary: &TrustBoundary,
    now: Option<Timestamp>,
) -> Vec<Anomaly> {
    let mut out = Vec::new();
    let mut tell = |hop: usize, text: String| {
        out.push(Anomaly {
            hop: Some(hop),
            text,
        })
    };

    let lines = &chain.lines;
    let public = |line: &Received| line.from_address.is_some_and(names::is_public);
    let mut ids: HashMap<(&str, &str), usize> = HashMap::new();
    let mut before: Option<(usize, Timestamp)> = None;
    let mut seen_public = false;

    for (number, line) in lines.iter().enumerate().rev() {
        let index = chain.index(number);
        let mut say = |text: String| tell(index, text);

        // Machines of the reader's network may call themselves what they like.
        if boundary.handover.is_none_or(|handover| number >= handover) {
            greeting(line, &mut say);
        }
        address(line, &mut say);
        if seen_public && lines[..number].iter().any(public) {
            inside(line, &mut say);
        }

        seen_public |= public(line);
        if chain.cut == Some(number + 1) {
            before = None;
        } else if number > 0 && chain.cut != Some(number) {
            let upper = chain.index(number - 1);
            gap(line, &lines[number - 1], |text| tell(upper, text));
        }

        time(line, &mut before, index, now, &mut |text| tell(index, text));
        duplicate(line, &mut ids, index, &mut |text| tell(index, text));
    }

    if lines.is_empty() {
        out.push(Anomaly {
            hop: None,
            text: "No Received header.".to_owned(),
        });
    }

    out.sort_by_key(|anomaly| anomaly.hop);
    out.truncate(MAX);

    out
}

/// Compares the ID with those that the same server gave to other hops; `ids` has the hop of each.
fn duplicate<'l>(
    line: &'l Received,
    ids: &mut HashMap<(&'l str, &'l str), usize>,
    index: usize,
    say: &mut impl FnMut(String),
) {
    if let (Some(id), Some(by)) = (&line.id, &line.by)
        && is_unique(id)
        && let Some(first) = ids.insert((id, by), index)
    {
        say(format!(
            "Duplicate ID: {by} already used {id} at hop {first}."
        ));
    }
}

/// Compares the HELO name with the address and name that the server recorded.
fn greeting(line: &Received, say: &mut impl FnMut(String)) {
    if line.doubted {
        say(
            "The server could not confirm the client's name: it does not resolve back to the address."
                .to_owned(),
        );
    }

    let (Some(helo), Some(address)) = (line.from_helo.as_deref(), line.from_address) else {
        return;
    };

    if is_submission(line) || !names::is_public(address) {
        return;
    }

    // A machine of the server's own network may call itself what it likes.
    if let (Some(rdns), Some(by)) = (line.from_rdns.as_deref(), line.by.as_deref())
        && names::related(rdns, by)
    {
        return;
    }

    if let Some(text) = contradiction(helo, address, line) {
        say(text);
    }
}

/// Whether this is a submission: clients that log in may send any HELO name.
fn is_submission(line: &Received) -> bool {
    line.authenticated
        || line.protocol.as_deref().is_some_and(|p| {
            let p = p.to_ascii_lowercase();
            p.ends_with("smtpa")
                || p.ends_with("smtpsa")
                || p.starts_with("http")
                || p.starts_with("pop")
        })
}

/// Describes a HELO name that cannot be the client's own, or returns `None`.
fn contradiction(helo: &str, address: IpAddr, line: &Received) -> Option<String> {
    let elsewhere = || format!("HELO {helo} does not match the client address {address}.");
    if names::is_localhost(helo) {
        return Some(elsewhere());
    }

    if let Some(literal) = names::address(helo) {
        // A private literal is a client behind address translation.
        return (literal != address && names::is_public(literal)).then(elsewhere);
    }

    let by_itself = line
        .by
        .as_deref()
        .is_some_and(|by| by.eq_ignore_ascii_case(helo) && helo.contains('.'));

    if by_itself && line.by_address != line.from_address {
        return Some(format!("HELO used the receiving server's name, {helo}."));
    }

    let rdns = line.from_rdns.as_deref()?;
    let strangers =
        names::is_public_name(helo) && names::is_public_name(rdns) && !names::related(helo, rdns);

    strangers
        .then(|| format!("HELO {helo} does not match {rdns}, the reverse DNS name of {address}."))
}

/// Addresses that no client can have.
fn address(line: &Received, say: &mut impl FnMut(String)) {
    if let Some(text) = &line.bad_address {
        say(format!("{text} is not a valid address."));
    }
    let Some(address) = line.from_address else {
        return;
    };
    let scope = ip_class::classify(address);
    let impossible = matches!(
        scope.kind,
        Kind::Reserved
            | Kind::Multicast
            | Kind::Broadcast
            | Kind::Discard
            | Kind::Benchmarking
            | Kind::Unspecified
            | Kind::Protocol
    );
    if impossible {
        say(format!(
            "{address} cannot be a client's address: {} ({}).",
            scope.name, scope.rfc
        ));
    }
}

/// An inside address between public ones is ordinary inside one organization: a gateway, a filter, a list server.
/// Between two organizations it is impossible, because such addresses are not routed.
fn inside(line: &Received, say: &mut impl FnMut(String)) {
    let Some(address) = line.from_address.filter(|a| is_routable_inside(*a)) else {
        return;
    };
    let name = line.from_rdns.as_deref().or(line.from_helo.as_deref());
    let (Some(name), Some(by)) = (name, line.by.as_deref()) else {
        return;
    };
    let helo = line.from_helo.as_deref().unwrap_or(name);
    let strange = |name: &str| {
        names::is_public_name(name) && !names::related(name, by) && !name.ends_with(".rfc1918.com")
    };
    if names::is_public_name(by) && strange(name) && strange(helo) {
        let class = ip_class::classify(address).kind.as_str().replace('_', "-");
        say(format!(
            "{by} received it from {name} at the {class} address {address}, between public hops."
        ));
    }
}

/// Inside addresses of a network, not of one machine.
fn is_routable_inside(address: IpAddr) -> bool {
    names::is_inside(address) && ip_class::classify(address).kind != Kind::Loopback
}

/// The server of one line should be the client of the next.
fn gap(lower: &Received, upper: &Received, mut say: impl FnMut(String)) {
    let Some(by) = lower.by.as_deref().filter(|by| names::is_public_name(by)) else {
        return;
    };
    let Some(address) = upper.from_address.filter(|a| names::is_public(*a)) else {
        return;
    };
    let candidates = [upper.from_rdns.as_deref(), upper.from_helo.as_deref()];
    let named: Vec<&str> = candidates
        .into_iter()
        .flatten()
        .filter(|name| names::is_public_name(name))
        .collect();

    // Mailers send for customers under the customers' names, and a server may have many names: only a known address
    // of the server, or a line that names both, can show a gap.
    let same_address = lower.by_address == Some(address);
    let rdns = upper
        .from_rdns
        .as_deref()
        .filter(|name| names::is_public_name(name));

    if same_address
        || named.is_empty()
        || rdns.is_none()
        || named.iter().any(|name| names::related(name, by))
    {
        return;
    }

    if is_mailer(by)
        || lower.is_local()
        || upper
            .by
            .as_deref()
            .is_some_and(|next| names::related(next, by))
    {
        return;
    }

    say(format!(
        "The previous hop ended at {by}, but this one starts at {}: a header may be missing or forged.",
        named[0]
    ));
}

/// Services that send under their customers' names.
fn is_mailer(by: &str) -> bool {
    const MAILERS: [&str; 26] = [
        "sendgrid.net",
        "mailgun.net",
        "mailgun.org",
        "mandrillapp.com",
        "rsgsv.net",
        "mcsv.net",
        "mcdlv.net",
        "amazonses.com",
        "amazonaws.com",
        "sparkpostmail.com",
        "exacttarget.com",
        "mktomail.com",
        "mtasv.net",
        "hubspotemail.net",
        "mailjet.com",
        "sendinblue.com",
        "constantcontact.com",
        "pphosted.com",
        "mimecast.com",
        "messagelabs.com",
        "iphmx.com",
        "barracudanetworks.com",
        "google.com",
        "outlook.com",
        "emailsrvr.com",
        "salesforce.com",
    ];

    names::organization(by)
        .is_some_and(|org| MAILERS.contains(&org.as_str()) || names::is_shared(&org))
}

/// Dates: missing, unreadable, in the future, before the one below.
fn time(
    line: &Received,
    before: &mut Option<(usize, Timestamp)>,
    index: usize,
    now: Option<Timestamp>,
    say: &mut impl FnMut(String),
) {
    let Some(at) = line.at else {
        say(match &line.date_text {
            Some(text) => format!("Invalid date: {text}"),
            None => "Missing date.".to_owned(),
        });
        return;
    };

    if let Some(now) = now {
        let ahead = at.duration_since(now).as_secs();
        if ahead > AHEAD_SECONDS {
            say(format!(
                "The date is {} in the future.",
                duration::rounded(ahead.unsigned_abs())
            ));
        }
    }

    if let Some((first, earlier)) = *before {
        let delay = at.duration_since(earlier).as_secs();
        if delay < -SKEW_SECONDS {
            // A date without a zone may be meant in any.
            let zone = if line.zone.is_none() {
                " Its date has no time zone."
            } else {
                ""
            };
            say(format!(
                "Timestamp is {} earlier than hop {first} (clock skew?).{zone}",
                duration::rounded(delay.unsigned_abs())
            ));
        }
    }

    *before = Some((index, at));
}

/// Exchange writes its version where others write an id.
fn is_unique(id: &str) -> bool {
    id.len() >= 8 && !id.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[cfg(test)]
mod tests;
