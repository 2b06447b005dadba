//! One command on the documentation page: a form to try it, requests to copy, and its data.

use maud::{Markup, html};
use netvane_core::{
    command::{Entry, Registry},
    spec::{Argument, ArgumentKind},
};
use serde_json::{Map, Value, json};

use super::words::code;
use crate::{mail, page::words};

/// Renders the section of a command.
pub(super) fn command(registry: &Registry, entry: &Entry, base: &str) -> Markup {
    let example = mail::example(registry, entry);
    let name = entry.spec.name;
    html! {
        section.command aria-labelledby=(name) {
            h3 id=(name) { code { (name) } }
            p { (entry.about) "." }
            p.note {
                "Usage: " code { "/" (entry.usage()) }
                @for alias in entry.spec.aliases { ", alias " code { "/" (alias) } }
                ". " a href={ "/tools/" (name) } { "All fields" }
            }
            (trial(entry, &example))
            (code(&example_requests(entry, &example, base)))
            (data(&entry.data_schema().into()))
        }
    }
}

/// Renders a form with all arguments. The script shows the JSON below it; without scripts it opens the page of the
/// tool.
fn trial(entry: &Entry, example: &Map<String, Value>) -> Markup {
    let name = entry.spec.name;
    let takes_message = entry.arguments.iter().any(|argument| argument.message);
    html! {
        form.trial action={ "/tools/" (name) } method=(if takes_message { "post" } else { "get" })
            enctype=[takes_message.then_some("multipart/form-data")] data-try=(name) aria-label={ "Try " (name) } {
            @for argument in &entry.arguments { (parameter(name, argument, example.get(&argument.name))) }
            @if entry.arguments.is_empty() { input type="hidden" name="go" value="1"; }
            button type="submit" { "Try it" }
        }
    }
}

fn parameter(command: &str, argument: &Argument, value: Option<&Value>) -> Markup {
    let name = &argument.name;
    let id = format!("{command}-{name}");
    let value = value.map(text_of).unwrap_or_default();
    html! {
        div.parameter {
            label for=(id) { code { (name) } @if !argument.required { " " span.optional { "optional" } } }
            @if argument.message {
                textarea id=(id) name=(name) rows="3" spellcheck="false" { (value) }
            } @else if argument.kind == ArgumentKind::Boolean {
                select id=(id) name=(name) {
                    option value="" { "default" }
                    @for choice in ["true", "false"] { option selected[choice == value] { (choice) } }
                }
            } @else if !argument.choices.is_empty() {
                select id=(id) name=(name) {
                    @if !argument.required { option value="" { "default" } }
                    @for choice in &argument.choices { option selected[*choice == value] { (choice) } }
                }
            } @else {
                input id=(id) name=(name) value=(value) required[argument.required] spellcheck="false" autocapitalize="none";
            }
            p.note {
                (words(&argument.help))
                @if let Some(format) = bounds(argument) { " Format: " (words(&format)) }
            }
        }
    }
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the format and range of an argument in words.
fn bounds(argument: &Argument) -> Option<String> {
    let mut said: Vec<String> = argument.form.iter().cloned().collect();
    if let (Some(low), Some(high)) = (argument.minimum, argument.maximum) {
        said.push(format!("{low} to {high}"));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// Returns `curl` commands for the first example: as a GET and as a POST request, before them one that sends a
/// message from a file if the command takes one.
fn example_requests(entry: &Entry, example: &Map<String, Value>, base: &str) -> String {
    let name = entry.spec.name;
    let query: Vec<String> = example
        .iter()
        .map(|(name, value)| {
            let text = text_of(value);
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

    let file = mail::message_argument(entry).map_or_else(String::new, |_| {
        format!(
            "curl -H 'Content-Type: message/rfc822' --data-binary @mail.eml {base}/v1/commands/{name}\n"
        )
    });

    format!(
        "{file}curl '{base}/v1/commands/{name}{query}'\ncurl {base}/v1/commands -d '{question}'"
    )
}

/// Renders a table of the members of `data`.
fn data(schema: &Value) -> Markup {
    let members = schema["properties"].as_object();
    html! {
        @if let Some(members) = members {
            details {
                summary { code { "data" } " of the reply" }
                div.scroll tabindex="0" role="group" aria-label="Table: data of the reply" { table.cards {
                    thead { tr { th scope="col" { "Member" } th scope="col" { "Type" } th scope="col" { "Description" } } }
                    tbody {
                        @for (name, member) in members {
                            tr {
                                th scope="row" { code { (name) } }
                                td { (kind(member)) }
                                td { (words(member["description"].as_str().unwrap_or_default())) }
                            }
                        }
                    }
                } }
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
