//! `tls` and `http` with real servers: nginx, OpenSSL's own server, and servers that misbehave.

use std::time::Instant;

use netvane_tests::Lab;
use serde_json::{Value, json};

fn codes(reply: &Value) -> Vec<&str> {
    let problems = reply["data"]["problems"].as_array().expect("problems");
    problems
        .iter()
        .map(|problem| problem["code"].as_str().expect("a code"))
        .collect()
}

/// A port, the severity, what `trusted` and `name_matches` are, and the problems.
type Certificate = (
    u16,
    &'static str,
    Option<bool>,
    Option<bool>,
    &'static [&'static str],
);

const CERTIFICATES: [Certificate; 20] = [
    (443, "good", Some(true), Some(true), &[]),
    (1001, "bad", Some(false), Some(true), &["expired"]),
    (
        1002,
        "bad",
        Some(false),
        Some(true),
        &["self_signed", "dane_mismatch"],
    ),
    (1003, "bad", Some(false), Some(true), &["incomplete_chain"]),
    (1004, "bad", Some(true), Some(false), &["wrong_name"]),
    (1005, "bad", Some(false), Some(true), &["weak_key"]),
    (1006, "bad", Some(false), Some(true), &["not_yet_valid"]),
    (1007, "bad", Some(false), Some(true), &["weak_signature"]),
    (1008, "bad", Some(true), Some(true), &["expires_soon"]),
    (1009, "warning", Some(true), Some(true), &["expires_soon"]),
    (1010, "good", Some(true), Some(true), &[]),
    (1011, "bad", Some(false), Some(true), &["revoked"]),
    (
        1012,
        "good",
        Some(true),
        Some(true),
        &["client_certificate"],
    ),
    (1013, "warning", Some(true), Some(true), &["uncommon_key"]),
    (1014, "good", Some(true), Some(true), &[]),
    (1015, "bad", Some(false), Some(true), &["untrusted_root"]),
    (1016, "bad", Some(true), Some(false), &["no_names"]),
    (1017, "bad", Some(false), Some(true), &["not_for_servers"]),
    (
        1018,
        "bad",
        Some(false),
        Some(true),
        &["too_large", "incomplete_chain", "long_chain"],
    ),
    (1019, "good", Some(true), Some(true), &[]),
];

#[test]
#[ignore = "needs the TLS lab"]
fn each_certificate_is_judged_with_its_reason() {
    let lab = Lab::tls();
    for (port, severity, trusted, name_matches, problems) in CERTIFICATES {
        let reply = lab.json(&format!("tls good.lab.test:{port}"));
        let data = &reply["data"];
        assert_eq!(codes(&reply), problems, "{port}: {data}");
        assert_eq!(reply["severity"], severity, "{port}");
        assert_eq!(data["trusted"], json!(trusted), "{port}");
        assert_eq!(data["name_matches"], json!(name_matches), "{port}");
        let is_fine = trusted == Some(true) && name_matches == Some(true);
        assert_eq!(
            data["reason"].is_null(),
            is_fine,
            "{port}: {}",
            data["reason"]
        );
    }
}

