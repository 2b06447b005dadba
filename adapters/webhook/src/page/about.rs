//! `/about`: for those whose servers were asked. Who asks, what is sent, and how to be left alone.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode, response::Response};
use maud::{Markup, html};
use netvane_core::{command::Registry, spec::Spec};

use super::{
    frame::{fixed, shared},
    layout::Page,
};
use crate::app::App;

const ABOUT: &str =
    "What Netvane sends to servers, on whose behalf, and how their owners can be left alone.";

/// `GET /about`
pub(super) async fn get(State(app): State<App>) -> Response {
    let page = Page {
        title: "About this service",
        about: Some(ABOUT),
        path: Some("/about"),
        indexed: true,
    };

    let content = html! {
        h1 { "About this service" }
        p.intro {
            "Netvane answers questions about networks: a person or a program asks one, and it looks. It never looks by \
             itself. If your server was asked, this is what it was."
        }
        (sent(app.engine.registry()))
        (how_to_be_left_alone(app.engine.runtime().contact()))
    };

    shared(fixed(
        StatusCode::OK,
        &page.with(&app.pages.public_url, &content),
    ))
}

fn sent(registry: &Registry) -> Markup {
    let mut bounds = BTreeMap::<u32, Vec<&str>>::new();

    for Spec { name, sends, .. } in registry.entries().iter().map(|entry| entry.spec) {
        if sends > 0 {
            bounds.entry(sends).or_default().push(name);
        }
    }

    html! {
        h2 { "What it sends" }
        ul {
            li { "DNS queries to its resolvers, or to a server that the asker named." }
            li { "A few ICMP or UDP packets for a ping or a route, from its own address, never a forged one." }
            li { "TCP connections that are closed at once, for a check of ports. Checks of one network are few." }
            li {
                "SMTP up to RCPT, never a message, to see whether a mailbox exists. Its EHLO names this machine, a NOOP at \
                 the end says whom to write to, and each domain is asked a bounded number of times in an hour."
            }
            li { "One line to whois servers, and HTTPS to registries, with a User-Agent that begins with “netvane/”." }
        }
        p {
            "Private and other special-purpose addresses are refused. Every asker has a budget, and so has every address \
             that is contacted, whoever asks and by whatever name. And however a question is worded, no more is sent for it than this:"
        }
        table {
            thead { tr { th { "At most" } th { "Questions" } } }
            tbody {
                @for (bytes, names) in bounds {
                    tr { td { (bytes >> 10) " KiB" } td { code { (names.join(" ")) } } }
                }
            }
        }
    }
}

fn how_to_be_left_alone(contact: &str) -> Markup {
    html! {
        h2 { "How to be left alone" }
        @if contact.is_empty() {
            p { "The operator of this service has not said how to be reached; the holder of its address can be found \
                 with whois." }
        } @else {
            p { "Write to " strong { (contact) } ". Your networks can be denied here for good (" code { "[policy] deny" } ")." }
        }
    }
}
