//! What is declared about a command, without the command itself: policy, help and platforms read it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The names of all commands, for what is declared about commands by name: rules, settings.
pub trait CommandNames {
    /// The name of the command that this name or alias belongs to.
    fn canonical(&self, written: &str) -> Option<&'static str>;

    /// The name or alias that is spelled most like this one, if one is near.
    fn nearest(&self, written: &str) -> Option<&'static str>;
}

/// What is written about a command besides its argument types.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// `[a-z0-9_]{1,32}`.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
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
    /// The caller's own request.
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

/// One argument, as help, completion and chat platforms see it. Derived from the argument's type.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "An argument of a command.")]
pub struct Argument {
    /// As it is given by name.
    pub name: String,
    /// What it is, in a sentence.
    pub help: String,
    /// What sort of value.
    #[serde(rename = "type")]
    pub kind: ArgumentKind,
    /// Whether it must be given.
    pub required: bool,
    /// Takes the rest of the line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rest: bool,
    /// A mail message: pasted, uploaded, or the message replied to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub message: bool,
    /// What may be written, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub form: Option<String>,
    /// Where suggestions for it come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Completes")]
    pub completes: Option<Completes>,
    /// Lowest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub minimum: Option<i64>,
    /// Highest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub maximum: Option<i64>,
    /// All allowed values, where they are few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// The sorts of values that every platform can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArgumentKind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A flag.
    Boolean,
}

/// Where suggestions for an argument come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Completes {
    /// Names and addresses that were asked about lately.
    Target,
    /// DNS record types.
    RecordType,
    /// Services by name.
    Port,
    /// DNS servers.
    Resolver,
    /// Commands.
    Command,
}

/// What a command can be asked about in one tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// A domain name.
    Domain,
    /// An IPv4 or IPv6 address.
    Address,
    /// A mail address.
    Mailbox,
}

/// Command names for the tests of what lies below the registry.
#[cfg(test)]
pub(crate) struct TestNames;

#[cfg(test)]
impl CommandNames for TestNames {
    fn canonical(&self, written: &str) -> Option<&'static str> {
        match written {
            "ports" | "portcheck" => Some("ports"),
            _ => ["mx", "trace", "verify", "ping", "whois"]
                .into_iter()
                .find(|name| *name == written),
        }
    }

    fn nearest(&self, written: &str) -> Option<&'static str> {
        (written == "prots").then_some("ports")
    }
}
