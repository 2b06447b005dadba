//! Location and network of an address, from local databases only.
//!
//! [`GeoReader`] uses up to two databases: one for locations, one for networks (AS numbers). Without a configured
//! file it uses the database that ships with the program. [`GeoHandle`] reloads the reader when files are replaced.

mod as_prefixes;
mod attribution;
mod database;
mod handle;
mod install;
mod record;

use std::{borrow::Cow, net::IpAddr, path::Path, sync::Arc};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::countries::country;
use record::GeoRecord;

pub use as_prefixes::AsPrefixes;
pub use attribution::{ATTRIBUTION, Credit, credit, lacks_cities};
pub use database::{Database, GeoError};
pub use handle::{GeoHandle, GeoPaths, Refresh};
pub use install::{Contents, install, verify};

/// Longest text taken from a database, in bytes; longer ones are truncated.
const TEXT_MAX: usize = 120;

/// Location and network of an address. Fields that the databases do not have are `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct GeoFacts {
    /// Country of the address.
    pub country: Option<Country>,
    /// State, province or similar region.
    pub region: Option<String>,
    /// City name, in English.
    pub city: Option<String>,
    /// Postal code of the area.
    pub postal: Option<String>,
    /// Coordinates and time zone.
    pub location: Option<Location>,
    /// Network that holds the address.
    pub network: Option<Network>,
    /// Databases that were used.
    pub databases: Arc<[DatabaseInfo]>,
}

/// A country by code and name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Country {
    /// ISO 3166-1 alpha-2, upper case.
    pub code: Cow<'static, str>,
    /// English name of the country.
    pub name: Option<Cow<'static, str>>,
}

/// Coordinates; databases give the center of an area.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// Latitude in degrees, positive to the north.
    pub latitude: Option<f64>,
    /// Longitude in degrees, positive to the east.
    pub longitude: Option<f64>,
    /// Radius of uncertainty around the position, in kilometers.
    pub accuracy_km: Option<f64>,
    /// IANA time zone, e.g. `Europe/Berlin`.
    pub time_zone: Option<String>,
}

/// The network that holds an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Network {
    /// The address block of the database record.
    #[schemars(with = "Option<String>")]
    pub cidr: Option<IpNet>,
    /// Number of the AS that announces the network.
    pub asn: Option<u32>,
    /// Organization that holds the AS number.
    pub organization: Option<String>,
}

/// A geo database in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseInfo {
    /// Name from its metadata, e.g. `GeoLite2-City`.
    pub name: String,
    /// Build time, RFC 3339; `None` if the metadata has none.
    pub built: Option<String>,
}

/// Looks addresses up in one or two databases.
#[derive(Debug)]
pub struct GeoReader {
    place: Arc<Database>,
    /// The second database, if networks come from another one than locations.
    network: Option<Arc<Database>>,
    info: Arc<[DatabaseInfo]>,
}

impl GeoReader {
    /// Opens the shipped database alone.
    pub fn embedded() -> Result<Self, GeoError> {
        Ok(Self::new(Arc::new(Database::embedded()?), None))
    }

    /// Opens databases from files; `None` selects the shipped one.
    pub fn open(city: Option<&Path>, asn: Option<&Path>) -> Result<Self, GeoError> {
        let load = |path: Option<&Path>| {
            path.map_or_else(Database::embedded, Database::open)
                .map(Arc::new)
        };
        // One file for both, or none: one database is enough.
        Ok(if city == asn {
            Self::new(load(city)?, None)
        } else {
            Self::new(load(city)?, Some(load(asn)?))
        })
    }

    /// Creates a reader for databases that are already open.
    pub fn new(place: Arc<Database>, network: Option<Arc<Database>>) -> Self {
        let info = std::iter::once(&place)
            .chain(&network)
            .map(|db| DatabaseInfo::of(db))
            .collect();
        Self {
            place,
            network,
            info,
        }
    }

    /// Names and build times of the databases in use.
    pub fn databases(&self) -> &Arc<[DatabaseInfo]> {
        &self.info
    }

    /// Looks up an address; an IPv4-mapped IPv6 address as its IPv4 address. An unreadable record counts as no record,
    /// because the file was checked when it was opened.
    pub fn lookup(&self, address: IpAddr) -> GeoFacts {
        let address = address.to_canonical();
        let place = self.place.find(address).unwrap_or_default();
        let network = self
            .network
            .as_ref()
            .and_then(|db| db.find(address).unwrap_or_default());
        let cidr = network
            .as_ref()
            .or(place.as_ref())
            .and_then(|(_, cidr)| *cidr);
        let place = place.map(|(record, _)| record).unwrap_or_default();
        let network = network.map(|(record, _)| record).unwrap_or_default();

        // If a separate network database has no AS number, the location database may have one.
        let asn = if network.asn.is_some() {
            &network
        } else {
            &place
        };

        let country_record = if place.country_code.is_some() {
            &place
        } else {
            &network
        };

        let organization = asn.organization.and_then(clip);

        GeoFacts {
            country: country_of(country_record),
            region: place.region.and_then(clip),
            city: place.city.and_then(clip),
            postal: place.postal.and_then(clip),
            location: location_of(&place),
            network: (cidr.is_some() || asn.asn.is_some() || organization.is_some()).then_some(
                Network {
                    cidr,
                    asn: asn.asn,
                    organization,
                },
            ),
            databases: Arc::clone(&self.info),
        }
    }
}

fn country_of(record: &GeoRecord) -> Option<Country> {
    let code = record.country_code?;
    Some(match country(code) {
        Some((code, name)) => Country {
            code: Cow::Borrowed(code),
            name: Some(Cow::Borrowed(name)),
        },
        None => Country {
            code: Cow::Owned(code.to_ascii_uppercase()),
            name: record.country_name.and_then(clip).map(Cow::Owned),
        },
    })
}

fn location_of(record: &GeoRecord) -> Option<Location> {
    // One coordinate alone is useless.
    let (latitude, longitude) = record.latitude.zip(record.longitude).unzip();
    let accuracy_km = record.accuracy_km.filter(|_| latitude.is_some());
    let time_zone = record.time_zone.and_then(clip);
    let has_data = latitude.is_some() || time_zone.is_some();
    has_data.then_some(Location {
        latitude,
        longitude,
        accuracy_km,
        time_zone,
    })
}

/// Truncates a text from a database and removes control characters; `None` if nothing is left.
fn clip(text: &str) -> Option<String> {
    let end = text.floor_char_boundary(TEXT_MAX);
    let text = text[..end].trim();
    let text = if text.contains(char::is_control) {
        text.replace(char::is_control, "")
    } else {
        text.to_owned()
    };
    (!text.is_empty()).then_some(text)
}

impl DatabaseInfo {
    fn of(database: &Database) -> Self {
        let built = i64::try_from(database.built)
            .ok()
            .filter(|&seconds| seconds > 0);
        let built = built.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        Self {
            name: database.name.clone(),
            built: built.map(|time| time.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
