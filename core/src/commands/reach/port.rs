//! `port`: port number lookup.

use std::{borrow::Cow, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Severity, UsageError};
use netvane_facts::ports::{self, PortMatch};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::PortQuery,
    command::{Command, Context},
    commands::dns::lookup::count,
    spec::{Cost, Group, Spec},
};

/// Port number lookup: the service of a port, or the ports of a service.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Port {
    /// A port number, `443/udp`, a range, or a service name such as `postgres`.
    query: PortQuery,
}

/// Matching ports, best match first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    query: String,
    matches: Vec<PortMatch>,
    /// The range of a single port without a known service.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Cow<'static, str>>,
}

impl Command for Port {
    const SPEC: Spec = Spec {
        name: "port",
        aliases: &[],
        group: Group::Reachability,
        examples: &[
            "port 443",
            "port 443/udp",
            "port postgres",
            "port 8000-8010",
        ],
        timeout: Duration::from_secs(2),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Data;

    async fn run(self, _: &Context) -> Result<Data, Failure> {
        let query = self.query.to_string();
        let matches = ports::lookup(&query).map_err(|error| {
            UsageError::argument(format!("`query`: {error}")).suggest("/port 443")
        })?;
        let single = query
            .split('/')
            .next()
            .and_then(|port| port.trim().parse().ok());
        let range = single
            .filter(|_| matches.is_empty())
            .map(|port| ports::port_range(port).into());
        Ok(Data {
            query,
            matches,
            range,
        })
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let summary = match (&self.matches[..], &self.range) {
            ([], Some(range)) => format!("No known service; {range}"),
            ([], None) => "No service with this name".into(),
            ([one], _) => format!("{} over {}", one.service, one.protocol.to_uppercase()),
            ([first, ..], _) if self.matches.iter().all(|found| found.port == first.port) => {
                let mut services: Vec<&str> =
                    self.matches.iter().map(|found| &*found.service).collect();
                services.dedup();
                format!("Port {}: {}", first.port, services.join(", "))
            }
            (matches, _) => count(matches.len(), "match", "matches"),
        };

        let mut document =
            Document::new(format!("Port {}", self.query), summary, Severity::Neutral);
        let rows = self.matches.iter().map(|found| {
            let source = if found.unofficial {
                "common use"
            } else {
                "IANA"
            };
            [
                found.port.into(),
                (&*found.protocol).into(),
                Cell::exact(&found.service),
                (&*found.description).into(),
                Cell::aside(source),
            ]
        });

        document.table(
            [">Port", "Protocol", "Service", "Description", "Source"],
            rows.collect(),
        );

        if self.matches.len() >= ports::MAX_MATCHES {
            document.note(format!(
                "Only the first {} matches are shown",
                ports::MAX_MATCHES
            ));
        }

        document
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(3600)
    }
}

#[cfg(test)]
mod tests;
