use domain::base::Rtype;
use hickory_resolver::proto::op::ResponseCode::{NXDomain, NoError};
use netvane_document::{Block, Severity};
use serde_json::json;

use super::*;
use crate::{
    commands::{
        dns::testing::{message, response},
        testing::head,
    },
    testing::{
        dns::{TestDns, ask, ask_json},
        read_back::ReadBack,
    },
};

fn one(name: &str, rtype: Rtype, code: hickory_resolver::proto::op::ResponseCode) -> DigResponse {
    let answers = match code {
        NoError => "a.test. 300 IN A 192.0.2.1",
        _ => "",
    };
    let message = message(code, "rd ra", answers, "");
    DigResponse::new(&Question::new(name, rtype), response(message), None)
}

#[test]
fn several_types_are_sections_of_one_reply() {
    let data = Data::Several {
        name: "a.test".into(),
        queries: vec![
            one("a.test.", Rtype::A, NoError),
            one("a.test.", Rtype::MX, NXDomain),
        ],
    };

    let document = data.present_checked();
    assert_eq!(head(&document), ("2 queries", Severity::Bad));
    let headings: Vec<&str> = document
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Heading { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(headings, ["A", "MX"]);

    let json = serde_json::to_value(&data).expect("serializes");
    let members: Vec<&String> = json.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["name", "queries"]);
    assert_eq!(json["queries"][0]["answers"][0]["data"], "192.0.2.1");
    assert_eq!(json["queries"][1]["rcode"], "NXDOMAIN");
}

#[test]
fn one_type_has_the_members_of_its_response() {
    let data = Data::One(Box::new(one("a.test.", Rtype::A, NoError)));
    let json = serde_json::to_value(&data).expect("serializes");
    assert_eq!(json["type"], json!("A"));
    assert_eq!(json.get("queries"), None);
    assert!(data.present_checked().title.starts_with("dig a.test A"));
}

#[test]
fn the_shortest_ttl_of_all_responses_decides_how_long_they_are_cached() {
    let data = Data::Several {
        name: "a.test".into(),
        queries: vec![
            one("a.test.", Rtype::A, NoError),
            one("a.test.", Rtype::MX, NXDomain),
        ],
    };
    assert_eq!(data.lifetime(), Duration::ZERO);
}

#[tokio::test]
async fn options_that_contradict_each_other_are_errors() {
    let dns = TestDns::start().await;
    for (line, message) in [
        (
            "dig example.com +noedns +dnssec",
            "`noedns` contradicts `dnssec`, which is part of EDNS (RFC 6891)",
        ),
        (
            "dig example.com +noedns +bufsize=512",
            "`noedns` contradicts `bufsize`, which is part of EDNS (RFC 6891)",
        ),
        (
            "dig -6 @9.9.9.9 example.com",
            "`ipv=6` contradicts `resolver`: 9.9.9.9 is not an IPv6 address",
        ),
        (
            "dig -4 @2620:fe::fe example.com",
            "`ipv=4` contradicts `resolver`: 2620:fe::fe is not an IPv4 address",
        ),
    ] {
        let failure = ask(&dns.engine(), line).await.err().expect(line);
        assert_eq!(failure.to_string(), message, "{line}");
    }
}

#[tokio::test]
async fn queries_go_over_the_chosen_ip_version_and_without_edns() {
    let dns = TestDns::start().await;
    let engine = dns.engine();

    let plain = ask_json(&engine, "dig web.example.test -4 +noedns").await;
    assert_eq!(plain["data"]["answers"][0]["data"], "192.0.2.80");
    let failure = ask(&engine, "dig web.example.test -6").await;
    let failure = failure.err().expect("the server has an IPv4 address");
    assert!(
        failure
            .to_string()
            .contains("no resolver has an IPv6 address"),
        "{failure}"
    );
}
