//! A reply or a failure on a page, with follow-up links.

use maud::{Markup, html};
use netvane_core::{
    Failure, Input, Reply, UsageError,
    command::Registry,
    document::render::{self, Layout, printable_line},
};

use super::{document, question};

/// Columns of the plain text format.
const WIDTH: u16 = 100;

/// The request whose reply is rendered, and settings for rendering it.
pub(super) struct ReplyView<'a> {
    pub(super) registry: &'a Registry,
    pub(super) input: &'a Input,
    /// Base URL of this service, for commands to copy.
    pub(super) origin: &'a str,
    /// Level of the reply's heading, 1–6.
    pub(super) level: u8,
    /// Whether to offer to keep the reply.
    pub(super) keep: bool,
}

impl ReplyView<'_> {
    /// Renders a complete reply with its links.
    pub(super) fn reply(&self, reply: &Reply) -> Markup {
        html! {
            article.reply aria-label=(printable_line(&reply.document().title)) {
                (document::document(self.registry, reply.document(), self.level))
                (self.follow_ups(reply))
                (self.forms(reply))
            }
        }
    }

    /// Renders the reply without links.
    pub(super) fn bare(&self, reply: &Reply) -> Markup {
        html! {
            article.reply aria-label=(printable_line(&reply.document().title)) {
                (document::document(self.registry, reply.document(), self.level))
            }
        }
    }

    /// Renders a failure; for usage errors, the wrong part of the line is marked.
    pub(super) fn failure(&self, failure: &Failure) -> Markup {
        let title = failure.problem().title;
        let heading = match self.level {
            1 => html! { h1 { (title) } },
            2 => html! { h2 { (title) } },
            _ => html! { h3 { (title) } },
        };
        html! {
            article.reply.problem aria-label=(title) {
                (heading)
                p.summary {
                    span.severity.bad { span aria-hidden="true" { "✗" } " Error" }
                    " " (document::words(&printable_line(&failure.to_string())))
                }
                @if let Failure::Usage(usage) = failure { (self.mistake(usage)) }
            }
        }
    }

    fn mistake(&self, usage: &UsageError) -> Markup {
        let line = match self.input {
            Input::Text(line) => Some(line.as_str()),
            Input::Named { .. } => None,
        };
        let command = match self.input {
            Input::Text(line) => line
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .trim_start_matches('/'),
            Input::Named { name, .. } => name,
        };
        html! {
            @if let (Some(line), Some(position)) = (line, &usage.position) { (pointed(line, position)) }
            @if let Some(suggestion) = &usage.suggestion {
                p { "Did you mean " (document::ask(suggestion.trim_start_matches('/'), suggestion)) "?" }
            }
            @if let (Some(entry), Some(_)) = (self.registry.find(command), line) {
                p { "All about " a href={ "/tools/" (entry.spec.name) } { (entry.spec.name) } ": " code { (entry.usage()) } }
            }
        }
    }

    /// Renders links to follow-up lookups.
    fn follow_ups(&self, reply: &Reply) -> Markup {
        let follow_ups = self.registry.follow_ups(reply);
        html! {
            @if !follow_ups.is_empty() {
                nav.follow aria-label="Next lookups" {
                    p {
                        span { "Next" }
                        @for next in &follow_ups {
                            " " (document::ask(next.line().trim_start_matches('/'), &next.label))
                        }
                    }
                }
            }
        }
    }

    fn keeps(&self, reply: &Reply) -> bool {
        let entry = self.registry.find(reply.command);
        self.keep && entry.is_some_and(|entry| entry.is_keepable())
    }

    /// Renders the reply in other formats, with buttons that copy them.
    fn forms(&self, reply: &Reply) -> Markup {
        let reply_view = reply.document();
        let question = visible(&question::json(self.input).to_string()).replace('\'', r"'\''");
        let json = serde_json::from_str::<serde_json::Value>(&reply.to_json());
        let json = json
            .and_then(|json| serde_json::to_string_pretty(&json))
            .unwrap_or_default();
        let json = visible(&json);
        let forms = [
            (
                "Text",
                render::text(
                    reply_view,
                    Layout {
                        width: WIDTH,
                        color: false,
                    },
                ),
            ),
            ("Markdown", render::markdown(reply_view)),
            ("JSON", json),
        ];

        html! {
            div.forms {
                p.copy {
                    span { "Copy" }
                    @if let Some(address) = question::address(self.input) {
                        button type="button" data-copy="Link" data-address=(address) { "Link" }
                    }
                    @for name in ["Text", "Markdown", "JSON", "curl"] {
                        button type="button" data-copy=(name) { (name) }
                    }
                    @if self.keeps(reply) {
                        button type="button" data-keep=(reply.id) { "Keep this answer" }
                    }
                }
                details {
                    summary { "Other formats" }
                    @for (name, text) in forms {
                        h3 { (name) }
                        div.scroll tabindex="0" role="group" aria-label=(name) { pre data-form=(name) { (text) } }
                    }
                    h3 { "curl" }
                    div.scroll tabindex="0" role="group" aria-label="curl" {
                        pre data-form="curl" {
                            "curl -H 'Content-Type: application/json' -d '" (question) "' "
                            span data-origin { (self.origin) } "/v1/commands"
                        }
                    }
                }
            }
        }
    }
}

/// Returns equivalent JSON with invisible characters escaped.
fn visible(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' => out.push(c),
            c if render::is_unsafe(c) => {
                let units = c.encode_utf16(&mut [0; 2]).to_vec();
                out.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
            }
            c => out.push(c),
        }
    }
    out
}

/// Renders the line with the wrong part marked.
fn pointed(line: &str, position: &std::ops::Range<usize>) -> Markup {
    let part = |range: std::ops::Range<usize>| -> String {
        line.chars().skip(range.start).take(range.len()).collect()
    };
    let (before, wrong, after) = (
        part(0..position.start),
        part(position.clone()),
        part(position.end..usize::MAX),
    );
    let wrong = if wrong.is_empty() {
        "\u{a0}"
    } else {
        wrong.as_str()
    };
    html! {
        p.pointed {
            code { (printable_line(&before)) mark { (printable_line(wrong)) } (printable_line(&after)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_json_has_the_same_value() {
        let json = serde_json::json!({ "a": "\u{202e}x\u{e0001}\u{7f}'" });
        let reply_view = visible(&json.to_string());
        assert_eq!(reply_view, r#"{"a":"\u202ex\udb40\udc01\u007f'"}"#);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&reply_view).expect("JSON"),
            json
        );
    }

    #[test]
    fn marks_the_wrong_part_of_the_line() {
        let reply_view = |line: &str, position| pointed(line, &position).0;
        assert_eq!(
            reply_view("/dig ü MXX", 7..10),
            r#"<p class="pointed"><code>/dig ü <mark>MXX</mark></code></p>"#
        );
        assert!(reply_view("/mx", 3..3).contains("/mx<mark>\u{a0}</mark>"));
    }
}
