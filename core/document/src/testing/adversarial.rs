//! Generator of hostile documents for the tests of all renderers. Not compiled into any program.
//!
//! Each text of a document holds two unique marks, one near its beginning and one at its end, so
//! that [`lost_silently`] can detect what a renderer left out without saying so.

mod losses;
mod marks;

use std::ops::Range;

use proptest::{collection::vec, prelude::*, sample::select, strategy::BoxedStrategy};

use crate::{Block, Cell, Column, Document, Field, Role, Severity, Station};

pub use losses::{Says, lost_silently};
pub use marks::{Mark, Part};

/// Target of every link in these documents: links never come from the network.
pub const LINK: &str = "https://netvane.example/v/x";

/// Strings that some platform would interpret: mentions, links, formatting, ends of code blocks,
/// characters that reorder or hide text.
const HOSTILE: [&str; 54] = [
    "@everyone",
    "@here",
    "@all",
    "<@123456789012345678>",
    "<@U12345678>",
    "<#1>",
    "<!channel>",
    "<t:1700000000:R>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' style='x",
    "</pre></details></dl>",
    "</text></svg>",
    "<![CDATA[x]]>",
    "<!-- x -->",
    "]]>",
    "<b>&amp;</b>",
    "</code></pre>",
    "&lt;b&gt;",
    "&#x202e;",
    "javascript:alert(1)",
    "[a](https://evil.example)",
    "![a](https://evil.example/x.png)",
    "<https://evil.example|x>",
    "https://evil.com/?a=b",
    "www.evil.example",
    "tg://resolve?domain=x",
    "joe@evil.com",
    "/start@x_bot",
    "(/stop)",
    "#tag $USD",
    "evil.com",
    "пример.рф",
    "+1 555 123 45 67",
    "192.0.2.1:80",
    "2001:db8::1",
    "**",
    "__",
    "~~",
    "||",
    "`",
    "```",
    "````\n",
    "\n\n",
    "\n# ",
    "\n-# > - 1. ",
    "|",
    "\\",
    "\u{1b}[31m\u{0}\r",
    "\u{202e}\u{200b}\u{2066}",
    "\u{feff}\u{ad}\u{fffe}\u{ffff}",
    "\u{e0001}\u{e0040}",
    "👍🏽",
];

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(&HOSTILE[..]).prop_map(str::to_owned),
        3 => "[a-z .]{0,12}",
        2 => r"[`*_~|<>@#:&\[\]()\\/!\-+.0-9\n\t ]{1,10}",
        2 => "\\PC{0,12}",
        1 => "[\u{0}-\u{1f}\u{202a}-\u{202e}\u{200b}-\u{200f}👍é]{1,4}",
        3 => Just(" ".to_owned()),
    ]
}

/// Zero to five hostile pieces.
fn words() -> impl Strategy<Value = String> {
    vec(piece(), 0..6).prop_map(|pieces| pieces.concat())
}

/// Like [`words`], but sometimes longer than the limit of any message.
fn long() -> impl Strategy<Value = String> {
    let run = (
        select(vec!["x", "👍", "x👍", "@", "\u{202e}"]),
        300..3000_usize,
    )
        .prop_map(|(unit, times)| unit.repeat(times));
    let many = (words(), 1..60_usize).prop_map(|(text, times)| text.repeat(times));
    prop_oneof![8 => words(), 2 => many, 1 => (words(), run, words()).prop_map(|(a, b, c)| a + &b + &c)]
}

/// Usually `few` items, in one of ten cases `many`.
fn several<T: std::fmt::Debug + 'static>(
    one: impl Strategy<Value = T> + 'static,
    few: Range<usize>,
    many: Range<usize>,
) -> impl Strategy<Value = Vec<T>> {
    let one = one.boxed();
    prop_oneof![9 => vec(one.clone(), few), 1 => vec(one, many)]
}

fn cell() -> impl Strategy<Value = Cell> {
    use Role::{Address, Aside, Bad, Domain, Exact, Good, Plain, Warning};
    let role = select(vec![
        Plain, Domain, Address, Exact, Aside, Good, Warning, Bad,
    ]);
    (
        prop_oneof![20 => words().boxed(), 1 => long().boxed()],
        role,
    )
        .prop_map(|(text, role)| Cell { text, role })
}

fn table() -> impl Strategy<Value = Block> {
    let columns = [
        ("Hop", true),
        ("Name", false),
        ("Took", true),
        ("State", false),
    ];
    (
        1..=columns.len(),
        prop_oneof![9 => 0..6_usize, 1 => 6..=60_usize],
    )
        .prop_flat_map(|(width, height)| (Just(width), vec(vec(cell(), width), height)))
        .prop_map(move |(width, rows)| {
            let columns = columns[..width]
                .iter()
                .map(|&(title, numeric)| Column { title, numeric });
            Block::Table {
                columns: columns.collect(),
                rows,
            }
        })
}

fn path() -> impl Strategy<Value = Block> {
    let station = (words(), words(), words());
    several(station, 0..5, 5..24).prop_map(|stations| Block::Path {
        stations: stations
            .into_iter()
            .enumerate()
            .map(|(index, (title, name, via))| {
                // The first station has no predecessor.
                Station {
                    title,
                    name,
                    via: if index == 0 { String::new() } else { via },
                    ..Station::default()
                }
            })
            .collect(),
    })
}

fn block() -> BoxedStrategy<Block> {
    let fields = several((words(), cell()), 0..5, 5..40);
    prop_oneof![
        words().prop_map(|text| Block::Heading { text }),
        long().prop_map(|text| Block::Text { text }),
        long().prop_map(|text| Block::Code {
            text,
            marks: Vec::new()
        }),
        fields.prop_map(|fields| Block::Fields {
            fields: fields
                .into_iter()
                .map(|(name, value)| Field { name, value })
                .collect()
        }),
        table(),
        path(),
        words().prop_map(|label| Block::Link {
            label,
            url: LINK.to_owned()
        }),
        (words(), long()).prop_map(|(name, text)| Block::Attachment { name, text }),
    ]
    .boxed()
}

/// Any document, with the marks in its texts.
pub fn document() -> impl Strategy<Value = (Document, Vec<Mark>)> {
    let severity = select(vec![
        Severity::Good,
        Severity::Neutral,
        Severity::Warning,
        Severity::Bad,
    ]);
    let blocks = several(block(), 0..7, 40..80);
    let warnings = vec(
        prop_oneof![6 => words().boxed(), 1 => long().boxed()],
        0..12,
    );
    (long(), long(), severity, blocks, warnings).prop_map(
        |(title, summary, severity, blocks, warnings)| {
            marks::marked(Document {
                title,
                summary,
                severity,
                blocks,
                warnings,
                chart: None,
            })
        },
    )
}
