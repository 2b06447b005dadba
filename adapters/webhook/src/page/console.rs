//! `GET /`: the console, one line to type a command; with `?q=…` it also shows the reply.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use maud::{Markup, html};
use netvane_core::{Input, command::Registry};

use super::{
    controls::{buttons, controls},
    frame::{fixed, shared, unlisted},
    layout::{ANSWER, Page},
    question,
    reply_page::respond,
    samples::samples,
    starts::starts,
};
use crate::{app::App, request::Visited};

const ABOUT: &str = "Network lookups: DNS, mail servers, registration of names and addresses, routes, open ports, and \
                     what your browser reveals about you.";

/// What the field on the page accepts, and what an answer contains.
const INTRO: &str = "Type a domain, an IP address, an email address or a command. The answer says what was found, \
                     what it means and what to change.";

/// Handles `GET /`: renders the console.
pub(super) async fn get(
    State(app): State<App>,
    Visited(http_request): Visited,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let registry = app.engine.registry();
    let public_url = &app.pages.public_url;
    let Some(line) = question::line(query.as_deref()) else {
        let page = Page {
            title: "Network lookups",
            about: Some(ABOUT),
            path: Some("/"),
            indexed: true,
        };
        return shared(fixed(
            StatusCode::OK,
            &page.with(public_url, &empty(registry)),
        ));
    };

    let title = netvane_core::document::render::printable_line(&line)
        .chars()
        .take(80)
        .collect::<String>();
    let page = Page {
        title: &title,
        about: None,
        path: None,
        indexed: false,
    };

    let page = page.with(public_url, &with_answer(registry, &line));

    // A HEAD request only checks the page, so it runs no lookup.
    if method == Method::HEAD {
        return unlisted(fixed(StatusCode::OK, &page));
    }

    respond(&app, http_request, &headers, Input::Text(line), page).await
}

fn empty(registry: &Registry) -> Markup {
    html! {
        div.hero {
            h1 { "Look up anything on the network" }
            p.intro { (INTRO) }
            (form(registry, ""))
        }
        section #answer tabindex="-1" aria-label="Answer" {}
        div #directory {
            (starts(registry))
            (samples(registry))
            p { a href="/tools" { "All tools" } }
        }
    }
}

fn with_answer(registry: &Registry, line: &str) -> Markup {
    html! {
        h1.small { a href="/" { "Network lookups" } }
        (form(registry, line))
        section #answer tabindex="-1" aria-label="Answer" { (ANSWER) }
    }
}

fn form(registry: &Registry, line: &str) -> Markup {
    let example = registry
        .entries()
        .iter()
        .flat_map(|entry| entry.spec.examples)
        .next();
    html! {
        form.ask action="/" method="get" role="search" data-run="/run" {
            label for="line" { "Target or command" }
            div.row {
                div.field {
                    input #line name="q" value=(line) required type="text" enterkeyhint="go" placeholder=[example]
                        autocapitalize="none" autocomplete="off" autocorrect="off" spellcheck="false"
                        autofocus[line.is_empty()];
                    ul #suggestions role="listbox" aria-label="Suggestions" hidden {}
                }
                (buttons())
            }
            p #usage { "A target alone works too: example.com, 192.0.2.1, someone@example.com." }
        }
        (controls(true))
    }
}
