//! `geo`: location and network of an address, from the local database.

mod source;
mod summary;

use std::{net::IpAddr, sync::Arc};

use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::{
    geo::{Country, DatabaseInfo, GeoFacts, GeoReader, Location, Network, lacks_cities},
    ip_class::{self, Kind},
    target::{Host, both_forms},
};
use netvane_net::dns::NoAddress;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::{source::add_attribution, summary::PlaceSummary};
use crate::{
    command::{Command, Comparison, Context, Next, Short, elements, scalar},
    commands::target_address::Located,
    spec::{Cost, Group, Spec, TargetKind},
};

/// Maximum number of addresses of one host; more are not shown.
const MAX_ADDRESSES: usize = 16;

/// Location and network of an address, from the local database.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Geo {
    /// An IP address, or a host name to resolve.
    target: Host,
}

/// Location and network of the first address; further addresses of a host are under `more`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// The query in canonical spelling.
    query: String,
    #[serde(flatten)]
    place: Located<Place>,
    /// The same data of further addresses of the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    more: Vec<Place>,
}

/// Class, location and network of an address.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Place {
    pub(crate) address: IpAddr,
    /// IP version, 4 or 6.
    version: u8,
    /// Class of the address, such as `global` or `private`.
    pub(crate) scope: Kind,
    /// The special-purpose range of the address, with its RFC.
    #[serde(skip_serializing_if = "Option::is_none")]
    special: Option<Special>,
    /// The IPv4 address inside a 6to4, Teredo, NAT64 or IPv4-compatible address; location and network are its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embedded: Option<IpAddr>,
    pub(crate) country: Option<Country>,
    region: Option<String>,
    pub(crate) city: Option<String>,
    postal: Option<String>,
    location: Option<Location>,
    pub(crate) network: Option<Network>,
    databases: Arc<[DatabaseInfo]>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Special {
    range: String,
    name: String,
    /// The RFC that defines the range.
    source: String,
}

impl Command for Geo {
    const SPEC: Spec = Spec {
        name: "geo",
        aliases: &[],
        group: Group::Dns,
        examples: &["geo 192.0.2.1", "geo example.com"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 16 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("ip"),
        Next::target("whois"),
        Next::target("reverse"),
        Next::target("trace"),
    ];
    const SHORT: Short = Short::Values(country_and_as);
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Address];
    const COMPARES: Option<Comparison> =
        Some(Comparison::values(location, "location", "locations"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let query = self.target.to_string();
        let addresses = match addresses(cx, &self.target).await? {
            Ok(addresses) => addresses,
            Err(none) => return Ok(Data::without_address(query, none)),
        };
        let mut places: Vec<Place> = addresses
            .into_iter()
            .map(|address| Place::of(cx, address))
            .collect();
        let place = places.remove(0);
        Ok(Data {
            query,
            place: Located::At(place),
            more: places,
        })
    }
}

/// Country code and AS number of an address, and of the other addresses of a host if they differ.
pub(crate) fn country_and_as(data: &Value) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for address in std::iter::once(data).chain(elements(data, "more")) {
        let country = address.pointer("/country/code").and_then(scalar);
        let asn = address.pointer("/network/asn").and_then(scalar);
        let both = country.into_iter().chain(asn.map(|asn| format!("AS{asn}")));
        for value in both {
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    values
}

impl Data {
    fn without_address(query: String, none: NoAddress) -> Self {
        Self {
            query,
            place: Located::Nowhere(none.into()),
            more: Vec::new(),
        }
    }

    /// Data of a single address.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn one(place: Place) -> Self {
        Self {
            query: place.address.to_string(),
            place: Located::At(place),
            more: Vec::new(),
        }
    }
}

/// Resolves the target to its addresses, at least one, without contacting them.
pub(crate) async fn addresses(
    cx: &Context,
    target: &Host,
) -> Result<Result<Vec<IpAddr>, NoAddress>, Failure> {
    let resolved = cx.net.resolve(target, None).await?;
    Ok(resolved.map(|mut addresses| {
        addresses.truncate(MAX_ADDRESSES);
        addresses
    }))
}

impl Place {
    pub(crate) fn of(cx: &Context, address: IpAddr) -> Self {
        Self::new(&cx.runtime.geo.current(), address)
    }

    pub(crate) fn new(geo: &GeoReader, address: IpAddr) -> Self {
        let address = address.to_canonical();
        let scope = ip_class::classify(address);
        let special = scope.prefix.map(|range| Special {
            range: range.to_string(),
            name: scope.name.into(),
            source: scope.rfc.into(),
        });
        let embedded = match address {
            IpAddr::V6(v6) if scope.kind == Kind::Transition => {
                ip_class::embedded_v4(v6).map(|(v4, _)| IpAddr::V4(v4))
            }
            _ => None,
        };

        let GeoFacts {
            country,
            region,
            city,
            postal,
            location,
            network,
            databases,
        } = geo.lookup(embedded.unwrap_or(address));
        // The table of registries says where the IETF's own ranges are: benchmarking addresses in Japan. A database of
        // the operator's may know private ones.
        let is_located =
            ip_class::is_global(embedded.unwrap_or(address)) || !lacks_cities(geo.databases());
        let location_facts = (country, region, city, postal, location);
        let (country, region, city, postal, location) = if is_located {
            location_facts
        } else {
            Default::default()
        };
        let network = network.filter(|network| is_located || network.asn.is_some());

        Self {
            address,
            version: if address.is_ipv4() { 4 } else { 6 },
            scope: scope.kind,
            special,
            embedded,
            country,
            region,
            city,
            postal,
            location,
            network,
            databases,
        }
    }

