//! What a message lost without a word.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::marks::{LENGTH, Mark, Part, is_mark};

/// Stands for everything that tells of a cut.
const CUT: char = '…';

/// How a message tells that something is not in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Says<'a> {
    /// The text of the files that go with it.
    pub beside: &'a str,
    /// It says in its own words that it ends before the document does.
    pub rest: bool,
    /// Words other than `…` that stand in the place of what is not there.
    pub instead: &'a [&'a str],
}

/// Marks that are neither in the message nor beside it, and of which the message does not say so.
///
/// It says so with `…` right there, between what stands before and after it in the document, one for each text that is
/// cut; or it says that the rest is cut, and then nothing that follows in the same part may be there.
pub fn lost_silently<'m>(marks: &'m [Mark], message: &str, says: &Says<'_>) -> Vec<&'m Mark> {
    let message = letters(message, says.instead);
    let beside = letters(says.beside, &[]);
    let beside: HashSet<&str> = places(&beside).map(|(_, word)| word).collect();
    let mut shown: HashMap<&str, (usize, usize)> = HashMap::new();
    for (at, word) in places(&message) {
        shown.entry(word).or_insert((at, at)).1 = at;
    }

    let spans: Vec<Option<(usize, usize)>> = marks
        .iter()
        .map(|mark| shown.get(mark.word.as_str()).copied())
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

    let silent = windows.into_iter().filter(|((start, end), lost)| {
        let told = message
            .get(*start..*end)
            .map_or(0, |between| between.matches(CUT).count());
        let places: HashSet<usize> = lost.iter().map(|index| marks[*index].place).collect();
        told < places.len()
    });

    silent
        .flat_map(|(_, lost)| lost)
        .map(|index| &marks[index])
        .collect()
}

/// Blocks follow each other; the warnings stand apart.
fn same_run(one: Part, other: Part) -> bool {
    matches!(
        (one, other),
        (Part::Block(_), Part::Block(_)) | (Part::Warning, Part::Warning)
    )
}

/// ASCII letters, and where something is cut: lines may be broken anywhere, and characters escaped.
fn letters(text: &str, instead: &[&str]) -> String {
    let mut text = text.to_owned();
    for words in instead {
        text = text.replace(words, "…");
    }
    text.chars()
        .filter(|c| c.is_ascii_alphabetic() || *c == CUT)
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
    fn a_loss_is_told_where_it_is() {
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
            "told elsewhere"
        );
        assert_eq!(
            lost(|marks| without(marks, 5..8, "…"), false),
            3,
            "one word for two texts"
        );
    }

    #[test]
    fn the_rest_is_all_that_follows() {
        assert_eq!(lost(|marks| without(marks, 6..10, ""), true), 0);
        assert_eq!(lost(|marks| without(marks, 6..8, ""), true), 2, "a hole");
        assert_eq!(lost(|marks| without(marks, 0..2, ""), true), 2, "the title");
        assert_eq!(lost(|marks| without(marks, 6..10, ""), false), 4);
    }
}
