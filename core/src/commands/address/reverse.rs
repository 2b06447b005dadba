//! `reverse`: address to names and back again, forward-confirmed or not.

use std::{net::IpAddr, time::Duration};

use domain::base::Rtype;
use futures::future::{join_all, try_join_all};
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::target::{Host, both_forms, name_warning, reverse_name};
use netvane_net::dns::{Client, Data as Rdata, without_dot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Context},
    commands::dns::lookup::{Outcome, count, look_up},
    spec::{Cost, Group, Spec},
};

/// Names looked at for one address: some addresses have hundreds.
const MAX_NAMES: usize = 16;

/// Reverse DNS with forward confirmation.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reverse {
    /// An address, or a domain whose addresses are looked at.
    target: Host,
}

/// Addresses, their names, and whether the names lead back.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Data {
    /// As asked, in canonical spelling.
    query: String,
    addresses: Vec<Reversed>,
    /// The domain does not exist.
    nxdomain: bool,
    #[serde(skip)]
    holds: Option<Duration>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Reversed {
    address: IpAddr,
    names: Vec<Name>,
    /// How many names there are beyond those listed.
    #[serde(skip_serializing_if = "is_zero")]
    omitted: usize,
    /// Why there are no names, where that is not plain absence.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Name {
    /// Without the final dot.
    name: String,
    /// Its own addresses hold the address that it stands for.
    forward_confirmed: bool,
    /// Its addresses could not be found out, so it could not be checked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
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

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(None).await?;
        let mut data = Data {
            query: self.target.to_string(),
            addresses: Vec::new(),
            nxdomain: false,
            holds: None,
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
                    data.hold(answered.lookup.lifetime());
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

        for (reversed, holds) in reversed {
            data.hold(holds);
            data.addresses.push(reversed);
        }

        Ok(data)
    }
}

async fn reverse(client: &Client, address: IpAddr) -> Result<(Reversed, Duration), Failure> {
    let answered = look_up(client, &reverse_name(address), Rtype::PTR).await?;
    let all: Vec<String> = answered
        .records
        .iter()
        .filter_map(|record| match &record.data {
            Rdata::Ptr(ptr) => Some(without_dot(ptr.ptrdname())),
            _ => None,
        })
        .collect();

    let names = join_all(all.iter().take(MAX_NAMES).map(|name| async {
        let rtype = if address.is_ipv4() {
            Rtype::A
        } else {
            Rtype::AAAA
        };

        let (forward_confirmed, unchecked) = match look_up(client, name, rtype).await {
            Ok(forward) => (
                forward
                    .records
                    .iter()
                    .any(|record| record.address() == Some(address)),
                !matches!(
                    forward.lookup.outcome,
                    Outcome::Answer | Outcome::NoData | Outcome::Nxdomain
                ),
            ),
            Err(_) => (false, true),
        };

        Name {
            name: name.clone(),
            forward_confirmed,
            unchecked,
        }
    }));

    let failure = match answered.lookup.outcome {
        Outcome::Answer | Outcome::NoData | Outcome::Nxdomain => None,
        _ => Some(answered.lookup.document("").summary),
    };
    let names = names.await;
    let omitted = all.len() - names.len();

    Ok((
        Reversed {
            address,
            names,
            omitted,
            failure,
        },
        answered.lookup.lifetime(),
    ))
}

impl Data {
    fn hold(&mut self, holds: Duration) {
        self.holds = Some(self.holds.map_or(holds, |known| known.min(holds)));
    }

    /// Of all addresses.
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
                None => ("no name (PTR) is set".into(), Severity::Neutral),
            }
        } else {
            self.confirmation()
        }
    }

    /// How many of the names there are lead back.
    fn confirmation(&self) -> (String, Severity) {
        let all = self.names().count();
        let confirmed = self.names().filter(|name| name.forward_confirmed).count();
        let nameless = self
            .addresses
            .iter()
            .filter(|reversed| reversed.names.is_empty())
            .count();

        if confirmed == all && nameless == 0 {
            let names = count(all, "name, and it leads", "names, all lead");
            return (format!("{names} back: forward-confirmed"), Severity::Good);
        }

        let told = count(all, "name", "names");
        let confirmed = match confirmed {
            0 => "not forward-confirmed".to_owned(),
            some if some == all => "forward-confirmed".to_owned(),
            some => format!("{some} of them forward-confirmed"),
        };

        let nameless = if nameless > 0 {
            format!("; {nameless} of the addresses without a name")
        } else {
            String::new()
        };

        (format!("{told}, {confirmed}{nameless}"), Severity::Warning)
    }
}

impl Reversed {
    /// A row for each name; the address stands in the first.
    fn rows(&self) -> Vec<[Cell; 3]> {
        let address = Cell::new(self.address, Role::Address);

        if self.names.is_empty() {
            let why = self.failure.as_deref().unwrap_or("no name");
            return vec![[address, Cell::new(why, Role::Warning), "".into()]];
        }

        let mut rows: Vec<_> = self
            .names
            .iter()
            .map(|name| ["".into(), Cell::domain(&name.name), name.confirmation()])
            .collect();
        rows[0][0] = address;

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
            false if self.unchecked => Cell::new("not known", Role::Warning),
            false => Cell::new("no", Role::Warning),
        }
    }

    /// Why a name that does not lead back proves nothing.
    fn doubt(&self) -> String {
        if self.unchecked {
            format!(
                "{} could not be looked up, so whether it leads back is not known",
                self.name
            )
        } else {
            format!(
                "{} does not lead back to the address, so anyone could have written it there",
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

        let rows: Vec<_> = self.addresses.iter().flat_map(Reversed::rows).collect();
        document.table(["Address", "Name", "Leads back"], rows);

        for name in self.names().filter(|name| !name.forward_confirmed) {
            document.note(name.doubt());
        }

        if let Some(warning) = name_warning(&self.query) {
            document.warn(warning);
        }

        document
    }

    fn lifetime(&self) -> Duration {
        self.holds.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
