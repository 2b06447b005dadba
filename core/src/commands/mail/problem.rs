//! Problems of a domain's mail policies: what is wrong, and what to change.

use netvane_document::{Cell, Document, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maximum number of problems of one policy.
const MAX_PROBLEMS: usize = 64;
/// Maximum number of problems that are shown as text; the data has all of them.
const MAX_SHOWN: usize = 12;

/// Maximum length of a record that is shown, in characters.
const MAX_RECORD: usize = 500;

/// How serious a problem is; the worst comes last in the order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// Worth knowing; nothing has to be changed.
    Info,
    /// It works for now or in part, and should be changed.
    Warning,
    /// It does not work as published.
    Error,
}

impl Level {
    fn symbol(self) -> &'static str {
        match self {
            Self::Info => Severity::Neutral.symbol(),
            Self::Warning => Severity::Warning.symbol(),
            Self::Error => Severity::Bad.symbol(),
        }
    }
}

/// State of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Valid and without warnings.
    Ok,
    /// The domain publishes none.
    None,
    /// It works, and should be changed.
    Warning,
    /// It does not work as published.
    Error,
    /// A lookup failed; only in the sections of a report.
    Unknown,
}

impl State {
    /// The state of a policy with these problems, if it `exists`.
    pub(crate) fn of(problems: &[Problem], exists: bool) -> Self {
        match problems.iter().map(|problem| problem.severity).max() {
            Some(Level::Error) => Self::Error,
            _ if !exists => Self::None,
            Some(Level::Warning) => Self::Warning,
            _ => Self::Ok,
        }
    }

    /// Severity of a reply about the policy.
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Ok => Severity::Good,
            Self::None | Self::Warning | Self::Unknown => Severity::Warning,
            Self::Error => Severity::Bad,
        }
    }
}

/// Something that is wrong, and what to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Problem {
    /// How serious it is.
    pub(crate) severity: Level,
    /// Kind of the problem, for programs.
    pub(crate) code: Code,
    /// What is wrong and why it matters, in one sentence.
    pub(crate) text: String,
    /// What to change, in one sentence.
    pub(crate) fix: String,
}

/// The problems of one policy, at most 64.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn error(&mut self, code: Code, text: impl Into<String>, fix: impl Into<String>) {
        self.add(Level::Error, code, text.into(), fix.into());
    }

    pub(crate) fn warning(&mut self, code: Code, text: impl Into<String>, fix: impl Into<String>) {
        self.add(Level::Warning, code, text.into(), fix.into());
    }

    pub(crate) fn info(&mut self, code: Code, text: impl Into<String>, fix: impl Into<String>) {
        self.add(Level::Info, code, text.into(), fix.into());
    }

    fn add(&mut self, severity: Level, code: Code, text: String, fix: String) {
        let problem = Problem {
            severity,
            code,
            text,
            fix,
        };
        if self.0.len() < MAX_PROBLEMS && !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// Whether there is a problem of this kind.
    pub(crate) fn has(&self, code: Code) -> bool {
        self.0.iter().any(|problem| problem.code == code)
    }

    /// The problems, worst first.
    pub(crate) fn worst_first(mut self) -> Vec<Problem> {
        self.0
            .sort_by_key(|problem| std::cmp::Reverse(problem.severity));
        self.0
    }
}

/// Adds the problems to a document: each with its fix, at most twelve.
pub(crate) fn show<'a>(
    document: &mut Document,
    problems: impl ExactSizeIterator<Item = (&'a Problem, Option<&'a str>)>,
) {
    let total = problems.len();
    for (problem, subject) in problems.take(MAX_SHOWN) {
        let Problem {
            severity,
            text,
            fix,
            ..
        } = problem;
        let subject = subject.map(|it| format!("{it}: ")).unwrap_or_default();
        let fix = if fix.is_empty() {
            String::new()
        } else {
            format!("\n→ {fix}")
        };
        document.text(format!("{} {subject}{text}{fix}", severity.symbol()));
    }
    if total > MAX_SHOWN {
        document.text(format!("and {} more", total - MAX_SHOWN));
    }
}

/// The problems of one policy, as [`show`] takes them.
pub(crate) fn show_all(document: &mut Document, problems: &[Problem]) {
    show(document, problems.iter().map(|problem| (problem, None)));
}

/// A record as it is shown: cut after 500 characters, because a hostile one may have 64 KiB.
pub(crate) fn record_cell(record: &str) -> Cell {
    let mut shown: String = record.chars().take(MAX_RECORD).collect();
    if shown.len() < record.len() {
        shown.push_str(&format!("… ({} bytes)", record.len()));
    }
    Cell::exact(shown)
}

