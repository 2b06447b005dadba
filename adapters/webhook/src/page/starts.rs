//! What most people come for, as links on the home page.

use maud::{Markup, html};
use netvane_core::command::Registry;

use super::document;

/// A question in the visitor's words with what answers it.
struct Start {
    question: &'static str,
    /// Command that answers it; without the command the question is not shown.
    command: &'static str,
    opens: Opens,
}

/// What a tap on a question does.
enum Opens {
    /// Runs this command line.
    Line(&'static str),
    /// Opens this page, which has a form for it.
    Page(&'static str),
}

const STARTS: [Start; 9] = [
    Start {
        question: "What is my IP address?",
        command: "myip",
        opens: Opens::Page("/me"),
    },
    Start {
        question: "What is in the DNS?",
        command: "dns",
        opens: Opens::Line("dns example.com"),
    },
    Start {
        question: "Is the site up?",
        command: "http",
        opens: Opens::Line("http example.com"),
    },
    Start {
        question: "Is the certificate valid?",
        command: "tls",
        opens: Opens::Line("tls example.com"),
    },
    Start {
        question: "Is mail set up correctly?",
        command: "mailcheck",
        opens: Opens::Line("mailcheck example.com"),
    },
    Start {
        question: "Is this message real?",
        command: "trace_mail",
        opens: Opens::Page("/tools/trace_mail"),
    },
    Start {
        question: "Does this mailbox exist?",
        command: "verify",
        opens: Opens::Line("verify bob@example.com"),
    },
    Start {
        question: "Who owns it?",
        command: "whois",
        opens: Opens::Line("whois example.com"),
    },
    Start {
        question: "Where do packets get lost?",
        command: "trace",
        opens: Opens::Line("trace example.com"),
    },
];

/// Renders the questions that this registry can answer.
pub(super) fn starts(registry: &Registry) -> Markup {
    html! {
        nav.starts aria-label="Examples" {
            @for start in STARTS.iter().filter(|start| registry.find(start.command).is_some()) {
                @match start.opens {
                    Opens::Line(line) => a href=(document::address(line)) data-line=(line) rel="nofollow" { (tile(start.question, line)) },
                    Opens::Page(path) => a href=(path) { (tile(start.question, start.command)) },
                }
            }
        }
    }
}

fn tile(question: &str, line: &str) -> Markup {
    html! { strong { (question) } code { (line) } }
}
