//! Groups of servers with the same answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::observation::{Observation, has_value};

/// Servers with the same outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Group {
    /// RCODE of the answers, or `timeout`, `unreachable`, `no address`, `refused here` or `lame`.
    pub(super) rcode: String,
    /// The answers, sorted; empty unless there are records.
    pub(super) answers: Vec<String>,
    /// Target of the alias, if the answer is only that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) alias: Option<String>,
    /// Names of the servers.
    pub(super) members: Vec<String>,
    /// Whether an authoritative server is among them.
    pub(super) authoritative: bool,
}

/// A group with what its members have in common.
struct Draft<'a> {
    first: &'a Observation,
    group: Group,
    /// Positions of its servers: the authoritative ones first, then the resolvers.
    positions: Vec<usize>,
}

impl Group {
    /// Whether its servers gave an answer that can be compared.
    pub(super) fn is_answer(&self) -> bool {
        matches!(self.rcode.as_str(), "NOERROR" | "NXDOMAIN")
    }
}

/// Groups the servers: answers first, the largest group first. Also returns the positions of the servers of each group: the
/// authoritative ones are counted first, then the resolvers.
pub(super) fn group(
    authorities: &[&Observation],
    resolvers: &[&Observation],
) -> (Vec<Group>, Vec<Vec<usize>>) {
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    let all = authorities.iter().map(|seen| (*seen, true));
    let all = all
        .chain(resolvers.iter().map(|seen| (*seen, false)))
        .enumerate();

    // Answers that end in an alias join the group of those that follow it, so these come first.
    let (partial, whole): (Vec<_>, Vec<_>) = all.partition(|(_, (seen, _))| is_partial(seen));
    for (position, (seen, is_authority)) in whole.into_iter().chain(partial) {
        let found = drafts.iter_mut().find(|draft| is_same(draft.first, seen));
        match found {
            Some(draft) => {
                draft.positions.push(position);
                draft.group.authoritative |= is_authority;
                if !draft.group.members.contains(&seen.name) {
                    draft.group.members.push(seen.name.clone());
                }
            }
            None => drafts.push(Draft {
                first: seen,
                positions: vec![position],
                group: Group {
                    rcode: outcome(seen).to_owned(),
                    answers: seen.answers.clone(),
                    alias: seen.alias.clone().filter(|_| is_partial(seen)),
                    members: vec![seen.name.clone()],
                    authoritative: is_authority,
                },
            }),
        }
    }

    drafts.sort_by_key(|Draft { group, .. }| {
        (!group.is_answer(), std::cmp::Reverse(group.members.len()))
    });
    drafts
        .into_iter()
        .map(|draft| (draft.group, draft.positions))
        .unzip()
}

/// Whether the answer is an alias whose target is in a zone of other servers.
fn is_partial(seen: &Observation) -> bool {
    outcome(seen) == "NOERROR" && seen.alias.is_some() && seen.all.is_empty()
}

fn outcome(seen: &Observation) -> &str {
    match seen.problem {
        Some(problem) => problem.outcome(),
        None => seen.rcode.as_deref().unwrap_or("timeout"),
    }
}

fn is_same(first: &Observation, seen: &Observation) -> bool {
    let is_alias = is_partial(first) || is_partial(seen);
    let answered = |seen| matches!(outcome(seen), "NOERROR" | "NXDOMAIN");
    if is_alias && answered(first) && answered(seen) {
        return first.alias.is_some() && first.alias == seen.alias;
    }
    outcome(first) == outcome(seen) && first.all == seen.all
}

fn is_answer(seen: &Observation) -> bool {
    matches!(outcome(seen), "NOERROR" | "NXDOMAIN")
}

/// The longest time for which a resolver may still give an answer that no authoritative server gives. `None` without an
/// authoritative answer, or if there is no such resolver.
pub(super) fn stale_seconds(
    authorities: &[&Observation],
    resolvers: &[&Observation],
) -> Option<u32> {
    let mut current = authorities.iter().filter(|seen| is_answer(seen)).peekable();
    current.peek()?;
    let current: Vec<_> = current.collect();
    let stale = resolvers
        .iter()
        .filter(|seen| is_answer(seen) && !current.iter().any(|other| is_same(other, seen)));
    stale.filter_map(|seen| seen.ttl).max()
}

/// Names of the servers that answer, but not with this value.
pub(super) fn without_value(
    authorities: &[&Observation],
    resolvers: &[&Observation],
    value: &str,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for seen in authorities.iter().chain(resolvers) {
        let has_it = has_value(seen, value);
        if seen.problem.is_none() && !has_it && !names.contains(&seen.name) {
            names.push(seen.name.clone());
        }
    }
    names
}
