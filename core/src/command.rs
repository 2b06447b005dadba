//! What a command is, and the registry of all of them.
//!
//! A command is one file: a struct of typed arguments, a struct of typed data, one async function and
//! one pure one. Everything else that is said about it (help, grammar, JSON forms, completion, chat
//! options) is derived from these through [`Entry`].

mod argument;

use std::{any::Any, future::Future, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

pub(crate) use argument::written_schema;
pub use argument::{Argument, ArgumentKind, Completes, public_schema_settings};
use argument::{arguments, inline_schema};

use crate::{
    args::{Host, Invalid},
    context::Context,
    document::Document,
    failure::Failure,
    targets::TargetKind,
};

/// A command: its arguments are the struct itself.
pub trait Command: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static {
    /// What the registry knows of it.
    const SPEC: Spec;
    /// What it finds out.
    type Data: Answer;

    /// What it is offered for in one tap, when such a thing stands in a reply or a message.
    const OFFERED_FOR: &'static [TargetKind] = &[];

    /// Asks about the HTTP request that brings the question; who has none is handed a link to make one.
    const ABOUT_VISIT: bool = false;

    /// The answer is the asker's alone: another one's would differ.
    const ABOUT_ASKER: bool = false;

    /// Finds it out.
    fn run(self, cx: &Context) -> impl Future<Output = Result<Self::Data, Failure>> + Send;

    /// The host that the asker chose and that this command would connect to, for an early refusal.
    fn contacts(&self) -> Option<&Host> {
        None
    }
}

/// What a command finds out: the contract's `data`.
pub trait Answer: Serialize + JsonSchema + Clone + Send + Sync + 'static {
    /// The document that says it. Pure: no I/O, no escaping, no platform.
    fn present(&self) -> Document;

    /// How long this stays true; zero keeps it out of the cache.
    fn lifetime(&self) -> Duration {
        Duration::ZERO
    }

    /// The same as it is `seconds` later, for what counts down, such as a TTL.
    fn age(&mut self, _seconds: u32) {}
}

/// What is written about a command besides its argument types.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// `[a-z0-9_]{1,32}`.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// One line, 3 to 100 characters, no final stop.
    pub about: &'static str,
    /// The heading it stands under in `help`.
    pub group: Group,
    /// Complete command lines.
    pub examples: &'static [&'static str],
    /// The whole lookup ends by then.
    pub timeout: Duration,
    /// What it costs Netvane and others.
    pub cost: Cost,
    /// The most bytes that one lookup sends to others, whatever is asked: packets' headers included, acknowledgements
    /// of what they send aside.
    pub sends: u32,
}

/// Headings of `help`, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// DNS and registration.
    Dns,
    /// Is it there, and on which way.
    Reachability,
    /// E-mail.
    Mail,
    /// The asker's own request.
    Request,
    /// About Netvane.
    About,
}

impl Group {
    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Dns => "DNS and registration",
            Self::Reachability => "Reachability",
            Self::Mail => "E-mail",
            Self::Request => "Your request",
            Self::About => "About Netvane",
        }
    }
}

/// How much work one lookup is; lookups of one class share a number of permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// No network at all.
    Free,
    /// A few small queries.
    Light,
    /// Dozens of packets, or a long wait.
    Heavy,
}

/// The argument that could not be read, where it was one, and why.
pub type Misread = (Option<String>, Invalid);

type Reader = fn(Map<String, Value>) -> Result<Box<dyn Prepared>, Misread>;

/// A command with its types erased.
pub struct Entry {
    /// What is written about it.
    pub spec: Spec,
    /// Its arguments, required ones first.
    pub arguments: Vec<Argument>,
    /// See [`Command::OFFERED_FOR`].
    pub offered_for: &'static [TargetKind],
    /// See [`Command::ABOUT_VISIT`].
    pub about_visit: bool,
    /// See [`Command::ABOUT_ASKER`].
    pub about_asker: bool,
    /// JSON Schema of the arguments.
    pub arguments_schema: Schema,
    data_schema: fn() -> Schema,
    prepare: Reader,
}

/// A command with its arguments read: what is left is to run it.
pub trait Prepared: Send + Sync {
    /// The canonical arguments.
    fn arguments(&self) -> &Arc<Map<String, Value>>;
    /// See [`Command::contacts`].
    fn contacts(&self) -> Option<&Host>;
    /// See [`Command::run`].
    fn run<'a>(
        self: Box<Self>,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Arc<dyn Finding>, Failure>>;
}

/// Data with its type erased.
pub trait Finding: Any + Send + Sync {
    /// The contract's `data`.
    fn data(&self) -> Value;
    /// See [`Answer::present`].
    fn present(&self) -> Document;
    /// See [`Answer::lifetime`].
    fn lifetime(&self) -> Duration;
    /// See [`Answer::age`].
    fn aged(&self, seconds: u32) -> Arc<dyn Finding>;
}

