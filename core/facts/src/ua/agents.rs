//! Programs that say who they are: crawlers, AI agents, monitors, libraries, apps. One table, one pass over the text.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Class, token, name, vendor; see the head of the file.
const TABLE: &str = include_str!("../../../../config/data/ua-agents.tsv");

/// What sort of program an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Acts on its own.
    Bot,
    /// A library or command-line tool.
    Tool,
    /// A browser inside an app.
    InApp,
}

/// A program of the table.
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

/// A program that a text names.
pub(super) struct Named<'a> {
    pub(super) agent: &'static Agent,
    /// The version that it gives itself.
    pub(super) version: Option<&'a str>,
    /// The text begins with it: that is what it is, and not something that it mentions.
    pub(super) leading: bool,
}

/// The first program of the table that the text names.
pub(super) fn find(text: &str) -> Option<Named<'_>> {
    let table = &*AGENTS;
    let bytes = text.as_bytes();
    let word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let best = table
        .tokens
        .find_overlapping_iter(text)
        // Not inside a longer word: `Googlebot` is not in `NotGooglebots`.
        .filter(|found| !(found.start() > 0 && word(found.start() - 1)))
        .filter(|found| !(word(found.end() - 1) && word(found.end())))
        .min_by_key(|found| found.pattern())?;
    Some(Named {
        agent: &table.agents[best.pattern().as_usize()],
        version: version_at(&text[best.end()..]),
        leading: best.start() == 0,
    })
}

/// The version behind a name: `/1.2.3`, ` 1.2`, `/v2`, `_2023`, or directly behind a slash that the token ends with.
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
