//! What the replies must say about records that are easily misread.

use super::*;

const RECORDS: &str = r#"
c IN CAA 0 issue "ca.example"
c IN CAA 0 issuewild ";"
d IN CAA 128 tbs "unknown"
e IN CAA 0 issue ";"
f IN CAA 0 issue "ca.example"
sub.f IN A 192.0.2.1
m IN MX 10 mx.m.example.test.
mx.m IN A 10.1.2.3
n IN MX 10 localhost.
o IN MX 10 mx.refused.invalid.
star\.dot IN A 192.0.2.9
"#;

/// A line, the severity of its reply, and what the reply says.
const REPLIES: &[[&str; 3]] = &[
    [
        "caa c.example.test",
        "good",
        "no CA may issue wildcard certificates",
    ],
    [
        "caa d.example.test",
        "bad",
        "the property `tbs` is critical and unknown",
    ],
    ["caa e.example.test", "good", "no CA may issue certificates"],
    [
        "caa sub.f.example.test",
        "good",
        "1 CAA record of f.example.test",
    ],
    [
        "caa web.example.test",
        "warning",
        "Could not look up the CAA records of test",
    ],
    [
        "mx m.example.test",
        "bad",
        "private or local addresses (10.1.2.3)",
    ],
    [
        "mailbox m.example.test",
        "bad",
        "private or local addresses (10.1.2.3)",
    ],
    ["mx n.example.test", "bad", "is the sending host itself"],
    ["mx o.example.test", "warning", "this can be temporary"],
    ["mailbox o.example.test", "warning", "this can be temporary"],
    [r"dig star\.dot.example.test", "good", "192.0.2.9"],
    [
        r"dig star\046dot.example.test",
        "good",
        r"star\\.dot.example.test.",
    ],
];

#[tokio::test]
async fn replies_say_what_records_mean() {
    let dns = TestDns::serving(RECORDS).await;
    let engine = dns.engine();

    for [line, severity, text] in REPLIES {
        let reply = ask_json(&engine, line).await;
        assert_eq!(reply["severity"], *severity, "{line}: {reply}");
        assert!(reply.to_string().contains(text), "{line}: {reply}");
    }
}

#[tokio::test]
async fn a_failed_lookup_of_a_mail_server_is_no_verdict() {
    let dns = TestDns::serving(RECORDS).await;
    let reply = ask_json(&dns.engine(), "verify bob@o.example.test").await;
    assert_eq!(reply["data"]["verdict"], "unknown", "{reply}");
}

#[tokio::test]
async fn a_name_with_an_escape_is_echoed_with_it() {
    let dns = TestDns::serving(RECORDS).await;
    let reply = ask_json(&dns.engine(), r"dig star\046dot.example.test").await;
    assert_eq!(reply["data"]["name"], r"star\.dot.example.test");
    assert_eq!(
        reply["data"]["answers"][0]["name"],
        r"star\.dot.example.test"
    );
}
