//! DNSSEC validation on our own account, from the trust anchors down.

use std::{pin::Pin, sync::Arc, time::SystemTime};

use domain::base::Rtype;
use futures::{FutureExt, Stream, StreamExt};
use hickory_resolver::{
    net::{DnsError, NetError, dnssec::DnssecDnsHandle, xfer::DnsHandle},
    proto::{
        dnssec::{Proof, TrustAnchors},
        op::{DnsRequest, DnsRequestOptions, DnsResponse, Query},
        rr::Name,
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Client, Data, Message, Question, Record, upstream::Runtime};

/// Verdict of RFC 4035 §4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// A chain of signatures leads from the root to the answer.
    Secure,
    /// A signed zone above proves that this one is not signed.
    Insecure,
    /// It should be signed, and the signatures do not hold.
    Bogus,
    /// It could not be found out.
    Indeterminate,
}

/// The verdict and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Validation {
    /// Secure, insecure, bogus or indeterminate.
    pub security: Security,
    /// One sentence.
    pub reason: String,
}

pub(super) async fn validate(
    client: &Client,
    question: &Question<'_>,
    anchors: Arc<TrustAnchors>,
) -> Validation {
    let Ok(mut name) = Name::from_ascii(question.name) else {
        return Validation {
            security: Security::Indeterminate,
            reason: "the name cannot be asked for".into(),
        };
    };
    name.set_fqdn(true);
    let handle = DnssecDnsHandle::with_trust_anchor(Unchecked(client.clone()), anchors);
    let query = Query::query(name, u16::from(question.rtype).into());
    let mut options = DnsRequestOptions::default();
    options.edns_set_dnssec_ok = true;
    let result = handle.lookup(query, options).next().await.unwrap_or(Err(NetError::NoConnections));
    let security = match &result {
        Ok(response) => {
            let records = if response.answers.is_empty() { &response.authorities } else { &response.answers };
            let proofs: Vec<Proof> = records
                .iter()
                .filter(|record| !record.record_type().is_rrsig())
                .map(|record| record.proof)
                .collect();
            if proofs.is_empty() || proofs.contains(&Proof::Indeterminate) {
                Security::Indeterminate
            } else if proofs.contains(&Proof::Bogus) {
                Security::Bogus
            } else if proofs.contains(&Proof::Insecure) {
                Security::Insecure
            } else {
                Security::Secure
            }
        }
        Err(NetError::Dns(DnsError::Nsec { proof, .. })) => match proof {
            Proof::Secure => Security::Secure,
            Proof::Insecure => Security::Insecure,
            Proof::Bogus => Security::Bogus,
            Proof::Indeterminate => Security::Indeterminate,
        },
        Err(_) => Security::Indeterminate,
    };
    let reason = match (&result, security) {
        (_, Security::Secure) => "a chain of signatures leads from the trust anchor to this answer".into(),
        (_, Security::Insecure) => "a zone above proves that this one is not signed".into(),
        (_, Security::Bogus) => why_bogus(client, question).await,
        (Err(error), Security::Indeterminate) => format!("the chain could not be followed: {error}"),
        (Ok(_), Security::Indeterminate) => "the chain of signatures could not be followed".into(),
    };
    Validation { security, reason }
}

/// What is wrong, told from the signatures themselves and by the resolver's extended errors.
async fn why_bogus(client: &Client, question: &Question<'_>) -> String {
    let unchecked = Question { dnssec: true, checking_disabled: true, ..question.clone() };
    let (unchecked, checked) = futures::join!(client.ask(&unchecked), client.ask(question));
    let mut reasons = Vec::new();
    if let Ok(response) = &unchecked {
        reasons.extend(signature_fault(&response.message));
        if reasons.is_empty() {
            reasons.extend(key_fault(client, &response.message).await);
        }
    }
    if reasons.is_empty()
        && let Ok(response) = &checked
    {
        reasons.extend(
            response.message.extended_errors.iter().map(|error| format!("the resolver says {error}")),
        );
    }
    match reasons.is_empty() {
        true => "a signature does not verify with the keys that the zone above vouches for".into(),
        false => reasons.join("; "),
    }
}

fn signature_fault(message: &Message) -> Option<String> {
    let section = if message.answers.is_empty() { &message.authority } else { &message.answers };
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() as u32);
    let signatures: Vec<_> = section.iter().filter_map(rrsig).collect();
    if let Some(unsigned) = section.iter().find(|record| {
        record.rtype != Rtype::RRSIG
            && !signatures
                .iter()
                .any(|(name, rrsig)| **name == record.name && rrsig.type_covered() == record.rtype)
    }) {
        return Some(format!("the {} record of {} carries no signature", unsigned.rtype, unsigned.name));
    }
    signatures.iter().find_map(|(name, rrsig)| {
        let covered = rrsig.type_covered();
        // Serial number arithmetic of RFC 4034 §3.1.5.
        let since_expiry = now.wrapping_sub(rrsig.expiration().into_int()) as i32;
        let until_start = rrsig.inception().into_int().wrapping_sub(now) as i32;
        if since_expiry > 0 {
            Some(format!("the signature over {covered} of {name} expired {} ago", span(since_expiry)))
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
) -> Option<(&String, &domain::rdata::Rrsig<bytes::Bytes, domain::base::ParsedName<bytes::Bytes>>)> {
    match &record.data {
        Data::Rrsig(rrsig) => Some((&record.name, rrsig)),
        _ => None,
    }
}

/// Compares what the zone above vouches for (DS) with the keys that the zone shows (DNSKEY).
async fn key_fault(client: &Client, message: &Message) -> Option<String> {
    let section = if message.answers.is_empty() { &message.authority } else { &message.answers };
    let signer = super::without_dot(section.iter().find_map(rrsig)?.1.signer_name());
    let ask = |rtype| {
        let signer = signer.clone();
        async move {
            let question =
                Question { dnssec: true, checking_disabled: true, ..Question::new(&signer, rtype) };
            client.ask(&question).await.ok()
        }
    };
    let (ds, keys) = futures::join!(ask(Rtype::DS), ask(Rtype::DNSKEY));
    let vouched: Vec<u16> = ds?
        .message
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            Data::Ds(ds) => Some(ds.key_tag()),
            _ => None,
        })
        .collect();
    let shown: Vec<u16> = keys?
        .message
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            Data::Dnskey(key) => Some(key.key_tag()),
            _ => None,
        })
        .collect();
    let tags = |tags: &[u16]| tags.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
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

/// Our resolvers as hickory's validator sees them: always with CD, so that bogus data arrives to be judged.
#[derive(Clone)]
struct Unchecked(Client);

impl DnsHandle for Unchecked {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = Runtime;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let client = self.0.clone();
        let answer = async move {
            let Some(query) = request.queries.first() else { return Err(NetError::Message("no question")) };
            let name = query.name().to_ascii();
            let question = Question {
                dnssec: true,
                checking_disabled: true,
                ..Question::new(&name, Rtype::from_int(query.query_type().into()))
            };
            match client.ask(&question).await {
                Ok(response) => Ok(DnsResponse::from_buffer(response.message.octets.into())?),
                Err(failure) => Err(NetError::Msg(failure.to_string())),
            }
        };
        Box::pin(answer.into_stream())
    }
}
