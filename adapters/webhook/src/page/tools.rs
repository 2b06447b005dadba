//! `/tools` and one page for each command: what it does, a form for it, examples, what it answers.

use axum::{
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use maud::{Markup, html};
use netvane_core::{
    Input,
    command::{self, Entry, Registry},
    spec::{Argument, ArgumentKind, Completes},
};
use serde_json::{Map, Value};

use super::{
    access::{admitted, key_needed},
    answered::answered,
    console::{buttons, controls},
    document::{self, words},
    fixed,
    layout::{ANSWER, Page},
    not_found, question, shared, unlisted,
};
use crate::{App, ask, problem, visit::Visited};

/// All commands under the headings of `help`.
pub(super) fn directory(registry: &Registry) -> Markup {
    let mut groups: Vec<_> = registry
        .entries()
        .iter()
        .map(|entry| entry.spec.group)
        .collect();
    groups.sort();
    groups.dedup();
    html! {
        div.directory {
            @for group in groups {
                section {
                    h2 { (group.title()) }
                    ul {
                        @for entry in registry.entries().iter().filter(|entry| entry.spec.group == group) {
                            li { a href={ "/tools/" (entry.spec.name) } { (entry.spec.name) } " " span { (entry.spec.about) } }
                        }
                    }
                }
            }
        }
    }
}

/// `GET /tools`
pub(super) async fn index(State(app): State<App>) -> Response {
    let about = "All tools: DNS records, mail servers, registration, addresses, routes, ports, mail headers and more.";
    let page = Page {
        title: "Tools",
        about: Some(about),
        path: Some("/tools"),
        indexed: true,
    };
    let content = html! {
        h1 { "Tools" }
        p.intro { "Each tool answers one sort of question. They work on this page, in chats, in a terminal and over HTTP." }
        (directory(app.engine.registry()))
    };
    shared(fixed(
        StatusCode::OK,
        &page.with(&app.pages.public_url, &content),
    ))
}

/// `GET /tools/{name}`; with the fields of its form also the answer.
pub(super) async fn get(
    State(app): State<App>,
    Path(name): Path<String>,
    Visited(visit): Visited,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let registry = app.engine.registry();
    let Some(entry) = registry.find(&name) else {
        return unknown();
    };
    let Some(input) = question::fields(entry, query.unwrap_or_default().as_bytes()) else {
        return shared(fixed(StatusCode::OK, &explained(&app, entry)));
    };
    let page = with_answer(&app, entry, &input);
    if method == Method::HEAD {
        return unlisted(fixed(StatusCode::OK, &page));
    }
    match admitted(&app, input, visit).await {
        Ok(request) => answered(&app, &headers, request, page).await,
        Err(_) => key_needed(&page),
    }
}

/// `POST /tools/{name}`: a form that may be too large for an address.
pub(super) async fn post(
    State(app): State<App>,
    Path(name): Path<String>,
    Visited(visit): Visited,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(entry) = app.engine.registry().find(&name) else {
        return unknown();
    };
    let form = match ask::read(&app, body).await {
        Ok(form) => form,
        Err(failure) => return problem::failure(&failure),
    };
    let none = || Input::Named {
        name: entry.spec.name.to_owned(),
        arguments: Map::new(),
    };
    let input = question::fields(entry, &form).unwrap_or_else(none);
    let page = with_answer(&app, entry, &input);

    match admitted(&app, input, visit).await {
        Ok(request) => answered(&app, &headers, request, page).await,
        Err(_) => key_needed(&page),
    }
}

fn unknown() -> Response {
    not_found("No tool has this name.")
}

fn explained(app: &App, entry: &Entry) -> Markup {
    let spec = &entry.spec;
    let title = format!("{}: {}", spec.name, spec.about);
    let path = format!("/tools/{}", spec.name);
    let text = entry
        .arguments_schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();

    let about = format!(
        "{}. Free, in the browser, in chats and over HTTP.",
        spec.about
    );
    let page = Page {
        title: &title,
        about: Some(&about),
        path: Some(&path),
        indexed: true,
    };

    let content = html! {
        (head(entry))
        @if text.len() > spec.about.len() + 20 {
            @for part in text.split("\n\n") { p.intro { (words(&part.replace('\n', " "))) } }
        }
        p.intro {
            "Fill in the form, or type the same question on the " a href="/" { "console" } ", in a chat or in a terminal."
        }
        (form(app.engine.registry(), entry, &Map::new()))
        section #answer tabindex="-1" aria-label="Answer" {}
        div #directory {
            h2 { "Examples" }
            ul.examples { @for example in spec.examples { li { (document::ask(example, example)) } } }
            @if !entry.arguments.is_empty() { h2 { "Arguments" } (arguments(entry)) }
            h2 { "How to ask it" }
            dl {
                div { dt { "Here" } dd { code { (entry.usage()) } } }
                div { dt { "In a chat" } dd { code { "/" (entry.usage()) } } }
                div { dt { "In a terminal" } dd { code { "netvane " (entry.usage()) } } }
                div { dt { "Over HTTP" } dd { code { "GET /v1/commands/" (spec.name) (over_http(entry)) } } }
                @if !spec.aliases.is_empty() { div { dt { "Other names" } dd { (spec.aliases.join(", ")) } } }
            }
            h2 { "What it answers" }
            p { "With the text come these fields as JSON, for programs:" }
            (fields(&Value::from(entry.data_schema())))
        }
    };

    page.with(&app.pages.public_url, &content)
}

