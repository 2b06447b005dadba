//! `delegation`: from the root down, every server of every zone, and where the chain breaks.

mod compare;
mod present;
mod referral;
#[cfg(test)]
mod tests;
mod walk;

use std::{net::IpAddr, time::Duration};

use domain::base::Rtype;
use netvane_document::Failure;
use netvane_facts::target::DnsName;
use netvane_net::dns::without_dot;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::walk::Walk;
use super::lookup::Row;
use crate::{
    args::RecordType,
    command::{Command, Context, Next},
    spec::{Cost, Group, Spec},
};

/// Time for all queries together.
const WALK_TIMEOUT: Duration = Duration::from_secs(10);

/// The delegation of a name from the root down: servers, DS records and where it breaks.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delegation {
    /// The name to query.
    name: DnsName,
    /// Record type by name or number; default `A`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r#type: Option<RecordType>,
}

/// The zones from the root to the name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// The queried name, without the final dot.
    name: String,
    r#type: String,
    /// The zones, the root first.
    steps: Vec<Step>,
    /// Records of the last zone's answer.
    answers: Vec<Row>,
    /// RCODE of the last zone's answer.
    rcode: Option<String>,
    /// The zone whose servers or keys fail; `null` if none does.
    broken_at: Option<String>,
    /// Why the zone in `broken_at` fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Differences between what a zone says of itself and what its parent says.
    disagreements: Vec<Disagreement>,
    /// This machine has no route to some addresses, such as those of IPv6; they were not asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unrouted: bool,
    /// The time was over before the walk.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    stopped: bool,
    /// Number of servers whose answer is still missing.
    #[serde(default, skip_serializing_if = "is_zero")]
    waiting: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A zone with its servers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Step {
    zone: String,
    /// Each address of each name server that the parent names.
    servers: Vec<Server>,
    /// DS records of the zone in its parent.
    ds: Vec<String>,
    secure: ChainStatus,
}

/// An address of a name server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Server {
    name: String,
    /// `null` if the name has none.
    address: Option<IpAddr>,
    state: State,
    elapsed_ms: Option<f64>,
    /// RCODE of a server that is not `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rcode: Option<String>,
}

/// How a server handles the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It answers with authority, or refers to a zone below.
    Ok,
    /// It answers, but not for this zone.
    Lame,
    /// It does not answer.
    Silent,
    /// The name has no address.
    NoAddress,
    /// The address may not be contacted from here.
    RefusedTarget,
}

/// DNSSEC status of a zone's keys (RFC 4035 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ChainStatus {
    /// A chain of DS records and keys leads from the trust anchor to the zone.
    Secure,
    /// A parent proves that the chain ends, or there is no trust anchor.
    Insecure,
    /// The chain should go on, but does not.
    Bogus,
}

/// What parent and child say differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Disagreement {
    zone: String,
    kind: DisagreementKind,
    parent: Vec<String>,
    child: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum DisagreementKind {
    /// The names of the servers.
    Ns,
    /// The addresses of servers inside of the zone.
    Glue,
    /// The keys that the DS records name.
    Ds,
}

impl Command for Delegation {
    const SPEC: Spec = Spec {
        name: "delegation",
        aliases: &[],
        group: Group::Dns,
        examples: &["delegation example.com", "delegation example.com MX"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Heavy,
        sends: 256 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::domain("ns"),
        Next::domain("soa"),
        Next::target("propagation"),
        Next::domain("dns"),
        Next::domain("whois"),
    ];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let name = self.name.as_str();
        let RecordType(rtype) = self.r#type.unwrap_or(RecordType(Rtype::A));
        cx.net.dns.check_private(name)?;

        let mut data = Data {
            name: without_dot(name),
            r#type: rtype.to_string(),
            ..Data::default()
        };
        let resolver = cx.net.dns.client(None).await?;
        let walk = Walk::new(cx, resolver, &mut data, rtype).run();
        let is_over = tokio::time::timeout(WALK_TIMEOUT, walk).await.is_err();
        data.stopped = is_over;
        data.waiting = 0;
        Ok(data)
    }
}
