//! Properties that must hold for all fuzz inputs: shown text contains no unsafe characters.

use netvane_core::{
    args::Registered,
    document::{
        Document,
        render::{self, Layout, is_unsafe},
    },
    facts::registration::Registration,
    fuzzing::{self, Understood},
};

/// Renders a document as text and as Markdown; panics if either contains an unsafe character.
pub fn harmless(document: &Document) {
    let shown = render::text(
        document,
        Layout {
            width: 40,
            color: false,
        },
    );
    calm("text", &shown, "\n\t");
    // The warning sign contains a variation selector.
    calm("markdown", &render::markdown(document), "\n\t\u{fe0f}");
}

/// Panics unless a canonical command is parsed to itself.
pub fn reads_back((name, arguments): Understood) {
    // A pasted message cannot be repeated: its canonical form is a digest.
    if name != "trace_mail" {
        assert_eq!(
            fuzzing::parse_named(name, arguments.clone()),
            Ok((name, arguments)),
            "reads back"
        );
    }
}

/// Panics if `shown` contains unsafe characters other than the expected ones.
pub fn calm(what: &str, shown: &str, expected: &str) {
    let acts: String = shown
        .chars()
        .filter(|c| is_unsafe(*c) && !expected.contains(*c))
        .collect();
    assert!(acts.is_empty(), "{acts:?} in {what}: {shown}");
}

/// Panics if the plain text fields of a registration contain unsafe characters.
pub fn calm_facts(facts: &Registration) {
    for word in facts
        .nameservers
        .iter()
        .chain(&facts.created)
        .chain(&facts.updated)
        .chain(&facts.expires)
    {
        calm("facts", word, "");
    }
}

/// Splits an input into its first line and the rest.
pub fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}

/// Returns the registered object that the first line names, and the response below it.
pub fn registered(data: &[u8]) -> Option<(Registered, &[u8])> {
    let (asked, answer) = split(data);
    Some((std::str::from_utf8(asked).ok()?.parse().ok()?, answer))
}
