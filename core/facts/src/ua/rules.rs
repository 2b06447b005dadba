//! uap-core's rules: ordered regular expressions for browser, OS and device, the first match of each list counts.
//!
//! The `ua-parser` crate does the same, but compiles all 1,270 expressions before the first answer (100 ms). Here the
//! prefilter is built at once (`regex-filtered`: which literals must occur for which expression to match) and an
//! expression is compiled when a User-Agent first comes as far as it. The regex engine is linear in the input.

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

/// Made from uap-core by `build-ua/build.py`: kind, regex, replacements.
const TABLE: &str = include_str!("../../../../config/data/uap-core.tsv");

/// One rule: the expression, and what stands in the fields of the answer (`$1` is a group).
struct Rule {
    pattern: &'static str,
    /// `None` inside when the expression does not compile; a test says that none does so.
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

/// The rules of one kind.
pub(super) struct RuleSet {
    rules: Vec<Rule>,
    mapper: Mapper,
    prefilter: AhoCorasick,
}

/// A rule that matched.
pub(super) struct Found<'a> {
    replacements: &'a [&'static str; 5],
    captures: Captures<'a>,
}

pub(super) static BROWSERS: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::new('u', 3));
pub(super) static SYSTEMS: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::new('o', 3));
pub(super) static DEVICES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::new('d', 2));

impl RuleSet {
    /// `shortest`: literals below this length are not looked for.
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

        // Plain literals that regex-filtered itself hands to the same builder; it fails only beyond 2^31 states.
        let prefilter =
            prefilter.unwrap_or_else(|_| AhoCorasick::new([""; 0]).expect("an empty automaton"));

        Self {
            rules,
            mapper,
            prefilter,
        }
    }

    /// The first rule that matches.
    pub(super) fn find<'a>(&'a self, text: &'a str) -> Option<Found<'a>> {
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
            Some(Found {
                replacements: &rule.replacements,
                captures,
            })
        })
    }
}

impl<'a> Found<'a> {
    /// Field `index` of the answer: its replacement, else the group that stands for it (`0`: none).
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

    /// Fields 1 to 4 as a dotted version, up to the first that is missing.
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
    fn replacements() {
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
