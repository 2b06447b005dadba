//! `ports`: state of TCP ports of a host: open, closed or filtered.

use std::{borrow::Cow, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::{
    ports,
    target::{Host, both_forms},
};
use netvane_net::tcp::{self, PortResult, PortState, ScanOptions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::PortSet,
    command::{Command, Context},
    commands::{reach::ping::rounded, target_address::TargetAddress},
    spec::{Cost, Group, Spec, TargetKind},
};

/// Above this number of ports, closed and filtered ports are shown as ranges.
const MAX_LISTED: usize = 30;

/// Which TCP ports of a host are open, closed or filtered.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ports {
    /// An IP address or a host name.
    target: Host,
    /// Port numbers, ranges and service names; default the 20 most common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ports: Option<PortSet>,
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
    /// `open`, `closed` or `filtered`.
    state: PortState,
    /// Usual service of the port number; not detected.
    service: Option<Cow<'static, str>>,
    /// Milliseconds from SYN to reply.
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
        ],
        timeout: Duration::from_secs(30),
        cost: Cost::Heavy,
        sends: 512 << 10,
    };
    type Data = Data;
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Address];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let target = self.target.to_string();
        let address = match cx.net.locate(&self.target, None).await? {
            Ok(addresses) => addresses[0],
            Err(none) => return Ok(Data::new(target, none, 0)),
        };
        cx.may_scan(address)?;
        let requested: Vec<u16> = match &self.ports {
            Some(PortSet(ports)) => ports.iter().copied().collect(),
            None => ports::default_ports().to_vec(),
        };
        let mut data = Data::new(target, address, requested.len());

        let show_each = requested.len() <= MAX_LISTED;
        let results = tcp::check_ports(
            address,
            &requested,
            ScanOptions::for_ports(requested.len()),
            |result| {
                if show_each || result.state == PortState::Open {
                    data.ports.retain(|checked| checked.port != result.port);
                    data.ports.push(PortStatus::from(result));
                    data.ports.sort_by_key(|checked| checked.port);
                    cx.progress(&data);
                }
            },
        )
        .await;

        data.ports = results.iter().map(PortStatus::from).collect();

        Ok(data)
    }

    fn contacts(&self) -> Option<&Host> {
        Some(&self.target)
    }
}

impl From<&PortResult> for PortStatus {
    fn from(result: &PortResult) -> Self {
        Self {
            port: result.port,
            protocol: "tcp".into(),
            state: result.state,
            service: ports::familiar_name(result.port, "tcp").map(Cow::Borrowed),
            rtt_ms: result.rtt_ms.map(rounded),
            reason: result.reason.clone(),
            hint: result.hint.clone(),
        }
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
        let counts: Vec<String> = [PortState::Open, PortState::Closed, PortState::Filtered]
            .into_iter()
            .filter_map(|state| match self.in_state(state).count() {
                0 => None,
                number => Some(format!("{number} {}", state.as_str())),
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
        ] {
            let set = PortSet(self.in_state(state).map(|checked| checked.port).collect());
            if !set.0.is_empty() {
                document.field(name, set.to_string());
            }
        }
    }
}

impl PortStatus {
    fn cells(&self) -> [Cell; 5] {
        let role = match self.state {
            PortState::Open => Role::Good,
            PortState::Closed => Role::Aside,
            PortState::Filtered => Role::Warning,
        };
        let time = self.rtt_ms.map(|rtt| format!("{rtt:.1} ms"));
        let banner = self.hint.as_ref().or(self.reason.as_ref());

        [
            self.port.into(),
            Cell::new(self.state.as_str(), role),
            self.service.as_deref().unwrap_or_default().into(),
            time.unwrap_or_default().into(),
            banner.map_or_else(|| "".into(), Cell::exact),
        ]
    }
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
            document.note("Service names are guesses from the port number");
        }

        document
    }
}

#[cfg(test)]
mod tests;
