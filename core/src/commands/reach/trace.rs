//! `trace`: the route to a host, hop by hop as it is found.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use domain::base::Rtype;
use futures::{StreamExt, stream::FuturesUnordered};
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::{
    geo::ATTRIBUTION,
    target::{Host, IpVersion, both_forms, reverse_name},
};
use netvane_net::{
    dns::{Client, Data as Rdata, without_dot},
    route::{self, Method, TraceOptions, TraceOutcome},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::ping::rounded;
use crate::{
    args::{Flag, Number},
    command::{Command, Context},
    commands::{
        address::geo::Place,
        dns::lookup::{count, look_up},
    },
    spec::{Cost, Group, Spec, TargetKind},
};

/// Names are nice to have: those that are not there this long after the route are left out.
const NAME_PATIENCE: Duration = Duration::from_millis(600);

/// Traceroute with live results.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trace {
    /// An address or a host name.
    target: Host,
    /// How far to look; 30 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_hops: Option<Number<1, 64>>,
    /// Probes for each hop; 3 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probes: Option<Number<1, 5>>,
    /// Only over IPv4 or only over IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ipv: Option<IpVersion>,
    /// Look up the names of the hops; on unless switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    names: Option<Flag>,
}

/// The contract's `trace`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Data {
    target: String,
    address: IpAddr,
    reached: bool,
    hops: Vec<Hop>,
    /// What the target answered to: `udp`, `icmp` or `tcp`.
    method: Option<&'static str>,
    /// Smallest link on the way in bytes, where one is smaller than 1,500.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_mtu: Option<u32>,
    /// The hop up to which was asked.
    probed_hops: u8,
    #[serde(skip)]
    finished: bool,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Hop {
    ttl: u8,
    /// `null` where a probe was not answered.
    probes: Vec<Option<Probe>>,
    /// PTR of the address that answered first, without the final dot.
    name: Option<String>,
    asn: Option<u32>,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Probe {
    address: IpAddr,
    /// Milliseconds.
    rtt_ms: f64,
    /// traceroute's mark: `!H` host unreachable, `!N` network unreachable, `!X` prohibited, …
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Command for Trace {
    const SPEC: Spec = Spec {
        name: "trace",
        aliases: &["traceroute"],
        group: Group::Reachability,
        examples: &[
            "trace example.com",
            "trace 192.0.2.1 max_hops=20 probes=1",
            "trace example.com ipv=6",
        ],
        timeout: Duration::from_secs(15),
        cost: Cost::Heavy,
        sends: 256 << 10,
    };
    type Data = Data;
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Address];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let address = cx.net.contact(&self.target, self.ipv).await?[0];
        let defaults = TraceOptions::default();
        let options = TraceOptions {
            max_hops: self.max_hops.map_or(defaults.max_hops, |hops| hops.0 as u8),
            probes: self.probes.map_or(defaults.probes, |probes| probes.0 as u8),
            ..defaults
        };

        let client = match self.names {
            Some(Flag(false)) => None,
            _ => cx.net.dns.client(None).await.ok(),
        };
        let (sender, found) = mpsc::unbounded_channel();
        let traced = async move {
            // The sender goes with this future: that is how the other side knows that all hops are there.
            route::trace(address, options, |hops| drop(sender.send(hops.to_vec()))).await
        };
        let data = Data::new(self.target.to_string(), address);
        let (outcome, mut names) = futures::join!(traced, follow(cx, client, data.clone(), found));
        let outcome = outcome.map_err(|error| Failure::Upstream {
            what: address.to_string(),
            why: error.to_string(),
        })?;
        names.wait().await;
        let mut data = data;
        data.end(cx, &outcome, &names.known);

        Ok(data)
    }

    fn contacts(&self) -> Option<&Host> {
        Some(&self.target)
    }
}

/// Names of hops, looked up while the route is still being found.
struct Names<F> {
    known: HashMap<IpAddr, Option<String>>,
    pending: FuturesUnordered<F>,
}

impl<F: Future<Output = (IpAddr, Option<String>)>> Names<F> {
    async fn wait(&mut self) {
        let all = async {
            while let Some((address, name)) = self.pending.next().await {
                self.known.insert(address, name);
            }
        };
        let _ = tokio::time::timeout(NAME_PATIENCE, all).await;
    }
}

/// Shows hops as they come, and has their names looked up.
async fn follow(
    cx: &Context,
    client: Option<Client>,
    mut data: Data,
    mut found: mpsc::UnboundedReceiver<Vec<route::Hop>>,
) -> Names<impl Future<Output = (IpAddr, Option<String>)>> {
    let mut names = Names {
        known: HashMap::new(),
        pending: FuturesUnordered::new(),
    };
    let mut latest: Vec<route::Hop> = Vec::new();

    loop {
        tokio::select! {
            hops = found.recv() => match hops {
                None => return names,
                Some(hops) => {
                    for address in hops.iter().flat_map(|hop| hop.probes.iter().flatten()).map(|probe| probe.address) {
                        if let (Some(client), false) = (&client, names.known.contains_key(&address)) {
                            names.known.insert(address, None);
                            names.pending.push(name_of(client.clone(), address));
                        }
                    }
                    latest = hops;
                }
            },
            Some((address, name)) = names.pending.next() => { names.known.insert(address, name); }
        }

        data.hops = latest
            .iter()
            .map(|hop| Hop::of(cx, hop, &names.known))
            .collect();
        cx.progress(&data);
    }
}

