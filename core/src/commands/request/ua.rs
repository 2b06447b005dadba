//! `ua`: parses a User-Agent.

use std::time::Duration;

use netvane_document::{Answer, Cell, Document, Failure, Severity};
use netvane_facts::ua::{self, Hints, UaFacts, hints::Brand};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::Text,
    command::{Command, Context},
    spec::{Cost, Group, Spec},
};

/// Browser, system and device of a User-Agent, and whether it is a bot.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ua {
    /// The User-Agent header as the client sends it.
    user_agent: Text,
}

/// A parsed User-Agent with its client hints.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    #[serde(flatten)]
    pub(crate) facts: UaFacts,
    /// Client hints; only in requests of browsers.
    pub(crate) hints: Option<Hints>,
    /// The User-Agent was longer than the parsed part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) truncated: bool,
}

impl Command for Ua {
    const SPEC: Spec = Spec {
        name: "ua",
        aliases: &["useragent"],
        group: Group::Request,
        examples: &[
            "ua Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "ua curl/8.5.0",
        ],
        timeout: Duration::from_secs(2),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Data;

    async fn run(self, _: &Context) -> Result<Data, Failure> {
        let text = self.user_agent.0;
        let truncated = text.len() > ua::MAX_READ;
        Ok(Data {
            facts: ua::read(&text),
            hints: None,
            truncated,
        })
    }
}

/// Joins the present parts with a space; `None` if there are none.
fn joined(parts: [&Option<String>; 2]) -> Option<String> {
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn summary(client: Option<&str>, os: Option<&str>, bot: bool) -> String {
    let summary = match (client, os) {
        (Some(client), Some(os)) => format!("{client} on {os}"),
        (Some(client), None) => client.to_owned(),
        (None, Some(os)) => format!("Unknown client on {os}"),
        (None, None) => "Unknown".into(),
    };

    if bot {
        format!("{summary} (bot or tool)")
    } else {
        summary
    }
}

/// Adds the client hints, and warnings where they contradict the User-Agent.
fn add_hints(hints: &Hints, document: &mut Document) {
    let brands: Vec<String> = hints
        .brands
        .iter()
        .map(|Brand { name, version }| format!("{name} {version}"))
        .collect();

    let mobile = hints
        .mobile
        .map(|mobile| if mobile { "yes" } else { "no" }.to_owned());
    let fields = [
        ("Brands", Some(brands.join(", "))),
        ("Mobile", mobile),
        ("OS", hints.system.clone()),
        ("Model", hints.model.clone()),
        (
            "Architecture",
            joined([&hints.architecture, &hints.bitness]),
        ),
    ];

    document.heading("Client hints");
    for (name, value) in fields {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            document.field(name, Cell::exact(value));
        }
    }

    for disagreement in &hints.disagreements {
        document.warn(format!("Conflict: {disagreement}"));
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let UaFacts {
            user_agent,
            category,
            bot,
            client,
            os,
            device,
        } = &self.facts;

        let client_text = joined([&client.name, &client.version]);
        let os_text = joined([&os.name, &os.version]);
        let summary = summary(client_text.as_deref(), os_text.as_deref(), *bot);
        let mut document = Document::new("User-Agent", summary, Severity::Neutral);

        let category = serde_json::to_value(category).unwrap_or_default();
        document.field("Kind", category.as_str().unwrap_or_default());
        document.field("Bot", if *bot { "yes" } else { "no" });
        let fields = [
            ("Client", client_text),
            ("Vendor", client.vendor.clone()),
            ("OS", os_text),
            ("Device", joined([&device.brand, &device.model])),
        ];

        for (name, value) in fields {
            if let Some(value) = value {
                document.field(name, Cell::exact(value));
            }
        }

        if let Some(hints) = &self.hints {
            add_hints(hints, &mut document);
        }

        document.code(user_agent.as_str());
        if self.truncated {
            document.note(format!("Only the first {} bytes were parsed", ua::MAX_READ));
        }

        document
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(3600)
    }
}

#[cfg(test)]
mod tests;
