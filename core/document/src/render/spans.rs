//! Inline code in running text: what is between backticks.

/// A part of a line of running text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span<'a> {
    /// Text in the reader's font.
    Words(&'a str),
    /// Something to type or to compare exactly.
    Code(&'a str),
}

/// Splits text at its backticks. Text whose backticks do not form pairs, or enclose nothing, is one
/// span of words.
pub fn spans(text: &str) -> Vec<Span<'_>> {
    let parts: Vec<&str> = text.split('`').collect();
    let is_paired = parts.len() % 2 == 1
        && parts
            .iter()
            .skip(1)
            .step_by(2)
            .all(|part| !part.trim().is_empty());
    if !is_paired {
        return vec![Span::Words(text)];
    }

    let spans = parts.into_iter().enumerate().map(|(index, part)| {
        if index % 2 == 1 {
            Span::Code(part)
        } else {
            Span::Words(part)
        }
    });
    spans.filter(|span| *span != Span::Words("")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_backticks_enclose_code() {
        assert_eq!(
            spans("write `MX` or `A`"),
            [
                Span::Words("write "),
                Span::Code("MX"),
                Span::Words(" or "),
                Span::Code("A")
            ]
        );
        for odd in ["``` x", "a ` b", "``", "` `"] {
            assert_eq!(spans(odd), [Span::Words(odd)]);
        }
    }
}
