//! The documentation page of the API, rendered from the registry; it loads no external resources.

mod commands;
mod words;

use maud::{Markup, html};
use netvane_core::command::Registry;

use crate::{page, site::DEFAULT_ORIGIN};

/// Renders the documentation page of the API.
pub(crate) fn page(registry: &Registry, public_url: &str) -> Markup {
    let about = "Netvane's HTTP API: every command with its arguments, examples and errors.";
    page::framed_docs(
        "The API",
        about,
        "/docs",
        public_url,
        &body(registry, public_url),
    )
}

/// Renders the content of the page without the frame.
pub(crate) fn body(registry: &Registry, public_url: &str) -> Markup {
    let base = match public_url.trim_end_matches('/') {
        "" => DEFAULT_ORIGIN,
        url => url,
    };
    html! {
        h1 { "The Netvane API" }
        p.intro { "Every lookup over HTTP: one request, one JSON object. Machine-readable: "
            a href="/openapi.json" { "openapi.json" } " (OpenAPI 3.1)." }
        div.docs {
            nav.contents aria-label="On this page" {
                ul { @for (id, title) in words::SECTIONS { li { a href={ "#" (id) } { (title) } } } }
                ul.names {
                    @for entry in registry.entries() {
                        li { a href={ "#" (entry.spec.name) } { (entry.spec.name) } }
                    }
                }
            }
            div {
                (words::sections(base))
                h2 id="commands" { "Commands" }
                p { "A command line, a JSON object and a query string are equivalent. Hyphens may replace \
                    underscores. Paste targets as they are." }
                @for entry in registry.entries() { (commands::command(registry, entry, base)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netvane_core::{Engine, settings::Settings};

    #[test]
    fn the_page_is_self_contained_and_complete() {
        let engine = Engine::new(&Settings::default()).expect("an engine");
        let page = page(engine.registry(), "https://netvane.example/").into_string();
        let own = super::page(engine.registry(), "").into_string();

        for outside in [
            "src=\"http",
            "href=\"http",
            "style=\"",
            "onclick",
            "@import",
        ] {
            assert!(!own.contains(outside), "{outside}");
        }

        assert_eq!(
            own.matches("<script").count(),
            2,
            "the pages' own, and for the forms"
        );
        for entry in engine.registry().entries() {
            let name = entry.spec.name;
            assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
            for argument in &entry.arguments {
                assert!(
                    page.contains(&format!("<code>{}</code>", argument.name)),
                    "{name} {}",
                    argument.name
                );
            }
        }

        for (id, _) in words::SECTIONS {
            assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
        }

        assert!(page.contains("curl 'https://netvane.example/v1/commands/mx?domain=example.com'"));
        // What a command stores of a message is not an example of one.
        assert!(!page.contains("bytes, SHA-256"));
        assert!(page.contains(
            "curl -H 'Content-Type: message/rfc822' --data-binary @mail.eml https://netvane.example/v1/commands/trace_mail\n"
        ));
        assert!(page.contains("v1/commands/trace_mail?message=Received%3A+from+"));

        assert!(page.len() < 190_000, "{} bytes", page.len());
    }
}
