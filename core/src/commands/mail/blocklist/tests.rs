use std::net::IpAddr;

use netvane_document::Severity;

use crate::{
    Engine,
    commands::testing::{head, shown},
    settings::Settings,
    testing::dns::{TestDns, ask, ask_json},
};

/// Lists under `example.test` that are named for how they behave.
const ZONE: &str = r#"
2.0.0.127.good IN A 127.0.0.2
5.113.0.203.good IN A 127.0.0.2
5.113.0.203.good IN A 127.0.0.4
5.113.0.203.good IN TXT "see https://good.example/5"
2.0.0.127.clean IN A 127.0.0.2
closed IN A 192.0.2.1
*.wild IN A 127.0.0.2
*.parked IN A 203.0.113.80
*.refusing IN A 127.255.255.254
2.0.0.127.quota IN A 127.255.255.255
2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.good IN A 127.0.0.2
5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.good IN A 127.0.0.9
test.dom IN A 127.0.1.2
bad.example.dom IN A 127.0.1.2
"#;

fn engine(dns: &TestDns, lists: &[&str]) -> Engine {
    let lists: Vec<String> = lists
        .iter()
        .map(|list| {
            if list.contains('.') {
                (*list).to_owned()
            } else {
                format!("{list}.example.test")
            }
        })
        .collect();
    let variables = [
        ("NETVANE__DNS__SERVERS", dns.address.to_string()),
        ("NETVANE__DNS__TIMEOUT_MS", "5000".into()),
        ("NETVANE__BLOCKLIST__LISTS", lists.join(",")),
    ];
    let settings = Settings::load(None, variables.map(|(key, value)| (key.to_owned(), value)));
    Engine::new(&settings.expect("settings")).expect("an engine")
}

/// `NAME STATE` of each list.
async fn states(engine: &Engine, line: &str) -> Vec<String> {
    let reply = ask_json(engine, line).await;
    let lists = reply["data"]["lists"].as_array().expect("a list").clone();
    let mut states: Vec<String> = lists
        .iter()
        .map(|list| {
            let zone = list["zone"].as_str().expect("a zone");
            let name = zone.trim_end_matches(".example.test");
            format!("{name} {}", list["state"].as_str().expect("a state"))
        })
        .collect();
    states.sort();
    states
}

const ALL: [&str; 9] = [
    "good",
    "clean",
    "closed",
    "wild",
    "parked",
    "refusing",
    "quota",
    "dom",
    "bl.invalid",
];

#[tokio::test]
async fn working_dead_and_refusing_lists_are_told_apart() {
    let dns = TestDns::serving(ZONE).await;
    let engine = engine(&dns, &ALL);
    assert_eq!(
        states(&engine, "blocklist 203.0.113.5").await,
        [
            "bl.invalid refused",
            "clean clean",
            "closed dead",
            "good listed",
            "parked dead",
            "quota refused",
            "refusing refused",
            "wild dead",
        ],
        "the list of domains is left out"
    );
    assert_eq!(
        states(&engine, "dnsbl bad.example").await,
        [
            "bl.invalid refused",
            "closed dead",
            "dom listed",
            "parked dead",
            "quota refused",
            "refusing refused",
            "wild dead",
        ],
        "lists of addresses are left out"
    );
}

#[tokio::test]
async fn ipv6_addresses_are_looked_up_by_nibbles() {
    let dns = TestDns::serving(ZONE).await;
    let engine = engine(&dns, &["good", "clean"]);
    let reply = ask_json(&engine, "blacklist 2001:db8::5").await;
    assert_eq!(reply["data"]["listed"], 1);
    assert_eq!(
        reply["data"]["checked"], 1,
        "the other one is for IPv4 only"
    );
    assert_eq!(reply["data"]["lists"][0]["codes"][0], "127.0.0.9");
}

