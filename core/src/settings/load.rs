//! Loads the settings from defaults, file and environment; every error suggests what was probably
//! meant.

use std::{io::ErrorKind, path::Path, sync::LazyLock};

use config::{Config, File, FileFormat, Value, ValueKind};

use super::{DEFAULTS, Limits, Settings};

/// The built-in settings, parsed once.
static BUILT_IN: LazyLock<Config> = LazyLock::new(|| {
    parse(DEFAULTS).unwrap_or_else(|error| panic!("config/default.toml: {error}"))
});

/// Prefix of every environment variable that is a setting.
const PREFIX: &str = "NETVANE__";

/// Errors of settings that cannot be used, one sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct SettingsError(pub Vec<String>);

impl Default for Settings {
    fn default() -> Self {
        let settings = BUILT_IN.clone().try_deserialize();
        settings.unwrap_or_else(|error| panic!("config/default.toml: {error}"))
    }
}

/// Describes why a configuration file could not be read.
fn unreadable(name: &str, error: &std::io::Error) -> String {
    let why = match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    };
    format!("could not read the configuration file {name}: {why}")
}

impl Settings {
    /// Reads `file`, if one is given, and the variables of `environment` that start with
    /// `NETVANE__`.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let one = |message: String| SettingsError(vec![message]);
        let defaults = &BUILT_IN.cache;
        let mut builder = Config::builder().add_source(BUILT_IN.clone());
        let mut faults = Vec::new();
        let mut keys = Vec::new();
        leaves(defaults, "", &mut keys);
        if let Some(path) = file {
            let name = path.display().to_string();
            let text =
                std::fs::read_to_string(path).map_err(|error| one(unreadable(&name, &error)))?;
            let given =
                parse(&text).map_err(|_| one(format!("{name}: {}", syntax_fault(&text))))?;
            unknown_keys(&given.cache, &keys, &name, &mut faults);
            builder = builder.add_source(given);
        }

        for (variable, text) in environment {
            let Some(rest) = variable.strip_prefix(PREFIX) else {
                continue;
            };
            let key = rest.to_lowercase().replace("__", ".");
            let path: Vec<&str> = key.split('.').collect();

            match path
                .iter()
                .try_fold(defaults, |value, part| child(value, part))
            {
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

        let settings: Self = builder
            .build()
            .and_then(Config::try_deserialize)
            .map_err(|error| one(describe_error(&error)))?;

        settings.check().map(|()| settings)
    }

    pub(super) fn check_limits(&self, must: &mut impl FnMut(bool, &str)) {
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
            must(
                (1..=100_000_000).contains(&number),
                &format!("limits.{name}: must be 1–100000000"),
            );
        }

        let at_once = [limits.at_once_per_user, limits.at_once_per_api_key];

        must(
            at_once.iter().all(|most| (1..=100_000).contains(most)),
            "limits.at_once_per_user and limits.at_once_per_api_key: must be 1–100000",
        );

        must(
            (1 << 20..=1 << 40).contains(&limits.cache_bytes),
            "limits.cache_bytes: must be 1048576–1099511627776",
        );

        for rule in &self.policy.rules {
            let numbered = rule.per_minute.is_none_or(|number| number > 0);
            must(
                numbered,
                &format!(
                    "policy.rules: `{}`: per_minute must be at least 1",
                    rule.name
                ),
            );
            must(
                !rule.name.trim().is_empty(),
                "policy.rules: every rule needs a name, which is shown in refusals",
            );
        }

        let contact = &self.policy.contact;

        must(
            contact.len() <= 200 && contact.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
            "policy.contact: expected an email address or URL, in ASCII",
        );
        must(
            self.audit.retention_days > 0,
            "audit.retention_days: must be at least 1",
        );

        let collector = &self.telemetry.otlp_endpoint;
        let url = url::Url::parse(collector).ok();

        must(
            collector.is_empty()
                || url
                    .is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()),
            "telemetry.otlp_endpoint: expected an http or https URL",
        );
    }

    /// Returns the sections that differ in these new settings and are only read when the service
    /// starts.
    pub fn need_a_restart(&self, new: &Self) -> Vec<&'static str> {
        // Access and trusted proxies are applied at once.
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
            ("cluster", self.cluster != new.cluster),
            ("agent", self.agent != new.agent),
            ("state", self.state != new.state),
            (
                "geo (automatic updates)",
                self.geo != new.geo && (self.geo.auto_update || new.geo.auto_update),
            ),
            ("log.format", self.log.format != new.log.format),
            ("telemetry", self.telemetry != new.telemetry),
            (
                "limits.cache_bytes",
                self.limits.cache_bytes != new.limits.cache_bytes,
            ),
            (
                "limits.cache_entries",
                self.limits.cache_entries != new.limits.cache_entries,
            ),
        ];

        changed
            .into_iter()
            .filter_map(|(section, changed)| changed.then_some(section))
            .collect()
    }

    /// Returns whether only this machine can reach the HTTP adapter and the rate limits of callers
    /// have their defaults.
    pub fn is_private(&self) -> bool {
        let http = &self.http;
        let local = http
            .listen
            .parse::<std::net::SocketAddr>()
            .is_ok_and(|listen| listen.ip().is_loopback());
        let has_default_limits = |defaults: Limits| {
            self.limits
                == Limits {
                    light: self.limits.light,
                    heavy: self.limits.heavy,
                    smtp_probes: self.limits.smtp_probes,
                    cache_bytes: self.limits.cache_bytes,
                    cache_entries: self.limits.cache_entries,
                    cache_seconds: self.limits.cache_seconds,
                    ..defaults
                }
        };
        local
            && http.public_url.is_empty()
            && http.hosts.is_empty()
            && http.trusted_proxies.is_empty()
            && !http.proxy_protocol
            && BUILT_IN.get("limits").is_ok_and(has_default_limits)
    }

    /// Returns the settings as TOML; secrets are masked.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}

