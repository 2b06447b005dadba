//! Subjects of the protocol between hubs and agents, version 1.
//!
//! Permissions of the NATS server are given by subject, so a name that comes from a message becomes part of a subject only
//! after it was checked.

use netvane_core::vantage::is_agent_name;

/// All heartbeats.
pub(crate) const HELLOS: &str = "nv.1.hello.*";
/// A hub asks all agents for a heartbeat.
pub(crate) const ROLL: &str = "nv.1.roll";

/// Longest identifier of a question or a replica.
const MAX_ID: usize = 32;

pub(crate) fn hello(agent: &str) -> String {
    format!("nv.1.hello.{agent}")
}

pub(crate) fn ask(agent: &str) -> String {
    format!("nv.1.ask.{agent}")
}

pub(crate) fn stop(agent: &str, id: &str) -> String {
    format!("nv.1.stop.{agent}.{id}")
}

/// The subject on which an agent answers a question of a replica.
pub(crate) fn reply(agent: &str, replica: &str, id: &str) -> String {
    format!("nv.1.re.{agent}.{replica}.{id}")
}

/// All answers to the questions of a replica.
pub(crate) fn replies(replica: &str) -> String {
    format!("nv.1.re.*.{replica}.*")
}

/// Whether this is an identifier of a question or a replica: `[0-9A-Za-z]{1,32}`.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Reads the name of the agent from the subject of a heartbeat.
pub(crate) fn agent_of_hello(subject: &str) -> Option<&str> {
    let name = subject.strip_prefix("nv.1.hello.")?;
    is_agent_name(name).then_some(name)
}

/// Reads the identifier of the question from the subject of a request to stop.
pub(crate) fn id_of_stop<'a>(subject: &'a str, agent: &str) -> Option<&'a str> {
    let rest = subject.strip_prefix("nv.1.stop.")?;
    let id = rest.strip_prefix(agent)?.strip_prefix('.')?;
    is_id(id).then_some(id)
}

/// Reads the agent, the replica and the question from the subject of an answer.
pub(crate) fn parts_of_reply(subject: &str) -> Option<(&str, &str, &str)> {
    let rest = subject.strip_prefix("nv.1.re.")?;
    let (agent, rest) = rest.split_once('.')?;
    let (replica, id) = rest.split_once('.')?;
    let is_valid = is_agent_name(agent) && is_id(replica) && is_id(id);
    is_valid.then_some((agent, replica, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_read_back_as_they_were_built() {
        assert_eq!(agent_of_hello(&hello("fra1")), Some("fra1"));
        assert_eq!(id_of_stop(&stop("fra1", "7Z"), "fra1"), Some("7Z"));
        let subject = reply("fra1", "r1", "7Z");
        assert_eq!(parts_of_reply(&subject), Some(("fra1", "r1", "7Z")));
    }

    #[test]
    fn subjects_with_other_tokens_are_not_read() {
        for subject in [
            "nv.1.hello.",
            "nv.1.hello.a.b",
            "nv.1.hello.A",
            "nv.1.hello.*",
            "nv.2.hello.a",
        ] {
            assert_eq!(agent_of_hello(subject), None, "{subject}");
        }
        for subject in [
            "nv.1.re.fra1",
            "nv.1.re.fra1.r",
            "nv.1.re.fra1.r.",
            "nv.1.re.fra1.r.a.b",
            "nv.1.re.*.r.a",
            "nv.1.re.fra1.r.>",
            "nv.1.re.all.r.a",
            "$JS.API.x",
            "_INBOX.a.b.c",
        ] {
            assert_eq!(parts_of_reply(subject), None, "{subject}");
        }
        assert_eq!(id_of_stop("nv.1.stop.fra12.7Z", "fra1"), None);
        assert_eq!(id_of_stop("nv.1.stop.fra1.7Z.x", "fra1"), None);
    }
}
