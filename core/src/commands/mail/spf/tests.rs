use netvane_document::Severity;

use crate::{
    commands::{mail::testing::check_verdicts, testing::shown},
    testing::dns::{TestDns, ask, ask_json},
};

const ZONE: &str = r#"
good IN TXT "v=spf1 ip4:203.0.113.5 include:inc.example.test -all"
inc IN TXT "v=spf1 ip4:198.51.100.0/24 a:mail1.example.test ~all"
sends-none IN TXT "v=spf1 -all"
empty IN A 192.0.2.1
near IN TXT "v=spf1include:inc.example.test -all"
near2 IN TXT "v=spf2 -all"
two IN TXT "v=spf1 -all"
two IN TXT "v=spf1 ~all"
typo IN TXT "v=spf1 ipv4:203.0.113.5 -all"
noall IN TXT "v=spf1 ip4:203.0.113.5"
neutral IN TXT "v=spf1 ip4:203.0.113.5 ?all"
plus IN TXT "v=spf1 +all"
incplus IN TXT "v=spf1 include:plus.example.test -all"
half IN TXT "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"
large IN TXT "v=spf1 ip4:203.0.0.0/8 -all"
private IN TXT "v=spf1 ip4:10.0.0.0/8 -all"
after IN TXT "v=spf1 -all ip4:203.0.113.5 redirect=inc.example.test"
ptr IN TXT "v=spf1 ptr -all"
twice IN TXT "v=spf1 ip4:203.0.113.5 +ip4:203.0.113.5 -all"
unknown IN TXT "v=spf1 ip4:203.0.113.5 x=y -all"
around IN TXT "v=spf1 include:around2.example.test -all"
around2 IN TXT "v=spf1 redirect=around.example.test"
void IN TXT "v=spf1 a:v1.example.test a:v2.example.test a:v3.example.test -all"
onevoid IN TXT "v=spf1 mx:v1.example.test -all"
missing IN TXT "v=spf1 include:empty.example.test -all"
incl2 IN TXT "v=spf1 include:two.example.test -all"
macros IN TXT "v=spf1 exists:%{i}._spf.%{d} include:%{ir}.%{v}.x.example.test -all"
redirected IN TXT "v=spf1 redirect=noall.example.test"
upper IN TXT "V=SPF1 IP4:203.0.113.5 -ALL"
eleven IN TXT "v=spf1 a a:a.example.test a:b.example.test mx:example.test include:ten.example.test -all"
a IN A 203.0.113.1
b IN A 203.0.113.2
eleven IN A 203.0.113.3
ten IN TXT "v=spf1 a:a.example.test a:b.example.test a:mail1.example.test a:mail2.example.test mx:example.test exists:a.example.test -all"
"#;

#[tokio::test]
async fn every_problem_has_its_code_and_state() {
    check_verdicts(
        ZONE,
        &[
            ("spf good.example.test", "ok"),
            ("spf sends-none.example.test", "ok"),
            ("spf upper.example.test", "ok"),
            ("spf macros.example.test", "ok"),
            ("spf empty.example.test", "none no_record"),
            ("spf nowhere.example.test", "none no_record"),
            ("spf near.example.test", "error invalid_version"),
            ("spf near2.example.test", "error invalid_version"),
            ("spf two.example.test", "error several_records"),
            ("spf typo.example.test", "error invalid_term"),
            ("spf noall.example.test", "warning no_all"),
            ("spf redirected.example.test", "warning no_all"),
            ("spf neutral.example.test", "warning neutral_all"),
            ("spf plus.example.test", "error allows_all"),
            ("spf incplus.example.test", "error allows_all"),
            ("spf half.example.test", "error allows_all"),
            ("spf large.example.test", "warning large_network"),
            ("spf private.example.test", "warning large_network"),
            (
                "spf after.example.test",
                "warning after_all ignored_redirect",
            ),
            ("spf ptr.example.test", "warning ptr"),
            ("spf twice.example.test", "warning repeated_term"),
            ("spf unknown.example.test", "ok ignored_tag"),
            ("spf around.example.test", "error loop too_many_lookups"),
            (
                "spf void.example.test",
                "error too_many_void_lookups void_lookup",
            ),
            ("spf onevoid.example.test", "warning void_lookup"),
            ("spf missing.example.test", "error include_without_record"),
            ("spf incl2.example.test", "error several_records"),
            ("spf eleven.example.test", "error too_many_lookups"),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_tree_shows_where_lookups_come_from() {
    let dns = TestDns::serving(ZONE).await;
    let engine = dns.engine();

    let reply = ask_json(&engine, "spf eleven.example.test").await;
    let data = &reply["data"];
    assert_eq!(
        (&data["lookups"], &data["void_lookups"]),
        (&11.into(), &0.into())
    );
    let include = &data["tree"][4];
    assert_eq!(include["term"], "include:ten.example.test");
    assert_eq!(include["domain"], "ten.example.test");
    assert_eq!(include["lookups"], 7);
    assert_eq!(include["terms"].as_array().map(Vec::len), Some(6));

    let looping = ask_json(&engine, "spf around.example.test").await;
    assert_eq!(looping["data"]["lookups"], 100);
    assert_eq!(looping["severity"], "bad");
}

#[tokio::test]
async fn a_good_record_is_shown_with_its_lookups() {
    let dns = TestDns::serving(ZONE).await;
    let reply = ask(&dns.engine(), "spf good.example.test")
        .await
        .expect("a reply");
    insta::assert_snapshot!(shown(reply.rendition.document()), @r"
    # SPF of good.example.test
    ✓ Valid: other servers fail (-all); 2 of 10 DNS lookups
    Record: v=spf1 ip4:203.0.113.5 include:inc.example.test -all (exact)
    DNS lookups: 2 of 10
    ## Terms that need DNS lookups
    ```
      2  include:inc.example.test
      1    a:mail1.example.test
    ```
    ");
}

#[tokio::test]
async fn a_bad_record_is_shown_with_its_fixes() {
    let dns = TestDns::serving(ZONE).await;
    let reply = ask(&dns.engine(), "spf typo.example.test")
        .await
        .expect("a reply");
    assert_eq!(reply.rendition.document().severity, Severity::Bad);
    insta::assert_snapshot!(shown(reply.rendition.document()), @r"
    # SPF of typo.example.test
    ✗ 1 error; 0 of 10 DNS lookups
    Record: v=spf1 ipv4:203.0.113.5 -all (exact)
    DNS lookups: 0 of 10
    ✗ typo.example.test: `ipv4:203.0.113.5`: unknown mechanism
    → Write `ip4:203.0.113.5`
    ");
}

#[tokio::test]
async fn a_failed_lookup_is_an_error() {
    let dns = TestDns::start().await;
    let failure = ask(&dns.engine(), "spf elsewhere.invalid").await;
    assert!(failure.is_err());
}

#[tokio::test]
async fn replies_are_cached_for_the_shortest_ttl() {
    let zone = format!("{ZONE}\nshort 30 IN TXT \"v=spf1 include:inc.example.test -all\"\n");
    let dns = TestDns::serving(&zone).await;
    let engine = dns.engine();
    for (line, seconds) in [
        ("spf good.example.test", 300),
        ("spf short.example.test", 30),
        // The SOA's MINIMUM (RFC 2308).
        ("spf nowhere.example.test", 60),
        ("dkim good.example.test selector=s1", 60),
    ] {
        let reply = ask_json(&engine, line).await;
        assert_eq!(reply["data"]["ttl"], seconds, "{line}");
    }
}