fn with_answer(app: &App, entry: &Entry, input: &Input) -> Markup {
    let given = match input {
        Input::Named { arguments, .. } => arguments,
        Input::Text(_) => &Map::new(),
    };
    let title = format!("{}: {}", entry.spec.name, entry.spec.about);
    let page = Page {
        title: &title,
        about: None,
        path: None,
        indexed: false,
    };
    let content = html! {
        (head(entry))
        p.intro { a href={ "/tools/" (entry.spec.name) } { "What this tool does" } }
        (form(app.engine.registry(), entry, given))
        section #answer tabindex="-1" aria-label="Answer" { (ANSWER) }
    };
    page.with("", &content)
}

fn head(entry: &Entry) -> Markup {
    html! { h1 { code { (entry.spec.name) } " " span { (entry.spec.about) } } }
}

/// Required arguments as a query.
fn over_http(entry: &Entry) -> String {
    let required = entry.arguments.iter().filter(|argument| argument.required);
    let query: Vec<String> = required
        .map(|argument| format!("{}=…", argument.name))
        .collect();
    if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.join("&"))
    }
}

/// One field for each argument.
fn form(registry: &Registry, entry: &Entry, given: &Map<String, Value>) -> Markup {
    let large = entry.arguments.iter().any(|argument| argument.message);
    let name = entry.spec.name;
    html! {
        form.tool action={ "/tools/" (name) "#answer" } method=(if large { "post" } else { "get" }) data-run={ "/run/" (name) } {
            @for argument in &entry.arguments { (field(registry, argument, given.get(&argument.name))) }
            @if entry.arguments.is_empty() { input type="hidden" name="go" value="1"; }
            (buttons())
        }
        (controls(false))
    }
}

fn field(registry: &Registry, argument: &Argument, given: Option<&Value>) -> Markup {
    let Argument {
        name,
        help,
        required,
        ..
    } = argument;

    let (id, note) = (format!("field-{name}"), format!("note-{name}"));
    let value = given.map(question::plain).unwrap_or_default();
    let known = match argument.completes {
        Some(Completes::RecordType | Completes::Resolver | Completes::Command) => {
            command::complete(registry, argument, "", &[], 40)
        }
        _ => Vec::new(),
    };

    let list = (!known.is_empty()).then(|| format!("list-{name}"));

    html! {
        div.argument.switch[argument.kind == ArgumentKind::Boolean] {
            label for=(id) { (name) @if !required { span.optional { " optional" } } }
            @if argument.message {
                textarea id=(id) name=(name) rows="8" required[*required] aria-describedby=(note) spellcheck="false" { (value) }
            } @else if argument.kind == ArgumentKind::Boolean {
                input id=(id) name=(name) type="checkbox" value="on" checked[value == "on"] aria-describedby=(note);
            } @else if !argument.choices.is_empty() {
                select id=(id) name=(name) required[*required] aria-describedby=(note) {
                    @if !required { option value="" { "any" } }
                    @for choice in &argument.choices { option selected[*choice == value] { (choice) } }
                }
            } @else if argument.kind == ArgumentKind::Integer {
                input id=(id) name=(name) type="number" min=[argument.minimum] max=[argument.maximum] value=(value)
                    required[*required] aria-describedby=(note);
            } @else {
                input id=(id) name=(name) type="text" value=(value) list=[list.as_ref()] required[*required]
                    autocapitalize="none" autocomplete="off" spellcheck="false" aria-describedby=(note);
            }
            p.note id=(note) { (words(help)) }
            @if let Some(list) = &list { datalist id=(list) { @for value in &known { option value=(value); } } }
        }
    }
}

fn arguments(entry: &Entry) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Table: arguments" {
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Meaning" } th scope="col" { "Form" } } }
                tbody {
                    @for argument in &entry.arguments {
                        tr {
                            th scope="row" { code { (argument.name) } }
                            td { (words(&argument.help)) @if argument.required { " Required." } }
                            td { (words(&form_of(argument))) }
                        }
                    }
                }
            }
        }
    }
}

fn form_of(argument: &Argument) -> String {
    match argument {
        Argument {
            form: Some(form), ..
        } => form.clone(),
        Argument { choices, .. } if !choices.is_empty() => choices.join(", "),
        Argument {
            kind: ArgumentKind::Boolean,
            ..
        } => "yes or no".into(),
        Argument {
            minimum: Some(least),
            maximum: Some(most),
            ..
        } => format!("{least} to {most}"),
        Argument {
            kind: ArgumentKind::Integer,
            ..
        } => "a number".into(),
        _ => "text".into(),
    }
}

/// The fields of a command's data, from their schema.
fn fields(schema: &Value) -> Markup {
    let properties = schema["properties"].as_object().into_iter().flatten();
    html! {
        div.scroll tabindex="0" role="group" aria-label="Table: fields of the data" {
            table {
                thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
                tbody {
                    @for (name, property) in properties {
                        tr {
                            th scope="row" { code { (name) } }
                            td { (type_of(property)) }
                            td { (words(&property["description"].as_str().unwrap_or_default().replace('\n', " "))) }
                        }
                    }
                }
            }
        }
    }
}

fn type_of(property: &Value) -> String {
    let alternatives = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|name| property[*name].as_array())
        .flatten();
    let named = |value: &Value| match value.as_str() {
        Some("array") => format!("list of {}", type_of(&property["items"])),
        Some("null") => "nothing".into(),
        Some(name) => name.to_owned(),
        None => "any".into(),
    };
    let mut names: Vec<String> = match &property["type"] {
        Value::Array(types) => types.iter().map(named).collect(),
        Value::Null => alternatives.map(type_of).collect(),
        one => vec![named(one)],
    };
    names.sort_by_key(|name| name == "nothing");
    names.dedup();
    if names.is_empty() {
        "text".into()
    } else {
        names.join(" or ")
    }
}
