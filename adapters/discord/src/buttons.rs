//! The buttons below a message, in rows.

use netvane_chat::{Button, ChatMessage, Sort};
use serde_json::{Value, json};

use crate::escape::cut;

/// Most rows of buttons under a message, by Discord's rules.
const ROWS: usize = 5;
const IN_A_ROW: usize = 5;
const LABEL: usize = 80;
/// Most buttons under one message, links included.
pub(crate) const BUTTONS: usize = ROWS * IN_A_ROW;

/// Returns the rows of buttons: links first, then the other buttons. What exceeds the limit is left
/// out.
pub(crate) fn rows(page: &ChatMessage<'_>) -> Vec<Value> {
    let link =
        |(label, url)| json!({ "type": 2, "style": 5, "label": cut(label, LABEL), "url": url });
    let all: Vec<Value> = page
        .links()
        .map(link)
        .chain(page.buttons.iter().map(button))
        .collect();
    all.chunks(IN_A_ROW)
        .take(ROWS)
        .map(|row| json!({ "type": 1, "components": row }))
        .collect()
}

fn button(button: &Button) -> Value {
    let style = match button.sort {
        Sort::FollowUp | Sort::Refresh | Sort::Raw => 2,
        Sort::Cancel => 4,
    };
    json!({ "type": 2, "style": style, "label": cut(&button.label, LABEL), "custom_id": button.id })
}

#[cfg(test)]
mod tests {
    use netvane_core::document::{Block, Document};

    use super::*;
    use crate::escape::length;

    #[test]
    fn buttons_are_grouped_in_rows_of_five() {
        let buttons: Vec<Button> = (0..40)
            .map(|index| Button {
                id: index.to_string(),
                label: "x".repeat(100),
                sort: Sort::FollowUp,
            })
            .collect();

        let mut document = Document::default();

        document.block(Block::Link {
            label: "Show me".into(),
            url: "https://netvane.example/v/x".into(),
        });

        let rows = rows(&ChatMessage {
            document: &document,
            buttons: &buttons,
            working: false,
            personal: false,
        });

        assert_eq!(rows.len(), ROWS);
        assert_eq!(
            rows[0]["components"][0]["url"],
            "https://netvane.example/v/x"
        );
        assert_eq!(
            rows[4]["components"].as_array().map(Vec::len),
            Some(IN_A_ROW)
        );
        assert_eq!(
            rows[0]["components"][1]["label"].as_str().map(length),
            Some(LABEL)
        );
    }
}
