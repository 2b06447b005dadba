//! What an operator can set about the network; `config/default.toml` says what each key means.

use ipnet::IpNet;
use netvane_facts::target::{Invalid, Resolver};
use serde::{Deserialize, Serialize};

/// Everything that [`crate::Net`] is built from.
#[derive(Debug, Clone)]
pub struct NetSettings<'a> {
    /// `[dns]`
    pub dns: &'a Dns,
    /// `[whois]`
    pub whois: &'a Whois,
    /// `[rdap]`
    pub rdap: &'a Rdap,
    /// `[tls]`
    pub tls: &'a Tls,
    /// `[policy] allow`: networks that are contacted although they are not public.
    pub allow: &'a [IpNet],
    /// `[policy] deny`: networks that are never contacted; goes before `allow`.
    pub deny: &'a [IpNet],
    /// Where a target's owner learns more and can complain: a part of the User-Agent.
    pub contact: Option<String>,
}

/// Which resolvers are asked, and how patiently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Dns {
    pub servers: Vec<Server>,
    pub timeout_ms: u64,
    pub attempts: u32,
    pub trust_anchor: String,
}

/// A configured resolver.
#[derive(Debug, Clone, PartialEq)]
pub enum Server {
    /// `"system"`: the resolvers of the operating system.
    System,
    /// Written out.
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

/// Registration data over port 43.
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

/// Registration data over RDAP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Rdap {
    pub enabled: bool,
    pub bootstrap: String,
    pub timeout_ms: u64,
    pub max_bytes: usize,
}

/// Trust in certificates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Tls {
    pub ca_files: Vec<String>,
}
