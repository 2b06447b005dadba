use super::*;

#[test]
fn names() {
    assert_eq!(
        name("Example Ltd [Tag = EXAMPLE]").as_deref(),
        Some("Example Ltd")
    );
    assert_eq!(
        name("Example Inc. (R99-LRMS)").as_deref(),
        Some("Example Inc.")
    );
    assert_eq!(
        name("Example (Europe) GmbH").as_deref(),
        Some("Example (Europe) GmbH")
    );
    assert_eq!(
        name("Example Corp.(http://example.test)").as_deref(),
        Some("Example Corp.")
    );
    assert_eq!(name("((((").as_deref(), None);
    for none in [
        "REDACTED FOR PRIVACY",
        "n/a",
        "-",
        "Data Protected",
        "NOT DISCLOSED!",
        "*****",
        "http://a.test",
    ] {
        assert_eq!(name(none), None, "{none}");
    }

    assert!(is_organization("Example Trading GmbH") && !is_organization("Erika Mustermann"));
}

#[test]
fn servers() {
    let mut list = Vec::new();

    for value in [
        "NS1.EXAMPLE.COM. 192.0.2.1",
        "ns1.example.com",
        "ns2.example.com ()",
        "ns3.example.com [OK]",
        "ns4.example.net, ns5.example.net",
        "192.0.2.9",
        "No nameserver",
        "ns6.example.org | IPv4: 192.0.2.3",
        "1) ns7.example.org",
        "example",
        "ns8.example.org (192.0.2.1)",
    ] {
        nameservers(&mut list, value);
    }

    let hosts: Vec<_> = list
        .iter()
        .filter_map(|host| host.split('.').next())
        .collect();

    assert_eq!(
        hosts,
        ["ns1", "ns2", "ns3", "ns4", "ns5", "ns6", "ns7", "ns8"]
    );
}

#[test]
fn contacts() {
    assert_eq!(
        email("Abuse <abuse@example.net>").as_deref(),
        Some("abuse@example.net")
    );
    assert_eq!(email("user@localhost"), None);
    assert_eq!(phone("+1.2083895740").as_deref(), Some("+1.2083895740"));
    assert_eq!(phone("see web site 2024010203"), None);
    assert_eq!(
        url("http://example.net/x y").as_deref(),
        Some("http://example.net/x")
    );
    assert_eq!(iana_id("H269407"), None);
    assert_eq!(signed("signed delegation"), Some(true));
    assert_eq!(signed("maybe"), None);
}
