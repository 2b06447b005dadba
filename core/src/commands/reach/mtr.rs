//! `mtr`: the route with loss and round trips of every hop.

use std::time::Duration;

use netvane_document::Failure;
use netvane_facts::target::{Host, IpVersion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::trace::{Data, Probing, Protocol, measure, time_to_target};
use crate::{
    args::{Count, Flag, Number},
    command::{Command, Comparison, Context, Next, Subject},
    spec::{Cost, Group, Spec},
};

/// Deadline of a measurement with the largest count, of which the rounds take 25 s.
pub(super) const TIMEOUT: Duration = Duration::from_secs(40);

/// Route with packet loss and round-trip statistics of every hop.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mtr {
    /// An IP address or a host name.
    target: Host,
    /// Number of rounds, four a second; default 10; 0 in a terminal: until Ctrl-C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<Count<100>>,
    /// Maximum number of hops; default 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_hops: Option<Number<1, 64>>,
    /// Use only IPv4 or only IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ipv: Option<IpVersion>,
    /// Look up host names of the hops; on by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    names: Option<Flag>,
    /// Protocol of the probes; default ICMP where the system permits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<Protocol>,
    /// Port of TCP probes; default 443 and 80.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    port: Option<Number<1, 65_535>>,
}

impl Command for Mtr {
    const SPEC: Spec = Spec {
        name: "mtr",
        aliases: &[],
        group: Group::Reachability,
        examples: &[
            "mtr example.com",
            "mtr 192.0.2.1 count=3",
            "mtr example.com protocol=tcp port=443 count=3",
        ],
        timeout: TIMEOUT,
        cost: Cost::Heavy,
        sends: 512 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("ping"),
        Next::target("trace"),
        Next::target("ports"),
        Next::target("tls"),
        Next::target("http"),
        Next::about("ip", Subject::LastAddress),
        Next::about("whois", Subject::LastAddress),
    ];
    const COMPARES: Option<Comparison> = Some(Comparison::time(time_to_target, "reached it"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let probing = Probing {
            max_hops: self.max_hops,
            names: self.names,
            protocol: self.protocol,
            port: self.port,
        };
        let count = self.count.unwrap_or(Count(10));
        measure(cx, &self.target, self.ipv, probing, count).await
    }

    fn contacts(&self) -> Option<&Host> {
        Some(&self.target)
    }

    fn is_endless(&self) -> bool {
        self.count.is_some_and(Count::is_endless)
    }
}
