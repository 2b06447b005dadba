//! Contract §3, HTTP: the ways to send a lookup, the formats of a reply, and every problem
//! document.

use netvane_tests::{Dns, Hostile, Service, http::Client, until};
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

#[test]
fn the_json_equals_that_of_the_terminal() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let mut over_http = service.command("dns example.test").json();
    let mut on_terminal = netvane_tests::Netvane::line("--json dns example.test")
        .dns(dns.address)
        .run()
        .json();
    for reply in [&mut over_http, &mut on_terminal] {
        let reply = reply.as_object_mut().expect("an object");
        for changing in ["id", "elapsed_ms"] {
            assert!(reply.remove(changing).is_some());
        }
    }
    assert_eq!(over_http, on_terminal);
}

#[test]
fn replies_in_every_accepted_format() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let ask = |accept: &str| service.post_for(accept, r#"{"command": "a example.test"}"#);

    for accept in [
        "application/json",
        "*/*",
        "text/html, */*;q=0.5",
        "image/png",
        "",
    ] {
        assert_eq!(
            ask(accept).json()["data"]["answers"][0]["data"],
            "192.0.2.80",
            "{accept}"
        );
    }

    let text = ask("text/plain");

    assert_eq!(
        (text.status, text.header("content-type")),
        (200, "text/plain; charset=utf-8")
    );
    insta::assert_snapshot!(text.text().replace(&dns.address.to_string(), "SERVER"), @r"
    A of example.test
    ✓ 1 IPv4 address

    Address       TTL
    192.0.2.80  5 min

    Answered by:  SERVER
    ");

    let markdown = ask("text/plain;q=0.5, text/markdown");

    assert_eq!(
        (markdown.status, markdown.header("content-type")),
        (200, "text/markdown; charset=utf-8")
    );
    assert!(
        markdown
            .text()
            .starts_with("### A of example.test\n\n✅ **1 IPv4 address**\n"),
        "{}",
        markdown.text()
    );

    for response in [&text, &markdown] {
        assert_eq!(response.header("x-content-type-options"), "nosniff");
        assert_eq!(response.header("cache-control"), "no-store");
    }
}

#[test]
fn an_event_stream_has_progress_and_then_one_reply() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);

    // Partial results are shown while the addresses of the mail servers are still being looked up.
    dns.hold("mail1.example.test. A");
    let mut client = Client::connect(service.address);
    let accept = [("Accept", "text/event-stream")];
    client.request("GET /v1/commands/mx?domain=example.test", &accept, b"");
    let (status, headers) = client.head().expect("a response begins");
    assert_eq!(status, 200);
    assert!(
        headers.contains(&("content-type".into(), "text/event-stream".into())),
        "{headers:?}"
    );

    let chunk = client
        .chunk()
        .expect("no error")
        .expect("an event before the answer is there");
    let progress = String::from_utf8(chunk).expect("UTF-8");
    let data = progress
        .strip_prefix("event: progress\ndata: ")
        .expect("a progress event");
    let so_far: Value = serde_json::from_str(data.lines().next().expect("a line")).expect("JSON");
    assert_eq!(so_far["data"]["hosts"][0]["exchange"], "mail1.example.test");
    assert_eq!(so_far["data"]["hosts"][0]["addresses"], json!([]));
    dns.release("mail1.example.test. A");
    let mut rest = Vec::new();
    while let Some(chunk) = client.chunk().expect("no error") {
        rest.extend(chunk);
    }

    let rest = String::from_utf8(rest).expect("UTF-8");
    let names: Vec<&str> = rest
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    assert_eq!(names.last(), Some(&"reply"), "{rest}");
    assert_eq!(
        names.iter().filter(|name| **name != "progress").count(),
        1,
        "{rest}"
    );

    let reply = rest
        .lines()
        .rfind(|line| line.starts_with("data: "))
        .expect("data");
    let reply: Value = serde_json::from_str(&reply["data: ".len()..]).expect("JSON");

    assert_eq!(
        reply["data"]["hosts"][0]["addresses"],
        json!(["2001:db8::81", "192.0.2.81"])
    );
    assert_eq!(reply["id"], so_far["id"], "one lookup, one id");
}

