//! What must hold for whatever the targets find: nothing that is shown acts.

use netvane_core::{
    args::Registered,
    document::{
        Document,
        render::{self, Layout, is_unsafe},
    },
    facts::registration::Registration,
    fuzzing::{self, Understood},
};

/// Renders a document as text and as Markdown. None of it may hold a character that acts.
pub fn harmless(document: &Document) {
    let shown = render::text(
        document,
        Layout {
            width: 40,
            color: false,
        },
    );
    calm("text", &shown, "\n\t");
    // The sign for a warning has a variation selector of its own.
    calm("markdown", &render::markdown(document), "\n\t\u{fe0f}");
}

/// A canonical command is understood, and as itself.
pub fn reads_back((name, arguments): Understood) {
    // A pasted message is not repeated: its canonical form is a digest.
    if name != "trace_mail" {
        assert_eq!(
            fuzzing::parse_named(name, arguments.clone()),
            Ok((name, arguments)),
            "reads back"
        );
    }
}

/// Nothing in `shown` acts but what is expected there.
pub fn calm(what: &str, shown: &str, expected: &str) {
    let acts: String = shown
        .chars()
        .filter(|c| is_unsafe(*c) && !expected.contains(*c))
        .collect();
    assert!(acts.is_empty(), "{acts:?} in {what}: {shown}");
}

/// The plain words of a registration do not act.
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

/// An input's first line with what stands below it.
pub fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}

/// The object that the first line asks a registry about, and the answer below it.
pub fn registered(data: &[u8]) -> Option<(Registered, &[u8])> {
    let (asked, answer) = split(data);
    Some((std::str::from_utf8(asked).ok()?.parse().ok()?, answer))
}
