//! `ping`: ICMP echo, or TCP connections if the system does not permit ICMP.

mod present;

use std::{net::IpAddr, time::Duration};

pub(crate) use netvane_document::milliseconds;
use netvane_document::{Failure, UsageError};
use netvane_facts::target::{Host, IpVersion};
use netvane_net::{
    icmp::{self, EchoReply, PingError, PingMethod, PingOptions, PingOutcome, RttStats},
    tcp::PortState,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    args::{Count, Number},
    command::{Command, Comparison, Context, Next, Short, Subject},
    commands::target_address::TargetAddress,
    spec::{Cost, Group, Spec, TargetKind},
};

/// Timeout of one TCP probe; replies come sooner than the "host unreachable" of a router.
const TCP_TIMEOUT: Duration = Duration::from_millis(1000);
/// Time between two requests of a ping that goes on until it is stopped, as in iputils.
const ENDLESS_INTERVAL: Duration = Duration::from_secs(1);

/// ICMP echo or TCP connect: every reply, packet loss and round-trip times.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ping {
    /// An IP address or a host name.
    target: Host,
    /// Number of requests; default 4; 0 in a terminal: until Ctrl-C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<Count<20>>,
    /// Use only IPv4 or only IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ipv: Option<IpVersion>,
    /// ICMP echo or TCP connections; default ICMP where the system permits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<Protocol>,
    /// Port of TCP connections; default 443, then 80.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    port: Option<Number<1, 65_535>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    Icmp,
    Tcp,
}

/// Results of a ping.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    target: String,
    #[serde(flatten)]
    at: TargetAddress,
    sent: usize,
    received: usize,
    /// Lost requests in percent; requests still in flight do not count.
    loss_percent: f64,
    /// Round-trip times in milliseconds; `null` without a reply.
    rtt_ms: Option<Rtt>,
    replies: Vec<Row>,
    /// Probe method, such as `icmp` or `tcp/443`.
    method: String,
    /// Why ICMP was not used, and how to permit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Number of duplicate replies; `null` if the system does not report them.
    duplicates: Option<u32>,
    /// Number of requests in total; `sent` is lower while the ping is running.
    total: usize,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
struct Rtt {
    min: f64,
    avg: f64,
    max: f64,
    /// Population standard deviation, like `mdev` of iputils.
    stddev: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Row {
    seq: u16,
    /// Round-trip time in milliseconds; `null` if lost.
    rtt_ms: Option<f64>,
    /// TTL of the reply; `null` for TCP, and where the system does not report it.
    ttl: Option<u8>,
    /// Over TCP: `open`, or `closed` if the host refused the connection, which is a reply too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<PortState>,
    /// The ICMP error received instead of a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Command for Ping {
    const SPEC: Spec = Spec {
        name: "ping",
        aliases: &[],
        group: Group::Reachability,
        examples: &[
            "ping example.com",
            "ping 192.0.2.1 count=10",
            "ping example.com ipv=6",
            "ping example.com protocol=tcp port=443",
        ],
        timeout: Duration::from_secs(40),
        cost: Cost::Heavy,
        sends: 16 << 10,
    };
    type Data = Data;
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Domain];
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("trace"),
        Next::target("mtr"),
        Next::target("ports"),
        Next::target("tls"),
        Next::target("http"),
        Next::target("reverse"),
        Next::about("ip", Subject::FirstAddress),
    ];
    const SHORT: Short = Short::Members(&["/rtt_ms/avg"]);
    const COMPARES: Option<Comparison> = Some(Comparison::time(average, "replied"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let protocol = self.protocol()?;
        let is_endless = self.is_endless();
        if let Some(count) = self.count {
            count.check(cx.platform)?;
        }

        let target = self.target.to_string();
        let address = match cx.net.locate(&self.target, self.ipv).await? {
            Ok(addresses) => addresses[0],
            Err(none) => return Ok(Data::new(target, none, 0)),
        };
        let options = match self.count.map_or(4, |count| count.0 as u16) {
            0 => PingOptions {
                count: u16::MAX,
                interval: ENDLESS_INTERVAL,
                ..PingOptions::default()
            },
            count => PingOptions {
                count,
                ..PingOptions::default()
            },
        };

        let mut data = Data::new(target, address, usize::from(options.count));
        if protocol != Some(Protocol::Tcp) {
            let stop = cx.stop.requested(is_endless);
            match icmp::ping(address, options, stop, |reply| data.add_reply(cx, reply)).await {
                Err(PingError::NotPermitted { hint }) if protocol.is_none() => {
                    data.hint = Some(hint);
                }
                outcome => {
                    data.finish(outcome.map_err(|error| failure(address, error))?);
                    return Ok(data);
                }
            }
        }

        data.ping_by_tcp(cx, address, options, self.port, is_endless)
            .await?;
        Ok(data)
    }

    fn is_endless(&self) -> bool {
        self.count.is_some_and(Count::is_endless)
    }

    fn contacts(&self) -> Option<&Host> {
        Some(&self.target)
    }
}

