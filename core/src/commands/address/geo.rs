//! `geo`: location and network of an address, from the local database.

mod source;
mod summary;

use std::{net::IpAddr, sync::Arc};

use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::{
    geo::{Country, DatabaseInfo, GeoFacts, GeoReader, Location, Network},
    ip_class::{self, Kind},
    target::{Host, both_forms},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::{source::add_attribution, summary::PlaceSummary};
use crate::{
    command::{Command, Context},
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
    place: Place,
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
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Address];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let (query, addresses) = addresses(cx, &self.target).await?;
        let mut places: Vec<Place> = addresses
            .into_iter()
            .map(|address| Place::of(cx, address))
            .collect();
        let place = places.remove(0);
        Ok(Data {
            query,
            place,
            more: places,
        })
    }
}

impl Data {
    /// Data of a single address.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn one(place: Place) -> Self {
        Self {
            query: place.address.to_string(),
            place,
            more: Vec::new(),
        }
    }
}

/// Resolves the target to its addresses, at least one, without contacting them. Fails if the name has none.
pub(crate) async fn addresses(
    cx: &Context,
    target: &Host,
) -> Result<(String, Vec<IpAddr>), Failure> {
    let query = target.to_string();
    let mut addresses = cx.net.addresses(target).await?;
    addresses.truncate(MAX_ADDRESSES);
    if addresses.is_empty() {
        Err(Failure::Upstream {
            what: both_forms(&query),
            why: "the name has no address".into(),
        })
    } else {
        Ok((query, addresses))
    }
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

        let GeoFacts {
            country,
            region,
            city,
            postal,
            location,
            network,
            databases,
        } = geo.lookup(address);

        Self {
            address,
            version: if address.is_ipv4() { 4 } else { 6 },
            scope: scope.kind,
            special,
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
        match (&self.special, self.place(), self.holder()) {
            (Some(special), ..) if self.scope != Kind::Global => {
                format!(
                    "{} address: {} ({}, {})",
                    self.kind(),
                    special.name,
                    special.range,
                    special.source
                )
            }
            (_, Some(place), Some(holder)) => format!("{place}; {holder}"),
            (_, Some(place), None) => place,
            (_, None, Some(holder)) => holder,
            (_, None, None) => "No location data for this address".into(),
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
        let mut document = Document::new(title, self.place.summary(), Severity::Neutral);
        self.place.add_facts(&mut document);
        let rows = self.more.iter().map(|place| {
            let part = |text: Option<String>| text.unwrap_or_default().into();
            [
                Cell::new(place.address, Role::Address),
                part(place.place()),
                part(place.holder()),
            ]
        });
        document.table(["Other address", "Location", "Network"], rows.collect());
        self.place.add_source(&mut document);
        document
    }
}

#[cfg(test)]
pub(crate) mod tests;
