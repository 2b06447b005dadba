//! The answers of registries as they arrived, bounded.

use netvane_document::{clip_json, json_size};

use crate::metrics;

/// Largest size of all texts as JSON, in bytes. Most answers have a few kilobytes, long ones of address registries 100.
const MAX_BYTES: usize = 160 << 10;

/// The texts of the servers of one lookup, up to a largest size.
#[derive(Debug, Clone, Default)]
pub struct RawAnswers {
    /// Server and text, in order.
    answers: Vec<(String, String)>,
    /// Bytes of all texts as JSON, and as they are.
    size: usize,
    shown: usize,
    /// Bytes of all texts, with those that are left out.
    total: usize,
}

impl RawAnswers {
    /// Adds as much of a text as fits.
    pub fn add(&mut self, server: &str, text: &str) {
        let clipped = clip_json(text, MAX_BYTES - self.size.min(MAX_BYTES));
        if clipped.len() < text.len() {
            metrics::limit_reached("raw_bytes");
        }
        self.total += text.len();
        self.shown += clipped.len();
        self.size += json_size(clipped);
        if !clipped.is_empty() || text.is_empty() {
            self.answers.push((server.to_owned(), clipped.to_owned()));
        }
    }

    /// Puts the answers of an earlier lookup before these, as far as they fit.
    pub fn prepend(&mut self, earlier: Self) {
        let later = std::mem::replace(self, earlier);
        let left_out = later.total - later.shown;
        for (server, text) in &later.answers {
            self.add(server, text);
        }
        self.total += left_out;
    }

    /// Server and text of each answer, in order.
    pub fn texts(&self) -> &[(String, String)] {
        &self.answers
    }

    /// Bytes of the texts that are here, and of all texts.
    pub fn shown_of_total(&self) -> (usize, usize) {
        (self.shown, self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_kept_as_they_arrived() {
        let mut raw = RawAnswers::default();
        raw.add("a.test", "Domain: ü\r\n");
        raw.add("b.test", "{ }");
        assert_eq!(raw.texts().len(), 2);
        assert_eq!(raw.texts()[0].1, "Domain: ü\r\n");
        assert_eq!(raw.shown_of_total(), (15, 15));
    }

    #[test]
    fn texts_beyond_the_limit_are_cut_and_counted() {
        // A control character takes six bytes in JSON.
        for text in [
            "x".repeat(1 << 20),
            "\u{1}".repeat(1 << 20),
            "ü".repeat(1 << 19),
        ] {
            let mut raw = RawAnswers::default();
            raw.add("a.test", &text);
            raw.add("b.test", "more");
            let written: usize = raw.texts().iter().map(|(_, text)| json_size(text)).sum();
            assert!(
                (MAX_BYTES - 12..=MAX_BYTES + 2).contains(&written),
                "{written}"
            );
            let (shown, total) = raw.shown_of_total();
            assert!(shown <= MAX_BYTES && shown < total);
            assert_eq!(total, (1 << 20) + 4);
        }
    }

    #[test]
    fn earlier_answers_come_first() {
        let (mut raw, mut earlier) = (RawAnswers::default(), RawAnswers::default());
        raw.add("whois.test", &"w".repeat(MAX_BYTES));
        earlier.add("rdap.test", "{}");
        raw.prepend(earlier);
        let servers: Vec<&str> = raw.texts().iter().map(|(server, _)| &**server).collect();
        assert_eq!(servers, ["rdap.test", "whois.test"]);
        let (shown, total) = raw.shown_of_total();
        assert_eq!(total, MAX_BYTES + 2);
        assert!(shown < total);
    }
}
