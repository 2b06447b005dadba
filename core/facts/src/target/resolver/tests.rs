//! All valid forms of a resolver, and invalid ones.

use super::*;

#[test]
fn parses_every_documented_form() {
    for (text, canonical) in [
        ("192.0.2.53", "192.0.2.53"),
        ("192.0.2.53:5353", "192.0.2.53:5353"),
        ("udp://192.0.2.53", "192.0.2.53"),
        ("tcp://192.0.2.53", "tcp://192.0.2.53"),
        ("2001:db8::53", "[2001:db8::53]"),
        ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
        ("DNS.example", "dns.example"),
        ("dns.example:53", "dns.example:53"),
        (
            "tls://192.0.2.53#dns.example",
            "tls://192.0.2.53#dns.example",
        ),
        ("tls://dns.example:8853", "tls://dns.example:8853"),
        (
            "https://dns.example/dns-query",
            "https://dns.example/dns-query",
        ),
        ("https://192.0.2.53/", "https://192.0.2.53"),
        ("quic://dns.example", "quic://dns.example"),
    ] {
        let resolver: Resolver = text.parse().expect(text);
        assert_eq!(resolver.to_string(), canonical);
        assert_eq!(
            canonical.parse::<Resolver>().as_ref(),
            Ok(&resolver),
            "{canonical} reads back"
        );
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let message = |text: &str| text.parse::<Resolver>().expect_err(text).message;
    assert_eq!(
        message("ftp://x"),
        "expected host, host:port, udp://…, tcp://…, tls://…, https://… or quic://…"
    );
    assert_eq!(message("192.0.2.1:0"), "port must be 1–65535");
    assert_eq!(
        message("192.0.2.1#name"),
        "`#NAME` requires `tls://`, `https://` or `quic://`"
    );
    assert_eq!(
        message("tls://192.0.2.1/path"),
        "`tls://` does not support a path"
    );
    assert!("a b".parse::<Resolver>().is_err());
}

#[test]
fn each_transport_has_its_port_and_scheme() {
    for (transport, port, scheme) in [
        (Transport::Udp, 53, "udp"),
        (Transport::Tcp, 53, "tcp"),
        (Transport::Tls, 853, "tls"),
        (Transport::Https, 443, "https"),
        (Transport::Quic, 853, "quic"),
    ] {
        assert_eq!(
            (transport.default_port(), transport.scheme()),
            (port, scheme)
        );
        assert_eq!(scheme_of(&scheme.to_uppercase()), Ok(transport));
    }
}

#[test]
fn parses_endpoints() {
    for (text, host, port) in [
        ("192.0.2.1", "192.0.2.1", None),
        ("192.0.2.1:53", "192.0.2.1", Some(53)),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8::1]:65535", "2001:db8::1", Some(65535)),
        ("2001:db8::1", "2001:db8::1", None),
        ("DNS.example:1", "dns.example", Some(1)),
    ] {
        let endpoint: Endpoint = text.parse().expect(text);
        assert_eq!(
            (endpoint.host.to_string().as_str(), endpoint.port),
            (host, port),
            "{text}"
        );
    }

    for text in [
        "",
        ":53",
        "192.0.2.1:",
        "192.0.2.1:0",
        "192.0.2.1:65536",
        "192.0.2.1:x",
        "[]:53",
        "a b:1",
    ] {
        assert!(text.parse::<Endpoint>().is_err(), "{text}");
    }
}

#[test]
fn accepts_paths_and_names_only_where_supported() {
    let resolver: Resolver = "https://dns.example:8443/dns-query#cert.example"
        .parse()
        .expect("a resolver");
    assert_eq!(resolver.path.as_deref(), Some("/dns-query"));
    assert_eq!(resolver.name.as_deref(), Some("cert.example"));
    assert_eq!(
        resolver.to_string(),
        "https://dns.example:8443/dns-query#cert.example"
    );

    for text in [
        "udp://192.0.2.1/x",
        "tcp://192.0.2.1#name",
        "quic://dns.example/x",
        "https://dns.example/é",
        "tls://dns.example#",
        "tls://dns.example#a b",
        "https://",
        "://x",
    ] {
        assert!(text.parse::<Resolver>().is_err(), "{text}");
    }

    let long = format!("https://dns.example/{}", "a".repeat(199));
    assert!(long.parse::<Resolver>().is_ok());
    assert!(format!("{long}a").parse::<Resolver>().is_err());
}
