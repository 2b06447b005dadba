//! Settings: the built-in defaults, then a TOML file, then the environment.

mod access;
mod advice;
mod chats;
mod check;
mod cluster;
pub mod keys;
mod load;
mod rules;
mod urls;
pub mod webhook_keys;

use std::collections::BTreeMap;

use ipnet::IpNet;
use netvane_net::{settings::NetSettings, smtp::Cleartext};
use serde::{Deserialize, Serialize};

use crate::data_files::DataFiles;

pub use chats::{DiscordCommands, DiscordMode, TelegramMode};
pub use load::{SettingsError, almost_settings};

pub use netvane_net::settings::{Dns, Ports, Rdap, Server, Tls, Whois};

/// Default settings with comments; also the list of all existing keys.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// All settings of an operator. `config/default.toml` explains each key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Settings {
    pub dns: Dns,
    pub whois: Whois,
    pub rdap: Rdap,
    pub geo: Geo,
    pub smtp: Smtp,
    pub mail: Mail,
    pub blocklist: Blocklist,
    pub tls: Tls,
    pub policy: Policy,
    pub limits: Limits,
    pub http: Http,
    pub telegram: Telegram,
    pub discord: Discord,
    pub cluster: Cluster,
    pub agent: Agent,
    pub state: State,
    pub audit: Audit,
    pub log: Log,
    pub telemetry: Telemetry,
}

impl Settings {
    /// Returns where owners of contacted servers can read more and complain; `None` if not
    /// configured.
    pub(crate) fn contact(&self) -> Option<String> {
        let url = self.http.public_url.trim_end_matches('/');
        let about = (!url.is_empty()).then(|| format!("+{url}/about"));
        let contact = &self.policy.contact;
        let contact = (!contact.is_empty()).then(|| format!("contact {contact}"));
        let parts: Vec<String> = about.into_iter().chain(contact).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Returns whether clients can have an API key or sign their requests.
    pub(crate) fn has_keys(&self) -> bool {
        !self.http.api_keys.is_empty() || !self.http.inbound_secrets.is_empty()
    }

    /// Returns the settings that the network clients are built from.
    pub fn net(&self) -> NetSettings<'_> {
        NetSettings {
            dns: &self.dns,
            whois: &self.whois,
            rdap: &self.rdap,
            downloaded_bootstrap: DataFiles::new(self).map(|files| files.bootstrap()),
            tls: &self.tls,
            allow: &self.policy.allow,
            deny: &self.policy.deny,
            contact: self.contact(),
        }
    }
}

/// Databases of locations and networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Geo {
    pub city: String,
    pub asn: String,
    pub city_url: Secret,
    pub asn_url: Secret,
    pub auto_update: bool,
}

/// Settings of mailbox verification over SMTP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Smtp {
    pub port: u16,
    pub helo: String,
    pub mail_from: String,
    pub cleartext: Cleartext,
    pub control: String,
    pub timeout_ms: u64,
}

/// Settings of reading message headers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Mail {
    pub trusted_relays: Vec<String>,
}

/// DNS blocklists that are queried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Blocklist {
    pub lists: Vec<String>,
    pub disabled: Vec<String>,
    pub keys: BTreeMap<String, Secret>,
}

/// Access rules, contact, and exceptions to the table of special-purpose ranges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Policy {
    #[serde(deserialize_with = "networks")]
    pub allow: Vec<IpNet>,
    #[serde(deserialize_with = "networks")]
    pub deny: Vec<IpNet>,
    pub terminal_private: bool,
    pub contact: String,
    pub rules: Vec<Rule>,
    pub ports: Ports,
}

/// An access rule. A condition that is not set matches everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name of the rule, shown when it refuses a request.
    pub name: String,
    /// Effect on a request that the rule matches.
    pub effect: Effect,
    /// Adapters: `discord`, `telegram`, `http`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// IDs of Discord servers or Slack teams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<String>,
    /// IDs of channels and chats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// IDs of roles on the server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// User identifiers of the platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Names of API keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_keys: Vec<String>,
    /// Names or aliases of commands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// Vantage points of requests that name none, as in `from=`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// Lookups per minute that each caller may make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The request is allowed.
    Allow,
    /// The request is refused with the rule's name.
    Deny,
    /// The reply is shown to the caller alone.
    Private,
}

