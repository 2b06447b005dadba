use super::*;

fn protocol(name: &str) -> Protocol {
    SENDING
        .into_iter()
        .chain(READING)
        .find(|protocol| protocol.service() == format!("_{name}"))
        .expect("a protocol")
}

/// Servers from SRV records, each named after its protocol.
pub(crate) fn services(names: &[&str]) -> Services {
    let at = |name: &&str| {
        let protocol = protocol(name);
        protocol.at(format!("{name}.test"), protocol.port(), Evidence::Srv)
    };
    Services {
        found: names.iter().map(at).collect(),
        ..Services::default()
    }
}

#[test]
fn protocols_have_the_ports_of_their_rfcs() {
    for (name, port, security, encryption) in [
        ("submissions", 465, "TLS", "TLS"),
        ("submission", 587, "STARTTLS", "STARTTLS"),
        ("imaps", 993, "TLS", "TLS"),
        ("imap", 143, "STARTTLS", "STARTTLS"),
        ("pop3s", 995, "TLS", "TLS"),
        ("pop3", 110, "STARTTLS", "STLS"),
        ("jmap", 443, "TLS", "TLS"),
    ] {
        let protocol = protocol(name);
        assert_eq!(
            (
                protocol.port(),
                protocol.security().as_str(),
                protocol.encryption()
            ),
            (port, security, encryption),
            "{name}"
        );
    }
}

#[test]
fn the_best_server_is_open_then_from_srv_then_guessed() {
    let mut services = services(&["submissions", "submission"]);
    services.found[0].evidence = Evidence::UsualName;
    assert_eq!(
        services.best().map(|best| best.port),
        Some(587),
        "a record before a guess"
    );
    services.found[0].state = Some(PortState::Open);
    services.found[1].state = Some(PortState::Closed);
    assert_eq!(
        services.best().map(|best| best.port),
        Some(465),
        "what is open before what is named"
    );
    services.found.truncate(1);
    services.found[0].state = None;
    assert_eq!(services.best().map(|best| best.port), Some(465));
    assert!(Services::default().best().is_none());
}

#[test]
fn filtering_keeps_only_the_given_protocols() {
    let mut all = services(&["submissions", "imaps", "pop3s"]);
    all.refused = vec![Submission, Jmap];
    all.automatic = vec!["autoconfig.test".into()];
    let reading = all.only(&READING);
    let hosts: Vec<_> = reading.found.iter().map(|it| it.host.as_str()).collect();
    assert_eq!(hosts, ["imaps.test", "pop3s.test"]);
    assert_eq!(reading.refused, [Jmap]);
    assert_eq!(reading.automatic, ["autoconfig.test"], "of the domain");
    assert_eq!(all.only(&[]).found.len(), 0);
}
