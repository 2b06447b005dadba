//! All commands by name: lookup, listing, and commands offered for a target.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Entry, parse::FROM};
use crate::{
    spec::{Argument, CommandNames, Cost, Group, TargetKind},
    suggest,
    vantage::{Agent, SharedAgents},
};

/// All commands, in the order of `help`.
pub struct Registry {
    entries: Vec<Arc<Entry>>,
    agents: SharedAgents,
}

/// The registry as clients see it.
#[derive(Serialize, JsonSchema)]
#[schemars(
    rename = "Registry",
    description = "All commands, in the order of `help`."
)]
pub struct Listing<'a> {
    commands: Vec<Listed<'a>>,
}

/// A command as the registry lists it to clients.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Command", description = "A command.")]
struct Listed<'a> {
    #[schemars(regex(pattern = "^[a-z0-9_]{1,32}$"))]
    name: &'a str,
    /// Other names that run the same command.
    aliases: &'a [&'a str],
    /// What the command does, in one line.
    about: &'a str,
    group: Group,
    /// Usage line such as `mx <domain> [resolver]`.
    usage: String,
    cost: Cost,
    /// Maximum number of bytes that one lookup sends to other hosts.
    sends_at_most_bytes: u32,
    /// Its arguments, required ones first.
    arguments: &'a [Argument],
    /// Complete command lines to try.
    examples: &'a [&'a str],
}

impl Registry {
    /// Lists names, aliases, arguments with types, bounds and help, and examples.
    pub fn listing(&self) -> Listing<'_> {
        let listed = self.entries.iter().map(|entry| Listed {
            name: entry.spec.name,
            aliases: entry.spec.aliases,
            about: &entry.about,
            group: entry.spec.group,
            usage: entry.usage(),
            cost: entry.spec.cost,
            sends_at_most_bytes: entry.spec.sends,
            arguments: &entry.arguments,
            examples: entry.spec.examples,
        });
        Listing {
            commands: listed.collect(),
        }
    }

    /// Returns the [`Listing`] as JSON.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.listing()).unwrap_or_default()
    }

    /// Creates a registry of these commands, in this order.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self {
            entries: entries.into_iter().map(Arc::new).collect(),
            agents: Arc::default(),
        }
    }

    /// Adds `from` to the arguments of the commands that can be run from other vantage points.
    pub fn with_vantage_points(mut self, agents: &SharedAgents) -> Self {
        self.agents = agents.clone();
        for entry in &mut self.entries {
            if let Some(entry) = Arc::get_mut(entry).filter(|entry| entry.takes_from()) {
                entry.arguments.push(FROM.clone());
            }
        }
        self
    }

    /// Returns all commands in the order of `help`.
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// Returns the agents at other vantage points, in the order of their names.
    pub(crate) fn agents(&self) -> Vec<Arc<Agent>> {
        self.agents
            .get()
            .map(|agents| agents.list())
            .unwrap_or_default()
    }

    /// Returns the commands that are offered for this kind of target, the most useful first.
    pub fn offered_for(&self, kind: TargetKind) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries
            .iter()
            .filter(move |entry| entry.offered_for.contains(&kind))
    }

    /// Finds a command by its exact name or alias.
    pub fn find(&self, name: &str) -> Option<&Arc<Entry>> {
        self.entries
            .iter()
            .find(|entry| entry.spec.name == name || entry.spec.aliases.contains(&name))
    }
}

impl CommandNames for Registry {
    fn canonical(&self, written: &str) -> Option<&'static str> {
        self.find(written).map(|entry| entry.spec.name)
    }

    fn nearest(&self, written: &str) -> Option<&'static str> {
        let names = self
            .entries
            .iter()
            .flat_map(|entry| std::iter::once(&entry.spec.name).chain(entry.spec.aliases));
        suggest::nearest(written, names.copied())
    }
}

#[cfg(test)]
mod tests;