#[test]
fn an_event_stream_of_a_failure_ends_with_one_error() {
    let server = Hostile::start();
    let service = Service::with_dns(server.address);
    for (line, code) in [
        ("nosuch", "unknown_command"),
        ("a a..b", "bad_argument"),
        ("a x.example resolver=10.0.0.1", "refused_target"),
        ("a garbage.example.com", "upstream"),
    ] {
        let response =
            service.post_for("text/event-stream", json!({ "command": line }).to_string());
        let events = response.events();
        assert_eq!(events.len(), 1, "{line}: {events:?}");
        assert_eq!(
            (events[0].0.as_str(), &events[0].1["code"]),
            ("error", &json!(code)),
            "{line}"
        );
    }
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

/// Returns the value of the first sample of this name with all these labels.
fn value<'a>(metrics: &'a str, name: &str, labels: &[&str]) -> Option<&'a str> {
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with(&format!("{name}{{")));
    let mut lines = lines.filter(|line| labels.iter().all(|label| line.contains(label)));

    lines.next().and_then(|line| line.rsplit(' ').next())
}

/// Returns how many HTTP requests for a command had this outcome.
fn count<'a>(metrics: &'a str, command: &str, outcome: &str) -> Option<&'a str> {
    let command = format!("command=\"{command}\"");
    let outcome = format!("outcome=\"{outcome}\"");
    let labels = [&*command, &outcome, "adapter=\"http\""];
    value(metrics, "netvane_requests_total", &labels)
}

#[test]
fn reports_health_readiness_and_metrics() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let health = service.get("/healthz");
    assert_eq!((health.status, health.text()), (200, "ok\n"));
    let ready = service.get("/readyz");
    assert_eq!((ready.status, ready.text()), (200, "ready\nhttp up\n"));
    service.command("a example.test").json();
    service.command("a example.test").json();
    service.command("a a..b").problem();
    service.command("nosuch").problem();
    let metrics = service.get("/metrics");

    assert_eq!(
        metrics.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );

    let told = metrics.text();
    assert_eq!(count(told, "a", "answered"), Some("1"), "{told}");
    assert_eq!(count(told, "a", "cached"), Some("1"));
    assert_eq!(count(told, "-", "bad_argument"), Some("1"));
    assert_eq!(count(told, "-", "unknown_command"), Some("1"));
    assert_eq!(
        value(told, "netvane_request_seconds_count", &["command=\"a\""]),
        Some("2")
    );

    assert!(
        !told.contains("example.test"),
        "metrics do not contain the target"
    );
    assert!(
        !service.log().contains("example.test"),
        "the log does not contain the target"
    );
}

#[test]
fn without_a_resolver_it_is_healthy_but_not_ready() {
    let service = Service::start(&[("NETVANE__DNS__SERVERS", "dns.example")]);
    assert_eq!(service.get("/healthz").status, 200);
    let ready = service.get("/readyz");
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("dns.servers"), "{}", ready.text());
    let problem = service.command("a example.com").problem();
    assert_eq!(
        (&problem["status"], &problem["code"]),
        (&json!(503), &json!("unavailable"))
    );
    assert_eq!(
        service.command("help").json()["command"],
        "help",
        "lookups without a resolver work"
    );
}

#[test]
fn it_is_not_ready_until_a_resolver_responds() {
    let dns = Dns::start();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", &dns.address.to_string()),
        ("NETVANE__DNS__TIMEOUT_MS", "500"),
        ("NETVANE__DNS__ATTEMPTS", "1"),
    ]);

    let questions = [
        "a.example.test. A",
        "b.example.test. A",
        "c.example.test. A",
        ". NS",
    ];

    questions.iter().for_each(|question| dns.hold(question));
    for name in ["a", "b"] {
        assert_eq!(
            service.command(&format!("a {name}.example.test")).status,
            504
        );
    }

    assert_eq!(
        service.get("/readyz").status,
        200,
        "a single failing domain does not mean that the resolver is down"
    );

    assert_eq!(service.command("a c.example.test").status, 504);
    let ready = service.get("/readyz");

    assert_eq!(
        (ready.status, ready.text().contains("did not answer")),
        (503, true),
        "{}",
        ready.text()
    );

    assert_eq!(service.get("/healthz").status, 200);
    questions.iter().for_each(|question| dns.release(question));
    until("it is ready again", || service.get("/readyz").status == 200);
}
