//! `caa`: which certificate authorities may issue certificates for a name (RFC 8659).

mod property;

use domain::base::Rtype;
use netvane_document::{Answer, Cell, Document, Failure, Severity};
use netvane_facts::target::{Domain, Host, Resolver};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Comparison, Context, Next, Short},
    commands::dns::lookup::{
        Lookup, Outcome, ParsedLookup, Row, answer_values, count, look_up, look_up_explained, ttl,
    },
    spec::{Cost, Group, Spec},
};
use property::Property;

/// Most parent names that are queried.
const MAX_CLIMBED: usize = 10;

/// Certificate authorities that may issue certificates for a name.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Caa {
    /// The domain name to look up.
    domain: Domain,
    /// DNS server to query instead of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
}

/// A DNS lookup of the CAA records that apply to a name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    #[serde(flatten)]
    lookup: Lookup,
    /// The name whose records apply: the queried one or a name above it (RFC 8659 §3). `null` without records.
    found_at: Option<String>,
    /// The name above the queried one whose records could not be looked up, so that the result is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<String>,
}

impl Command for Caa {
    const SPEC: Spec = Spec {
        name: "caa",
        aliases: &[],
        group: Group::Dns,
        examples: &["caa example.com"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 32 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("tls"),
        Next::target("http"),
        Next::domain("dns"),
        Next::domain("whois"),
    ];
    const SHORT: Short = Short::Values(answer_values);
    const COMPARES: Option<Comparison> = Some(super::record::comparison("caa"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        let domain = self.domain.as_str();
        let own = look_up_explained(cx, &client, domain, Rtype::CAA).await?;
        if own.lookup.outcome != Outcome::NoData {
            return Ok(Data::new(domain, own));
        }

        for parent in parents(domain) {
            let Ok(above) = look_up(&client, parent, Rtype::CAA).await else {
                return Ok(Data::failed(domain, parent, own));
            };
            match above.lookup.outcome {
                Outcome::Answer => return Ok(Data::above(domain, parent, above)),
                Outcome::NoData | Outcome::Nxdomain => {}
                _ => return Ok(Data::failed(domain, parent, own)),
            }
        }

        Ok(Data::new(domain, own))
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver.as_ref().map(Resolver::host)
    }
}

/// The names above a name, nearest first, without the root.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| Some(name.split_once('.')?.1))
        .skip(1)
        .take(MAX_CLIMBED)
}

impl Data {
    fn new(domain: &str, answered: ParsedLookup) -> Self {
        let found = answered.lookup.outcome == Outcome::Answer;
        Self {
            lookup: answered.lookup,
            found_at: found.then(|| domain.to_owned()),
            failed_at: None,
        }
    }

    /// The result for `domain` with the records of a name above it.
    fn above(domain: &str, parent: &str, mut answered: ParsedLookup) -> Self {
        answered.lookup.name = domain.to_owned();
        Self::new(parent, answered)
    }

    /// The result without records of `domain`, when the lookup of a name above it failed.
    fn failed(domain: &str, parent: &str, own: ParsedLookup) -> Self {
        Self {
            failed_at: Some(parent.to_owned()),
            ..Self::new(domain, own)
        }
    }

    fn properties(&self) -> Vec<(&Row, Property)> {
        let mut properties: Vec<_> = self
            .lookup
            .matching_rows()
            .map(|row| (row, Property::read(&row.data)))
            .collect();
        properties.sort_by_key(|(_, property)| !property.restricts());
        properties
    }

    fn summary(&self, properties: &[Property]) -> (String, Severity) {
        let number = count(properties.len(), "CAA record", "CAA records");
        if let Some(property) = properties
            .iter()
            .find(|property| property.is_unknown_critical())
        {
            let summary = format!(
                "No CA may issue certificates: the property `{}` is critical and unknown",
                property.tag
            );
            return (summary, Severity::Bad);
        }
        if properties.iter().any(Property::is_malformed) {
            let summary = format!("{number}, not all of them valid");
            return (summary, Severity::Warning);
        }

        let issue: Vec<_> = properties.iter().filter(|it| it.tag == "issue").collect();
        let summary = match &self.found_at {
            _ if !issue.is_empty() && issue.iter().all(|it| it.issuer().is_none()) => {
                "No CA may issue certificates".to_owned()
            }
            Some(name) if *name != self.lookup.name => format!("{number} of {name}"),
            _ => number,
        };
        (summary, Severity::Good)
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let rows = self.properties();
        let properties: Vec<Property> = rows.iter().map(|(_, property)| property.clone()).collect();
        let (summary, severity) = self.summary(&properties);

        let mut document = self.lookup.document(summary);
        if self.lookup.outcome == Outcome::Answer {
            document.severity = document.severity.max(severity);
        }
        if let Some(name) = self
            .found_at
            .as_ref()
            .filter(|name| **name != self.lookup.name)
        {
            document.field("Records of", Cell::domain(name.as_str()));
        }
        if let Some(name) = &self.failed_at {
            document.warn(format!(
                "Could not look up the CAA records of {name}, which apply here too; a CA that fails as well must not issue (RFC 8659 §3)"
            ));
        } else if self.lookup.outcome == Outcome::NoData {
            document
                .note("Neither the name nor a name above it has CAA records, so any CA may issue");
        }

        let rows = rows.iter().map(|(row, property)| {
            [
                property.tag.as_str().into(),
                Cell::exact(&property.value),
                Cell::aside(property.meaning(&properties)),
                ttl(row.ttl).into(),
            ]
        });
        document.table(["Tag", "Value", "Meaning", ">TTL"], rows.collect());

        self.lookup.add_source(&mut document);

        document
    }

    fn lifetime(&self) -> std::time::Duration {
        self.lookup.lifetime()
    }

    fn age(&mut self, seconds: u32) {
        self.lookup.age(seconds);
    }
}

#[cfg(test)]
mod tests;