async fn name_of(client: Client, address: IpAddr) -> (IpAddr, Option<String>) {
    let name = look_up(&client, &reverse_name(address), Rtype::PTR)
        .await
        .ok()
        .and_then(|answered| {
            answered
                .records
                .iter()
                .find_map(|record| match &record.data {
                    Rdata::Ptr(ptr) => Some(without_dot(ptr.ptrdname())),
                    _ => None,
                })
        });
    (address, name)
}

impl Hop {
    fn of(cx: &Context, hop: &route::Hop, names: &HashMap<IpAddr, Option<String>>) -> Self {
        let probes: Vec<Option<Probe>> = hop
            .probes
            .iter()
            .map(|probe| {
                probe.as_ref().map(|probe| Probe {
                    address: probe.address,
                    rtt_ms: rounded(probe.rtt_ms),
                    mark: probe.note.as_ref().and_then(|note| note.mark.clone()),
                    note: probe.note.as_ref().map(|note| note.notice.to_string()),
                })
            })
            .collect();
        let first = probes.iter().flatten().next().map(|probe| probe.address);
        let place = first.map(|address| Place::of(cx, address));
        Self {
            ttl: hop.ttl,
            probes,
            name: first.and_then(|address| names.get(&address).cloned().flatten()),
            asn: place.as_ref().and_then(|place| place.network.as_ref()?.asn),
            country: place.and_then(|place| place.country.map(|country| country.code.into_owned())),
        }
    }

    fn row(&self) -> [Cell; 5] {
        let mut addresses: Vec<IpAddr> = Vec::new();

        for probe in self.probes.iter().flatten() {
            if !addresses.contains(&probe.address) {
                addresses.push(probe.address);
            }
        }

        let times: Vec<String> = self
            .probes
            .iter()
            .map(|probe| match probe {
                Some(probe) => {
                    let mark = probe
                        .mark
                        .as_ref()
                        .map(|mark| format!(" {mark}"))
                        .unwrap_or_default();
                    format!("{:.1}{mark}", probe.rtt_ms)
                }
                None => "*".into(),
            })
            .collect();

        let host = match (&self.name, addresses.is_empty()) {
            (_, true) => Cell::aside("no answer"),
            (Some(name), false) => Cell::domain(name),
            (None, false) => "".into(),
        };

        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let network = match (self.asn, &self.country) {
            (Some(asn), Some(country)) => format!("AS{asn} {country}"),
            (Some(asn), None) => format!("AS{asn}"),
            (None, country) => country.clone().unwrap_or_default(),
        };

        [
            self.ttl.into(),
            Cell::new(addresses.join("\n"), Role::Address),
            host,
            network.into(),
            times.join("  ").into(),
        ]
    }
}

impl Data {
    fn new(target: String, address: IpAddr) -> Self {
        let (hops, probed_hops) = (Vec::new(), 0);
        Self {
            target,
            address,
            reached: false,
            hops,
            method: None,
            path_mtu: None,
            probed_hops,
            finished: false,
        }
    }

    fn end(
        &mut self,
        cx: &Context,
        outcome: &TraceOutcome,
        names: &HashMap<IpAddr, Option<String>>,
    ) {
        self.reached = outcome.reached;
        self.hops = outcome
            .hops
            .iter()
            .map(|hop| Hop::of(cx, hop, names))
            .collect();
        self.method = outcome.method.map(|method| match method {
            Method::Udp => "udp",
            Method::Icmp => "icmp",
            Method::Tcp => "tcp",
        });
        self.path_mtu = outcome.path_mtu.map(|narrow| narrow.mtu);
        self.probed_hops = outcome.probed_hops;
        self.finished = true;
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let hops = count(self.hops.len(), "hop", "hops");
        let refusal = self.hops.last().and_then(|hop| {
            hop.probes
                .iter()
                .flatten()
                .find_map(|probe| probe.note.clone())
        });

        let (summary, severity) = match (self.finished, self.reached, refusal) {
            (false, ..) => (format!("{hops} so far"), Severity::Neutral),
            (true, true, _) => (format!("Reached after {hops}"), Severity::Good),
            (true, false, Some(note)) => (
                format!("Not reached: {note} at hop {}", self.hops.len()),
                Severity::Bad,
            ),
            (true, false, None) => {
                let last = self
                    .hops
                    .iter()
                    .rev()
                    .find(|hop| hop.probes.iter().any(Option::is_some));
                match last {
                    Some(last) => (
                        format!("Not reached: silence after hop {}", last.ttl),
                        Severity::Warning,
                    ),
                    None => ("Not reached: nobody answers".into(), Severity::Bad),
                }
            }
        };

        let mut document = Document::new(
            format!("Route to {}", both_forms(&self.target)),
            summary,
            severity,
        );

        document.table(
            [">Hop", "Address", "Name", "Network", "Times in ms"],
            self.hops.iter().map(Hop::row).collect(),
        );
        document.field("Target", Cell::new(self.address, Role::Address));
        if let Some(mtu) = self.path_mtu {
            document.field("Narrowest link", format!("MTU {mtu} bytes"));
        }

        if let Some(method @ ("icmp" | "tcp")) = self.method {
            document.note(format!(
                "The target does not answer UDP; it answered {}",
                method.to_uppercase()
            ));
        }

        if self.hops.iter().any(|hop| hop.asn.is_some()) {
            document.field("Networks by", Cell::aside(ATTRIBUTION));
        }

        document
    }
}

#[cfg(test)]
mod tests;
