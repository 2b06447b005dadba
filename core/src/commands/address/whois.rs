//! `whois`: registration data of a domain, an address, a network or an AS number.

mod facts;
mod registrable;
#[cfg(test)]
mod tests;

use std::time::Duration;

use netvane_document::{Answer, Block, Cell, Document, Failure, Severity, Truncated};
use netvane_facts::{
    registration::{Kind, Registration, RegistrationState},
    target::{Endpoint, Host, both_forms, name_warning},
};
use netvane_net::registry::{RawAnswers, ReferralStep, RegistryAnswer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use registrable::registrable;

use crate::{
    args::{Flag, Registered},
    command::{Command, Context, Next, Short, Subject},
    commands::{address::geo::date, dns::lookup::count},
    spec::{Cost, Group, Spec, TargetKind},
};

/// Registration data of a domain, address, network or AS number (RDAP, whois).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whois {
    /// A domain, address, network or AS number.
    target: Registered,
    /// Query only over RDAP, or only over whois (port 43).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    /// Whois server to query first, instead of the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<Endpoint>,
    /// Show the raw responses of the servers.
    #[serde(default, skip_serializing_if = "Flag::is_unset")]
    raw: Flag,
    /// Follow referrals from registry to registrar; on by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follow: Option<Flag>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    Rdap,
    Whois,
}

/// Registration data with the queried servers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// The registered object; for a host name, its registrable domain.
    query: String,
    source: Source,
    #[serde(flatten)]
    facts: Registration,
    /// The queried servers in order.
    chain: Vec<ReferralStep>,
    /// Raw responses of the servers, each below a line with the server name.
    raw: Option<String>,
    /// The queried host name, if it is not the registered domain itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// Days until expiry; negative after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_days: Option<i64>,
    /// Show the raw text in the reply instead of attaching it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    show_raw: bool,
    /// What the reply leaves out, if the responses are too long; counted in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    truncated: Option<Truncated>,
}

impl Command for Whois {
    const SPEC: Spec = Spec {
        name: "whois",
        aliases: &["rdap"],
        group: Group::Dns,
        examples: &[
            "whois example.com",
            "whois 192.0.2.1",
            "whois AS64496",
            "whois example.com source=whois raw",
        ],
        timeout: Duration::from_secs(25),
        cost: Cost::Light,
        sends: 32 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::domain("dns"),
        Next::domain("mx"),
        Next::domain("delegation"),
        Next::about("ip", Subject::Address),
        Next::about("reverse", Subject::Address),
        Next::about("blocklist", Subject::Address),
        Next::target("asn"),
    ];
    const SHORT: Short = Short::Members(&["/state", "/expires"]);
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Domain, TargetKind::Address];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let follow = self.follow.is_none_or(|follow| follow.0);
        let registries = &cx.net.registries;
        let (kind, query, host) =
            registrable(&self.target, |suffix| registries.has_registry(suffix))?;
        let server = self.server.as_ref();
        let mut source = Source::Rdap;
        let mut found = RegistryAnswer::default();
        let rdap = server.is_none() && self.source != Some(Source::Whois) && registries.has_rdap();

        if rdap {
            found = registries.rdap(kind, &query, follow).await;
        } else if self.source == Some(Source::Rdap) {
            return Err(Failure::Unavailable(
                "RDAP is disabled here (setting `[rdap] enabled`)".into(),
            ));
        }

        if !has_data(&found) && self.source != Some(Source::Rdap) {
            source = Source::Whois;
            let whois = registries.whois(kind, &query, server, follow).await;
            found = fall_back(found, whois);
        }

        let RegistryAnswer {
            registration,
            chain,
            raw,
            failure,
        } = found;

        let Some(facts) = registration else {
            let no_registry = || Failure::Upstream {
                what: query.clone(),
                why: "no registry found for it".into(),
            };
            return Err(failure.unwrap_or_else(no_registry));
        };

        Ok(Data::new(
            query, host, source, facts, chain, &raw, self.raw.0,
        ))
    }

    fn contacts(&self) -> Option<&Host> {
        self.server.as_ref().map(|server| &server.host)
    }
}

/// Whether a registry said something about the object.
fn has_data(answer: &RegistryAnswer) -> bool {
    rank(answer) > Some(1)
}

/// How much an answer says: nothing, a rate limit, or the state of the object. `None` without an answer.
fn rank(answer: &RegistryAnswer) -> Option<u8> {
    let facts = answer.registration.as_ref()?;
    Some(match facts.state {
        RegistrationState::Unavailable => 0,
        RegistrationState::Throttled => 1,
        _ => 2,
    })
}

/// The answer of port 43 after an RDAP answer without data, whose explanation is kept if port 43 does not say more.
fn fall_back(mut rdap: RegistryAnswer, mut whois: RegistryAnswer) -> RegistryAnswer {
    whois.chain.splice(0..0, std::mem::take(&mut rdap.chain));
    if !has_data(&whois) && rdap.registration.is_some() && rank(&rdap) >= rank(&whois) {
        whois.registration = rdap.registration;
        whois.raw.prepend(rdap.raw);
    }

    whois
}

