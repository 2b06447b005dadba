//! `trace`: traceroute with live results.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use domain::base::Rtype;
use futures::{StreamExt, stream::FuturesUnordered};
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::{
    geo::DatabaseInfo,
    target::{Host, IpVersion, both_forms, reverse_name},
};
use netvane_net::{
    dns::{Client, Data as Rdata, NoAddress, without_dot},
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
        address::geo::{Place, add_attribution},
        dns::lookup::{count, look_up},
        target_address::TargetAddress,
    },
    spec::{Cost, Group, Spec, TargetKind},
};

/// Names of hops that are not resolved this long after the end of the route are omitted.
const NAME_TIMEOUT: Duration = Duration::from_millis(600);

/// Traceroute with live results.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trace {
    /// An IP address or a host name.
    target: Host,
    /// Maximum number of hops; default 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_hops: Option<Number<1, 64>>,
    /// Probes per hop; default 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probes: Option<Number<1, 5>>,
    /// Use only IPv4 or only IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ipv: Option<IpVersion>,
    /// Look up host names of the hops; on by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    names: Option<Flag>,
}

/// The route to a host.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    target: String,
    #[serde(flatten)]
    at: TargetAddress,
    reached: bool,
    hops: Vec<Hop>,
    /// Probe method that the target replied to: `udp`, `icmp` or `tcp`.
    method: Option<Method>,
    /// Path MTU in bytes, if it is below 1,500.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_mtu: Option<u32>,
    /// Number of hops probed.
    probed_hops: u8,
    /// The trace is still running, and hops may follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    in_progress: bool,
    /// Geo databases that were used.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    databases: Arc<[DatabaseInfo]>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Hop {
    ttl: u8,
    /// Results of the probes; `null` without a reply.
    probes: Vec<Option<Probe>>,
    /// Name (PTR) of the first address that replied, without the final dot.
    name: Option<String>,
    asn: Option<u32>,
    /// Country code (ISO 3166-1 alpha-2).
    country: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Probe {
    address: IpAddr,
    /// Round-trip time in milliseconds.
    rtt_ms: f64,
    /// Mark of traceroute: `!H` host unreachable, `!N` network unreachable, `!X` prohibited, …
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    /// The ICMP error in words.
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
        let target = self.target.to_string();
        let address = match cx.net.locate(&self.target, self.ipv).await? {
            Ok(addresses) => addresses[0],
            Err(none) => return Ok(Data::without_address(target, none)),
        };
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
        let (sender, receiver) = mpsc::unbounded_channel();
        let trace = async move {
            // Dropping the sender with this future tells the receiver that the trace has ended.
            route::trace(address, options, |hops| drop(sender.send(hops.to_vec()))).await
        };
        let data = Data {
            databases: cx.runtime.geo.current().databases().clone(),
            ..Data::new(target, address)
        };
        let (outcome, mut names) =
            futures::join!(trace, show_hops(cx, client, data.clone(), receiver));
        let outcome = outcome.map_err(|error| Failure::Upstream {
            what: address.to_string(),
            why: error.to_string(),
        })?;
        names.wait().await;
        let mut data = data;
        data.finish(cx, &outcome, &names.resolved);

        Ok(data)
    }

    fn contacts(&self) -> Option<&Host> {
        Some(&self.target)
    }
}

/// Names of hops, resolved while the trace is running.
struct Names<F> {
    resolved: HashMap<IpAddr, Option<String>>,
    pending: FuturesUnordered<F>,
}

impl<F: Future<Output = (IpAddr, Option<String>)>> Names<F> {
    async fn wait(&mut self) {
        let all = async {
            while let Some((address, name)) = self.pending.next().await {
                self.resolved.insert(address, name);
            }
        };
        let _ = tokio::time::timeout(NAME_TIMEOUT, all).await;
    }
}

