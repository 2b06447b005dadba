//! When a reply asks to retry.

use super::super::{phrases::masked, reply::Reply};

/// Returns after how many seconds a reply asks to retry: "try again in 5 minutes", "Greylisted for
/// 300 seconds".
#[must_use]
pub fn retry_hint(reply: &Reply) -> Option<u64> {
    let text = masked(&reply.text(), "");
    let words: Vec<&str> = text.split_ascii_whitespace().collect();

    words.iter().enumerate().find_map(|(at, word)| {
        let before = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .copied()
            .unwrap_or_default();

        if !["in", "for", "after", "wait", "another", "least", "within"].contains(&before) {
            return None;
        }

        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 || digits > 6 {
            return None;
        }

        let number: u64 = word[..digits].parse().ok()?;
        let unit = match &word[digits..] {
            "" => words
                .get(at + 1)?
                .trim_matches(|c: char| !c.is_alphanumeric()),
            // such as 00:05:00
            rest if rest.starts_with(':') => return clock(word),
            rest => rest,
        };

        let seconds = match unit {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3600,
            _ => return None,
        };

        Some(number * seconds)
    })
}

fn clock(word: &str) -> Option<u64> {
    word.split(':').try_fold(0u64, |sum, part| {
        sum.checked_mul(60)?.checked_add(part.parse().ok()?)
    })
}
