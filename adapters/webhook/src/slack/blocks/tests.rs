use netvane_core::document::{Column, Field, Station};
use proptest::prelude::*;

use super::*;

#[test]
fn a_reply() {
    let mut document = Document::new("MX of example.com", "2 mail servers", Severity::Good);
    document.table([">Preference", "Exchange"], vec![[10.into(), Cell::domain("mail.example.com")]]);
    document.heading("More").field("Answered by", Cell::new("192.0.2.1\n2001:db8::1", Role::Address));
    document.field("State", Cell::new("late", Role::Bad));
    document.block(Block::Link { label: "Show me".into(), url: "https://netvane.example/v/x".into() });
    document.warn("<!channel> look & see *this*");
    insta::assert_json_snapshot!(blocks(&document), @r#"
    [
      {
        "type": "header",
        "text": {
          "type": "plain_text",
          "text": "⚠️ MX of example.com",
          "emoji": false
        }
      },
      {
        "type": "rich_text",
        "elements": [
          {
            "type": "rich_text_section",
            "elements": [
              {
                "type": "text",
                "text": "2 mail servers"
              }
            ]
          }
        ]
      },
      {
        "type": "rich_text",
        "elements": [
          {
            "type": "rich_text_preformatted",
            "elements": [
              {
                "type": "text",
                "text": "Preference  Exchange\n        10  mail.example.com"
              }
            ]
          }
        ]
      },
      {
        "type": "rich_text",
        "elements": [
          {
            "type": "rich_text_section",
            "elements": [
              {
                "type": "text",
                "text": "More",
                "style": {
                  "bold": true
                }
              }
            ]
          }
        ]
      },
      {
        "type": "rich_text",
        "elements": [
          {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [
              {
                "type": "rich_text_section",
                "elements": [
                  {
                    "type": "text",
                    "text": "Answered by",
                    "style": {
                      "bold": true
                    }
                  },
                  {
                    "type": "text",
                    "text": " "
                  },
                  {
                    "type": "text",
                    "text": "192.0.2.1",
                    "style": {
                      "code": true
                    }
                  },
                  {
                    "type": "text",
                    "text": ", "
                  },
                  {
                    "type": "text",
                    "text": "2001:db8::1",
                    "style": {
                      "code": true
                    }
                  }
                ]
              },
              {
                "type": "rich_text_section",
                "elements": [
                  {
                    "type": "text",
                    "text": "State",
                    "style": {
                      "bold": true
                    }
                  },
                  {
                    "type": "text",
                    "text": " "
                  },
                  {
                    "type": "text",
                    "text": "❌ "
                  },
                  {
                    "type": "text",
                    "text": "late"
                  }
                ]
              }
            ]
          }
        ]
      },
      {
        "type": "rich_text",
        "elements": [
          {
            "type": "rich_text_section",
            "elements": [
              {
                "type": "link",
                "url": "https://netvane.example/v/x",
                "text": "Show me"
              }
            ]
          }
        ]
      },
      {
        "type": "rich_text",
        "elements": [
          {
            "type": "rich_text_section",
            "elements": [
              {
                "type": "text",
                "text": "⚠️ <!channel> look & see *this*"
              }
            ]
          }
        ]
      }
    ]
    "#);
}

#[test]
fn the_fallback_mentions_nobody() {
    let document = Document::new("TXT of <!channel>", "<@U123> & <https://x.example|y>", Severity::Good);
    assert_eq!(
        fallback(&document),
        "TXT of &lt;!channel&gt;: &lt;@U123&gt; &amp; &lt;https://x.example|y&gt;"
    );
}

#[test]
fn what_does_not_fit_is_said() {
    let mut document = Document::new("TXT of example.com", "many records", Severity::Good);
    document.table(["Text"], (0..300).map(|index| [Cell::exact(format!("record {index}"))]).collect());
    document.text("after it").warn("one has no address");
    let shown = blocks(&document);
    let text = json!(shown).to_string();
    assert!(
        text.contains("record 100") && !text.contains("record 299") && !text.contains("after it"),
        "{text}"
    );
    assert!(text.contains(CUT) && text.ends_with("one has no address\"}]}]}]"), "{text}");
    let mut long = Document::new("x".repeat(200), "y".repeat(2000), Severity::Good);
    long.code("👍".repeat(5000));
    assert!(json!(blocks(&long)).to_string().contains(CUT));
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z .]{0,12}",
        4 => r"[`*_~|<>@#:&\[\]()\\/!\-+.0-9\n\t ]{1,10}",
        1 => Just("<!channel>".to_owned()),
        1 => Just("@all".to_owned()),
        1 => Just("<@U12345678>".to_owned()),
        1 => Just("<https://evil.example|x>".to_owned()),
        1 => Just("```".to_owned()),
        1 => "[\u{0}-\u{1f}\u{202a}-\u{202e}\u{200b}-\u{200f}👍é]{1,4}",
        1 => "[x👍]{500,4000}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let roles = [Role::Plain, Role::Domain, Role::Exact, Role::Aside, Role::Good, Role::Warning, Role::Bad];
    (text(), prop::sample::select(roles.to_vec())).prop_map(|(text, role)| Cell { text, role })
}

fn any_block() -> impl Strategy<Value = Block> {
    let columns = || vec![Column { title: "Name", numeric: false }, Column { title: "TTL", numeric: true }];
    let field = (text(), any_cell()).prop_map(|(name, value)| Field { name, value });
    prop_oneof![
        text().prop_map(|text| Block::Heading { text }),
        text().prop_map(|text| Block::Text { text }),
        text().prop_map(|text| Block::Code { text }),
        (text(), text()).prop_map(|(name, text)| Block::Attachment { name, text }),
        prop::collection::vec(field, 1..5).prop_map(|fields| Block::Fields { fields }),
        prop::collection::vec(prop::collection::vec(any_cell(), 2), 1..8)
            .prop_map(move |rows| Block::Table { columns: columns(), rows }),
        (text(), text(), text())
            .prop_map(|(title, name, via)| Block::Path { stations: vec![Station { title, name, via }] }),
    ]
}

pub(crate) fn any_document() -> impl Strategy<Value = Document> {
    let warnings = prop::collection::vec(text(), 0..8);
    let blocks = prop_oneof![
        9 => prop::collection::vec(any_block(), 0..8),
        1 => prop::collection::vec(any_block(), 40..80)
    ];
    (text(), text(), blocks, warnings).prop_map(|(title, summary, blocks, warnings)| Document {
        title,
        summary,
        severity: Severity::Neutral,
        blocks,
        warnings,
    })
}

/// All values in a tree of JSON that are objects.
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
    fn any_document_keeps_to_the_limits_and_nothing_in_it_acts(document in any_document()) {
        let shown = blocks(&document);
        prop_assert!((1..=BLOCKS).contains(&shown.len()));
        let mut total = 0;
        for block in &shown {
            let mut found = Vec::new();
            objects(block, &mut found);
            let mut within_block = 0;
            for object in found {
                let kind = object["type"].as_str().unwrap_or("style");
                // Neither markup, nor a mention, nor a link: no document of this test has one.
                let harmless = ["header", "plain_text", "rich_text", "rich_text_section", "rich_text_list",
                    "rich_text_preformatted", "text", "style"];
                prop_assert!(harmless.contains(&kind), "{}", kind);
                if let Some(text) = object["text"].as_str() {
                    prop_assert!(!text.is_empty());
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
        let fallback = fallback(&document);
        prop_assert!(length(&fallback) <= 5 * FALLBACK && !fallback.contains(['<', '>', '\n']));
    }
}
