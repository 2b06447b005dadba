//! Whole reports, with a DNS server and mail servers in the test process.

use serde_json::json;

use super::{
    Data, policies,
    section::{Checked, Sections},
};
use crate::{
    Engine,
    commands::{mail::problem::Code, testing::shown},
    settings::Settings,
    testing::dns::{TestDns, ask, ask_json},
};

const ZONE: &str = r#"
good IN MX 10 mail1.example.test.
good IN TXT "v=spf1 mx ip4:203.0.113.5 -all"
_dmarc.good IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@good.example.test"
_smtp._tls.good IN TXT "v=TLSRPTv1; rua=mailto:tls@good.example.test"
2.0.0.127.bl IN A 127.0.0.2
5.113.0.203.bl IN A 127.0.0.4
bare IN MX 10 gone.example.test.
two IN MX 10 mail1.example.test.
two IN TXT "v=spf1 ?all"
_dmarc.two IN TXT "v=DMARC1; p=none"
_mta-sts.two IN TXT "v=STSv1; id=1"
_mta-sts.two IN TXT "v=STSv1; id=2"
_smtp._tls.two IN TXT "v=TLSRPTv1; rua=nothing"
default._bimi.two IN TXT "v=BIMI1; l=https://example.test/logo.svg"
"#;

fn engine(dns: &TestDns) -> Engine {
    let variables = [
        ("NETVANE__DNS__SERVERS", dns.address.to_string()),
        ("NETVANE__DNS__TIMEOUT_MS", "5000".into()),
        ("NETVANE__SMTP__CONTROL", String::new()),
        ("NETVANE__BLOCKLIST__LISTS", "bl.example.test".into()),
    ];
    let settings = Settings::load(None, variables.map(|(key, value)| (key.to_owned(), value)));
    Engine::new(&settings.expect("settings")).expect("an engine")
}

/// `SECTION CODE` of each problem that is an error or a warning, in order.
fn problems(reply: &serde_json::Value) -> Vec<String> {
    let problems = reply["data"]["problems"].as_array().expect("a list");
    problems
        .iter()
        .filter(|problem| problem["severity"] != "info")
        .map(|problem| {
            let text = |name: &str| problem[name].as_str().expect("text").to_owned();
            format!("{} {}", text("section"), text("code"))
        })
        .collect()
}

#[tokio::test]
async fn a_listed_sender_is_the_worst_problem_of_a_good_domain() {
    let dns = TestDns::serving(ZONE).await;
    let reply = ask(&engine(&dns), "mailcheck good.example.test")
        .await
        .expect("a reply");
    insta::assert_snapshot!(shown(reply.rendition.document()), @r"
    # Mail of good.example.test
    ✗ 1 error; 1 check failed
    ✗ Blocklists: 203.0.113.5 is listed by bl.example.test (127.0.0.4)
    → Ask the operator of bl.example.test for removal
    [ | Check | Result]
    ✓ (good) | MX | 1 mail server; it resolves
    – (aside) | TLS | No mail server can be reached from the Internet
    ✓ (good) | SPF | Valid: other servers fail (-all); 1 of 10 DNS lookups
    – (aside) | DKIM | No key at 40 common selectors. The domain may use others: DNS cannot l…
    ✓ (good) | DMARC | Valid: receivers should reject mail that fails (p=reject)
    ✗ (bad) | Blocklists | 1 listed of the domain and 3 addresses
    ? (aside) | Reverse DNS | The names could not be looked up
    – (aside) | MTA-STS | Not published
    ✓ (good) | TLS-RPT | Reports to tls@good.example.test
    – (aside) | DANE | Not published
    – (aside) | BIMI | Not published
    ");
}

#[tokio::test]
async fn a_domain_without_policies_has_each_problem_once() {
    let dns = TestDns::serving(ZONE).await;
    let reply = ask_json(&engine(&dns), "mailhealth bare.example.test").await;
    assert_eq!(reply["severity"], "bad");
    assert_eq!(
        problems(&reply),
        [
            "mx no_mail_server",
            "mx broken_mx",
            "spf no_record",
            "dmarc no_record"
        ]
    );
    let sections = &reply["data"]["sections"];
    for (name, state) in [
        ("mx", "error"),
        ("spf", "none"),
        ("dkim", "none"),
        ("dmarc", "none"),
        ("mta_sts", "none"),
        ("tls_rpt", "none"),
        ("bimi", "none"),
        ("reverse", "none"),
        ("blocklist", "unknown"),
    ] {
        assert_eq!(sections[name]["state"], state, "{name}: {sections:#}");
    }
    assert_eq!(sections["mx"]["hosts"][0]["exchange"], "gone.example.test");
}

#[tokio::test]
async fn weak_and_invalid_policies_are_warnings_and_errors() {
    let dns = TestDns::serving(ZONE).await;
    let reply = ask_json(&engine(&dns), "mailcheck two.example.test").await;
    assert_eq!(
        problems(&reply),
        [
            "mta_sts invalid_policy",
            "tls_rpt invalid_record",
            "spf neutral_all",
            "dmarc policy_none",
            "bimi bimi_needs_dmarc"
        ]
    );
}

#[tokio::test]
async fn a_domain_that_does_not_exist_is_a_reply() {
    let dns = TestDns::serving(ZONE).await;
    let reply = ask_json(&engine(&dns), "mailcheck nowhere.example.test").await;
    assert_eq!(reply["severity"], "bad");
    assert_eq!(
        problems(&reply),
        ["mx no_mail_server", "spf no_record", "dmarc no_record"]
    );
}

#[test]
fn an_enforced_policy_demands_valid_certificates() {
    for (mode, policy, starttls, expected) in [
        ("enforce", "mx1.example.test", Some(false), Some("error")),
        ("testing", "mx1.example.test", Some(false), Some("warning")),
        ("none", "mx1.example.test", Some(false), None),
        ("enforce", "other.example.test", Some(false), None),
        // Nothing is known about its certificate.
        ("enforce", "mx1.example.test", None, None),
    ] {
        let mut data: Data = serde_json::from_value(json!({
            "domain": "example.test",
            "state": "ok",
            "sections": Sections::default(),
            "problems": [],
        }))
        .expect("data");
        let policy = json!({ "policy": { "mode": mode, "mx": [policy], "max_age": 1 } });
        let server = json!({ "servers": [{
            "preference": 10, "exchange": "mx1.example.test", "addresses": [], "address": null,
            "greeting": "220 hi", "extensions": [], "starttls": starttls, "tls": null, "fault": null,
            "unreachable": null, "inward": false, "dane": null, "certificate": null,
        }] });
        data.sections.mta_sts = Checked::new("", Vec::new(), true).with(&policy).section;
        data.sections.starttls = Checked::new("", Vec::new(), true).with(&server).section;

        policies::compare(&mut data);
        let found = data
            .problems
            .iter()
            .find(|problem| problem.problem.code == Code::PolicyUnmet);
        let found = found.map(|problem| json!(problem.problem.severity));
        assert_eq!(found, expected.map(|level| json!(level)), "{mode} {policy}");
    }
}
