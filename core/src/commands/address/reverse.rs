//! `reverse`: names of an address (PTR), with forward confirmation.

mod lookup;

use std::{net::IpAddr, time::Duration};

use domain::base::Rtype;
use futures::future::try_join_all;
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::target::{Host, both_forms, name_warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Context, Next, Subject},
    commands::dns::lookup::{Outcome, count, look_up},
    spec::{Cost, Group, Spec},
};

pub(crate) use lookup::{ptr_names, reverse};

/// Maximum number of names per address and of addresses per domain; some addresses have hundreds of names.
const MAX_NAMES: usize = 16;

/// Reverse DNS with forward confirmation.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reverse {
    /// An IP address, or a host name to resolve.
    target: Host,
}

/// Addresses with their names, and whether each name is forward-confirmed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// The query in canonical spelling.
    query: String,
    addresses: Vec<AddressNames>,
    /// The domain does not exist (NXDOMAIN).
    nxdomain: bool,
    /// Seconds for which the reply may be cached: the shortest lifetime of all lookups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_seconds: Option<u32>,
}

/// An address with its names.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct AddressNames {
    pub(crate) address: IpAddr,
    names: Vec<Name>,
    /// Number of names that are not listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    omitted: usize,
    /// Why the PTR lookup failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Name {
    /// Host name, without the final dot.
    name: String,
    /// The name resolves back to the address.
    forward_confirmed: bool,
    /// The name could not be resolved, so it is unconfirmed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unchecked: bool,
}

impl Command for Reverse {
    const SPEC: Spec = Spec {
        name: "reverse",
        aliases: &[],
        group: Group::Dns,
        examples: &["reverse 192.0.2.1", "reverse example.com"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 64 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("ip"),
        Next::target("whois"),
        Next::target("blocklist"),
        Next::target("ping"),
        Next::about("dns", Subject::FirstName),
    ];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(None).await?;
        let mut data = Data {
            query: self.target.to_string(),
            addresses: Vec::new(),
            nxdomain: false,
            cache_seconds: None,
        };

        let addresses = match &self.target {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let (v4, v6) = futures::join!(
                    look_up(&client, name.as_str(), Rtype::A),
                    look_up(&client, name.as_str(), Rtype::AAAA)
                );
                let (v4, v6) = (v4?, v6?);
                for answered in [&v4, &v6] {
                    data.nxdomain |= answered.lookup.outcome == Outcome::Nxdomain;
                    data.limit_lifetime(answered.lookup.lifetime());
                }
                v4.records
                    .iter()
                    .chain(&v6.records)
                    .filter_map(netvane_net::dns::Record::address)
                    .collect()
            }
        };

        let reversed = try_join_all(
            addresses
                .into_iter()
                .take(MAX_NAMES)
                .map(|address| reverse(&client, address)),
        )
        .await?;

        for (reversed, lifetime) in reversed {
            data.limit_lifetime(lifetime);
            data.addresses.push(reversed);
        }

        Ok(data)
    }
}

