use super::*;
use crate::settings::Server;

fn settings(servers: &[&str]) -> settings::Dns {
    let server = |text: &&str| Server::Resolver(text.parse().expect("a resolver"));
    settings::Dns {
        servers: servers.iter().map(server).collect(),
        timeout_ms: 100,
        attempts: 1,
        trust_anchor: String::new(),
        private_names: Vec::new(),
        public_resolvers: Vec::new(),
        root_hints: Vec::new(),
    }
}

fn dns(settings: &settings::Dns) -> Result<Dns, Failure> {
    let tls = Tls::new(&settings::Tls { ca_files: vec![] });
    Dns::new(settings, Arc::new(Guard::new(&[], &[])), tls)
}

fn resolver(text: &str) -> Resolver {
    text.parse().expect("a resolver")
}

#[test]
fn resolvers_returns_the_labels_of_the_configured_servers() {
    let servers = [
        "192.0.2.53",
        "192.0.2.53:5353",
        "tcp://[2001:db8::53]",
        "tls://192.0.2.53#dns.example",
        "https://192.0.2.53/own#dns.example",
        "quic://192.0.2.53:8853#dns.example",
    ];
    let dns = dns(&settings(&servers)).expect("configured");
    assert!(dns.is_configured().is_ok());
    insta::assert_snapshot!(dns.resolvers().join("\n"), @r#"
    192.0.2.53:53
    192.0.2.53:5353
    [2001:db8::53]:53
    tls://192.0.2.53#dns.example
    https://192.0.2.53/own#dns.example
    quic://192.0.2.53:8853#dns.example
    "#);
}

#[test]
fn rejects_a_configured_server_without_an_address() {
    let dns = dns(&settings(&["tls://dns.example"])).expect("other settings are valid");
    let failure = dns.is_configured().expect_err("a name");
    assert_eq!(
        failure.to_string(),
        "dns.servers: `tls://dns.example`: expected an IP address, got a name; add the certificate's name after `#`"
    );
    assert!(dns.resolvers().is_empty());
}

#[test]
fn reports_an_unreadable_trust_anchor_at_startup() {
    let settings = settings::Dns {
        trust_anchor: "/nowhere/root.key".into(),
        private_names: Vec::new(),
        public_resolvers: Vec::new(),
        root_hints: Vec::new(),
        ..settings(&["192.0.2.53"])
    };
    let failure = dns(&settings).err().expect("no such file").to_string();
    assert!(
        failure.starts_with("dns.trust_anchor: /nowhere/root.key: "),
        "{failure}"
    );
}

#[tokio::test]
async fn the_guard_checks_servers_named_by_the_user_but_not_configured_ones() {
    let dns = dns(&settings(&["127.0.0.1:1"])).expect("configured");
    assert!(dns.client(None).await.is_ok());
    for refused in ["127.0.0.1", "tls://10.0.0.1", "[::1]:53"] {
        let failure = dns.client(Some(&resolver(refused))).await.err();
        assert!(
            matches!(failure, Some(Failure::Refused { .. })),
            "{refused}: {failure:?}"
        );
    }
}

#[tokio::test]
async fn the_label_of_a_user_named_server_is_its_input() {
    let dns = dns(&settings(&["127.0.0.1:1"])).expect("configured");
    for (text, label) in [
        ("8.8.8.8", "8.8.8.8:53"),
        ("tcp://8.8.8.8:5353", "8.8.8.8:5353"),
        ("tls://8.8.8.8#dns.google", "tls://8.8.8.8#dns.google"),
    ] {
        let client = dns.client(Some(&resolver(text))).await.expect(text);
        assert_eq!(client.servers[0].label, label);
    }
}

#[test]
fn the_label_of_a_named_server_includes_its_address() {
    let server = resolver("dns.example");
    let address = "192.0.2.53:53".parse().expect("an address");
    let upstream = upstream_of(&server, address, None, Duration::from_secs(1));
    assert_eq!(upstream.label, "dns.example (192.0.2.53:53)");
}

#[test]
fn the_guard_checks_all_addresses_of_an_authoritative_server() {
    let dns = dns(&settings(&["127.0.0.1:1"])).expect("configured");
    let timeout = Duration::from_secs(1);
    let public = IpAddr::from([8, 8, 8, 8]);
    let authority = |addresses: &[IpAddr]| dns.authority("ns.example", addresses, timeout);
    let client = authority(&[public]).expect("public");
    assert_eq!(client.servers[0].label, "8.8.8.8:53");
    let both = authority(&[public, IpAddr::from([10, 0, 0, 1])]);
    assert!(matches!(both, Err(Failure::Refused { .. })));
}

#[test]
fn tls_https_and_quic_are_encrypted() {
    use Transport::{Https, Quic, Tcp, Tls, Udp};
    let all = [Udp, Tcp, Tls, Https, Quic].map(encrypted);
    assert_eq!(all, [false, false, true, true, true]);
}

#[tokio::test]
async fn a_resolver_on_another_port_is_refused_or_counts_as_a_port_check() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let dns = dns(&settings(&["127.0.0.1:1"])).expect("configured");
    let ports = Arc::new(crate::ports::test_ports(&["53", "443", "853"], &["43"]));
    for (text, expected) in [
        ("8.8.8.8", Ok(0)),
        ("tcp://8.8.8.8", Ok(0)),
        ("tls://8.8.8.8#dns.google", Ok(0)),
        ("https://8.8.8.8/dns-query", Ok(0)),
        ("8.8.8.8:53", Ok(0)),
        ("tcp://8.8.8.8:443", Ok(1)),
        ("quic://8.8.8.8:443", Ok(1)),
        ("tls://8.8.8.8:53", Ok(1)),
        ("tcp://8.8.8.8:22", Err(22)),
        ("8.8.8.8:5353", Err(5353)),
        ("tls://8.8.8.8:25", Err(25)),
        ("https://8.8.8.8:8443/", Err(8443)),
    ] {
        let checks = Arc::<AtomicUsize>::default();
        let counter = checks.clone();
        let budget = egress_budget::EgressBudget::new(0).restricting(ports.clone(), move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        let named = resolver(text);
        let client = budget.during(dns.client(Some(&named))).await;
        match (client, expected) {
            (Ok(_), Ok(count)) => assert_eq!(checks.load(Ordering::Relaxed), count, "{text}"),
            (Err(Failure::RefusedPort { port, .. }), Err(refused)) => assert_eq!(port, refused),
            (client, _) => panic!("{text}: {:?}", client.err()),
        }
        // The operator's own lookups use every port.
        let own = egress_budget::EgressBudget::new(0).during(dns.client(Some(&named)));
        assert!(own.await.is_ok(), "{text}");
    }
}
