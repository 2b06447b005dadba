//! Why a client would reject a certificate chain, in terms of what to change.
//!
//! Whether a chain is trusted is decided by a verifier; its error says little more than "unknown
//! issuer". Here the chain is followed from the server's certificate upwards, which shows where it
//! breaks.

use super::{Certificate, Key, signature::is_signed_by};

/// Most certificates of a chain that are read.
pub const MAX: usize = 32;
/// Most signatures that are checked while a chain is followed.
const MAX_CHECKS: usize = 64;

/// What a verifier says about a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainVerdict {
    /// It leads to a trusted root, and every certificate in it is valid.
    Trusted,
    /// No path to a trusted root was found, or a signature is wrong.
    UnknownIssuer,
    /// The verifier does not support an algorithm.
    Unsupported(String),
    /// Any other reason, in its words.
    Other(String),
}

/// One reason to reject a chain. The first certificate, at position 0, is the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainFault {
    /// The validity ended at this time, in seconds since 1970.
    Expired {
        /// Position in the chain as sent.
        position: usize,
        /// Last second of its validity (`notAfter`), in seconds since 1970.
        at: i64,
    },
    /// The validity begins at this time, in seconds since 1970.
    NotYetValid {
        /// Position in the chain as sent.
        position: usize,
        /// First second of its validity (`notBefore`), in seconds since 1970.
        at: i64,
    },
    /// The server's certificate is signed with its own key and is not a trusted root.
    SelfSigned,
    /// The chain is complete, but its root is not trusted.
    UntrustedRoot {
        /// Subject of the root.
        root: String,
    },
    /// The server does not send this issuer, which is no trusted root either.
    MissingIssuer {
        /// Subject of the missing certificate.
        issuer: String,
        /// Where its certificate can be downloaded, according to the one below it.
        url: Option<String>,
    },
    /// The certificate at this position was not signed with the key of the issuer that it names.
    WrongSignature {
        /// Position in the chain as sent.
        position: usize,
    },
    /// The signature can be forged.
    WeakSignature {
        /// Position in the chain as sent.
        position: usize,
        /// Name of the algorithm.
        algorithm: String,
    },
    /// The key is too short, or of a type that clients do not support.
    WeakKey {
        /// Position in the chain as sent.
        position: usize,
        /// Type and size of the key.
        key: Key,
    },
    /// The extended key usage does not allow TLS servers.
    NotForServers,
    /// The server's certificate is that of a certificate authority.
    IsAuthority,
    /// A certificate on the way to the root is not that of a certificate authority.
    NotAuthority {
        /// Position in the chain as sent.
        position: usize,
    },
    /// The verifier's own words.
    Other(String),
}

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ChainEnd {
    /// The issuer has the name of a trusted root.
    Anchor,
    /// The last certificate is signed with its own key.
    SelfSigned,
    /// The issuer of the last certificate was not sent.
    Missing,
    /// Certificates with the issuer's name were sent, but none of them signed the last one.
    WrongSignature,
}

/// Lists the reasons to reject a chain, none if it is fine. `is_anchor` tells whether a trusted root
/// has this subject (content in DER); `now` is in seconds since 1970.
pub fn faults(
    chain: &[Certificate],
    verdict: &ChainVerdict,
    is_anchor: &dyn Fn(&[u8]) -> bool,
    now: i64,
) -> Vec<ChainFault> {
    let Some(leaf) = chain.first() else {
        return vec![ChainFault::Other("no certificate".into())];
    };

    // Clients reject a weak key of the server although the chain above it is fine.
    if *verdict == ChainVerdict::Trusted {
        return leaf_key(leaf).into_iter().collect();
    }

    let (path, end) = follow(chain, is_anchor);
    let mut faults: Vec<ChainFault> = path
        .iter()
        .flat_map(|position| faults_of(&chain[*position], *position, now))
        .collect();

    let last = path.last().map_or(leaf, |position| &chain[*position]);
    match end {
        ChainEnd::SelfSigned if path.len() == 1 => faults.push(ChainFault::SelfSigned),
        ChainEnd::SelfSigned => faults.push(ChainFault::UntrustedRoot {
            root: last.subject.clone(),
        }),
        ChainEnd::Missing => faults.push(ChainFault::MissingIssuer {
            issuer: last.issuer.clone(),
            url: last.issuer_url.clone(),
        }),
        ChainEnd::WrongSignature => faults.push(ChainFault::WrongSignature {
            position: path.last().copied().unwrap_or_default(),
        }),
        ChainEnd::Anchor => {}
    }

    if !leaf.for_servers {
        faults.push(ChainFault::NotForServers);
    }
    // Many self-signed certificates say so; that is not their problem.
    if leaf.is_ca && end != ChainEnd::SelfSigned {
        faults.push(ChainFault::IsAuthority);
    }

    if faults.is_empty() {
        faults.push(match verdict {
            ChainVerdict::UnknownIssuer => ChainFault::WrongSignature {
                position: path.last().copied().unwrap_or_default(),
            },
            ChainVerdict::Unsupported(why) | ChainVerdict::Other(why) => {
                ChainFault::Other(why.clone())
            }
            ChainVerdict::Trusted => return faults,
        });
    }

    faults
}

