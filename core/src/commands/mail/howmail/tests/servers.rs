//! Mail servers that misbehave or are not contacted, and lookups that fail.

use std::time::Duration;

use tokio::net::TcpListener;

use super::{
    engine,
    working::{GOOD, exchange, meeting},
};
use crate::testing::dns::{TestDns, ask_json};

#[tokio::test]
async fn without_arguments_examples_are_explained_even_if_all_lookups_fail() {
    let dns = TestDns::start().await;
    let engine = engine(&dns, &[]);
    let reply = ask_json(&engine, "howmail").await;
    assert_eq!(reply["data"]["example"], true);
    assert_eq!(reply["data"]["to"], "bob@gmail.com");
    assert_eq!(
        reply["summary"],
        "The mail servers of gmail.com could not be looked up"
    );
    assert_eq!(reply["data"]["path"].as_array().map(Vec::len), Some(5));
    let headings = reply["blocks"].as_array().expect("blocks").iter();
    assert_eq!(
        headings.filter(|block| block["kind"] == "heading").count(),
        7
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_domain_is_looked_up_once() {
    let (server, authority) = exchange("").await;
    let dns = TestDns::serving(&GOOD.replace("PORT", "1")).await;
    let engine = engine(&dns, &meeting(&server, &authority));
    let reply = ask_json(&engine, "howmail ada@to.example.test bob@to.example.test").await;
    assert_eq!(reply["data"]["receiver"]["exchanges"][0]["starttls"], false);
    assert_eq!(reply["data"]["access"]["found"][0]["state"], "closed");
    assert_eq!(
        reply["data"]["access"]["refused"],
        serde_json::json!(["pop3"])
    );
    assert_eq!(
        reply["data"]["sender"]["submission"]["refused"],
        serde_json::json!([])
    );
    let mut names = dns.asked_names();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "nothing is asked twice");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misbehaving_servers_are_reported() {
    for (script, fault) in [
        ("banner = '!silence'", "greeting: no reply in time"),
        ("banner = '!huge'", "greeting: reply too long"),
        (
            "banner = '!raw SSH-2.0-x'",
            "greeting: not an SMTP reply: SSH-2.0-x",
        ),
        (
            "banner = '!drip 100 220 never in time, since every byte of this takes its time'",
            "greeting: timed out in the middle of a reply",
        ),
        ("starttls = 'drop'", "TLS failed"),
        (
            "starttls = 'inject'",
            "the server sent plaintext after accepting STARTTLS",
        ),
    ] {
        let (server, authority) = exchange(script).await;
        let dns = TestDns::serving(&GOOD.replace("PORT", "1")).await;
        let mut settings = meeting(&server, &authority).to_vec();
        settings.push(("NETVANE__SMTP__TIMEOUT_MS", "1000".into()));
        let engine = engine(&dns, &settings);
        let ask = ask_json(&engine, "howmail ada@from.example.test bob@to.example.test");
        let reply = tokio::time::timeout(Duration::from_secs(15), ask)
            .await
            .expect("an end");
        let told = reply["data"]["receiver"]["exchanges"][0]["fault"]
            .as_str()
            .unwrap_or_default();
        assert!(told.starts_with(fault), "{script}: {told}");
        assert_eq!(reply["severity"], "warning", "{script}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_reported() {
    let dns = TestDns::serving(&GOOD.replace("PORT", "1")).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = closed.local_addr().expect("an address").port().to_string();
    drop(closed);
    let settings = [
        ("NETVANE__SMTP__PORT", port),
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8".into()),
    ];
    let reply = ask_json(
        &engine(&dns, &settings),
        "howmail ada@from.example.test bob@to.example.test",
    )
    .await;

    assert_eq!(
        reply["data"]["receiver"]["exchanges"][0]["unreachable"],
        "connection refused"
    );
    assert_eq!(reply["data"]["receiver"]["port_blocked"], false);
    assert_eq!(
        reply["data"]["path"][2]["via"],
        "SMTP, port 25; could not connect"
    );
    assert_eq!(
        reply["summary"],
        "The mail servers of to.example.test do not respond"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_not_contacted_after_the_hourly_limit() {
    let (server, authority) = exchange("").await;
    let dns = TestDns::serving(&GOOD.replace("PORT", "1")).await;
    let mut settings = meeting(&server, &authority).to_vec();
    settings.push(("NETVANE__LIMITS__SMTP_PROBES", "1".into()));
    let engine = engine(&dns, &settings);
    ask_json(&engine, "howmail ada@from.example.test bob@to.example.test").await;
    let reply = ask_json(&engine, "howmail eve@from.example.test bob@to.example.test").await;
    assert_eq!(
        reply["data"]["receiver"]["unasked"],
        "Hourly probe limit for the mail servers of to.example.test reached. Retry in 60 min."
    );
    assert_eq!(server.finish().await.len(), 1);
}
