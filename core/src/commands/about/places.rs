//! `places`: the vantage points that `from=` can name.

use std::time::Duration;

use netvane_document::{
    Answer, Cell, Chart, Document, Failure, MapPoint, Role, Severity, duration,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Context},
    commands::dns::lookup::count,
    spec::{Cost, Group, Spec},
    vantage::{Agent, LOCAL},
};

/// The vantage points that `from=` can name.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Places {}

/// All vantage points: this service, then its agents by name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    places: Vec<Place>,
    /// Why no agent can be asked at the moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// Whether the service has a cluster.
    has_cluster: bool,
}

/// One vantage point.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Place {
    name: String,
    /// City; empty if unknown.
    city: String,
    /// Country code (ISO 3166-1 alpha-2); empty if unknown.
    country: String,
    /// Degrees north.
    latitude: Option<f64>,
    /// Degrees east.
    longitude: Option<f64>,
    asn: Option<u32>,
    /// Holder of the network; empty if unknown.
    network: String,
    version: String,
    tags: Vec<String>,
    /// Share of its slots that are taken, 0 to 1.
    load: f64,
    /// Commands that it can run.
    commands: Vec<String>,
    /// Whether it can be asked.
    present: bool,
    /// Seconds since it was last heard from; absent for the service itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    silent_seconds: Option<u64>,
}

impl Command for Places {
    const SPEC: Spec = Spec {
        name: "places",
        aliases: &[],
        group: Group::About,
        examples: &["places"],
        timeout: Duration::from_secs(2),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Data;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let agents = cx.runtime.process.agents.get();
        let entries = cx.registry.entries().iter();
        let own = entries.filter(|entry| entry.takes_from());
        let own = Place::local(own.map(|entry| entry.spec.name.to_owned()).collect());

        let known = agents.map(|agents| agents.list()).unwrap_or_default();
        let places = known.iter().map(|agent| Place::from(&**agent));
        Ok(Data {
            places: std::iter::once(own).chain(places).collect(),
            problem: agents
                .and_then(|agents| agents.reachable().err())
                .map(|failure| failure.to_string()),
            has_cluster: agents.is_some(),
        })
    }
}

impl Place {
    fn local(commands: Vec<String>) -> Self {
        Self {
            name: LOCAL.into(),
            city: String::new(),
            country: String::new(),
            latitude: None,
            longitude: None,
            asn: None,
            network: String::new(),
            version: env!("CARGO_PKG_VERSION").into(),
            tags: Vec::new(),
            load: 0.0,
            commands,
            present: true,
            silent_seconds: None,
        }
    }

    /// `Frankfurt, DE`.
    fn location(&self) -> String {
        let parts = [self.city.as_str(), self.country.as_str()];
        let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        known.join(", ")
    }

    /// `AS3320 DTAG`.
    fn network(&self) -> String {
        let number = self.asn.map(|asn| format!("AS{asn}"));
        let parts = [number.unwrap_or_default(), self.network.clone()];
        parts.join(" ").trim().to_owned()
    }

    fn state(&self) -> Cell {
        match self.silent_seconds {
            _ if self.present && self.load >= 1.0 => Cell::new("busy", Role::Warning),
            _ if self.present => Cell::new("ready", Role::Good),
            Some(seconds) => Cell::aside(format!("away for {}", duration::rounded(seconds))),
            None => Cell::aside("away"),
        }
    }
}

impl From<&Agent> for Place {
    fn from(agent: &Agent) -> Self {
        Self {
            name: agent.name.clone(),
            city: agent.city.clone(),
            country: agent.country.clone(),
            latitude: agent.location.map(|location| location.0),
            longitude: agent.location.map(|location| location.1),
            asn: agent.asn,
            network: agent.organization.clone(),
            version: agent.version.clone(),
            tags: agent.tags.clone(),
            load: agent.load(),
            commands: agent.commands.keys().cloned().collect(),
            present: agent.is_present(),
            silent_seconds: agent.heard.map(|heard| heard.elapsed().as_secs()),
        }
    }
}

impl Data {
    fn map(&self) -> Chart {
        let points = self.places.iter().filter_map(|place| {
            Some(MapPoint {
                label: place.name.clone(),
                severity: if place.present {
                    Severity::Good
                } else {
                    Severity::Neutral
                },
                latitude: place.latitude?,
                longitude: place.longitude?,
            })
        });
        Chart::Map {
            title: "Vantage points".into(),
            points: points.collect(),
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let present = self.places.iter().filter(|place| place.present).count();
        let mut document = Document::new(
            "Vantage points",
            count(present, "vantage point", "vantage points"),
            Severity::Neutral,
        );
        let rows = self.places.iter().map(|place| {
            [
                place.name.clone().into(),
                place.location().into(),
                Cell::aside(place.network()),
                Cell::aside(place.tags.join(", ")),
                place.state(),
            ]
        });
        document.table(
            ["Name", "Location", "Network", "Tags", "State"],
            rows.collect(),
        );

        document.draw(self.map());

        if let Some(problem) = &self.problem {
            document.warn(problem.as_str());
        }
        if self.has_cluster {
            document.text(
                "`from=` takes names, cities, countries, networks and tags: fra1, berlin, de+AS3320, fra1,nyc1. `world` \
                 asks five, `all` asks all of them.",
            );
        } else {
            document
                .note("Operators add vantage points with `[cluster] nats` and `netvane agent`.");
        }
        document
    }
}