/// Describes an error; a wrong type is reported without the value, which may be a secret.
fn describe_error(error: &config::ConfigError) -> String {
    let text = error.to_string();
    // The key comes after the message (`… for key `http.listen``) or before it (`http.listen: …`).
    // A value may contain the same words, so the last ones count.
    let (fault, key) = match text.rsplit_once(" for key `") {
        Some((fault, key)) => (fault, key.split('`').next().unwrap_or(key)),
        None => match text
            .split_once(": ")
            .filter(|(key, _)| !key.contains(char::is_whitespace))
        {
            Some((key, fault)) => (fault, key),
            None => return without_value(&text).to_owned(),
        },
    };
    format!("{key}: {}", without_value(fault))
}

/// Returns the part of a message that repeats no value: of "invalid type: VALUE, expected WHAT" the
/// end.
fn without_value(fault: &str) -> &str {
    match (fault.starts_with("invalid "), fault.rfind("expected ")) {
        (true, Some(at)) => fault.get(at..).unwrap_or_default(),
        (true, None) => "invalid value",
        (false, _) => fault,
    }
}

/// Describes why a text is not TOML, with its place. The text itself is not repeated, because it
/// may contain secrets.
fn syntax_fault(text: &str) -> String {
    let Err(error) = text.parse::<toml::Table>() else {
        return "not valid TOML".to_owned();
    };
    let before = error.span().and_then(|span| text.get(..span.start));
    if let Some(fault) = before.and_then(|before| missing_quotes(text, before.len())) {
        return fault;
    }
    let place = before.map(|before| {
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("line {line}, column {column}: ")
    });
    format!("{}{}", place.unwrap_or_default(), error.message())
}

