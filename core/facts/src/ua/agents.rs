//! Programs that identify themselves: crawlers, AI agents, monitors, libraries, apps. One table, searched in one pass.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Columns: class, token, name, vendor. The comment at the top of the file describes them.
const TABLE: &str = include_str!("../../../../config/data/ua-agents.tsv");

/// Kind of a program in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A crawler, AI agent, monitor or link preview.
    Bot,
    /// An HTTP library or command-line tool.
    Tool,
    /// A browser embedded in an app.
    InApp,
}

/// One program of the table.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) class: Class,
    pub(super) name: &'static str,
    pub(super) vendor: Option<&'static str>,
}

struct Table {
    agents: Vec<Agent>,
    tokens: AhoCorasick,
}

static AGENTS: LazyLock<Table> = LazyLock::new(|| {
    let rows = TABLE.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let class = match columns.next()? {
            "b" => Class::Bot,
            "t" => Class::Tool,
            "i" => Class::InApp,
            _ => return None,
        };
        let (token, name, vendor) = (columns.next()?, columns.next()?, columns.next()?);
        Some((
            token,
            Agent {
                class,
                name,
                vendor: Some(vendor).filter(|vendor| !vendor.is_empty()),
            },
        ))
    });
    let (tokens, agents): (Vec<_>, Vec<_>) = rows.unzip();
    let tokens = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(tokens);
    Table {
        agents,
        tokens: tokens.unwrap_or_else(|_| AhoCorasick::new([""; 0]).expect("an empty automaton")),
    }
});

/// A program of the table that occurs in a text.
pub(super) struct AgentMatch<'a> {
    pub(super) agent: &'static Agent,
    /// The version after the token, if there is one.
    pub(super) version: Option<&'a str>,
    /// Whether the text starts with the token, so that the program is the client itself and not only mentioned.
    pub(super) leading: bool,
}

/// Finds the first program of the table that occurs in the text.
pub(super) fn find(text: &str) -> Option<AgentMatch<'_>> {
    let table = &*AGENTS;
    let bytes = text.as_bytes();
    let word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let best = table
        .tokens
        .find_overlapping_iter(text)
        // Whole words only: `NotGooglebots` does not match `Googlebot`.
        .filter(|found| !(found.start() > 0 && word(found.start() - 1)))
        .filter(|found| !(word(found.end() - 1) && word(found.end())))
        .min_by_key(|found| found.pattern())?;
    Some(AgentMatch {
        agent: &table.agents[best.pattern().as_usize()],
        version: version_at(&text[best.end()..]),
        leading: best.start() == 0,
    })
}

/// The version after a name: `/1.2.3`, ` 1.2`, `/v2`, `_2023`, or directly after a token that ends with a slash.
fn version_at(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix(['/', ' ', '_', '-', ':']).unwrap_or(rest);
    let rest = rest.strip_prefix(['v', 'V']).unwrap_or(rest);
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-' | '+'))
        .unwrap_or(rest.len());
    let version = rest[..end].trim_end_matches(['.', '-', '_', '+']);
    (version.starts_with(|c: char| c.is_ascii_digit()) && version.len() <= 40).then_some(version)
}

#[cfg(test)]
mod tests;