#[test]
#[ignore = "needs the TLS lab"]
fn the_certificate_has_its_facts() {
    let lab = Lab::tls();

    let good = lab.json("tls good.lab.test");
    let data = &good["data"];
    assert_eq!(data["protocol"], "TLS 1.3");
    assert_eq!(data["alpn"], "h2");
    assert_eq!(data["issuer"], "CN=sub, O=Lab");
    assert_eq!(data["dane"]["state"], "match");
    assert_eq!(data["days_left"], 88);
    assert_eq!(
        data["names"],
        json!(["good.lab.test", "*.wild.lab.test", "203.0.113.10"])
    );

    let weak = lab.json("tls good.lab.test:1005");
    assert_eq!(weak["data"]["key"], json!({"type": "rsa", "bits": 1024}));
    let incomplete = lab.json("tls good.lab.test:1003");
    let reason = incomplete["data"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("“sub” is missing"), "{reason}");

    for (port, status) in [(1010, "good"), (1011, "revoked")] {
        let reply = lab.json(&format!("tls good.lab.test:{port}"));
        assert_eq!(reply["data"]["ocsp_stapled"], true);
        assert_eq!(reply["data"]["ocsp_status"], status);
    }
    for (port, source) in [(1023, "tls"), (1024, "tls"), (1025, "certificate")] {
        let reply = lab.json(&format!("tls good.lab.test:{port}"));
        let timestamps = reply["data"]["scts"].as_array().expect("a list");
        assert_eq!(timestamps.len(), 1, "{port}");
        assert_eq!(timestamps[0]["source"], source, "{port}");
        assert_eq!(timestamps[0]["at"], "2026-01-01T00:00:00Z", "{port}");
    }
    let authority = lab.json("tls good.lab.test:1019");
    assert_eq!(authority["data"]["dane"]["state"], "match", "DANE-TA");

    for (line, matches) in [
        ("tls a.wild.lab.test", true),
        ("tls {SERVER}", true),
        ("tls {SERVER} name=good.lab.test", true),
        ("tls {SERVER} name=b.a.wild.lab.test", false),
        ("tls other.lab.test", false),
    ] {
        assert_eq!(lab.json(line)["data"]["name_matches"], matches, "{line}");
    }
}