/// Describes an error at this byte of a text if the value there is a word or an address without quotes. Of the line only the
/// key is repeated, and only if it is that of a setting.
fn missing_quotes(text: &str, at: usize) -> Option<String> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let (key, value) = text.get(start..)?.lines().next()?.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());

    let mut settings = Vec::new();
    leaves(&BUILT_IN.cache, "", &mut settings);
    let is_setting = settings
        .iter()
        .any(|setting| setting.rsplit('.').next() == key.rsplit('.').next());

    // A misspelled number is none of these: `10s`, `0x1g`.
    let is_text = value.starts_with(|c: char| c.is_alphabetic() || "./:*_@".contains(c))
        || value.starts_with(|c: char| c.is_ascii_digit()) && value.contains([':', '.', '/']);
    (is_setting && is_text).then(|| {
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        format!("line {line}: `{key}` needs a value in quotes: `{key} = \"…\"`")
    })
}

fn parse(text: &str) -> Result<Config, config::ConfigError> {
    Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .build()
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
        // An unknown section is reported once, not again for each of its keys.
        let section_is_unknown = path
            .rsplit_once('.')
            .is_some_and(|(section, _)| !keys.iter().any(|key| key == section));
        if !section_is_unknown {
            faults.push(unknown(path, source, keys));
        }
    }
}

/// Returns a warning for each variable that resembles a setting but is not one:
/// `NETVANE_TELEGRAM_TOKEN`.
pub fn almost_settings(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut keys = Vec::new();
    leaves(&BUILT_IN.cache, "", &mut keys);
    let meant = |name: &str| {
        let name = name.to_ascii_lowercase();
        let rest = name
            .strip_prefix("netvane_")?
            .trim_start_matches('_')
            .replace("__", "_");
        let key = keys
            .iter()
            .find(|key| key.contains('.') && key.replace('.', "_") == rest)?;
        Some(format!("{PREFIX}{}", key.to_uppercase().replace('.', "__")))
    };
    let describe_error = |name: String| {
        let meant = meant(&name).filter(|_| !name.starts_with(PREFIX))?;
        Some(format!(
            "{name}: not a setting, ignored; did you mean {meant}?"
        ))
    };
    names.into_iter().filter_map(describe_error).collect()
}

fn unknown(path: &str, source: &str, keys: &[String]) -> String {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let names: Vec<String> = keys.iter().map(|key| last(key)).collect();
    let near = crate::suggest::nearest(path, keys.iter().map(String::as_str)).or_else(|| {
        let near = crate::suggest::nearest(&last(path), names.iter().map(String::as_str))?;
        keys.iter()
            .find(|key| last(key) == near)
            .map(String::as_str)
    });
    let meant = near
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    format!("{source}: unknown setting `{path}`{meant}")
}

/// Collects all paths in a tree, of sections and keys, sorted.
fn leaves(value: &Value, prefix: &str, out: &mut Vec<String>) {
    if let ValueKind::Table(table) = &value.kind {
        for (key, value) in table {
            let path = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            out.push(path.clone());
            leaves(value, &path, out);
        }
        out.sort_unstable();
    }
}

/// Converts a variable's text to the type of the default value; text of another type is left
/// unchanged and rejected when it is deserialized.
fn from_text(text: &str, default: &Value) -> ValueKind {
    match &default.kind {
        ValueKind::Array(_) => {
            let text = text.trim();
            // A list may be written as in TOML; brackets without quotes are those of an IPv6
            // address.
            let is_list = text == "[]" || text.starts_with("[\"") || text.starts_with("['");
            let inner = if is_list {
                text.trim_start_matches('[').trim_end_matches(']')
            } else {
                text
            };
            let items = inner
                .split(',')
                .map(|item| item.trim().trim_matches(['"', '\'']))
                .filter(|item| !item.is_empty());
            ValueKind::Array(items.map(|item| Value::from(item.to_owned())).collect())
        }
        ValueKind::Boolean(_) => text
            .trim()
            .parse()
            .map_or_else(|_| text.into(), ValueKind::Boolean),
        ValueKind::I64(_) | ValueKind::U64(_) => text
            .trim()
            .parse()
            .map_or_else(|_| text.into(), ValueKind::I64),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests;
