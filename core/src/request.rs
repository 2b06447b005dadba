//! A request as an adapter passes it to the engine.

pub mod http_request;
pub mod mail_upload;
mod stop;

use std::{net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{platform::Platform, request::http_request::HttpRequestInfo};

pub use self::stop::Stop;
pub use crate::credential::Credential;

/// A request as an adapter received it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Platform on which it was received.
    pub platform: Platform,
    /// The command line, or the command with its arguments.
    pub input: Input,
    /// Whether a cached reply is not acceptable.
    pub fresh: bool,
    /// The user or client that sent the request.
    pub caller: Caller,
    /// The HTTP request that carried it, if there was one.
    pub http_request: Option<Arc<HttpRequestInfo>>,
    /// Whether it is one of many. Bulk requests leave half of the slots to interactive ones and
    /// wait for their own without a timeout.
    pub bulk: bool,
    /// Ends a command that has no end of its own; only a terminal can run one.
    pub stop: Stop,
}

/// The caller, as far as the adapter knows. Names are those of the platform, and unique on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caller {
    /// A user or a bot.
    pub user: Option<String>,
    /// Channel or chat in which the reply is shown.
    pub conversation: Option<String>,
    /// Server to which the conversation belongs, such as a Discord server.
    pub server: Option<String>,
    /// Roles of the user on that server.
    pub roles: Vec<String>,
    /// The API key or signature of the request.
    #[serde(rename = "api_key")]
    pub credential: Option<Credential>,
    /// Network address that the request came from.
    pub address: Option<IpAddr>,
    /// Whether it is the operator: at the terminal, or on the machine of a service that no other
    /// machine can reach. The operator has no limits.
    #[serde(skip)]
    pub own: bool,
}

impl Caller {
    /// Returns whether the caller may look up the names of the operator's network
    /// (`dns.private_names`).
    pub(crate) fn may_see_private_names(&self) -> bool {
        self.own || self.credential.is_some()
    }
}

impl Request {
    /// Creates a request of an unknown caller that accepts a cached reply.
    pub fn new(platform: Platform, input: Input) -> Self {
        Self {
            platform,
            input,
            fresh: false,
            caller: Caller::default(),
            http_request: None,
            bulk: false,
            stop: Stop::default(),
        }
    }

    /// Returns the request with this caller.
    pub fn by(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }

    /// Returns the request with the HTTP request that carried it.
    pub fn brought_by(self, http_request: Arc<HttpRequestInfo>) -> Self {
        Self {
            http_request: Some(http_request),
            ..self
        }
    }

    /// Returns whether it acts for the user of this machine: the operator, at the terminal.
    pub(crate) fn is_of_local_user(&self) -> bool {
        self.platform == Platform::Terminal && self.caller.own
    }

    /// Returns the request, marked as one of many.
    pub fn in_bulk(self) -> Self {
        Self { bulk: true, ..self }
    }
}

/// The two forms of input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// A typed line: `/mx example.com`.
    Text(String),
    /// A command's name with named arguments.
    Named {
        /// Name or alias of the command.
        name: String,
        /// Values by argument name.
        arguments: Map<String, Value>,
    },
}

impl Input {
    /// Bytes of the text, or of the command's name and its arguments without punctuation.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(line) => line.len(),
            Self::Named { name, arguments } => name.len() + map_size(arguments),
        }
    }
}

fn map_size(map: &Map<String, Value>) -> usize {
    map.iter()
        .map(|(name, value)| name.len() + value_size(value))
        .sum()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(|value| 1 + value_size(value)).sum(),
        Value::Object(members) => map_size(members),
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_an_input_counts_nested_values() {
        let named = |arguments: Value| Input::Named {
            name: "mx".into(),
            arguments: arguments.as_object().cloned().expect("an object"),
        };
        assert_eq!(Input::Text("/mx a.test".into()).size(), 10);
        assert_eq!(named(serde_json::json!({})).size(), 2);
        assert_eq!(named(serde_json::json!({ "domain": "a.test" })).size(), 14);
        let nested = serde_json::json!({ "a": [[["bcd"]], {"e": null}] });
        assert_eq!(named(nested).size(), 2 + 1 + (1 + 1 + 1 + 3) + (1 + 1 + 4));
    }
}
