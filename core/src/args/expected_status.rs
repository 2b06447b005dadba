//! Expected HTTP status codes: `200`, `2xx`, `200,301`.

use std::fmt;

use netvane_facts::target::{Invalid, text_value};

/// Status codes or classes of them, at least one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExpectedStatus(Vec<Pattern>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Pattern {
    Code(u16),
    /// The first digit: 2 for `2xx`.
    Class(u16),
}

text_value!(
    ExpectedStatus,
    "ExpectedStatus",
    "a status code such as 200, or 2xx"
);

impl ExpectedStatus {
    /// Whether this status code is expected.
    pub fn holds(&self, status: u16) -> bool {
        self.0.iter().any(|pattern| match pattern {
            Pattern::Code(code) => *code == status,
            Pattern::Class(class) => *class == status / 100,
        })
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let mut patterns = text
            .split(',')
            .map(|item| pattern(item.trim()))
            .collect::<Option<Vec<_>>>()
            .filter(|patterns| patterns.len() <= 16)
            .ok_or_else(|| {
                Invalid::new("expected a status code from 100 to 599, or a class such as 2xx")
            })?;
        patterns.sort_unstable();
        patterns.dedup();
        Ok(Self(patterns))
    }
}

fn pattern(text: &str) -> Option<Pattern> {
    let lower = text.to_ascii_lowercase();
    match lower.strip_suffix("xx") {
        Some(class) => class
            .parse()
            .ok()
            .filter(|class| (1..=5).contains(class) && lower.len() == 3)
            .map(Pattern::Class),
        None => lower
            .parse()
            .ok()
            .filter(|code| (100..=599).contains(code) && lower.len() == 3)
            .map(Pattern::Code),
    }
}

impl fmt::Display for ExpectedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, pattern) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            match pattern {
                Pattern::Code(code) => write!(f, "{code}")?,
                Pattern::Class(class) => write!(f, "{class}xx")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_for_codes_and_classes() {
        for (text, canonical, status, holds) in [
            ("200", "200", 200, true),
            ("200", "200", 204, false),
            ("2XX", "2xx", 204, true),
            ("301, 200", "200,301", 301, true),
            ("404,2xx", "404,2xx", 201, true),
            ("5xx", "5xx", 404, false),
        ] {
            let expected: ExpectedStatus = text.parse().unwrap_or_else(|e| panic!("{text}: {e:?}"));
            assert_eq!(expected.to_string(), canonical);
            assert_eq!(expected.holds(status), holds, "{text} {status}");
        }
        for text in [
            "", "2", "99", "600", "xx", "0xx", "6xx", "+20", "200,", "2xxx", "-2xx",
        ] {
            assert!(text.parse::<ExpectedStatus>().is_err(), "{text}");
        }
    }
}
