//! The heartbeat of an agent.

use std::{collections::BTreeMap, time::Instant};

use netvane_core::{
    facts::countries,
    vantage::{Agent, is_agent_name},
};
use serde::{Deserialize, Serialize};

use super::{MAX_HELLO, PROTOCOL, bounded};

/// Longest version, city and holder of a network, in bytes.
const MAX_WORD: usize = 64;
/// Most tags.
const MAX_TAGS: usize = 16;
/// Most commands.
const MAX_COMMANDS: usize = 200;
/// Longest name of a command, and longest hash of its schemas.
const MAX_NAME: usize = 32;
/// Most questions at once that an agent can claim to answer.
const MAX_MOST: u32 = 10_000;

/// An agent as it describes itself, or its goodbye.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Hello {
    pub agent: String,
    pub version: String,
    pub protocol: u32,
    pub place: Place,
    pub network: Network,
    pub tags: Vec<String>,
    /// IP versions with a route.
    pub ipv: Vec<u8>,
    /// A hash of the schemas of each command.
    pub commands: BTreeMap<String, String>,
    pub busy: u32,
    pub most: u32,
    /// When the process started, RFC 3339.
    pub since: String,
    #[serde(skip_serializing)]
    pub bye: bool,
}

/// Where an agent is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    pub city: String,
    /// ISO 3166 code.
    pub country: String,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
}

/// The network that an agent is in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Network {
    pub asn: Option<u32>,
    pub organization: String,
}

/// What a heartbeat says.
#[derive(Debug, PartialEq)]
pub(crate) enum Heartbeat {
    /// The agent is there.
    Here(Box<Agent>),
    /// It said goodbye.
    Bye,
}

/// Reads a heartbeat of the agent `name`, which the subject has; `None` if it is too large, not of this protocol or of
/// another agent. Every text of it is bounded.
pub(crate) fn read_hello(payload: &[u8], name: &str, now: Instant) -> Option<Heartbeat> {
    if payload.len() > MAX_HELLO {
        return None;
    }
    let hello: Hello = serde_json::from_slice(payload).ok()?;
    if hello.bye {
        return Some(Heartbeat::Bye);
    }
    if hello.agent != name || hello.protocol != PROTOCOL {
        return None;
    }

    let most = hello.most.clamp(1, MAX_MOST);
    let tags = hello.tags.into_iter().filter(|tag| is_agent_name(tag));
    let commands = hello.commands.into_iter().filter(is_command);
    Some(Heartbeat::Here(Box::new(Agent {
        name: hello.agent,
        version: bounded(&hello.version, MAX_WORD),
        city: bounded(&hello.place.city, MAX_WORD),
        country: countries::country(&hello.place.country)
            .map_or_else(String::new, |(code, _)| code.to_owned()),
        location: location(&hello.place),
        asn: hello.network.asn.filter(|asn| *asn != 0),
        organization: bounded(&hello.network.organization, MAX_WORD),
        tags: tags.take(MAX_TAGS).collect(),
        ip_versions: [4, 6]
            .into_iter()
            .filter(|version| hello.ipv.contains(version))
            .collect(),
        commands: commands.take(MAX_COMMANDS).collect(),
        busy: hello.busy.min(most),
        most,
        heard: Some(now),
    })))
}

fn location(place: &Place) -> Option<(f64, f64)> {
    let (latitude, longitude) = (place.latitude?, place.longitude?);
    let is_valid = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
    is_valid.then_some((latitude, longitude))
}

fn is_command((name, hash): &(String, String)) -> bool {
    let is_word = |text: &str| {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_allowed)
    };
    is_word(name) && is_word(hash)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: &Value) -> Option<Agent> {
        match read_hello(value.to_string().as_bytes(), "fra1", Instant::now())? {
            Heartbeat::Here(agent) => Some(*agent),
            Heartbeat::Bye => None,
        }
    }

    #[test]
    fn a_heartbeat_is_read() {
        let agent = read(&json!({"agent":"fra1","version":"0.2.0","protocol":1,
            "place":{"city":"Frankfurt","country":"DE","continent":"EU","latitude":50.1,"longitude":8.7},
            "network":{"asn":3320,"organization":"DTAG"},"tags":["home"],"ipv":[4,6],
            "commands":{"ping":"9f31ac02"},"busy":2,"most":32,"since":"2026-01-01T00:00:00Z"}))
        .expect("an agent");
        assert_eq!(
            (agent.city.as_str(), agent.country.as_str()),
            ("Frankfurt", "DE")
        );
        assert_eq!((agent.location, agent.asn), (Some((50.1, 8.7)), Some(3320)));
        assert_eq!((agent.busy, agent.most), (2, 32));
        assert_eq!(agent.commands["ping"], "9f31ac02");
        assert!(agent.is_present());
    }

    #[test]
    fn a_heartbeat_of_another_agent_or_protocol_is_not_read() {
        for (agent, protocol) in [("fra2", 1), ("", 1), ("FRA1", 1), ("fra1", 2), ("fra1", 0)] {
            let hello = json!({"agent": agent, "protocol": protocol});
            assert_eq!(read(&hello), None, "{agent} {protocol}");
        }
        let broken = br#"{"agent":"fra1","protocol":1,"place":{"latitude":NaN}}"#;
        assert!(read_hello(broken, "fra1", Instant::now()).is_none());
        let large = json!({"agent": "fra1", "protocol": 1, "version": "x".repeat(MAX_HELLO)});
        assert_eq!(read(&large), None);
    }

    #[test]
    fn what_an_agent_claims_is_bounded() {
        let mut tags = vec!["all".to_owned(), "a b".to_owned()];
        tags.extend((0..300).map(|n| format!("t{n}")));
        let agent = read(&json!({"agent":"fra1","protocol":1,"version":"1\u{1b}[31m\u{202e}",
            "place":{"city":"x".repeat(500),"country":"<b>","latitude":91.0,"longitude":1e300},
            "network":{"asn":0,"organization":"a\nb"},"tags":tags,
            "ipv":[4,5,4],"commands":{"ping":"9f31ac02","../x":"1","y":"\u{7}"},"busy":4_000_000_000_u32,"most":0}))
        .expect("an agent");
        assert_eq!(agent.version, "1[31m");
        assert_eq!((agent.city.len(), agent.country.as_str()), (MAX_WORD, ""));
        assert_eq!((agent.location, agent.asn), (None, None));
        assert_eq!(
            (agent.organization.as_str(), agent.tags.len()),
            ("ab", MAX_TAGS)
        );
        assert_eq!(agent.tags[0], "t0");
        assert_eq!((agent.ip_versions, agent.commands.len()), (vec![4], 1));
        assert_eq!((agent.busy, agent.most), (1, 1));
    }
}