impl<D: Answer> Finding for D {
    fn data(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn present(&self) -> Document {
        Answer::present(self)
    }

    fn lifetime(&self) -> Duration {
        Answer::lifetime(self)
    }

    fn aged(&self, seconds: u32) -> Arc<dyn Finding> {
        let mut later = self.clone();
        later.age(seconds);
        Arc::new(later)
    }
}

struct Ready<C> {
    command: C,
    arguments: Arc<Map<String, Value>>,
}

impl<C: Command> Prepared for Ready<C> {
    fn arguments(&self) -> &Arc<Map<String, Value>> {
        &self.arguments
    }

    fn contacts(&self) -> Option<&Host> {
        self.command.contacts()
    }

    fn run<'a>(
        self: Box<Self>,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Arc<dyn Finding>, Failure>> {
        Box::pin(async move {
            self.command
                .run(cx)
                .await
                .map(|data| Arc::new(data) as Arc<dyn Finding>)
        })
    }
}

impl Entry {
    /// Derives everything from the command's types.
    pub fn of<C: Command>() -> Self {
        let schema = inline_schema::<C>();
        Self {
            spec: C::SPEC,
            arguments: arguments(&schema),
            offered_for: C::OFFERED_FOR,
            about_visit: C::ABOUT_VISIT,
            about_asker: C::ABOUT_ASKER,
            arguments_schema: schema,
            data_schema: written_schema::<C::Data>,
            prepare: |arguments| {
                let command: C = serde_path_to_error::deserialize(Value::Object(arguments))
                    .map_err(|error| {
                        let path = error.path().to_string();
                        let invalid = Invalid::from_serde(&error.into_inner().to_string());
                        ((path != ".").then_some(path), invalid)
                    })?;
                let arguments = match serde_json::to_value(&command) {
                    Ok(Value::Object(arguments)) => arguments
                        .into_iter()
                        .filter(|(_, value)| !value.is_null())
                        .collect(),
                    _ => Map::new(),
                };
                Ok(Box::new(Ready {
                    command,
                    arguments: Arc::new(arguments),
                }))
            },
        }
    }

    /// Reads named arguments; an error names the argument that it is about, where it is about one.
    pub fn prepare(&self, arguments: Map<String, Value>) -> Result<Box<dyn Prepared>, Misread> {
        (self.prepare)(arguments)
    }

    /// JSON Schema of the contract's `data`.
    pub fn data_schema(&self) -> Schema {
        (self.data_schema)()
    }

    /// JSON Schema of a whole reply of this command. What all replies share becomes definitions of the generator's.
    pub fn reply_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        crate::reply::schema(generator, self.spec.name, self.data_schema())
    }

    /// `mx <domain> [resolver]`.
    pub fn usage(&self) -> String {
        self.arguments
            .iter()
            .fold(self.spec.name.to_owned(), |usage, argument| {
                let rest = if argument.rest { "…" } else { "" };
                if argument.required {
                    format!("{usage} <{}{rest}>", argument.name)
                } else {
                    format!("{usage} [{}{rest}]", argument.name)
                }
            })
    }
}

/// All commands.
pub struct Registry {
    entries: Vec<Arc<Entry>>,
}

/// The registry as programs see it.
#[derive(Serialize, JsonSchema)]
#[schemars(
    rename = "Registry",
    description = "All commands, in the order of `help`."
)]
pub struct Listing<'a> {
    commands: Vec<Listed<'a>>,
}

/// A command as the registry lists it to programs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Command", description = "A command.")]
struct Listed<'a> {
    #[schemars(regex(pattern = "^[a-z0-9_]{1,32}$"))]
    name: &'a str,
    /// Other names.
    aliases: &'a [&'a str],
    /// One line.
    about: &'a str,
    group: Group,
    /// `mx <domain> [resolver]`.
    usage: String,
    cost: Cost,
    /// The most bytes that one lookup sends to others.
    sends_at_most_bytes: u32,
    /// Required ones first.
    arguments: &'a [Argument],
    /// Complete command lines.
    examples: &'a [&'a str],
}

