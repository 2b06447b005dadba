use netvane_core::document::testing::adversarial::{self, LINK, Says, lost_silently};
use proptest::prelude::*;

use super::*;

#[test]
fn renders_a_reply_as_blocks() {
    let mut document = Document::new("MX of example.com", "2 mail servers", Severity::Good);

    document.table(
        [">Preference", "Exchange"],
        vec![[10.into(), Cell::domain("mail.example.com")]],
    );
    document.heading("More").field(
        "Answered by",
        Cell::new("192.0.2.1\n2001:db8::1", Role::Address),
    );
    document.field("State", Cell::new("late", Role::Bad));
    document.block(Block::Link {
        label: "Show me".into(),
        url: "https://netvane.example/v/x".into(),
    });
    document.warn("<!channel> look & see *this*");
    let shown: Vec<String> = blocks(&document, None)
        .iter()
        .map(Value::to_string)
        .collect();

    insta::assert_snapshot!(shown.join("\n"), @r#"
    {"type":"header","text":{"type":"plain_text","text":"⚠️ MX of example.com","emoji":false}}
    {"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"2 mail servers"}]}]}
    {"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"text","text":"Preference  Exchange\n        10  mail.example.com"}]}]}
    {"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"More","style":{"bold":true}}]}]}
    {"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"Answered by","style":{"bold":true}},{"type":"text","text":" "},{"type":"text","text":"192.0.2.1","style":{"code":true}},{"type":"text","text":", "},{"type":"text","text":"2001:db8::1","style":{"code":true}}]},{"type":"rich_text_section","elements":[{"type":"text","text":"State","style":{"bold":true}},{"type":"text","text":" "},{"type":"text","text":"❌ "},{"type":"text","text":"late"}]}]}]}
    {"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"link","url":"https://netvane.example/v/x","text":"Show me"}]}]}
    {"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"⚠️ "},{"type":"text","text":"<!channel> look & see *this*"}]}]}
    "#);
}

#[test]
fn the_fallback_mentions_nobody() {
    let document = Document::new(
        "TXT of <!channel>",
        "<@U123> & <https://x.example|y>",
        Severity::Good,
    );
    assert_eq!(
        fallback(&document),
        "TXT of &lt;!channel&gt;: &lt;@U123&gt; &amp; &lt;https://x.example|y&gt;"
    );
}

#[test]
fn truncated_messages_say_so() {
    let mut document = Document::new("TXT of example.com", "many records", Severity::Good);
    document.table(
        ["Text"],
        (0..300)
            .map(|index| [Cell::exact(format!("record {index}"))])
            .collect(),
    );
    document.text("after it").warn("one has no address");
    let shown = blocks(&document, None);
    let text = json!(shown).to_string();
    assert!(
        text.contains("record 100") && !text.contains("record 299") && !text.contains("after it"),
        "{text}"
    );
    assert!(
        text.contains(CUT) && text.ends_with("one has no address\"}]}]}]"),
        "{text}"
    );
    let mut long = Document::new("x".repeat(200), "y".repeat(2000), Severity::Good);
    long.code("👍".repeat(5000));
    assert!(json!(blocks(&long, None)).to_string().contains(CUT));
}

#[test]
fn inline_code_is_code() {
    let document = Document::new("a", "see `spf` for more", Severity::Good);
    let block = &blocks(&document, None)[1]["elements"][0]["elements"];
    assert_eq!(
        *block,
        json!([
            { "type": "text", "text": "see " },
            { "type": "text", "text": "spf", "style": { "code": true } },
            { "type": "text", "text": " for more" },
        ])
    );
}

#[test]
fn a_long_summary_leaves_space_for_the_blocks() {
    let mut document = Document::new("a", "y".repeat(2000), Severity::Good);
    document.text("first").text("second");
    let text = json!(blocks(&document, None)).to_string();
    assert!(text.contains("second") && text.contains(CUT), "{text}");
}

/// Collects all objects in a JSON tree.
fn objects<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| objects(item, found)),
        Value::Object(fields) => {
            found.push(value);
            fields.values().for_each(|item| objects(item, found));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_document_stays_within_the_limits_and_is_inert((document, marks) in adversarial::document()) {
        let end = Block::Text { text: "Next: `/netvane spf example.com`".into() };
        let shown = blocks(&document, Some(&end));
        let last = shown.last().map(Value::to_string).unwrap_or_default();
        prop_assert!(last.contains("/netvane spf example.com"), "{}", last);
        prop_assert!((1..=BLOCKS).contains(&shown.len()));
        let (mut total, mut words) = (0, Vec::new());
        for block in &shown {
            let mut found = Vec::new();
            objects(block, &mut found);
            let mut within_block = 0;
            for object in found {
                let kind = object["type"].as_str().unwrap_or("style");
                // Neither markup, nor a mention, nor a link other than the document's own.
                let harmless = ["header", "plain_text", "rich_text", "rich_text_section", "rich_text_list",
                    "rich_text_preformatted", "text", "style"];
                let own_link = kind == "link" && object["url"] == LINK;
                prop_assert!(harmless.contains(&kind) || own_link, "{}", object);
                if let Some(text) = object["text"].as_str() {
                    prop_assert!(!text.is_empty());
                    words.push(text.to_owned());
                    within_block += length(text);
                    let hidden = text.chars().find(|c| !"\n\t\u{fe0f}".contains(*c) && render::is_unsafe(*c));
                    prop_assert!(hidden.is_none(), "{:?}", hidden);
                }
                if let Some(elements) = object["elements"].as_array() {
                    prop_assert!(!elements.is_empty());
                }
                if kind == "plain_text" {
                    prop_assert!(within_block <= HEADER && object["emoji"] == false);
                }
            }
            prop_assert!(within_block <= BLOCK, "{}", within_block);
            total += within_block;
        }
        prop_assert!(total <= MESSAGE + HEADER + length(CUT), "{}", total);
        let message = words.join("\n");
        let says = Says { rest: message.contains(CUT), instead: &[ELSEWHERE], ..Says::default() };
        let lost = lost_silently(&marks, &message, &says);
        prop_assert!(lost.is_empty(), "{:?} of {}", lost, message);
        let fallback = fallback(&document);
        let mut head = marks.iter().filter(|mark| mark.part == adversarial::Part::Head);
        let all = head.all(|mark| fallback.contains(&mark.word));
        prop_assert!(all || fallback.ends_with('…'), "{}", fallback);
        prop_assert!(length(&fallback) <= 5 * FALLBACK && !fallback.contains(['<', '>', '\n']));
    }
}
