//! `asn`: an autonomous system, its holder and its prefixes.

#[cfg(test)]
mod tests;

use std::time::Duration;

use ipnet::IpNet;
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::{
    countries::country,
    geo::AsPrefixes,
    registration::{Kind, Registration, RegistrationState},
};
use netvane_net::{offload, registry::RegistryAnswer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::AsNumber,
    command::{Command, Context, Next},
    commands::dns::lookup::count,
    spec::{Cost, Group, Spec},
};

/// Most prefixes of each IP version that are shown.
const MAX_SHOWN: usize = 32;

/// Timeout of the registry lookup, so that a slow registry does not delay the prefixes for longer.
const REGISTRY_TIMEOUT: Duration = Duration::from_secs(10);

/// IANA's registry of special-purpose AS numbers (RFC 7249): first, last, use.
#[rustfmt::skip]
const SPECIAL: &[(u32, u32, &str)] = &[
    (0, 0, "reserved (RFC 7607)"),
    (112, 112, "AS112 project: sinks reverse lookups of private addresses (RFC 7534)"),
    (23_456, 23_456, "AS_TRANS: stands for 32-bit numbers where only 16 bits fit (RFC 6793)"),
    (64_496, 64_511, "documentation (RFC 5398)"),
    (64_512, 65_534, "private use (RFC 6996)"),
    (65_535, 65_535, "reserved (RFC 7300)"),
    (65_536, 65_551, "documentation (RFC 5398)"),
    (4_200_000_000, 4_294_967_294, "private use (RFC 6996)"),
    (4_294_967_295, 4_294_967_295, "reserved (RFC 7300)"),
];

/// The holder, country and prefixes of an autonomous system.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asn {
    /// An AS number such as `AS64496`.
    asn: AsNumber,
}

/// An autonomous system: its name, its registration and its networks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    asn: u32,
    /// Name of the AS in the registry, such as `EXAMPLE-AS`.
    name: Option<String>,
    /// Holder of the AS.
    organization: Option<String>,
    /// Country of the holder, ISO 3166-1 alpha-2; without a registration, of most of its prefixes.
    country: Option<String>,
    prefixes: Prefixes,
    /// Registration data; `null` if no registry answered.
    registration: Option<Registration>,
    /// Use of a number that IANA reserves; such a number has no registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    special: Option<String>,
    /// Why there is no registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

/// Prefixes of the AS in the local database.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Prefixes {
    /// Number of IPv4 prefixes.
    v4: usize,
    /// Number of IPv6 prefixes.
    v6: usize,
    /// Some of them: of each IP version the largest first.
    #[schemars(with = "Vec<String>")]
    shown: Vec<IpNet>,
}

impl Command for Asn {
    const SPEC: Spec = Spec {
        name: "asn",
        aliases: &[],
        group: Group::Dns,
        examples: &["asn AS64496", "asn 64496"],
        timeout: Duration::from_secs(20),
        cost: Cost::Light,
        sends: 32 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[Next::target("whois")];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let asn = self.asn.0;
        let geo = cx.runtime.geo.current();
        let found = offload::run(geo.network_bytes(), move || geo.prefixes_of(asn, MAX_SHOWN));
        let found = found.await?.map_err(|reason| {
            tracing::warn!(%reason, "geo database unreadable");
            Failure::Unavailable("the geo database cannot be read".into())
        })?;

        let mut data = Data::of(asn, found);
        if data.is_registrable() {
            cx.progress(&data);
            let lookup = registration(cx, self.asn);
            match tokio::time::timeout(REGISTRY_TIMEOUT, lookup).await {
                Ok(Ok(registration)) => data.add_registration(registration),
                Ok(Err(failure)) => data.missing = Some(failure.to_string()),
                Err(_) => data.missing = Some("the registry did not answer in time".into()),
            }
        }
        Ok(data)
    }
}