/// Number of errors and warnings in words; empty if there is none.
pub(crate) fn tally<'a>(problems: impl Iterator<Item = &'a Problem>) -> String {
    let (mut errors, mut warnings) = (0, 0);
    for problem in problems {
        match problem.severity {
            Level::Error => errors += 1,
            Level::Warning => warnings += 1,
            Level::Info => {}
        }
    }
    let words = |count: usize, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {one}s")),
    };
    let parts: Vec<String> = [words(errors, "error"), words(warnings, "warning")]
        .into_iter()
        .flatten()
        .collect();
    parts.join(", ")
}

/// Kind of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    // All policies.
    /// The domain publishes no such record.
    NoRecord,
    /// There are several records where only one is allowed.
    SeveralRecords,
    /// A record was probably meant as one of this kind, but its version or its name is wrong.
    InvalidVersion,
    /// The record breaks the rules of its kind.
    InvalidRecord,
    /// A lookup failed; it may succeed later.
    LookupFailed,
    /// A tag or modifier has no effect.
    IgnoredTag,

    // SPF.
    /// A term of an SPF record is invalid.
    InvalidTerm,
    /// More than ten terms need DNS lookups (RFC 7208 §4.6.4).
    TooManyLookups,
    /// More than two lookups find nothing (RFC 7208 §4.6.4).
    TooManyVoidLookups,
    /// A lookup finds nothing.
    VoidLookup,
    /// A record includes itself.
    Loop,
    /// An included domain has no SPF record.
    IncludeWithoutRecord,
    /// A domain of an `mx` term has more than ten mail servers.
    TooManyMailServers,
    /// There is neither `all` nor `redirect=`.
    NoAll,
    /// The record allows every server to send.
    AllowsAll,
    /// The record says nothing about other servers (`?all`).
    NeutralAll,
    /// Terms after `all` are never evaluated.
    AfterAll,
    /// `redirect=` has no effect beside `all`.
    IgnoredRedirect,
    /// `ptr` should not be used (RFC 7208 §5.5).
    Ptr,
    /// A network is so large that others send from it too.
    LargeNetwork,
    /// A network is not routed on the Internet.
    PrivateNetwork,
    /// A term occurs twice.
    RepeatedTerm,
    /// The record is too long for a DNS answer of 512 bytes.
    LongRecord,

    // DMARC.
    /// The policy only monitors (`p=none`).
    PolicyNone,
    /// The policy is being tested (`t=y`).
    Testing,
    /// Subdomains have a weaker policy than the domain.
    WeakSubdomainPolicy,
    /// There is no address for aggregate reports.
    NoReports,
    /// A report address in another domain has no permission of that domain (RFC 7489 §7.1).
    ReportNotAccepted,
    /// Most receivers do not send reports to this kind of address.
    ReportScheme,
    /// Receivers that use the public suffix list find another policy than those that walk the tree (RFC 9989).
    SuffixListDiffers,

    // DKIM.
    /// There is no key at the selectors that were looked up.
    NoKey,
    /// The key is shorter than it should be.
    WeakKey,
    /// The key is longer than verifiers have to support.
    LargeKey,
    /// The key cannot be read.
    InvalidKey,
    /// The key was revoked.
    RevokedKey,
    /// Verifiers do not know this type of key.
    UnknownKeyType,
    /// The key allows only SHA-1, which verifiers reject (RFC 8301).
    Sha1Only,
    /// The key is not meant for email.
    WrongService,
    /// Every selector has the same record.
    WildcardKey,

    // Mail servers.
    /// The domain cannot receive mail: no mail server, or none with a usable address.
    NoMailServer,
    /// The domain has no MX record, so its own addresses receive mail.
    ImplicitMx,
    /// A mail server does not resolve, or an MX record is wrong.
    BrokenMx,
    /// No mail server could be reached.
    Unreachable,
    /// A mail server offers no STARTTLS, or TLS fails.
    NoStarttls,
    /// The certificate of a mail server is not valid for it.
    InvalidCertificate,
    /// The certificate of a mail server expires soon.
    CertificateExpires,
    /// TLS of a mail server works, and something about it should be changed.
    TlsWarning,
    /// An address has no name that resolves back to it.
    NotForwardConfirmed,
    /// A blocklist lists an address or the domain.
    Listed,

    // Policies for transport, and BIMI.
    /// The MTA-STS policy could not be fetched or is invalid.
    InvalidPolicy,
    /// The MTA-STS policy does not name a mail server.
    PolicyMismatch,
    /// The MTA-STS policy demands a valid certificate, and a mail server has none.
    PolicyUnmet,
    /// The MTA-STS policy is not enforced.
    NotEnforced,
    /// TLSA records are not signed, so senders ignore them.
    DaneWithoutDnssec,
    /// TLSA records fail DNSSEC validation.
    DaneBogus,
    /// No TLSA record matches the certificate, or there is no TLS.
    DaneMismatch,
    /// TLSA records that senders cannot use.
    DaneUnusable,
    /// TLSA records are incomplete: some mail servers have none.
    IncompleteDane,
    /// BIMI needs a DMARC policy that is enforced.
    BimiNeedsDmarc,
}
