//! Why an answer is bogus, told from its signatures, from the keys, and by the resolver.

use std::time::SystemTime;

use domain::base::Rtype;

use crate::dns::{Client, Data, Message, Question, Record, without_dot};

/// What is wrong, told from the signatures themselves and by the resolver's extended errors.
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
                .map(|error| format!("the resolver says {error}")),
        );
    }

    if reasons.is_empty() {
        "a signature does not verify with the keys that the zone above vouches for".into()
    } else {
        reasons.join("; ")
    }
}

/// Seconds since 1970 as signatures count them.
fn now() -> u32 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as u32)
}

/// The section that the signatures stand in: a negative answer proves in the authority section.
fn signed(message: &Message) -> &[Record] {
    if message.answers.is_empty() {
        &message.authority
    } else {
        &message.answers
    }
}

/// A record without a signature, or the first signature that is not valid `now`.
fn signature_fault(message: &Message, now: u32) -> Option<String> {
    let section = signed(message);
    let signatures: Vec<_> = section.iter().filter_map(rrsig).collect();

    if let Some(unsigned) = section.iter().find(|record| {
        record.rtype != Rtype::RRSIG
            && !signatures
                .iter()
                .any(|(name, rrsig)| **name == record.name && rrsig.type_covered() == record.rtype)
    }) {
        return Some(format!(
            "the {} record of {} carries no signature",
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
                "the signature over {covered} of {name} expired {} ago",
                span(since_expiry)
            ))
        } else if until_start > 0 {
            Some(format!(
                "the signature over {covered} of {name} is not valid for another {}",
                span(until_start)
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

/// Compares what the zone above vouches for (DS) with the keys that the zone shows (DNSKEY).
async fn key_fault(client: &Client, message: &Message) -> Option<String> {
    let signer = without_dot(signed(message).iter().find_map(rrsig)?.1.signer_name());
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

/// DS records of which none names a key that is shown.
fn mismatch(signer: &str, ds: &Message, keys: &Message) -> Option<String> {
    let vouched: Vec<u16> = ds
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            Data::Ds(ds) => Some(ds.key_tag()),
            _ => None,
        })
        .collect();

    let shown: Vec<u16> = keys
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            Data::Dnskey(key) => Some(key.key_tag()),
            _ => None,
        })
        .collect();

    let tags = |tags: &[u16]| {
        tags.iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };

    (!vouched.is_empty() && !vouched.iter().any(|tag| shown.contains(tag))).then(|| {
        format!(
            "the DS records of {signer} name key {}, but the zone shows key {}",
            tags(&vouched),
            tags(&shown)
        )
    })
}

fn span(seconds: i32) -> String {
    match seconds {
        0..3600 => format!("{} minutes", seconds / 60 + 1),
        3600..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
