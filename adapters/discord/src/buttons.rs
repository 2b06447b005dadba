//! The buttons and the menu below a message, in rows.

use netvane_chat::{Button, ChatMessage, Choice, Menu, Sort};
use serde_json::{Value, json};

use crate::escape::cut;

/// Most rows of buttons under a message, by Discord's rules.
const ROWS: usize = 5;
const IN_A_ROW: usize = 5;
const LABEL: usize = 80;
/// Most buttons under one message, links included. One row is left for a menu.
pub(crate) const BUTTONS: usize = (ROWS - 1) * IN_A_ROW;

/// Longest text of a menu's choice and of its prompt in characters, and most choices.
const CHOICE: usize = 100;
const PROMPT: usize = 150;
const CHOICES: usize = 25;

/// Returns the rows of buttons: links first, then the other buttons, then the menu. What exceeds the
/// limit is left out.
pub(crate) fn rows(page: &ChatMessage<'_>) -> Vec<Value> {
    let link =
        |(label, url)| json!({ "type": 2, "style": 5, "label": cut(label, LABEL), "url": url });
    let all: Vec<Value> = page
        .links()
        .map(link)
        .chain(page.buttons.iter().map(button))
        .collect();
    all[..all.len().min(BUTTONS)]
        .chunks(IN_A_ROW)
        .map(<[Value]>::to_vec)
        .chain(page.menu.map(|shown| vec![menu(shown)]))
        .map(|row| json!({ "type": 1, "components": row }))
        .collect()
}

/// Returns a menu of which one choice is taken; its value is the position.
fn menu(menu: &Menu) -> Value {
    let option = |(index, choice): (usize, &Choice)| {
        json!({
            "label": cut(&choice.label, CHOICE), "value": index.to_string(), "default": choice.chosen,
        })
    };
    let options: Vec<Value> = menu
        .choices
        .iter()
        .take(CHOICES)
        .enumerate()
        .map(option)
        .collect();
    json!({
        "type": 3, "custom_id": menu.id, "placeholder": cut(&menu.prompt, PROMPT), "options": options,
    })
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

        let menu = Menu {
            id: "x:m".into(),
            prompt: "Which one?".into(),
            choices: (0..40)
                .map(|index| Choice {
                    label: "x".repeat(200),
                    chosen: index == 1,
                })
                .collect(),
        };

        let rows = rows(&ChatMessage {
            document: &document,
            buttons: &buttons,
            menu: Some(&menu),
            working: false,
            personal: false,
        });

        assert_eq!(rows.len(), ROWS);
        let menu = &rows[4]["components"][0];
        assert_eq!(menu["options"].as_array().map(Vec::len), Some(CHOICES));
        assert_eq!(menu["options"][1]["default"], true);
        assert_eq!(
            menu["options"][1]["label"].as_str().map(length),
            Some(CHOICE)
        );
        assert_eq!(
            rows[0]["components"][0]["url"],
            "https://netvane.example/v/x"
        );
        assert_eq!(
            rows[3]["components"].as_array().map(Vec::len),
            Some(IN_A_ROW)
        );
        assert_eq!(
            rows[0]["components"][1]["label"].as_str().map(length),
            Some(LABEL)
        );
    }
}
