use serde_json::json;

use super::*;

fn shown(command: &str, data: Value) -> Option<String> {
    let registry = crate::commands::registry();
    let entry = registry.find(command).expect("a command");
    entry.short.values(&data).map(|values| values.join("|"))
}

#[test]
fn dns_values_are_those_of_dig_short() {
    let response =
        |answers: Value| json!({"rcode": "NOERROR", "transport": "udp", "answers": answers});
    let mx = response(json!([{"name": "a.test", "data": "10 mx.a.test."}, {"data": "20 b.test."}]));
    assert_eq!(
        shown("mx", mx.clone()).as_deref(),
        Some("10 mx.a.test.|20 b.test.")
    );
    for command in [
        "a", "aaaa", "caa", "cname", "ns", "ptr", "soa", "srv", "txt",
    ] {
        let shown = shown(command, response(json!([{"data": "x"}])));
        assert_eq!(shown.as_deref(), Some("x"), "{command}");
    }
    assert_eq!(shown("txt", response(json!([]))).as_deref(), Some(""));
    assert_eq!(
        shown(
            "dig",
            json!({"name": "a.test", "queries": [mx, response(json!([{"data": "192.0.2.1"}]))]})
        )
        .as_deref(),
        Some("10 mx.a.test.|20 b.test.|192.0.2.1")
    );
    assert_eq!(
        shown("dns", json!({"rcode": "NOERROR", "records": {"A": [{"data": "192.0.2.1"}], "NS": [{"data": "ns.a.test."}]}})).as_deref(),
        Some("192.0.2.1|ns.a.test.")
    );
}

#[test]
fn other_values_are_those_of_the_contract() {
    for (command, data, expected) in [
        (
            "ping",
            json!({"rtt_ms": {"min": 1.0, "avg": 2.5}}),
            Some("2.5"),
        ),
        ("ping", json!({"rtt_ms": null}), Some("")),
        ("verify", json!({"verdict": "risky"}), Some("risky")),
        ("tls", json!({"days_left": -3}), Some("-3")),
        ("http", json!({"status": 404}), Some("404")),
        (
            "ports",
            json!({"ports": [
                {"port": 22, "protocol": "tcp", "state": "open"},
                {"port": 80, "protocol": "tcp", "state": "closed"},
                {"port": 53, "protocol": "udp", "state": "open"}
            ]}),
            Some("22|53/udp"),
        ),
        (
            "ip",
            json!({"country": {"code": "DE"}, "network": {"asn": 64500}}),
            Some("DE|AS64500"),
        ),
        (
            "ip",
            json!({
                "country": {"code": "DE"}, "network": {"asn": 64500},
                "more": [{"country": {"code": "DE"}, "network": {"asn": 64501}}]
            }),
            Some("DE|AS64500|AS64501"),
        ),
        ("geo", json!({"country": null, "network": null}), Some("")),
        (
            "whois",
            json!({"state": "registered", "expires": "2027-01-02T00:00:00Z"}),
            Some("registered|2027-01-02T00:00:00Z"),
        ),
        (
            "whois",
            json!({"state": "available", "expires": null}),
            Some("available"),
        ),
        (
            "blocklist",
            json!({"lists": [{"name": "one", "state": "listed"}, {"name": "two", "state": "clean"}]}),
            Some("one"),
        ),
        ("trace", json!({"reached": true}), None),
        (
            "ping",
            json!({"asked": 2, "left_out": 0, "places": []}),
            None,
        ),
    ] {
        assert_eq!(shown(command, data).as_deref(), expected, "{command}");
    }
}
