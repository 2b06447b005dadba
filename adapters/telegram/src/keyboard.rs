//! Buttons below a message.

use netvane_chat::{Button, Sort};
use netvane_core::document::render::printable_line;
use teloxide::types::{InlineKeyboardButton, InlineKeyboardMarkup};

use crate::markup::shortened;

/// Most buttons in one row. `ROW_WIDTH` limits the total characters of their labels.
const ROW: usize = 3;
const ROW_WIDTH: usize = 30;
const MOST_LABEL: usize = 60;

/// Returns the rows of buttons. An inline message has no Raw button, because the file would need
/// another message.
pub(crate) fn keyboard<'a>(
    links: impl Iterator<Item = (&'a str, &'a str)>,
    buttons: &[Button],
    inline: bool,
) -> Option<InlineKeyboardMarkup> {
    let link = |(label, url): (&str, &str)| {
        let url = reqwest::Url::parse(url).ok()?;
        Some(vec![InlineKeyboardButton::url(
            shortened(&printable_line(label), MOST_LABEL),
            url,
        )])
    };

    let mut rows: Vec<Vec<InlineKeyboardButton>> = links.filter_map(link).collect();
    let (mut width, mut last) = (0, None);

    for button in buttons
        .iter()
        .filter(|button| !(inline && button.sort == Sort::Raw))
    {
        let label = shortened(&printable_line(&button.label), MOST_LABEL);
        let length = label.chars().count();
        // Follow-up lookups have rows of their own, above the buttons that act on this reply.
        let sort = button.sort == Sort::FollowUp;
        let fits = last == Some(sort) && width + length <= ROW_WIDTH;
        let key = InlineKeyboardButton::callback(label, &button.id);
        match rows.last_mut() {
            Some(row) if fits && row.len() < ROW => row.push(key),
            _ => {
                rows.push(vec![key]);
                width = 0;
            }
        }
        width += length;
        last = Some(sort);
    }

    (!rows.is_empty()).then(|| InlineKeyboardMarkup::new(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn button(label: &str, sort: Sort) -> Button {
        Button {
            id: "01J:0".into(),
            label: label.into(),
            sort,
        }
    }

    fn rows(buttons: &[Button], inline: bool) -> Vec<String> {
        let link = [("Show me", "https://netvane.example/v/x")];
        let links = link.into_iter().filter(|_| buttons.is_empty());
        let rows = keyboard(links, buttons, inline)
            .map(|keyboard| keyboard.inline_keyboard)
            .unwrap_or_default();
        let row = |row: &Vec<InlineKeyboardButton>| {
            row.iter()
                .map(|key| key.text.as_str())
                .collect::<Vec<_>>()
                .join(" | ")
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn buttons_are_grouped_in_rows_that_fit_a_phone() {
        let mut buttons: Vec<Button> = [
            "dns",
            "whois",
            "txt",
            "ns",
            "whois 2001:db8:1234:5678::1",
            "geo 192.0.2.1",
        ]
        .map(|label| button(label, Sort::FollowUp))
        .into();

        buttons.push(button("Refresh", Sort::Refresh));
        buttons.push(button("Raw", Sort::Raw));
        assert_eq!(
            rows(&buttons, false),
            [
                "dns | whois | txt",
                "ns | whois 2001:db8:1234:5678::1",
                "geo 192.0.2.1",
                "Refresh | Raw"
            ]
        );

        assert_eq!(rows(&buttons[6..], true), ["Refresh"]);
        assert_eq!(rows(&[], false), ["Show me"]);
    }
}
