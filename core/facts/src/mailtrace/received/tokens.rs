//! Words and comments of a structured field (RFC 5322 §3.2.2), tolerating unclosed comments.

/// One piece of the line at its top level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A run of characters without white space; `<two words>` counts as one.
    Word(&'a str),
    /// The inside of a parenthesis, nested ones included.
    Comment(&'a str),
}

/// For each byte: the index of the parenthesis that closes here, in one pass. An open one that is never closed has
/// none and is later read as white space, so that a lost `)` does not swallow the line.
pub(super) fn closings(text: &str) -> Vec<(usize, usize)> {
    let (mut open, mut pairs) = (Vec::new(), Vec::new());
    let mut escaped = false;

    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => open.push(index),
            b')' => {
                if let Some(start) = open.pop() {
                    pairs.push((start, index));
                }
            }
            _ => {}
        }
    }

    // Only outermost pairs matter; sorted by start, a pair inside the last one kept is skipped.
    pairs.sort_unstable();
    let mut end = None;

    pairs.retain(|&(start, close)| {
        let outer = end.is_none_or(|end| start > end);
        if outer {
            end = Some(close);
        }
        outer
    });

    pairs
}

/// Splits a line into words and comments.
pub(super) fn items(text: &str) -> Vec<Item<'_>> {
    let mut out = Vec::new();
    let mut from = 0;
    for (start, close) in closings(text) {
        words(&text[from..start], &mut out);
        out.push(Item::Comment(text[start + 1..close].trim()));
        from = close + 1;
    }
    words(&text[from..], &mut out);
    out
}

fn words<'a>(text: &'a str, out: &mut Vec<Item<'a>>) {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ','));
        if rest.is_empty() {
            return;
        }
        let end = if rest.starts_with('<') {
            // `<multiple recipients>`; an address is never longer than 320 bytes (RFC 5321 §4.5.3.1).
            let close = rest.bytes().take(400).position(|b| b == b'>');
            close.map_or_else(|| blank(rest), |close| close + 1)
        } else {
            blank(rest)
        };
        let (word, after) = rest.split_at(end);
        out.push(Item::Word(word));
        rest = after;
    }
}

/// The next white space or stray parenthesis, or the end.
fn blank(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')'))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
