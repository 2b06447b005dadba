//! Renders a message as Telegram shows it on a phone.

use maud::{Markup, PreEscaped, html};
use netvane_tests::telegram::{Entity, Message};

pub(crate) fn draw(line: &str, message: &Message) -> Markup {
    html! {
        div.telegram {
            div.bubble.mine { span.live { "/" (line) } }
            div.bubble {
                @if let Some(file) = &message.attachment {
                    div.file { "📄 " (file.name) small { (file.bytes.len()) " bytes" } }
                }
                (formatted(message))
            }
            @for row in &message.keyboard {
                div.buttons { @for button in row { span.button { (button.text) } } }
            }
        }
    }
}

/// Renders the text with its entities and with what Telegram makes clickable by itself.
fn formatted(message: &Message) -> Markup {
    let mut parts: Vec<(&Entity, &str, &str)> = message
        .entities
        .iter()
        .map(|entity| tagged(entity))
        .collect();

    parts.extend(
        message
            .live
            .iter()
            .map(|entity| (entity, "<span class=live>", "</span>")),
    );

    // Sort so that enclosing entities come first.
    parts.sort_by_key(|(entity, ..)| (entity.offset, std::cmp::Reverse(entity.length)));
    let (mut out, mut at) = (String::new(), 0);
    let mut parts = parts.into_iter().peekable();
    let mut open: Vec<(usize, &str)> = Vec::new();

    for c in message.text.chars() {
        close(&mut open, at, &mut out);
        while let Some((entity, opening, closing)) =
            parts.next_if(|(entity, ..)| entity.offset <= at)
        {
            out += opening;
            open.push((entity.offset + entity.length, closing));
        }
        out += &html! { (c) }.into_string();
        at += c.len_utf16();
    }

    close(&mut open, usize::MAX, &mut out);

    html! { div.text { (PreEscaped(out)) } }
}

/// Closes the entities that end here, the innermost first.
fn close(open: &mut Vec<(usize, &str)>, at: usize, out: &mut String) {
    while let Some((_, tag)) = open.pop_if(|(end, _)| *end <= at) {
        *out += tag;
    }
}

fn tagged(entity: &Entity) -> (&Entity, &'static str, &'static str) {
    let (opening, closing) = match entity.kind.as_str() {
        "bold" => ("<b>", "</b>"),
        "italic" => ("<i>", "</i>"),
        "underline" => ("<u>", "</u>"),
        "strikethrough" => ("<s>", "</s>"),
        "code" => ("<code>", "</code>"),
        "pre" => ("<pre>", "</pre>"),
        "blockquote" => ("<blockquote>", "</blockquote>"),
        "expandable_blockquote" => ("<blockquote class=folded>", "</blockquote>"),
        _ => ("<span class=live>", "</span>"),
    };
    (entity, opening, closing)
}