impl Data {
    pub(crate) fn new(
        query: String,
        host: Option<String>,
        source: Source,
        facts: Registration,
        chain: Vec<ReferralStep>,
        raw: &RawAnswers,
        show_raw: bool,
    ) -> Self {
        let (shown, total) = raw.shown_of_total();
        let texts: Vec<String> = raw
            .texts()
            .iter()
            .map(|(server, text)| format!("# {server}\n{}\n", text.trim_end()))
            .collect();
        let expires_in_days = facts.expires.as_deref().and_then(|expires| {
            let until = expires
                .parse::<jiff::Timestamp>()
                .ok()?
                .duration_since(jiff::Timestamp::now());
            Some(until.as_secs().div_euclid(86_400))
        });

        Self {
            query,
            source,
            facts,
            chain,
            raw: (!texts.is_empty()).then(|| texts.join("\n")),
            host,
            expires_in_days,
            show_raw,
            truncated: Truncated::of("raw", shown, total),
        }
    }

    fn summary(&self) -> (String, Severity) {
        let name = both_forms(&self.query);
        match self.facts.state {
            RegistrationState::Available if self.facts.kind == Kind::Domain => {
                (format!("{name} is not registered"), Severity::Neutral)
            }
            RegistrationState::Available => (format!("{name} is not allocated"), Severity::Neutral),
            RegistrationState::Reserved => (
                format!("{name} is reserved by the registry"),
                Severity::Neutral,
            ),
            RegistrationState::Throttled => (
                "The registry is rate-limiting us; try again later".into(),
                Severity::Warning,
            ),
            RegistrationState::Unavailable => (
                "The registry returned no usable data".into(),
                Severity::Warning,
            ),
            RegistrationState::Registered => self.registered_summary(),
        }
    }

    fn registered_summary(&self) -> (String, Severity) {
        if self.facts.kind != Kind::Domain {
            let network = self.facts.network.as_ref();
            let holder = network.and_then(|network| network.organization.as_deref());
            let name = network.and_then(|network| network.name.as_deref());

            // The name of a block is not that of its holder.
            let text = match (holder, name) {
                (Some(holder), _) => format!("Registered to {holder}"),
                (None, Some(name)) => format!("Registered as {name}"),
                (None, None) => "Registered to an undisclosed registrant".into(),
            };
            return (text, Severity::Good);
        }

        let via = self
            .facts
            .registrar
            .as_ref()
            .and_then(|registrar| registrar.name.as_deref());

        let via = via.map(|name| format!(" via {name}")).unwrap_or_default();

        match (self.facts.expires.as_deref(), self.expires_in_days) {
            (Some(expires), Some(days)) => {
                let date = date(expires);

                match days {
                    ..0 => (
                        format!(
                            "Registered{via}; expired {} ago ({date})",
                            count_days(days.unsigned_abs())
                        ),
                        Severity::Bad,
                    ),
                    0..30 => (
                        format!(
                            "Registered{via}; expires in {} ({date})",
                            count_days(days.unsigned_abs())
                        ),
                        Severity::Warning,
                    ),
                    _ => (
                        format!(
                            "Registered{via}; expires in {} ({date})",
                            count_days(days.unsigned_abs())
                        ),
                        Severity::Good,
                    ),
                }
            }
            _ => (format!("Registered{via}"), Severity::Good),
        }
    }
}

fn count_days(days: u64) -> String {
    count(usize::try_from(days).unwrap_or(usize::MAX), "day", "days")
}

impl Answer for Data {
    fn present(&self) -> Document {
        let (summary, severity) = self.summary();
        let mut document = Document::new(
            format!("Registration of {}", both_forms(&self.query)),
            summary,
            severity,
        );

        if let Some(host) = &self.host {
            document.field("Host", Cell::domain(host));
        }

        facts::add(&self.facts, &mut document);
        let rows = self.chain.iter().map(|step| {
            [
                Cell::domain(&step.server),
                step.outcome.as_str().into(),
                format!("{:.0} ms", step.elapsed_ms).into(),
            ]
        });

        document.table(["Server", "Result", ">Time"], rows.collect());
        if let Some(raw) = &self.raw {
            if self.show_raw {
                document.code(raw.as_str())
            } else {
                document.block(Block::Attachment {
                    name: format!("whois-{}.txt", self.query.replace(['/', ':'], "_")),
                    text: raw.clone(),
                })
            };
        }

        if let Some(truncated) = &self.truncated {
            document.warn(truncated.warning("bytes of the responses"));
        }

        if let Some(warning) = name_warning(&self.query) {
            document.warn(warning);
        }

        document
    }

    fn lifetime(&self) -> Duration {
        match self.facts.state {
            RegistrationState::Registered => Duration::from_secs(900),
            RegistrationState::Available | RegistrationState::Reserved => Duration::from_secs(60),
            RegistrationState::Throttled | RegistrationState::Unavailable => Duration::ZERO,
        }
    }
}
