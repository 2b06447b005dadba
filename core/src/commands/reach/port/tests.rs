use super::*;
use crate::commands::testing::{head, rows};
use crate::testing::read_back::ReadBack;

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
        protocol: protocol.into(),
        service: service.into(),
        description: "".into(),
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
fn summary_of_a_single_match() {
    assert_eq!(
        head(&data("443/udp").present_checked()),
        ("https over UDP", Severity::Neutral)
    );
    assert_eq!(
        rows(&with(vec![used(9, "tcp", "discard")]).present_checked()),
        ["9 | tcp | discard (exact) |  | IANA (aside)"]
    );
}

#[test]
fn names_each_service_of_a_port_once() {
    let uses = vec![
        used(53, "tcp", "domain"),
        used(53, "udp", "domain"),
        used(53, "udp", "other"),
    ];
    assert_eq!(
        head(&with(uses).present_checked()).0,
        "Port 53: domain, other"
    );
    let ports = vec![used(5432, "tcp", "postgresql"), used(5433, "tcp", "pyrrho")];
    assert_eq!(head(&with(ports).present_checked()).0, "2 matches");
}

#[test]
fn explains_a_port_without_matches() {
    assert_eq!(
        head(&with(vec![]).present_checked()).0,
        "No service with this name"
    );
    let unused = Data {
        range: Some(ports::port_range(65_000).into()),
        ..with(vec![])
    };
    let document = unused.present_checked();
    assert_eq!(
        head(&document).0,
        "No known service; dynamic port, never assigned"
    );
    assert!(rows(&document).is_empty());
}

#[test]
fn marks_unofficial_services() {
    let common = PortMatch {
        unofficial: true,
        ..used(8080, "tcp", "web")
    };
    assert_eq!(
        rows(&with(vec![common]).present_checked()),
        ["8080 | tcp | web (exact) |  | common use (aside)"]
    );
}

#[test]
fn notes_a_truncated_list() {
    let full = |count| {
        let uses = (0..count)
            .map(|at| used(at as u16 + 1, "tcp", "x"))
            .collect();
        with(uses).present_checked().warnings
    };
    assert!(full(ports::MAX_MATCHES - 1).is_empty());
    assert_eq!(
        full(ports::MAX_MATCHES),
        ["Only the first 25 matches are shown"]
    );
}
