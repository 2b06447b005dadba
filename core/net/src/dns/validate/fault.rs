//! Explains why an answer is bogus, from its signatures, the keys and the resolver's extended errors.

use std::time::SystemTime;

use domain::base::{Rtype, iana::OptRcode};
use netvane_document::duration;

use crate::dns::{Client, Data, Message, Question, Record, rcode_name, without_dot};

/// Returns the most specific reason: a faulty signature, a key mismatch or the resolver's extended errors.
pub(super) async fn why_bogus(client: &Client, question: &Question<'_>) -> String {
    let unchecked = Question {
        dnssec: true,
        checking_disabled: true,
        ..question.clone()
    };

    let (unchecked, checked) = futures::join!(client.ask(&unchecked), client.ask(question));
    let mut reasons = Vec::new();

    if let Ok(response) = &unchecked {
        reasons.extend(signature_fault(&response.message, now()));
        if reasons.is_empty() {
            reasons.extend(key_fault(client, &response.message).await);
        }
    }

    if reasons.is_empty()
        && let Ok(response) = &checked
    {
        reasons.extend(
            response
                .message
                .extended_errors
                .iter()
                .map(|error| format!("the resolver reported {error}")),
        );
    }

    if !reasons.is_empty() {
        return reasons.join("; ");
    }
    match unchecked {
        Ok(response) => unspecific_fault(&response.message),
        Err(error) => format!("the signatures could not be looked up: {error}"),
    }
}

/// Returns what a response without a more specific fault lacks; with its records and signatures, those do not verify.
fn unspecific_fault(message: &Message) -> String {
    let has = |rtypes: &[Rtype]| {
        let mut records = message.answers.iter().chain(&message.authority);
        records.any(|record| rtypes.contains(&record.rtype))
    };

    if !matches!(message.rcode, OptRcode::NOERROR | OptRcode::NXDOMAIN) {
        let rcode = rcode_name(message.rcode);
        return format!("the resolver returned {rcode} instead of the records");
    }

    let has_denial = has(&[Rtype::NSEC, Rtype::NSEC3]);
    let is_signed = has(&[Rtype::RRSIG]);
    if !is_signed && !has_denial {
        "the resolver returned no RRSIG or NSEC records: it does not support DNSSEC, or they were removed on the way".into()
    } else if message.answers.is_empty() && !has_denial {
        "the resolver returned no NSEC or NSEC3 record that proves that there is no such record"
            .into()
    } else {
        "a signature does not verify with the keys in the parent's DS records".into()
    }
}

/// Returns the Unix time as 32 bits, as in signatures (RFC 4034 §3.1.5).
pub(in crate::dns) fn now() -> u32 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as u32)
}

/// Returns the section with the signatures: for a negative answer, the authority section.
fn signed_section(message: &Message) -> &[Record] {
    if message.answers.is_empty() {
        &message.authority
    } else {
        &message.answers
    }
}

/// Finds a record without a signature, or the first signature that is not valid at `now`.
pub(in crate::dns) fn signature_fault(message: &Message, now: u32) -> Option<String> {
    let section = signed_section(message);
    let signatures: Vec<_> = section.iter().filter_map(rrsig).collect();

    if let Some(unsigned) = section.iter().find(|record| {
        record.rtype != Rtype::RRSIG
            && !signatures
                .iter()
                .any(|(name, rrsig)| **name == record.name && rrsig.type_covered() == record.rtype)
    }) {
        return Some(format!(
            "the {} record of {} has no signature (RRSIG)",
            unsigned.rtype, unsigned.name
        ));
    }

    signatures.iter().find_map(|(name, rrsig)| {
        let covered = rrsig.type_covered();

        // Serial number arithmetic of RFC 4034 §3.1.5.
        let since_expiry = now.wrapping_sub(rrsig.expiration().into_int()) as i32;
        let until_start = rrsig.inception().into_int().wrapping_sub(now) as i32;

        if since_expiry > 0 {
            Some(format!(
                "the signature of the {covered} record of {name} expired {} ago",
                duration::rounded(since_expiry.unsigned_abs().into())
            ))
        } else if until_start > 0 {
            Some(format!(
                "the signature of the {covered} record of {name} is not valid yet (starts in {})",
                duration::rounded(until_start.unsigned_abs().into())
            ))
        } else {
            None
        }
    })
}

fn rrsig(
    record: &Record,
) -> Option<(
    &String,
    &domain::rdata::Rrsig<bytes::Bytes, domain::base::ParsedName<bytes::Bytes>>,
)> {
    match &record.data {
        Data::Rrsig(rrsig) => Some((&record.name, rrsig)),
        _ => None,
    }
}

/// Compares the parent's DS records with the zone's DNSKEY records.
async fn key_fault(client: &Client, message: &Message) -> Option<String> {
    let signer = without_dot(
        signed_section(message)
            .iter()
            .find_map(rrsig)?
            .1
            .signer_name(),
    );
    let ask = |rtype| {
        let signer = signer.clone();
        async move {
            let question = Question {
                dnssec: true,
                checking_disabled: true,
                ..Question::new(&signer, rtype)
            };
            client.ask(&question).await.ok()
        }
    };

    let (ds, keys) = futures::join!(ask(Rtype::DS), ask(Rtype::DNSKEY));

    mismatch(&signer, &ds?.message, &keys?.message)
}

/// Reports DS records of which none matches a published key.
fn mismatch(signer: &str, ds: &Message, keys: &Message) -> Option<String> {
    let ds_tags: Vec<u16> = ds
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            Data::Ds(ds) => Some(ds.key_tag()),
            _ => None,
        })
        .collect();

    let key_tags: Vec<u16> = keys
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            Data::Dnskey(key) => Some(key.key_tag()),
            _ => None,
        })
        .collect();

    let tags = |tags: &[u16]| {
        if tags.is_empty() {
            return "none".to_owned();
        }
        tags.iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };

    (!ds_tags.is_empty() && !ds_tags.iter().any(|tag| key_tags.contains(tag))).then(|| {
        format!(
            "the DS records of {signer} list key tag {}, but the zone publishes {}",
            tags(&ds_tags),
            tags(&key_tags)
        )
    })
}

#[cfg(test)]
mod tests;
