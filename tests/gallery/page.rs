//! Pages of the gallery: rows are samples, columns are platforms.

use ansi_to_html::Converter;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{discord, samples::Sample, taken::Taken, telegram};

const STYLE: &str = include_str!("style.css");

/// A sample's reply, rendered for each platform.
pub(crate) struct Shown {
    pub sample: &'static Sample,
    pub discord: Markup,
    pub telegram: Markup,
    terminal: Markup,
    markdown: Markup,
}

impl Shown {
    pub(crate) fn of(taken: &Taken) -> Self {
        let line = taken.sample.line();
        Self {
            sample: taken.sample,
            discord: discord::draw(&line, &taken.discord),
            telegram: telegram::draw(&line, &taken.telegram),
            terminal: terminal(&line, &taken.terminal),
            markdown: html! { pre.markdown { (taken.markdown) } },
        }
    }
}

/// Renders all samples as one page.
pub(crate) fn whole(all: &[Shown]) -> Markup {
    let main = html! {
        main {
            h1 { "Netvane: what its answers look like" }
            @for one in all { (cells(one)) }
        }
    };
    document("gallery", &main)
}

/// Renders the row of one sample.
pub(crate) fn row(one: &Shown) -> Markup {
    document("gallery", &html! { main { (cells(one)) } })
}

/// Renders a page with a single reply.
pub(crate) fn alone(shown: &Markup) -> Markup {
    document("alone", shown)
}

fn cells(one: &Shown) -> Markup {
    let columns = [
        ("Discord, 360 px", &one.discord),
        ("Telegram, 360 px", &one.telegram),
        ("Terminal, 80 columns", &one.terminal),
        ("Markdown over HTTP", &one.markdown),
    ];
    html! {
        section #(one.sample.name) {
            h2 { (one.sample.about) " " code { (one.sample.line()) } }
            div.row {
                @for (title, shown) in columns {
                    article { h3 { (title) } (shown) }
                }
            }
        }
    }
}

/// Renders terminal output; the converter emits classes whose colours the style sheet sets.
fn terminal(line: &str, text: &str) -> Markup {
    let text = Converter::new()
        .convert(text)
        .expect("our own colours can be read");
    html! { pre.terminal { "$ netvane " (line) "\n" (PreEscaped(text)) } }
}

fn document(class: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Netvane: gallery" }
                style { (PreEscaped(STYLE)) }
            }
            body class=(class) { (body) }
        }
    }
}
