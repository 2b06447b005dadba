//! `/tools` and one page per command: what it does, a form, examples, its output.

use axum::{
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use maud::{Markup, html};
use netvane_core::{Input, command::Entry};
use serde_json::{Map, Value};

use super::{
    directory::directory,
    document,
    form::form,
    frame::{fixed, not_found, shared, unlisted},
    layout::{ANSWER, Page},
    question,
    reply_page::respond,
    tables::{arguments, fields},
};
use crate::{app::App, mail, request::Visited, response::problem};

/// Handles `GET /tools`: renders the list of tools.
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
        p.intro { "Each tool has a page with a form, and works in chats, in a terminal and over HTTP." }
        (directory(app.engine.registry()))
    };
    shared(fixed(
        StatusCode::OK,
        &page.with(&app.pages.public_url, &content),
    ))
}

/// Handles `GET /tools/{name}`: renders the tool's page, and with form fields also the reply.
pub(super) async fn get(
    State(app): State<App>,
    Path(name): Path<String>,
    Visited(http_request): Visited,
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
    respond(&app, http_request, &headers, input, page).await
}

/// Handles `POST /tools/{name}`: a form that may be too large for a URL.
pub(super) async fn post(
    State(app): State<App>,
    Path(name): Path<String>,
    Visited(http_request): Visited,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(entry) = app.engine.registry().find(&name) else {
        return unknown();
    };
    let input = match mail::form(&app, entry, &headers, body).await {
        Ok(input) => input,
        Err(failure) => return problem::failure(&failure),
    };
    let none = || Input::Named {
        name: entry.spec.name.to_owned(),
        arguments: Map::new(),
    };
    let input = input.unwrap_or_else(none);
    let page = with_answer(&app, entry, &question::abridged(&input));

    respond(&app, http_request, &headers, input, page).await
}

fn unknown() -> Response {
    not_found("No tool has this name.")
}

fn explained(app: &App, entry: &Entry) -> Markup {
    let spec = &entry.spec;
    let title = format!("{}: {}", spec.name, entry.about);
    let path = format!("/tools/{}", spec.name);

    let about = format!(
        "{}. Free, in the browser, in chats and over HTTP.",
        entry.about
    );
    let page = Page {
        title: &title,
        about: Some(&about),
        path: Some(&path),
        indexed: true,
    };

    let content = html! {
        (head(entry))
        p.intro {
            "Use the form, or run the same command in the " a href="/" { "console" } ", a chat or a terminal."
        }
        (form(app.engine.registry(), entry, &Map::new()))
        section #answer tabindex="-1" aria-label="Answer" {}
        div #directory {
            h2 { "Examples" }
            ul.examples { @for example in spec.examples { li { (document::ask(example, example)) } } }
            @if !entry.arguments.is_empty() { h2 { "Arguments" } (arguments(entry)) }
            h2 { "Usage" }
            dl {
                div { dt { "Here" } dd { code { (entry.usage()) } } }
                div { dt { "In a chat" } dd { code { "/" (entry.usage()) } } }
                div { dt { "In a terminal" } dd { code { "netvane " (entry.usage()) } } }
                div { dt { "Over HTTP" } dd { code { "GET /v1/commands/" (spec.name) (over_http(entry)) } } }
                @if mail::message_argument(entry).is_some() {
                    div { dt { "A whole message" } dd { code { "POST /v1/commands/" (spec.name) } ", Content-Type message/rfc822" } }
                }
                @if !spec.aliases.is_empty() { div { dt { "Other names" } dd { (spec.aliases.join(", ")) } } }
            }
            h2 { "Output" }
            p { "JSON fields:" }
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
    let title = format!("{}: {}", entry.spec.name, entry.about);
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
    html! { h1 { code { (entry.spec.name) } " " span { (entry.about) } } }
}

/// Returns the required arguments as a query string.
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
