//! The data of `tls`, made of what the check found.

use std::net::IpAddr;

use netvane_document::Severity;
use netvane_facts::{
    certificate::{
        Certificate, KeyType, Timestamp,
        dane::{Tlsa, Usage},
        ocsp::OcspStatus,
        validity::{Thresholds, days_left, rfc3339},
    },
    target::Host,
};
use netvane_net::tls_check::{Dane, DaneState, StartTls, TlsReport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problems::{self, CheckProblem};

/// Most certificates of the chain that are shown.
const MAX_CHAIN: usize = 16;

/// What was asked, with the defaults filled in.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) target: String,
    /// Name to ask for and to look for in the certificate.
    pub(crate) name: Host,
    pub(crate) port: u16,
    pub(crate) starttls: Option<StartTls>,
    /// Days below which a certificate is reported, if the user set them.
    pub(crate) warn: Option<i64>,
    pub(crate) bad: Option<i64>,
}

/// Certificate and connection of a server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    pub(super) target: String,
    /// Name that was asked for and looked for in the certificate.
    pub(super) name: String,
    /// `null` if the target has no address.
    pub(super) address: Option<IpAddr>,
    /// RCODE of the lookup of a name without an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rcode: Option<String>,
    pub(super) port: u16,
    /// Protocol in which TLS was started; `null` if the connection began with TLS.
    pub(super) starttls: Option<StartTls>,
    /// Protocol version, such as `TLS 1.3`; `null` without TLS.
    pub(super) protocol: Option<String>,
    /// IANA name of the cipher suite.
    pub(super) cipher: Option<String>,
    /// Application protocol that the server selected.
    pub(super) alpn: Option<String>,
    /// Whether the chain is trusted; `null` without certificates, or if it cannot be checked.
    pub(super) trusted: Option<bool>,
    /// Why the certificate is not trusted or not for this name, or why there is no TLS.
    pub(super) reason: Option<String>,
    /// Names in the certificate, at most 100.
    pub(super) names: Vec<String>,
    /// Number of names in the certificate.
    pub(super) names_total: usize,
    /// Whether the certificate is for the name that was asked for.
    pub(super) name_matches: Option<bool>,
    pub(super) not_before: Option<String>,
    pub(super) not_after: Option<String>,
    /// Whole days until it expires, rounded down; negative when expired.
    pub(super) days_left: Option<i64>,
    pub(super) subject: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) key: Option<KeyData>,
    /// Algorithm of the issuer's signature.
    pub(super) signature: Option<String>,
    /// Certificates that the server sent, its own first, at most 16.
    pub(super) chain: Vec<ChainEntry>,
    /// Number of certificates that the server sent.
    pub(super) chain_total: usize,
    pub(super) ocsp_stapled: bool,
    /// What the stapled response says; `null` without a valid one.
    pub(super) ocsp_status: Option<OcspStatus>,
    /// Timestamps of certificate transparency logs.
    pub(super) scts: Vec<SctData>,
    /// TLSA records and whether they match; `null` if they could not be looked up or compared.
    pub(super) dane: Option<DaneData>,
    /// What is wrong, worst first.
    pub(super) problems: Vec<CheckProblem>,
}

/// Type and size of a public key.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct KeyData {
    #[serde(rename = "type")]
    pub(super) kind: KeyType,
    /// Size in bits; 0 if it is unknown.
    pub(super) bits: usize,
}

/// One certificate of the chain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ChainEntry {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) not_after: String,
    /// SHA-256 of the certificate, in hexadecimal digits.
    pub(super) sha256: String,
}

/// A signed certificate timestamp (RFC 6962).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SctData {
    /// Identifier of the log, in base64.
    pub(super) log: String,
    pub(super) at: String,
    /// Where it was found: in the `certificate`, in the TLS handshake (`tls`), or in the stapled `ocsp` response.
    pub(super) source: String,
}

/// Whether the certificates agree with TLSA records (RFC 6698).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DaneData {
    pub(super) state: DaneState,
    pub(super) records: Vec<TlsaData>,
}

/// A TLSA record, and whether it matches the certificates.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct TlsaData {
    pub(super) usage: u8,
    pub(super) selector: u8,
    pub(super) matching_type: u8,
    /// Certificate data in hexadecimal digits, at most 128.
    pub(super) data: String,
    /// Name of the usage; `null` if it is not assigned.
    pub(super) usage_name: Option<Usage>,
    pub(super) matches: bool,
}

impl Data {
    fn empty(question: &Question) -> Self {
        Self {
            target: question.target.clone(),
            name: question.name.to_string(),
            address: None,
            rcode: None,
            port: question.port,
            starttls: question.starttls,
            protocol: None,
            cipher: None,
            alpn: None,
            trusted: None,
            reason: None,
            names: Vec::new(),
            names_total: 0,
            name_matches: None,
            not_before: None,
            not_after: None,
            days_left: None,
            subject: None,
            issuer: None,
            key: None,
            signature: None,
            chain: Vec::new(),
            chain_total: 0,
            ocsp_stapled: false,
            ocsp_status: None,
            scts: Vec::new(),
            dane: None,
            problems: Vec::new(),
        }
    }

    /// The reply for a name that does not exist or has no address.
    pub(super) fn without_address(question: &Question, rcode: String) -> Self {
        let problem = problems::no_address(&question.target, &rcode);
        Self {
            rcode: Some(rcode),
            reason: problem.short.clone(),
            problems: vec![problem.problem],
            ..Self::empty(question)
        }
    }

