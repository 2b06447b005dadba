//! Documents as HTML. The template escapes markup; invisible characters are made visible here.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};
use netvane_core::{
    command::{Registry, targets::Target},
    document::{
        Block, Cell, Chart, Column, Document, Field, Mark, Role, Severity, Station,
        render::{Span, chart_svg, is_unsafe, printable, printable_line, spans},
    },
    spec::TargetKind,
};

/// Renders a document; its heading has this level, 1 to 3.
pub(super) fn document(registry: &Registry, document: &Document, level: u8) -> Markup {
    let Document {
        title,
        summary,
        severity,
        blocks,
        warnings,
        chart,
    } = document;
    html! {
        (heading(level, title))
        p.summary {
            span class={ "severity " (severity.name()) } {
                span aria-hidden="true" { (severity.symbol()) } " " (word(*severity))
            }
            " " (words(&printable_line(summary)))
        }
        @if let Some(chart) = chart { (picture(chart)) }
        @for block in blocks { (block_of(registry, block, level + 1)) }
        @if !warnings.is_empty() {
            ul.warnings { @for warning in warnings { li { (words(&printable(warning))) } } }
        }
    }
}

/// Renders running text; text between backticks becomes code.
pub(crate) fn words(text: &str) -> Markup {
    html! {
        @for span in spans(text) {
            @match span {
                Span::Words(words) => (words),
                Span::Code(code) => code { (code) },
            }
        }
    }
}

fn heading(level: u8, text: &str) -> Markup {
    let text = printable_line(text);
    match level {
        1 => html! { h1 { (text) } },
        2 => html! { h2 { (text) } },
        _ => html! { h3 { (text) } },
    }
}

/// Draws a chart. The writer of images escapes its text.
fn picture(chart: &Chart) -> Markup {
    html! { div.picture { (PreEscaped(chart_svg(chart))) } }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "OK",
        Severity::Neutral => "Info",
        Severity::Warning => "Warning",
        Severity::Bad => "Failed",
    }
}

fn block_of(registry: &Registry, block: &Block, level: u8) -> Markup {
    match block {
        Block::Heading { text } => heading(level, text),
        Block::Text { text } => {
            html! { @for part in text.split("\n\n") { p.text { (words(&printable(part))) } } }
        }
        Block::Fields { fields } => fields_of(registry, fields),
        Block::Table { columns, rows } => table(registry, columns, rows),
        Block::Code { text, marks } => scrolling("Preformatted text", &preformatted(text, marks)),
        Block::Path { stations } => path(stations),
        Block::Link { label, url } if leads_somewhere(url) => html! {
            p { a href=(url) rel="noopener noreferrer nofollow" { (printable_line(label)) } }
        },
        Block::Link { label, url } => {
            html! { p { (printable_line(label)) ": " (printable_line(url)) } }
        }
        Block::Attachment { name, text } => attachment(name, text),
    }
}

/// Renders preformatted text, its marked lines in their color.
fn preformatted(text: &str, marks: &[Mark]) -> Markup {
    let text = printable(text);
    if marks.is_empty() {
        return html! { pre { (text) } };
    }

    let marked = |at: usize| marks.iter().find(|mark| mark.line == at);
    html! {
        pre {
            @for (at, line) in text.split('\n').enumerate() {
                @if at > 0 { "\n" }
                @match marked(at).and_then(|mark| severity(mark.role)) {
                    Some(severity) => span class=(severity.name()) { (line) },
                    None => (line),
                }
            }
        }
    }
}

/// Returns the severity whose color a role has.
fn severity(role: Role) -> Option<Severity> {
    match role {
        Role::Good => Some(Severity::Good),
        Role::Warning => Some(Severity::Warning),
        Role::Bad => Some(Severity::Bad),
        _ => None,
    }
}

fn leads_somewhere(url: &str) -> bool {
    let scheme = url.starts_with("https://") || url.starts_with("http://");
    scheme && !url.chars().any(is_unsafe)
}

/// Wraps wide content so that it scrolls by itself, also with the keyboard.
fn scrolling(label: &str, content: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="group" aria-label=(label) { (content) } }
}

