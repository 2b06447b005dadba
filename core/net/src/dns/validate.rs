//! DNSSEC validation from the trust anchors down, independent of the resolver's AD flag.

mod budget;
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
use serde::{Deserialize, Serialize};

use super::{Client, Data, Message, Question};
use crate::egress_budget;
use budget::{Metered, WorkBudget};
use fault::why_bogus;
pub(super) use fault::{now, signature_fault};

/// DNSSEC status of an answer (RFC 4035 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// A valid chain of signatures covers the answer, from the root down.
    Secure,
    /// A signed parent zone proves that this zone is not signed.
    Insecure,
    /// The zone should be signed, but its signatures are missing or invalid.
    Bogus,
    /// The status could not be determined.
    Indeterminate,
}

/// The DNSSEC status with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Validation {
    /// DNSSEC status: secure, insecure, bogus or indeterminate.
    pub security: Security,
    /// The reason for the status, in one sentence.
    pub reason: String,
}

pub(super) async fn validate(
    client: &Client,
    question: &Question<'_>,
    anchors: Arc<TrustAnchors>,
) -> Validation {
    let validator = Validator {
        client: client.clone(),
        anchors,
        budget: Arc::default(),
    };
    let mut verdict = validator.judge(question.name, question.rtype).await;

    if verdict.0 == Security::Bogus
        && let Some((alias, end)) = alias_without_data(client, question).await
    {
        // hickory looks for the denial of existence at the first name of a CNAME chain instead of at its end.
        let first = validator.judge(&alias, Rtype::CNAME).await;
        let last = validator.judge(&end, question.rtype).await;
        verdict = if rank(first.0) > rank(last.0) {
            first
        } else {
            last
        };
    }

    let reason = match verdict {
        (Security::Secure, _) => {
            "the chain of signatures from the trust anchor to this answer is valid".into()
        }
        (Security::Insecure, _) => "a parent zone proves that this zone is not signed".into(),
        (Security::Bogus, _) => why_bogus(client, question).await,
        (Security::Indeterminate, why) => why,
    };

    Validation {
        security: verdict.0,
        reason,
    }
}

/// Ranks a status by severity; worse is higher.
fn rank(security: Security) -> u8 {
    match security {
        Security::Secure => 0,
        Security::Insecure => 1,
        Security::Indeterminate => 2,
        Security::Bogus => 3,
    }
}

/// The servers, the trust anchors and the remaining work for one question.
struct Validator {
    client: Client,
    anchors: Arc<TrustAnchors>,
    budget: Arc<WorkBudget>,
}

impl Validator {
    /// Runs hickory's validator. Returns the status and, if it is indeterminate, the reason.
    async fn judge(&self, name: &str, rtype: Rtype) -> (Security, String) {
        let Some(name) = super::client::wire_name(name) else {
            return indeterminate("not a valid DNS name".into());
        };
        let failed_on_the_way = Arc::new(AtomicBool::new(false));
        let unchecked = Unchecked {
            client: self.client.clone(),
            failed: failed_on_the_way.clone(),
            budget: self.budget.clone(),
        };
        let handle = DnssecDnsHandle::with_trust_anchor(unchecked, self.anchors.clone());
        let query = Query::query(name, u16::from(rtype).into());
        let mut options = DnsRequestOptions::default();
        options.edns_set_dnssec_ok = true;

        let mut answers = handle.lookup(query, options);
        let budget = self.budget.clone();
        // hickory calls itself for each zone on the way to the root: that needs a stack of its own.
        let validated = async move { Metered::new(answers.next(), &budget).await.flatten() };
        let outcome = egress_budget::in_own_task(validated).await.flatten();
        if let Some(limit) = self.budget.reached() {
            return indeterminate(format!("the validation needs {limit}, which is the limit"));
        }
        let verdict = verdict(outcome.unwrap_or(Err(NetError::NoConnections)));

        // A failed query proves nothing: a missing key is not a wrong key.
        match verdict {
            (Security::Bogus, _) if failed_on_the_way.load(Ordering::Relaxed) => indeterminate(
                "the chain of trust could not be checked: a server did not answer or refused a query"
                    .into(),
            ),
            verdict => verdict,
        }
    }
}

/// Converts the validator's result to a status and, if it is indeterminate, the reason.
fn verdict(outcome: Result<DnsResponse, NetError>) -> (Security, String) {
    let failed =
        |rcode: ResponseCode| !matches!(rcode, ResponseCode::NoError | ResponseCode::NXDomain);

    let proof = match outcome {
        Ok(response) if failed(response.response_code) => {
            return indeterminate(format!("the servers returned {}", response.response_code));
        }
        Ok(response) => weakest(&response),
        Err(NetError::Dns(DnsError::Nsec { response, .. })) if failed(response.response_code) => {
            return indeterminate(format!("the servers returned {}", response.response_code));
        }
        Err(NetError::Dns(DnsError::Nsec { proof, .. })) => Some(proof),
        Err(error) => {
            return indeterminate(format!("the chain of trust could not be checked: {error}"));
        }
    };

    match proof {
        Some(Proof::Secure) => (Security::Secure, String::new()),
        Some(Proof::Insecure) => (Security::Insecure, String::new()),
        Some(Proof::Bogus) => (Security::Bogus, String::new()),
        Some(Proof::Indeterminate) | None => {
            indeterminate("the chain of trust could not be checked".into())
        }
    }
}

fn indeterminate(why: String) -> (Security, String) {
    (Security::Indeterminate, why)
}

/// Returns the weakest proof of all records. A CNAME synthesized from a DNAME has no signature (RFC 6672 §5.3.1); the
/// DNAME's signature covers it.
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

/// Returns the query name and the end of its CNAME chain, if that has no data of the type.
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

/// Returns the end of a CNAME chain, if it has no data of the type.
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

/// The resolvers for hickory's validator, always queried with CD, so that they return bogus data too.
#[derive(Clone)]
struct Unchecked {
    client: Client,
    /// Set when a query failed.
    failed: Arc<AtomicBool>,
    budget: Arc<WorkBudget>,
}

impl DnsHandle for Unchecked {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let (client, failed) = (self.client.clone(), self.failed.clone());
        let budget = self.budget.clone();
        let answer = async move {
            let Some(query) = request.queries.first() else {
                return Err(NetError::Message("no question"));
            };
            let name = super::client::text_name(query.name());
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
                Ok(response) => {
                    budget.charge(&response.message).map_err(NetError::Msg)?;
                    Ok(DnsResponse::from_buffer(response.message.octets.into())?)
                }
                Err(failure) => Err(NetError::Msg(failure.to_string())),
            }
        };

        Box::pin(answer.into_stream())
    }
}

#[cfg(test)]
mod tests;
