//! The API against its own description: a public validator parses it, and a public fuzzer tests it.

use std::{collections::BTreeSet, path::Path, process::Command};

use netvane_tests::{Dns, Lab, OpenApi, Service, whois};
use serde_json::Value;

/// All targets are on the loopback of the lab's namespace, so that lookups end quickly.
const ZONE: &str = r#"
$TTL 300
@ IN SOA ns.test. hostmaster.test. 7 7200 3600 1209600 60
@ IN NS ns.test.
ns.test. IN A 127.0.0.1
example.test. IN A 127.0.0.1
example.test. IN AAAA ::1
example.test. IN MX 10 mail.example.test.
example.test. IN TXT "v=spf1 mx -all"
mail.example.test. IN A 127.0.0.1
www.example.test. IN CNAME web.example.test.
web.example.test. IN A 127.0.0.1
xn--bcher-kva.example.test. IN A 127.0.0.7
localhost. IN A 127.0.0.1
1.0.0.127.in-addr.arpa. IN PTR example.test.
"#;

fn start() -> (Lab, Dns, Service) {
    let lab = Lab::api();
    lab.enter();
    let dns = Dns::serving(".", ZONE);
    // If another test has started it already, that one is used.
    let _ = whois::registry("127.0.0.1:43");
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", &dns.address.to_string()),
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8,::1/128"),
        ("NETVANE__RDAP__ENABLED", "false"),
        ("NETVANE__WHOIS__ROOT", "127.0.0.1"),
        ("NETVANE__LIMITS__SMTP_PROBES", "100000"),
        ("NETVANE__LOG__LEVEL", "info,netvane_core=warn"),
    ]);
    (lab, dns, service)
}

/// Runs a module of the lab's Python; shows its output if it fails.
fn python(lab: &Lab, module: &str, arguments: &[&str], dns: &Dns) {
    let mut command = Command::new(lab.value("PYTHON"));
    command
        .args(["-m", module])
        .args(arguments)
        .current_dir(lab.directory());
    command
        .env("SCHEMATHESIS_HOOKS", lab.value("HOOKS"))
        .env("DNS_SERVER", dns.address.to_string());
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{module}: {error}"));
    assert!(
        output.status.success(),
        "{module} {arguments:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "needs the API lab"]
fn a_public_fuzzer_finds_no_deviation() {
    let (lab, dns, service) = start();
    let document = lab.directory().join("openapi.json");
    std::fs::write(&document, service.get("/openapi.json").body)
        .expect("the lab's directory can be written to");

    let file = |path: &Path| path.to_str().expect("UTF-8").to_owned();

    python(
        &lab,
        "openapi_spec_validator",
        &["--schema", "3.1", &file(&document)],
        &dns,
    );

    let url = format!("http://{}/openapi.json", service.address);
    let settings = format!("--config-file={}", lab.value("CONFIG"));
    let limits = [
        "--max-examples=12",
        "--seed=7",
        "--generation-database=none",
        "--request-timeout=30",
    ];

    let all = [
        "--checks=all",
        "--phases=examples,coverage,fuzzing",
        "--mode=all",
        "--no-color",
        // CPython 3.11 miscounts the depth of syntax trees that threads build at once.
        "--workers=1",
    ];

    let arguments: Vec<&str> = [settings.as_str(), "run", &url]
        .into_iter()
        .chain(limits)
        .chain(all)
        .collect();

    python(&lab, "schemathesis.cli", &arguments, &dns);
    assert!(!service.log().contains("panic"), "{}", service.log());
}

/// Lines in addition to the registry's examples, which together cover every command and every kind
/// of reply.
const FURTHER: [&str; 37] = [
    "a example.test",
    "aaaa example.test",
    "mx example.test",
    "ns example.test",
    "txt example.test",
    "caa example.test",
    "soa example.test",
    "srv _imaps._tcp.example.test",
    "cname www.example.test",
    "a www.example.test",
    "a nosuch.example.test",
    "dns example.test",
    "dig example.test MX",
    "dig example.test TXT dnssec",
    "ptr 127.0.0.1",
    "reverse 127.0.0.1",
    "reverse example.test",
    "whois example.test",
    "whois 127.0.0.1",
    "ip 127.0.0.1",
    "geo 127.0.0.1",
    "geo example.test",
    "ping 127.0.0.1 --count 2",
    "ping example.test --count 1",
    "trace 127.0.0.1",
    "ports 127.0.0.1 43,1",
    "http http://127.0.0.1:9/ status=200",
    "tls 127.0.0.1:9 warn=30",
    "port 60001",
    "verify joe@example.test",
    "verify a..b@example.test",
    "mailbox example.test",
    "howmail",
    "howmail joe@example.test jane@example.test",
    "trace_mail From: joe@example.test",
    "ip 8.8.8.8",
    "geo 2001:4860:4860::8888",
];

/// The replies of every command match their schema and contain no undescribed members.
#[test]
#[ignore = "needs the API lab"]
fn replies_match_their_schemas() {
    let (_lab, _dns, service) = start();
    let openapi = OpenApi::of(&service);
    let problem = openapi.component("Problem");
    let registry = service.get("/v1/commands").json();
    let commands = registry["commands"].as_array().expect("commands");
    let examples = commands
        .iter()
        .flat_map(|command| command["examples"].as_array().expect("examples"));
    let examples = examples.map(|example| example.as_str().expect("a line"));
    let mut replied = BTreeSet::new();

    for line in FURTHER.into_iter().chain(examples) {
        let response = service.command(line);
        let answer: Value = serde_json::from_slice(&response.body).expect("JSON");
        if response.status != 200 {
            assert_eq!(problem.errors(&answer), Vec::<String>::new(), "{line}");
            continue;
        }
        let name = answer["command"].as_str().expect("a command");
        let errors = openapi.component(&format!("Reply.{name}")).errors(&answer);
        assert_eq!(errors, Vec::<String>::new(), "{line}: {answer}");
        replied.insert(name.to_owned());
    }

    let all: BTreeSet<String> = commands
        .iter()
        .filter_map(|command| command["name"].as_str())
        .map(str::to_owned)
        .collect();

    assert_eq!(
        all.difference(&replied).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "commands without a checked reply"
    );
}
