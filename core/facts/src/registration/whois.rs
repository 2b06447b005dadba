//! Reads what whois servers answer on port 43.

mod decode;
mod domain;
mod fields;
mod lines;
mod network;
mod objects;
mod phrases;
pub(super) mod ranges;
mod referral;
#[cfg(test)]
mod samples;

pub use decode::{as_sent, decode};
pub use referral::{Referral, referral};

use super::{Kind, Registration};

/// Most of a text that is read; registrations are a few kilobytes.
const MAX_TEXT: usize = 1 << 20;

/// Reads the answer to a query about an object of the given kind.
///
/// `query` is what was asked for: the name, address, prefix or AS number. Names select the registry's dialect.
/// Any text is accepted; one that says nothing known is [`State::Unavailable`](super::State::Unavailable).
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
