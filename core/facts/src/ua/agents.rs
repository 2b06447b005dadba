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
mod tests {
    use super::*;

    #[test]
    fn named() {
        for (text, class, name, version) in [
            ("curl/8.5.0", Class::Tool, "curl", Some("8.5.0")),
            (
                "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
                Class::Bot,
                "GPTBot",
                Some("1.2"),
            ),
            ("Java/1.8.0_151", Class::Tool, "Java", Some("1.8.0_151")),
            (
                "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
                Class::Bot,
                "facebookexternalhit",
                Some("1.1"),
            ),
            ("Twitterbot", Class::Bot, "Twitterbot", None),
            (
                "Mozilla/5.0 (…) Instagram 312.0.0.24 (iPhone14,5)",
                Class::InApp,
                "Instagram",
                Some("312.0.0.24"),
            ),
        ] {
            let Named {
                agent,
                version: found,
                ..
            } = find(text).expect(text);
            assert_eq!(
                (agent.class, agent.name, found),
                (class, name, version),
                "{text}"
            );
        }

        for text in [
            "",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0",
            "Javascript",
            "OnLine",
            "xcurl/1",
        ] {
            assert!(find(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_table_is_whole() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(AGENTS.agents.len(), rows);
        assert!(rows > 250);
    }

    #[test]
    fn versions_stand_behind_names() {
        for (rest, expected) in [
            ("/1.2.3", Some("1.2.3")),
            (" 1.2 (x)", Some("1.2")),
            ("/v2", Some("2")),
            ("_2023", Some("2023")),
            ("-1.0-beta+7;", Some("1.0-beta+7")),
            (":3.", Some("3")),
            ("1.8.0_151", Some("1.8.0_151")),
            ("/", None),
            ("/x1", None),
            (" (1.0)", None),
            ("", None),
            ("/é", None),
        ] {
            assert_eq!(version_at(rest), expected, "{rest}");
        }
        assert!(version_at(&format!("/{}", "1".repeat(40))).is_some());
        assert_eq!(version_at(&format!("/{}", "1".repeat(41))), None);
    }

    #[test]
    fn what_a_text_begins_with_is_what_it_is() {
        for (text, leading) in [
            ("curl/8.5.0", true),
            ("CURL/8.5.0", true),
            ("x (curl/8.5.0)", false),
            ("Mozilla/5.0 (compatible; GPTBot/1.2)", false),
        ] {
            assert_eq!(
                find(text).map(|named| named.leading),
                Some(leading),
                "{text}"
            );
        }
    }
}
