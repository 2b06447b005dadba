//! `ports`: state of TCP and UDP ports of a host: open, closed or filtered.

use std::{borrow::Cow, collections::BTreeSet, net::IpAddr, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Role, Severity, UsageError};
use netvane_facts::{
    ports,
    target::{Host, both_forms},
};
use netvane_net::{
    tcp::{self, PortResult, PortState, ScanOptions},
    udp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    args::PortSet,
    command::{Command, Comparison, Context, Next, Short, Subject, elements, scalar},
    commands::{
        reach::ping::{milliseconds, rounded},
        target_address::TargetAddress,
    },
    spec::{Cost, Group, Spec, TargetKind},
};

/// Above this number of ports, closed and filtered ports are shown as ranges.
const MAX_LISTED: usize = 30;
/// Most UDP ports in one request: a host reports few of the closed ones each second.
const MAX_UDP_PORTS: usize = 64;

/// Which TCP or UDP ports of a host are open, closed or filtered.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ports {
    /// An IP address or a host name.
    target: Host,
    /// Transport protocol of the ports that name none; default `tcp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<Transport>,
    /// Port numbers, ranges and service names, also `53/udp`; default the most common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ports: Option<PortSet>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Transport {
    Tcp,
    Udp,
}

/// States of the checked ports.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    target: String,
    #[serde(flatten)]
    at: TargetAddress,
    /// Checked ports by number.
    ports: Vec<PortStatus>,
    /// Number of ports to check; `ports` has fewer while the check is running.
    total: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct PortStatus {
    port: u16,
    /// Transport protocol, such as `tcp`.
    protocol: Cow<'static, str>,
    /// `open`, `closed` or `filtered`; over UDP `no_reply` for open and silent, or filtered.
    state: PortState,
    /// Usual service of the port number; not detected.
    service: Option<Cow<'static, str>>,
    /// Round-trip time in milliseconds.
    rtt_ms: Option<f64>,
    /// Why the port is filtered.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Banner of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Command for Ports {
    const SPEC: Spec = Spec {
        name: "ports",
        aliases: &["portcheck"],
        group: Group::Reachability,
        examples: &[
            "ports example.com",
            "ports example.com 22,80,443,8000-8010,ssh",
            "ports example.com 53/udp,123/udp",
            "ports example.com protocol=udp",
        ],
        timeout: Duration::from_secs(30),
        cost: Cost::Heavy,
        sends: 512 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("ping"),
        Next::target("tls"),
        Next::target("http"),
        Next::target("trace"),
        Next::target("whois"),
        Next::about("ip", Subject::FirstAddress),
    ];
    const SHORT: Short = Short::Values(open_ports);
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Address];
    const COMPARES: Option<Comparison> =
        Some(Comparison::values(open_ports, "open port", "open ports"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let requested = self.requested()?;
        let target = self.target.to_string();
        let address = match cx.net.locate(&self.target, None).await? {
            Ok(addresses) => addresses[0],
            Err(none) => return Ok(Data::new(target, none, 0)),
        };
        cx.may_scan(address)?;
        let mut data = Data::new(target, address, requested.count());
        data.check_tcp(cx, address, &requested.tcp).await;
        data.check_udp(cx, address, &requested.udp).await;

        Ok(data)
    }

    fn contacts(&self) -> Option<&Host> {
        Some(&self.target)
    }
}

/// Ports to check by transport protocol.
struct RequestedPorts {
    tcp: Vec<u16>,
    udp: Vec<u16>,
}

impl RequestedPorts {
    fn count(&self) -> usize {
        self.tcp.len() + self.udp.len()
    }
}

impl Ports {
    fn requested(&self) -> Result<RequestedPorts, UsageError> {
        let protocol = self.protocol.unwrap_or(Transport::Tcp);
        let default = || match protocol {
            Transport::Tcp => ports::default_ports().iter().copied().collect(),
            Transport::Udp => ports::default_udp_ports().iter().copied().collect(),
        };
        let set: PortSet = self.ports.clone().unwrap_or_else(default);
        let of = |marked: &BTreeSet<u16>, own: Transport| {
            let unmarked = (protocol == own).then_some(&set.unmarked);
            let all: BTreeSet<u16> = marked
                .iter()
                .chain(unmarked.into_iter().flatten())
                .copied()
                .collect();
            all.into_iter().collect::<Vec<u16>>()
        };

        let requested = RequestedPorts {
            tcp: of(&set.tcp, Transport::Tcp),
            udp: of(&set.udp, Transport::Udp),
        };
        match requested.udp.len() {
            0..=MAX_UDP_PORTS => Ok(requested),
            more => Err(UsageError::argument(format!(
                "`ports`: at most {MAX_UDP_PORTS} UDP ports, got {more}"
            ))),
        }
    }
}

impl PortStatus {
    fn new(result: &PortResult, protocol: &'static str) -> Self {
        Self {
            port: result.port,
            protocol: protocol.into(),
            state: result.state,
            service: ports::familiar_name(result.port, protocol).map(Cow::Borrowed),
            rtt_ms: result.rtt_ms.map(rounded),
            reason: result.reason.clone(),
            hint: result.hint.clone(),
        }
    }
}

/// Open ports; those over another protocol than TCP with its name.
fn open_ports(data: &Value) -> Vec<String> {
    let is_open = |port: &&Value| port["state"] == "open";
    let shown = |port: &Value| {
        let number = scalar(port.get("port")?)?;
        Some(match port["protocol"].as_str() {
            Some("tcp") | None => number,
            Some(protocol) => format!("{number}/{protocol}"),
        })
    };
    elements(data, "ports")
        .filter(is_open)
        .filter_map(shown)
        .collect()
}

