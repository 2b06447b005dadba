//! DNSSEC validation on our own account, from the trust anchors down.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use domain::base::{Rtype, iana::OptRcode};
use futures::{FutureExt, Stream, StreamExt};
use hickory_resolver::{
    net::{
        DnsError, NetError, dnssec::DnssecDnsHandle, runtime::TokioRuntimeProvider, xfer::DnsHandle,
    },
    proto::{
        dnssec::{Proof, TrustAnchors},
        op::{DnsRequest, DnsRequestOptions, DnsResponse, Query, ResponseCode},
        rr::{Record as HickoryRecord, RecordType},
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Client, Data, Message, Question, Record};

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
    let mut verdict = judge(client, question.name, question.rtype, anchors.clone()).await;

    if verdict.0 == Security::Bogus
        && let Some((alias, end)) = alias_without_data(client, question).await
    {
        // hickory looks for the proof of absence at the first name of a chain instead of at its end.
        let first = judge(client, &alias, Rtype::CNAME, anchors.clone()).await;
        let last = judge(client, &end, question.rtype, anchors).await;
        verdict = if rank(first.0) > rank(last.0) {
            first
        } else {
            last
        };
    }

    let reason = match verdict {
        (Security::Secure, _) => {
            "a chain of signatures leads from the trust anchor to this answer".into()
        }
        (Security::Insecure, _) => "a zone above proves that this one is not signed".into(),
        (Security::Bogus, _) => why_bogus(client, question).await,
        (Security::Indeterminate, why) => why,
    };

    Validation {
        security: verdict.0,
        reason,
    }
}

/// Worse verdicts rank higher.
fn rank(security: Security) -> u8 {
    match security {
        Security::Secure => 0,
        Security::Insecure => 1,
        Security::Indeterminate => 2,
        Security::Bogus => 3,
    }
}

/// The verdict of hickory's validator; for an indeterminate one also why.
async fn judge(
    client: &Client,
    name: &str,
    rtype: Rtype,
    anchors: Arc<TrustAnchors>,
) -> (Security, String) {
    let indeterminate = |why: String| (Security::Indeterminate, why);
    let Some(name) = super::client::wire_name(name) else {
        return indeterminate("the name cannot be asked for".into());
    };
    let failed_on_the_way = Arc::new(AtomicBool::new(false));
    let unchecked = Unchecked {
        client: client.clone(),
        failed: failed_on_the_way.clone(),
    };
    let handle = DnssecDnsHandle::with_trust_anchor(unchecked, anchors);
    let query = Query::query(name, u16::from(rtype).into());
    let mut options = DnsRequestOptions::default();
    options.edns_set_dnssec_ok = true;
    let failed =
        |rcode: ResponseCode| !matches!(rcode, ResponseCode::NoError | ResponseCode::NXDomain);
    let verdict = match handle
        .lookup(query, options)
        .next()
        .await
        .unwrap_or(Err(NetError::NoConnections))
    {
        Ok(response) if failed(response.response_code) => {
            indeterminate(format!("the servers say {}", response.response_code))
        }
        Ok(response) => match weakest(&response) {
            Some(Proof::Secure) => (Security::Secure, String::new()),
            Some(Proof::Insecure) => (Security::Insecure, String::new()),
            Some(Proof::Bogus) => (Security::Bogus, String::new()),
            Some(Proof::Indeterminate) | None => {
                indeterminate("the chain of signatures could not be followed".into())
            }
        },
        Err(NetError::Dns(DnsError::Nsec { response, .. })) if failed(response.response_code) => {
            indeterminate(format!("the servers say {}", response.response_code))
        }
        Err(NetError::Dns(DnsError::Nsec { proof, .. })) => match proof {
            Proof::Secure => (Security::Secure, String::new()),
            Proof::Insecure => (Security::Insecure, String::new()),
            Proof::Bogus => (Security::Bogus, String::new()),
            Proof::Indeterminate => {
                indeterminate("the chain of signatures could not be followed".into())
            }
        },
        Err(error) => indeterminate(format!("the chain could not be followed: {error}")),
    };

    // What could not be had proves nothing: a key that a server did not give is not a wrong key.
    match verdict {
        (Security::Bogus, _) if failed_on_the_way.load(Ordering::Relaxed) => indeterminate(
            "the chain could not be followed: a server on the way did not answer, or refused"
                .into(),
        ),
        verdict => verdict,
    }
}

