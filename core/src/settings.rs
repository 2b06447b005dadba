//! Settings: the built-in defaults, then a TOML file, then the environment.

use std::path::Path;

use config::{Config, File, FileFormat, Value, ValueKind};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::args::{Endpoint, Resolver};

/// The annotated defaults; also the list of all keys there are.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The start of every environment variable that is a setting.
const PREFIX: &str = "NETVANE__";

/// Everything an operator can set. `config/default.toml` says what each key means.
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
    pub tls: Tls,
    pub policy: Policy,
    pub limits: Limits,
    pub http: Http,
    pub telegram: Telegram,
    pub discord: Discord,
    pub log: Log,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Server {
    /// `"system"`.
    System(SystemWord),
    /// Written out.
    Resolver(Resolver),
}

/// The word `system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SystemWord {
    /// The resolvers of the operating system.
    System,
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

/// Databases of places and networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Geo {
    pub city: String,
    pub asn: String,
    pub city_url: String,
    pub asn_url: String,
}

/// Mailbox verification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Smtp {
    pub port: u16,
    pub helo: String,
    pub mail_from: String,
    pub timeout_ms: u64,
}

/// Reading of message headers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Mail {
    pub trusted_relays: Vec<String>,
}

/// Trust in certificates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Tls {
    pub ca_files: Vec<String>,
}

/// Exceptions to the table of special-purpose ranges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Policy {
    #[serde(deserialize_with = "networks")]
    pub allow: Vec<IpNet>,
    #[serde(deserialize_with = "networks")]
    pub deny: Vec<IpNet>,
}

/// How much at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Limits {
    pub light: usize,
    pub heavy: usize,
    pub cache_entries: u64,
    pub cache_seconds: u64,
}

/// The HTTP adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Http {
    pub listen: String,
    pub max_body_bytes: usize,
    pub read_timeout_ms: u64,
    pub drain_ms: u64,
    pub public_url: String,
    pub trusted_proxies: Vec<String>,
    pub proxy_protocol: bool,
    pub anonymous: bool,
    pub api_keys: Vec<Secret>,
    pub inbound_secrets: Vec<Secret>,
    pub callback_secret: Secret,
    pub slack_signing_secret: Secret,
    pub slash_tokens: Vec<Secret>,
}

/// The Telegram adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Telegram {
    pub token: Secret,
    pub mode: String,
    pub api_url: String,
    pub secret_token: Secret,
}

/// The Discord adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Discord {
    pub token: Secret,
    pub application_id: String,
    pub public_key: String,
    pub api_url: String,
    pub guilds: Vec<String>,
    pub mode: String,
}

/// A value that is never shown: not by `config show`, not in a log, not in an error.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Whether a value was given.
    pub fn is_set(&self) -> bool {
        !self.0.is_empty()
    }

    /// The value, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
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

/// The log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described once, in config/default.toml")]
pub struct Log {
    pub level: String,
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// An address alone is a network of one.
fn networks<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let written = Vec::<String>::deserialize(deserializer)?;
    let network = |text: String| {
        text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from)).map_err(|_| {
            serde::de::Error::custom(format!("`{text}` is not a network such as 192.0.2.0/24 or an address"))
        })
    };
    written.into_iter().map(network).collect()
}

/// Settings that cannot be used: one sentence a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct SettingsError(pub Vec<String>);

impl Default for Settings {
    fn default() -> Self {
        Self::load(None, std::iter::empty()).unwrap_or_else(|error| panic!("config/default.toml: {error}"))
    }
}

