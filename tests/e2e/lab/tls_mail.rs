//! STARTTLS of real servers, and reports about the TLS of mail servers: Postfix, Dovecot, PostgreSQL, slapd and Prosody.

use netvane_tests::Lab;
use serde_json::{Value, json};

#[test]
#[ignore = "needs the TLS lab"]
fn real_servers_start_tls() {
    let lab = Lab::tls();
    for (port, protocol) in [
        (25, "smtp"),
        (143, "imap"),
        (110, "pop3"),
        (389, "ldap"),
        (5222, "xmpp"),
        (5269, "xmpp"),
        (5432, "postgres"),
    ] {
        // The protocol follows from the port.
        let reply = lab.json(&format!("tls mx1.lab.test:{port}"));
        let data = &reply["data"];
        assert_eq!(data["starttls"], protocol, "{port}");
        assert_eq!(data["protocol"], "TLS 1.3", "{port}: {data}");
        assert_eq!(data["trusted"], true, "{port}");
        assert_eq!(data["name_matches"], true, "{port}");
        assert_eq!(reply["severity"], "good", "{port}");
    }

    let postfix = lab.json("tls mx1.lab.test:25");
    assert_eq!(postfix["data"]["dane"]["state"], "match");
    let clear = lab.json("tls mx4.lab.test:25");
    assert_eq!(clear["data"]["problems"][0]["code"], "no_starttls");
    let old = lab.json("tls mx6.lab.test:25");
    assert_eq!(old["data"]["protocol"], "TLS 1.0");
}

/// `SECTION CODE` of the problems about TLS.
fn problems(reply: &Value) -> Vec<String> {
    let problems = reply["data"]["problems"].as_array().expect("problems");
    problems
        .iter()
        .filter(|problem| matches!(problem["section"].as_str(), Some("starttls" | "dane")))
        .map(|problem| {
            let text = |name: &str| problem[name].as_str().expect("text").to_owned();
            format!("{} {}", text("section"), text("code"))
        })
        .collect()
}

#[test]
#[ignore = "needs the TLS lab"]
fn certificates_of_mail_servers_are_judged_and_compared_with_tlsa() {
    let lab = Lab::tls();
    for (domain, dane, expected) in [
        ("dane", json!("match"), &[][..]),
        ("selfsigned", json!("match"), &[]),
        ("mismatch", json!("mismatch"), &["dane dane_mismatch"]),
        (
            "clear",
            Value::Null,
            &["starttls no_starttls", "dane dane_mismatch"],
        ),
        ("expired", json!("none"), &["starttls invalid_certificate"]),
        ("old", json!("none"), &["starttls no_starttls"]),
        (
            "mixed",
            json!("match"),
            &["starttls invalid_certificate", "dane incomplete_dane"],
        ),
    ] {
        let reply = lab.json(&format!("mailcheck {domain}.lab.test"));
        let sections = &reply["data"]["sections"];
        assert_eq!(problems(&reply), expected, "{domain}");
        assert_eq!(
            sections["dane"]["servers"][0]["state"], dane,
            "{domain}: {sections:#}"
        );
    }

    let reply = lab.json("mailcheck dane.lab.test");
    let certificate = &reply["data"]["sections"]["starttls"]["servers"][0]["certificate"];
    assert_eq!(certificate["trusted"], true);
    assert_eq!(certificate["days_left"], 88);
    assert_eq!(certificate["dane"]["state"], "match");

    let reply = lab.json("mailcheck old.lab.test");
    let text = reply["data"]["problems"][0]["text"].as_str();
    assert!(
        text.is_some_and(|text| text.contains("nothing newer than TLS 1.0")),
        "{text:?}"
    );
}
