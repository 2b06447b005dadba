use super::*;
use crate::commands::registry;

#[test]
fn commands_are_found_by_name_and_alias_exactly() {
    let registry = registry();
    let name = |written| registry.find(written).map(|entry| entry.spec.name);
    assert_eq!(name("mx"), Some("mx"));
    assert_eq!(name("traceroute"), Some("trace"));
    for written in ["MX", "mx ", "", "m", "/mx"] {
        assert_eq!(name(written), None, "{written:?}");
    }
}

#[test]
fn suggests_only_similar_names() {
    let registry = registry();
    for (written, near) in [
        ("whos", Some("whois")),
        ("tracerout", Some("traceroute")),
        ("pings", Some("ping")),
        ("frobnicate", None),
        ("", None),
    ] {
        assert_eq!(registry.nearest(written), near, "{written:?}");
    }
    assert_eq!(registry.canonical("rdap"), Some("whois"));
    assert_eq!(registry.canonical("nothing"), None);
}

#[test]
fn commands_are_offered_for_the_targets_they_accept() {
    let registry = registry();
    let offered = |kind| {
        registry
            .offered_for(kind)
            .map(|entry| entry.spec.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        offered(TargetKind::Domain),
        ["dns", "mx", "whois", "ping", "http", "tls"]
    );
    assert_eq!(
        offered(TargetKind::Address),
        ["ip", "whois", "geo", "trace", "ports"]
    );
    assert_eq!(offered(TargetKind::Mailbox), ["verify", "mailbox"]);
}

#[test]
fn usage_marks_required_optional_and_rest_arguments() {
    let registry = registry();
    for (name, usage) in [
        ("mx", "mx <domain> [resolver]"),
        ("status", "status"),
        ("verify", "verify <email…>"),
        ("trace_mail", "trace_mail <message…>"),
    ] {
        assert_eq!(registry.find(name).expect(name).usage(), usage);
    }
}

#[test]
fn the_listing_has_every_command_with_its_bounds() {
    let registry = registry();
    let json = registry.to_json();
    let commands = json["commands"].as_array().expect("a list");
    assert_eq!(commands.len(), registry.entries().len());
    let ping = commands
        .iter()
        .find(|it| it["name"] == "ping")
        .expect("ping");
    assert_eq!(ping["cost"], "heavy");
    assert_eq!(ping["group"], "reachability");
    assert_eq!(
        ping["usage"],
        "ping <target> [count] [ipv] [protocol] [port]"
    );
    assert_eq!(ping["sends_at_most_bytes"], 16 << 10);
    assert_eq!(ping["arguments"][1]["maximum"], 20);
}

#[test]
fn an_empty_registry_finds_nothing() {
    let empty = Registry::new(vec![]);
    assert!(empty.find("mx").is_none());
    assert_eq!(empty.nearest("mx"), None);
    assert_eq!(empty.to_json(), serde_json::json!({"commands": []}));
}
