use std::{sync::Arc, time::Duration};

use netvane_document::{Answer, Cell, Document, RenderedAnswer, Reply, Role, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::commands::registry;

/// Data whose document shows these names and addresses in a table.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Shown(Vec<String>);

impl Answer for Shown {
    fn present(&self) -> Document {
        let mut document = Document::new("Title", "summary", Severity::Good);
        let cell = |text: &String| match text.parse::<Address>() {
            Ok(_) => Cell::new(text, Role::Address),
            Err(_) => Cell::domain(text),
        };
        let rows = self.0.iter().map(|text| [cell(text)]).collect();
        document.table(["Host"], rows);
        document
    }
}

/// The follow-ups of an answer to this line that shows these names and addresses.
fn follow_ups(line: &str, shown: &[&str]) -> Vec<FollowUp> {
    let registry = registry();
    let read = parse::parse(&registry, line).unwrap_or_else(|error| panic!("{line}: {error:?}"));
    let shown = shown.iter().map(|text| (*text).to_owned()).collect();
    registry.follow_ups(&Reply {
        id: String::new(),
        command: read.entry.spec.name,
        arguments: match &read.envelope.from {
            Some(from) => {
                let mut arguments = serde_json::Map::clone(read.prepared.arguments());
                arguments.insert("from".into(), from.text().into());
                Arc::new(arguments)
            }
            None => read.prepared.arguments().clone(),
        },
        rendition: Arc::new(RenderedAnswer::new(Arc::new(Shown(shown)))),
        short: None,
        elapsed: Duration::ZERO,
        cached: false,
        fresh_for: Duration::ZERO,
        vantage: None,
    })
}

fn lines(line: &str, shown: &[&str]) -> Vec<String> {
    let follow_ups = follow_ups(line, shown).into_iter();
    follow_ups.map(|follow_up| follow_up.line()).collect()
}

/// Checks that the lines of the follow-ups begin with these.
fn begin_with(line: &str, shown: &[&str], expected: &[&str]) {
    let lines = lines(line, shown);
    let begin = &lines[..expected.len().min(lines.len())];
    assert_eq!(begin, expected, "{line}: {lines:?}");
}

#[test]
fn follow_ups_depend_on_the_subject_of_the_answer() {
    begin_with(
        "mx example.com",
        &["mail1.example.com", "192.0.2.25"],
        &["/spf example.com", "/mailcheck example.com"],
    );
    begin_with(
        "a example.com",
        &["192.0.2.1"],
        &["/ping example.com", "/tls example.com", "/http example.com"],
    );
    begin_with(
        "http example.com",
        &[],
        &["/tls example.com", "/dns example.com"],
    );
    begin_with("tls example.com", &[], &["/http example.com"]);
    begin_with(
        "mailcheck example.com",
        &[],
        &[
            "/spf example.com",
            "/dkim example.com",
            "/dmarc example.com",
            "/blocklist example.com",
        ],
    );
    begin_with(
        "blocklist 192.0.2.1",
        &[],
        &["/reverse 192.0.2.1", "/whois 192.0.2.1"],
    );
    begin_with(
        "spf example.com",
        &[],
        &["/dmarc example.com", "/dkim example.com"],
    );
    begin_with(
        "verify ann@example.com",
        &["mail1.example.com"],
        &["/mailbox ann@example.com", "/mailcheck example.com"],
    );
}

#[test]
fn a_name_without_an_address_is_not_contacted() {
    let lines = lines("a gone.example.com", &[]);
    assert!(
        !lines
            .iter()
            .any(|line| line.starts_with("/ping") || line.starts_with("/http")),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"/whois gone.example.com".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn targets_of_another_kind_are_left_out() {
    for line in [
        "whois 192.0.2.1",
        "reverse 192.0.2.1",
        "ping 192.0.2.1",
        "geo 192.0.2.1",
    ] {
        for follow_up in lines(line, &[]) {
            assert!(
                !follow_up.starts_with("/dns") && !follow_up.starts_with("/mx"),
                "{follow_up}"
            );
            assert!(follow_up.ends_with(" 192.0.2.1"), "{follow_up}");
        }
    }
    assert_eq!(lines("whois AS64496", &[]), ["/asn AS64496"]);
    assert_eq!(lines("ua curl/8.0", &[]), [""; 0]);
    assert_eq!(lines("help mx", &[]), [""; 0]);
}

#[test]
fn a_route_offers_its_target_and_its_last_hop() {
    let hops = ["192.0.2.1", "198.51.100.7", "203.0.113.9"];
    let follow_ups = follow_ups("trace example.com", &hops);
    let labels: Vec<&str> = follow_ups
        .iter()
        .map(|found| found.label.as_str())
        .collect();
    assert_eq!(
        labels,
        [
            "ping",
            "mtr",
            "ports",
            "tls",
            "http",
            "ip 203.0.113.9",
            "whois 203.0.113.9"
        ]
    );
    // The target itself answered.
    let lines = lines("mtr 203.0.113.9", &hops);
    assert!(!lines.contains(&"/ip 203.0.113.9".to_owned()), "{lines:?}");
}

#[test]
fn the_domain_leaves_out_labels_of_services() {
    for (line, domain) in [
        ("txt _dmarc.example.com", "example.com"),
        ("txt s1._domainkey.mail.example.com", "mail.example.com"),
        ("srv _imaps._tcp.example.com", "example.com"),
        ("verify ann@example.com", "example.com"),
        ("mx bücher.example", "xn--bcher-kva.example"),
    ] {
        let lines = lines(line, &[]);
        let last = format!("/mailcheck {domain}");
        assert!(lines.contains(&last), "{line}: {lines:?}");
    }
    for (text, domain) in [
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("_dmarc", None),
        ("localhost", None),
        ("_tcp.com", None),
    ] {
        assert_eq!(domain_of(text).as_deref(), domain, "{text}");
    }
}

#[test]
fn ports_and_schemes_carry_over_where_they_mean_the_same() {
    for (line, follow_up) in [
        ("http https://example.com:8443/x?y", "/tls example.com:8443"),
        ("http http://example.com:8080/", "/tls example.com"),
        (
            "http https://[2001:db8::1]:8443/",
            "/tls [2001:db8::1]:8443",
        ),
        ("http https://[2001:db8::1]/", "/tls 2001:db8::1"),
        ("http example.com/a:b", "/tls example.com"),
        ("tls example.com:8443", "/http https://example.com:8443"),
        ("tls example.com:443", "/http example.com"),
    ] {
        let lines = lines(line, &[]);
        assert_eq!(
            lines.first().map(String::as_str),
            Some(follow_up),
            "{line}: {lines:?}"
        );
    }
    for line in ["tls mail.example.com:25", "tls mail.example.com:993"] {
        let lines = lines(line, &[]);
        assert!(
            !lines.iter().any(|line| line.starts_with("/http")),
            "{lines:?}"
        );
        assert!(
            lines.contains(&"/ping mail.example.com".to_owned()),
            "{lines:?}"
        );
    }
    begin_with(
        "dig example.com MX",
        &[],
        &["/dns example.com", "/propagation example.com type=MX"],
    );
}

#[test]
fn two_mailboxes_are_told_apart() {
    let follow_ups = follow_ups("howmail ann@a.example bob@b.example", &[]);
    let labels: Vec<&str> = follow_ups
        .iter()
        .map(|found| found.label.as_str())
        .collect();
    assert_eq!(
        labels,
        [
            "verify bob@b.example",
            "mailcheck b.example",
            "mailcheck",
            "mx b.example"
        ]
    );
}

#[test]
fn a_pasted_message_offers_only_what_the_answer_shows() {
    let line = "trace_mail Received: from a.example (a.example [198.51.100.1]) by b.example; Mon, 1 Jan 2024 00:00:00 +0000";
    assert_eq!(lines(line, &[]), [""; 0]);
    begin_with(
        line,
        &["198.51.100.50"],
        &["/ip 198.51.100.50", "/whois 198.51.100.50"],
    );
}

#[test]
fn follow_ups_are_run_where_the_answer_comes_from() {
    begin_with(
        "a example.com from=\"New York\"",
        &["192.0.2.1"],
        &[
            "/ping example.com from=new-york",
            "/tls example.com from=new-york",
        ],
    );
    let lines = lines("ping example.com from=fra1,local", &["192.0.2.1"]);
    assert!(lines.contains(&"/ip 192.0.2.1".to_owned()), "{lines:?}");
}