/// Shows hops as they arrive and resolves their names, until the trace has ended.
async fn show_hops(
    cx: &Context,
    client: Option<Client>,
    mut data: Data,
    mut receiver: mpsc::UnboundedReceiver<Vec<route::RouteHop>>,
) -> Names<impl Future<Output = (IpAddr, Option<String>)>> {
    let mut names = Names {
        resolved: HashMap::new(),
        pending: FuturesUnordered::new(),
    };
    let mut latest: Vec<route::RouteHop> = Vec::new();

    loop {
        tokio::select! {
            hops = receiver.recv() => match hops {
                None => return names,
                Some(hops) => {
                    for address in hops.iter().flat_map(|hop| hop.probes.iter().flatten()).map(|probe| probe.address) {
                        if let (Some(client), false) = (&client, names.resolved.contains_key(&address)) {
                            names.resolved.insert(address, None);
                            names.pending.push(resolve_name(client.clone(), address));
                        }
                    }
                    latest = hops;
                }
            },
            Some((address, name)) = names.pending.next() => { names.resolved.insert(address, name); }
        }

        data.hops = latest
            .iter()
            .map(|hop| Hop::of(cx, hop, &names.resolved))
            .collect();
        cx.progress(&data);
    }
}

async fn resolve_name(client: Client, address: IpAddr) -> (IpAddr, Option<String>) {
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
    fn of(cx: &Context, hop: &route::RouteHop, names: &HashMap<IpAddr, Option<String>>) -> Self {
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
            (_, true) => Cell::aside("no reply"),
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
    fn new(target: String, at: impl Into<TargetAddress>) -> Self {
        let (hops, probed_hops) = (Vec::new(), 0);
        Self {
            target,
            at: at.into(),
            reached: false,
            hops,
            method: None,
            path_mtu: None,
            probed_hops,
            in_progress: true,
            databases: [].into(),
        }
    }

    fn without_address(target: String, none: NoAddress) -> Self {
        Self {
            in_progress: false,
            ..Self::new(target, none)
        }
    }

    fn finish(
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
        self.method = outcome.method;
        self.path_mtu = outcome.path_mtu.map(|narrow| narrow.mtu);
        self.probed_hops = outcome.probed_hops;
        self.in_progress = false;
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("Route to {}", both_forms(&self.target));
        if self.at.address.is_none() {
            return self.at.explain_absence(title, &self.target);
        }

        let hops = count(self.hops.len(), "hop", "hops");
        let error = self.hops.last().and_then(|hop| {
            hop.probes
                .iter()
                .flatten()
                .find_map(|probe| probe.note.clone())
        });

        let (summary, severity) = match (self.in_progress, self.reached, error) {
            (true, ..) => (format!("{hops} so far"), Severity::Neutral),
            (false, true, _) => (format!("Reached after {hops}"), Severity::Good),
            (false, false, Some(note)) => (
                format!("Not reached: {note} at hop {}", self.hops.len()),
                Severity::Bad,
            ),
            (false, false, None) => {
                let last = self
                    .hops
                    .iter()
                    .rev()
                    .find(|hop| hop.probes.iter().any(Option::is_some));
                match last {
                    Some(last) => (
                        format!("Not reached: no reply after hop {}", last.ttl),
                        Severity::Warning,
                    ),
                    None => ("Not reached: no replies".into(), Severity::Bad),
                }
            }
        };

        let mut document = Document::new(title, summary, severity);

        document.table(
            [">Hop", "Address", "Name", "Network", "RTT (ms)"],
            self.hops.iter().map(Hop::row).collect(),
        );
        self.at.add_to(&mut document, "Target");
        if let Some(mtu) = self.path_mtu {
            document.field("Path MTU", format!("{mtu} bytes"));
        }

        let substitute = match self.method {
            Some(Method::Icmp) => Some("ICMP"),
            Some(Method::Tcp) => Some("TCP"),
            Some(Method::Udp) | None => None,
        };
        if let Some(method) = substitute {
            document.note(format!(
                "The target does not reply to UDP probes; used {method}"
            ));
        }

        if self
            .hops
            .iter()
            .any(|hop| hop.asn.is_some() || hop.country.is_some())
        {
            add_attribution(&mut document, "Data sources", &self.databases);
        }

        document
    }
}

#[cfg(test)]
mod tests;
