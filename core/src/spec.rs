//! Declarations about a command, without the command itself; used by policy, help and platforms.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The names of all commands, for rules and settings that refer to commands by name.
pub trait CommandNames {
    /// Returns the name of the command that has this name or alias.
    fn canonical(&self, written: &str) -> Option<&'static str>;

    /// Returns the name or alias most similar to this one, if one is similar enough.
    fn nearest(&self, written: &str) -> Option<&'static str>;
}

/// Static properties of a command, apart from its argument types.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Name of the command, `[a-z0-9_]{1,32}`.
    pub name: &'static str,
    /// Other names that run the same command.
    pub aliases: &'static [&'static str],
    /// Heading under which `help` lists it.
    pub group: Group,
    /// Complete command lines, the most useful first.
    pub examples: &'static [&'static str],
    /// Deadline of the whole lookup.
    pub timeout: Duration,
    /// Cost class of a lookup.
    pub cost: Cost,
    /// Maximum number of bytes that one lookup sends to other hosts, whatever its arguments;
    /// includes packet headers, but not acknowledgements of received data.
    pub sends: u32,
}

/// Headings of `help`, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// DNS records and registration data.
    Dns,
    /// Whether a host is reachable, and by which route.
    Reachability,
    /// Mailboxes, mail servers and messages.
    Mail,
    /// The caller's own request.
    Request,
    /// Commands about Netvane itself.
    About,
}

impl Group {
    /// Returns the group's heading in `help`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Dns => "DNS and registration",
            Self::Reachability => "Reachability",
            Self::Mail => "Email",
            Self::Request => "Your request",
            Self::About => "About Netvane",
        }
    }
}

/// Amount of work of one lookup; lookups of one class share a number of permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Uses no network at all.
    Free,
    /// A few small queries.
    Light,
    /// Dozens of packets, or a long wait.
    Heavy,
}

/// An argument as help, completion and chat platforms see it. Derived from the argument's type.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "An argument of a command.")]
pub struct Argument {
    /// Name of the argument.
    pub name: String,
    /// Description in one sentence.
    pub help: String,
    /// Type of its value.
    #[serde(rename = "type")]
    pub kind: ArgumentKind,
    /// Whether the argument is required.
    pub required: bool,
    /// Takes the rest of the line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rest: bool,
    /// Takes it as it is, words that look like options included.
    #[serde(skip)]
    pub verbatim: bool,
    /// A mail message: pasted, uploaded, or the message replied to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub message: bool,
    /// Expected format, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub form: Option<String>,
    /// Source of suggestions for its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Completes")]
    pub completes: Option<Completes>,
    /// Lowest number that is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub minimum: Option<i64>,
    /// Highest number that is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub maximum: Option<i64>,
    /// Also accepts 0, below the lowest number, for no end; only in a terminal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub or_endless: bool,
    /// All allowed values, where they are few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// The sorts of values that every platform can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArgumentKind {
    /// Text with its own syntax.
    String,
    /// A whole number with bounds.
    Integer,
    /// A flag, true or false.
    Boolean,
}

/// Source of suggestions for an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Completes {
    /// Names and addresses that were looked up recently.
    Target,
    /// Names of DNS record types.
    RecordType,
    /// Names of services, for ports.
    Port,
    /// Names and addresses of DNS servers.
    Resolver,
    /// Names of Netvane's commands.
    Command,
    /// Vantage points: the value of `from`.
    Place,
}

/// Kind of target for which a reply or message offers commands as buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// A domain name or host name.
    Domain,
    /// An IPv4 or IPv6 address.
    Address,
    /// An email address, such as `someone@example.com`.
    Mailbox,
}

/// Command names for tests of code that does not depend on the registry.
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
