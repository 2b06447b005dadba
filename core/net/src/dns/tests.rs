use super::*;

fn settings(servers: &[&str]) -> settings::Dns {
    let server = |text: &&str| Server::Resolver(text.parse().expect("a resolver"));
    settings::Dns {
        servers: servers.iter().map(server).collect(),
        timeout_ms: 100,
        attempts: 1,
        trust_anchor: String::new(),
    }
}

fn dns(settings: &settings::Dns) -> Result<Dns, Failure> {
    let tls = Tls::new(&settings::Tls { ca_files: vec![] });
    Dns::new(settings, Arc::new(Guard::new(&[], &[])), tls)
}

fn chosen(text: &str) -> Resolver {
    text.parse().expect("a resolver")
}

#[test]
fn configured_servers_are_named_as_answers_name_them() {
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
    assert_eq!(dns.name_servers().len(), servers.len());
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
fn a_configured_server_needs_an_address() {
    let dns = dns(&settings(&["tls://dns.example"])).expect("the rest is there");
    let failure = dns.is_configured().expect_err("a name");
    assert_eq!(
        failure.to_string(),
        "dns.servers: `tls://dns.example` needs an address, with the certificate's name after `#`"
    );
    assert!(dns.resolvers().is_empty() && dns.name_servers().is_empty());
}

#[test]
fn a_trust_anchor_that_cannot_be_read_is_told_at_the_start() {
    let settings = settings::Dns {
        trust_anchor: "/nowhere/root.key".into(),
        ..settings(&["192.0.2.53"])
    };
    let failure = dns(&settings).err().expect("no such file").to_string();
    assert!(
        failure.starts_with("dns.trust_anchor: /nowhere/root.key: "),
        "{failure}"
    );
}

#[tokio::test]
async fn a_chosen_server_passes_the_guard_and_the_configured_one_does_not_need_to() {
    let dns = dns(&settings(&["127.0.0.1:1"])).expect("configured");
    assert!(dns.client(None).await.is_ok());
    for refused in ["127.0.0.1", "tls://10.0.0.1", "[::1]:53"] {
        let failure = dns.client(Some(&chosen(refused))).await.err();
        assert!(
            matches!(failure, Some(Failure::Refused { .. })),
            "{refused}: {failure:?}"
        );
    }
}

#[tokio::test]
async fn a_chosen_server_is_named_by_what_was_chosen() {
    let dns = dns(&settings(&["127.0.0.1:1"])).expect("configured");
    for (text, label) in [
        ("8.8.8.8", "8.8.8.8:53"),
        ("tcp://8.8.8.8:5353", "8.8.8.8:5353"),
        ("tls://8.8.8.8#dns.google", "tls://8.8.8.8#dns.google"),
    ] {
        let client = dns.client(Some(&chosen(text))).await.expect(text);
        assert_eq!(client.servers[0].label, label);
    }
}

#[test]
fn a_name_in_front_of_an_address_is_shown_with_it() {
    let resolver = chosen("dns.example");
    let address = "192.0.2.53:53".parse().expect("an address");
    let upstream = upstream(&resolver, address, None, Duration::from_secs(1));
    assert_eq!(upstream.label, "dns.example (192.0.2.53:53)");
}

#[test]
fn a_zones_own_server_is_vetted_with_all_its_addresses() {
    let dns = dns(&settings(&["127.0.0.1:1"])).expect("configured");
    let patience = Duration::from_secs(1);
    let public = IpAddr::from([8, 8, 8, 8]);
    let authority = |addresses: &[IpAddr]| dns.authority("ns.example", addresses, patience);
    let client = authority(&[public]).expect("public");
    assert_eq!(client.servers[0].label, "8.8.8.8:53");
    let both = authority(&[public, IpAddr::from([10, 0, 0, 1])]);
    assert!(matches!(both, Err(Failure::Refused { .. })));
}

#[test]
fn only_plain_dns_is_not_encrypted() {
    use Transport::{Https, Quic, Tcp, Tls, Udp};
    let all = [Udp, Tcp, Tls, Https, Quic].map(encrypted);
    assert_eq!(all, [false, false, true, true, true]);
}
