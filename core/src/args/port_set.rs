//! Sets of ports: `22,80,443,8000-8010,ssh`.

use std::{collections::BTreeSet, fmt, str::FromStr};

use netvane_facts::{ports, target::Invalid};

/// Maximum number of ports in one request.
pub(crate) const MAX_PORTS: usize = 1024;

/// Ports in ascending order, at most 1,024.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PortSet(pub BTreeSet<u16>);

impl FromStr for PortSet {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut ports = BTreeSet::new();

        for item in text
            .split([',', ' ', ';', '\t'])
            .filter(|item| !item.is_empty())
        {
            let fault = |message: String| {
                let start = text.find(item).unwrap_or(0);
                Invalid::new(message).part(text, start..start + item.len())
            };
            let range = item
                .split_once('-')
                .filter(|(first, _)| first.bytes().all(|byte| byte.is_ascii_digit()));

            match range {
                Some((first, last)) => match (port(first), port(last)) {
                    (Some(first), Some(last)) if first <= last => {
                        if usize::from(last - first) >= MAX_PORTS {
                            return Err(fault(format!("too many ports: at most {MAX_PORTS}")));
                        }
                        ports.extend(first..=last);
                    }
                    (Some(first), Some(last)) => {
                        let reversed = text.replacen(item, &format!("{last}-{first}"), 1);
                        return Err(fault(format!(
                            "`{item}` is not a port range: {last} is less than {first}"
                        ))
                        .value(reversed));
                    }
                    (None, _) => return Err(fault(not_a_port(first))),
                    (_, None) => return Err(fault(not_a_port(last))),
                },
                None if item.bytes().all(|byte| byte.is_ascii_digit()) => match port(item) {
                    Some(port) => _ = ports.insert(port),
                    None => return Err(fault(not_a_port(item))),
                },
                None => match ports::port_of(item) {
                    Some(port) => _ = ports.insert(port),
                    None => {
                        return Err(fault(format!(
                            "unknown service `{item}`; expected numbers, ranges or service names"
                        )));
                    }
                },
            }
        }

        match ports.len() {
            0 => Err(Invalid::new("expected ports, such as 22,80,8000-8010,ssh")),
            1..=MAX_PORTS => Ok(Self(ports)),
            more => Err(Invalid::new(format!(
                "too many ports: at most {MAX_PORTS}, got {more}"
            ))),
        }
    }
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
        let mut runs: Vec<(u16, u16)> = Vec::new();
        for &port in &self.0 {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == port => *last = port,
                _ => runs.push((port, port)),
            }
        }
        for (index, (first, last)) in runs.into_iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first},{last}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
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
            "type": "string", "format": "netvane:PortSet", "minLength": 1, "x-rest": true, "x-completes": "port", "x-form": "ports such as 22,80,8000-8010,ssh"
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
