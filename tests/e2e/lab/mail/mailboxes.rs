//! Verdicts about mailboxes, with the SMTP transcript that they come from.

use netvane_tests::{Lab, until};
use serde_json::{Value, json};

use super::verify;

/// Steps of the SMTP session. Everything except greeting, EHLO and STARTTLS is encrypted.
pub(super) const DIALOGUE: [&str; 8] = [
    "banner",
    "ehlo",
    "starttls",
    "starttls",
    "ehlo",
    "mail",
    "rcpt",
    "rcpt_random",
];

pub(super) fn stages(data: &Value) -> Vec<&str> {
    let transcript = data["transcript"].as_array().expect("a transcript");
    transcript
        .iter()
        .map(|entry| entry["stage"].as_str().expect("a stage"))
        .collect()
}

/// Returns the verdict, the reason and the mail server that they come from.
pub(super) fn said(data: &Value) -> [&Value; 3] {
    [&data["verdict"], &data["reason"], &data["exchange"]]
}

/// Address, verdict, reason, checks: accepts_mailbox, catch_all, mailbox_full, disabled.
type Row = (&'static str, &'static str, &'static str, [Option<bool>; 4]);

const MAILBOXES: [Row; 7] = [
    (
        "known@lab.test",
        "deliverable",
        "accepted",
        [Some(true), Some(false), Some(false), Some(false)],
    ),
    (
        "Known@LAB.test",
        "deliverable",
        "accepted",
        [Some(true), Some(false), Some(false), Some(false)],
    ),
    (
        "unknown@lab.test",
        "undeliverable",
        "no_such_user",
        [Some(false), Some(false), None, None],
    ),
    // 452 4.2.2 by Dovecot's quota, then 552 5.2.2
    (
        "full@lab.test",
        "risky",
        "full",
        [Some(false), Some(false), Some(true), Some(false)],
    ),
    (
        "overfull@lab.test",
        "risky",
        "full",
        [Some(false), Some(false), Some(true), Some(false)],
    ),
    (
        "disabled@lab.test",
        "undeliverable",
        "disabled",
        [Some(false), Some(false), Some(false), Some(true)],
    ),
    (
        "anybody@catchall.test",
        "risky",
        "catch_all",
        [Some(true), Some(true), Some(false), Some(false)],
    ),
];

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn distinguishes_kinds_of_mailboxes() {
    let lab = Lab::mail();

    for (address, verdict, reason, expected) in MAILBOXES {
        let reply = verify(&lab, address).run().json();
        let data = &reply["data"];

        assert_eq!(
            said(data),
            [&json!(verdict), &json!(reason), &json!("mx1.lab.test")],
            "{address}: {data:#}"
        );

        let checks = &data["checks"];
        let names = ["accepts_mailbox", "catch_all", "mailbox_full", "disabled"];

        assert_eq!(
            names.map(|name| checks[name].as_bool()),
            expected,
            "{address}: {checks}"
        );

        let made = ["syntax", "mx", "smtp", "greylisted"].map(|name| checks[name].as_bool());

        assert_eq!(
            made,
            [Some(true), Some(true), Some(true), Some(false)],
            "{address}: {checks}"
        );

        assert_eq!(stages(data), DIALOGUE, "{address}");
        assert_eq!(
            (&data["tls"]["version"], &data["tls"]["trusted"]),
            (&json!("TLS 1.3"), &json!(true)),
            "{address}"
        );

        assert_eq!(
            data["transcript"][0]["host"],
            format!("mx1.lab.test ({})", lab.value("MX1_6"))
        );
        assert_eq!(data["mx"][0]["exchange"], "mx1.lab.test", "{address}");
    }

    let role = verify(&lab, "postmaster@lab.test").run().json();

    assert_eq!(
        (&role["data"]["reason"], &role["data"]["checks"]["role"]),
        (&json!("accepted"), &json!(true))
    );
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn the_transcript_has_the_replies_verbatim() {
    let lab = Lab::mail();

    for (address, code, enhanced, text) in [
        ("known@lab.test", 250, "2.1.5", "Ok"),
        (
            "unknown@lab.test",
            550,
            "5.1.1",
            "User unknown in virtual mailbox table",
        ),
        ("full@lab.test", 452, "4.2.2", "Mailbox is full"),
        (
            "overfull@lab.test",
            552,
            "5.2.2",
            "This mailbox is over its quota",
        ),
        (
            "disabled@lab.test",
            550,
            "5.2.1",
            "This mailbox is disabled",
        ),
    ] {
        let data = verify(&lab, address).run().json()["data"].clone();
        let rcpt = &data["transcript"][6];
        assert_eq!(
            (&rcpt["stage"], &rcpt["code"], &rcpt["enhanced"]),
            (&json!("rcpt"), &json!(code), &json!(enhanced)),
            "{address}"
        );
        assert!(
            rcpt["text"]
                .as_str()
                .is_some_and(|said| said.ends_with(text)),
            "{address}: {rcpt}"
        );
    }
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn verifies_with_every_kind_of_mail_server() {
    let lab = Lab::mail();

    for (address, exchange, trusted) in [
        // No MX: the domain's own address, which the certificate does not cover.
        ("known@implicit.test", "implicit.test", json!(false)),
        ("known@v6.test", "mx6.lab.test", json!(true)),
        ("known@clear.test", "clear.lab.test", Value::Null),
    ] {
        let data = verify(&lab, address).run().json()["data"].clone();
        assert_eq!(
            said(&data),
            [&json!("deliverable"), &json!("accepted"), &json!(exchange)],
            "{address}: {data:#}"
        );
        assert_eq!(data["tls"]["trusted"], trusted, "{address}");
        assert_eq!(
            stages(&data).contains(&"starttls"),
            !trusted.is_null(),
            "{address}"
        );
    }

    let v6 = verify(&lab, "known@v6.test").run().json()["data"].clone();
    assert_eq!(v6["mx"][0]["addresses"], json!([lab.value("MX1_6")]));
    assert_eq!(
        v6["transcript"][0]["host"],
        format!("mx6.lab.test ({})", lab.value("MX1_6"))
    );
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn waits_out_greylisting_if_the_server_says_how_long() {
    let lab = Lab::mail();

    // A greylist remembers clients permanently, so each run uses a new address.
    let tag = std::process::id();
    let told = verify(&lab, &format!("known+{tag}@told.test")).run().json()["data"].clone();

    assert_eq!(
        said(&told),
        [
            &json!("deliverable"),
            &json!("accepted"),
            &json!("mx1.lab.test")
        ],
        "{told:#}"
    );

    assert_eq!(
        told["checks"]["greylisted"], true,
        "greylisting is reported even though the retry succeeded"
    );
    assert_eq!(
        stages(&told),
        [DIALOGUE, DIALOGUE].concat(),
        "two connections"
    );

    assert_eq!(
        (
            &told["transcript"][6]["code"],
            &told["transcript"][14]["code"]
        ),
        (&json!(450), &json!(250))
    );

    let grey = format!("known+{tag}@grey.test");
    let first = verify(&lab, &grey).run().json()["data"].clone();

    assert_eq!(
        said(&first),
        [
            &json!("unknown"),
            &json!("greylisted"),
            &json!("mx1.lab.test")
        ],
        "{first:#}"
    );

    assert_eq!(
        (&first["checks"]["greylisted"], &first["retry_after"]),
        (&json!(true), &json!(300))
    );
    assert_eq!(first["checks"]["accepts_mailbox"], Value::Null);
    until("the greylist lets us through", || {
        verify(&lab, &grey).run().json()["data"]["reason"] == "accepted"
    });
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn shows_where_a_mailbox_is_hosted() {
    let lab = Lab::mail();
    let data = lab.json("mailbox known@lab.test")["data"].clone();

    assert_eq!(
        (&data["domain"], &data["provider"]),
        (&json!("lab.test"), &json!("self-hosted"))
    );

    let hosts: Vec<_> = data["hosts"]
        .as_array()
        .expect("hosts")
        .iter()
        .map(|host| {
            let addresses = host["addresses"].as_array().expect("addresses");
            let addresses: Vec<_> = addresses
                .iter()
                .map(|located| located["address"].clone())
                .collect();
            json!([host["preference"], host["exchange"], addresses])
        })
        .collect();

    let expected = [
        json!([10, "mx1.lab.test", [lab.value("MX1_6"), lab.value("MX1_4")]]),
        json!([20, "mx2.lab.test", [lab.value("MX2_6"), lab.value("MX2_4")]]),
    ];
    assert_eq!(hosts, expected);
    let elsewhere = lab.json("mailbox catchall.test")["data"].clone();
    assert_eq!(elsewhere["hosts"][0]["exchange"], "mx1.lab.test");
    let implicit = lab.json("mailbox implicit.test")["data"].clone();
    assert_eq!(implicit["hosts"][0]["exchange"], "implicit.test");
    for domain in ["null.test", "nomail.test", "nowhere.test"] {
        let none = lab.json(&format!("mailbox {domain}"))["data"].clone();
        assert_eq!(
            (&none["provider"], &none["hosts"]),
            (&Value::Null, &json!([])),
            "{domain}"
        );
    }
}
