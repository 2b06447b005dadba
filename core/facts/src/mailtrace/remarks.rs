//! What is wrong with the fields that a reader sees: repeated ones, names that hide an address, and fields that no
//! signature covers.

use super::{author::Author, input::HeaderField, model::Anomaly, names, tags};

/// Fields of which a message has at most one (RFC 5322 §3.6).
const SINGLE: [&str; 10] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
];
/// Signatures that are compared with the fields.
const MAX_SIGNATURES: usize = 20;
/// Longest name or address in a remark, in bytes.
const MAX_TEXT: usize = 200;

/// Compares the fields with each other.
pub(super) fn find(fields: &[HeaderField<'_>], authors: &[Author]) -> Vec<Anomaly> {
    let mut texts = Vec::new();
    repeated(fields, authors, &mut texts);
    display_names(authors, &mut texts);
    coverage(fields, &mut texts);

    let anomaly = |text| Anomaly { hop: None, text };
    texts.into_iter().map(anomaly).collect()
}

fn count(fields: &[HeaderField<'_>], name: &str) -> usize {
    fields.iter().filter(|field| field.is(name)).count()
}

fn repeated(fields: &[HeaderField<'_>], authors: &[Author], texts: &mut Vec<String>) {
    for name in SINGLE {
        let number = count(fields, name);
        if number < 2 {
            continue;
        }
        let number = match number {
            2 => "two".to_owned(),
            3 => "three".to_owned(),
            _ => number.to_string(),
        };
        let suffix = match name {
            "From" => {
                let addresses: Vec<_> = authors
                    .iter()
                    .map(|author| author.address.as_str())
                    .collect();
                format!(": {}", names::clip(&addresses.join(", "), MAX_TEXT))
            }
            _ => String::new(),
        };
        texts.push(format!(
            "The message has {number} {name} fields, only one is allowed (RFC 5322 §3.6){suffix}."
        ));
    }
}

fn display_names(authors: &[Author], texts: &mut Vec<String>) {
    for author in authors {
        let others = author.other_addresses();
        let Some(other) = others.first() else {
            continue;
        };
        let (other, own) = (
            names::clip(other, MAX_TEXT),
            names::clip(&author.address, MAX_TEXT),
        );
        texts.push(if author.name == other {
            format!("The display name is another address, {other}; the sender's is {own}.")
        } else {
            format!("The display name contains another address, {other}; the sender's is {own}.")
        });
    }
}

/// Which of several fields, of which a reader sees the first, no signature covers. A signature covers as many fields of a name, from the
/// lowest up, as its `h=` has entries (RFC 6376 §5.4.2).
fn coverage(fields: &[HeaderField<'_>], texts: &mut Vec<String>) {
    let signatures: Vec<Signature> = fields
        .iter()
        .filter(|field| field.is("DKIM-Signature"))
        .take(MAX_SIGNATURES)
        .filter_map(|field| Signature::read(&field.value))
        .collect();
    if signatures.is_empty() {
        return;
    }

    let mut seen = Vec::new();
    for signature in &signatures {
        let text = format!(
            "The signature of {} does not cover From, so it says nothing about the sender (RFC 6376 §6.1.1).",
            signature.domain
        );
        if signature.covers("From") == 0 && !seen.contains(&text) {
            seen.push(text);
        }
    }
    texts.append(&mut seen);

    for name in ["From", "Subject", "Date", "To"] {
        let number = count(fields, name);
        let is_covered = |signature: &Signature| {
            signature.covers(name) >= number || name != "From" && signature.covers("From") == 0
        };
        if number > 1 && !signatures.iter().any(is_covered) {
            texts.push(format!(
                "The {name} that is shown is not covered by any signature (RFC 6376 §5.4.2)."
            ));
        }
    }
}

/// The tags of a signature that say what it covers.
struct Signature {
    domain: String,
    covered: Vec<String>,
}

impl Signature {
    /// Reads a field that has both tags.
    fn read(value: &str) -> Option<Self> {
        let tags = tags::read(value);
        let domain = names::host(tags::get(&tags, "d")?)?.to_owned();
        let covered = tags::get(&tags, "h")?
            .split(':')
            .map(str::to_owned)
            .collect();
        Some(Self { domain, covered })
    }

    /// How often `h=` names a field.
    fn covers(&self, name: &str) -> usize {
        let is_name = |entry: &&String| entry.eq_ignore_ascii_case(name);
        self.covered.iter().filter(is_name).count()
    }
}

#[cfg(test)]
mod tests;
