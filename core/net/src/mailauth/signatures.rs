//! DKIM and ARC signatures of a message: bounds before mail-auth verifies them, and its results in the terms of RFC 8601.

use std::{borrow::Cow, io};

use mail_auth::{AuthenticatedMessage, DkimOutput, DkimResult, Error, dkim::DkimError};

use super::Checked;
use crate::egress_budget;

/// Header fields that cost work or a query each, in lower case, and how many of them are verified. The limit of ARC is
/// that of RFC 8617 §4.2.1.
const LIMITS: [(&[u8], usize); 2] = [(b"dkim-signature", 20), (b"arc-message-signature", 50)];
/// Bytes of a DNS query without its name, EDNS included.
const QUERY: usize = egress_budget::DATAGRAM + 12 + 6 + 11;

/// Leaves out signatures above the limits. Nearly every message is returned as it is.
pub(super) fn drop_surplus(message: &[u8]) -> Cow<'_, [u8]> {
    let mut counts = [0; LIMITS.len()];
    let mut kept = Vec::new();
    let mut start = 0;
    let mut is_surplus = false;
    let mut position = 0;

    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            break;
        }
        // A line that starts with white space continues the field before it.
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let was_surplus = is_surplus;
            is_surplus = is_above_limit(line, &mut counts);
            match (was_surplus, is_surplus) {
                (false, true) => kept.extend_from_slice(&message[start..position]),
                (true, false) => start = position,
                _ => {}
            }
        }
        position += line.len();
    }

    let has_surplus = LIMITS
        .iter()
        .zip(counts)
        .any(|((_, most), count)| count > *most);
    if !has_surplus {
        return Cow::Borrowed(message);
    }
    let rest = if is_surplus { position } else { start };
    kept.extend_from_slice(&message[rest..]);
    Cow::Owned(kept)
}

/// Counts the field that starts at this line; whether it is one too many.
fn is_above_limit(line: &[u8], counts: &mut [usize; LIMITS.len()]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    for ((limited, most), count) in LIMITS.iter().zip(counts) {
        if name.trim_ascii_end().eq_ignore_ascii_case(limited) {
            *count += 1;
            return *count > *most;
        }
    }
    false
}

/// Charges the queries for the keys of all signatures.
///
/// # Errors
/// The lookup's budget does not allow them.
pub(super) fn charge_queries(message: &AuthenticatedMessage<'_>) -> io::Result<()> {
    let name = |domain: &str, selector: &str| domain.len() + selector.len() + "._domainkey.".len();
    let dkim = message.dkim_headers.iter().map(|field| &field.header);
    let arc = message.ams_headers.iter().map(|field| &field.header);
    let seals = message.as_headers.iter().map(|field| &field.header);
    let bytes: usize = dkim
        .map(|signature| name(&signature.d, &signature.s))
        .chain(arc.map(|signature| name(&signature.d, &signature.s)))
        .chain(seals.map(|seal| name(&seal.d, &seal.s)))
        .map(|name| QUERY + name)
        .sum();
    egress_budget::charge_bytes(bytes)
}

/// Results in the order of the `DKIM-Signature` fields; mail-auth puts those of malformed fields first.
pub(super) fn in_message_order(
    message: &AuthenticatedMessage<'_>,
    outputs: &[DkimOutput<'_>],
) -> Vec<Checked> {
    let (name, most) = LIMITS[0];
    let mut malformed = outputs.iter().filter(|output| output.signature().is_none());
    let mut signed = outputs.iter().filter(|output| output.signature().is_some());
    message
        .headers
        .iter()
        .filter(|(field, _)| field.trim_ascii().eq_ignore_ascii_case(name))
        .take(most)
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
pub(super) fn dkim_checked(output: &DkimOutput<'_>) -> Checked {
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
pub(super) fn arc_checked(result: &DkimResult) -> Checked {
    let checked = result_checked(result, String::new());
    match checked.result {
        "neutral" | "permerror" => Checked {
            result: "fail",
            ..checked
        },
        _ => checked,
    }
}