/// Limits of concurrent lookups, rates and caching.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Limits {
    pub light: usize,
    pub heavy: usize,
    pub batch: usize,
    pub smtp_probes: u32,
    pub per_user: u32,
    pub per_conversation: u32,
    pub per_api_key: u32,
    pub per_anonymous: u32,
    pub per_target: u32,
    pub hosts_per_network: u32,
    pub total: u32,
    pub amplification: u32,
    pub at_once_per_user: usize,
    pub at_once_per_api_key: usize,
    pub cache_bytes: u64,
    pub cache_entries: u64,
    pub cache_seconds: u64,
    pub results_bytes: u64,
    pub results_per_client: usize,
    pub agents_per_question: usize,
}

/// Header fields in which a proxy names the client. If the settings name none, the first ones are
/// used, in this order: a proxy that appends to the list of all hops never leaves text of the
/// client at its end. The others are written by CDNs and servers in front.
pub(crate) const CLIENT_ADDRESS_HEADERS: [&str; 16] = [
    "x-forwarded-for",
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "fastly-client-ip",
    "fly-client-ip",
    "x-azure-clientip",
    "x-envoy-external-address",
    "cloudfront-viewer-address",
    "x-appengine-user-ip",
];

/// Settings of the HTTP adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Http {
    pub listen: String,
    pub connections: usize,
    pub connections_per_client: usize,
    pub max_body_bytes: usize,
    pub read_timeout_ms: u64,
    pub drain_ms: u64,
    pub public_url: String,
    pub hosts: Vec<String>,
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    pub client_address_header: String,
    pub proxy_protocol: bool,
    pub anonymous: bool,
    pub api_keys: Vec<Secret>,
    pub inbound_secrets: Vec<Secret>,
    #[serde(deserialize_with = "one_or_more_keys")]
    pub callback_secret: Secret,
    pub callback_derive: bool,
    pub callback_timeout_ms: u64,
    pub callback_retry_seconds: Vec<u64>,
    pub callback_disable_seconds: u64,
    pub slack_signing_secret: Secret,
    pub slash_tokens: Vec<Secret>,
    pub slash_in_channel: bool,
    pub cors_origins: Vec<String>,
}

/// Settings of the Telegram adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Telegram {
    pub token: Secret,
    pub mode: TelegramMode,
    pub api_url: String,
    pub secret_token: Secret,
}

/// Settings of the Discord adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Discord {
    pub token: Secret,
    pub application_id: String,
    pub public_key: String,
    pub mode: DiscordMode,
    pub commands: DiscordCommands,
    pub guilds: Vec<String>,
    pub api_url: String,
}

/// NATS servers that connect this process with agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Cluster {
    pub nats: Vec<String>,
    pub nkey_file: String,
    pub credentials: String,
    pub replicas: usize,
}

impl Cluster {
    /// Whether the process has a cluster.
    pub fn is_set(&self) -> bool {
        !self.nats.is_empty()
    }
}

/// Name and location of this machine as a vantage point, for `netvane agent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Agent {
    pub name: String,
    pub asn: u32,
    pub city: String,
    pub country: String,
    pub latitude: f64,
    pub longitude: f64,
    pub tags: Vec<String>,
}

/// Settings of state that outlives the process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct State {
    pub directory: String,
}

/// Settings of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Audit {
    pub directory: String,
    pub retention_days: usize,
}

/// A value that is never shown: not by `config show`, in a log, or in an error.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns whether a value is set.
    pub fn is_set(&self) -> bool {
        !self.0.is_empty()
    }

    /// Returns the value, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Reads keys as one text or as a list; they are kept in one text.
fn one_or_more_keys<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a key or a list of keys")]
    enum Keys {
        One(String),
        More(Vec<String>),
    }
    Ok(Secret(match Keys::deserialize(deserializer)? {
        Keys::One(key) => key,
        Keys::More(keys) => keys.join(" "),
    }))
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_set() { "(set)" } else { "" })
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Settings of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Log {
    pub level: String,
    pub format: LogFormat,
}

/// Settings of the traces that are exported to a collector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Telemetry {
    pub otlp_endpoint: String,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people to read.
    Text,
    /// One JSON object per line.
    Json,
}

/// Deserializes a list of networks; a single address counts as a network of one address.
fn networks<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let written = Vec::<String>::deserialize(deserializer)?;
    let network = |text: String| {
        text.parse()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
            .map_err(|_| {
                serde::de::Error::custom(format!(
                    "`{text}` is not a network such as 192.0.2.0/24 or an address"
                ))
            })
    };
    written.into_iter().map(network).collect()
}
