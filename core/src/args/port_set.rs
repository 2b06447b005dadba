//! Sets of ports: `22,80,443,8000-8010,ssh,53/udp`.

use std::{collections::BTreeSet, fmt, str::FromStr};

use netvane_facts::{ports, target::Invalid};

/// Maximum number of ports in one request.
pub(crate) const MAX_PORTS: usize = 1024;

/// Ports in ascending order, at most 1,024: those with a transport protocol and those without.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PortSet {
    /// Ports without a protocol.
    pub unmarked: BTreeSet<u16>,
    /// Ports written with `/tcp`.
    pub tcp: BTreeSet<u16>,
    /// Ports written with `/udp`.
    pub udp: BTreeSet<u16>,
}

impl FromIterator<u16> for PortSet {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Self {
        Self {
            unmarked: ports.into_iter().collect(),
            ..Self::default()
        }
    }
}

impl FromStr for PortSet {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut set = Self::default();

        for item in text
            .split([',', ' ', ';', '\t'])
            .filter(|item| !item.is_empty())
        {
            let (numbers, protocol) = item.split_once('/').unwrap_or((item, ""));
            let ports = match protocol.to_ascii_lowercase().as_str() {
                _ if !item.contains('/') => Ok(&mut set.unmarked),
                "tcp" => Ok(&mut set.tcp),
                "udp" => Ok(&mut set.udp),
                _ => Err(Invalid::new(format!(
                    "unknown protocol `{protocol}`; expected tcp or udp"
                ))),
            };
            let added = ports.and_then(|ports| add(ports, numbers));
            added.map_err(|invalid| {
                let start = text.find(item).unwrap_or(0);
                let whole = |correct: String| text.replacen(numbers, &correct, 1);
                Invalid {
                    value: invalid.value.map(whole),
                    ..Invalid::new(invalid.message)
                }
                .part(text, start..start + item.len())
            })?;
        }

        match set.unmarked.len() + set.tcp.len() + set.udp.len() {
            0 => Err(Invalid::new("expected ports, such as 22,80,8000-8010,ssh")),
            1..=MAX_PORTS => Ok(set),
            more => Err(Invalid::new(format!(
                "too many ports: at most {MAX_PORTS}, got {more}"
            ))),
        }
    }
}

/// Adds a number, a range or the port of a service. The error may have a corrected item.
fn add(ports: &mut BTreeSet<u16>, item: &str) -> Result<(), Invalid> {
    let range = item
        .split_once('-')
        .filter(|(first, _)| first.bytes().all(|byte| byte.is_ascii_digit()));

    match range {
        Some((first, last)) => match (port(first), port(last)) {
            (Some(first), Some(last)) if first <= last => {
                if usize::from(last - first) >= MAX_PORTS {
                    let invalid = Invalid::new(format!("too many ports: at most {MAX_PORTS}"));
                    let last = usize::from(first) + MAX_PORTS - 1;
                    return Err(invalid.value(format!("{first}-{last}")));
                }
                ports.extend(first..=last);
            }
            (Some(first), Some(last)) => {
                return Err(Invalid::new(format!(
                    "`{item}` is not a port range: {last} is less than {first}"
                ))
                .value(format!("{last}-{first}")));
            }
            (None, _) => return Err(Invalid::new(not_a_port(first))),
            (_, None) => return Err(Invalid::new(not_a_port(last))),
        },
        None if item.bytes().all(|byte| byte.is_ascii_digit()) => {
            ports.insert(port(item).ok_or_else(|| Invalid::new(not_a_port(item)))?);
        }
        None => {
            ports.insert(ports::port_of(item).ok_or_else(|| {
                Invalid::new(format!(
                    "unknown service `{item}`; expected numbers, ranges or service names"
                ))
            })?);
        }
    }

    Ok(())
}

/// Returns why a text is not a port number: out of range, or not a number.
fn not_a_port(text: &str) -> String {
    match text.trim_start_matches('0') {
        "" if !text.is_empty() => format!("port {text} is out of range (min 1)"),
        digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("port {text} is out of range (max 65535)")
        }
        _ => format!("expected a port number, got `{text}`"),
    }
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut items = runs(&self.unmarked, "");
        items.extend(runs(&self.tcp, "/tcp"));
        items.extend(runs(&self.udp, "/udp"));
        f.write_str(&items.join(","))
    }
}

/// Numbers and ranges, each with this suffix.
fn runs(ports: &BTreeSet<u16>, suffix: &str) -> Vec<String> {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for &port in ports {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == port => *last = port,
            _ => runs.push((port, port)),
        }
    }

    let written = |(first, last): (u16, u16)| match last - first {
        0 => vec![format!("{first}{suffix}")],
        1 => vec![format!("{first}{suffix}"), format!("{last}{suffix}")],
        _ => vec![format!("{first}-{last}{suffix}")],
    };
    runs.into_iter().flat_map(written).collect()
}

impl<'de> serde::Deserialize<'de> for PortSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(Invalid::into_serde)
    }
}

impl serde::Serialize for PortSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl schemars::JsonSchema for PortSet {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PortSet".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "format": "netvane:PortSet", "minLength": 1, "x-rest": true, "x-completes": "port", "x-form": "ports such as 22,80,8000-8010,ssh,53/udp"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists_ranges_and_names() {
        let shown = |text: &str| text.parse::<PortSet>().map(|set| set.to_string());

        assert_eq!(
            shown("22,80,443,8000-8010,ssh").as_deref(),
            Ok("22,80,443,8000-8010")
        );
        assert_eq!(shown("https http ssh").as_deref(), Ok("22,80,443"));
        assert_eq!(shown("1-1024").as_deref(), Ok("1-1024"));
        assert_eq!(
            shown("53/udp 1-3/UDP,80/tcp,ntp/udp,22").as_deref(),
            Ok("22,80/tcp,1-3/udp,53/udp,123/udp")
        );
        for (text, message) in [
            ("1-65535", "too many ports: at most 1024"),
            ("0", "port 0 is out of range (min 1)"),
            ("1-70000", "port 70000 is out of range (max 65535)"),
            ("70000-70001", "port 70000 is out of range (max 65535)"),
            ("80-", "expected a port number, got ``"),
            ("80-x", "expected a port number, got `x`"),
            ("70000", "port 70000 is out of range (max 65535)"),
            ("9-5", "`9-5` is not a port range: 5 is less than 9"),
            (
                "sssh",
                "unknown service `sssh`; expected numbers, ranges or service names",
            ),
            ("53/", "unknown protocol ``; expected tcp or udp"),
            ("53/sctp", "unknown protocol `sctp`; expected tcp or udp"),
            ("/udp", "expected a port number, got ``"),
            ("", "expected ports, such as 22,80,8000-8010,ssh"),
            ("1-1000,2000-2100", "too many ports: at most 1024, got 1101"),
        ] {
            assert_eq!(shown(text).expect_err(text).message, message);
        }

        assert_eq!(
            "22,443-80".parse::<PortSet>().expect_err("reversed").value,
            Some("22,80-443".into())
        );

        assert_eq!(
            "22,99999"
                .parse::<PortSet>()
                .expect_err("the second port is out of range")
                .part,
            Some(3..8)
        );
    }
}
