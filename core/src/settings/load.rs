//! Reading the settings: defaults, file, environment; every fault named with what was probably meant.

use std::path::Path;

use config::{Config, File, FileFormat, Value, ValueKind};
use data_encoding::BASE64;

use super::{DEFAULTS, Settings, access};
use crate::args::{Domain, Endpoint};

/// The start of every environment variable that is a setting.
const PREFIX: &str = "NETVANE__";

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
            builder.build().and_then(Config::try_deserialize).map_err(|error| one(told(&error)))?;
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
        must((1..=1024).contains(&self.limits.batch), "limits.batch: from 1 to 1024");
        must(
            self.http.listen.parse::<std::net::SocketAddr>().is_ok(),
            "http.listen: an address with a port, such as 127.0.0.1:8080 or [::]:8080",
        );
        must(
            (1024..=16 << 20).contains(&self.http.max_body_bytes),
            "http.max_body_bytes: from 1024 to 16777216",
        );
        must(self.http.read_timeout_ms >= 100, "http.read_timeout_ms: at least 100");
        must(self.limits.smtp_probes > 0, "limits.smtp_probes: at least 1");
        self.check_limits(&mut must);
        must(self.smtp.port > 0, "smtp.port: from 1 to 65535");
        must((100..=60_000).contains(&self.smtp.timeout_ms), "smtp.timeout_ms: from 100 to 60000");
        must(
            self.smtp.helo.is_empty()
                || self.smtp.helo.starts_with('[')
                || self.smtp.helo.parse::<Domain>().is_ok(),
            "smtp.helo: a host name of this machine's own",
        );
        self.check_reach(&mut must);
        let field = &self.http.client_address_header;
        must(
            field.is_empty() || crate::visit::NAMES_THE_CALLER.contains(&field.to_ascii_lowercase().as_str()),
            &format!(
                "http.client_address_header: one of {}; empty for the usual ones",
                crate::visit::NAMES_THE_CALLER.join(", ")
            ),
        );
        self.check_callbacks(&mut must);
        access::check(&self.http, &mut must);
        self.check_telegram(&mut must);
        self.check_discord(&mut must);
        let level = self.log.level.to_ascii_lowercase();
        let words = ["off", "error", "warn", "info", "debug", "trace"];
        must(
            level.contains(['=', ',']) || words.contains(&level.as_str()),
            "log.level: error, warn, info, debug or trace, or a filter",
        );
        if faults.is_empty() { Ok(()) } else { Err(SettingsError(faults)) }
    }

    /// Where others reach this service, and whom it may reach.
    fn check_reach(&self, must: &mut impl FnMut(bool, &str)) {
        let url = &self.http.public_url;
        let parsed = reqwest::Url::parse(url).ok();
        let is_origin = |url: &reqwest::Url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.path() == "/"
                && url.query().is_none()
        };
        must(
            url.is_empty() || parsed.as_ref().is_some_and(is_origin),
            "http.public_url: a URL with http or https and a host, and nothing behind it",
        );
        let delivers = |port| matches!(port, 80 | 88 | 443 | 8443);
        must(
            self.telegram.mode != "webhook"
                || parsed.and_then(|url| url.port_or_known_default()).is_none_or(delivers),
            "http.public_url: Telegram delivers to the ports 443, 80, 88 and 8443 only",
        );
        let is_everything = |networks: &[ipnet::IpNet]| networks.iter().any(|net| net.prefix_len() == 0);
        must(
            !is_everything(&self.policy.allow),
            "policy.allow: this would switch the guard off; name the networks",
        );
        must(!is_everything(&self.policy.deny), "policy.deny: nothing would be left to connect to");
        let sender = &self.smtp.mail_from;
        must(
            sender.is_empty() || crate::mail::parse(sender).is_ok(),
            "smtp.mail_from: a mail address, or empty",
        );
        let (city, asn) = (&self.geo.city_url, &self.geo.asn_url);
        must(!city.is_set() || !self.geo.city.is_empty(), "geo.city_url: needs geo.city, the file to write");
        must(!asn.is_set() || !self.geo.asn.is_empty(), "geo.asn_url: needs geo.asn, the file to write");
        let directory = &self.state.directory;
        must(directory.is_empty() || directory.starts_with('/'), "state.directory: an absolute path");
    }

    fn check_limits(&self, must: &mut impl FnMut(bool, &str)) {
        let limits = &self.limits;
        for (name, number) in [
            ("per_user", limits.per_user),
            ("per_conversation", limits.per_conversation),
            ("per_api_key", limits.per_api_key),
            ("per_anonymous", limits.per_anonymous),
            ("per_target", limits.per_target),
            ("hosts_per_network", limits.hosts_per_network),
            ("total", limits.total),
            ("amplification", limits.amplification),
        ] {
            must((1..=100_000_000).contains(&number), &format!("limits.{name}: from 1 to 100000000"));
        }
        let at_once = [limits.at_once_per_user, limits.at_once_per_api_key];
        must(
            at_once.iter().all(|most| (1..=100_000).contains(most)),
            "limits.at_once_per_user and limits.at_once_per_api_key: from 1 to 100000",
        );
        for rule in &self.policy.rules {
            let numbered = rule.per_minute.is_none_or(|number| number > 0);
            must(numbered, &format!("policy.rules: `{}`: per_minute is at least 1", rule.name));
            must(!rule.name.trim().is_empty(), "policy.rules: each rule has a name, which a refusal tells");
        }
        let contact = &self.policy.contact;
        must(
            contact.len() <= 200 && contact.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
            "policy.contact: an address or a URL, in ASCII",
        );
        must(self.audit.retention_days > 0, "audit.retention_days: at least 1");
        let collector = &self.telemetry.otlp_endpoint;
        let url = reqwest::Url::parse(collector).ok();
        must(
            collector.is_empty()
                || url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()),
            "telemetry.otlp_endpoint: a URL with http or https",
        );
    }

    fn check_callbacks(&self, must: &mut impl FnMut(bool, &str)) {
        let http = &self.http;
        let key = http.callback_secret.reveal().strip_prefix("whsec_");
        let key = key.and_then(|key| BASE64.decode(key.as_bytes()).ok());
        must(
            !http.callback_secret.is_set() || key.is_some_and(|key| (24..=64).contains(&key.len())),
            "http.callback_secret: `whsec_` and 24 to 64 bytes in base64",
        );
        must(
            (100..=60_000).contains(&http.callback_timeout_ms),
            "http.callback_timeout_ms: from 100 to 60000",
        );
        let waits = &http.callback_retry_seconds;
        must(
            (1..=20).contains(&waits.len()) && waits.iter().all(|wait| *wait <= 604_800),
            "http.callback_retry_seconds: 1 to 20 waits of at most 604800 seconds",
        );
    }

    fn check_telegram(&self, must: &mut impl FnMut(bool, &str)) {
        let telegram = &self.telegram;
        must(matches!(telegram.mode.as_str(), "polling" | "webhook"), "telegram.mode: polling or webhook");
        let url = reqwest::Url::parse(&telegram.api_url).ok();
        must(
            url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()),
            "telegram.api_url: a URL with http or https",
        );
        let secret = telegram.secret_token.reveal();
        must(
            secret.len() <= 256
                && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)),
            "telegram.secret_token: up to 256 letters, digits, underscores and hyphens",
        );
        if telegram.mode == "webhook" {
            must(
                self.http.public_url.starts_with("https://"),
                "telegram.mode: a webhook needs http.public_url with https",
            );
            must(!secret.is_empty(), "telegram.mode: a webhook needs telegram.secret_token");
        }
    }

    fn check_discord(&self, must: &mut impl FnMut(bool, &str)) {
        let discord = &self.discord;
        must(
            matches!(discord.mode.as_str(), "gateway" | "interactions"),
            "discord.mode: gateway or interactions",
        );
        let url = reqwest::Url::parse(&discord.api_url).ok();
        must(
            url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()),
            "discord.api_url: a URL with http or https",
        );
        let is_id = |id: &str| id.parse::<u64>().is_ok_and(|id| id > 0);
        must(
            discord.application_id.is_empty() || is_id(&discord.application_id),
            "discord.application_id: a number, as Discord's developer portal shows it",
        );
        must(discord.guilds.iter().all(|guild| is_id(guild)), "discord.guilds: numbers of servers");
        let key = discord.public_key.as_bytes();
        let is_key = key.len() == 64 && key.iter().all(u8::is_ascii_hexdigit);
        must(key.is_empty() || is_key, "discord.public_key: 64 hexadecimal digits");
        if discord.mode == "interactions" {
            must(
                !key.is_empty() && !discord.application_id.is_empty(),
                "discord.mode: interactions need discord.public_key and discord.application_id",
            );
        }
    }

    /// Sections that differ from these new settings and are only read when the service starts.
    pub fn need_a_restart(&self, new: &Self) -> Vec<&'static str> {
        // Who is let in, and whose word counts, is taken up at once.
        let http = super::Http {
            anonymous: self.http.anonymous,
            api_keys: self.http.api_keys.clone(),
            inbound_secrets: self.http.inbound_secrets.clone(),
            trusted_proxies: self.http.trusted_proxies.clone(),
            client_address_header: self.http.client_address_header.clone(),
            ..new.http.clone()
        };
        let changed = [
            ("http", self.http != http),
            ("telegram", self.telegram != new.telegram),
            ("discord", self.discord != new.discord),
            ("state", self.state != new.state),
            ("log", self.log != new.log),
            ("telemetry", self.telemetry != new.telemetry),
        ];
        changed.into_iter().filter_map(|(section, changed)| changed.then_some(section)).collect()
    }

    /// Whether only this machine can reach the HTTP adapter, and no limit was set for its callers.
    pub fn is_private(&self) -> bool {
        let http = &self.http;
        let local = http.listen.parse::<std::net::SocketAddr>().is_ok_and(|listen| listen.ip().is_loopback());
        let defaults = Self::default().limits;
        local
            && http.public_url.is_empty()
            && http.trusted_proxies.is_empty()
            && !http.proxy_protocol
            && self.limits
                == super::Limits {
                    light: self.limits.light,
                    heavy: self.limits.heavy,
                    smtp_probes: self.limits.smtp_probes,
                    cache_entries: self.limits.cache_entries,
                    cache_seconds: self.limits.cache_seconds,
                    ..defaults
                }
    }

    /// The settings in force, as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}

