//! The documentation page of the API, rendered from the registry; it loads no external resources.

mod words;

use maud::{Markup, html};
use netvane_core::{
    command::{Entry, Registry},
    spec::Argument,
};
use serde_json::{Map, Value, json};

use crate::page;
use words::code;

/// Renders the documentation page of the API.
pub(crate) fn page(registry: &Registry, public_url: &str) -> Markup {
    let about = "Netvane's HTTP API: every command with its arguments, examples and errors.";
    page::framed(
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
        "" => "http://127.0.0.1:8080",
        url => url,
    };
    html! {
            h1 { "The Netvane API" }
            p { "Machine-readable: " a href="/openapi.json" { "openapi.json" } " (OpenAPI 3.1)." }
            nav aria-label="On this page" { ul {
                @for (id, title) in words::SECTIONS { li { a href={ "#" (id) } { (title) } } }
                @for entry in registry.entries() {
                    li { a href={ "#" (entry.spec.name) } { code { (entry.spec.name) } } }
                }
            } }
            (words::sections(base))
            h2 id="commands" { "Commands" }
            p { "A command line, a JSON object and a query string are equivalent. Hyphens may replace \
                underscores. Paste targets as they are." }
            @for entry in registry.entries() { (command(registry, entry, base)) }
    }
}

fn command(registry: &Registry, entry: &Entry, base: &str) -> Markup {
    let example = netvane_core::command::example(registry, entry);
    html! {
        section aria-labelledby=(entry.spec.name) {
            h3 id=(entry.spec.name) { code { (entry.spec.name) } }
            p { (entry.about) "." }
            p {
                "Usage: " code { "/" (entry.usage()) }
                @for alias in entry.spec.aliases { ", alias " code { "/" (alias) } }
            }
            @if !entry.arguments.is_empty() { (arguments(&entry.arguments)) }
            (code(&example_requests(entry, &example, base)))
            (data(&entry.data_schema().into()))
        }
    }
}

fn arguments(arguments: &[Argument]) -> Markup {
    html! {
        table {
            caption { "Parameters" }
            thead { tr { th scope="col" { "Name" } th scope="col" { "Required" } th scope="col" { "Description" } } }
            tbody {
                @for argument in arguments {
                    tr {
                        th scope="row" { code { (argument.name) } }
                        td { (if argument.required { "yes" } else { "no" }) }
                        td { (argument.help) " " (bounds(argument)) }
                    }
                }
            }
        }
    }
}

/// Returns the format, range and choices of an argument in words.
fn bounds(argument: &Argument) -> String {
    let mut said: Vec<String> = argument.form.iter().cloned().collect();
    if let (Some(low), Some(high)) = (argument.minimum, argument.maximum) {
        said.push(format!("{low} to {high}"));
    }
    if !argument.choices.is_empty() {
        said.push(argument.choices.join(", "));
    }
    if said.is_empty() {
        String::new()
    } else {
        format!("({})", said.join("; "))
    }
}

/// Returns `curl` commands for the first example: as a GET and as a POST request.
fn example_requests(entry: &Entry, example: &Map<String, Value>, base: &str) -> String {
    let name = entry.spec.name;
    let query: Vec<String> = example
        .iter()
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            format!("{name}={encoded}")
        })
        .collect();

    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.join("&"))
    };

    let mut question = json!({ "name": name });
    if !example.is_empty() {
        question["arguments"] = Value::Object(example.clone());
    }

    // Escape single quotes for the shell.
    let question = question.to_string().replace('\'', r"'\''");

    format!("curl '{base}/v1/commands/{name}{query}'\ncurl {base}/v1/commands -d '{question}'")
}

/// Renders a table of the members of `data`.
fn data(schema: &Value) -> Markup {
    let members = schema["properties"].as_object();
    html! {
        @if let Some(members) = members {
            details {
                summary { code { "data" } " of the reply" }
                table {
                    thead { tr { th scope="col" { "Member" } th scope="col" { "Type" } th scope="col" { "Description" } } }
                    tbody {
                        @for (name, member) in members {
                            tr {
                                th scope="row" { code { (name) } }
                                td { (kind(member)) }
                                td { (member["description"].as_str().unwrap_or_default()) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the type of a member in words.
fn kind(schema: &Value) -> String {
    let one = |kind: &str| match kind {
        "array" => format!("array of {}", kind_of_items(&schema["items"])),
        other => other.to_owned(),
    };
    match &schema["type"] {
        Value::String(only) => one(only),
        Value::Array(kinds) => {
            let kinds: Vec<String> = kinds.iter().filter_map(Value::as_str).map(one).collect();
            kinds.join(" or ")
        }
        _ => {
            let forms = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
            let mut kinds: Vec<String> = forms.into_iter().flatten().map(kind).collect();
            kinds.dedup();
            if kinds.is_empty() {
                "string".into()
            } else {
                kinds.join(" or ")
            }
        }
    }
}

fn kind_of_items(items: &Value) -> String {
    if items.is_object() {
        kind(items)
    } else {
        "anything".into()
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

        assert_eq!(own.matches("<script").count(), 1, "the pages' own");
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
        assert!(page.len() < 150_000, "{} bytes", page.len());
    }
}
