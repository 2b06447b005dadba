//! `reverse`: address to names and back again, forward-confirmed or not.

use std::{net::IpAddr, time::Duration};

use domain::base::Rtype;
use futures::future::{join_all, try_join_all};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commands::dns::lookup::{Outcome, count, look_up};
use crate::{
    command::{Command, Context},
    spec::{Cost, Group, Spec},
};
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::target::{Host, both_forms, name_warning, reverse_name};
use netvane_net::dns::{Client, Data as Rdata, without_dot};

/// Names looked at for one address: some addresses have hundreds.
const MAX_NAMES: usize = 16;

/// Names of an address, or of each address of a domain, and whether they lead back.
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
        about: "Names of an address, and whether they lead back to it",
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
}

impl Answer for Data {
    fn present(&self) -> Document {
        let names: Vec<&Name> = self
            .addresses
            .iter()
            .flat_map(|reversed| &reversed.names)
            .collect();

        let confirmed = names.iter().filter(|name| name.forward_confirmed).count();
        let nameless = self
            .addresses
            .iter()
            .filter(|reversed| reversed.names.is_empty())
            .count();

        let (summary, severity) = if self.nxdomain {
            (
                format!("{} does not exist (NXDOMAIN)", both_forms(&self.query)),
                Severity::Bad,
            )
        } else if self.addresses.is_empty() {
            (
                format!("{} has no address", both_forms(&self.query)),
                Severity::Bad,
            )
        } else if names.is_empty() {
            let failed = self
                .addresses
                .iter()
                .find_map(|reversed| reversed.failure.clone());
            let severity = if failed.is_some() {
                Severity::Bad
            } else {
                Severity::Neutral
            };
            (
                failed.unwrap_or_else(|| "no name (PTR) is set".into()),
                severity,
            )
        } else if confirmed == names.len() && nameless == 0 {
            let names = count(names.len(), "name, and it leads", "names, all lead");
            (format!("{names} back: forward-confirmed"), Severity::Good)
        } else {
            let told = count(names.len(), "name", "names");
            let confirmed = match confirmed {
                0 => "not forward-confirmed".to_owned(),
                all if all == names.len() => "forward-confirmed".to_owned(),
                some => format!("{some} of them forward-confirmed"),
            };
            let nameless = if nameless > 0 {
                format!("; {nameless} of the addresses without a name")
            } else {
                String::new()
            };
            (format!("{told}, {confirmed}{nameless}"), Severity::Warning)
        };

        let mut document = Document::new(
            format!("Reverse DNS of {}", both_forms(&self.query)),
            summary,
            severity,
        );

        let mut rows = Vec::new();

        for reversed in &self.addresses {
            let address = Cell::new(reversed.address, Role::Address);

            if reversed.names.is_empty() {
                let why = reversed.failure.as_deref().unwrap_or("no name");
                rows.push([address, Cell::new(why, Role::Warning), "".into()]);
                continue;
            }

            for (index, name) in reversed.names.iter().enumerate() {
                let confirmed = match name.forward_confirmed {
                    true => Cell::new("yes", Role::Good),
                    false if name.unchecked => Cell::new("not known", Role::Warning),
                    false => Cell::new("no", Role::Warning),
                };
                let address = if index == 0 {
                    address.clone()
                } else {
                    "".into()
                };
                rows.push([address, Cell::domain(&name.name), confirmed]);
            }

            if reversed.omitted > 0 {
                rows.push([
                    "".into(),
                    Cell::aside(format!("and {} more", reversed.omitted)),
                    "".into(),
                ]);
            }
        }

        document.table(["Address", "Name", "Leads back"], rows);
        for name in names.iter().filter(|name| !name.forward_confirmed) {
            document.note(if name.unchecked {
                format!(
                    "{} could not be looked up, so whether it leads back is not known",
                    name.name
                )
            } else {
                format!(
                    "{} does not lead back to the address, so anyone could have written it there",
                    name.name
                )
            });
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
