//! Cases of `cases/`: each reply is given by a scripted mail server, each line is read by the
//! parser of the program.

use netvane_net::smtp::{Exchange, Settings};
use serde_json::{Value, json};

use super::Data;
use crate::{
    args::mailbox,
    command::parse,
    commands::{registry, testing::head},
    mailbox_check::{
        Verifier,
        scenarios::{encryption, server::Server},
    },
    testing::read_back::ReadBack,
};

fn cases(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Verifies bob@dest.example at a server that gives the replies of the case.
async fn verify(case: &Value, pipelining: bool) -> Data {
    let reply = case["reply"].as_str().expect("a reply").replace('\n', "|");
    let control = case["control"].as_str().unwrap_or(&reply);
    let script = json!({"rcpt": reply, "random": control, "pipelining": pipelining});
    let script = serde_json::from_value(script).expect("a script");
    let mailbox = mailbox::parse("bob@dest.example").expect("an address");
    let server = Server::start(script, &mailbox.wire(), encryption().0)
        .await
        .expect("a server");

    let exchange = Exchange {
        preference: 10,
        host: "mx.dest.example".into(),
        addresses: server.addresses.clone(),
    };
    let verifier = Verifier {
        settings: Settings::default(),
        ..Verifier::default()
    };
    let report = verifier.verify(&mailbox, &[exchange], |_| {}).await;
    server.finish().await;

    Data::new(report, None)
}

#[tokio::test]
async fn replies_have_the_verdict_of_their_words() {
    let mut faults = Vec::new();

    for case in cases(include_str!("cases/smtp-replies.jsonl")) {
        for pipelining in [false, true] {
            let data = verify(&case, pipelining).await;
            let json = serde_json::to_value(&data).expect("JSON");
            let expected = case.as_object().expect("an object");

            for (name, value) in expected {
                let found = match name.as_str() {
                    "verdict" | "reason" => &json[name],
                    "accepts_mailbox" | "mailbox_full" | "disabled" | "catch_all" => {
                        &json["checks"][name]
                    }
                    _ => continue,
                };
                if found != value {
                    faults.push(format!("{}: {name} {found}", case["reply"]));
                }
            }

            let document = data.present_checked();
            let said = head(&document).0;
            if case["text_must_not"]
                .as_str()
                .is_some_and(|text| said.contains(text))
            {
                faults.push(format!("{}: {said}", case["reply"]));
            }
        }
    }

    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn lines_are_understood_as_the_plain_command() {
    let registry = registry();
    let read = |line: &str| {
        let parse::Understood {
            entry, prepared, ..
        } = parse::parse(&registry, line)
            .unwrap_or_else(|error| panic!("{line}: {}", error.message));
        (
            entry.spec.name,
            serde_json::to_value(prepared.arguments()).expect("JSON"),
        )
    };

    for case in cases(include_str!("cases/lines.jsonl")) {
        let line = case["line"].as_str().expect("a line");
        let plain = case["as"].as_str().expect("a line");
        assert_eq!(read(line), read(plain), "{line}");
        assert_eq!(read(line).1, json!({"email": "bob@example.com"}), "{line}");
    }
}

#[test]
fn text_without_an_address_is_a_usage_error() {
    let registry = registry();

    for line in [
        "verify nonsense",
        "verify example.com",
        "verify a b",
        "verify @",
        "verify",
    ] {
        assert!(parse::parse(&registry, line).is_err(), "{line}");
    }
    assert!(parse::parse(&registry, "verify a..b@example.com").is_ok());
}
