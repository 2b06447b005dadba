//! Health, readiness and metrics.

use netvane_tests::{Dns, Service, until};
use serde_json::json;

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
