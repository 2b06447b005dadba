//! A text after its markup was parsed: trimmed, with the entities that the platform keeps.

use super::entity::{Entity, units};

/// Entities that a code block splits instead of removing them.
const SPLITTABLE: [&str; 5] = ["bold", "italic", "underline", "strikethrough", "spoiler"];
const CODE: [&str; 2] = ["code", "pre"];
/// Most entities of a text; the platform silently drops more.
const MOST_ENTITIES: usize = 100;

/// A text as readers see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::telegram) struct Formatted {
    pub text: String,
    pub entities: Vec<Entity>,
    /// What the platform would drop silently.
    pub swallowed: Vec<String>,
}

/// A part of a text that markup formats: its kind, its range in UTF-16 units, its argument.
pub(in crate::telegram) struct Span {
    pub kind: &'static str,
    pub start: usize,
    pub end: usize,
    pub argument: String,
}

/// Parses a text without markup.
pub(in crate::telegram) fn plain(source: &str) -> Formatted {
    finish(
        source.chars().filter_map(clean).collect(),
        Vec::new(),
        Vec::new(),
    )
}

/// Replaces control characters by spaces; removes line separators and direction overrides.
pub(in crate::telegram) fn clean(c: char) -> Option<char> {
    match c {
        '\n' => Some(c),
        '\r' | '\u{2028}'..='\u{202e}' => None,
        '\0'..='\u{1f}' | '\u{7f}' => Some(' '),
        _ => Some(c),
    }
}

/// Trims the text, lets code override what overlaps it, and drops what the platform drops.
pub(in crate::telegram) fn finish(
    text: String,
    mut spans: Vec<Span>,
    mut swallowed: Vec<String>,
) -> Formatted {
    let kept = text.trim_end();
    let first = spans
        .iter()
        .map(|span| span.start)
        .min()
        .unwrap_or(usize::MAX);

    let mut cut = 0;
    let text = kept.trim_start_matches(|c: char| {
        let goes = c.is_whitespace() && cut < first;
        cut += if goes { c.len_utf16() } else { 0 };
        goes
    });

    let length = units(text);

    for span in &mut spans {
        span.start = (span.start - cut.min(span.start)).min(length);
        span.end = (span.end - cut.min(span.end)).min(length);
    }

    let code: Vec<_> = spans
        .iter()
        .filter(|span| CODE.contains(&span.kind))
        .map(|span| (span.start, span.end))
        .collect();

    let mut entities = Vec::new();

    for span in spans {
        for (start, end) in outside(&span, &code) {
            let argument = if span.kind == "code" {
                ""
            } else {
                &span.argument
            };
            entities.push(Entity::cut(text, span.kind, start, end, argument));
        }
    }

    entities.retain(|entity| entity.length > 0);
    entities.sort_by_key(|entity| (entity.offset, usize::MAX - entity.length));
    if entities.len() > MOST_ENTITIES {
        swallowed.push(format!(
            "{} entities of {}",
            entities.len() - MOST_ENTITIES,
            entities.len()
        ));
        entities.truncate(MOST_ENTITIES);
    }

    Formatted {
        text: text.to_owned(),
        entities,
        swallowed,
    }
}

/// Returns the parts of a span outside of code.
fn outside(span: &Span, code: &[(usize, usize)]) -> Vec<(usize, usize)> {
    if CODE.contains(&span.kind) {
        let inner = |&&(start, end): &&(usize, usize)| {
            start <= span.start && span.end <= end && (start, end) != (span.start, span.end)
        };
        return if code.iter().any(|other| inner(&other)) {
            vec![]
        } else {
            vec![(span.start, span.end)]
        };
    }

    let touching = || {
        code.iter()
            .filter(|(start, end)| *start < span.end && span.start < *end)
    };

    if !SPLITTABLE.contains(&span.kind) {
        let lost = !span.kind.ends_with("blockquote") && touching().next().is_some();
        return if lost {
            vec![]
        } else {
            vec![(span.start, span.end)]
        };
    }

    let (mut parts, mut from) = (Vec::new(), span.start);
    let mut holes: Vec<_> = touching().collect();
    holes.sort();
    for (start, end) in holes {
        parts.push((from, *start.max(&from)));
        from = (*end).max(from);
    }

    parts.push((from, span.end.max(from)));

    parts
}
