//! DKIM and ARC signatures of a message: bounds before mail-auth verifies them, and its results in the terms of RFC 8601.

use std::borrow::Cow;

use futures::FutureExt;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, Error, MessageAuthenticator, Parameters,
    dkim::DkimError,
};

use super::{
    Checked,
    dmarc::{Identifier, IdentifierMethod},
    keys::Keys,
};
use crate::metrics;

/// Name of the field with a signature, in lower case, and how many of them are verified.
const FIELD: &[u8] = b"dkim-signature";
const MAX_SIGNATURES: usize = 20;
/// Largest number of ARC sets (RFC 8617 §4.2.1).
const MAX_SETS: usize = 50;
/// Largest number of comparisons to find the fields that the signatures cover: the names in all `h=` tags times the
/// fields of the message. Real messages need a few thousand.
const MAX_COMPARISONS: usize = 1 << 20;

/// Largest number of fields of a header section that is verified.
const MAX_FIELDS: usize = 20_000;

/// Fields of which only the first ones are verified, and how many. A chain of more ARC sets fails without being verified.
const BOUNDED: [(&[u8], usize); 3] = [
    (FIELD, MAX_SIGNATURES),
    (b"arc-message-signature", MAX_SETS + 1),
    (b"arc-seal", MAX_SETS + 1),
];

/// Whether a line begins a field of this name.
fn begins_field(line: &[u8], name: &[u8]) -> bool {
    let colon = line.iter().position(|byte| *byte == b':');
    colon.is_some_and(|colon| line[..colon].trim_ascii().eq_ignore_ascii_case(name))
}

/// Leaves out the signatures that are too many: mail-auth would parse all of them. Empty if the header section has too
/// many fields.
pub(super) fn bound(head: &[u8]) -> Cow<'_, [u8]> {
    let (mut fields, mut counts, mut is_kept) = (0, [0; 3], true);
    let (mut kept, mut end) = (Vec::new(), 0);

    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            fields += 1;
            let bounded = BOUNDED
                .iter()
                .position(|(name, _)| begins_field(line, name));
            is_kept = bounded.is_none_or(|index| {
                counts[index] += 1;
                counts[index] <= BOUNDED[index].1
            });
        }
        // Nothing is copied before the first field that is left out.
        match (is_kept, kept.is_empty()) {
            (true, false) => kept.extend_from_slice(line),
            (false, true) => kept.extend_from_slice(&head[..end]),
            _ => {}
        }
        end += line.len();
    }

    if fields > MAX_FIELDS {
        metrics::limit_reached("mail_signatures");
        return Cow::Borrowed(&[]);
    }
    if kept.is_empty() {
        return Cow::Borrowed(head);
    }
    metrics::limit_reached("mail_signatures");
    Cow::Owned(kept)
}

/// Parses a header section within the bounds of [`bound`] for verification. `None` if it has no header, or the work of
/// verifying it is out of proportion.
pub(super) fn parse(message: &[u8]) -> Option<AuthenticatedMessage<'_>> {
    let mut parsed = AuthenticatedMessage::parse(message)?;
    parsed.dkim_headers.truncate(MAX_SIGNATURES);
    parsed.ams_headers.truncate(MAX_SETS + 1);
    parsed.as_headers.truncate(MAX_SETS + 1);

    let dkim = parsed.dkim_headers.iter().map(|field| &field.header.h);
    let arc = parsed.ams_headers.iter().map(|field| &field.header.h);
    let names: usize = dkim.chain(arc).map(Vec::len).sum();
    if names * parsed.headers.len() > MAX_COMPARISONS {
        metrics::limit_reached("mail_signatures");
        return None;
    }
    Some(parsed)
}

/// Results of the signatures of a message.
pub(super) struct Verified {
    /// One result per signature, in the order of the message.
    pub(super) dkim: Vec<Checked>,
    /// Domains of the signatures that passed or could not be checked.
    pub(super) identifiers: Vec<Identifier>,
    /// Result of the ARC chain, if there is one.
    pub(super) arc: Option<Checked>,
}

/// Verifies the signatures with keys that were looked up before; works on the processor only.
pub(super) fn verify(
    authenticator: &MessageAuthenticator,
    message: &AuthenticatedMessage<'_>,
    keys: &Keys,
) -> Option<Verified> {
    let with_keys = || Parameters::new(message).with_txt_cache(keys);
    // Never waits, because each key is in the cache.
    let outputs = authenticator.verify_dkim(with_keys()).now_or_never()?;
    let arc = if message.ams_headers.is_empty() {
        None
    } else {
        let arc = authenticator.verify_arc(with_keys()).now_or_never()?;
        Some(arc_checked(arc.result()))
    };

    let identifiers = outputs.iter().filter_map(|output| {
        let domain = output.signature()?.d.as_str();
        match dkim_checked(output).result {
            "pass" => Some(identifier(domain, true)),
            "temperror" => Some(identifier(domain, false)),
            _ => None,
        }
    });
    Some(Verified {
        identifiers: identifiers.collect(),
        dkim: in_message_order(message, &outputs),
        arc,
    })
}

