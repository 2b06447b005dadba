//! All commands by name, for those that look one up, list them or offer one.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::Entry;
use crate::{
    spec::{Argument, CommandNames, Cost, Group, TargetKind},
    suggest,
};

/// All commands.
pub struct Registry {
    entries: Vec<Arc<Entry>>,
}

/// A command as the registry lists it to programs.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    aliases: &'a [&'a str],
    about: &'a str,
    group: Group,
    usage: String,
    cost: Cost,
    /// See [`Spec::sends`].
    sends_at_most_bytes: u32,
    arguments: &'a [Argument],
    examples: &'a [&'a str],
}

impl Registry {
    /// `{"commands": […]}`: names, aliases, arguments with types, bounds and help, examples.
    pub fn to_json(&self) -> Value {
        let listed = self.entries.iter().map(|entry| Listed {
            name: entry.spec.name,
            aliases: entry.spec.aliases,
            about: entry.spec.about,
            group: entry.spec.group,
            usage: entry.usage(),
            cost: entry.spec.cost,
            sends_at_most_bytes: entry.spec.sends,
            arguments: &entry.arguments,
            examples: entry.spec.examples,
        });
        serde_json::json!({ "commands": listed.collect::<Vec<_>>() })
    }

    /// Those given, in this order.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self {
            entries: entries.into_iter().map(Arc::new).collect(),
        }
    }

    /// In the order of `help`.
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// Those that are offered for such a target, the most telling one first.
    pub fn offered_for(&self, kind: TargetKind) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries
            .iter()
            .filter(move |entry| entry.offered_for.contains(&kind))
    }

    /// By name or alias, exactly.
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