#[test]
#[ignore = "needs the TLS lab"]
fn what_current_clients_refuse_is_examined() {
    let lab = Lab::tls();
    for (port, protocol, cipher) in [
        (1020, "TLS 1.0", "_CBC_SHA"),
        (1021, "TLS 1.1", "_CBC_SHA"),
        (1022, "TLS 1.2", "TLS_RSA_WITH_AES_128_CBC_SHA"),
    ] {
        let reply = lab.json(&format!("tls good.lab.test:{port}"));
        let data = &reply["data"];
        assert_eq!(reply["severity"], "bad");
        assert_eq!(data["protocol"], protocol);
        assert!(data["cipher"].as_str().expect("a cipher").ends_with(cipher));
        assert_eq!(
            (&data["trusted"], &data["name_matches"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(codes(&reply), ["outdated"]);
    }
}

#[test]
#[ignore = "needs the TLS lab"]
fn tls_is_started_in_each_protocol() {
    let lab = Lab::tls();
    for (port, protocol, code) in [
        (1201, "smtp", None),
        (1202, "imap", None),
        (1203, "pop3", None),
        (1204, "smtp", Some("no_starttls")),
        (1205, "smtp", Some("no_starttls")),
        (1206, "postgres", None),
        (1207, "postgres", Some("no_starttls")),
        (1208, "ldap", None),
        (1209, "ldap", Some("no_starttls")),
        (1210, "xmpp", None),
    ] {
        let reply = lab.json(&format!("tls good.lab.test:{port} starttls={protocol}"));
        assert_eq!(reply["data"]["starttls"], protocol);
        assert_eq!(codes(&reply), Vec::from_iter(code), "{port}");
        assert_eq!(
            reply["data"]["protocol"].is_null(),
            code.is_some(),
            "{port}"
        );
    }
}

#[test]
#[ignore = "needs the TLS lab"]
fn a_server_without_tls_is_a_reply_in_time() {
    let lab = Lab::tls();
    for (target, code) in [
        ("good.lab.test:80", "not_tls"),
        ("good.lab.test:1101", "no_handshake"),
        ("good.lab.test:1102", "no_handshake"),
        ("good.lab.test:1103", "not_tls"),
        ("good.lab.test:1104", "not_tls"),
        ("good.lab.test:1105", "too_large"),
        ("good.lab.test:1199", "not_connected"),
        ("silent.lab.test", "not_connected"),
        ("nothing.lab.test", "no_address"),
        ("empty.lab.test", "no_address"),
    ] {
        let started = Instant::now();
        let reply = lab.json(&format!("tls {target}"));
        assert!(started.elapsed().as_secs() < 11, "{target}");
        assert_eq!(codes(&reply), [code], "{target}");
        assert_eq!(reply["severity"], "bad", "{target}");
        assert!(reply["data"]["protocol"].is_null() && reply["data"]["reason"].is_string());
    }
}

#[test]
#[ignore = "needs the TLS lab"]
fn pages_are_read_whatever_the_certificate() {
    let lab = Lab::tls();
    for (line, status, problems) in [
        ("http good.lab.test", 200, &[][..]),
        ("http https://good.lab.test/old", 200, &[]),
        ("http http://good.lab.test/up", 200, &[]),
        (
            "http https://good.lab.test/ contains=welcome status=200",
            200,
            &[],
        ),
        (
            "http https://good.lab.test/ contains=Welcome",
            200,
            &["text_missing"],
        ),
        ("http https://good.lab.test/missing", 404, &["client_error"]),
        ("http https://good.lab.test/broken", 503, &["server_error"]),
        ("http https://good.lab.test:1001/", 200, &["expired"]),
        // DANE is for other clients, so it is only a warning here.
        (
            "http https://good.lab.test:1002/",
            200,
            &["self_signed", "dane_mismatch"],
        ),
        (
            "http https://good.lab.test:1003/",
            200,
            &["incomplete_chain"],
        ),
        ("http https://other.lab.test/", 200, &["wrong_name"]),
        (
            "http https://example.com/ resolve={SERVER}",
            200,
            &["wrong_name"],
        ),
        ("http good.lab.test:80", 200, &["no_https"]),
    ] {
        let reply = lab.json(line);
        let data = &reply["data"];
        assert_eq!(data["status"], status, "{line}: {data}");
        assert_eq!(codes(&reply), problems, "{line}");
    }

    let reply = lab.json("http https://good.lab.test/old");
    let data = &reply["data"];
    assert_eq!(
        (&data["version"], &data["title"]),
        (&json!("HTTP/2"), &json!("Lab & more"))
    );
    assert_eq!(data["steps"].as_array().map(Vec::len), Some(3));
    assert_eq!(data["hsts"]["max_age"], 31_536_000);
    assert_eq!(data["tls"]["trusted"], true);
    assert_eq!(data["tls"]["dane"]["state"], "match");
}

#[test]
#[ignore = "needs the TLS lab"]
fn hostile_web_servers_are_replies_in_time() {
    let lab = Lab::tls();
    for (url, problems) in [
        ("https://good.lab.test/loop", &["redirect_loop"][..]),
        ("https://good.lab.test/private", &["redirect_refused"]),
        ("https://good.lab.test/ftp", &["bad_redirect"]),
        ("https://good.lab.test/user", &[]),
        ("https://good.lab.test:1020/", &["outdated"]),
        ("http://good.lab.test:1101/", &["no_answer"]),
        ("http://good.lab.test:1102/", &["not_http"]),
        ("http://good.lab.test:1104/", &["not_http"]),
        ("http://good.lab.test:1110/", &["no_answer"]),
        ("http://good.lab.test:1111/", &[]),
        ("http://good.lab.test:1112/", &["not_http"]),
        ("http://good.lab.test:1113/", &[]),
        ("http://good.lab.test:1114/0", &["too_many_redirects"]),
        ("http://good.lab.test:1115/", &[]),
        ("http://good.lab.test:1116/", &["not_http"]),
    ] {
        let started = Instant::now();
        let reply = lab.json(&format!("http {url}"));
        assert!(started.elapsed().as_secs() < 21, "{url}");
        assert_eq!(codes(&reply), problems, "{url}");
        assert!(!reply.to_string().contains("hunter2"), "{url}");
    }

    let endless = lab.json("http http://good.lab.test:1111/");
    assert_eq!(endless["data"]["bytes"], 1 << 20);
    assert_eq!(endless["data"]["truncated"], true);
    let refused = lab
        .line("http http://private.lab.test/")
        .env("NETVANE__POLICY__TERMINAL_PRIVATE", "false")
        .run();
    assert_eq!(refused.code, Some(1));
}