impl Registry {
    /// Names, aliases, arguments with types, bounds and help, examples.
    pub fn listing(&self) -> Listing<'_> {
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
        Listing {
            commands: listed.collect(),
        }
    }

    /// The [`Listing`] in JSON.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.listing()).unwrap_or_default()
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

    /// The arguments of a command's first example, by name.
    pub fn example(&self, entry: &Entry) -> Map<String, Value> {
        let line = entry.spec.examples.first().copied().unwrap_or_default();
        crate::grammar::parse(self, line)
            .map(|(_, read)| Map::clone(read.arguments()))
            .unwrap_or_default()
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

    /// The name or alias that is spelled most like this one, if one is near.
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        let names = self
            .entries
            .iter()
            .flat_map(|entry| std::iter::once(&entry.spec.name).chain(entry.spec.aliases));
        crate::spelling::nearest(name, names.copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands;

    /// What Discord and Telegram accept: the registry may be projected to either without a check there.
    #[test]
    fn every_command_fits_the_platforms() {
        let registry = commands::registry();
        let mut names = std::collections::HashSet::new();
        for entry in registry.entries() {
            let Spec {
                name,
                aliases,
                about,
                examples,
                cost,
                sends,
                ..
            } = entry.spec;
            assert_eq!(
                sends == 0,
                cost == Cost::Free,
                "{name}: what sends nothing is free, and nothing else"
            );
            assert!(
                sends <= 512 << 10,
                "{name}: more than any question is worth"
            );
            for name in std::iter::once(&name).chain(aliases) {
                assert!(names.insert(*name), "{name} is there twice");
                assert!(
                    (1..=32).contains(&name.len())
                        && name
                            .bytes()
                            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
                );
            }
            assert!(
                (3..=100).contains(&about.chars().count()),
                "{name}: {about}"
            );
            assert!(!about.ends_with('.'), "{name}");
            assert!(!examples.is_empty(), "{name} needs an example");
            assert!(entry.arguments.len() <= 25);
            assert!(
                entry
                    .arguments
                    .is_sorted_by_key(|argument| !argument.required),
                "{name}: required first"
            );
            for (index, argument) in entry.arguments.iter().enumerate() {
                assert!(
                    (3..=100).contains(&argument.help.chars().count()),
                    "{name} {}: {:?}",
                    argument.name,
                    argument.help
                );
                assert!(
                    argument
                        .name
                        .bytes()
                        .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
                );
                assert!(
                    !argument.rest || index + 1 == entry.arguments.len(),
                    "{name}: free text comes last"
                );
            }
        }
    }

    /// Contract §2: these fields are there, whatever else is.
    #[test]
    fn data_has_the_fields_of_the_contract() {
        let registry = commands::registry();
        let lookup = [
            "name",
            "type",
            "rcode",
            "answers",
            "authority",
            "resolver",
            "authenticated",
            "transport",
        ];
        let record_types = [
            "a", "aaaa", "mx", "ns", "soa", "txt", "cname", "srv", "caa", "dig", "ptr",
        ];
        let mut contract: Vec<(&str, &[&str])> = record_types
            .iter()
            .map(|name| (*name, &lookup[..]))
            .collect();
        contract.push(("mx", &["hosts", "null_mx", "implicit"]));
        contract.push(("dns", &["name", "rcode", "records"]));
        contract.push(("reverse", &["query", "addresses"]));
        contract.push((
            "whois",
            &[
                "query",
                "kind",
                "source",
                "state",
                "registrar",
                "registrant",
                "status",
                "nameservers",
                "created",
                "updated",
                "expires",
                "dnssec",
                "network",
                "chain",
                "raw",
            ],
        ));
        let place = [
            "address",
            "version",
            "scope",
            "country",
            "region",
            "city",
            "postal",
            "location",
            "network",
            "databases",
        ];
        contract.push(("geo", &place));
        contract.push(("ip", &place));
        contract.push(("ip", &["names", "registration"]));
        contract.push((
            "ping",
            &[
                "target",
                "address",
                "sent",
                "received",
                "loss_percent",
                "rtt_ms",
                "replies",
            ],
        ));
        contract.push(("trace", &["target", "address", "reached", "hops"]));
        contract.push(("ports", &["target", "address", "ports"]));
        contract.push(("port", &["query", "matches"]));
        contract.push((
            "ua",
            &[
                "user_agent",
                "category",
                "bot",
                "client",
                "os",
                "device",
                "hints",
            ],
        ));
        contract.push((
            "verify",
            &[
                "address",
                "verdict",
                "reason",
                "checks",
                "mx",
                "transcript",
                "suggestion",
            ],
        ));
        contract.push((
            "trace_mail",
            &[
                "from",
                "subject",
                "date",
                "message_id",
                "hops",
                "origin",
                "authentication",
                "anomalies",
            ],
        ));
        contract.push((
            "myip",
            &["address", "port", "via", "chain", "proxy_headers", "geo"],
        ));
        contract.push(("myrequest", &["variables", "headers"]));
        contract.push((
            "myua",
            &[
                "user_agent",
                "category",
                "bot",
                "client",
                "os",
                "device",
                "hints",
            ],
        ));
        contract.push(("mailbox", &["domain", "provider", "hosts"]));
        for (name, fields) in contract {
            let schema = registry.find(name).expect(name).data_schema();
            for field in fields {
                assert!(
                    schema.pointer(&format!("/properties/{field}")).is_some(),
                    "{name}: {field} in {schema:?}"
                );
            }
        }
    }

    #[test]
    fn every_example_parses_and_names_its_command() {
        let registry = commands::registry();
        for entry in registry.entries() {
            for example in entry.spec.examples {
                let parsed = crate::grammar::parse(&registry, example)
                    .unwrap_or_else(|e| panic!("{example}: {}", e.message));
                assert_eq!(parsed.0.spec.name, entry.spec.name, "{example}");
            }
        }
    }
}
