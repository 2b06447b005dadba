//! What is wrong with a server's TLS, why it matters, and what to change.

use netvane_document::Severity;
use netvane_facts::certificate::validity::Thresholds;
use netvane_net::tls_check::{Proof, StartTls, TlsReport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{data::Question, sentences, trouble};

/// How much a problem matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Weight {
    /// Worth knowing; nothing is wrong.
    Info,
    /// Works, but needs attention.
    Warning,
    /// A problem that makes clients fail.
    Error,
}

impl Weight {
    pub(crate) fn to_severity(self) -> Severity {
        match self {
            Self::Info => Severity::Good,
            Self::Warning => Severity::Warning,
            Self::Error => Severity::Bad,
        }
    }
}

/// Something that a check found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CheckProblem {
    /// `error`, `warning` or `info`.
    pub(crate) severity: Weight,
    /// Stable name, such as `expired` or `incomplete_chain`.
    pub(crate) code: String,
    /// What is wrong and why it matters.
    pub(crate) text: String,
    /// What to change; empty if there is nothing to change.
    pub(crate) fix: String,
}

/// A problem with its short form, if it is a reason not to trust the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) problem: CheckProblem,
    pub(crate) short: Option<String>,
}

impl Found {
    /// A problem that does not affect whether the certificate is trusted.
    pub(crate) fn new(
        severity: Weight,
        code: &str,
        text: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            problem: CheckProblem {
                severity,
                code: code.into(),
                text: text.into(),
                fix: fix.into(),
            },
            short: None,
        }
    }

    /// Makes it a reason, in a few words.
    pub(crate) fn because(self, short: impl Into<String>) -> Self {
        Self {
            short: Some(short.into()),
            ..self
        }
    }
}

/// A name that cannot be contacted.
pub(super) fn no_address(target: &str, rcode: &str) -> Found {
    let what = match rcode {
        "NXDOMAIN" => format!("{target} does not exist (NXDOMAIN)"),
        _ => format!("{target} has no address"),
    };
    Found::new(
        Weight::Error,
        "no_address",
        format!("{what}, so nobody can connect to it."),
        "Check the spelling, or add an A or AAAA record.",
    )
    .because(what)
}

/// All problems of a server, in no particular order.
pub(super) fn all(
    question: &Question,
    report: &TlsReport,
    thresholds: Option<Thresholds>,
) -> Vec<Found> {
    let mut found = Vec::new();

    // A server that ends the handshake because it wants a certificate of the client is fine.
    let wants_certificate = report
        .hello
        .as_ref()
        .is_some_and(|hello| hello.wants_client_certificate && hello.proof == Proof::Valid);
    if let Some(why) = report.trouble.as_ref().filter(|_| !wants_certificate) {
        found.push(trouble::trouble(why, question, report.hello.as_ref()));
    }
    if let Some(hello) = &report.hello {
        found.extend(trouble::connection(hello));
    }

    if let Some(assessment) = &report.assessment {
        found.extend(
            assessment
                .faults
                .iter()
                .map(|fault| sentences::fault(fault, assessment)),
        );
        found.extend(sentences::name(assessment, question));
        found.extend(thresholds.and_then(|thresholds| sentences::expiry(assessment, thresholds)));
        found.extend(sentences::staple(assessment));
    }

    if let Some(dane) = &report.dane {
        // Mail servers that check DANE ignore names and authorities then (RFC 7672 §3.1).
        if dane.replaces_checks && question.starttls == Some(StartTls::Smtp) {
            found.iter_mut().for_each(make_harmless);
        }
        found.extend(sentences::dane(dane));
    }

    found
}

/// Problems of the chain and of the name do not matter where a TLSA record vouches for the
/// certificate.
fn make_harmless(found: &mut Found) {
    const REPLACED: [&str; 5] = [
        "self_signed",
        "untrusted_root",
        "incomplete_chain",
        "wrong_name",
        "no_names",
    ];
    if REPLACED.contains(&found.problem.code.as_str()) {
        found.problem.severity = Weight::Info;
        found.problem.text.push_str(
            " Mail servers that check DANE accept it, because a TLSA record vouches for it.",
        );
    }
}
