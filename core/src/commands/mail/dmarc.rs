//! `dmarc`: the DMARC policy that applies to a domain, checked (RFC 9989).

mod lint;
mod reports;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures::future::OptionFuture;
use netvane_document::{Answer, Cell, Document, Failure};
use netvane_facts::{
    mailpolicy::dmarc::{Alignment, Target},
    target::{Domain, Host, Resolver, both_forms, name_warning},
};
use netvane_net::{
    dns::Client,
    mailauth::{self, dmarc},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    is_nxdomain,
    problem::{Problem, State, record_cell, show_all, tally},
};
use crate::{
    command::{Command, Context, Next},
    spec::{Cost, Group, Spec},
};
use reports::ReportAddress;

/// DMARC policy of a domain, checked with its report addresses.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dmarc {
    /// The domain to check.
    domain: Domain,
    /// DNS server to query instead of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
}

/// The DMARC policy that applies to a domain, with its problems.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    domain: String,
    /// The domain does not exist (NXDOMAIN), and no record applies.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    nxdomain: bool,
    /// The domain that publishes the record: this one or a parent; `null` if no record applies.
    found_at: Option<String>,
    /// The record as published; `null` if no record applies.
    pub(crate) record: Option<String>,
    pub(crate) state: State,
    /// Policy for the domain: `none`, `quarantine` or `reject`; `null` without a valid record.
    pub(crate) policy: Option<String>,
    /// Policy for its subdomains.
    subdomain_policy: Option<String>,
    /// The policy is being tested (`t=y`), so receivers apply one step less.
    testing: bool,
    /// How domains must match that of the author; `null` if no record applies.
    alignment: Option<AlignmentModes>,
    /// Addresses for aggregate reports.
    rua: Vec<ReportAddress>,
    /// Addresses for failure reports.
    ruf: Vec<ReportAddress>,
    /// The domain that stands for the whole organization.
    organizational_domain: OrganizationalDomains,
    /// Problems of the record and its reports, worst first.
    pub(crate) problems: Vec<Problem>,
    /// Smallest TTL of all records that were looked up, in seconds.
    ttl: u32,
}

/// How the domains of SPF and DKIM must match that of the author (RFC 9989 §4.4).
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
struct AlignmentModes {
    /// `relaxed` or `strict`, for SPF.
    spf: AlignmentMode,
    /// `relaxed` or `strict`, for DKIM.
    dkim: AlignmentMode,
}

/// How a domain must match that of the author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum AlignmentMode {
    /// Both have the same organizational domain.
    Relaxed,
    /// Both are the same domain.
    Strict,
}

impl AlignmentMode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Relaxed => "relaxed",
            Self::Strict => "strict",
        }
    }
}

impl From<Alignment> for AlignmentMode {
    fn from(alignment: Alignment) -> Self {
        match alignment {
            Alignment::Relaxed => Self::Relaxed,
            Alignment::Strict => Self::Strict,
        }
    }
}

/// The organizational domain as two generations of receivers find it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct OrganizationalDomains {
    /// By the tree walk of RFC 9989; `null` if a lookup failed.
    tree_walk: Option<String>,
    /// By the public suffix list, as in RFC 7489; `null` for a public suffix.
    public_suffix_list: Option<String>,
}

impl Command for Dmarc {
    const SPEC: Spec = Spec {
        name: "dmarc",
        aliases: &[],
        group: Group::Mail,
        examples: &["dmarc example.com", "dmarc example.com resolver=1.1.1.1"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 64 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::domain("spf"),
        Next::domain("dkim"),
        Next::domain("mailcheck"),
        Next::domain("mx"),
    ];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        check(&client, self.domain.as_str()).await
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver.as_ref().map(Resolver::host)
    }
}

