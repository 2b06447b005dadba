//! Documents as Markdown within the limits of Mattermost and Rocket.Chat, without any mentions.

use netvane_core::document::{Block, Document, render};

use super::blocks::CUT;

/// Most characters of a message: Rocket.Chat accepts 5000; Mattermost more.
const MOST: usize = 4800;

/// Most warnings in a truncated message, so that they leave space for the blocks.
const WARNINGS: usize = 3;

/// Renders the document, and `end` below it, also where the document is truncated.
pub(super) fn message(document: &Document, end: Option<&Block>) -> String {
    let end = end.map_or_else(String::new, |block| {
        unmentioned(&format!("\n{}\n", render::markdown_block(block)))
    });
    document_within(document, MOST.saturating_sub(length(&end))) + &end
}

fn document_within(document: &Document, most: usize) -> String {
    let whole = shown(document);
    if length(&whole) <= most {
        return whole;
    }

    // Escaping can make text far longer, so try smaller limits until it fits.
    let parts = [300, 100, 30].map(|each| headed(document, each));
    let fitting = parts
        .into_iter()
        .find(|part| length(&shown(&cut(part, 0))) <= most);
    let mut part = fitting.unwrap_or_default();

    // Find the first block that does not fit; only that one has to be shortened.
    let mut used = length(&shown(&cut(&part, 0)));
    let last = part.blocks.iter().position(|block| {
        let alone = Document {
            blocks: vec![block.clone()],
            ..Document::default()
        };
        used += length(&shown(&alone));
        used > most
    });

    part.blocks
        .truncate(last.map_or(part.blocks.len(), |last| last + 1));

    loop {
        let text = shown(&cut(&part, part.blocks.len()));
        if length(&text) <= most || part.blocks.is_empty() {
            return text;
        }
        shorten(&mut part.blocks);
    }
}

/// Limits the title, the summary and the warnings to this length.
fn headed(document: &Document, most: usize) -> Document {
    let mut part = document.clone();
    part.title = within(&part.title, most);
    part.summary = within(&part.summary, most);
    part.warnings = part
        .warnings
        .iter()
        .take(WARNINGS)
        .map(|text| within(text, most))
        .collect();
    part
}

/// Keeps the first blocks only, and adds a note about it.
fn cut(document: &Document, blocks: usize) -> Document {
    let mut part = document.clone();
    part.blocks.truncate(blocks);
    part.text(CUT);
    part
}

/// Removes the second half of the last block.
fn shorten(blocks: &mut Vec<Block>) {
    let half = |text: &mut String| {
        let end = text.floor_char_boundary(text.len() / 2);
        text.truncate(end);
    };
    let gone = match blocks.last_mut() {
        Some(Block::Table { rows, .. }) if rows.len() > 1 => {
            rows.truncate(rows.len() / 2);
            false
        }
        Some(Block::Fields { fields }) if fields.len() > 1 => {
            fields.truncate(fields.len() / 2);
            false
        }
        Some(Block::Text { text } | Block::Code { text, .. }) if text.len() > 200 => {
            half(text);
            false
        }
        _ => true,
    };
    if gone {
        blocks.pop();
    }
}

fn shown(document: &Document) -> String {
    unmentioned(&render::markdown(document))
}

/// Replaces `@` unless it follows a letter or digit, as in e-mail addresses. The renderer does not
/// escape code, but some chats look for mentions there, too.
fn unmentioned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars() {
        let within_word = before.is_some_and(char::is_alphanumeric);
        out.push(if c == '@' && !within_word { '＠' } else { c });
        before = Some(c);
    }
    out
}

fn within(text: &str, most: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.len_utf16();
        used < most
    };
    let start: String = text.chars().take_while(fits).collect();
    if start.len() == text.len() {
        start
    } else {
        start + "…"
    }
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use netvane_core::document::{
        Cell, Severity,
        testing::adversarial::{self, Says, lost_silently},
    };
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn output_mentions_nobody() {
        let mut document = Document::new("TXT of @all", "see ann@example.com", Severity::Good);
        document
            .code("@channel ask ann@example.com")
            .field("x", Cell::exact("@here"));
        insta::assert_snapshot!(message(&document, None), @r"
        ### TXT of &#64;all

        ✅ **see ann&#64;example.com**

        ```
        ＠channel ask ann@example.com
        ```

        - x: `＠here`
        ");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_document_fits_and_mentions_nobody((document, marks) in adversarial::document()) {
            let end = Block::Text { text: "Next: `/netvane spf example.com`".into() };
            let text = message(&document, Some(&end));
            prop_assert!(text.ends_with("\nNext: `/netvane spf example.com`\n"));
            prop_assert!(length(&text) <= MOST, "{}", length(&text));
            let mut before = ' ';
            for c in text.chars() {
                prop_assert!(c != '@' || before.is_alphanumeric(), "{}", text);
                before = c;
            }
            let cut = text.contains("The rest is cut");
            prop_assert_eq!(cut, length(&shown(&document)) + length("\nNext: `/netvane spf example.com`\n") > MOST);
            let says = Says { rest: cut, instead: &["in full with `raw`"], ..Says::default() };
            let lost = lost_silently(&marks, &text, &says);
            prop_assert!(lost.is_empty(), "{:?} of {}", lost, text);
        }
    }
}
