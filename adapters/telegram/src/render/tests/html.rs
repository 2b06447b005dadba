//! HTML as Telegram reads it; hostile text stays inert.

use std::sync::LazyLock;

use netvane_core::document::testing::adversarial::{self, Mark, Says, lost_silently};
use proptest::prelude::*;
use regex::Regex;

use crate::render::{
    page::{MOST_CAPTION, MOST_ENTITIES, MOST_UNITS},
    *,
};

/// Parses HTML; returns the visible text, the ranges that are code, and the number of entities.
fn read(html: &str) -> (String, Vec<(usize, usize)>, usize) {
    let (mut text, mut code, mut open, mut entities) = (String::new(), Vec::new(), Vec::new(), 0);
    let mut rest = html;

    while let Some(c) = rest.chars().next() {
        if let Some(tag) = rest.strip_prefix('<') {
            let (tag, after) = tag.split_once('>').expect("a tag is closed");
            rest = after;
            match tag.strip_prefix('/') {
                Some(name) => {
                    let (opened, start): (&str, usize) = open.pop().expect("a tag was opened");
                    assert_eq!(opened, name, "{html}");
                    assert!(start < text.len(), "an empty entity: {html}");
                    if matches!(name, "code" | "pre") {
                        code.push((start, text.len()));
                    }
                }
                None => {
                    let name = tag.split(' ').next().unwrap_or_default();
                    assert!(
                        ["b", "code", "pre", "blockquote expandable"].contains(&tag),
                        "{html}"
                    );
                    assert!(
                        open.iter().all(|(outer, _)| *outer == "blockquote"),
                        "{html}"
                    );
                    open.push((name, text.len()));
                    entities += 1;
                }
            }
        } else if rest.starts_with('&') {
            let known = [
                ("&lt;", '<'),
                ("&gt;", '>'),
                ("&amp;", '&'),
                ("&quot;", '"'),
            ];
            let (name, c) = known
                .iter()
                .find(|(name, _)| rest.starts_with(name))
                .expect("a known reference");
            text.push(*c);
            rest = &rest[name.len()..];
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }

    assert!(open.is_empty(), "{html}");

    (text, code, entities)
}

static LIVE: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"[a-zA-Z][a-zA-Z0-9+]*://[^\s]+",
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        r"[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|xn--\w+|test|рф)\b",
        r"\d+\.\d+\.\d+\.\d+",
        r"@\w{2,32}",
        r"(?:^|[^\w/<>])(/\w{1,64})",
        r"#\w+",
        r"\$[A-Z]{1,8}",
        r"(?:^|[^\w+])(\+\d[\d ()-]{5,20}\d)",
    ];
    patterns
        .map(|pattern| Regex::new(pattern).expect("a pattern"))
        .into()
});

/// Returns the parts of the text outside code that Telegram turns into links, mentions or commands,
/// as far as its rules are known.
fn live(text: &str, code: &[(usize, usize)]) -> Vec<String> {
    let parts = LIVE.iter().flat_map(|pattern| pattern.captures_iter(text));
    let parts = parts.filter_map(|captures| captures.get(1).or(captures.get(0)));
    let shielded =
        |start: usize, end: usize| code.iter().any(|code| code.0 < end && start < code.1);
    parts
        .filter(|part| !shielded(part.start(), part.end()))
        .map(|part| part.as_str().to_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn any_document_is_within_the_limits_and_fully_escaped(
        (document, marks) in adversarial::document(),
        with_file in any::<bool>(),
        has_raw in any::<bool>(),
    ) {
        let beside = match (with_file, has_raw) {
            (false, _) => Beside::Nothing,
            (true, false) => Beside::Files,
            (true, true) => Beside::FilesOrRaw,
        };
        let rendered = super::render(&document, beside);
        let (text, code, entities) = read(&rendered.html);
        prop_assert!(units(&text) <= MOST_UNITS, "{} units", units(&text));
        prop_assert!(entities <= MOST_ENTITIES, "{entities} entities");
        prop_assert_eq!(live(&text, &code), Vec::<String>::new(), "{}", text);
        let acts = text.chars().any(|c| netvane_core::document::render::is_unsafe(c) && !"\n\t\u{fe0f}".contains(c));
        prop_assert!(!acts, "{}", text);

        let (caption, captioned, used) = read(rendered.caption.as_deref().unwrap_or_default());
        prop_assert!(units(&caption) <= MOST_CAPTION && used <= MOST_ENTITIES, "{}", caption);
        prop_assert_eq!(live(&caption, &captioned), Vec::<String>::new(), "{}", caption);
        prop_assert!(rendered.caption.is_none() || rendered.picture.is_some());
        prop_assert!(rendered.caption.is_none() || rendered.file.is_none());
        prop_assert_eq!(rendered.caption.is_some(), text.ends_with(CONTINUED));

        prop_assert!(with_file || (rendered.file.is_none() && rendered.picture.is_none()));
        let beside = rendered.file.map(|(_, text)| text);
        let describe_error = text.ends_with(REST) || text.contains(" is in the file.");
        prop_assert!(beside.is_none() || describe_error, "{}", text);
        let says = Says {
            beside: beside.as_deref().unwrap_or_default(),
            rest: text.ends_with(MORE) || caption.ends_with(RAW),
            instead: &[TOO_LONG],
        };
        let pictured = rendered.picture.is_some();
        let elsewhere = |mark: &Mark| mark.is_link(&document) || (pictured && mark.is_drawn(&document));
        let marks: Vec<Mark> = marks.into_iter().filter(|mark| !elsewhere(mark)).collect();
        // The caption continues the text before the warnings.
        let (warned, ..) = read(&warnings(&document.warnings).0.html);
        let text = match text.strip_suffix(CONTINUED).and_then(|text| text.strip_suffix(&warned)) {
            Some(body) if rendered.caption.is_some() => format!("{body}\n{caption}\n{warned}"),
            _ => text,
        };
        let lost = lost_silently(&marks, &text, &says);
        prop_assert!(lost.is_empty(), "{:?} of {}", lost, text);
    }

    #[test]
    fn any_link_becomes_a_button((document, marks) in adversarial::document()) {
        let page = netvane_chat::ChatMessage { document: &document, buttons: &[], menu: None, working: false, personal: false };
        let keyboard = crate::keyboard::keyboard(page.links(), &[], false).unwrap_or_default();
        let content_hash = serde_json::to_string(&keyboard).expect("JSON");
        let links: Vec<Mark> = marks.into_iter().filter(|mark| mark.is_link(&document)).collect();
        let lost = lost_silently(&links, &content_hash, &Says::default());
        prop_assert!(lost.is_empty(), "{:?} of {}", lost, content_hash);
    }
}
