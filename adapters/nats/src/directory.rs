//! The agents that a hub has heard from.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use netvane_core::vantage::Agent;

use crate::{
    messages::{Heartbeat, read_hello},
    metrics, subjects,
};

/// Most agents that are remembered.
const MAX_AGENTS: usize = 1000;
/// Age of the last heartbeat from which on an agent is forgotten.
const FORGET: Duration = Duration::from_secs(24 * 60 * 60);
/// Shortest interval of an agent's heartbeats; others in between are not read.
const INTERVAL: Duration = Duration::from_millis(100);
/// Longest goodbye, in bytes: it is always read.
const BYE: usize = 64;

/// The agents by name.
#[derive(Default)]
pub(crate) struct Directory(Mutex<BTreeMap<String, Known>>);

struct Known {
    agent: Arc<Agent>,
    /// Time of the last message, a goodbye included.
    last: Instant,
}

impl Directory {
    /// Takes a heartbeat that came on this subject. Anything that is none is counted and dropped.
    pub(crate) fn take(&self, subject: &str, payload: &[u8]) {
        self.take_at(subject, payload, Instant::now());
    }

    fn take_at(&self, subject: &str, payload: &[u8], now: Instant) {
        let Some(name) = subjects::agent_of_hello(subject) else {
            return metrics::dropped("subject");
        };
        let mut agents = self.agents();
        let is_early = agents
            .get(name)
            .is_some_and(|known| now.duration_since(known.last) < INTERVAL);
        if is_early && payload.len() > BYE {
            return metrics::dropped("too_often");
        }
        let Some(heartbeat) = read_hello(payload, name, now) else {
            return metrics::dropped("hello");
        };

        match heartbeat {
            Heartbeat::Bye => {
                if let Some(known) = agents.get_mut(name) {
                    let agent = Agent::clone(&known.agent);
                    known.agent = Arc::new(Agent {
                        heard: None,
                        ..agent
                    });
                }
            }
            Heartbeat::Here(agent) => {
                if agents.len() >= MAX_AGENTS && !agents.contains_key(name) {
                    forget(&mut agents, now);
                }
                if agents.len() >= MAX_AGENTS && !agents.contains_key(name) {
                    return metrics::dropped("too_many_agents");
                }
                let agent = Arc::from(agent);
                agents.insert(name.to_owned(), Known { agent, last: now });
            }
        }
    }

    /// Returns the agents in the order of their names.
    pub(crate) fn list(&self) -> Vec<Arc<Agent>> {
        self.list_at(Instant::now())
    }

    fn list_at(&self, now: Instant) -> Vec<Arc<Agent>> {
        let mut agents = self.agents();
        forget(&mut agents, now);
        agents.values().map(|known| known.agent.clone()).collect()
    }

    /// Returns how many agents are present.
    pub(crate) fn present(&self) -> usize {
        self.list()
            .iter()
            .filter(|agent| agent.is_present())
            .count()
    }

    fn agents(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(agents: &mut BTreeMap<String, Known>, now: Instant) {
    agents.retain(|_, known| now.duration_since(known.last) < FORGET);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(directory: &Directory, name: &str, now: Instant) {
        let text = format!(
            r#"{{"agent":"{name}","protocol":1,"version":"{}"}}"#,
            "1".repeat(64)
        );
        directory.take_at(&subjects::hello(name), text.as_bytes(), now);
    }

    #[test]
    fn agents_are_listed_by_name_until_a_day_after_their_last_heartbeat() {
        let (directory, now) = (Directory::default(), Instant::now());
        hello(&directory, "sin1", now);
        hello(&directory, "fra1", now + FORGET / 2);
        let names = |at| {
            directory
                .list_at(at)
                .iter()
                .map(|agent| agent.name.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(now + FORGET / 2), ["fra1", "sin1"]);
        assert_eq!(names(now + FORGET), ["fra1"]);
    }

    #[test]
    fn an_agent_that_says_goodbye_is_listed_but_not_present() {
        let (directory, now) = (Directory::default(), Instant::now());
        hello(&directory, "fra1", now);
        assert_eq!(directory.present(), 1);
        directory.take_at("nv.1.hello.fra1", br#"{"bye":true}"#, now);
        assert_eq!((directory.present(), directory.list().len()), (0, 1));
        directory.take_at("nv.1.hello.sin1", br#"{"bye":true}"#, now);
        assert_eq!(directory.list().len(), 1, "a goodbye makes no agent");
    }

    #[test]
    fn an_agent_cannot_speak_for_another() {
        let (directory, now) = (Directory::default(), Instant::now());
        let text = br#"{"agent":"fra1","protocol":1}"#;
        for subject in [
            "nv.1.hello.sin1",
            "nv.1.hello.fra1.x",
            "nv.1.hello.*",
            "nv.1.hello.",
        ] {
            directory.take_at(subject, text, now);
        }
        assert!(directory.list().is_empty());
    }

    #[test]
    fn the_number_of_agents_is_bounded() {
        let (directory, now) = (Directory::default(), Instant::now());
        for n in 0..MAX_AGENTS + 50 {
            hello(&directory, &format!("a{n}"), now);
        }
        assert_eq!(directory.list_at(now).len(), MAX_AGENTS);
        hello(&directory, "late", now + FORGET);
        assert_eq!(directory.list_at(now + FORGET).len(), 1);
    }

    #[test]
    fn heartbeats_in_quick_succession_are_not_read() {
        let (directory, now) = (Directory::default(), Instant::now());
        hello(&directory, "fra1", now);
        hello(&directory, "fra1", now + INTERVAL / 2);
        let heard = |directory: &Directory| directory.list_at(now)[0].heard;
        assert_eq!(heard(&directory), Some(now));
        hello(&directory, "fra1", now + INTERVAL);
        assert_eq!(heard(&directory), Some(now + INTERVAL));
    }
}
