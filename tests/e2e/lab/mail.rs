//! Mailboxes on real mail servers: Postfix with Dovecot and Postgrey behind it, and Exim as a
//! second mail server.

use std::{fs, process::Command};

use netvane_tests::{Lab, Netvane, until};
use serde_json::{Value, json};

/// Steps of the SMTP session. Everything except greeting, EHLO and STARTTLS is encrypted.
const DIALOGUE: [&str; 8] = [
    "banner",
    "ehlo",
    "starttls",
    "starttls",
    "ehlo",
    "mail",
    "rcpt",
    "rcpt_random",
];

/// Prepares a run whose HELO name matches the lab's DNS.
fn verify(lab: &Lab, address: &str) -> Netvane {
    let run = lab.netvane(["--json", "verify", address]);
    run.env("NETVANE__SMTP__HELO", lab.value("CLIENT_NAME"))
}

fn stages(data: &Value) -> Vec<&str> {
    let transcript = data["transcript"].as_array().expect("a transcript");
    transcript
        .iter()
        .map(|entry| entry["stage"].as_str().expect("a stage"))
        .collect()
}

/// Returns the verdict, the reason and the mail server that they come from.
fn said(data: &Value) -> [&Value; 3] {
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

/// Returns Postfix's log line at the end of the session that greeted as `name`.
fn postfix_session(log: &str, name: &str) -> Option<String> {
    let greeted = format!("helo=<{name}>");
    let mut lines = log.lines().skip_while(|line| !line.contains(&greeted));
    let process = lines.next()?.split_whitespace().nth(4)?;
    let ended = format!("{process} disconnect from ");
    lines.find(|line| line.contains(&ended)).map(str::to_owned)
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn servers_see_our_name_and_quit_but_never_data() {
    let lab = Lab::mail();

    for (address, rcpt) in [("known", "1/2"), ("unknown", "0/2"), ("full", "0/2")] {
        let name = format!("{address}-{}.lab.test", std::process::id());

        verify(&lab, &format!("{address}@lab.test"))
            .env("NETVANE__SMTP__HELO", &name)
            .run()
            .json();

        let mut session = None;

        until("Postfix notes the end of the session", || {
            let log = fs::read_to_string(lab.value("POSTFIX_LOG")).expect("Postfix's log");
            session = postfix_session(&log, &name);
            session.is_some()
        });

        let session = session.expect("awaited");
        let commands = format!("ehlo=2 starttls=1 mail=1 rcpt={rcpt} quit=1 ");

        assert!(
            session.contains(&commands) && !session.contains(" data"),
            "{session}"
        );
        assert!(
            session.contains(&format!("{}[", lab.value("CLIENT_NAME"))),
            "{session}"
        );
    }

    let name = format!("exim-{}.lab.test", std::process::id());

    verify(&lab, "known@slow.test")
        .env("NETVANE__SMTP__HELO", &name)
        .run()
        .json();

    let end = format!(
        "SMTP connection from ({name}) [{}] closed by QUIT",
        lab.value("CLIENT6")
    );
    let mut log = String::new();

    until("Exim notes the end of the session", || {
        log = fs::read_to_string(lab.value("EXIM_LOG")).expect("Exim's log");
        log.contains(&end)
    });

    // Neither a message nor a rejected DATA.
    let unsent = format!(
        "H=({name}) [{}] incomplete transaction (QUIT) from <> for known@slow.test",
        lab.value("CLIENT6")
    );
    assert!(log.contains(&unsent), "{log}");
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

/// Returns the output of `openssl s_client` on one connection.
fn spoken(lab: &Lab, port: &str, starttls: &[&str]) -> String {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lab/in-client"));
    command.arg(lab.directory()).args([
        "timeout",
        "10",
        "openssl",
        "s_client",
        "-verify_return_error",
    ]);
    command
        .args([
            "-CAfile",
            lab.value("CA_FILE"),
            "-verify_hostname",
            "mail.lab.test",
        ])
        .args(starttls);
    command.args(["-connect", &format!("{}:{port}", lab.value("MAIL4"))]);
    let output = command
        .stdin(std::process::Stdio::null())
        .output()
        .expect("openssl starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Tests the lab itself: the SRV records that mail clients look up exist and lead to servers.
#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn srv_records_of_mail_clients_lead_to_servers() {
    let lab = Lab::mail();

    for (service, port, starttls) in [
        ("submissions", "465", &[][..]),
        ("submission", "587", &["-starttls", "smtp"]),
        ("imaps", "993", &[]),
        ("imap", "143", &["-starttls", "imap"]),
        ("pop3s", "995", &[]),
        ("pop3", "110", &["-starttls", "pop3"]),
    ] {
        let answers = lab.json(&format!("srv _{service}._tcp.lab.test"))["data"]["answers"].clone();
        assert_eq!(
            answers[0]["data"],
            format!("0 1 {port} mail.lab.test."),
            "{service}"
        );
        let said = spoken(&lab, port, starttls);
        assert!(said.contains("Verification: OK"), "{service}: {said}");
    }

    for (line, text) in [
        ("txt lab.test", "v=spf1 mx -all"),
        ("txt s1._domainkey.lab.test", "v=DKIM1; k=rsa; p="),
        ("txt _dmarc.lab.test", "v=DMARC1; p=reject"),
        ("txt _mta-sts.lab.test", "v=STSv1; id=20260101T000000"),
        (
            "txt _smtp._tls.lab.test",
            "v=TLSRPTv1; rua=mailto:postmaster@lab.test",
        ),
        ("srv _pop3._tcp.second.test", "0 0 0 ."),
        ("a autoconfig.lab.test", lab.value("WEB4")),
        ("aaaa mta-sts.lab.test", lab.value("WEB6")),
        ("ptr {CLIENT6}", "probe.lab.test."),
        ("ptr {MX2_6}", "mx2.lab.test."),
    ] {
        let answers = lab.json(line)["data"]["answers"].clone();
        assert!(
            answers[0]["data"]
                .as_str()
                .is_some_and(|data| data.contains(text)),
            "{line}: {answers}"
        );
    }
}
