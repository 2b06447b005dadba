//! Lines and named arguments, problems, and resolvers of the user.

use netvane_tests::{Dns, Hostile, Service};
use serde_json::{Value, json};

#[test]
fn a_line_and_named_arguments_are_equivalent() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let line = service.command("/mx Example.TEST.").json();
    let named = service
        .post(r#"{"name": "mx", "arguments": {"domain": "example.test"}}"#)
        .json();
    let got = service.get("/v1/commands/mx?domain=example.test").json();

    for reply in [&line, &named, &got] {
        assert_eq!(reply["command"], "mx");
        assert_eq!(reply["arguments"], json!({"domain": "example.test"}));
        assert_eq!(reply["severity"], "good");
        assert_eq!(reply["data"]["hosts"][0]["exchange"], "mail1.example.test");
        assert_eq!(reply["data"], line["data"]);
    }

    assert_eq!(
        (&line["cached"], &named["cached"], &got["cached"]),
        (&json!(false), &json!(true), &json!(true))
    );
    assert_ne!(line["id"], named["id"]);
    let found = service
        .get("/v1/commands/dig?name=example.test&type=mx&norecurse=true")
        .json();

    assert_eq!(
        found["arguments"],
        json!({"name": "example.test.", "type": "MX", "norecurse": true})
    );

    let pasted = service
        .get("/v1/commands/a?domain=https%3A%2F%2Fb%C3%BCcher.example.test%2Fx")
        .json();
    assert_eq!(pasted["arguments"]["domain"], "xn--bcher-kva.example.test");
    assert_eq!(service.stop(), Some(0));
}

/// Starts a service whose resolver responds incorrectly or not at all.
fn badly_served(server: &Hostile) -> Service {
    Service::start(&[
        ("NETVANE__DNS__SERVERS", &server.address.to_string()),
        ("NETVANE__DNS__TIMEOUT_MS", "50"),
    ])
}

#[test]
fn problems_have_code_status_position_and_suggestion() {
    let server = Hostile::start();
    let service = badly_served(&server);
    let ask = |line: &str| service.command(line).problem();

    assert_eq!(
        ask("/mxx example.com"),
        json!({"type": "about:blank", "title": "Unknown command", "status": 404, "code": "unknown_command",
            "detail": "unknown command `mxx`; did you mean `mx`?",
            "position": {"start": 0, "end": 4}, "suggestion": "/mx example.com"})
    );

    assert_eq!(
        ask("/mx www..example.com"),
        json!({"type": "about:blank", "title": "Bad argument", "status": 400, "code": "bad_argument",
            "detail": "`domain`: empty label (\"..\")",
            "position": {"start": 4, "end": 20}, "suggestion": "/mx www.example.com"})
    );

    // Positions count characters, not bytes.
    assert_eq!(
        ask("/mx bücher$.example")["position"],
        json!({"start": 4, "end": 11})
    );

    let silent = ask("a silent.example.com");

    assert_eq!(
        (&silent["status"], &silent["code"]),
        (&json!(504), &json!("timeout")),
        "{silent}"
    );

    let garbage = ask("a garbage.example.com");

    assert_eq!(
        (&garbage["status"], &garbage["code"]),
        (&json!(502), &json!("upstream")),
        "{garbage}"
    );
}

#[test]
fn resolvers_at_private_addresses_are_refused() {
    let server = Hostile::start();
    let service = badly_served(&server);
    let ask = |line: &str| service.command(line).problem();

    for resolver in [
        "127.0.0.1",
        "[::1]:53",
        "10.0.0.1",
        "169.254.169.254",
        "[::ffff:127.0.0.1]",
        "tls://192.168.0.1",
        "https://[fd00::1]/dns-query",
        "0.0.0.0",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "192.0.2.1",
    ] {
        let refused = ask(&format!("a example.com resolver={resolver}"));
        assert_eq!(
            (&refused["status"], &refused["code"]),
            (&json!(403), &json!("refused_target")),
            "{resolver}"
        );
    }
}

#[test]
fn the_operators_allow_and_deny_lists_apply_to_resolvers() {
    let dns = Dns::start();
    let address = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", &address),
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
        ("NETVANE__POLICY__DENY", "127.0.0.2"),
    ]);
    let reply = service
        .command(&format!("a example.test resolver={address}"))
        .json();
    assert_eq!(reply["data"]["resolver"], address);
    let denied = service
        .command("a example.test resolver=127.0.0.2")
        .problem();
    assert_eq!(
        denied["detail"]
            .as_str()
            .map(|detail| detail.contains("in 127.0.0.2/32 (denied by the operator)")),
        Some(true)
    );
}

#[test]
fn named_arguments_are_read_like_typed_ones() {
    let service = Service::start(&[]);
    let ask = |body: Value| service.post(body.to_string()).problem();
    let detail = |body: Value| ask(body)["detail"].as_str().expect("a detail").to_owned();
    assert_eq!(ask(json!({"name": "mxx"}))["suggestion"], "/mx");
    assert_eq!(
        detail(json!({"name": "mx"})),
        "`mx` needs `domain`: a domain name"
    );
    assert_eq!(
        detail(json!({"name": "mx", "arguments": {"domian": "x"}})),
        "unknown option `domian`; did you mean `domain`?"
    );
    assert!(
        detail(json!({"name": "mx", "arguments": {"domain": "a..b"}}))
            .starts_with("`domain`: empty label")
    );

    for wrong in [json!(7), json!(true), json!(["example.com"]), json!({})] {
        let problem = ask(json!({"name": "mx", "arguments": {"domain": wrong}}));
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(400), &json!("bad_argument")),
            "{wrong}"
        );
    }

    let twice = service
        .get("/v1/commands/mx?domain=a.example&domain=b.example")
        .problem();
    assert_eq!(twice["detail"], "`domain` is given twice");
}

#[test]
fn the_registry_equals_that_of_the_terminal() {
    let service = Service::start(&[]);
    let on_terminal: Value =
        serde_json::from_str(netvane_tests::Netvane::line("commands --json").run().text())
            .expect("JSON");
    assert_eq!(service.get("/v1/commands").json(), on_terminal);
}
