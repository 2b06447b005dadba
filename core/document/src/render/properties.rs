//! Properties of all renderers, for any document including hostile ones: no unsafe character gets
//! through, and nothing is left out without saying so.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use resvg::usvg::roxmltree;

use super::{Layout, is_unsafe, markdown, picture, svg, text};
use crate::{
    Block,
    testing::adversarial::{LINK, Mark, Says, document, lost_silently},
};

fn unsafe_chars(rendered: &str, allowed: &str) -> String {
    rendered
        .chars()
        .filter(|c| is_unsafe(*c) && !allowed.contains(*c))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn text_is_complete_and_safe((document, marks) in document(), width in 20u16..120) {
        let rendered = text(&document, Layout { width, color: false });
        let found = unsafe_chars(&rendered, "\n\t");
        prop_assert!(found.is_empty(), "{found:?} in {rendered}");
        let lost = lost_silently(&marks, &rendered, &Says::default());
        prop_assert!(lost.is_empty(), "{lost:?} of {rendered}");
    }

    #[test]
    fn markdown_is_complete_and_safe((document, marks) in document()) {
        let rendered = markdown(&document);
        let found = unsafe_chars(&rendered, "\n\t\u{fe0f}");
        prop_assert!(found.is_empty(), "{found:?} in {rendered}");
        let says = Says { instead: &["in full with `raw`"], ..Says::default() };
        let lost = lost_silently(&marks, &rendered, &says);
        prop_assert!(lost.is_empty(), "{lost:?} of {rendered}");
        for event in Parser::new_ext(&rendered, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            let live = match &event {
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::Strikethrough) => true,
                Event::Html(html) | Event::InlineHtml(html) => html.trim() != "<br>",
                _ => false,
            };
            prop_assert!(!live, "{event:?} in {rendered}");
        }
    }

    #[test]
    fn json_is_complete_and_unescaped((document, _) in document()) {
        let written = serde_json::to_string(&document).expect("JSON");
        prop_assert!(!written.chars().any(|c| c.is_control() && c < '\u{80}'), "{written}");
        let read: serde_json::Value = serde_json::from_str(&written).expect("JSON");
        prop_assert_eq!(&read["title"], &document.title);
        prop_assert_eq!(read["warnings"].as_array().map(Vec::len), Some(document.warnings.len()));
        prop_assert_eq!(read, serde_json::to_value(&document).expect("a value"));
    }

    #[test]
    fn svg_is_well_formed_and_complete((document, marks) in document()) {
        let image = svg(&document);
        let is_path = |block: &Block| matches!(block, Block::Path { .. });
        prop_assert_eq!(image.is_some(), document.blocks.iter().any(is_path));
        let Some(image) = image else { return Ok(()) };
        let tree = roxmltree::Document::parse(&image);
        prop_assert!(tree.is_ok(), "{:?} in {image}", tree.err());
        let tree = tree.expect("well-formed");
        for node in tree.descendants().filter(roxmltree::Node::is_element) {
            let name = node.tag_name().name();
            prop_assert!(["svg", "title", "style", "line", "path", "rect", "text"].contains(&name), "{name}");
            for attribute in node.attributes().map(|attribute| attribute.name()) {
                prop_assert!(!attribute.starts_with("on") && !attribute.contains("href"), "{attribute}");
            }
        }
        prop_assert!(!image.contains(LINK) && unsafe_chars(&image, "").is_empty(), "{image}");
        let words: Vec<&str> =
            tree.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect();
        let expected = |mark: &Mark| mark.place == 0 || mark.is_drawn(&document);
        let marks: Vec<Mark> = marks.into_iter().filter(expected).collect();
        let lost = lost_silently(&marks, &words.join("\n"), &Says::default());
        prop_assert!(lost.is_empty(), "{lost:?} of {image}");
    }

    #[test]
    fn text_stays_inside_the_image((document, _) in document()) {
        let Some(tree) = picture::tree(&document) else {
            prop_assert!(svg(&document).is_none(), "the SVG was not parsed");
            return Ok(());
        };
        for node in tree.root().children() {
            let right = node.abs_bounding_box().right();
            prop_assert!(right <= tree.size().width(), "{right} of {}", tree.size().width());
        }
    }
}
