//! Vantage points: agents that run lookups at other places, as the engine sees them.
//!
//! The engine chooses agents, asks them and presents what they find; an adapter carries questions and answers.

pub mod selection;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use netvane_document::{Failure, Problem};
use serde_json::{Map, Value};

pub use netvane_document::LOCAL;

/// Words that `from=` reserves.
const RESERVED: [&str; 3] = [LOCAL, "all", "world"];

/// Age of the last heartbeat from which on an agent is not asked any more.
pub const SILENT_AFTER: Duration = Duration::from_secs(12);

/// Whether agents can have this name: `[a-z0-9-]{1,32}`, so that it cannot widen a permission of the NATS server, and no
/// word of `from=`.
pub fn is_agent_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(is_allowed) && !RESERVED.contains(&name)
}

/// The agents that a hub can ask.
pub trait Agents: Send + Sync {
    /// Whether questions can be sent now.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] with the reason; reported within 100 ms of the loss of the connection.
    fn reachable(&self) -> Result<(), Failure>;

    /// Returns the known agents in the order of their names, those last heard from up to a day ago included.
    fn list(&self) -> Vec<Arc<Agent>>;

    /// Sends a question to an agent and waits for its answer, at most for the deadline of the question and a second.
    /// Calls `progress` with partial data. Dropping the future stops the lookup at the agent.
    fn ask(
        &self,
        agent: &str,
        question: Question,
        progress: Box<dyn FnMut(Value) + Send>,
    ) -> BoxFuture<'static, Result<Value, Unanswered>>;
}

/// The agents of this process, once they are attached; clones share them.
pub type SharedAgents = Arc<OnceLock<Arc<dyn Agents>>>;

/// An agent as it describes itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// Unique name, for which [`is_agent_name`] holds.
    pub name: String,
    /// Version of its program.
    pub version: String,
    /// City; empty if unknown.
    pub city: String,
    /// ISO 3166 country code, upper case; empty if unknown.
    pub country: String,
    /// Degrees north and east, if known.
    pub location: Option<(f64, f64)>,
    /// Number of its network, if known.
    pub asn: Option<u32>,
    /// Holder of its network; empty if unknown.
    pub organization: String,
    /// Further words that `from=` can name.
    pub tags: Vec<String>,
    /// IP versions with a route: 4, 6.
    pub ip_versions: Vec<u8>,
    /// Its commands, with a hash of the schemas of each: see [`crate::command::Entry::schema_hash`].
    pub commands: BTreeMap<String, String>,
    /// Questions that it is answering.
    pub busy: u32,
    /// Questions that it answers at once.
    pub most: u32,
    /// Time of its last heartbeat; `None` after it said goodbye.
    pub heard: Option<Instant>,
}

impl Agent {
    /// Whether it was heard from within the last [`SILENT_AFTER`].
    pub fn is_present(&self) -> bool {
        self.heard
            .is_some_and(|heard| heard.elapsed() < SILENT_AFTER)
    }

    /// Share of its slots that are taken, 0 to 1.
    pub fn load(&self) -> f64 {
        f64::from(self.busy) / f64::from(self.most.max(1))
    }
}

/// A question to one agent.
#[derive(Debug, Clone)]
pub struct Question {
    /// Name of the command.
    pub command: &'static str,
    /// Arguments in their canonical spelling.
    pub arguments: Arc<Map<String, Value>>,
    /// Time in which the answer must arrive.
    pub deadline: Duration,
    /// Name of the caller; only a hash of it leaves the process.
    pub caller: String,
    /// Whether a cached answer is not acceptable.
    pub fresh: bool,
    /// Units of the lookup in the caller's budget.
    pub units: u32,
}

/// Why an agent did not answer.
#[derive(Debug, Clone)]
pub enum Unanswered {
    /// It did not take the question within a second.
    NoAck,
    /// All its slots are taken.
    Busy,
    /// It took the question and was not heard from again.
    Gone,
    /// The deadline passed.
    Late,
    /// Questions cannot be sent.
    Unreachable(Failure),
    /// It answered with something that is no answer.
    Unreadable,
    /// It reports a problem.
    Problem(AgentProblem),
}

/// A problem that an agent reports. None of it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentProblem {
    /// The code of a [`Problem`], or any other text.
    pub code: String,
    /// The sentence for the user.
    pub detail: String,
}

impl From<&Problem<'_>> for AgentProblem {
    fn from(problem: &Problem<'_>) -> Self {
        Self {
            code: problem.code.name().to_owned(),
            detail: problem.detail.clone().into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_agents_cannot_widen_permissions_nor_hide_words_of_from() {
        for name in ["fra1", "a", "new-york-2", "7"] {
            assert!(is_agent_name(name), "{name}");
        }
        let long = "a".repeat(33);
        for name in [
            "", "Fra1", "fra.1", "*", ">", "a b", "a\"b", "ä", "local", "all", "world", &long,
        ] {
            assert!(!is_agent_name(name), "{name}");
        }
    }
}