    /// The reply for a server that was contacted.
    pub(crate) fn new(question: &Question, report: &TlsReport) -> Self {
        let mut data = Self {
            address: Some(report.address),
            ..Self::empty(question)
        };
        if let Some(hello) = &report.hello {
            data.protocol = Some(hello.protocol.clone());
            data.cipher = Some(hello.cipher.clone());
            data.alpn = hello.alpn.clone();
            data.chain_total = hello.chain.len();
            data.ocsp_stapled = hello.staple.is_some();
            let of_tls = hello.timestamps.as_deref().map(Timestamp::read_list);
            let of_tls = of_tls.unwrap_or_default();
            data.scts = of_tls.iter().map(|one| SctData::new(one, "tls")).collect();
        }
        data.dane = report.dane.as_ref().map(DaneData::from);

        let leaf = report.assessment.as_ref().and_then(|assessment| {
            assessment
                .certificates
                .first()
                .map(|leaf| (assessment, leaf))
        });
        let mut thresholds = None;
        if let Some((assessment, leaf)) = leaf {
            data.set_certificate(leaf, assessment.now);
            data.chain = assessment
                .certificates
                .iter()
                .take(MAX_CHAIN)
                .map(ChainEntry::from)
                .collect();
            data.name_matches = Some(assessment.name_matches);
            let staple = assessment.staple.as_ref();
            let staple = staple.and_then(|staple| staple.as_ref().ok());
            let of_staple = staple.into_iter().flat_map(|staple| &staple.timestamps);
            data.scts
                .extend(of_staple.map(|one| SctData::new(one, "ocsp")));
            data.ocsp_status = staple
                .filter(|staple| staple.is_current(assessment.now))
                .map(|staple| staple.status);
            let lifetime = leaf.not_after.saturating_sub(leaf.not_before);
            thresholds = Some(Thresholds::of(lifetime, question.warn, question.bad));
        }
        data.trusted = report
            .assessment
            .as_ref()
            .and_then(|assessment| match data.ocsp_status {
                Some(OcspStatus::Revoked) => Some(false),
                _ => assessment.trusted,
            });

        data.add_problems(problems::all(question, report, thresholds));
        data
    }

    fn set_certificate(&mut self, leaf: &Certificate, now: i64) {
        self.names = leaf.names.shown();
        self.names_total = leaf.names.count();
        self.not_before = Some(rfc3339(leaf.not_before));
        self.not_after = Some(rfc3339(leaf.not_after));
        self.days_left = Some(days_left(leaf.not_after, now));
        self.subject = Some(leaf.subject.clone());
        self.issuer = Some(leaf.issuer.clone());
        self.key = Some(KeyData {
            kind: leaf.key.kind,
            bits: leaf.key.bits,
        });
        self.signature = Some(leaf.signature.name.clone());
        let of_certificate = leaf.timestamps.iter();
        self.scts
            .extend(of_certificate.map(|one| SctData::new(one, "certificate")));
    }

    fn add_problems(&mut self, mut found: Vec<problems::Found>) {
        found.sort_by_key(|found| std::cmp::Reverse(found.problem.severity));

        let is_fine = self.trusted == Some(true) && self.name_matches == Some(true);
        if !is_fine {
            let reasons: Vec<&str> = found
                .iter()
                .filter_map(|found| found.short.as_deref())
                .collect();
            self.reason = (!reasons.is_empty()).then(|| reasons.join("; "));
        }
        self.problems = found.into_iter().map(|found| found.problem).collect();
    }

    /// Whether the connection was encrypted, with any version of TLS.
    pub(crate) fn has_tls(&self) -> bool {
        self.protocol.is_some()
    }

    /// Why the certificate is not trusted or not for this name, or why there is no TLS.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether the certificates agree with the TLSA records; `None` if that cannot be said.
    pub(crate) fn dane_state(&self) -> Option<DaneState> {
        self.dane.as_ref().map(|dane| dane.state)
    }

    /// What is wrong, worst first.
    pub(crate) fn problems(&self) -> &[CheckProblem] {
        &self.problems
    }

    pub(crate) fn severity(&self) -> Severity {
        self.problems
            .iter()
            .map(|problem| problem.severity.to_severity())
            .max()
            .unwrap_or(Severity::Good)
            .max(Severity::Good)
    }
}

impl SctData {
    fn new(timestamp: &Timestamp, source: &str) -> Self {
        Self {
            log: timestamp.log.clone(),
            at: rfc3339(i64::try_from(timestamp.at_ms / 1000).unwrap_or(i64::MAX)),
            source: source.into(),
        }
    }
}

impl From<&Certificate> for ChainEntry {
    fn from(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            not_after: rfc3339(certificate.not_after),
            sha256: certificate.sha256(),
        }
    }
}

impl From<&Dane> for DaneData {
    fn from(dane: &Dane) -> Self {
        let record = |(record, matches): &(Tlsa, bool)| TlsaData {
            usage: record.usage,
            selector: record.selector,
            matching_type: record.matching,
            data: record.digits(),
            usage_name: record.usage(),
            matches: *matches,
        };
        Self {
            state: dane.state,
            records: dane.records.iter().map(record).collect(),
        }
    }
}
