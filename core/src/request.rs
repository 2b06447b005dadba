//! A question as an adapter hands it to the engine.

pub mod http_request;

use std::{net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{platform::Platform, request::http_request::HttpRequestInfo};

pub use crate::credential::Credential;

/// A question as an adapter received it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where it was received.
    pub platform: Platform,
    /// The command line, or the command with its arguments.
    pub input: Input,
    /// An answer that is kept already will not do.
    pub fresh: bool,
    /// The user or client that sent the request.
    pub caller: Caller,
    /// The HTTP request that brought the question, where one did.
    pub http_request: Option<Arc<HttpRequestInfo>>,
    /// One of many: it leaves half of the permits to questions that somebody waits for, and waits for its own as long
    /// as it takes.
    pub bulk: bool,
}

/// Who asks, as far as the adapter knows. Names are those of the platform, and unique on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caller {
    /// A person or a bot.
    pub user: Option<String>,
    /// Where the answer is read: a channel, a chat.
    pub conversation: Option<String>,
    /// What the conversation belongs to: a Discord server.
    pub server: Option<String>,
    /// What the user is there.
    pub roles: Vec<String>,
    /// The API key or the signature that came with the question.
    #[serde(rename = "api_key")]
    pub credential: Option<Credential>,
    /// Where the question came from over the network.
    pub address: Option<IpAddr>,
    /// The operator's own: at the terminal, or on the machine of a service that nobody else can reach. No limits.
    #[serde(skip)]
    pub own: bool,
}

impl Request {
    /// A question that an answer of a moment ago would do for, asked by nobody in particular.
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

    /// The same, asked by someone.
    pub fn by(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }

    /// The same, brought by an HTTP request.
    pub fn brought_by(self, http_request: Arc<HttpRequestInfo>) -> Self {
        Self {
            http_request: Some(http_request),
            ..self
        }
    }

    /// The same, as one of many.
    pub fn in_bulk(self) -> Self {
        Self { bulk: true, ..self }
    }
}

/// The two ways to ask.
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