/// Looks up and checks the policy that applies to a domain.
///
/// # Errors
/// A lookup that decides which record applies failed.
pub(crate) async fn check(client: &Client, domain: &str) -> Result<Data, Failure> {
    let client = &client.recording_ttls();
    let own_name = format!("_dmarc.{domain}");
    let (walk, own_texts) = futures::join!(
        dmarc::walk(client, domain),
        mailauth::texts(client, &own_name)
    );
    let failed = |(name, why): &(String, String)| Failure::Upstream {
        what: format!("DMARC record of {name}"),
        why: why.clone(),
    };
    let applied = walk.applied().map_err(failed)?;

    let found = applied.map(|applied| applied.found);
    let reports = OptionFuture::from(
        found.map(|found| reports::check(client, &found.record, &found.domain, &walk)),
    );
    let policy = OptionFuture::from(applied.map(|applied| dmarc::policy(client, domain, applied)));
    let (policy, reports) = futures::join!(policy, reports);
    let policy = policy.flatten();
    let (rua, ruf) = reports.unwrap_or_default();

    let organizational_domain = OrganizationalDomains {
        tree_walk: walk.organizational_domain().ok().map(str::to_owned),
        public_suffix_list: psl::domain_str(domain).map(str::to_owned),
    };
    let nxdomain = found.is_none() && is_nxdomain(client, domain).await;
    let problems = lint::problems(&lint::Checked {
        nxdomain,
        walk: &walk,
        applied,
        policy,
        own_texts: own_texts.as_deref().unwrap_or_default(),
        suffix_list_domain: organizational_domain.public_suffix_list.as_deref(),
        rua: &rua,
        ruf: &ruf,
    });

    let record = found.map(|found| &found.record);
    let below = record.and_then(|record| record.policy_for(Target::Subdomain));
    Ok(Data {
        domain: domain.to_owned(),
        nxdomain,
        found_at: found.map(|found| found.domain.clone()),
        record: found.map(|found| found.text.clone()),
        state: State::of(&problems, found.is_some()),
        policy: policy.map(|policy| policy.as_str().to_owned()),
        subdomain_policy: below.map(|policy| policy.as_str().to_owned()),
        testing: record.is_some_and(|record| record.is_testing),
        alignment: record.map(|record| AlignmentModes {
            spf: record.spf_alignment.into(),
            dkim: record.dkim_alignment.into(),
        }),
        rua,
        ruf,
        organizational_domain,
        problems,
        ttl: client.shortest_ttl(),
    })
}

impl Data {
    /// The result in one sentence, without the domain.
    pub(crate) fn summary(&self) -> String {
        let Some(found_at) = &self.found_at else {
            return match self.problems.first() {
                Some(problem) => problem.text.clone(),
                None => "No DMARC record".into(),
            };
        };
        let meaning = match self.policy.as_deref() {
            Some("reject") => "receivers should reject mail that fails (p=reject)",
            Some("quarantine") => "receivers should treat mail that fails as spam (p=quarantine)",
            Some(_) => "mail that fails is delivered as usual (p=none)",
            None => "the record cannot be applied",
        };
        let inherited = if *found_at == self.domain {
            String::new()
        } else {
            format!("; inherited from {}", both_forms(found_at))
        };
        let tally = tally(self.problems.iter());
        match self.state {
            State::Ok => format!("Valid: {meaning}{inherited}"),
            State::Error => format!("{tally}: {meaning}{inherited}"),
            _ => format!("Valid, {tally}: {meaning}{inherited}"),
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("DMARC of {}", both_forms(&self.domain));
        let mut document = Document::new(title, self.summary(), self.state.severity());

        if let Some(record) = &self.record {
            document.field("Record", record_cell(record));
        }
        if let Some(policy) = &self.policy {
            document.field("Policy", policy);
        }
        if let Some(policy) = &self.subdomain_policy {
            document.field("Subdomains", policy);
        }
        if let Some(AlignmentModes { spf, dkim }) = self.alignment {
            let modes = format!("SPF {}, DKIM {}", spf.as_str(), dkim.as_str());
            document.field("Alignment", modes);
        }
        for (name, addresses) in [("Reports", &self.rua), ("Failure reports", &self.ruf)] {
            if !addresses.is_empty() {
                let lines: Vec<String> = addresses.iter().map(ReportAddress::line).collect();
                document.field(name, Cell::exact(lines.join("\n")));
            }
        }

        show_all(&mut document, &self.problems);
        if let Some(warning) = name_warning(&self.domain) {
            document.warn(warning);
        }
        document
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(self.ttl.into())
    }
}