/// Asks the registry over RDAP, and over whois if that has no data.
async fn registration(cx: &Context, asn: AsNumber) -> Result<Option<Registration>, Failure> {
    let registries = &cx.net.registries;
    let query = asn.0.to_string();
    let mut found = RegistryAnswer::default();
    if registries.has_rdap() {
        found = registries.rdap(Kind::Asn, &query, false).await;
    }

    let has_data = |found: &RegistryAnswer| {
        let facts = found.registration.as_ref();
        facts.is_some_and(|facts| facts.state != RegistrationState::Unavailable)
    };
    if !has_data(&found) {
        found = registries.whois(Kind::Asn, &query, None, true).await;
    }

    match (found.registration, found.failure) {
        (None, Some(failure)) => Err(failure),
        (facts, _) => Ok(facts.filter(|facts| facts.state != RegistrationState::Unavailable)),
    }
}

impl Data {
    fn of(asn: u32, found: AsPrefixes) -> Self {
        let special = SPECIAL
            .iter()
            .find(|(first, last, _)| (*first..=*last).contains(&asn))
            .map(|(_, _, purpose)| (*purpose).to_owned());
        Self {
            asn,
            name: None,
            organization: found.organization,
            country: found.country,
            prefixes: Prefixes {
                v4: found.v4,
                v6: found.v6,
                shown: found.shown,
            },
            registration: None,
            special,
            missing: None,
        }
    }

    /// Whether a registry can know the number. AS112 is in use, and registered by ARIN.
    fn is_registrable(&self) -> bool {
        self.special.is_none() || self.asn == 112
    }

    fn add_registration(&mut self, registration: Option<Registration>) {
        let network = registration
            .as_ref()
            .and_then(|facts| facts.network.as_ref());
        // A block of several numbers is that of a registry, not of a holder.
        if let Some(network) = network.filter(|network| network.start == network.end) {
            self.name.clone_from(&network.name);
            if network.organization.is_some() {
                self.organization.clone_from(&network.organization);
            }
            if network.country.is_some() {
                self.country.clone_from(&network.country);
            }
        }
        self.registration = registration;
    }

    fn summary(&self) -> String {
        let is_free = self
            .registration
            .as_ref()
            .is_some_and(|facts| facts.state == RegistrationState::Available);
        let holder = self.organization.as_ref().or(self.name.as_ref());
        let place = self.country.as_ref().map(|code| match country(code) {
            Some((_, name)) => name.to_owned(),
            None => code.clone(),
        });

        match (&self.special, holder, place) {
            (Some(special), _, _) => {
                let mut letters = special.chars();
                let first = letters.next().map(|letter| letter.to_ascii_uppercase());
                first.into_iter().chain(letters).collect()
            }
            (None, Some(holder), Some(place)) => format!("{holder}, {place}"),
            (None, Some(holder), None) => holder.clone(),
            (None, None, _) if is_free => "Not registered".into(),
            (None, None, Some(place)) => format!("Holder not known; {place}"),
            (None, None, None) => "No data for this AS".into(),
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let mut document =
            Document::new(format!("AS{}", self.asn), self.summary(), Severity::Neutral);

        if let Some(name) = &self.name {
            document.field("Name", Cell::exact(name));
        }
        if let Some(organization) = &self.organization {
            document.field("Holder", Cell::exact(organization));
        }
        if let Some(code) = &self.country {
            document.field("Country", Cell::exact(code));
        }
        let registration = self.registration.as_ref();
        if let Some(created) = registration.and_then(|facts| facts.created.as_deref()) {
            document.field("Registered", super::geo::date(created));
        }

        let Prefixes { v4, v6, shown } = &self.prefixes;
        document.field(
            "Prefixes",
            format!("{v4} IPv4, {v6} IPv6, in the local database"),
        );
        if !shown.is_empty() {
            let list: Vec<String> = shown.iter().map(IpNet::to_string).collect();
            let title = if v4.saturating_add(*v6) > shown.len() {
                format!("Largest {}", shown.len())
            } else {
                count(shown.len(), "prefix", "prefixes")
            };
            document.field(title, Cell::new(list.join(", "), Role::Exact));
        }

        if let Some(missing) = &self.missing {
            document.note(format!("No registration: {missing}"));
        }
        document
    }

    fn lifetime(&self) -> Duration {
        match self.missing {
            Some(_) => Duration::ZERO,
            None => Duration::from_secs(300),
        }
    }
}
