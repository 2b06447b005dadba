//! What holds for any document, hostile ones first: nothing in it acts, and nothing of it is lost without a word.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use resvg::usvg::roxmltree;

use super::{Layout, is_unsafe, markdown, picture, svg, text};
use crate::{
    Block,
    testing::adversarial::{LINK, Mark, Says, document, lost_silently},
};

fn acts(shown: &str, besides: &str) -> String {
    shown
        .chars()
        .filter(|c| is_unsafe(*c) && !besides.contains(*c))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn text_holds_everything_and_nothing_acts((document, marks) in document(), width in 20u16..120) {
        let shown = text(&document, Layout { width, color: false });
        let acts = acts(&shown, "\n\t");
        prop_assert!(acts.is_empty(), "{acts:?} in {shown}");
        let lost = lost_silently(&marks, &shown, &Says::default());
        prop_assert!(lost.is_empty(), "{lost:?} of {shown}");
    }

    #[test]
    fn markdown_holds_everything_and_nothing_acts((document, marks) in document()) {
        let shown = markdown(&document);
        let acts = acts(&shown, "\n\t\u{fe0f}");
        prop_assert!(acts.is_empty(), "{acts:?} in {shown}");
        let says = Says { instead: &["in full with `raw`"], ..Says::default() };
        let lost = lost_silently(&marks, &shown, &says);
        prop_assert!(lost.is_empty(), "{lost:?} of {shown}");
        for event in Parser::new_ext(&shown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            let live = match &event {
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::Strikethrough) => true,
                Event::Html(html) | Event::InlineHtml(html) => html.trim() != "<br>",
                _ => false,
            };
            prop_assert!(!live, "{event:?} in {shown}");
        }
    }

    #[test]
    fn json_holds_everything_as_it_is((document, _) in document()) {
        let written = serde_json::to_string(&document).expect("JSON");
        prop_assert!(!written.chars().any(|c| c.is_control() && c < '\u{80}'), "{written}");
        let read: serde_json::Value = serde_json::from_str(&written).expect("JSON");
        prop_assert_eq!(&read["title"], &document.title);
        prop_assert_eq!(read["warnings"].as_array().map(Vec::len), Some(document.warnings.len()));
        prop_assert_eq!(read, serde_json::to_value(&document).expect("a value"));
    }

    #[test]
    fn a_picture_is_well_formed_and_holds_its_words((document, marks) in document()) {
        let drawn = svg(&document);
        let is_path = |block: &Block| matches!(block, Block::Path { .. });
        prop_assert_eq!(drawn.is_some(), document.blocks.iter().any(is_path));
        let Some(drawn) = drawn else { return Ok(()) };
        let tree = roxmltree::Document::parse(&drawn);
        prop_assert!(tree.is_ok(), "{:?} in {drawn}", tree.err());
        let tree = tree.expect("well-formed");
        for node in tree.descendants().filter(roxmltree::Node::is_element) {
            let name = node.tag_name().name();
            prop_assert!(["svg", "title", "style", "line", "path", "rect", "text"].contains(&name), "{name}");
            for attribute in node.attributes().map(|attribute| attribute.name()) {
                prop_assert!(!attribute.starts_with("on") && !attribute.contains("href"), "{attribute}");
            }
        }
        prop_assert!(!drawn.contains(LINK) && acts(&drawn, "").is_empty(), "{drawn}");
        let words: Vec<&str> =
            tree.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect();
        let held = |mark: &Mark| mark.place == 0 || mark.is_drawn(&document);
        let marks: Vec<Mark> = marks.into_iter().filter(held).collect();
        let lost = lost_silently(&marks, &words.join("\n"), &Says::default());
        prop_assert!(lost.is_empty(), "{lost:?} of {drawn}");
    }

    #[test]
    fn words_do_not_stick_out_of_a_picture((document, _) in document()) {
        let Some(tree) = picture::tree(&document) else {
            prop_assert!(svg(&document).is_none(), "not understood");
            return Ok(());
        };
        for node in tree.root().children() {
            let right = node.abs_bounding_box().right();
            prop_assert!(right <= tree.size().width(), "{right} of {}", tree.size().width());
        }
    }
}
