//! Messages that were once judged wrongly.

use netvane_document::{Reply, Severity};
use serde_json::Value;

use crate::{
    command::targets,
    commands::testing::shown,
    testing::dns::{TestDns, ask},
};

/// A message with its reply, and the reply's JSON.
async fn trace(message: &str) -> (Reply, Value) {
    let dns = TestDns::start().await;
    let reply = ask(&dns.engine(), &format!("trace_mail {message}"))
        .await
        .expect("a reply");
    let json = serde_json::from_str(&reply.to_json()).expect("JSON");
    (reply, json)
}

fn anomalies(json: &Value) -> String {
    json["data"]["anomalies"].to_string()
}

fn follow_ups(reply: &Reply) -> Vec<String> {
    let targets = targets::of(reply).into_iter();
    targets.map(|target| target.text).collect()
}

#[tokio::test]
async fn two_authors_are_never_authenticated() {
    let (reply, json) = trace(include_str!("cases/two-from.eml")).await;
    let document = reply.rendition.document();
    assert_eq!(document.severity, Severity::Bad);
    assert!(
        document.summary.starts_with("Not authenticated: "),
        "{}",
        document.summary
    );
    assert!(anomalies(&json).contains("two From fields"), "{json}");
    assert!(
        anomalies(&json).contains("ceo@bank.example, news@sender.example"),
        "{json}"
    );
}

#[tokio::test]
async fn of_two_addresses_the_last_is_the_authors() {
    let (_, json) = trace(include_str!("cases/two-addresses.eml")).await;
    let from = json["data"]["from"].as_str().expect("an author");
    assert_eq!(from, "Kim Boss <kim@contoso.example> <kim77@evil.example>");
    assert_eq!(json["data"]["sender"]["domain"], "evil.example");
    assert!(
        anomalies(&json).contains("another address, kim@contoso.example"),
        "{json}"
    );
    assert_ne!(json["severity"], "good");
}

#[tokio::test]
async fn a_name_that_is_another_address_is_pointed_out() {
    let (_, json) = trace(include_str!("cases/address-as-name.eml")).await;
    assert!(
        anomalies(&json).contains("The display name is another address, ceo@bank.example"),
        "{json}"
    );
    assert_ne!(json["severity"], "good");
}

#[tokio::test]
async fn a_server_that_relays_to_itself_is_no_origin() {
    let (_, json) = trace(include_str!("cases/exchange-to-itself.eml")).await;
    assert_eq!(json["data"]["origin"]["address"], "198.51.100.20");
    assert_eq!(anomalies(&json), "[]");
}

#[tokio::test]
async fn the_receivers_verdict_is_shown_and_decides() {
    let (reply, json) = trace(include_str!("cases/verdict-of-the-receiver.eml")).await;
    let document = reply.rendition.document();
    assert_eq!(document.severity, Severity::Bad);
    assert_eq!(
        document.summary,
        "Not authenticated: the message may not be from paypal-secure.example (DMARC failed for the receiver)"
    );

    let text = shown(document);
    for row in [
        "SPF | pass (good) | reported by mx.reader.example (aside) | smtp.mailfrom=news.example (exact)",
        "DKIM | pass (good) | reported by mx.reader.example (aside) | header.d=news.example (exact)",
        "DMARC | fail (bad) | reported by mx.reader.example (aside) | (p=none) header.from=paypal-secure.example (exact)",
    ] {
        assert!(text.contains(row), "{row}: {text}");
    }
    assert!(text.contains("2026-11-03 10:00:05"), "{text}");
    assert_eq!(follow_ups(&reply), ["198.51.100.50"]);
    assert_eq!(json["data"]["sender"]["verdict"], "unauthenticated");
}

#[tokio::test]
async fn buttons_lead_to_no_unverified_address() {
    let unverified = "Received: from a.example.test ([10.0.0.7]) by mx.example.test; Tue, 3 Nov 2026 10:00:05 \
                      +0000\nX-Originating-IP: [198.51.100.99]\nFrom: Ann <ann@example.test>\n";
    let (reply, json) = trace(unverified).await;
    assert_eq!(json["data"]["origin"]["confidence"], "claimed");
    assert_eq!(follow_ups(&reply), [""; 0]);
}
