//! `ip`: class, names, location, network and registration of an address.

use std::{net::IpAddr, time::Duration};

use domain::base::Rtype;
use futures::future::join_all;
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::{
    ip_class::Kind,
    registration::{Kind as Registered, RegistrationState},
    target::{Host, both_forms, reverse_name},
};
use netvane_net::registry::RegistryAnswer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Context, Next, Short},
    commands::{
        address::{
            geo::{Place, addresses, country_and_as},
            reverse::ptr_names,
        },
        dns::lookup::look_up,
        target_address::Located,
    },
    spec::{Cost, Group, Spec, TargetKind},
};

/// Most different descriptions of addresses in the summary.
const MAX_SUMMARIES: usize = 3;
/// Timeout of the registry lookup, so that a slow registry does not delay the rest for longer.
const REGISTRY_TIMEOUT: Duration = Duration::from_secs(10);

/// Class, names, location, network and registration of an address.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ip {
    /// An IP address, or a host name to resolve.
    target: Host,
}

/// Data of the first address; further addresses of a host are under `more`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// The query in canonical spelling.
    query: String,
    #[serde(flatten)]
    first: Located<AddressInfo>,
    /// The same data of further addresses of the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    more: Vec<AddressInfo>,
}

/// Everything about one address.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct AddressInfo {
    #[serde(flatten)]
    place: Place,
    /// Names from PTR records, without the final dot.
    names: Vec<String>,
    /// Registration of a public address; `null` if no registry answered.
    registration: Option<Summary>,
    /// Lookups that failed, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

/// Registration of the address block.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Summary {
    cidr: Vec<String>,
    name: Option<String>,
    organization: Option<String>,
    country: Option<String>,
    /// The registry server that answered.
    server: String,
}

impl Command for Ip {
    const SPEC: Spec = Spec {
        name: "ip",
        aliases: &["ipinfo"],
        group: Group::Dns,
        examples: &["ip 192.0.2.1", "ip example.com"],
        timeout: Duration::from_secs(20),
        cost: Cost::Light,
        sends: 32 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("whois"),
        Next::target("reverse"),
        Next::target("blocklist"),
        Next::target("ping"),
        Next::target("trace"),
        Next::target("geo"),
    ];
    const SHORT: Short = Short::Values(country_and_as);
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Address];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let query = self.target.to_string();
        let addresses = match addresses(cx, &self.target).await? {
            Ok(addresses) => addresses,
            Err(none) => {
                return Ok(Data {
                    query,
                    first: Located::Nowhere(none.into()),
                    more: Vec::new(),
                });
            }
        };
        let new = |address| AddressInfo {
            place: Place::of(cx, address),
            names: Vec::new(),
            registration: None,
            missing: Vec::new(),
        };
        let mut all: Vec<AddressInfo> = addresses.into_iter().map(new).collect();
        cx.progress(&Data::of(query.clone(), all.clone()));
        join_all(
            all.iter_mut()
                .map(|about| about.look_up_names_and_registration(cx)),
        )
        .await;
        Ok(Data::of(query, all))
    }
}

impl Data {
    /// Data of these addresses, which must not be empty.
    fn of(query: String, mut addresses: Vec<AddressInfo>) -> Self {
        let first = addresses.remove(0);
        Self {
            query,
            first: Located::At(first),
            more: addresses,
        }
    }
}

impl AddressInfo {
    async fn look_up_names_and_registration(&mut self, cx: &Context) {
        let address = self.place.address;
        let registration = async {
            if self.place.scope != Kind::Global {
                return Ok(None);
            }
            let query = address.to_string();
            let lookup = tokio::time::timeout(REGISTRY_TIMEOUT, registration(cx, &query));
            lookup.await.unwrap_or(Err(Failure::Timeout {
                what: "the registry".into(),
                after: REGISTRY_TIMEOUT,
            }))
        };

        let (names, registration) = futures::join!(names(cx, address), registration);
        let mut missing = |what: &str, failure: Failure| {
            self.missing
                .push(format!("{what}: lookup failed: {failure}"))
        };

        self.names = names.unwrap_or_else(|failure| {
            missing("Names", failure);
            Vec::new()
        });
        self.registration = registration.unwrap_or_else(|failure| {
            missing("Registration", failure);
            None
        });
    }

