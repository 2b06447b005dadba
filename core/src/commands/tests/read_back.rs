//! The data of every command can be read back from its JSON, complete or partial.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    Caller, Engine, Failure, Input, Platform, Reply, Request,
    command::follow_ups::FollowUp,
    request::http_request::samples,
    testing::{dns::TestDns, read_back},
};

/// Records that the examples of the commands find below `example.test`, with hosts on this machine.
const RECORDS: &str = "
host IN A 127.0.0.1
host IN MX 10 host.example.test.
host IN MX 20 gone.example.test.
host IN TXT \"v=spf1 mx -all\"
host IN CAA 0 issue \"ca.example.net\"
_dmarc.host IN TXT \"v=DMARC1; p=none\"
_imaps._tcp.host IN SRV 0 1 993 host.example.test.
";

/// Commands whose data needs servers that this test does not start.
const UNANSWERED: [&str; 1] = ["whois"];

/// Commands whose examples show nothing in this test that their follow-ups are about.
const UNSHOWN: [&str; 1] = ["trace_mail"];

/// A browser's request, for the commands about the client's own.
const FIELDS: [(&str, &str); 5] = [
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ),
    (
        "sec-ch-ua",
        "\"Chromium\";v=\"126\", \"Not A Brand\";v=\"8\"",
    ),
    ("sec-ch-ua-platform", "\"Windows\""),
    ("cookie", "secret=1"),
    ("x-forwarded-for", "192.0.2.1, unknown"),
];

fn check(engine: &Engine, reply: &Reply) {
    let entry = engine.registry().find(reply.command).expect(reply.command);
    let (finding, schema) = (&reply.rendition.finding, entry.data_schema());
    read_back::check(&**finding, &|data| entry.read(data));
    read_back::check_odd_values(&finding.data(), &|data| entry.read(data));

    for name in finding.data().as_object().expect("an object").keys() {
        let member = schema.pointer(&format!("/properties/{name}"));
        assert!(member.is_some(), "{}: {name}", reply.command);
    }
}

/// An example whose targets are served by this test: nothing leaves the machine.
fn local_line(example: &str, host: &str, dns: &TestDns) -> String {
    let words = example.split(' ').map(|word| {
        if word.starts_with("resolver=") {
            format!("resolver={}", dns.address)
        } else {
            word.replace("example.com", host)
                .replace("example.org", host)
                .replace("192.0.2.1", "127.0.0.1")
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Checks all replies to the line, complete and partial.
async fn check_line(engine: &Engine, line: &str) -> Result<Reply, Failure> {
    let mut visit = samples::http_request("198.51.100.1:4711", &FIELDS);
    visit.for_others = true;
    // The operator's own requests have no rate limits.
    let operator = Caller {
        own: true,
        ..Caller::default()
    };
    let request = Request::new(Platform::Terminal, Input::Text(line.into()))
        .by(operator)
        .brought_by(visit.into());

    let reply = engine.ask(request, |so_far| check(engine, &so_far)).await?;
    check(engine, &reply);
    Ok(reply)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_every_example_can_be_read_back() {
    let dns = TestDns::serving(RECORDS).await;
    let mut settings = dns.settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let engine = Engine::new(&settings).expect("an engine");
    let mut unanswered = BTreeSet::new();
    let mut follow_ups = BTreeSet::new();

    for entry in engine.registry().entries() {
        let mut failures = Vec::new();
        let mut answered = false;
        let mut offered = 0;

        for example in entry.spec.examples {
            for host in ["example.test", "host.example.test"] {
                match check_line(&engine, &local_line(example, host, &dns)).await {
                    Ok(reply) => {
                        answered = true;
                        let found = engine.registry().follow_ups(&reply);
                        offered += found.len();
                        follow_ups.extend(found.iter().map(FollowUp::line));
                    }
                    Err(failure) => failures.push(failure.to_string()),
                }
            }
        }

        if !answered {
            eprintln!("{}: {failures:?}", entry.spec.name);
            unanswered.insert(entry.spec.name);
        } else if !UNSHOWN.contains(&entry.spec.name) {
            let name = entry.spec.name;
            assert_eq!(offered > 0, !entry.follow_ups.is_empty(), "{name}");
        }
    }

    assert_eq!(unanswered, BTreeSet::from(UNANSWERED));
    check_follow_ups(&engine, &follow_ups).await;
}

/// Runs what the answers offered; no command rejects its line. Addresses that this test does not serve are left out.
async fn check_follow_ups(engine: &Engine, lines: &BTreeSet<String>) {
    let local = lines
        .iter()
        .filter(|line| line.contains("example.test") || line.contains("127.0.0.1"));
    for line in local {
        let answer = check_line(engine, line).await;
        assert!(!matches!(answer, Err(Failure::Usage(_))), "{line}");
    }
}

#[tokio::test]
async fn rejects_values_that_are_not_data() {
    let dns = TestDns::start().await;
    let engine = dns.engine();

    for entry in engine.registry().entries() {
        for data in [json!(null), json!([]), json!("text"), json!({"link": "x"})] {
            assert!(entry.read(data).is_err(), "{}", entry.spec.name);
        }
    }
}
