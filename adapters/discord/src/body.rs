//! A page as the message that Discord is sent.

use netvane_chat::{Button, Page, Sort};
use netvane_core::document::render::printable_line;
use serde_json::{Value, json};

use crate::{
    escape::length,
    render::{self, Drawn},
    rest::{File, no_mentions},
};

/// Only the asker sees it.
pub(crate) const EPHEMERAL: u64 = 64;

/// Discord's limits.
const ROWS: usize = 5;
const IN_A_ROW: usize = 5;
const LABEL: usize = 80;
pub(crate) const BUTTONS: usize = ROWS * IN_A_ROW;

/// The message, and the files that go with it. It replaces all of an earlier one.
pub(crate) fn message(page: &Page<'_>) -> (Value, Vec<File>) {
    let Drawn { embed, files } = render::draw(page);
    let attachments: Vec<Value> = files
        .iter()
        .enumerate()
        .map(|(id, file)| json!({ "id": id, "filename": file.name }))
        .collect();
    let body = json!({
        "embeds": [embed], "components": rows(page), "attachments": attachments,
        "allowed_mentions": no_mentions(),
    });
    (body, files)
}

fn rows(page: &Page<'_>) -> Vec<Value> {
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

/// Words that Discord shows as they are, at most this long.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let text = printable_line(text.trim());
    if length(&text) <= most {
        return if text.is_empty() {
            "…".to_owned()
        } else {
            text.into_owned()
        };
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += c.len_utf16();
        used <= most
    };
    text.chars().take_while(fits).collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use netvane_core::document::{Block, Document};

    use super::*;

    #[test]
    fn buttons_stand_in_rows_of_five() {
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

        let rows = rows(&Page {
            document: &document,
            buttons: &buttons,
            working: false,
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

    #[test]
    fn words_are_cut_between_characters() {
        assert_eq!(cut("👍👍👍", 5), "👍👍…");
        assert_eq!(cut("a\u{202e}", 80), "a\\u{202e}");
        assert_eq!(cut(" ", 80), "…");
    }
}
