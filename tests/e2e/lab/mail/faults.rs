//! Mail servers that are dead, broken or must not be contacted.

use std::fs;

use netvane_tests::{Lab, until};
use serde_json::{Value, json};

use super::{
    mailboxes::{DIALOGUE, said, stages},
    verify,
};

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn tries_the_next_mail_server_if_the_first_is_dead() {
    let lab = Lab::mail();
    let rows = [
        (
            "known@second.test",
            "deliverable",
            "accepted",
            "mx2.lab.test",
            "connect",
        ),
        (
            "unknown@second.test",
            "undeliverable",
            "no_such_user",
            "mx2.lab.test",
            "connect",
        ),
        (
            "known@slow.test",
            "deliverable",
            "accepted",
            "mx2.lab.test",
            "banner",
        ),
        (
            "known@dead.test",
            "deliverable",
            "accepted",
            "mx1.lab.test",
            "connect",
        ),
    ];

    // All concurrently: Exim greets after two seconds, and a silent mail server takes longer.
    let runs: Vec<_> = rows.iter().map(|row| verify(&lab, row.0).spawn()).collect();

    for ((address, verdict, reason, exchange, first), run) in rows.into_iter().zip(runs) {
        let data = run.finish().json()["data"].clone();
        assert_eq!(
            said(&data),
            [&json!(verdict), &json!(reason), &json!(exchange)],
            "{address}: {data:#}"
        );
        let stages = stages(&data);
        assert_eq!(stages[0], first, "{address}");
        let asked: Vec<_> = stages
            .into_iter()
            .filter(|stage| *stage != "connect")
            .collect();
        assert_eq!(asked, DIALOGUE, "{address}");
        assert_eq!(data["tls"]["trusted"], true, "{address}");
    }
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn the_result_is_unknown_if_no_mail_server_responds() {
    let lab = Lab::mail();

    for (address, reason) in [
        ("known@refused.test", "connection_refused"),
        ("known@silent.test", "unreachable"),
    ] {
        let data = verify(&lab, address).run().json()["data"].clone();
        assert_eq!(
            said(&data),
            [&json!("unknown"), &json!(reason), &Value::Null],
            "{address}: {data:#}"
        );
        assert_eq!(
            (&data["checks"]["mx"], &data["checks"]["smtp"]),
            (&json!(true), &json!(false)),
            "{address}"
        );
        assert!(
            stages(&data).iter().all(|stage| *stage == "connect"),
            "{address}"
        );
    }

    let data = verify(&lab, "known@slow.test")
        .env("NETVANE__SMTP__TIMEOUT_MS", "500")
        .run()
        .json()["data"]
        .clone();

    assert_eq!(
        said(&data)[..2],
        [&json!("unknown"), &json!("timed_out")],
        "{data:#}"
    );
}

/// Domain, reason, and text of the fault or the refusal.
const BROKEN: [(&str, &str, &str); 11] = [
    ("null.test", "no_mail_here", "null MX (RFC 7505)"),
    (
        "localhost.test",
        "no_exchange",
        "Mail server localhost is the sending host itself (RFC 6761 §6.3)",
    ),
    (
        "loopback.test",
        "no_exchange",
        "mx.loopback.test (::1) is in ::1/128",
    ),
    (
        "mapped.test",
        "no_exchange",
        "mx.mapped.test (127.0.0.1) is in 127.0.0.0/8",
    ),
    (
        "private.test",
        "no_exchange",
        "mx.private.test (10.9.8.7) is in 10.0.0.0/8",
    ),
    (
        "private.test",
        "no_exchange",
        "mx.private.test (fd00:9:8::7) is in fc00::/7",
    ),
    (
        "private.test",
        "no_exchange",
        "resolve to addresses that cannot be reached from outside",
    ),
    ("nomail.test", "no_exchange", ""),
    (
        "noaddress.test",
        "no_exchange",
        "mx.noaddress.test has no address",
    ),
    (
        "nohost.test",
        "no_exchange",
        "nothere.nohost.test does not exist",
    ),
    ("nowhere.test", "no_such_domain", ""),
];

/// Returns the number of connections to the trap, which must not be contacted.
fn caught(lab: &Lab) -> usize {
    let log = fs::read_to_string(lab.value("TRAP_LOG")).expect("the trap's log");
    log.matches("caught").count()
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn broken_domains_are_reported_without_connecting() {
    let lab = Lab::mail();
    let before = caught(&lab);

    for (domain, reason, why) in BROKEN {
        let reply = verify(&lab, &format!("known@{domain}")).run().json();
        let data = &reply["data"];
        assert_eq!(
            said(data),
            [&json!("undeliverable"), &json!(reason), &Value::Null],
            "{domain}: {data:#}"
        );
        assert_eq!(
            (&data["checks"]["mx"], &data["checks"]["smtp"]),
            (&json!(false), &Value::Null),
            "{domain}"
        );
        let told = format!("{} {}", data["fault"], data["refused"]);
        assert!(told.contains(why), "{domain}: {told}");
        assert_eq!(data["transcript"], json!([]), "{domain}");
        assert_eq!(reply["severity"], "bad", "{domain}");
    }

    // One of the domain's mail servers is broken, the other works.
    let mixed = verify(&lab, "known@mixed.test").run().json()["data"].clone();

    assert_eq!(
        said(&mixed),
        [
            &json!("deliverable"),
            &json!("accepted"),
            &json!("mx1.lab.test")
        ]
    );

    assert!(
        mixed["refused"][0]
            .as_str()
            .is_some_and(|refused| refused.starts_with("mx.mixed.test (10.9.8.7)"))
    );

    assert_eq!(
        caught(&lab),
        before,
        "a connection to an internal address was made"
    );

    // The trap works: it is reached if an operator allows its network.
    verify(&lab, "known@private.test")
        .env("NETVANE__POLICY__ALLOW", "10.0.0.0/8")
        .run()
        .json();
    until("the trap catches", || caught(&lab) > before);
}
