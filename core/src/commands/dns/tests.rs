//! DNS lookups through the engine, against a real server on loopback.

use netvane_test_dns::SilentServer;

use crate::testing::dns::{TestDns, ask, ask_json};

mod cases;

/// A line with RCODE, outcome, severity and summary of its answer.
const OUTCOMES: [[&str; 5]; 5] = [
    [
        "a www.example.test",
        "NOERROR",
        "answer",
        "good",
        "1 IPv4 address",
    ],
    [
        "aaaa web.example.test",
        "NOERROR",
        "no_data",
        "neutral",
        "web.example.test exists but has no AAAA records",
    ],
    [
        "a gone.example.test",
        "NXDOMAIN",
        "nxdomain",
        "bad",
        "gone.example.test does not exist (NXDOMAIN)",
    ],
    [
        "a dangling.example.test",
        "NXDOMAIN",
        "nxdomain",
        "bad",
        "dangling.example.test is an alias of gone.example.test, which does not exist (NXDOMAIN)",
    ],
    [
        "a loop1.example.test",
        "NOERROR",
        "cname_loop",
        "bad",
        "loop1.example.test: CNAME loop",
    ],
];

#[tokio::test]
async fn classifies_responses_of_a_real_server() {
    let dns = TestDns::start().await;
    let engine = dns.engine();

    for [line, expected @ ..] in OUTCOMES {
        let reply = ask_json(&engine, line).await;
        let actual = [
            &reply["data"]["rcode"],
            &reply["data"]["outcome"],
            &reply["severity"],
            &reply["summary"],
        ];
        assert_eq!(actual, expected, "{line}");
    }

    let refused = ask_json(&engine, "a www.elsewhere.test").await;

    assert_eq!(
        (&refused["data"]["outcome"], &refused["severity"]),
        (&"refused".into(), &"bad".into())
    );
}

#[tokio::test]
async fn answers_list_aliases_in_order() {
    let dns = TestDns::start().await;
    let reply = ask_json(&dns.engine(), "a www.example.test").await;
    assert_eq!(
        reply["data"]["answers"],
        serde_json::json!([
            {"name": "www.example.test", "type": "CNAME", "ttl": 300, "data": "web.example.test."},
            {"name": "web.example.test", "type": "A", "ttl": 300, "data": "192.0.2.80"},
        ])
    );
    let outside = ask_json(&dns.engine(), "a outside.example.test").await;
    assert_eq!(outside["data"]["answers"][0]["data"], "www.elsewhere.test.");
}

#[tokio::test]
async fn handles_null_implicit_and_broken_mx() {
    let dns = TestDns::start().await;
    let engine = dns.engine();
    let null = ask_json(&engine, "mx null.example.test").await;

    assert_eq!(
        (
            &null["data"]["null_mx"],
            &null["data"]["hosts"],
            &null["severity"]
        ),
        (&true.into(), &serde_json::json!([]), &"neutral".into())
    );

    let implicit = ask_json(&engine, "mx implicit.example.test").await;

    assert_eq!(
        (&implicit["data"]["implicit"], &implicit["severity"]),
        (&true.into(), &"warning".into())
    );
    assert_eq!(
        implicit["data"]["hosts"][0]["addresses"],
        serde_json::json!(["192.0.2.90"])
    );

    let broken = ask_json(&engine, "mx broken.example.test").await;
    let faults: Vec<_> = broken["data"]["hosts"]
        .as_array()
        .expect("hosts")
        .iter()
        .map(|host| host["fault"].clone())
        .collect();

    assert_eq!(faults, ["does_not_exist", "cname", "ip_literal"]);
    assert_eq!(
        broken["warnings"],
        serde_json::json!([
            "Mail server gone.example.test does not exist (NXDOMAIN)",
            "Mail server www.example.test is an alias; an MX must not point to a CNAME (RFC 2181 §10.3)",
            "Mail server 192.0.2.1 is an IP address; an MX must name a host (RFC 1035 §3.3.9, RFC 5321 §2.3.5)",
        ])
    );
}

#[tokio::test]
async fn dig_shows_the_raw_response() {
    let dns = TestDns::start().await;
    let reply = ask_json(&dns.engine(), "dig example.test TYPE15 norecurse tcp").await;
    let data = &reply["data"];
    assert_eq!(
        (
            &data["type"],
            &data["transport"],
            &data["flags"]["aa"],
            &data["flags"]["rd"]
        ),
        (&"MX".into(), &"tcp".into(), &true.into(), &false.into())
    );
    assert_eq!(data["answers"][0]["data"], "20 mail2.example.test.");
    let text = reply["blocks"][0]["text"].as_str().expect("a code block");
    assert!(
        text.contains(";; QUESTION SECTION:\n;example.test.\t\tIN\tMX"),
        "{text}"
    );
    assert!(text.contains("status: NOERROR"), "{text}");
}

#[tokio::test]
async fn a_closed_port_fails_immediately() {
    let dns = TestDns::start().await;
    let mut settings = dns.settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let engine = crate::Engine::new(&settings).expect("an engine");
    // Dropped at once, so nothing listens there any more.
    let address = SilentServer::start().await.address;
    let failure = ask(&engine, &format!("a web.example.test resolver={address}"))
        .await
        .map(|_| ())
        .expect_err("closed");
    assert_eq!(
        failure.to_string(),
        format!("{address}: connection refused (no DNS server is listening)")
    );
    assert_eq!(failure.code().0, "upstream");
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let dns = TestDns::start().await;
    let mut settings = dns.settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    settings.dns.timeout_ms = 50;
    let engine = crate::Engine::new(&settings).expect("an engine");
    let silent = SilentServer::start().await;
    let address = silent.address;
    let failure = ask(&engine, &format!("a web.example.test @{address}"))
        .await
        .map(|_| ())
        .expect_err("silence");
    assert_eq!(failure.code(), ("timeout", 504));
    assert!(
        failure
            .to_string()
            .starts_with(&format!("{address} did not answer within "))
    );
}

#[tokio::test]
async fn falls_back_to_the_next_server() {
    let dns = TestDns::start().await;
    let silent = SilentServer::start().await;
    let mut settings = dns.settings();
    // The timeout applies to the second server too, which may have to wait for a busy CPU.
    settings.dns.timeout_ms = 500;
    let servers = format!("{},{}", silent.address, dns.address);
    settings.dns.servers = servers
        .split(',')
        .map(|server| crate::settings::Server::Resolver(server.parse().expect(server)))
        .collect();
    let engine = crate::Engine::new(&settings).expect("an engine");
    let reply = ask_json(&engine, "a web.example.test").await;
    assert_eq!(reply["data"]["resolver"], dns.address.to_string());
}

#[tokio::test]
async fn quic_requires_the_right_server_name() {
    let mut dns = TestDns::start().await;
    let (quic, authority) = dns.over_quic();
    let mut settings = dns.settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    settings.tls.ca_files = vec![authority.path().display().to_string()];
    settings.dns.timeout_ms = 3000;
    let engine = crate::Engine::new(&settings).expect("an engine");
    let reply = ask_json(
        &engine,
        &format!("a web.example.test resolver=quic://{quic}#dns.example.test"),
    )
    .await;

    let data = &reply["data"];

    assert_eq!(
        (&data["transport"], &data["answers"][0]["data"]),
        (&"quic".into(), &"192.0.2.80".into())
    );

    let wrong = ask(
        &engine,
        &format!("a web.example.test resolver=quic://{quic}#other.example.test"),
    )
    .await;

    assert_eq!(
        wrong.map(|_| ()).expect_err("another name").code().0,
        "upstream"
    );
}