/// What the answer as a whole is worth. A CNAME that a server made out of a DNAME carries no signature of its own
/// (RFC 6672 §5.3.1): the DNAME's stands for it.
fn weakest(response: &DnsResponse) -> Option<Proof> {
    let records = if response.answers.is_empty() {
        &response.authorities
    } else {
        &response.answers
    };

    let dname = RecordType::from(u16::from(Rtype::DNAME));
    let from_dname = |record: &HickoryRecord| {
        record.record_type() == RecordType::CNAME
            && response
                .answers
                .iter()
                .any(|other| other.record_type() == dname && other.name.zone_of(&record.name))
    };

    let judged = records
        .iter()
        .filter(|record| !record.record_type().is_rrsig() && !from_dname(record));
    let strength = |proof: &Proof| match proof {
        Proof::Bogus => 0,
        Proof::Indeterminate => 1,
        Proof::Insecure => 2,
        Proof::Secure => 3,
    };

    judged.map(|record| record.proof).min_by_key(strength)
}

/// Where an alias leads to a name without data of the type: the alias and that name.
async fn alias_without_data(client: &Client, question: &Question<'_>) -> Option<(String, String)> {
    let unchecked = Question {
        dnssec: true,
        checking_disabled: true,
        ..question.clone()
    };
    let message = client.ask(&unchecked).await.ok()?.message;
    let has_data = message
        .answers
        .iter()
        .any(|record| record.rtype == question.rtype);
    let end = message
        .answers
        .iter()
        .rev()
        .find_map(|record| match &record.data {
            Data::Cname(cname) => Some(super::without_dot(cname.cname())),
            _ => None,
        });
    end.filter(|_| !has_data && question.rtype != Rtype::CNAME)
        .map(|end| (super::without_dot(question.name), end))
}

/// What is wrong, told from the signatures themselves and by the resolver's extended errors.
async fn why_bogus(client: &Client, question: &Question<'_>) -> String {
    let unchecked = Question {
        dnssec: true,
        checking_disabled: true,
        ..question.clone()
    };

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

fn signature_fault(message: &Message) -> Option<String> {
    let section = if message.answers.is_empty() {
        &message.authority
    } else {
        &message.answers
    };

    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as u32);
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
    let section = if message.answers.is_empty() {
        &message.authority
    } else {
        &message.answers
    };

    let signer = super::without_dot(section.iter().find_map(rrsig)?.1.signer_name());
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

/// Our resolvers as hickory's validator sees them: always with CD, so that bogus data arrives to be judged.
#[derive(Clone)]
struct Unchecked {
    client: Client,
    /// Some question was not answered.
    failed: Arc<AtomicBool>,
}

impl DnsHandle for Unchecked {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let (client, failed) = (self.client.clone(), self.failed.clone());
        let answer = async move {
            let Some(query) = request.queries.first() else {
                return Err(NetError::Message("no question"));
            };
            let name = query.name().to_ascii();
            let question = Question {
                dnssec: true,
                checking_disabled: true,
                ..Question::new(&name, Rtype::from_int(query.query_type().into()))
            };

            let answer = client.ask(&question).await;
            let useful =
                |message: &Message| matches!(message.rcode, OptRcode::NOERROR | OptRcode::NXDOMAIN);

            if !answer
                .as_ref()
                .is_ok_and(|response| useful(&response.message))
            {
                failed.store(true, Ordering::Relaxed);
            }

            match answer {
                Ok(response) => Ok(DnsResponse::from_buffer(response.message.octets.into())?),
                Err(failure) => Err(NetError::Msg(failure.to_string())),
            }
        };

        Box::pin(answer.into_stream())
    }
}
