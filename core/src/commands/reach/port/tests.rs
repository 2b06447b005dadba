use super::*;
use crate::commands::testing::{head, rows};

fn data(query: &str) -> Data {
    let matches = ports::lookup(query).expect(query);
    Data {
        query: query.into(),
        range: None,
        matches,
    }
}

fn used(port: u16, protocol: &'static str, service: &'static str) -> PortMatch {
    PortMatch {
        port,
        protocol,
        service,
        description: "",
        unofficial: false,
    }
}

fn with(matches: Vec<PortMatch>) -> Data {
    Data {
        query: "x".into(),
        matches,
        range: None,
    }
}

#[test]
fn a_single_use_is_the_answer() {
    assert_eq!(
        head(&data("443/udp").present()),
        ("https over UDP", Severity::Neutral)
    );
    assert_eq!(
        rows(&with(vec![used(9, "tcp", "discard")]).present()),
        ["9 | tcp | discard (exact) |  | IANA (aside)"]
    );
}

#[test]
fn several_uses_of_one_port_are_named_once_each() {
    let uses = vec![
        used(53, "tcp", "domain"),
        used(53, "udp", "domain"),
        used(53, "udp", "other"),
    ];
    assert_eq!(head(&with(uses).present()).0, "Port 53: domain, other");
    let ports = vec![used(5432, "tcp", "postgresql"), used(5433, "tcp", "pyrrho")];
    assert_eq!(head(&with(ports).present()).0, "2 uses");
}

#[test]
fn nothing_found_says_what_can_be_said() {
    assert_eq!(
        head(&with(vec![]).present()).0,
        "Nothing known by this name"
    );
    let unused = Data {
        range: Some(ports::port_range(65_000)),
        ..with(vec![])
    };
    let document = unused.present();
    assert_eq!(
        head(&document).0,
        "No known use; dynamic port, never assigned"
    );
    assert!(rows(&document).is_empty());
}

#[test]
fn unofficial_uses_are_marked() {
    let common = PortMatch {
        unofficial: true,
        ..used(8080, "tcp", "web")
    };
    assert_eq!(
        rows(&with(vec![common]).present()),
        ["8080 | tcp | web (exact) |  | common use (aside)"]
    );
}

#[test]
fn a_full_list_says_that_it_is_cut() {
    let full = |count| {
        let uses = (0..count)
            .map(|at| used(at as u16 + 1, "tcp", "x"))
            .collect();
        with(uses).present().warnings
    };
    assert!(full(ports::MAX_MATCHES - 1).is_empty());
    assert_eq!(
        full(ports::MAX_MATCHES),
        ["Only the first 25 matches are shown"]
    );
}