fn fields_of(registry: &Registry, fields: &[Field]) -> Markup {
    html! {
        dl {
            @for Field { name, value } in fields {
                div { dt { (printable_line(name)) } dd { (cell(registry, value)) } }
            }
        }
    }
}

fn table(registry: &Registry, columns: &[Column], rows: &[Vec<Cell>]) -> Markup {
    let titles: Vec<&str> = columns.iter().map(|column| column.title).collect();
    let numeric = |column: &Column| column.numeric.then_some("number");
    let table = html! {
        table class=[(columns.len() > 2).then_some("cards")] {
            thead { tr { @for column in columns { th class=[numeric(column)] scope="col" { (column.title) } } } }
            tbody {
                @for row in rows {
                    tr {
                        @for (column, value) in columns.iter().zip(row) {
                            td class=[numeric(column)] data-title=[column.numeric.then_some(column.title)] { (cell(registry, value)) }
                        }
                    }
                }
            }
        }
    };
    scrolling(&format!("Table: {}", titles.join(", ")), &table)
}

/// Renders the lines of a cell below each other, each with a follow-up link if it is a target.
fn cell(registry: &Registry, Cell { text, role }: &Cell) -> Markup {
    let mark = severity(*role);

    let class = match role {
        Role::Exact => Some("exact"),
        Role::Aside => Some("aside"),
        _ => mark.map(Severity::name),
    };

    let kind = match role {
        Role::Domain => Some(TargetKind::Domain),
        Role::Address => Some(TargetKind::Address),
        _ => None,
    };

    html! {
        @for line in text.lines() {
            span class={ "line" @if let Some(class) = class { " " (class) } } {
                @if let Some(mark) = mark.filter(|mark| mark.symbol() != line) {
                    span aria-hidden="true" { (mark.symbol()) " " }
                }
                @match kind.and_then(|kind| follow_up(registry, kind, line)) {
                    Some(question) => (ask(&question, line)),
                    None => (printable_line(line)),
                }
            }
        }
    }
}

/// Returns the most useful lookup for this text, if it is a target of this kind.
fn follow_up(registry: &Registry, kind: TargetKind, text: &str) -> Option<String> {
    let target = Target::read(text).filter(|target| target.kind == kind)?;
    registry
        .offered_for(kind)
        .next()
        .map(|entry| line(&target, entry))
}

/// Returns the command line for a target as typed on a page, without the slash.
pub(super) fn line(target: &Target, entry: &netvane_core::command::Entry) -> String {
    target.line(entry).trim_start_matches('/').to_owned()
}

/// Renders a link that runs this command line.
pub(super) fn ask(question: &str, label: &str) -> Markup {
    html! { a href=(address(question)) data-line=(question) rel="nofollow" { (printable_line(label)) } }
}

/// Returns the permanent URL of a command line.
pub(super) fn address(line: &str) -> String {
    form_urlencoded::Serializer::for_suffix("/?".to_owned(), 2)
        .append_pair("q", line)
        .finish()
}

/// Name of the state of a station, if it was checked.
fn state(severity: Severity) -> Option<&'static str> {
    (severity != Severity::Neutral).then(|| severity.name())
}

fn path(stations: &[Station]) -> Markup {
    html! {
        ol.path {
            @for Station { title, name, via, severity } in stations {
                li class=[state(*severity).map(|state| format!("at-{state}"))] {
                    @if !via.is_empty() { p.via { (printable_line(via)) } }
                    div.station {
                        strong {
                            (printable_line(title))
                            @if let Some(state) = state(*severity) {
                                " " span.state aria-hidden="true" { (severity.symbol()) }
                                span.unseen { " (" (state) ")" }
                            }
                        }
                        @if !name.is_empty() { span { (printable_line(name)) } }
                    }
                }
            }
        }
    }
}

fn attachment(name: &str, text: &str) -> Markup {
    let name: Cow<str> = printable_line(name);
    html! {
        details.attachment {
            summary { (name) " (" (size(text.len())) ")" }
            button type="button" data-save=(name) { "Save as a file" }
            (scrolling(&name, &html! { pre { (printable(text)) } }))
        }
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        _ => format!("{:.1} kB", bytes as f64 / 1000.0),
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