impl Ping {
    /// The protocol that the user chose. A port alone means TCP.
    fn protocol(&self) -> Result<Option<Protocol>, UsageError> {
        match (self.protocol, self.port) {
            (Some(Protocol::Icmp), Some(_)) => {
                Err(UsageError::argument("`port` is only for `protocol=tcp`"))
            }
            (None, Some(_)) => Ok(Some(Protocol::Tcp)),
            (protocol, _) => Ok(protocol),
        }
    }
}

fn failure(address: IpAddr, error: PingError) -> Failure {
    Failure::Upstream {
        what: address.to_string(),
        why: error.to_string(),
    }
}

impl Data {
    fn new(target: String, at: impl Into<TargetAddress>, total: usize) -> Self {
        Self {
            target,
            at: at.into(),
            sent: 0,
            received: 0,
            loss_percent: 0.0,
            rtt_ms: None,
            replies: Vec::new(),
            method: "icmp".into(),
            hint: None,
            duplicates: icmp::REPORTS_DUPLICATES.then_some(0),
            total,
        }
    }

    async fn ping_by_tcp(
        &mut self,
        cx: &Context,
        address: IpAddr,
        options: PingOptions,
        port: Option<Number<1, 65_535>>,
        is_endless: bool,
    ) -> Result<(), Failure> {
        self.method = "tcp".into();
        self.duplicates = None;
        let options = PingOptions {
            timeout: TCP_TIMEOUT,
            ..options
        };
        let port = port.map(|port| port.0 as u16);
        let stop = cx.stop.requested(is_endless);
        let outcome = icmp::tcp_ping(address, options, port, stop, |reply| {
            self.add_reply(cx, reply);
        });
        let outcome = outcome.await;
        self.finish(outcome.map_err(|error| failure(address, error))?);
        Ok(())
    }

    fn add_reply(&mut self, cx: &Context, reply: &EchoReply) {
        let row = Row::from(reply);
        match self
            .replies
            .iter_mut()
            .find(|existing| existing.seq == row.seq)
        {
            Some(existing) => *existing = row,
            None => self.replies.push(row),
        }
        self.replies.sort_by_key(|row| row.seq);
        self.count();
        cx.progress(self);
    }

    fn count(&mut self) {
        let times = self.replies.iter().filter_map(|reply| reply.rtt_ms);
        self.sent = self.replies.len();
        self.received = times.clone().count();
        let lost = self.sent - self.received;
        self.loss_percent = if self.sent == 0 {
            0.0
        } else {
            rounded(100.0 * lost as f64 / self.sent as f64)
        };
        self.rtt_ms = RttStats::of(times).map(
            |RttStats {
                 min,
                 avg,
                 max,
                 stddev,
             }| Rtt {
                min,
                avg: rounded(avg),
                max,
                stddev: rounded(stddev),
            },
        );
    }

    fn finish(&mut self, outcome: PingOutcome) {
        self.replies = outcome.replies.iter().map(Row::from).collect();
        self.duplicates = outcome.duplicates;
        self.count();
        self.total = self.sent;
        self.method = match outcome.method {
            PingMethod::IcmpDatagram | PingMethod::IcmpRaw => "icmp".into(),
            PingMethod::Tcp { port } => format!("tcp/{port}"),
        };
    }
}

/// Rounds milliseconds to microseconds, the resolution of the clock.
pub(crate) fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1000.0
}

impl From<&EchoReply> for Row {
    fn from(reply: &EchoReply) -> Self {
        Self {
            seq: reply.seq,
            rtt_ms: reply.rtt_ms.map(rounded),
            ttl: reply.ttl,
            state: reply.state,
            error: reply
                .error
                .as_ref()
                .map(|error| match error.from.filter(|_| !error.local) {
                    Some(from) => format!("{} (from {from})", error.text),
                    None => error.text.clone(),
                }),
        }
    }
}

fn average(data: &Value) -> Option<f64> {
    data.pointer("/rtt_ms/avg")?.as_f64()
}

#[cfg(test)]
mod tests;