impl Settings {
    /// Reads `file`, if one is given, and the variables of `environment` that start with `NETVANE__`.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let one = |message: String| SettingsError(vec![message]);
        let defaults = tree(DEFAULTS).map_err(|error| one(format!("built-in defaults: {error}")))?;
        let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        let mut faults = Vec::new();
        let mut keys = Vec::new();
        leaves(&defaults, "", &mut keys);
        if let Some(path) = file {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|error| one(format!("{name}: {error}")))?;
            let given = tree(&text).map_err(|error| one(format!("{name}: {error}")))?;
            unknown_keys(&given, &keys, &name, &mut faults);
            builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
        }
        for (variable, text) in environment {
            let Some(rest) = variable.strip_prefix(PREFIX) else { continue };
            let key = rest.to_lowercase().replace("__", ".");
            let path: Vec<&str> = key.split('.').collect();
            match path.iter().try_fold(&defaults, |value, part| child(value, part)) {
                Some(default) => {
                    let value = from_text(&text, default);
                    builder = builder
                        .set_override(&key, value)
                        .map_err(|error| one(format!("{variable}: {error}")))?;
                }
                None => faults.push(unknown(&key, &variable, &keys)),
            }
        }
        if !faults.is_empty() {
            return Err(SettingsError(faults));
        }
        let settings: Self =
            builder.build().and_then(Config::try_deserialize).map_err(|error| one(error.to_string()))?;
        settings.check().map(|()| settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, message: &str| {
            if !holds {
                faults.push(message.to_owned());
            }
        };
        must(!self.dns.servers.is_empty(), "dns.servers: at least one resolver is needed");
        must((10..=60_000).contains(&self.dns.timeout_ms), "dns.timeout_ms: from 10 to 60000");
        must((1..=10).contains(&self.dns.attempts), "dns.attempts: from 1 to 10");
        must(self.whois.root.parse::<Endpoint>().is_ok(), "whois.root: a host, or a host with a port");
        must(self.whois.port > 0, "whois.port: from 1 to 65535");
        must((100..=30_000).contains(&self.whois.timeout_ms), "whois.timeout_ms: from 100 to 30000");
        must((1024..=4 << 20).contains(&self.whois.max_bytes), "whois.max_bytes: from 1024 to 4194304");
        must((1..=10).contains(&self.whois.max_referrals), "whois.max_referrals: from 1 to 10");
        must((100..=30_000).contains(&self.rdap.timeout_ms), "rdap.timeout_ms: from 100 to 30000");
        must((1024..=16 << 20).contains(&self.rdap.max_bytes), "rdap.max_bytes: from 1024 to 16777216");
        must(self.limits.light > 0 && self.limits.heavy > 0, "limits.light and limits.heavy: at least 1");
        must(
            self.http.listen.parse::<std::net::SocketAddr>().is_ok(),
            "http.listen: an address with a port, such as 127.0.0.1:8080 or [::]:8080",
        );
        must(
            (1024..=16 << 20).contains(&self.http.max_body_bytes),
            "http.max_body_bytes: from 1024 to 16777216",
        );
        must(self.http.read_timeout_ms >= 100, "http.read_timeout_ms: at least 100");
        let unprotected =
            "is not supported by this version yet, and ignoring it would leave the service open";
        must(
            self.http.anonymous && self.http.api_keys.is_empty(),
            &format!("http.anonymous, http.api_keys: {unprotected}"),
        );
        must(self.http.inbound_secrets.is_empty(), &format!("http.inbound_secrets: {unprotected}"));
        must(!self.http.proxy_protocol, "http.proxy_protocol: is not supported by this version yet");
        if faults.is_empty() { Ok(()) } else { Err(SettingsError(faults)) }
    }

    /// The settings in force, as TOML.
    pub fn to_toml(&self) -> String {
        toml_text(&serde_json::to_value(self).unwrap_or_default())
    }
}

fn tree(text: &str) -> Result<Value, config::ConfigError> {
    Config::builder().add_source(File::from_str(text, FileFormat::Toml)).build().map(|config| config.cache)
}

fn child<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match &value.kind {
        ValueKind::Table(table) => table.get(key),
        _ => None,
    }
}

fn unknown_keys(given: &Value, keys: &[String], source: &str, faults: &mut Vec<String>) {
    let mut written = Vec::new();
    leaves(given, "", &mut written);
    for path in written.iter().filter(|path| !keys.contains(path)) {
        // An unknown section is told once, not again for each of its keys.
        let section_is_unknown =
            path.rsplit_once('.').is_some_and(|(section, _)| !keys.iter().any(|key| key == section));
        if !section_is_unknown {
            faults.push(unknown(path, source, keys));
        }
    }
}

fn unknown(path: &str, source: &str, keys: &[String]) -> String {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let names: Vec<String> = keys.iter().map(|key| last(key)).collect();
    let near = crate::grammar::nearest(path, keys.iter().map(String::as_str)).or_else(|| {
        let near = crate::grammar::nearest(&last(path), names.iter().map(String::as_str))?;
        keys.iter().find(|key| last(key) == near).map(String::as_str)
    });
    let meant = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("{source}: there is no setting `{path}`{meant}")
}

/// All paths in a tree, sections and keys, sorted.
fn leaves(value: &Value, prefix: &str, out: &mut Vec<String>) {
    if let ValueKind::Table(table) = &value.kind {
        for (key, value) in table {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            out.push(path.clone());
            leaves(value, &path, out);
        }
        out.sort_unstable();
    }
}

/// A variable's text as the type that the default has; what does not fit is left for the reader to refuse.
fn from_text(text: &str, default: &Value) -> ValueKind {
    match &default.kind {
        ValueKind::Array(_) => {
            let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
            let items =
                inner.split(',').map(|item| item.trim().trim_matches('"')).filter(|item| !item.is_empty());
            ValueKind::Array(items.map(|item| Value::from(item.to_owned())).collect())
        }
        ValueKind::Boolean(_) => text.trim().parse().map_or_else(|_| text.into(), ValueKind::Boolean),
        ValueKind::I64(_) | ValueKind::U64(_) => {
            text.trim().parse().map_or_else(|_| text.into(), ValueKind::I64)
        }
        _ => text.into(),
    }
}

