//! The rules of uap-core: ordered regular expressions for browser, OS and device; the first match of each list wins.
//!
//! The `ua-parser` crate does the same, but compiles all 1,270 expressions before the first answer (100 ms). Here the
//! prefilter is built first (`regex-filtered`: which literals an expression requires), and an expression is compiled
//! when it is first needed. The regex engine takes time linear in the input.

use std::{
    borrow::Cow,
    sync::{LazyLock, OnceLock},
};

use aho_corasick::AhoCorasick;
use regex::{Captures, Regex};
use regex_filtered::{
    mapper::{Builder, Mapper},
    model::Model,
};

/// Generated from uap-core by `build-ua/build.py`. Columns: kind, regex, replacements.
const TABLE: &str = include_str!("../../../../config/data/uap-core.tsv");

/// One rule: the expression, and the replacements for the fields of the result (`$1` is a group).
struct Rule {
    pattern: &'static str,
    /// Holds `None` if the expression does not compile; a test checks that all do.
    compiled: OnceLock<Option<Regex>>,
    replacements: [&'static str; 5],
}

impl Rule {
    fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| Regex::new(self.pattern).ok())
            .as_ref()
    }
}

/// The rules of one kind, with the prefilter that selects candidates.
pub(super) struct RuleSet {
    rules: Vec<Rule>,
    mapper: Mapper,
    prefilter: AhoCorasick,
}

/// A rule that matched, with its capture groups.
pub(super) struct RuleMatch<'a> {
    replacements: &'a [&'static str; 5],
    captures: Captures<'a>,
}

pub(super) static BROWSERS: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::new('u', 3));
pub(super) static SYSTEMS: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::new('o', 3));
pub(super) static DEVICES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::new('d', 2));

impl RuleSet {
    /// Reads the rules of a kind from the table. The prefilter ignores literals shorter than `shortest` bytes.
    fn new(kind: char, shortest: usize) -> Self {
        let mut mapper = Builder::new(shortest);
        let mut rules = Vec::new();

        for line in TABLE.lines() {
            let Some(rest) = line
                .strip_prefix(kind)
                .and_then(|rest| rest.strip_prefix('\t'))
            else {
                continue;
            };

            let mut columns = rest.split('\t');
            let pattern = columns.next().unwrap_or_default();
            let Some(model) = regex_syntax::parse(pattern)
                .ok()
                .and_then(|hir| Model::new(&hir).ok())
            else {
                continue;
            };

            mapper.push(model);
            let replacements = std::array::from_fn(|_| columns.next().unwrap_or_default());

            rules.push(Rule {
                pattern,
                compiled: OnceLock::new(),
                replacements,
            });
        }

        let (mapper, atoms) = mapper.build();
        let prefilter = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(atoms);

        // regex-filtered itself builds the automaton of these literals like this; it fails only beyond 2^31 states.
        let prefilter =
            prefilter.unwrap_or_else(|_| AhoCorasick::new([""; 0]).expect("an empty automaton"));

        Self {
            rules,
            mapper,
            prefilter,
        }
    }

    /// Finds the first rule that matches the text.
    pub(super) fn find<'a>(&'a self, text: &'a str) -> Option<RuleMatch<'a>> {
        let atoms = self
            .prefilter
            .find_overlapping_iter(text)
            .map(|found| found.pattern().as_usize());
        self.mapper.atom_to_re(atoms).into_iter().find_map(|at| {
            let rule = &self.rules[at];
            let regex = rule.regex()?;
            // `is_match` is several times cheaper than captures, and most candidates do not match.
            let captures = if regex.is_match(text) {
                regex.captures(text)?
            } else {
                return None;
            };
            Some(RuleMatch {
                replacements: &rule.replacements,
                captures,
            })
        })
    }
}

impl<'a> RuleMatch<'a> {
    /// Field `index` of the result: its replacement, or else the capture group `group` (0 for none).
    pub(super) fn field(&self, index: usize, group: usize) -> Option<Cow<'a, str>> {
        let template = self.replacements[index];
        let value: Cow<'a, str> = if template.is_empty() {
            Cow::Borrowed(
                (group > 0)
                    .then(|| self.captures.get(group))
                    .flatten()?
                    .as_str(),
            )
        } else if template.contains('$') {
            let mut out = String::new();
            self.captures.expand(template, &mut out);
            Cow::Owned(out.trim().to_owned())
        } else {
            Cow::Borrowed(template)
        };
        (!value.is_empty()).then_some(value)
    }

    /// Fields 1 to 4 as a dotted version, up to the first missing field.
    pub(super) fn version(&self) -> Option<String> {
        let parts: Vec<_> = (1..5).map_while(|at| self.field(at, at + 1)).collect();
        (!parts.is_empty()).then(|| parts.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles() {
        let count = |kind: &str| TABLE.lines().filter(|line| line.starts_with(kind)).count();
        for (set, kind) in [(&BROWSERS, "u\t"), (&SYSTEMS, "o\t"), (&DEVICES, "d\t")] {
            assert_eq!(set.rules.len(), count(kind));
            for rule in &set.rules {
                assert!(rule.regex().is_some(), "{}", rule.pattern);
            }
        }
    }

    #[test]
    fn fields_come_from_replacements_or_groups() {
        let found = SYSTEMS
            .find("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X)")
            .expect("a rule");
        assert_eq!(found.field(0, 1).as_deref(), Some("iOS"));
        assert_eq!(found.version().as_deref(), Some("17.5.1"));
        let found = DEVICES
            .find("Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36")
            .expect("a rule");
        assert_eq!(found.field(1, 0).as_deref(), Some("Samsung"));
        assert_eq!(found.field(2, 1).as_deref(), Some("SM-S901B"));
        assert!(BROWSERS.find("").is_none());
    }
}