    /// City, region and country: `Frankfurt, Hesse, Germany`.
    pub(crate) fn place(&self) -> Option<String> {
        PlaceSummary::from(self).place()
    }

    /// AS number and organization: `AS64496 Example Net`.
    pub(crate) fn holder(&self) -> Option<String> {
        PlaceSummary::from(self).holder()
    }

    /// One sentence about the address.
    pub(crate) fn summary(&self) -> String {
        let special = self.special.as_ref();
        let special = special.filter(|_| self.scope != Kind::Global);
        match (special, self.embedded, self.place_and_holder()) {
            (Some(special), Some(embedded), Some(facts)) => {
                format!("{}: embeds {embedded}, {facts}", special.name)
            }
            (Some(special), Some(embedded), None) => format!("{}: embeds {embedded}", special.name),
            (Some(special), None, _) => {
                format!(
                    "{} address: {} ({}, {})",
                    self.kind(),
                    special.name,
                    special.range,
                    special.source
                )
            }
            (None, _, Some(facts)) => facts,
            (None, _, None) => "No location data for this address".into(),
        }
    }

    /// Location and network in one line: `Germany; AS64496 Example Net`.
    fn place_and_holder(&self) -> Option<String> {
        match (self.place(), self.holder()) {
            (Some(place), Some(holder)) => Some(format!("{place}; {holder}")),
            (place, holder) => place.or(holder),
        }
    }

    fn kind(&self) -> String {
        let kind = self.scope.as_str().replace('_', "-");
        kind[..1].to_uppercase() + &kind[1..]
    }

    pub(crate) fn add_facts(&self, document: &mut Document) {
        document.field("Address", Cell::new(self.address, Role::Address));
        document.field("Class", self.scope.as_str().replace('_', " "));
        if let Some(special) = &self.special {
            document.field(
                "Range",
                format!("{} {}, {}", special.range, special.name, special.source),
            );
        }

        if let Some(embedded) = self.embedded {
            document.field("Embedded IPv4", Cell::new(embedded, Role::Address));
        }

        if let Some(country) = &self.country {
            document.field(
                "Country",
                format!(
                    "{} ({})",
                    country.name.as_deref().unwrap_or("unnamed"),
                    country.code
                ),
            );
        }

        for (name, value) in [
            ("Region", &self.region),
            ("City", &self.city),
            ("Postal code", &self.postal),
        ] {
            if let Some(value) = value {
                document.field(name, Cell::exact(value));
            }
        }

        if let Some(location) = &self.location {
            if let (Some(latitude), Some(longitude)) = (location.latitude, location.longitude) {
                let within = location
                    .accuracy_km
                    .map(|km| format!(", within {km} km"))
                    .unwrap_or_default();
                document.field("Position", format!("{latitude:.4}, {longitude:.4}{within}"));
            }
            if let Some(zone) = &location.time_zone {
                document.field("Time zone", Cell::exact(zone));
            }
        }

        if let Some(holder) = self.holder() {
            document.field("Network", Cell::exact(holder));
        }

        if let Some(cidr) = self.network.as_ref().and_then(|network| network.cidr) {
            document.field("Block", Cell::new(cidr, Role::Address));
        }
    }

    /// Adds the databases with their dates and attributions, and how to get cities if there are none.
    pub(crate) fn add_source(&self, document: &mut Document) {
        source::add_databases(document, &self.databases);
        if self.scope == Kind::Global {
            source::note_missing_cities(document, &self.databases);
        }
    }
}

/// The date of an RFC 3339 timestamp, `2026-03-01`; text that is not a timestamp is truncated to ten bytes.
pub(crate) fn date(timestamp: &str) -> &str {
    &timestamp[..timestamp.floor_char_boundary(10)]
}

/// Not cached: the database is local, and an update takes effect immediately.
impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("Location and network of {}", both_forms(&self.query));
        let place = match &self.place {
            Located::At(place) => place,
            Located::Nowhere(none) => return none.explain_absence(title, &self.query),
        };

        let mut document = Document::new(title, place.summary(), Severity::Neutral);
        place.add_facts(&mut document);
        let rows = self.more.iter().map(|place| {
            let part = |text: Option<String>| text.unwrap_or_default().into();
            [
                Cell::new(place.address, Role::Address),
                part(place.place()),
                part(place.holder()),
            ]
        });
        document.table(["Other address", "Location", "Network"], rows.collect());
        place.add_source(&mut document);
        document
    }
}

#[cfg(test)]
pub(crate) mod tests;

/// Country and network on one line.
fn location(data: &Value) -> Vec<String> {
    let values = country_and_as(data);
    if values.is_empty() {
        values
    } else {
        vec![values.join(" ")]
    }
}
