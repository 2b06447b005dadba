//! Network settings. `config/default.toml` documents each key.

use std::path::PathBuf;

use ipnet::IpNet;
use netvane_facts::target::{Invalid, Resolver};
use serde::{Deserialize, Serialize};

use crate::ports::PortRanges;

/// All settings that [`crate::Net`] is built from.
#[derive(Debug, Clone)]
pub struct NetSettings<'a> {
    /// Section `[dns]` of the settings.
    pub dns: &'a Dns,
    /// Section `[whois]` of the settings.
    pub whois: &'a Whois,
    /// Section `[rdap]` of the settings.
    pub rdap: &'a Rdap,
    /// Directory with downloaded RDAP bootstrap files; those that are newer than the built-in ones are used.
    pub downloaded_bootstrap: Option<PathBuf>,
    /// Section `[tls]` of the settings.
    pub tls: &'a Tls,
    /// `[policy] allow`: networks that may be contacted although they are not public.
    pub allow: &'a [IpNet],
    /// `[policy] deny`: networks that are never contacted. Takes precedence over `allow`.
    pub deny: &'a [IpNet],
    /// Contact URL and address for owners of contacted servers. Sent in the User-Agent.
    pub contact: Option<String>,
}

/// Resolvers, timeouts and the number of attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Dns {
    pub servers: Vec<Server>,
    pub timeout_ms: u64,
    pub attempts: u32,
    pub trust_anchor: String,
    pub private_names: Vec<String>,
    pub public_resolvers: Vec<String>,
    pub root_hints: Vec<String>,
}

/// One entry of `[dns] servers`.
#[derive(Debug, Clone, PartialEq)]
pub enum Server {
    /// `"system"`: the resolvers of the operating system.
    System,
    /// An address or URL, such as `192.0.2.53` or `tls://192.0.2.53#dns.example`.
    Resolver(Resolver),
}

impl Serialize for Server {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::System => serializer.serialize_str("system"),
            Self::Resolver(resolver) => serializer.collect_str(resolver),
        }
    }
}

impl<'de> Deserialize<'de> for Server {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.trim().to_ascii_lowercase().as_str() {
            "system" => Ok(Self::System),
            _ => text
                .parse()
                .map(Self::Resolver)
                .map_err(|invalid: Invalid| {
                    serde::de::Error::custom(format!("`{text}`: {}", invalid.message))
                }),
        }
    }
}

/// Settings of the whois client (RFC 3912).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Whois {
    pub root: String,
    pub port: u16,
    pub timeout_ms: u64,
    pub max_bytes: usize,
    pub max_referrals: usize,
}

/// Settings of the RDAP client (RFC 9082).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Rdap {
    pub enabled: bool,
    pub bootstrap: String,
    pub bootstrap_url: String,
    pub timeout_ms: u64,
    pub max_bytes: usize,
}

/// Certificate authorities that are trusted besides the usual ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Tls {
    pub ca_files: Vec<String>,
}

/// Ports that users may have contacted, by purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Ports {
    pub http: PortRanges,
    pub tls: PortRanges,
    pub resolver: PortRanges,
    pub server: PortRanges,
    pub callback: PortRanges,
}