fn identifier(domain: &str, passes: bool) -> Identifier {
    Identifier {
        method: IdentifierMethod::Dkim,
        domain: domain.to_owned(),
        passes,
    }
}

/// Results in the order of the `DKIM-Signature` fields; mail-auth puts those of malformed fields first.
fn in_message_order(
    message: &AuthenticatedMessage<'_>,
    outputs: &[DkimOutput<'_>],
) -> Vec<Checked> {
    let mut malformed = outputs.iter().filter(|output| output.signature().is_none());
    let mut signed = outputs.iter().filter(|output| output.signature().is_some());
    message
        .headers
        .iter()
        .filter(|(field, _)| field.trim_ascii().eq_ignore_ascii_case(FIELD))
        .take(MAX_SIGNATURES)
        .map_while(|(_, value)| {
            let is_malformed = message
                .errors
                .iter()
                .any(|field| std::ptr::eq(field.value, *value));
            if is_malformed {
                malformed.next()
            } else {
                signed.next()
            }
        })
        .map(dkim_checked)
        .collect()
}

/// Converts a result of a signature. One that does not cover From must be ignored (RFC 6376 §6.1.1).
fn dkim_checked(output: &DkimOutput<'_>) -> Checked {
    let about = output
        .signature()
        .map(|signature| format!("d={}, s={}", signature.d, signature.s));
    let checked = result_checked(output.result(), about.unwrap_or_default());
    let covers_from = output.signature().is_none_or(|signature| {
        signature
            .h
            .iter()
            .any(|name| name.trim().eq_ignore_ascii_case("from"))
    });
    match checked.result {
        "pass" if !covers_from => Checked {
            result: "permerror",
            detail: format!(
                "{}: the signature does not cover From (RFC 6376 §6.1.1)",
                checked.detail
            ),
        },
        _ => checked,
    }
}

fn result_checked(result: &DkimResult, about: String) -> Checked {
    let (result, why) = match result {
        DkimResult::Pass => ("pass", None),
        // mail-auth returns neutral for a modified body; RFC 8601 §2.7.1 calls a failed test `fail`.
        DkimResult::Neutral(error @ Error::Dkim(DkimError::FailedBodyHashMatch)) => {
            ("fail", Some(error))
        }
        DkimResult::Neutral(error) => ("neutral", Some(error)),
        DkimResult::Fail(error) => ("fail", Some(error)),
        DkimResult::PermError(error) => ("permerror", Some(error)),
        DkimResult::TempError(error) => ("temperror", Some(error)),
        DkimResult::None => ("none", None),
    };
    let why = why
        .map(|why| format!("{}{why}", if about.is_empty() { "" } else { ": " }))
        .unwrap_or_default();
    Checked {
        result,
        detail: format!("{about}{why}"),
    }
}

/// Converts an ARC result, which is only pass or fail (RFC 8617 §8.1).
fn arc_checked(result: &DkimResult) -> Checked {
    let checked = result_checked(result, String::new());
    match checked.result {
        "neutral" | "permerror" => Checked {
            result: "fail",
            ..checked
        },
        _ => checked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str) -> String {
        format!("{name}: a=rsa-sha256;\r\n\tb=AAAA\r\n")
    }

    #[test]
    fn only_the_first_signatures_are_kept() {
        let received = "Received: from a by b\r\n";
        let few = format!(
            "{}{received}",
            field("DKIM-Signature").repeat(MAX_SIGNATURES)
        );
        assert!(matches!(bound(few.as_bytes()), Cow::Borrowed(_)));
        assert_eq!(&*bound(few.as_bytes()), few.as_bytes());

        let last = format!("{}Subject: last\r\n\r\n", field("dkim-signature "));
        let kept = bound(format!("{few}{last}").as_bytes()).into_owned();
        assert_eq!(kept, format!("{few}Subject: last\r\n\r\n").as_bytes());

        let sets = [field("ARC-Seal"), field("ARC-Message-Signature")].concat();
        let many = sets.repeat(MAX_SETS + 10);
        assert_eq!(
            &*bound(many.as_bytes()),
            sets.repeat(MAX_SETS + 1).as_bytes()
        );
    }

    #[test]
    fn a_header_section_with_too_many_fields_is_not_verified() {
        let fields = "X: y\r\n".repeat(MAX_FIELDS + 1);
        assert!(bound(fields.as_bytes()).is_empty());
        assert!(parse(&bound(fields.as_bytes())).is_none());
    }
}