    fn add_registration(&self, document: &mut Document) {
        if !self.names.is_empty() {
            document.field("Names", Cell::domain(self.names.join("\n")));
        }
        if let Some(registration) = &self.registration {
            let parts: Vec<&str> = [
                &registration.name,
                &registration.organization,
                &registration.country,
            ]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
            document.field("Registered as", Cell::exact(parts.join(", ")));
            document.field(
                "Registered block",
                Cell::new(registration.cidr.join(", "), Role::Address),
            );
        }
    }
}

/// Up to 16 names from PTR records, without the final dot.
pub(crate) async fn names(cx: &Context, address: IpAddr) -> Result<Vec<String>, Failure> {
    let client = cx.net.dns.client(None).await?;
    let answered = look_up(&client, &reverse_name(address), Rtype::PTR).await?;
    Ok(ptr_names(&answered.records).0)
}

async fn registration(cx: &Context, address: &str) -> Result<Option<Summary>, Failure> {
    let registries = &cx.net.registries;
    let mut found = RegistryAnswer::default();
    if registries.has_rdap() {
        found = registries.rdap(Registered::Ip, address, false).await;
    }

    if found
        .registration
        .as_ref()
        .is_none_or(|facts| facts.state != RegistrationState::Registered)
    {
        found = registries.whois(Registered::Ip, address, None, true).await;
    }

    // A server that a provider is referred to may not answer.
    let server = found
        .chain
        .iter()
        .rfind(|step| step.outcome.starts_with("answered"))
        .or(found.chain.last())
        .map(|step| step.server.clone())
        .unwrap_or_default();

    let facts = match (found.registration, found.failure) {
        (None, Some(failure)) => return Err(failure),
        (facts, _) => facts.filter(|facts| facts.state == RegistrationState::Registered),
    };

    Ok(facts.and_then(|facts| facts.network).map(|network| {
        let netvane_facts::registration::Network {
            cidr,
            name,
            organization,
            country,
            ..
        } = network;
        Summary {
            cidr,
            name,
            organization,
            country,
            server,
        }
    }))
}

impl AddressInfo {
    /// Location and network; where the database has none, what the registry says.
    fn summary(&self) -> String {
        let place = &self.place;
        let has_facts = place.scope != Kind::Global || place.country.is_some();
        match &self.registration {
            Some(registration) if !has_facts && place.network.is_none() => {
                let holder = registration.organization.as_ref();
                let parts = [
                    holder.or(registration.name.as_ref()),
                    registration.country.as_ref(),
                ];
                let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
                if parts.is_empty() {
                    return place.summary();
                }
                format!("Registered to {}", parts.join(", "))
            }
            _ => place.summary(),
        }
    }
}

impl Data {
    fn addresses(&self) -> impl Iterator<Item = &AddressInfo> + Clone {
        self.first.at().into_iter().chain(&self.more)
    }

    /// One sentence about all addresses: equal ones are described once.
    fn summary(&self) -> String {
        let mut summaries: Vec<String> = Vec::new();
        for summary in self.addresses().map(AddressInfo::summary) {
            if !summaries.contains(&summary) {
                summaries.push(summary);
            }
        }

        let shown = summaries.len().min(MAX_SUMMARIES);
        let more = match summaries.len() - shown {
            0 => String::new(),
            more => format!(" · {more} more"),
        };
        let text = format!("{}{more}", summaries[..shown].join(" · "));
        match self.addresses().count() {
            0 | 1 => text,
            number => format!("{number} addresses: {text}"),
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("About {}", both_forms(&self.query));
        let first = match &self.first {
            Located::At(first) => first,
            Located::Nowhere(none) => return none.explain_absence(title, &self.query),
        };

        let mut document = Document::new(title, self.summary(), Severity::Neutral);
        for about in self.addresses() {
            if !self.more.is_empty() {
                document.heading(about.place.address.to_string());
            }
            about.place.add_facts(&mut document);
            about.add_registration(&mut document);
        }

        for missing in self.addresses().flat_map(|about| &about.missing) {
            document.note(missing);
        }
        first.place.add_source(&mut document);
        document
    }

    fn lifetime(&self) -> Duration {
        match self.first {
            Located::At(_) => Duration::from_secs(300),
            Located::Nowhere(_) => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests;
