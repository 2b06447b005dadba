//! The sections of the report and their problems.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::schema::{self, Described};
use crate::commands::{
    dns::mx,
    mail::{
        dkim, dmarc,
        howmail::receiver::{MtaSts, TlsRpt},
        problem::{Level, Problem, State},
        spf,
    },
};

/// One part of the report.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub(super) enum SectionName {
    /// Mail servers of the domain (MX).
    Mx,
    /// STARTTLS and certificates of the mail servers.
    Starttls,
    /// SPF record of the domain (RFC 7208).
    Spf,
    /// DKIM keys at common selectors.
    Dkim,
    /// DMARC policy of the domain (RFC 9989).
    Dmarc,
    /// Blocklists of the domain, the mail servers and sending addresses.
    Blocklist,
    /// Reverse names of the mail servers and sending addresses.
    Reverse,
    /// MTA-STS policy (RFC 8461).
    MtaSts,
    /// Reports about TLS (RFC 8460).
    TlsRpt,
    /// TLSA records of the mail servers (RFC 7672).
    Dane,
    /// Logo for mail programs (BIMI).
    Bimi,
}

impl SectionName {
    /// All sections, in the order in which they are shown.
    pub(super) const ALL: [Self; 11] = [
        Self::Mx,
        Self::Starttls,
        Self::Spf,
        Self::Dkim,
        Self::Dmarc,
        Self::Blocklist,
        Self::Reverse,
        Self::MtaSts,
        Self::TlsRpt,
        Self::Dane,
        Self::Bimi,
    ];

    /// The name for people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Mx => "MX",
            Self::Starttls => "TLS",
            Self::Spf => "SPF",
            Self::Dkim => "DKIM",
            Self::Dmarc => "DMARC",
            Self::Blocklist => "Blocklists",
            Self::Reverse => "Reverse DNS",
            Self::MtaSts => "MTA-STS",
            Self::TlsRpt => "TLS-RPT",
            Self::Dane => "DANE",
            Self::Bimi => "BIMI",
        }
    }

    /// Whether every domain should publish it.
    fn is_required(self) -> bool {
        matches!(self, Self::Spf | Self::Dmarc)
    }
}

/// State of a section, and of the whole report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SectionState {
    /// Valid and without warnings.
    Ok,
    /// The domain does not publish it.
    None,
    /// It works, and should be changed.
    Warning,
    /// It does not work as published.
    Error,
    /// A lookup failed, or is still running.
    #[default]
    Unknown,
}

impl From<State> for SectionState {
    fn from(state: State) -> Self {
        match state {
            State::Ok => Self::Ok,
            State::None => Self::None,
            State::Warning => Self::Warning,
            State::Error => Self::Error,
            State::Unknown => Self::Unknown,
        }
    }
}

impl SectionState {
    /// The state of something with these problems.
    pub(super) fn worst_of(problems: &[Problem]) -> Self {
        State::of(problems, true).into()
    }

    /// The worse of this state and that of a section.
    pub(super) fn and(self, name: SectionName, other: Self) -> Self {
        let rank = |state: Self| match state {
            Self::Ok => 0,
            Self::Unknown => 1,
            Self::None => 2,
            Self::Warning => 3,
            Self::Error => 4,
        };
        let other = match other {
            Self::None if name.is_required() => Self::Warning,
            Self::None => Self::Ok,
            other => other,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

/// A section: its state, a summary, and the data of the command that it is made of.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Section {
    pub(super) state: SectionState,
    /// The result in one sentence; empty while lookups are running.
    pub(super) summary: String,
    #[serde(flatten)]
    pub(super) data: Map<String, Value>,
}

/// The results of all sections of the report.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Sections {
    #[schemars(with = "Described<mx::Data>")]
    pub(super) mx: Section,
    #[schemars(with = "Described<schema::Starttls>")]
    pub(super) starttls: Section,
    #[schemars(with = "Described<spf::Data>")]
    pub(super) spf: Section,
    #[schemars(with = "Described<dkim::Data>")]
    pub(super) dkim: Section,
    #[schemars(with = "Described<dmarc::Data>")]
    pub(super) dmarc: Section,
    #[schemars(with = "Described<MtaSts>")]
    pub(super) mta_sts: Section,
    #[schemars(with = "Described<TlsRpt>")]
    pub(super) tls_rpt: Section,
    #[schemars(with = "Described<schema::Dane>")]
    pub(super) dane: Section,
    #[schemars(with = "Described<schema::Bimi>")]
    pub(super) bimi: Section,
    #[schemars(with = "Described<schema::Reverse>")]
    pub(super) reverse: Section,
    #[schemars(with = "Described<schema::Blocklist>")]
    pub(super) blocklist: Section,
}

impl Sections {
    pub(super) fn get(&self, name: SectionName) -> &Section {
        match name {
            SectionName::Mx => &self.mx,
            SectionName::Starttls => &self.starttls,
            SectionName::Spf => &self.spf,
            SectionName::Dkim => &self.dkim,
            SectionName::Dmarc => &self.dmarc,
            SectionName::Blocklist => &self.blocklist,
            SectionName::Reverse => &self.reverse,
            SectionName::MtaSts => &self.mta_sts,
            SectionName::TlsRpt => &self.tls_rpt,
            SectionName::Dane => &self.dane,
            SectionName::Bimi => &self.bimi,
        }
    }

    pub(super) fn get_mut(&mut self, name: SectionName) -> &mut Section {
        match name {
            SectionName::Mx => &mut self.mx,
            SectionName::Starttls => &mut self.starttls,
            SectionName::Spf => &mut self.spf,
            SectionName::Dkim => &mut self.dkim,
            SectionName::Dmarc => &mut self.dmarc,
            SectionName::Blocklist => &mut self.blocklist,
            SectionName::Reverse => &mut self.reverse,
            SectionName::MtaSts => &mut self.mta_sts,
            SectionName::TlsRpt => &mut self.tls_rpt,
            SectionName::Dane => &mut self.dane,
            SectionName::Bimi => &mut self.bimi,
        }
    }
}

/// A problem and the section that has it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct SectionProblem {
    pub(super) section: SectionName,
    #[serde(flatten)]
    pub(super) problem: Problem,
}

/// The result of one check, before it is part of the report.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) section: Section,
    pub(super) problems: Vec<Problem>,
}

impl Checked {
    /// A section with the state that follows from its problems, if what it is about `exists`.
    pub(super) fn new(summary: impl Into<String>, problems: Vec<Problem>, exists: bool) -> Self {
        Self {
            section: Section {
                state: State::of(&problems, exists).into(),
                summary: summary.into(),
                data: Map::new(),
            },
            problems,
        }
    }

    /// A section that is made of a command's result.
    pub(super) fn from_command(state: State, summary: String, problems: &[Problem]) -> Self {
        Self {
            section: Section {
                state: state.into(),
                summary,
                data: Map::new(),
            },
            problems: problems.to_vec(),
        }
    }

    /// A section whose lookup failed, and why.
    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self {
            section: Section {
                state: SectionState::Unknown,
                summary: why.into(),
                data: Map::new(),
            },
            problems: Vec::new(),
        }
    }

    /// Adds the data of a command.
    pub(super) fn with(mut self, data: &impl Serialize) -> Self {
        if let Ok(Value::Object(mut members)) = serde_json::to_value(data) {
            // The section has its own.
            for own in ["state", "summary"] {
                members.shift_remove(own);
            }
            self.section.data = members;
        }
        self
    }
}

/// Whether a problem has to be changed.
pub(super) fn matters(problem: &SectionProblem) -> bool {
    problem.problem.severity > Level::Info
}
