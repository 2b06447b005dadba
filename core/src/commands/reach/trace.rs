//! `trace`: traceroute with live results, and with `count` the statistics of `mtr`.

mod hop;
mod names;
mod present;

use std::{net::IpAddr, sync::Arc};

use netvane_document::{Failure, UsageError};
use netvane_facts::{
    geo::DatabaseInfo,
    target::{Host, IpVersion},
};
use netvane_net::{
    dns::NoAddress,
    route::{self, Method, RoundsOptions, TraceError, TraceOptions},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub(super) use self::hop::time_to_target;
use self::{hop::Hop, names::show_hops};
use crate::{
    args::{Count, Flag, Number},
    command::{Command, Comparison, Context, Next, Subject},
    commands::target_address::TargetAddress,
    spec::{Cost, Group, Spec, TargetKind},
};

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
    /// Rounds of measurement, for loss and statistics as in `mtr`; 0 in a terminal: until Ctrl-C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<Count<100>>,
    /// Protocol of the probes; by default the first that the target answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<Protocol>,
    /// Port of TCP probes; default 443 and 80.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    port: Option<Number<1, 65_535>>,
}

/// Protocol of the probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Protocol {
    Icmp,
    Udp,
    Tcp,
}

impl From<Protocol> for Method {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Icmp => Self::Icmp,
            Protocol::Udp => Self::Udp,
            Protocol::Tcp => Self::Tcp,
        }
    }
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
    /// Protocol of the probes, if the user chose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<Method>,
    /// Path MTU in bytes, if it is below 1,500.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_mtu: Option<u32>,
    /// Number of hops probed.
    probed_hops: u8,
    /// Rounds so far, if the route was measured in rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rounds: Option<u32>,
    /// The trace is still running, and hops may follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    in_progress: bool,
    /// Geo databases that were used.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    databases: Arc<[DatabaseInfo]>,
}

impl Command for Trace {
    const SPEC: Spec = Spec {
        name: "trace",
        aliases: &["traceroute"],
        group: Group::Reachability,
        examples: &[
            "trace example.com",
            "trace 192.0.2.1 max_hops=20 probes=1",
            "trace example.com protocol=tcp port=443",
        ],
        timeout: super::mtr::TIMEOUT,
        cost: Cost::Heavy,
        sends: 512 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("ping"),
        Next::target("mtr"),
        Next::target("ports"),
        Next::target("tls"),
        Next::target("http"),
        Next::about("ip", Subject::LastAddress),
        Next::about("whois", Subject::LastAddress),
    ];
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Address];
    const COMPARES: Option<Comparison> = Some(Comparison::time(time_to_target, "reached it"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let probing = Probing {
            max_hops: self.max_hops,
            names: self.names,
            protocol: self.protocol,
            port: self.port,
        };
        match (self.count, self.probes) {
            (Some(_), Some(_)) => Err(UsageError::argument(
                "`probes` and `count` exclude each other: with `count`, each round sends one probe per hop",
            )
            .into()),
            (Some(count), None) => {
                measure(cx, &self.target, self.ipv, probing, count).await
            }
            (None, probes) => trace(cx, &self.target, self.ipv, probing, probes).await,
        }
    }

    fn contacts(&self) -> Option<&Host> {
        Some(&self.target)
    }

    fn is_endless(&self) -> bool {
        self.count.is_some_and(Count::is_endless)
    }
}

/// Arguments that `trace` and `mtr` share.
pub(super) struct Probing {
    pub(super) max_hops: Option<Number<1, 64>>,
    pub(super) names: Option<Flag>,
    pub(super) protocol: Option<Protocol>,
    pub(super) port: Option<Number<1, 65_535>>,
}

impl Probing {
    /// Protocol and port of the probes. A port alone means TCP.
    fn method(&self) -> Result<(Option<Method>, Option<u16>), UsageError> {
        let port = self.port.map(|port| port.0 as u16);
        match (self.protocol, port) {
            (Some(Protocol::Udp | Protocol::Icmp), Some(_)) => {
                Err(UsageError::argument("`port` is only for `protocol=tcp`"))
            }
            (None, Some(_)) => Ok((Some(Method::Tcp), port)),
            (protocol, _) => Ok((protocol.map(Method::from), port)),
        }
    }
}

