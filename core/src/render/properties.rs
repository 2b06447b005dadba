//! What holds for any document, hostile ones first: nothing in it acts, and nothing of it is lost without a word.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use super::{Layout, is_unsafe, markdown, text};
use crate::document::{Block, Cell, Column, Document, Field, Role, Severity, Station};

/// Words that would act somewhere, between words that must survive.
const HOSTILE: [&str; 22] = [
    "@everyone",
    "<@123>",
    "<!channel>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](https://evil.example)",
    "![a](https://evil.example/x.png)",
    "https://evil.example",
    "**",
    "__",
    "~~",
    "||",
    "`",
    "```",
    "|",
    "\\",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{200b}",
    "\u{0}",
    "&lt;b&gt;",
    "# > - 1. ",
];

fn words() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(&HOSTILE[..]).prop_map(str::to_owned);
    let part = prop_oneof![hostile, "[a-z]{1,8}", "\\PC{0,6}", Just(" ".to_owned())];
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

/// Text that begins with a word of its own.
fn marked(word: &'static str) -> impl Strategy<Value = String> {
    words().prop_map(move |words| format!("{word} {words}"))
}

fn lines(word: &'static str) -> impl Strategy<Value = String> {
    (marked(word), words()).prop_map(|(first, second)| format!("{first}\n{second}"))
}

fn cell(word: &'static str) -> impl Strategy<Value = Cell> {
    use Role::{Address, Aside, Bad, Domain, Exact, Good, Plain, Warning};
    let role = prop::sample::select(vec![Plain, Domain, Address, Exact, Aside, Good, Warning, Bad]);
    (prop_oneof![marked(word), lines(word)], role).prop_map(|(text, role)| Cell { text, role })
}

fn block() -> impl Strategy<Value = (Block, &'static str)> {
    let columns = || vec![Column { title: "One", numeric: false }, Column { title: "Two", numeric: true }];
    prop_oneof![
        marked("HEADING").prop_map(|text| (Block::Heading { text }, "HEADING")),
        lines("TEXT").prop_map(|text| (Block::Text { text }, "TEXT")),
        lines("CODE").prop_map(|text| (Block::Code { text }, "CODE")),
        (words(), cell("FIELD"))
            .prop_map(|(name, value)| (Block::Fields { fields: vec![Field { name, value }] }, "FIELD")),
        (cell("CELL"), cell("OTHER")).prop_map(move |(one, two)| {
            (Block::Table { columns: columns(), rows: vec![vec![one, two]] }, "CELL")
        }),
        (marked("STATION"), words(), words()).prop_map(|(title, name, via)| {
            let first = Station { title: title.clone(), name: name.clone(), via: String::new() };
            (Block::Path { stations: vec![first, Station { title, name, via }] }, "STATION")
        }),
        marked("LABEL").prop_map(|label| {
            (Block::Link { label, url: "https://netvane.example/v/x".into() }, "LABEL")
        }),
        (marked("FILE"), lines("x")).prop_map(|(name, text)| (Block::Attachment { name, text }, "FILE")),
    ]
}

fn document() -> impl Strategy<Value = (Document, Vec<&'static str>)> {
    let severity =
        prop::sample::select(vec![Severity::Good, Severity::Neutral, Severity::Warning, Severity::Bad]);
    let warnings = prop::collection::vec(marked("WARNING"), 0..3);
    (marked("TITLE"), marked("SUMMARY"), severity, prop::collection::vec(block(), 0..6), warnings).prop_map(
        |(title, summary, severity, blocks, warnings)| {
            let (blocks, mut marks): (Vec<Block>, Vec<&str>) = blocks.into_iter().unzip();
            marks.extend(["TITLE", "SUMMARY"]);
            marks.extend(warnings.iter().map(|_| "WARNING"));
            (Document { title, summary, severity, blocks, warnings }, marks)
        },
    )
}

/// Letters alone: lines may be broken anywhere in exact text.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).collect()
}

proptest! {
    #[test]
    fn text_holds_everything_and_nothing_acts((document, marks) in document(), width in 20u16..120) {
        let shown = text(&document, Layout { width, color: false });
        let acts: String = shown.chars().filter(|c| is_unsafe(*c) && *c != '\n').collect();
        prop_assert!(acts.is_empty(), "{acts:?} in {shown}");
        for mark in marks {
            prop_assert!(letters(&shown).contains(mark), "{mark} is lost: {shown}");
        }
    }

    #[test]
    fn markdown_holds_everything_and_nothing_acts((document, marks) in document()) {
        let shown = markdown(&document);
        let acts: String = shown.chars().filter(|c| is_unsafe(*c) && !"\n\u{fe0f}".contains(*c)).collect();
        prop_assert!(acts.is_empty(), "{acts:?} in {shown}");
        for mark in marks {
            prop_assert!(shown.contains(mark), "{mark} is lost: {shown}");
        }
        for event in Parser::new_ext(&shown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            let live = match &event {
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::Strikethrough) => true,
                Event::Html(html) | Event::InlineHtml(html) => html.trim() != "<br>",
                _ => false,
            };
            prop_assert!(!live, "{event:?} in {shown}");
        }
    }
}
