//! Registration data of domains, address blocks and AS numbers, from registries and registrars.
//!
//! Two parsers with the same result: [`whois`] parses the text of port 43, [`rdap`] the JSON of RDAP. [`bootstrap`]
//! finds the RDAP server to query. All functions are pure.
//!
//! Rule of the parsers: a field is set only from data of the registry. An ambiguous text leaves the field empty.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::countries;

pub mod bootstrap;
#[cfg(test)]
mod cases;
mod dates;
pub mod rdap;
mod status;
pub mod subject;
mod values;
pub mod whois;

/// Kind of a registered object.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A registered domain name.
    #[default]
    Domain,
    /// A single IPv4 or IPv6 address.
    Ip,
    /// An address block in CIDR form.
    Network,
    /// An autonomous system number.
    Asn,
}

/// Registration state of an object.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum RegistrationState {
    /// The object is registered.
    Registered,
    /// The registry has no such object: a domain may be registered, an address block is not allocated.
    Available,
    /// The registry has reserved or blocked the object.
    Reserved,
    /// The server refused to answer because of a rate limit.
    Throttled,
    /// The server returned no usable data.
    #[default]
    Unavailable,
}

/// Registration data of one object.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Registration {
    /// Kind of the object.
    pub kind: Kind,
    /// Whether the object is registered.
    pub state: RegistrationState,
    /// Registrar of a domain, if known. Always absent for address blocks and AS numbers.
    pub registrar: Option<Registrar>,
    /// Registrant of a domain, if disclosed.
    pub registrant: Option<Registrant>,
    /// Status values: EPP codes in camel case (`clientTransferProhibited`), values of other registries in lower case.
    pub status: Vec<String>,
    /// Delegated name servers in the order of the registry: lower case, no final dot, no addresses, no duplicates.
    pub nameservers: Vec<String>,
    /// Time of the first registration, RFC 3339 in UTC. A date without a time is midnight.
    pub created: Option<String>,
    /// Time of the last change of the registration data, RFC 3339 in UTC.
    pub updated: Option<String>,
    /// End of the registration period, RFC 3339 in UTC.
    pub expires: Option<String>,
    /// Whether the delegation is signed (DNSSEC), if the registry says so.
    pub dnssec: Option<bool>,
    /// Address block or AS, for kinds other than `domain`.
    pub network: Option<Network>,
    /// Explanation of the registry for a missing registration, such as why a name is reserved; at most 300 characters.
    #[serde(default)]
    pub notice: Option<String>,
}

/// Registrar of a domain, with its abuse contact.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Registrar {
    /// Name as the registry writes it.
    pub name: Option<String>,
    /// Number in IANA's list of accredited registrars, digits only.
    pub iana_id: Option<String>,
    /// Website as the registry writes it, with or without a scheme.
    pub url: Option<String>,
    /// Email address for abuse reports.
    pub abuse_email: Option<String>,
    /// Telephone number for abuse reports, as written.
    pub abuse_phone: Option<String>,
}

/// Registrant of a domain.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Registrant {
    /// Organization of the registrant; never a redaction notice.
    pub organization: Option<String>,
    /// Country, as an ISO 3166-1 alpha-2 code in upper case.
    pub country: Option<String>,
}

/// An address block or an autonomous system.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Network {
    /// First address of the block, or first AS number (`AS64496`) of a block of several; absent for a single AS.
    pub start: Option<String>,
    /// Last address of the block, or last AS number of a block of several; absent for a single AS.
    pub end: Option<String>,
    /// The block as CIDR prefixes, in address order; empty for an AS.
    pub cidr: Vec<String>,
    /// Short name in the registry, such as `EXAMPLE-NET` or an AS name.
    pub name: Option<String>,
    /// Organization that holds the block or AS.
    pub organization: Option<String>,
    /// Country, as an ISO 3166-1 alpha-2 code in upper case.
    pub country: Option<String>,
    /// AS that announces the block, according to the registry; absent for an AS.
    pub origin_asn: Option<u32>,
}

impl Registration {
    /// Creates a registration without data.
    pub fn empty(kind: Kind) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    /// Removes parts without any data, so that missing data has one form.
    fn tidy(mut self) -> Self {
        self.registrar = self.registrar.filter(|r| *r != Registrar::default());
        self.registrant = self.registrant.filter(|r| *r != Registrant::default());
        self.network = self.network.filter(|n| *n != Network::default());
        self
    }
}
