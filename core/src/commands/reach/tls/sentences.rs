//! The words for each problem of a server's certificates.

use netvane_facts::certificate::{
    Certificate, Key,
    chain::ChainFault,
    ocsp::OcspStatus,
    short_name,
    validity::{Thresholds, Urgency, days_left, rfc3339},
};
use netvane_net::tls_check::{Assessment, Dane, DaneState};

use super::{
    data::Question,
    problems::{Found, Weight},
};

/// A reason not to trust the chain.
pub(super) fn fault(fault: &ChainFault, assessment: &Assessment) -> Found {
    let certificate = |position: &usize| {
        let chain = &assessment.certificates;
        which(chain.get(*position), *position)
    };

    match fault {
        ChainFault::Expired { position, at } => {
            expired(*position, *at, &certificate(position), assessment.now)
        }
        ChainFault::NotYetValid { position, at } => not_yet_valid(*at, &certificate(position)),
        ChainFault::SelfSigned => self_signed(),
        ChainFault::UntrustedRoot { root } => untrusted_root(short_name(root)),
        ChainFault::MissingIssuer { issuer, url } => {
            missing_issuer(short_name(issuer), url.as_deref())
        }
        ChainFault::WrongSignature { position } => wrong_signature(&certificate(position)),
        ChainFault::WeakSignature {
            position,
            algorithm,
        } => weak_signature(&certificate(position), algorithm),
        ChainFault::WeakKey { position, key } => weak_key(&certificate(position), *key),
        ChainFault::NotForServers => not_for_servers(),
        ChainFault::IsAuthority => is_authority(),
        ChainFault::NotAuthority { position } => not_authority(&certificate(position)),
        ChainFault::Other(why) => rejected(why),
    }
}

fn not_yet_valid(at: i64, which: &str) -> Found {
    let at = rfc3339(at);
    Found::new(
        Weight::Error,
        "not_yet_valid",
        format!(
            "{} is not valid before {at}; clients reject it until then.",
            capital(which)
        ),
        "Check the server's clock and the certificate that is installed.",
    )
    .because(format!("{which} is not valid before {at}"))
}

fn self_signed() -> Found {
    Found::new(
        Weight::Error,
        "self_signed",
        "The certificate is self-signed: no certificate authority vouches for it, so clients cannot \
         tell the server from an impostor.",
        "Get a certificate from a public authority, for example with ACME (Let's Encrypt), or add \
         this one to the clients' trusted roots.",
    )
    .because("self-signed")
}

fn untrusted_root(root: &str) -> Found {
    Found::new(
        Weight::Error,
        "untrusted_root",
        format!("The chain ends at “{root}”, which is not a trusted root, so clients reject it."),
        format!(
            "Get a certificate from a public authority, or add “{root}” to the clients' trusted \
             roots."
        ),
    )
    .because(format!("the root “{root}” is not trusted"))
}

fn wrong_signature(which: &str) -> Found {
    Found::new(
        Weight::Error,
        "wrong_signature",
        format!(
            "{} is not signed by the issuer that it names, so clients reject it.",
            capital(which)
        ),
        "Install the intermediate certificates that came with the certificate.",
    )
    .because(format!("the signature of {which} is not by its issuer"))
}

fn weak_signature(which: &str, algorithm: &str) -> Found {
    Found::new(
        Weight::Error,
        "weak_signature",
        format!(
            "{} is signed with {algorithm}, which can be forged; clients reject it.",
            capital(which)
        ),
        "Have the certificate issued again with SHA-256.",
    )
    .because(format!("{which} is signed with {algorithm}"))
}

fn weak_key(which: &str, key: Key) -> Found {
    Found::new(
        Weight::Error,
        "weak_key",
        format!("The key of {which} is too weak ({key}); clients reject it."),
        "Create a new key (ECDSA P-256, or RSA with 2,048 bits or more) and have the certificate \
         issued again.",
    )
    .because(format!("weak key of {which} ({key})"))
}

fn not_for_servers() -> Found {
    Found::new(
        Weight::Error,
        "not_for_servers",
        "The certificate is not meant for TLS servers (extended key usage), so clients reject it.",
        "Install a certificate for servers (`serverAuth`).",
    )
    .because("the certificate is not for servers")
}

fn is_authority() -> Found {
    Found::new(
        Weight::Error,
        "is_authority",
        "The server uses the certificate of a certificate authority, which many clients reject.",
        "Install a server certificate that this authority issued.",
    )
    .because("it is the certificate of an authority")
}

fn not_authority(which: &str) -> Found {
    Found::new(
        Weight::Error,
        "not_authority",
        format!(
            "{} may not issue certificates, so what it signed is not trusted.",
            capital(which)
        ),
        "Install the intermediate certificates of the issuer.",
    )
    .because(format!("{which} is not that of an authority"))
}

fn rejected(why: &str) -> Found {
    Found::new(
        Weight::Error,
        "rejected",
        format!("Clients reject the certificate: {why}."),
        "Have the certificate issued again, or install the one that belongs to this server.",
    )
    .because(why)
}

fn expired(position: usize, at: i64, which: &str, now: i64) -> Found {
    let day = rfc3339(at);
    let day = day.get(..10).unwrap_or(&day);
    let ago = match -days_left(at, now) - 1 {
        0 => "today".into(),
        1 => "yesterday".into(),
        days => format!("{days} days ago"),
    };
    let fix = match position {
        0 => "Renew the certificate and reload the server; check why the renewal did not run.",
        _ => "Install the current intermediate certificates of the issuer.",
    };
    let code = if position == 0 {
        "expired"
    } else {
        "intermediate_expired"
    };
    Found::new(
        Weight::Error,
        code,
        format!(
            "{} expired {ago} ({day}); clients reject it.",
            capital(which)
        ),
        fix,
    )
    .because(format!("{which} expired {ago} ({day})"))
}

