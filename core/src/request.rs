//! A request as an adapter passes it to the engine.

pub mod http_request;

use std::{net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{platform::Platform, request::http_request::HttpRequestInfo};

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
