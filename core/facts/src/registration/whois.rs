//! Parses answers of whois servers (port 43, RFC 3912).

mod decode;
mod domain;
mod fields;
mod lines;
mod network;
mod objects;
pub(super) mod phrases;
pub(super) mod ranges;
mod referral;
#[cfg(test)]
pub(super) mod samples;

pub use decode::{as_sent, decode, decode_for};
pub use referral::{Referral, referral};

use super::{Kind, Registration};

/// Longest part of a text that is parsed, in bytes; registrations are a few kilobytes.
const MAX_TEXT: usize = 1 << 20;

/// Parses the answer to a query for an object of the given kind.
///
/// `query` is the queried name, address, prefix or AS number; the top-level domain selects the dialect of the registry.
/// Any text is accepted; one without usable data gives [`RegistrationState::Unavailable`](super::State::Unavailable).
pub fn parse(kind: Kind, query: &str, text: &str) -> Registration {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    match kind {
        Kind::Domain => domain::parse(query, text),
        Kind::Ip | Kind::Network | Kind::Asn => network::parse(kind, query, text),
    }
}