/// Traces the route once, with single probes for each hop.
async fn trace(
    cx: &Context,
    target: &Host,
    ipv: Option<IpVersion>,
    probing: Probing,
    probes: Option<Number<1, 5>>,
) -> Result<Data, Failure> {
    let (method, port) = probing.method()?;
    let (data, address) = match Data::start(cx, target, ipv, method).await? {
        (data, Some(address)) => (data, address),
        (data, None) => return Ok(data),
    };

    let defaults = TraceOptions::default();
    let options = TraceOptions {
        max_hops: probing
            .max_hops
            .map_or(defaults.max_hops, |hops| hops.0 as u8),
        probes: probes.map_or(defaults.probes, |probes| probes.0 as u8),
        method,
        port,
        ..defaults
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    let trace = async move {
        // Dropping the sender with this future tells the receiver that the trace has ended.
        route::trace(address, options, |hops| {
            drop(sender.send((hops.iter().map(Hop::from).collect(), None)));
        })
        .await
    };
    let shown = show_hops(cx, probing.names, data.clone(), receiver);
    let (outcome, names) = futures::join!(trace, shown);
    let outcome = outcome.map_err(|error| failure(address, error))?;
    Ok(Data {
        reached: outcome.reached,
        hops: names.describe(cx, &outcome.hops).await,
        method: outcome.method,
        path_mtu: outcome.path_mtu.map(|narrow| narrow.mtu),
        probed_hops: outcome.probed_hops,
        in_progress: false,
        ..data
    })
}

/// Measures the route in rounds, as mtr does. A count of 0 goes on until the user stops it.
pub(super) async fn measure(
    cx: &Context,
    target: &Host,
    ipv: Option<IpVersion>,
    probing: Probing,
    count: Count<100>,
) -> Result<Data, Failure> {
    count.check(cx.platform)?;
    let (method, port) = probing.method()?;
    let (data, address) = match Data::start(cx, target, ipv, method).await? {
        (data, Some(address)) => (data, address),
        (data, None) => return Ok(data),
    };
    let data = Data {
        rounds: Some(0),
        ..data
    };

    let defaults = RoundsOptions::default();
    let options = RoundsOptions {
        max_hops: probing
            .max_hops
            .map_or(defaults.max_hops, |hops| hops.0 as u8),
        count: (!count.is_endless()).then_some(count.0 as u32),
        method,
        port,
        ..defaults
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    let stop = cx.stop.requested(count.is_endless());
    let rounds = async move {
        route::measure_rounds(address, options, stop, |hops, round| {
            drop(sender.send((hops.iter().map(Hop::from).collect(), Some(round))));
        })
        .await
    };
    let shown = show_hops(cx, probing.names, data.clone(), receiver);
    let (outcome, names) = futures::join!(rounds, shown);
    let outcome = outcome.map_err(|error| failure(address, error))?;
    Ok(Data {
        reached: outcome.reached,
        hops: names.describe(cx, &outcome.hops).await,
        method: outcome.method,
        probed_hops: outcome.probed_hops,
        rounds: Some(outcome.rounds),
        in_progress: false,
        ..data
    })
}

fn failure(address: IpAddr, error: TraceError) -> Failure {
    Failure::Upstream {
        what: address.to_string(),
        why: error.to_string(),
    }
}

impl Data {
    /// Resolves the target. Without an address, the data is complete.
    async fn start(
        cx: &Context,
        target: &Host,
        ipv: Option<IpVersion>,
        protocol: Option<Method>,
    ) -> Result<(Self, Option<IpAddr>), Failure> {
        let name = target.to_string();
        Ok(match cx.net.locate(target, ipv).await? {
            Ok(addresses) => {
                let data = Self {
                    databases: cx.runtime.geo.current().databases().clone(),
                    protocol,
                    ..Self::new(name, addresses[0])
                };
                (data, Some(addresses[0]))
            }
            Err(none) => (Self::without_address(name, none), None),
        })
    }

    fn new(target: String, at: impl Into<TargetAddress>) -> Self {
        Self {
            target,
            at: at.into(),
            reached: false,
            hops: Vec::new(),
            method: None,
            protocol: None,
            path_mtu: None,
            probed_hops: 0,
            rounds: None,
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
}

#[cfg(test)]
mod tests;