#[tokio::test]
async fn a_listing_is_explained() {
    let dns = TestDns::serving(ZONE).await;
    let engine = engine(&dns, &["good", "clean", "wild", "refusing"]);
    let reply = ask(&engine, "blocklist 203.0.113.5")
        .await
        .expect("a reply");
    insta::assert_snapshot!(shown(reply.rendition.document()), @r"
    # Blocklists for 203.0.113.5
    ✗ Listed by 1 of 2 blocklists
    [List | State | Reason]
    good.example.test | listed (bad) | 127.0.0.2 127.0.0.4: see https://good.example/5 (exact)
    refusing.example.test | refused (warning) | it does not answer public resolvers (127.255.255.254) (exact)
    wild.example.test | dead (aside) | it lists every name, so its answers mean nothing (RFC 5782) (exact)
    Clean: clean.example.test
    ! Refused: many lists answer only a resolver of your own, or need a key (`[blocklist] keys`)
    ");
}

#[tokio::test]
async fn private_addresses_are_never_sent() {
    let dns = TestDns::serving(ZONE).await;
    for address in [
        "10.0.0.1",
        "127.0.0.1",
        "192.168.1.1",
        "169.254.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "fe80::1",
        "fd00::1",
        "::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:0a00:0001::1",
    ] {
        // Each has its own engine, because of the rate limit.
        let engine = engine(&dns, &["good"]);
        let address: IpAddr = address.parse().expect("an address");
        let reply = ask(&engine, &format!("blocklist {address}"))
            .await
            .expect("a reply");
        assert_eq!(
            head(reply.rendition.document()).1,
            Severity::Neutral,
            "{address}"
        );
    }
    assert_eq!(dns.asked(), 0);
}

#[tokio::test]
async fn test_points_are_asked_once_an_hour() {
    let dns = TestDns::serving(ZONE).await;
    let engine = engine(&dns, &["good"]);
    for last in 1..=4 {
        ask_json(&engine, &format!("blocklist 203.0.113.{last}")).await;
    }
    let asked = dns.asked_names();
    let tests = asked.iter().filter(|name| name.contains(".127.good."));
    assert_eq!(tests.count(), 2, "{asked:?}");
}

#[tokio::test]
async fn without_an_answer_nothing_is_said() {
    let dns = TestDns::serving(ZONE).await;
    let engine = engine(&dns, &["refusing"]);
    let reply = ask_json(&engine, "blocklist 203.0.113.5").await;
    assert_eq!(
        (&reply["data"]["listed"], &reply["data"]["checked"]),
        (&0.into(), &0.into())
    );
    assert_eq!(reply["severity"], "warning");
}

#[tokio::test]
async fn a_resolver_that_blocks_all_lists_is_blamed_instead_of_them() {
    let dns = TestDns::serving(ZONE).await;
    let closed = ["closed", "blocked1", "blocked2"];
    let resolver = dns.address.to_string();

    let reply = ask_json(&engine(&dns, &closed), "blocklist 203.0.113.5").await;
    assert_eq!(reply["data"]["blocking_resolvers"][0], resolver.as_str());
    let lists = reply["data"]["lists"].as_array().expect("lists");
    assert_eq!(lists.len(), 3);
    for list in lists {
        assert_eq!(list["state"], "unreachable");
        assert_eq!(list["reason"], "no answer for its test point (RFC 5782)");
    }
    let reply = ask(&engine(&dns, &closed), "blocklist 203.0.113.5").await;
    let text = shown(reply.expect("a reply").rendition.document());
    let sentence = format!(
        "No list answers its test point (RFC 5782) through {resolver}: the resolver filters or blocks DNSBL queries. Use a resolver of your own."
    );
    assert!(text.contains(&sentence), "{text}");

    for lists in [&["closed"][..], &["closed", "blocked1", "good"]] {
        let reply = ask_json(&engine(&dns, lists), "blocklist 203.0.113.9").await;
        assert_eq!(reply["data"].get("blocking_resolvers"), None, "{lists:?}");
        let lists = reply["data"]["lists"].as_array().expect("lists");
        assert!(lists.iter().any(|list| list["state"] == "dead"));
    }
}