fn toml_text(value: &serde_json::Value) -> String {
    let mut out = String::new();
    for (section, keys) in value.as_object().into_iter().flatten() {
        out.push_str(&format!("[{section}]\n"));
        for (key, value) in keys.as_object().into_iter().flatten() {
            // JSON and TOML write strings, numbers, switches and arrays of these alike.
            out.push_str(&format!("{key} = {value}\n"));
        }
        out.push('\n');
    }
    out.trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let path =
            std::env::temp_dir().join(format!("netvane-settings-{}-{:p}.toml", std::process::id(), file));
        std::fs::write(&path, file).expect("writes");
        let variables = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let settings = Settings::load(Some(&path), variables);
        std::fs::remove_file(&path).expect("removes");
        settings.map_err(|error| {
            SettingsError(
                error.0.into_iter().map(|fault| fault.replace(&path.display().to_string(), "FILE")).collect(),
            )
        })
    }

    #[test]
    fn the_default_file_is_the_defaults_key_by_key() {
        let shown = tree(&Settings::default().to_toml()).expect("reads");
        let file = tree(DEFAULTS).expect("reads");
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        leaves(&shown, "", &mut ours);
        leaves(&file, "", &mut theirs);
        assert_eq!(ours, theirs, "no key missing in either");
        assert_eq!(shown.kind, file.kind, "every value the same");
    }

    #[test]
    fn file_then_environment() {
        let settings = load(
            "[dns]\ntimeout_ms = 500\nservers = ['192.0.2.53:5353', 'tls://192.0.2.54#dns.example']",
            &[
                ("NETVANE__DNS__TIMEOUT_MS", "700"),
                ("NETVANE__POLICY__ALLOW", "127.0.0.0/8, ::1"),
                ("HOME", "x"),
            ],
        )
        .expect("loads");
        assert_eq!(settings.dns.timeout_ms, 700);
        assert_eq!(settings.dns.attempts, 2, "untouched");
        assert_eq!(settings.dns.servers.len(), 2);
        assert_eq!(
            settings.policy.allow,
            ["127.0.0.0/8".parse().expect("net"), "::1/128".parse().expect("net")]
        );
        let system = load("", &[("NETVANE__DNS__SERVERS", "[\"system\"]")]).expect("loads");
        assert_eq!(system.dns.servers, [Server::System(SystemWord::System)]);
    }

    #[test]
    fn secrets_are_shown_nowhere() {
        let settings = load(
            "[telegram]\ntoken = 'CANARY-1'\n[http]\nslash_tokens = ['CANARY-2']",
            &[("NETVANE__DISCORD__TOKEN", "CANARY-3"), ("NETVANE__HTTP__CALLBACK_SECRET", "CANARY-4")],
        )
        .expect("loads");
        assert_eq!(settings.discord.token.reveal(), "CANARY-3");
        let everything = format!("{settings:?}\n{}", settings.to_toml());
        assert!(!everything.contains("CANARY"), "{everything}");
        assert!(settings.to_toml().contains("token = \"(set)\""));
        let open =
            load("[http]\nanonymous = false\napi_keys = ['CANARY-5']", &[]).expect_err("not enforced yet");
        assert!(
            open.0[0].starts_with("http.anonymous, http.api_keys: is not supported")
                && !open.0[0].contains("CANARY")
        );
        let wrong =
            load("[http]\nslash_tokens = 'CANARY-6'\nmax_body_bytes = 'CANARY-7'", &[]).expect_err("types");
        assert!(!wrong.to_string().contains("CANARY-6"), "{wrong}");
    }

    #[test]
    fn mistakes_are_named_with_what_was_meant() {
        let fault = |file, variables: &[_]| load(file, variables).expect_err("refused").0.join("\n");
        assert_eq!(
            fault("[dns]\nservrs = []", &[]),
            "FILE: there is no setting `dns.servrs`; did you mean `dns.servers`?"
        );
        assert_eq!(
            fault("", &[("NETVANE__HTTP__LISTN", "x")]),
            "NETVANE__HTTP__LISTN: there is no setting `http.listn`; did you mean `http.listen`?"
        );
        assert_eq!(fault("[bananas]\nx = 1", &[]), "FILE: there is no setting `bananas`");
        assert_eq!(
            fault("[http]\nlisten = 'here'", &[]),
            "http.listen: an address with a port, such as 127.0.0.1:8080 or [::]:8080"
        );
        assert!(fault("[dns]\ntimeout_ms = 'soon'", &[]).contains("dns.timeout_ms"));
        assert!(fault("[policy]\nallow = ['10.0.0.0/40']", &[]).contains("`10.0.0.0/40` is not a network"));
        assert!(fault("[dns", &[]).contains("FILE"));
    }
}
