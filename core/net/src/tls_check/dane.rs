//! DANE: TLSA records of a service (RFC 6698), and whether its certificates agree with them.

use domain::base::Rtype;
use netvane_document::Failure;
use netvane_facts::{
    certificate::{
        Certificate,
        dane::{Tlsa, Usage},
    },
    target::Host,
};
use rustls::RootCertStore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    StartTls,
    assessment::{Assessment, is_trusted},
};
use crate::{
    Net,
    dns::{Data, Question, Security},
};

/// Most TLSA records that are compared.
const MAX_RECORDS: usize = 16;

/// The TLSA records of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsaSet {
    /// The records, in the server's order.
    pub records: Vec<Tlsa>,
    /// DNSSEC status of the answer. Only secure records mean anything.
    pub security: Security,
}

/// Whether the certificates agree with the TLSA records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DaneState {
    /// There are no TLSA records.
    None,
    /// At least one TLSA record matches the certificates.
    Match,
    /// There are usable records, and none of them matches.
    Mismatch,
    /// The records are not protected by DNSSEC, so they mean nothing.
    Insecure,
}

/// Result of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dane {
    /// The result for all records together.
    pub state: DaneState,
    /// Each record, and whether it matches.
    pub records: Vec<(Tlsa, bool)>,
    /// Whether a record that replaces the usual checks (DANE-TA, DANE-EE) matches.
    pub replaces_checks: bool,
}

impl Net {
    /// Looks up and validates the TLSA records of a TCP port. A host that is an address has none.
    pub async fn tlsa(&self, host: &Host, port: u16) -> Result<TlsaSet, Failure> {
        let none = TlsaSet {
            records: Vec::new(),
            security: Security::Insecure,
        };
        let Host::Name(host) = host else {
            return Ok(none);
        };
        let name = format!("_{port}._tcp.{}", host.as_str().trim_end_matches('.'));
        // The owner name may be longer than a name can be.
        if name.len() > 253 {
            return Ok(none);
        }

        let client = self.dns.client(None).await?;
        let question = Question::new(&name, Rtype::TLSA);
        let response = client.ask(&question).await?;
        let rcode = response.message.rcode.to_string();
        if !matches!(rcode.as_str(), "NOERROR" | "NXDOMAIN") {
            return Err(Failure::Upstream {
                what: format!("TLSA of {name}"),
                why: rcode,
            });
        }
        let records: Vec<Tlsa> = response
            .message
            .answers
            .iter()
            .filter_map(|record| tlsa(&record.data))
            .take(MAX_RECORDS)
            .collect();
        if records.is_empty() {
            return Ok(none);
        }

        let validation = self.dns.validate(&client, &question).await;
        Ok(TlsaSet {
            records,
            security: validation.security,
        })
    }
}

fn tlsa(data: &Data) -> Option<Tlsa> {
    let Data::Tlsa(record) = data else {
        return None;
    };
    Some(Tlsa {
        usage: record.usage().into(),
        selector: record.selector().into(),
        matching: record.matching_type().into(),
        data: record.data().to_vec(),
    })
}

impl TlsaSet {
    /// The records in presentation format (RFC 6698 §2.2), their data shortened to 128 digits.
    pub fn presentation(&self) -> Vec<String> {
        let line = |record: &Tlsa| {
            let Tlsa {
                usage,
                selector,
                matching,
                ..
            } = record;
            format!("{usage} {selector} {matching} {}", record.digits())
        };
        self.records.iter().map(line).collect()
    }

    /// Compares the records with the certificates. `None` if the records are bogus or their status is
    /// not known: then nothing can be said.
    pub fn compare(
        &self,
        assessment: &Assessment,
        starttls: Option<StartTls>,
        roots: &RootCertStore,
    ) -> Option<Dane> {
        let is_usable = |record: &Tlsa| is_usable(record, starttls);
        let records: Vec<(Tlsa, bool)> = self
            .records
            .iter()
            .map(|record| {
                let matches = is_usable(record) && holds(record, assessment, roots);
                (record.clone(), matches)
            })
            .collect();

        let is_usable = records.iter().any(|(record, _)| is_usable(record));
        let state = match self.security {
            _ if records.is_empty() => DaneState::None,
            Security::Insecure => DaneState::Insecure,
            Security::Bogus | Security::Indeterminate => return None,
            Security::Secure if records.iter().any(|(_, matches)| *matches) => DaneState::Match,
            // Without a usable record a client does as if there were none (RFC 7671 §4.1).
            Security::Secure if !is_usable => DaneState::None,
            Security::Secure => DaneState::Mismatch,
        };

        let replaces_checks = state == DaneState::Match
            && records.iter().any(|(record, matches)| {
                *matches && matches!(record.usage(), Some(Usage::DaneTa | Usage::DaneEe))
            });

        Some(Dane {
            state,
            records,
            replaces_checks,
        })
    }
}

/// Whether a client can use the record. Mail servers do not use those that depend on the usual
/// authorities (RFC 7672 §3.1.3).
fn is_usable(record: &Tlsa, starttls: Option<StartTls>) -> bool {
    let is_pkix = matches!(record.usage(), Some(Usage::PkixTa | Usage::PkixEe));
    record.is_usable() && !(is_pkix && starttls == Some(StartTls::Smtp))
}

/// Whether one record, which must be usable, is fulfilled (RFC 7671 §5).
fn holds(record: &Tlsa, assessment: &Assessment, roots: &RootCertStore) -> bool {
    let chain = &assessment.certificates;
    let Some((leaf, above)) = chain.split_first() else {
        return false;
    };
    let is_valid = assessment.trusted == Some(true) && assessment.name_matches;

    match record.usage() {
        Some(Usage::DaneEe) => record.matches(leaf),
        Some(Usage::PkixEe) => is_valid && record.matches(leaf),
        Some(Usage::DaneTa) => {
            assessment.name_matches
                && above
                    .iter()
                    .any(|anchor| record.matches(anchor) && leads_to(chain, anchor))
        }
        Some(Usage::PkixTa) => is_valid && is_authority_of(record, above, roots),
        None => false,
    }
}

/// Whether the chain is valid with this certificate as its only root.
fn leads_to(chain: &[Certificate], anchor: &Certificate) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(anchor.der.clone().into()).is_ok() && is_trusted(chain, &roots)
}

/// Whether the record is about an authority above a trusted certificate: one that was sent, or the
/// root, whose key is known.
fn is_authority_of(record: &Tlsa, above: &[Certificate], roots: &RootCertStore) -> bool {
    let is_sent = above.iter().any(|one| record.matches(one));
    is_sent
        || roots.roots.iter().any(|root| {
            let is_issuer = above
                .iter()
                .any(|one| one.issuer_der == root.subject.as_ref());
            is_issuer && record.matches_key(&super::assessment::key_of(root))
        })
}
