use std::fmt::Write;

use super::*;
use crate::mailauth::testing::{Zone, ZoneEntry, ZoneServer, text_zone};

fn envelope<'a>(address: &str, mail_from: &'a str) -> Envelope<'a> {
    Envelope {
        address: address.parse().expect("an address"),
        helo: "mail.example.test",
        by: "mx.example.net",
        mail_from,
    }
}

/// Checks 192.0.2.1 for user@example.test.
async fn check(zone: Zone) -> SpfCheck {
    let server = ZoneServer::start(zone).await;
    check_host(
        &server.client,
        envelope("192.0.2.1", "user@example.test"),
        TIME_LIMIT,
    )
    .await
}

fn path(check: &SpfCheck) -> Vec<String> {
    check.path.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_path_names_the_terms_that_led_to_the_result() {
    let zone = text_zone(&[
        (
            "example.test",
            "v=spf1 a:none.example.test redirect=_spf.example.test",
        ),
        ("_spf.example.test", "v=spf1 include:hoster.test -all"),
        ("hoster.test", "v=spf1 ip4:192.0.2.0/24 -all"),
    ]);
    let pass = check(zone).await;
    assert_eq!(
        (pass.result, pass.lookups, pass.void_lookups),
        (SpfResult::Pass, 3, 1)
    );
    assert_eq!(
        path(&pass),
        [
            "`redirect=_spf.example.test` of example.test",
            "`include:hoster.test` of _spf.example.test",
            "`ip4:192.0.2.0/24` of hoster.test"
        ]
    );
}

#[tokio::test]
async fn an_error_in_an_included_record_names_the_term_there() {
    let zone = text_zone(&[
        ("example.test", "v=spf1 include:hoster.test -all"),
        ("hoster.test", "v=spf1 ip4:192.0.2.1~all"),
    ]);
    let error = check(zone).await;
    assert_eq!(error.result, SpfResult::PermError);
    assert_eq!(
        path(&error),
        [
            "`include:hoster.test` of example.test",
            "`ip4:192.0.2.1~all` of hoster.test"
        ]
    );
    assert_eq!(
        error.reason,
        "invalid SPF record of hoster.test: `ip4:192.0.2.1~all`: `192.0.2.1~all` is not an IPv4 address; did you mean \
         `ip4:192.0.2.1 ~all`?"
    );
}

#[tokio::test]
async fn reasons_tell_what_is_wrong() {
    let reasons = [
        vec![
            ("example.test", "v=spf1 -all"),
            ("example.test", "v=spf1 +all"),
        ],
        vec![("example.test", "v=spf1 include:none.test -all")],
        vec![("example.test", "v=spf1 include:a..test -all")],
        vec![("example.test", "v=spf1 include:example.test -all")],
        vec![("example.test", "v=spf1 a:1.test a:2.test a:3.test -all")],
        vec![("example.test", "v=spf1 ~all")],
        vec![("example.test", "v=spf1 ip4:192.0.2.2")],
        vec![("example.test", "v=spf1\t-all")],
        vec![],
    ];
    let mut shown = String::new();
    for records in reasons {
        let check = check(text_zone(&records)).await;
        writeln!(shown, "{}: {}", check.result.as_str(), check.reason).expect("a string");
    }
    insta::assert_snapshot!(shown.trim_end(), @r"
    permerror: example.test has 2 SPF records, only one is allowed (RFC 7208 §4.5)
    permerror: `include:none.test` of example.test: none.test has no SPF record
    permerror: `include:a..test` of example.test leads to an invalid domain name
    permerror: more than 10 DNS lookups are needed: `include:example.test` of example.test is number 11 (RFC 7208 §4.6.4)
    permerror: more than 2 DNS lookups find nothing: `a:3.test` of example.test is number 3 (RFC 7208 §4.6.4)
    softfail: 192.0.2.1 matches `~all` of example.test
    neutral: no term of example.test matches 192.0.2.1
    none: example.test has no SPF record
    none: example.test has no SPF record
    ");
}

#[tokio::test]
async fn a_failed_lookup_is_a_temporary_error() {
    let mut zone = text_zone(&[("example.test", "v=spf1 a:down.test -all")]);
    zone.insert("down.test".into(), vec![ZoneEntry::Failing]);
    let error = check(zone).await;
    assert_eq!(error.result, SpfResult::TempError);
    assert_eq!(error.reason, "could not look up A of down.test: SERVFAIL");
    assert_eq!(path(&error), ["`a:down.test` of example.test"]);
}

#[tokio::test]
async fn void_lookups_of_mail_servers_do_not_count() {
    let mut zone = text_zone(&[("example.test", "v=spf1 mx -all")]);
    for number in 0..10 {
        let name = format!("mx{number}.example.test");
        let entries = zone.entry("example.test".into()).or_default();
        entries.push(ZoneEntry::MailServer(number, name));
    }
    let fail = check(zone.clone()).await;
    assert_eq!((fail.result, fail.void_lookups), (SpfResult::Fail, 0));

    let entries = zone.entry("example.test".into()).or_default();
    entries.push(ZoneEntry::MailServer(10, "mx10.example.test".into()));
    let error = check(zone).await;
    assert_eq!(error.result, SpfResult::PermError);
    assert_eq!(
        error.reason,
        "`mx` of example.test has 11 mail servers, at most 10 are allowed (RFC 7208 §4.6.4)"
    );
}

#[tokio::test]
async fn explanations_are_short_and_ascii() {
    let explain = async |text: &str, mail_from: &str| {
        let zone = text_zone(&[
            ("example.test", "v=spf1 -all exp=why.example.test"),
            ("why.example.test", text),
        ]);
        let server = ZoneServer::start(zone).await;
        let check = check_host(&server.client, envelope("192.0.2.1", mail_from), TIME_LIMIT).await;
        assert_eq!(check.result, SpfResult::Fail);
        check.explanation
    };
    let sender = "user@example.test";
    assert_eq!(
        explain("%{i} may not", sender).await.as_deref(),
        Some("192.0.2.1 may not")
    );
    assert_eq!(explain("%{p}", sender).await.as_deref(), Some("unknown"));
    assert_eq!(explain("é", sender).await, None);
    assert_eq!(explain("%{l}", "é\u{1b}[31m@example.test").await, None);
    assert_eq!(explain(&"x".repeat(1001), sender).await, None);
    assert_eq!(explain(&"%{s}".repeat(500), sender).await, None);
}

#[tokio::test]
async fn a_backslash_in_a_local_part_is_no_escape_in_a_name() {
    let mut zone = text_zone(&[("example.test", "v=spf1 exists:%{l}.example.test -all")]);
    let address = "127.0.0.2".parse().expect("an address");
    zone.insert(
        r"a\046b.example.test".into(),
        vec![ZoneEntry::Address(address)],
    );
    let server = ZoneServer::start(zone).await;

    for (sender, result) in [
        (r"a\046b@example.test", SpfResult::Pass),
        (r"a\b@example.test", SpfResult::Fail),
        ("a.b@example.test", SpfResult::Fail),
        ("a\\@example.test", SpfResult::Fail),
    ] {
        let check = check_host(&server.client, envelope("192.0.2.1", sender), TIME_LIMIT).await;
        assert_eq!(check.result, result, "{sender}: {check:?}");
    }
}

#[tokio::test]
async fn senders_without_a_domain_have_no_result() {
    let server = ZoneServer::start(text_zone(&[("xn--bcher-kva.test", "v=spf1 +all")])).await;
    for (sender, result) in [
        ("user@b\u{fc}cher.test", SpfResult::Pass),
        ("user@B\u{dc}CHER.test.", SpfResult::Pass),
        ("b\u{fc}cher.test", SpfResult::Pass),
        ("user@", SpfResult::None),
        ("user@[192.0.2.1]", SpfResult::None),
        ("user@192.0.2.1", SpfResult::None),
        ("user@localhost", SpfResult::None),
        ("user@a..test", SpfResult::None),
        ("user@https://example.test/", SpfResult::None),
        ("@", SpfResult::None),
    ] {
        let check = check_host(&server.client, envelope("192.0.2.1", sender), TIME_LIMIT).await;
        assert_eq!(check.result, result, "{sender}: {check:?}");
    }
    let long = format!("user@{}", "a.".repeat(10_000));
    let check = check_host(&server.client, envelope("192.0.2.1", &long), TIME_LIMIT).await;
    assert_eq!((check.result, check.domain.len()), (SpfResult::None, 100));
}

#[tokio::test(start_paused = true)]
async fn a_check_ends_at_its_deadline() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = silent.local_addr().expect("an address");
    let clients = vec![address; 10];
    let client = crate::dns::wire::client_of(&clients);
    let check = check_host(
        &client,
        envelope("192.0.2.1", "user@example.test"),
        TIME_LIMIT,
    )
    .await;
    assert_eq!(
        (check.result, check.reason.as_str()),
        (SpfResult::TempError, "the check took longer than 20 s")
    );
}
