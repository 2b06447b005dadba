//! Place and network of an address, from local databases only.
//!
//! [`GeoReader`] answers from up to two databases: one for places, one for networks (AS numbers). Where the operator
//! names no file, the database that ships with the program serves. [`GeoHandle`] keeps a reader current while files
//! are replaced below it.

mod database;
mod handle;
mod record;

use std::{borrow::Cow, net::IpAddr, path::Path, sync::Arc};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use crate::countries::country;
use record::Record;

pub use database::{ATTRIBUTION, Database, GeoError, install, verify};
pub use handle::{GeoHandle, GeoPaths, Refresh};

/// Longest text taken from a database, in bytes.
const TEXT_MAX: usize = 120;

/// What the databases know about an address. What they do not say is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct GeoFacts {
    /// The country.
    pub country: Option<Country>,
    /// State, province or the like.
    pub region: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code.
    pub postal: Option<String>,
    /// Position on Earth.
    pub location: Option<Location>,
    /// The announced network.
    pub network: Option<Network>,
    /// The databases that were asked.
    pub databases: Arc<[DatabaseInfo]>,
}

/// A country.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Country {
    /// ISO 3166-1 alpha-2, upper case.
    pub code: Cow<'static, str>,
    /// English name.
    pub name: Option<Cow<'static, str>>,
}

/// A position; databases mean the centre of an area.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Location {
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Radius around the position, kilometres.
    pub accuracy_km: Option<f64>,
    /// IANA time zone, e.g. `Europe/Berlin`.
    pub time_zone: Option<String>,
}

/// The network that an address belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Network {
    /// The block that the database has one record for.
    #[schemars(with = "Option<String>")]
    pub cidr: Option<IpNet>,
    /// AS number.
    pub asn: Option<u32>,
    /// Who holds the AS number.
    pub organization: Option<String>,
}

/// A database in use.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DatabaseInfo {
    /// Its own name, e.g. `GeoLite2-City`.
    pub name: String,
    /// When it was built, RFC 3339; `None` where it does not say.
    pub built: Option<String>,
}

/// Answers lookups from one or two databases.
#[derive(Debug)]
pub struct GeoReader {
    place: Arc<Database>,
    /// The second database, where networks come from another one than places.
    network: Option<Arc<Database>>,
    info: Arc<[DatabaseInfo]>,
}

impl GeoReader {
    /// The shipped database alone.
    pub fn embedded() -> Result<Self, GeoError> {
        Ok(Self::new(Arc::new(Database::embedded()?), None))
    }

    /// Databases from files; for `None` the shipped one serves.
    pub fn open(city: Option<&Path>, asn: Option<&Path>) -> Result<Self, GeoError> {
        let load = |path: Option<&Path>| {
            path.map_or_else(Database::embedded, Database::open)
                .map(Arc::new)
        };
        // One file for both, or none at all: one database.
        Ok(if city == asn {
            Self::new(load(city)?, None)
        } else {
            Self::new(load(city)?, Some(load(asn)?))
        })
    }

    /// A reader over databases that are already open.
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

    /// Names and ages of the databases in use.
    pub fn databases(&self) -> &Arc<[DatabaseInfo]> {
        &self.info
    }

    /// What is known about an address. An IPv4-mapped IPv6 address is looked up as the IPv4 address it carries.
    /// A record that cannot be read counts as none: the file was checked when it was opened.
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

        // Where a separate network database says nothing, the place database may.
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

fn country_of(record: &Record) -> Option<Country> {
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

fn location_of(record: &Record) -> Option<Location> {
    // Half a position is none.
    let (latitude, longitude) = record.latitude.zip(record.longitude).unzip();
    let accuracy_km = record.accuracy_km.filter(|_| latitude.is_some());
    let time_zone = record.time_zone.and_then(clip);
    let known = latitude.is_some() || time_zone.is_some();
    known.then_some(Location {
        latitude,
        longitude,
        accuracy_km,
        time_zone,
    })
}

/// A text from a database: bounded, without control characters; `None` when nothing is left.
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
