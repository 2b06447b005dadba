//! Property tests: any document, hostile ones included, is rendered as the expected HTML elements
//! only.

use html5ever::{Attribute, parse_document, tendril::TendrilSink};
use markup5ever_rcdom::{Node, NodeData, RcDom};
use netvane_core::document::{
    render::is_unsafe,
    testing::adversarial::{self, LINK, Says, lost_silently},
};
use proptest::prelude::*;

/// Elements that the renderer may write, with their allowed attributes; the first three are added
/// by the parser.
const ELEMENTS: [(&str, &[&str]); 27] = [
    ("html", &[]),
    ("head", &[]),
    ("body", &[]),
    ("main", &[]),
    ("h1", &[]),
    ("h2", &[]),
    ("h3", &[]),
    ("p", &["class"]),
    ("span", &["class", "aria-hidden"]),
    ("ul", &["class"]),
    ("ol", &["class"]),
    ("li", &[]),
    ("code", &[]),
    ("pre", &[]),
    ("dl", &[]),
    ("dt", &[]),
    ("dd", &[]),
    ("div", &["class", "tabindex", "role", "aria-label"]),
    ("table", &["class"]),
    ("thead", &[]),
    ("tbody", &[]),
    ("tr", &[]),
    ("th", &["class", "scope"]),
    ("td", &["class", "data-title"]),
    ("strong", &[]),
    ("details", &["class"]),
    ("summary", &[]),
];

/// Elements with an effect: links and buttons.
const ACTIVE: [(&str, &[&str]); 2] = [
    ("a", &["href", "rel", "data-line"]),
    ("button", &["type", "data-save"]),
];

/// What a browser gets from a page.
#[derive(Default)]
struct PageContent {
    text: String,
    strange: Vec<String>,
    links: Vec<String>,
}

impl PageContent {
    fn look(&mut self, node: &Node) {
        match &node.data {
            NodeData::Text { contents } => self.text.push_str(&contents.borrow()),
            NodeData::Element { name, attrs, .. } => self.element(&name.local, &attrs.borrow()),
            NodeData::Document | NodeData::Doctype { .. } => {}
            NodeData::Comment { contents } => self.strange.push(format!("a comment: {contents}")),
            NodeData::ProcessingInstruction { target, .. } => {
                self.strange.push(format!("for {target}"))
            }
        }
        for child in node.children.borrow().iter() {
            self.look(child);
        }
        // Separates the words of neighbouring elements.
        self.text.push('\n');
    }

    fn element(&mut self, name: &str, attributes: &[Attribute]) {
        let Some((_, known)) = ELEMENTS
            .iter()
            .chain(&ACTIVE)
            .find(|(known, _)| *known == name)
        else {
            return self.strange.push(format!("<{name}>"));
        };

        for Attribute {
            name: attribute,
            value,
        } in attributes
        {
            let attribute: &str = &attribute.local;
            if !known.contains(&attribute) {
                self.strange.push(format!("<{name} {attribute}>"));
            }
            if value
                .chars()
                .any(|c| is_unsafe(c) && !(attribute == "data-line" && c == '\t'))
            {
                self.strange.push(format!("{attribute}={value:?}"));
            }
            if attribute == "class" && !value.chars().all(|c| c.is_ascii_lowercase() || c == ' ') {
                self.strange.push(format!("the class {value}"));
            }
            if attribute == "href" {
                self.links.push(value.to_string());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_browser_finds_what_was_written_and_nothing_else(
        (document, marks) in adversarial::document(),
        level in 1u8..=3,
    ) {
        let registry = netvane_core::registry();
        let written = super::document(&registry, &document, level).0;
        let page = format!("<!doctype html><html><head></head><body><main>{written}</main></body></html>");
        let dom = parse_document(RcDom::default(), Default::default()).one(page.as_str());
        // Parse errors include elements that are not closed or closed twice, and characters that
        // are not allowed in HTML.
        let errors = dom.errors.borrow();
        prop_assert!(errors.is_empty(), "{:?} in {}", errors, written);

        let mut seen = PageContent::default();
        seen.look(&dom.document);
        prop_assert!(seen.strange.is_empty(), "{:?} in {}", seen.strange, written);
        for link in &seen.links {
            // Either the document's own link, or a lookup on this service.
            prop_assert!(link == LINK || link.starts_with("/?q="), "{} in {}", link, written);
        }
        let hidden: String = seen.text.chars().filter(|c| is_unsafe(*c) && !"\n\t".contains(*c)).collect();
        prop_assert!(hidden.is_empty(), "{:?} in {}", hidden, written);
        let lost = lost_silently(&marks, &seen.text, &Says::default());
        prop_assert!(lost.is_empty(), "{:?} of {}", lost, seen.text);
    }
}
