//! Checks with policies on a DNS server of the test.

use crate::testing::dns::{TestDns, ask_json};

/// A message for which the first server recorded the client and the sender.
fn received(from: &str, sender: &str) -> String {
    format!(
        "trace_mail Return-Path: <{sender}>\nReceived: from mail.evil.test (mail.evil.test [{from}])\n by mx.reader.test \
         with ESMTPS id 1; Mon, 2 Mar 2026 10:00:00 +0000\nFrom: Ann <ann@example.test>\nSubject: Invoice\n\nHello\n"
    )
}

#[tokio::test]
async fn policies_of_the_sender_are_checked_with_a_reason() {
    let dns = TestDns::serving(
        "_dmarc IN TXT \"v=DMARC1; p=reject\"\ntwo IN TXT \"v=spf1 -all\"\ntwo IN TXT \"v=spf1 +all\"\n\
         wrong IN TXT \"v=spf1 ip4:192.0.2.1~all\"\nmany IN TXT \"v=spf1 include:many.example.test\"\n",
    )
    .await;
    let engine = dns.engine();

    for (from, sender, severity, result, reason) in [
        ("192.0.2.81", "ann@example.test", "good", "pass", ""),
        (
            "192.0.2.99",
            "ann@example.test",
            "bad",
            "fail",
            ": 192.0.2.99 matches `-all` of example.test",
        ),
        (
            "192.0.2.1",
            "ann@two.example.test",
            "bad",
            "permerror",
            ": two.example.test has 2 SPF records, only one is allowed (RFC 7208 §4.5)",
        ),
        (
            "192.0.2.1",
            "ann@wrong.example.test",
            "bad",
            "permerror",
            ": invalid SPF record of wrong.example.test: `ip4:192.0.2.1~all`: `192.0.2.1~all` is not an IPv4 address; \
             did you mean `ip4:192.0.2.1 ~all`?",
        ),
        (
            "192.0.2.1",
            "ann@many.example.test",
            "bad",
            "permerror",
            ": more than 10 DNS lookups are needed: `include:many.example.test` of many.example.test is number 11 (RFC \
             7208 §4.6.4)",
        ),
    ] {
        let reply = ask_json(&engine, &received(from, sender)).await;
        let authentication = &reply["data"]["authentication"];
        assert_eq!(authentication["spf"]["result"], result, "{authentication}");
        assert_eq!(
            authentication["spf"]["detail"],
            format!("{from} for {sender}{reason}")
        );
        assert_eq!(reply["severity"], severity, "{reply}");
        assert_eq!(authentication["dmarc_policy"], "reject");
    }

    let reply = ask_json(&engine, &received("192.0.2.99", "ann@example.test")).await;
    assert_eq!(
        reply["data"]["authentication"]["dmarc"]["detail"],
        "example.test: aligned DKIM none, aligned SPF none; policy of example.test: reject"
    );
}
