//! Registration data: what registries and registrars say about a domain, an address block or an AS number.
//!
//! Two readers, one result: [`whois`] reads the text that port 43 answers, [`rdap`] the JSON of RDAP.
//! [`bootstrap`] says which RDAP server to ask. Everything here is a pure function over what was received.
//!
//! One rule governs the readers: a field is filled only from what the registry said. Where a text can be read
//! in two ways, the field stays empty.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::countries;

pub mod bootstrap;
mod dates;
pub mod rdap;
mod status;
pub mod subject;
mod values;
pub mod whois;

/// What was asked about.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A domain name.
    #[default]
    Domain,
    /// A single IPv4 or IPv6 address.
    Ip,
    /// An address block in CIDR form.
    Network,
    /// An autonomous system number.
    Asn,
}

/// What the registry says of the object as a whole.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It exists and somebody holds it.
    Registered,
    /// The registry knows no such object: a domain can be registered, an address block is not allocated.
    Available,
    /// The registry holds it back from registration.
    Reserved,
    /// The server refused to answer because it was asked too often.
    Throttled,
    /// The server gave no usable answer.
    #[default]
    Unavailable,
}

/// Facts about one registered object.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Registration {
    /// What the facts are about.
    pub kind: Kind,
    /// What the registry says of the object as a whole.
    pub state: State,
    /// The company through which a domain is registered, if named. Always absent for numbers.
    pub registrar: Option<Registrar>,
    /// The holder of a domain, if disclosed.
    pub registrant: Option<Registrant>,
    /// Status words: EPP codes in their camel-case form (`clientTransferProhibited`), words of other registries
    /// in lower case.
    pub status: Vec<String>,
    /// Delegated name servers in the registry's order: lower case, no final dot, no addresses, no duplicates.
    pub nameservers: Vec<String>,
    /// First registration, RFC 3339 in UTC. A date without a time is midnight.
    pub created: Option<String>,
    /// Last change of the registered data, RFC 3339 in UTC.
    pub updated: Option<String>,
    /// End of the paid period, RFC 3339 in UTC.
    pub expires: Option<String>,
    /// Whether the delegation is signed, if the registry says so either way.
    pub dnssec: Option<bool>,
    /// The address block or AS, for kinds other than `domain`.
    pub network: Option<Network>,
}

/// The registrar of a domain.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Registrar {
    /// Its name as the registry writes it.
    pub name: Option<String>,
    /// Its number in IANA's list of accredited registrars, digits only.
    pub iana_id: Option<String>,
    /// Its web site as the registry gives it, with or without a scheme.
    pub url: Option<String>,
    /// Mail address for reports of abuse.
    pub abuse_email: Option<String>,
    /// Telephone number for reports of abuse, as written.
    pub abuse_phone: Option<String>,
}

/// The holder of a domain.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Registrant {
    /// The holding organization; never a redaction notice.
    pub organization: Option<String>,
    /// ISO 3166-1 alpha-2 code in upper case.
    pub country: Option<String>,
}

/// An address block or an autonomous system.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Network {
    /// First address of the block; absent for an AS.
    pub start: Option<String>,
    /// Last address of the block; absent for an AS.
    pub end: Option<String>,
    /// The block as CIDR prefixes, in address order; empty for an AS.
    pub cidr: Vec<String>,
    /// The registry's short name for it, such as `EXAMPLE-NET` or an AS name.
    pub name: Option<String>,
    /// The organization that holds it.
    pub organization: Option<String>,
    /// ISO 3166-1 alpha-2 code in upper case.
    pub country: Option<String>,
    /// The AS said to announce the block; for an AS, absent.
    pub origin_asn: Option<u32>,
}

impl Registration {
    /// A registration of which nothing is known yet.
    pub fn empty(kind: Kind) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    /// Drops parts in which nothing was filled, so that "not said" has one form.
    fn tidy(mut self) -> Self {
        self.registrar = self.registrar.filter(|r| *r != Registrar::default());
        self.registrant = self.registrant.filter(|r| *r != Registrant::default());
        self.network = self.network.filter(|n| *n != Network::default());
        self
    }
}
