//! Renders a message as Discord's dark theme shows it on a phone.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

pub(crate) fn draw(line: &str, message: &Value) -> Markup {
    html! {
        div.discord {
            div.asked { b { "ann" } " used " i { "/" (line) } }
            div.head { span.face { "N" } b { "Netvane" } span.app { "APP" } }
            div.body {
                @if let Some(text) = message["content"].as_str() { (markdown(text)) }
                @for embed in list(&message["embeds"]) { (embedded(embed)) }
                @for file in list(&message["attachments"]) {
                    div.file { "📄 " (word(&file["filename"])) small { (file["size"]) " bytes" } }
                }
                @for row in list(&message["components"]) {
                    div.buttons { @for part in list(&row["components"]) { (component(part)) } }
                }
            }
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn embedded(embed: &Value) -> Markup {
    let color = format!(
        "border-color: #{:06x}",
        embed["color"].as_u64().unwrap_or(0x20_22_25)
    );
    html! {
        div.embed style=(color) {
            @if let Some(title) = embed["title"].as_str() { div.title { (markdown(title)) } }
            @if let Some(text) = embed["description"].as_str() { (markdown(text)) }
            @for field in list(&embed["fields"]) {
                div.field { b { (markdown(word(&field["name"]))) } (markdown(word(&field["value"]))) }
            }
            @if let Some(url) = embed["image"]["url"].as_str() { div.image { "picture: " (url) } }
            @if let Some(text) = embed["footer"]["text"].as_str() { small { (text) } }
        }
    }
}

fn component(part: &Value) -> Markup {
    let style = part["style"].as_u64().unwrap_or(2);
    let label = html! {
        @if let Some(emoji) = part["emoji"]["name"].as_str() { (emoji) " " }
        (word(&part["label"])) (word(&part["placeholder"]))
        @if style == 5 { " ↗" }
    };
    html! { span class={ "button style" (style) } { (label) } }
}

/// Renders Discord's Markdown: line breaks are kept, HTML is plain text. Bare links and mentions
/// are highlighted, because Discord makes them clickable.
fn markdown(text: &str) -> Markup {
    let mut out = String::new();
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(tag) => out += opening(&tag),
            Event::End(tag) => out += closing(tag),
            Event::Code(code) => out += &html! { code { (code.as_ref()) } }.into_string(),
            Event::SoftBreak | Event::HardBreak => out += "<br>",
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                out += &html! { (text.as_ref()) }.into_string();
            }
            _ => {}
        }
    }
    html! { div.text { (PreEscaped(out)) } }
}

fn opening(tag: &Tag<'_>) -> &'static str {
    match tag {
        Tag::Paragraph => "<p>",
        Tag::Heading { .. } => "<h4>",
        Tag::BlockQuote(_) => "<blockquote>",
        Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => "<pre>",
        Tag::List(_) => "<ul>",
        Tag::Item => "<li>",
        Tag::Emphasis => "<em>",
        Tag::Strong => "<b>",
        Tag::Strikethrough => "<s>",
        Tag::Link { .. } | Tag::Image { .. } => "<span class=live>",
        _ => "",
    }
}

fn closing(tag: TagEnd) -> &'static str {
    match tag {
        TagEnd::Paragraph => "</p>",
        TagEnd::Heading(_) => "</h4>",
        TagEnd::BlockQuote(_) => "</blockquote>",
        TagEnd::CodeBlock => "</pre>",
        TagEnd::List(_) => "</ul>",
        TagEnd::Item => "</li>",
        TagEnd::Emphasis => "</em>",
        TagEnd::Strong => "</b>",
        TagEnd::Strikethrough => "</s>",
        TagEnd::Link | TagEnd::Image => "</span>",
        _ => "",
    }
}
