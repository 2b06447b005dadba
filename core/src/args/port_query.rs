//! Queries for ports: a number, a range, several numbers, or words.

use std::{fmt, str::FromStr};

use netvane_facts::{
    ports::{self, PortError},
    target::Invalid,
};

/// Longest query in bytes; no service has a longer name.
const MAX_QUERY: usize = 100;

/// A query for ports: `443/udp`, `8000-8010`, `25 587`, `remote desktop`. Numbers are separated by a space.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PortQuery(String);

impl FromStr for PortQuery {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let query = text.trim();
        if query.len() > MAX_QUERY {
            return Err(Invalid::new(format!(
                "too long: at most {MAX_QUERY} characters"
            )));
        }
        ports::lookup(query).map_err(|error| invalid(text, &error))?;

        let numbers = ports::several_numbers(query);
        Ok(Self(match numbers {
            Some(numbers) => numbers.join(" "),
            None => query.to_owned(),
        }))
    }
}

/// Returns the error with the part of the text that it is about, and the query as it should be.
fn invalid(text: &str, error: &PortError) -> Invalid {
    let invalid = Invalid::new(error.to_string());
    let part = |word: &str| text.find(word).map(|at| at..at + word.len());

    match error {
        PortError::UnknownProtocol(word) => {
            let invalid = invalid.value(text.replacen(word.as_str(), protocol_like(word), 1));
            match part(word) {
                Some(part) => invalid.part(text, part),
                None => invalid,
            }
        }
        PortError::OutOfRange(word) | PortError::Protocol(word) => match part(word) {
            Some(part) => invalid.part(text, part),
            None => invalid,
        }
        .command("/port 443"),
        PortError::Backwards(first, last) => {
            invalid.value(text.replacen(&format!("{first}-{last}"), &format!("{last}-{first}"), 1))
        }
        PortError::Empty => invalid.command("/port 443"),
    }
}

/// Returns the transport protocol that a misspelled one is most likely meant to be.
fn protocol_like(word: &str) -> &'static str {
    match word.chars().next().map(|first| first.to_ascii_lowercase()) {
        Some('u') => "udp",
        Some('s') => "sctp",
        Some('d') => "dccp",
        _ => "tcp",
    }
}

impl fmt::Display for PortQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for PortQuery {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(Invalid::into_serde)
    }
}

impl serde::Serialize for PortQuery {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl schemars::JsonSchema for PortQuery {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PortQuery".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "format": "netvane:PortQuery", "minLength": 1, "x-rest": true, "x-completes": "port", "x-form": "ports or a service: 443/udp, 8000-8010, postgres"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers_have_one_spelling() {
        let read = |text: &str| text.parse::<PortQuery>().map(|query| query.to_string());
        for (text, query) in [
            ("443/tcp,80", "443/tcp 80"),
            ("25 587", "25 587"),
            (" 8000-8010 ", "8000-8010"),
            ("remote desktop", "remote desktop"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(query), "{text}");
            assert_eq!(read(query).as_deref(), Ok(query), "{query}");
        }
    }

    #[test]
    fn errors_name_the_part_and_suggest_a_query() {
        let fault = |text: &str| {
            let invalid = text.parse::<PortQuery>().expect_err(text);
            (invalid.part, invalid.value)
        };
        assert_eq!(fault("443/tpc"), (Some(4..7), Some("443/tcp".into())));
        assert_eq!(fault("65536"), (Some(0..5), None));
        assert_eq!(fault("8010-8000"), (None, Some("8000-8010".into())));
    }
}
