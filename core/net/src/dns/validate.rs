//! DNSSEC validation on our own account, from the trust anchors down.

mod fault;

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
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

use super::{Client, Data, Message, Question};
use fault::why_bogus;

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

    let outcome = handle.lookup(query, options).next().await;
    let verdict = verdict(outcome.unwrap_or(Err(NetError::NoConnections)));

    // What could not be had proves nothing: a key that a server did not give is not a wrong key.
    match verdict {
        (Security::Bogus, _) if failed_on_the_way.load(Ordering::Relaxed) => indeterminate(
            "the chain could not be followed: a server on the way did not answer, or refused"
                .into(),
        ),
        verdict => verdict,
    }
}

/// What the validator's answer says; for an indeterminate verdict also why.
fn verdict(outcome: Result<DnsResponse, NetError>) -> (Security, String) {
    let failed =
        |rcode: ResponseCode| !matches!(rcode, ResponseCode::NoError | ResponseCode::NXDomain);

    let proof = match outcome {
        Ok(response) if failed(response.response_code) => {
            return indeterminate(format!("the servers say {}", response.response_code));
        }
        Ok(response) => weakest(&response),
        Err(NetError::Dns(DnsError::Nsec { response, .. })) if failed(response.response_code) => {
            return indeterminate(format!("the servers say {}", response.response_code));
        }
        Err(NetError::Dns(DnsError::Nsec { proof, .. })) => Some(proof),
        Err(error) => {
            return indeterminate(format!("the chain could not be followed: {error}"));
        }
    };

    match proof {
        Some(Proof::Secure) => (Security::Secure, String::new()),
        Some(Proof::Insecure) => (Security::Insecure, String::new()),
        Some(Proof::Bogus) => (Security::Bogus, String::new()),
        Some(Proof::Indeterminate) | None => {
            indeterminate("the chain of signatures could not be followed".into())
        }
    }
}

fn indeterminate(why: String) -> (Security, String) {
    (Security::Indeterminate, why)
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
    let end = alias_end(&message, question.rtype)?;
    Some((super::without_dot(question.name), end))
}

/// The name that a chain of aliases ends at, where it has no data of the type.
fn alias_end(message: &Message, rtype: Rtype) -> Option<String> {
    let has_data = message.answers.iter().any(|record| record.rtype == rtype);
    let end = message
        .answers
        .iter()
        .rev()
        .find_map(|record| match &record.data {
            Data::Cname(cname) => Some(super::without_dot(cname.cname())),
            _ => None,
        });
    end.filter(|_| !has_data && rtype != Rtype::CNAME)
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
            let Some(name) = super::client::text_name(query.name()) else {
                failed.store(true, Ordering::Relaxed);
                return Err(NetError::Message("the name cannot be asked for"));
            };
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

#[cfg(test)]
mod tests;