impl Data {
    fn limit_lifetime(&mut self, lifetime: Duration) {
        let lifetime = u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX);
        self.cache_seconds = Some(
            self.cache_seconds
                .map_or(lifetime, |shortest| shortest.min(lifetime)),
        );
    }

    /// Names of all addresses.
    fn names(&self) -> impl Iterator<Item = &Name> {
        self.addresses.iter().flat_map(|reversed| &reversed.names)
    }

    fn summary(&self) -> (String, Severity) {
        let query = both_forms(&self.query);

        if self.nxdomain {
            (format!("{query} does not exist (NXDOMAIN)"), Severity::Bad)
        } else if self.addresses.is_empty() {
            (format!("{query} has no address"), Severity::Bad)
        } else if self.names().next().is_none() {
            match self.addresses.iter().find_map(|it| it.failure.clone()) {
                Some(failure) => (failure, Severity::Bad),
                None => ("No PTR record".into(), Severity::Neutral),
            }
        } else {
            self.confirmation()
        }
    }

    /// How many of the names are forward-confirmed.
    fn confirmation(&self) -> (String, Severity) {
        let all = self.names().count();
        let confirmed = self.names().filter(|name| name.forward_confirmed).count();
        let (failed, answered): (Vec<_>, Vec<_>) = self
            .addresses
            .iter()
            .partition(|reversed| reversed.failure.is_some());
        let nameless = answered
            .iter()
            .filter(|reversed| reversed.names.is_empty())
            .count();

        if confirmed == all && nameless == 0 && failed.is_empty() {
            let names = count(all, "name,", "names, all");
            return (format!("{names} forward-confirmed"), Severity::Good);
        }

        let names = count(all, "name", "names");
        let confirmed = match confirmed {
            0 => "not forward-confirmed".to_owned(),
            some if some == all => "forward-confirmed".to_owned(),
            some => format!("{some} of them forward-confirmed"),
        };

        let nameless = if nameless > 0 {
            format!(
                "; {} no PTR record",
                count(nameless, "address has", "addresses have")
            )
        } else {
            String::new()
        };

        let failed = match failed.len() {
            0 => String::new(),
            number => format!(
                "; {} could not be looked up",
                count(number, "address", "addresses")
            ),
        };
        (
            format!("{names}, {confirmed}{nameless}{failed}"),
            Severity::Warning,
        )
    }
}

impl AddressNames {
    /// Whether one of the names resolves back to the address; `None` if that could not be looked up.
    pub(crate) fn is_confirmed(&self) -> Option<bool> {
        if self.names.iter().any(|name| name.forward_confirmed) {
            return Some(true);
        }
        let is_unknown = self.failure.is_some() || self.names.iter().any(|name| name.unchecked);
        (!is_unknown).then_some(false)
    }

    /// Whether the address has a name at all.
    pub(crate) fn has_name(&self) -> bool {
        !self.names.is_empty()
    }

    /// A row for each name; only the first row has the address.
    fn rows(&self) -> Vec<[Cell; 3]> {
        let address = Cell::new(self.address, Role::Address);

        if self.names.is_empty() {
            let reason = self.failure.as_deref().unwrap_or("no PTR");
            return vec![[address, Cell::new(reason, Role::Warning), "".into()]];
        }

        let mut rows: Vec<_> = self
            .names
            .iter()
            .map(|name| ["".into(), Cell::domain(&name.name), name.confirmation()])
            .collect();
        if let Some([first, ..]) = rows.first_mut() {
            *first = address;
        }

        if self.omitted > 0 {
            let more = format!("and {} more", self.omitted);
            rows.push(["".into(), Cell::aside(more), "".into()]);
        }

        rows
    }
}

impl Name {
    fn confirmation(&self) -> Cell {
        match self.forward_confirmed {
            true => Cell::new("yes", Role::Good),
            false if self.unchecked => Cell::new("unknown", Role::Warning),
            false => Cell::new("no", Role::Warning),
        }
    }

    /// Explains why a name is unconfirmed.
    fn explain_unconfirmed(&self) -> String {
        if self.unchecked {
            format!("Could not resolve {}, so it is unconfirmed", self.name)
        } else {
            format!(
                "{} does not resolve back to this address; unverified",
                self.name
            )
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let (summary, severity) = self.summary();
        let title = format!("Reverse DNS of {}", both_forms(&self.query));
        let mut document = Document::new(title, summary, severity);

        let rows: Vec<_> = self.addresses.iter().flat_map(AddressNames::rows).collect();
        document.table(["Address", "Name", "Confirmed"], rows);

        for name in self.names().filter(|name| !name.forward_confirmed) {
            document.note(name.explain_unconfirmed());
        }

        if let Some(warning) = name_warning(&self.query) {
            document.warn(warning);
        }

        document
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(self.cache_seconds.unwrap_or(0).into())
    }

    fn age(&mut self, seconds: u32) {
        self.cache_seconds = self
            .cache_seconds
            .map(|lifetime| lifetime.saturating_sub(seconds));
    }
}

#[cfg(test)]
mod tests;
