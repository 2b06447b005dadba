//! Finds texts that a rendered message left out without saying so.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::marks::{LENGTH, Mark, Part, is_mark};

/// Marks a truncation; all other notices of a truncation are replaced with it.
const ELLIPSIS: char = '…';

/// How a message says that something is missing from it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Says<'a> {
    /// Text of the files attached to the message.
    pub beside: &'a str,
    /// Whether the message says that the rest of the document is missing.
    pub rest: bool,
    /// Texts other than `…` that replace what is missing.
    pub instead: &'a [&'a str],
}

/// Marks that are neither in the message nor in its attachments, without a notice in the message.
///
/// A notice is one `…` for each truncated text, between the texts before and after it in the
/// document; or a notice that the rest is missing, and then no later text of the same part may be
/// in the message.
pub fn lost_silently<'m>(marks: &'m [Mark], message: &str, says: &Says<'_>) -> Vec<&'m Mark> {
    let message = letters(message, says.instead);
    let beside = letters(says.beside, &[]);
    let beside: HashSet<&str> = places(&beside).map(|(_, word)| word).collect();
    let mut positions: HashMap<&str, (usize, usize)> = HashMap::new();
    for (at, word) in places(&message) {
        positions.entry(word).or_insert((at, at)).1 = at;
    }

    let spans: Vec<Option<(usize, usize)>> = marks
        .iter()
        .map(|mark| positions.get(mark.word.as_str()).copied())
        .collect();
    let missing =
        |index: &usize| spans[*index].is_none() && !beside.contains(marks[*index].word.as_str());
    let mut windows: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();

    for index in (0..marks.len()).filter(missing) {
        let mark = &marks[index];
        let follows = |(other, span): (&Mark, &Option<(usize, usize)>)| {
            span.is_some() && other.place > mark.place && same_run(mark.part, other.part)
        };
        if says.rest && mark.part != Part::Head && !marks.iter().zip(&spans).any(follows) {
            continue;
        }

        let start = spans[..index]
            .iter()
            .flatten()
            .map(|span| span.1)
            .max()
            .unwrap_or(0);

        let later = marks[index..]
            .iter()
            .zip(&spans[index..])
            .filter(|(other, _)| other.place != mark.place);
        let end = later
            .filter_map(|(_, span)| *span)
            .map(|span| span.0)
            .min()
            .unwrap_or(message.len());

        windows.entry((start, end)).or_default().push(index);
    }

    let unannounced = windows.into_iter().filter(|((start, end), lost)| {
        let notices = message
            .get(*start..*end)
            .map_or(0, |between| between.matches(ELLIPSIS).count());
        let places: HashSet<usize> = lost.iter().map(|index| marks[*index].place).collect();
        notices < places.len()
    });

    unannounced
        .flat_map(|(_, lost)| lost)
        .map(|index| &marks[index])
        .collect()
}

/// Whether two parts are rendered one after the other: blocks are, and warnings are among
/// themselves.
fn same_run(one: Part, other: Part) -> bool {
    matches!(
        (one, other),
        (Part::Block(_), Part::Block(_)) | (Part::Warning, Part::Warning)
    )
}

/// Keeps ASCII letters and `…` only, because renderers may break lines anywhere and escape other
/// characters.
fn letters(text: &str, instead: &[&str]) -> String {
    let mut text = text.to_owned();
    for words in instead {
        text = text.replace(words, "…");
    }
    text.chars()
        .filter(|c| c.is_ascii_alphabetic() || *c == ELLIPSIS)
        .collect()
}

fn places(letters: &str) -> impl Iterator<Item = (usize, &str)> {
    letters.match_indices("QX").filter_map(|(at, _)| {
        let word = letters.get(at..at + LENGTH)?;
        is_mark(word).then_some((at, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use crate::testing::adversarial::marks::marked;

    fn lost(message: impl Fn(&[Mark]) -> String, rest: bool) -> usize {
        let mut document = Document::new("title", "summary", Default::default());
        document
            .text("one")
            .text("two")
            .text("three")
            .warn("warning");
        let (_, marks) = marked(document);
        lost_silently(
            &marks,
            &message(&marks),
            &Says {
                rest,
                ..Says::default()
            },
        )
        .len()
    }

    fn without(marks: &[Mark], gone: std::ops::Range<usize>, instead: &str) -> String {
        let words = marks
            .iter()
            .enumerate()
            .map(|(index, mark)| match gone.contains(&index) {
                true if index == gone.start => instead,
                true => "",
                false => &mark.word,
            });
        words.collect::<Vec<_>>().join("\n\\")
    }

    #[test]
    fn an_ellipsis_counts_only_in_the_right_place() {
        assert_eq!(lost(|marks| without(marks, 0..0, ""), false), 0);
        assert_eq!(
            lost(|marks| without(marks, 5..6, ""), false),
            1,
            "the end of a text"
        );
        assert_eq!(lost(|marks| without(marks, 5..6, "…"), false), 0);
        assert_eq!(
            lost(|marks| without(marks, 5..6, "") + "…", false),
            1,
            "ellipsis elsewhere"
        );
        assert_eq!(
            lost(|marks| without(marks, 5..8, "…"), false),
            3,
            "one ellipsis for two texts"
        );
    }

    #[test]
    fn a_notice_about_the_rest_covers_all_later_texts() {
        assert_eq!(lost(|marks| without(marks, 6..10, ""), true), 0);
        assert_eq!(lost(|marks| without(marks, 6..8, ""), true), 2, "a gap");
        assert_eq!(lost(|marks| without(marks, 0..2, ""), true), 2, "the title");
        assert_eq!(lost(|marks| without(marks, 6..10, ""), false), 4);
    }
}
