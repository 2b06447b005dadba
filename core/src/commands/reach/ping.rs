//! `ping`: ICMP echo, or TCP connections if the system does not permit ICMP.

use std::{net::IpAddr, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::target::{Host, IpVersion, both_forms};
use netvane_net::icmp::{self, Method, PingError, PingOptions, PingOutcome, Reply, RttStats};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::Number,
    command::{Command, Context},
    commands::target_address::TargetAddress,
    spec::{Cost, Group, Spec},
};

/// Timeout of one TCP probe; replies come sooner than the "host unreachable" of a router.
const TCP_TIMEOUT: Duration = Duration::from_millis(1000);

/// ICMP echo: every reply, packet loss and round-trip times.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ping {
    /// An IP address or a host name.
    target: Host,
    /// Number of echo requests; default 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<Number<1, 20>>,
    /// Use only IPv4 or only IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ipv: Option<IpVersion>,
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
    /// TTL of the reply; `null` for TCP, and for IPv6 on raw sockets.
    ttl: Option<u8>,
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
        ],
        timeout: Duration::from_secs(40),
        cost: Cost::Heavy,
        sends: 16 << 10,
    };
    type Data = Data;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let target = self.target.to_string();
        let address = match cx.net.locate(&self.target, self.ipv).await? {
            Ok(addresses) => addresses[0],
            Err(none) => return Ok(Data::new(target, none, 0)),
        };
        let count = self.count.map_or(4, |count| count.0 as u16);
        let options = PingOptions {
            count,
            ..PingOptions::default()
        };
        let mut data = Data::new(target, address, usize::from(count));
        let icmp = icmp::ping(address, options, |reply| data.add_reply(cx, reply)).await;
        let outcome = match icmp {
            Err(PingError::NotPermitted { hint }) => {
                data.hint = Some(hint);
                data.method = "tcp".into();
                let options = PingOptions {
                    timeout: TCP_TIMEOUT,
                    ..options
                };
                icmp::tcp_ping(address, options, |reply| data.add_reply(cx, reply)).await
            }
            other => other,
        };
        data.finish(outcome.map_err(|error| failure(address, error))?);
        Ok(data)
    }

    fn contacts(&self) -> Option<&Host> {
        Some(&self.target)
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
            duplicates: Some(0),
            total,
        }
    }

    fn add_reply(&mut self, cx: &Context, reply: &Reply) {
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
            Method::IcmpDatagram | Method::IcmpRaw => "icmp".into(),
            Method::Tcp { port } => format!("tcp/{port}"),
        };
    }
}

/// Rounds milliseconds to microseconds, the resolution of the clock.
pub(crate) fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1000.0
}

/// Writes milliseconds with three significant digits or so: `12.3`, `1.23`, `0.040`.
pub(crate) fn milliseconds(value: f64) -> String {
    match value {
        value if value < 0.1 => format!("{value:.3}"),
        value if value < 10.0 => format!("{value:.2}"),
        value => format!("{value:.1}"),
    }
}

impl From<&Reply> for Row {
    fn from(reply: &Reply) -> Self {
        Self {
            seq: reply.seq,
            rtt_ms: reply.rtt_ms.map(rounded),
            ttl: reply.ttl,
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

impl Row {
    fn cells(&self) -> [Cell; 3] {
        let time = match (&self.rtt_ms, &self.error) {
            (Some(rtt), _) => format!("{rtt:.2} ms").into(),
            (None, Some(error)) => Cell::new(error, Role::Bad),
            (None, None) => Cell::new("lost", Role::Bad),
        };
        let ttl = self.ttl.map(|ttl| ttl.to_string()).unwrap_or_default();
        [self.seq.into(), time, ttl.into()]
    }
}

impl Data {
    fn severity(&self) -> Severity {
        match self.received {
            _ if self.sent < self.total => Severity::Neutral,
            0 => Severity::Bad,
            received if received < self.sent => Severity::Warning,
            _ => Severity::Good,
        }
    }

    fn summary(&self) -> String {
        let (received, sent) = (self.received, self.sent);
        let Some(Rtt { avg, .. }) = self.rtt_ms else {
            let text = if sent == self.total {
                "No reply (100 % loss)"
            } else {
                "Waiting for replies"
            };
            return text.into();
        };

        if sent != self.total {
            let total = self.total;
            return format!("{received}/{total} replies so far, avg {avg:.1} ms");
        }

        let loss = if received == sent {
            String::new()
        } else {
            format!(", {:.0} % loss", self.loss_percent)
        };
        format!("{received}/{sent} replies{loss}, avg {avg:.1} ms")
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("Ping of {}", both_forms(&self.target));
        if self.at.address.is_none() {
            return self.at.explain_absence(title, &self.target);
        }

        let mut document = Document::new(title, self.summary(), self.severity());

        document.table(
            [">#", ">Time", ">TTL"],
            self.replies.iter().map(Row::cells).collect(),
        );
        self.at.add_to(&mut document, "Address");

        if let Some(Rtt {
            min,
            avg,
            max,
            stddev,
        }) = self.rtt_ms
        {
            document.field(
                "min/avg/max/stddev",
                format!("{min:.2} / {avg:.2} / {max:.2} / {stddev:.2} ms"),
            );
        }

        if let Some(duplicates) = self.duplicates.filter(|duplicates| *duplicates > 0) {
            document.note(format!("{duplicates} duplicate replies"));
        }

        if let Some(hint) = &self.hint {
            document.note(format!(
                "Measured with TCP connections instead of ICMP ({}): {hint}",
                self.method
            ));
        }

        document
    }
}

#[cfg(test)]
mod tests;