impl Data {
    async fn check_tcp(&mut self, cx: &Context, address: IpAddr, ports: &[u16]) {
        if ports.is_empty() {
            return;
        }
        let options = ScanOptions::for_ports(ports.len());
        let results = tcp::check_ports(address, ports, options, |result| {
            self.show(cx, result, "tcp");
        });
        let results = results.await;
        self.ports.retain(|checked| checked.protocol != "tcp");
        self.add(&results, "tcp");
    }

    async fn check_udp(&mut self, cx: &Context, address: IpAddr, ports: &[u16]) {
        let results = udp::check_udp_ports(address, ports, |result| self.show(cx, result, "udp"));
        let results = results.await;
        self.ports.retain(|checked| checked.protocol != "udp");
        self.add(&results, "udp");
    }

    /// Shows one result as progress; of many ports only open ones.
    fn show(&mut self, cx: &Context, result: &PortResult, protocol: &'static str) {
        if self.total <= MAX_LISTED || result.state == PortState::Open {
            let is_other =
                |checked: &PortStatus| checked.port != result.port || checked.protocol != protocol;
            self.ports.retain(is_other);
            self.add(std::slice::from_ref(result), protocol);
            cx.progress(self);
        }
    }

    fn add(&mut self, results: &[PortResult], protocol: &'static str) {
        let new = results
            .iter()
            .map(|result| PortStatus::new(result, protocol));
        self.ports.extend(new);
        self.ports
            .sort_by(|a, b| (&a.protocol, a.port).cmp(&(&b.protocol, b.port)));
    }
}

impl Data {
    fn new(target: String, at: impl Into<TargetAddress>, total: usize) -> Self {
        Self {
            target,
            at: at.into(),
            ports: Vec::new(),
            total,
        }
    }

    fn in_state(&self, state: PortState) -> impl Iterator<Item = &PortStatus> + Clone {
        self.ports
            .iter()
            .filter(move |checked| checked.state == state)
    }
}

impl Data {
    /// Whether all ports are listed; in longer lists only open ones are.
    fn is_short(&self) -> bool {
        self.ports.len() <= MAX_LISTED
    }

    fn summary(&self) -> String {
        let states = [
            PortState::Open,
            PortState::Closed,
            PortState::Filtered,
            PortState::NoReply,
        ];
        let counts: Vec<String> = states
            .into_iter()
            .filter_map(|state| match self.in_state(state).count() {
                0 => None,
                number => Some(format!("{number} {}", in_words(state))),
            })
            .collect();

        if counts.is_empty() {
            return format!("Checking {} ports", self.total);
        }

        let progress = if self.ports.len() < self.total {
            format!(", of {}", self.total)
        } else {
            String::new()
        };
        format!("{}{progress}", counts.join(", "))
    }

    /// Adds closed and filtered ports as ranges.
    fn add_ranges(&self, document: &mut Document) {
        for (name, state) in [
            ("Closed", PortState::Closed),
            ("Filtered", PortState::Filtered),
            ("No reply", PortState::NoReply),
        ] {
            let ports = |protocol: &str| -> BTreeSet<u16> {
                self.in_state(state)
                    .filter(|checked| checked.protocol == protocol)
                    .map(|checked| checked.port)
                    .collect()
            };
            let set = PortSet {
                unmarked: ports("tcp"),
                udp: ports("udp"),
                ..PortSet::default()
            };
            if set != PortSet::default() {
                document.field(name, set.to_string());
            }
        }
    }
}

impl PortStatus {
    fn cells(&self) -> [Cell; 5] {
        // Whether an open or a filtered port is good news depends on what is expected.
        let role = match self.state {
            PortState::Open | PortState::Filtered => Role::Plain,
            PortState::Closed | PortState::NoReply => Role::Aside,
        };
        let port = match &*self.protocol {
            "tcp" => self.port.to_string(),
            protocol => format!("{}/{protocol}", self.port),
        };
        let time = self.rtt_ms.map(|rtt| format!("{} ms", milliseconds(rtt)));
        let banner = self.hint.as_ref().or(self.reason.as_ref());

        [
            port.into(),
            Cell::new(in_words(self.state), role),
            self.service.as_deref().unwrap_or_default().into(),
            time.unwrap_or_default().into(),
            banner.map_or_else(|| "".into(), Cell::exact),
        ]
    }
}

fn in_words(state: PortState) -> String {
    state.as_str().replace('_', " ")
}

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("Ports of {}", both_forms(&self.target));
        if self.at.address.is_none() {
            return self.at.explain_absence(title, &self.target);
        }

        let mut document = Document::new(title, self.summary(), Severity::Neutral);
        let listed = self
            .ports
            .iter()
            .filter(|checked| self.is_short() || checked.state == PortState::Open);

        document.table(
            [">Port", "State", "Service", ">Time", "Banner"],
            listed.map(PortStatus::cells).collect(),
        );
        if !self.is_short() {
            self.add_ranges(&mut document);
        }

        self.at.add_to(&mut document, "Address");
        if self.ports.iter().any(|checked| checked.service.is_some()) {
            document.field("Services", Cell::aside("guessed from the port numbers"));
        }
        if self.in_state(PortState::NoReply).next().is_some() {
            document.field(
                "UDP",
                Cell::aside("no reply: the port is open and silent, or filtered"),
            );
        }

        document
    }
}

#[cfg(test)]
mod tests;