fn leaf_key(leaf: &Certificate) -> Option<ChainFault> {
    leaf.key.is_weak().then_some(ChainFault::WeakKey {
        position: 0,
        key: leaf.key,
    })
}

/// Faults of one certificate on the way to the root.
fn faults_of(certificate: &Certificate, position: usize, now: i64) -> Vec<ChainFault> {
    let mut faults = Vec::new();

    if now > certificate.not_after {
        let at = certificate.not_after;
        faults.push(ChainFault::Expired { position, at });
    } else if now < certificate.not_before {
        let at = certificate.not_before;
        faults.push(ChainFault::NotYetValid { position, at });
    }

    // Nobody checks the signature of a root on itself.
    let is_root = position > 0 && certificate.is_self_issued();
    if certificate.signature.is_weak && !is_root {
        faults.push(ChainFault::WeakSignature {
            position,
            algorithm: certificate.signature.name.clone(),
        });
    }

    if certificate.key.is_weak() {
        let key = certificate.key;
        faults.push(ChainFault::WeakKey { position, key });
    }

    if position > 0 && !certificate.is_ca {
        faults.push(ChainFault::NotAuthority { position });
    }

    faults
}

/// Follows the issuers from the first certificate upwards. Returns the positions of the certificates
/// on the way, and where it ends.
fn follow(chain: &[Certificate], is_anchor: &dyn Fn(&[u8]) -> bool) -> (Vec<usize>, ChainEnd) {
    let mut path = vec![0];
    let mut checks = MAX_CHECKS;

    loop {
        let current = &chain[path.last().copied().unwrap_or_default()];
        // Before the anchors: one of them may have the same name by chance, such as `localhost`, with another key.
        if current.is_self_issued() && is_signed_by(current, current) != Some(false) {
            return (path, ChainEnd::SelfSigned);
        }
        if is_anchor(&current.issuer_der) {
            return (path, ChainEnd::Anchor);
        }

        let mut is_named = false;
        let next = candidates(chain, current).find(|position| {
            if path.contains(position) || checks == 0 {
                return false;
            }
            checks -= 1;
            is_named = true;
            is_signed_by(current, &chain[*position]) != Some(false)
        });

        match next {
            Some(position) => path.push(position),
            None if is_named => return (path, ChainEnd::WrongSignature),
            None => return (path, ChainEnd::Missing),
        }
    }
}

/// Positions of the certificates whose subject is the issuer of `current`, those with the right key
/// identifier first.
fn candidates<'a>(
    chain: &'a [Certificate],
    current: &'a Certificate,
) -> impl Iterator<Item = usize> + 'a {
    let has_key_id = |position: &usize| {
        let id = &current.authority_key_id;
        id.is_some() && *id == chain[*position].subject_key_id
    };
    let named = move || {
        (0..chain.len()).filter(|position| chain[*position].subject_der == current.issuer_der)
    };
    named()
        .filter(has_key_id)
        .chain(named().filter(move |position| !has_key_id(position)))
}

#[cfg(test)]
mod tests;