/// A wrong type is told without the value: it may be a secret.
fn told(error: &config::ConfigError) -> String {
    let text = error.to_string();
    // The key stands behind (`… for key `http.listen``) or before (`http.listen: …`).
    let (fault, key) = match text.split_once(" for key `") {
        Some((fault, key)) => (fault, key.split('`').next().unwrap_or(key)),
        None => match text.split_once(": ").filter(|(key, _)| !key.contains(char::is_whitespace)) {
            Some((key, fault)) => (fault, key),
            None => return text,
        },
    };
    // "invalid type: VALUE, expected WHAT".
    match fault.rsplit_once("expected ").filter(|_| fault.starts_with("invalid ")) {
        Some((_, wanted)) => format!("{key}: {wanted} is wanted here"),
        None => format!("{key}: {fault}"),
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
    let near = crate::spelling::nearest(path, keys.iter().map(String::as_str)).or_else(|| {
        let near = crate::spelling::nearest(&last(path), names.iter().map(String::as_str))?;
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
            let text = text.trim();
            // A list may be written as in TOML; brackets without quotes are those of an IPv6 address.
            let is_list = text == "[]" || text.starts_with("[\"") || text.starts_with("['");
            let inner = if is_list { text.trim_start_matches('[').trim_end_matches(']') } else { text };
            let items = inner
                .split(',')
                .map(|item| item.trim().trim_matches(['"', '\'']))
                .filter(|item| !item.is_empty());
            ValueKind::Array(items.map(|item| Value::from(item.to_owned())).collect())
        }
        ValueKind::Boolean(_) => text.trim().parse().map_or_else(|_| text.into(), ValueKind::Boolean),
        ValueKind::I64(_) | ValueKind::U64(_) => {
            text.trim().parse().map_or_else(|_| text.into(), ValueKind::I64)
        }
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests;
