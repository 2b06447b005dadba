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
    /// The product as the text has it, if it is longer than the token: `msnbot-media` for `msnbot`.
    longer: Option<&'a str>,
    /// The version after the product, if there is one.
    pub(super) version: Option<&'a str>,
    /// Whether the text starts with the product, so that the program is the client itself and not only mentioned.
    pub(super) leading: bool,
}

impl AgentMatch<'_> {
    /// The name of the program: as the table has it, or the longer product of the text.
    pub(super) fn name(&self) -> &str {
        self.longer.unwrap_or(self.agent.name)
    }
}

/// Finds the first program of the table that occurs in the text.
pub(super) fn find(text: &str) -> Option<AgentMatch<'_>> {
    let table = &*AGENTS;
    let bytes = text.as_bytes();
    let word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);

    let best = table
        .tokens
        .find_overlapping_iter(text)
        // Whole words only: `NotGooglebots` does not match `Googlebot`.
        .filter(|found| !(found.start() > 0 && word(found.start() - 1)))
        .filter(|found| !(word(found.end() - 1) && word(found.end())))
        // After a slash comes a version: `Java/1.8`, but not `Java/ASVM` of a phone.
        .filter(|found| {
            let version = found.end() + usize::from(matches!(bytes.get(found.end()), Some(b'v')));
            bytes[found.end() - 1] != b'/' || !letter(version)
        })
        // The table decides, then the occurrence with a version: `Nutch-2.2` in `nutch crawler/Nutch-2.2`.
        .min_by_key(|found| {
            (
                found.pattern(),
                version_at(&text[product_at(text, found.start(), found.end()).1..]).is_none(),
            )
        })?;

    let (start, end) = product_at(text, best.start(), best.end());
    let is_longer = (start, end) != (best.start(), best.end());

    Some(AgentMatch {
        agent: &table.agents[best.pattern().as_usize()],
        longer: is_longer.then(|| text[start..end].trim_end_matches('/')),
        version: version_at(&text[end..]),
        leading: start == 0,
    })
}

/// Where the product around a token starts and ends: hyphens and colons join words to one product, as in
/// `Baiduspider-cpro` and `aws-sdk-java`.
fn product_at(text: &str, start: usize, end: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let joins = |at: usize| matches!(bytes.get(at), Some(b'-' | b':'));
    let word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);

    let mut first = start;
    if start > 1 && joins(start - 1) && word(start - 2) {
        while first > 0 && (word(first - 1) || joins(first - 1)) {
            first -= 1;
        }
    }

    let mut last = end;
    let colons = text[end..].starts_with("::");
    if letter(end + 1) && text[end..].starts_with('-') || colons && letter(end + 2) {
        while word(last) || joins(last) {
            last += 1;
        }
        while joins(last - 1) {
            last -= 1;
        }
    }

    (first, last)
}

/// The version after a name: `/1.2.3`, ` 1.2`, `/v2`, `_2023`, or directly after a token that ends with a slash.
pub(super) fn version_at(rest: &str) -> Option<&str> {
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
