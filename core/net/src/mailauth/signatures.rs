//! DKIM and ARC signatures of a message: bounds before mail-auth verifies them, and its results in the terms of RFC 8601.

use futures::FutureExt;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, Error, MessageAuthenticator, Parameters,
    dkim::DkimError,
};

use super::{
    Checked,
    dmarc::{Identifier, Method},
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

/// Parses a message for verification, with a bounded number of signatures. `None` if it has no header, or the work of
/// verifying it is out of proportion.
pub(super) fn parse(message: &[u8]) -> Option<AuthenticatedMessage<'_>> {
    let mut parsed = AuthenticatedMessage::parse(message)?;
    if parsed.dkim_headers.len() > MAX_SIGNATURES || parsed.ams_headers.len() > MAX_SETS {
        metrics::limit_reached("mail_signatures");
    }
    parsed.dkim_headers.truncate(MAX_SIGNATURES);
    // A longer chain fails without being verified.
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
        method: Method::Dkim,
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
