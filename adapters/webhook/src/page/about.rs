//! `/about`: for operators of servers that were probed. Who runs the lookups, what is sent, and how
//! to opt out.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode, response::Response};
use maud::{Markup, html};
use netvane_core::{command::Registry, spec::Spec};

use super::{
    frame::{fixed, shared},
    layout::Page,
};
use crate::app::App;

const ABOUT: &str = "What Netvane sends to servers, on whose behalf, and how their owners can be excluded from lookups.";

/// Handles `GET /about`: renders the page about the service.
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
            "Netvane runs network lookups on request and never scans on its own. If it contacted your server, this is what \
             it sent."
        }
        (traffic_table(app.engine.registry(), app.engine.runtime().smtp_control()))
        (opt_out(app.engine.runtime().contact()))
    };

    shared(fixed(
        StatusCode::OK,
        &page.with(&app.pages.public_url, &content),
    ))
}

fn traffic_table(registry: &Registry, control: Option<String>) -> Markup {
    let mut bounds = BTreeMap::<u32, Vec<&str>>::new();

    for Spec { name, sends, .. } in registry.entries().iter().map(|entry| entry.spec) {
        if sends > 0 {
            bounds.entry(sends).or_default().push(name);
        }
    }

    html! {
        h2 { "What it sends" }
        ul {
            li { "DNS queries to its resolvers, to public resolvers, to the name servers of a zone, or to a server that the user chose." }
            li {
                "ICMP, UDP or TCP probes for " code { "ping" } ", " code { "trace" } " and " code { "mtr" } ", with this machine's \
                 own source address."
            }
            li { "TCP connections and UDP probes for a port check. Port checks per network are limited." }
            li {
                "SMTP up to RCPT, never a message, to check whether a mailbox exists. EHLO names this machine, a NOOP at \
                 the end has the contact address, and the number of probes per domain and hour is limited."
            }
            li {
                "TCP connections to the servers of a domain for mail programs: submission, IMAP, POP3 and JMAP ("
                code { "howmail" } ")."
            }
            @if let Some(control) = control {
                li {
                    "One TCP connection and QUIT to " (control) ", at most once an hour, if no mail server of a domain can be \
                     connected to: it shows whether port 25 is blocked from here."
                }
            }
            li {
                "TLS handshakes that end without any data, to look at a certificate, after STARTTLS if the protocol has it; and \
                 GET or HEAD requests that a user made, with at most 10 redirects and a User-Agent starting with “netvane/”."
            }
            li {
                "One query line to whois servers, and HTTPS requests to registries and for MTA-STS policies, with a User-Agent \
                 starting with “netvane/”."
            }
            li { "Signed POST requests to the callback URL that a user gives." }
        }
        p {
            "Private and other special-purpose addresses are refused. Both users and targets are rate-limited, whatever name is \
             used. Most that one lookup sends:"
        }
        table {
            thead { tr { th { "At most" } th { "Commands" } } }
            tbody {
                @for (bytes, names) in bounds {
                    tr { td { (bytes >> 10) " KiB" } td { code { (names.join(" ")) } } }
                }
            }
        }
    }
}

fn opt_out(contact: &str) -> Markup {
    html! {
        h2 { "How to opt out" }
        @if contact.is_empty() {
            p { "The operator of this service has not published a contact; whois shows who holds its address." }
        } @else {
            p { "Write to " strong { (contact) } ". We can block your networks permanently (" code { "[policy] deny" } ")." }
        }
    }
}