fn missing_issuer(issuer: &str, url: Option<&str>) -> Found {
    let download = url
        .map(|url| format!(" It can be downloaded from {url}"))
        .unwrap_or_default();
    Found::new(
        Weight::Error,
        "incomplete_chain",
        format!(
            "The chain is incomplete: the server does not send “{issuer}”, and it is not a \
         trusted root. Browsers may find it elsewhere; other clients reject the certificate."
        ),
        format!("Append the certificate of “{issuer}” to the server's certificate file.{download}"),
    )
    .because(format!(
        "incomplete chain: the issuer “{issuer}” is missing"
    ))
}

/// Names a certificate: `the certificate`, or that of an authority.
fn which(certificate: Option<&Certificate>, position: usize) -> String {
    match (position, certificate) {
        (0, _) | (_, None) => "the certificate".into(),
        (_, Some(certificate)) => format!("the certificate of “{}”", certificate.subject_name()),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// A certificate for other names.
pub(super) fn name(assessment: &Assessment, question: &Question) -> Option<Found> {
    let leaf = assessment.certificates.first()?;
    let name = &question.name;
    if assessment.name_matches {
        return None;
    }
    if leaf.names.count() == 0 {
        return Some(
            Found::new(
                Weight::Error,
                "no_names",
                "The certificate has no subject alternative names; clients ignore its common name \
                 and reject it.",
                format!(
                    "Have the certificate issued again with {name} as a subject alternative \
                 name."
                ),
            )
            .because(format!("the certificate has no names, not even {name}")),
        );
    }

    let shown = leaf.names.shown();
    let few: Vec<&str> = shown.iter().take(3).map(String::as_str).collect();
    let more = match leaf.names.count().saturating_sub(few.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = format!("{}{more}", few.join(", "));
    Some(
        Found::new(
            Weight::Error,
            "wrong_name",
            format!("The certificate is for {names}, not for {name}; clients reject it."),
            format!(
                "Install a certificate that has {name} among its names, or correct the \
             server's configuration for this name."
            ),
        )
        .because(format!("the certificate is for {names}, not for {name}")),
    )
}

/// A certificate that expires soon. One that has expired is a fault of the chain.
pub(super) fn expiry(assessment: &Assessment, thresholds: Thresholds) -> Option<Found> {
    let leaf = assessment.certificates.first()?;
    let now = assessment.now;
    let urgency = thresholds.urgency(leaf.not_before, leaf.not_after, now);
    let weight = match urgency {
        Urgency::Soon => Weight::Warning,
        Urgency::Now => Weight::Error,
        Urgency::Fine | Urgency::Expired | Urgency::NotYetValid => return None,
    };
    let left = match days_left(leaf.not_after, now) {
        0 => "in less than a day".into(),
        1 => "in 1 day".into(),
        days => format!("in {days} days"),
    };
    let end = rfc3339(leaf.not_after);
    let day = end.get(..10).unwrap_or(&end);
    Some(Found::new(
        weight,
        "expires_soon",
        format!("The certificate expires {left} ({day}); after that, clients reject it."),
        "Renew the certificate and reload the server; check that the automatic renewal runs.",
    ))
}

/// What is wrong with the stapled OCSP response, or that it is missing.
pub(super) fn staple(assessment: &Assessment) -> Option<Found> {
    let leaf = assessment.certificates.first()?;
    match &assessment.staple {
        None if leaf.requires_staple => Some(Found::new(
            Weight::Error,
            "staple_missing",
            "The certificate requires an OCSP staple (“must staple”), and the server sends none; \
             some clients reject it.",
            "Enable OCSP stapling in the server.",
        )),
        None => None,
        Some(Err(why)) => Some(Found::new(
            Weight::Warning,
            "staple_invalid",
            format!("The stapled OCSP response is of no use: {why}."),
            "Check the server's OCSP stapling.",
        )),
        Some(Ok(staple)) if staple.status == OcspStatus::Revoked => Some(
            Found::new(
                Weight::Error,
                "revoked",
                "The issuer has revoked the certificate; clients that check reject it.",
                "Get a new certificate with a new key, and install it.",
            )
            .because("revoked"),
        ),
        Some(Ok(staple)) if !staple.is_current(assessment.now) => Some(Found::new(
            Weight::Warning,
            "staple_outdated",
            "The stapled OCSP response is outdated; strict clients reject it.",
            "Check that the server can reach the OCSP responder to renew it.",
        )),
        Some(Ok(staple)) if staple.status == OcspStatus::Unknown => Some(Found::new(
            Weight::Warning,
            "staple_unknown",
            "The issuer's OCSP responder does not know the certificate.",
            "Ask the issuer; the certificate may be too new or not issued by it.",
        )),
        Some(Ok(_)) => None,
    }
}

/// TLSA records that do not match, or that mean nothing.
pub(super) fn dane(dane: &Dane) -> Option<Found> {
    match dane.state {
        DaneState::None | DaneState::Match => None,
        DaneState::Mismatch => Some(Found::new(
            Weight::Error,
            "dane_mismatch",
            "No TLSA record matches the certificate: clients that check DANE, such as mail \
             servers, do not connect.",
            "Publish a TLSA record for the current certificate before it is installed, for \
             example `3 1 1` with the SHA-256 of its key.",
        )),
        DaneState::Insecure => Some(Found::new(
            Weight::Info,
            "dane_insecure",
            "There are TLSA records, but the zone is not signed with DNSSEC, so clients ignore \
             them.",
            "Sign the zone, or remove the records.",
        )),
    }
}
