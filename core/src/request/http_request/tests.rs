use super::{samples::http_request, *};

fn proxies(networks: &[&str], field: &str) -> Proxies {
    Proxies {
        networks: networks
            .iter()
            .map(|network| network.parse().expect("a network"))
            .collect(),
        field: field.parse().ok(),
    }
}

/// Returns caller, port or 0, and the chain as `source address-or-word trusted?`.
fn told(http_request: &HttpRequestInfo, proxies: &Proxies) -> (String, u16, Vec<String>) {
    let chain = http_request.chain(proxies);

    assert_eq!(
        http_request.caller(proxies),
        chain.caller,
        "both ways to ask agree"
    );

    let hop = |hop: &ProxyHop| {
        let said = hop
            .address
            .map(|address| address.to_string())
            .or(hop.said.clone())
            .unwrap_or_default();
        format!(
            "{} {said}{}",
            hop.source,
            if hop.trusted { "" } else { " claimed" }
        )
    };

    (
        chain.caller.to_string(),
        chain.port.unwrap_or_default(),
        chain.hops.iter().map(hop).collect(),
    )
}

const NEAR: &str = "198.51.100.1:5000";

#[test]
fn headers_without_a_trusted_proxy_are_claims() {
    let seen = http_request(
        NEAR,
        &[
            ("x-forwarded-for", "192.0.2.9"),
            ("cf-connecting-ip", "192.0.2.10"),
        ],
    );
    let (caller, port, hops) = told(&seen, &proxies(&["198.51.100.2/32"], ""));
    assert_eq!((caller.as_str(), port), ("198.51.100.1", 5000));
    assert_eq!(
        hops,
        [
            "connection 198.51.100.1",
            "x-forwarded-for 192.0.2.9 claimed",
            "cf-connecting-ip 192.0.2.10 claimed"
        ]
    );
}

#[test]
fn trust_ends_at_the_first_hop_that_is_not_a_trusted_proxy() {
    let http_request = http_request(
        NEAR,
        &[
            ("x-forwarded-for", "192.0.2.66, 203.0.113.5:4000"),
            ("x-forwarded-for", "198.51.100.7"),
        ],
    );
    let (caller, port, hops) = told(&http_request, &proxies(&["198.51.100.0/24"], ""));
    assert_eq!((caller.as_str(), port), ("203.0.113.5", 4000));
    assert_eq!(
        hops,
        [
            "connection 198.51.100.1",
            "x-forwarded-for 198.51.100.7",
            "x-forwarded-for 203.0.113.5",
            "x-forwarded-for 192.0.2.66 claimed",
        ]
    );
}

#[test]
fn forwarded_is_used_without_x_forwarded_for_or_if_configured() {
    let both = [
        ("forwarded", "for=192.0.2.1, for=\"[2001:db8::9]:77\""),
        ("x-forwarded-for", "192.0.2.2"),
    ];
    let trust = &["198.51.100.1/32"];

    assert_eq!(
        told(&http_request(NEAR, &both[..1]), &proxies(trust, "")).0,
        "2001:db8::9"
    );
    assert_eq!(
        told(&http_request(NEAR, &both), &proxies(trust, "")).0,
        "192.0.2.2"
    );

    let (caller, port, _) = told(&http_request(NEAR, &both), &proxies(trust, "forwarded"));
    assert_eq!((caller.as_str(), port), ("2001:db8::9", 77));
    let notes = http_request(NEAR, &both).chain(&proxies(trust, "")).notes;

    assert!(
        notes[0].starts_with("x-forwarded-for was used; forwarded differs"),
        "{notes:?}"
    );
    assert_eq!(
        told(
            &http_request(NEAR, &[("x-real-ip", "192.0.2.3")]),
            &proxies(trust, "")
        )
        .0,
        "192.0.2.3"
    );

    let cdn = [
        ("cf-connecting-ip", "192.0.2.4"),
        ("x-forwarded-for", "192.0.2.5"),
    ];

    assert_eq!(
        told(
            &http_request(NEAR, &cdn),
            &proxies(trust, "cf-connecting-ip")
        )
        .0,
        "192.0.2.4"
    );
}

#[test]
fn a_proxy_that_does_not_name_its_client_is_the_caller() {
    for word in ["unknown", "_hidden", "<script>alert(1)</script>"] {
        let seen = http_request(NEAR, &[("x-forwarded-for", word)]);
        let chain = seen.chain(&proxies(&["198.51.100.0/24"], ""));
        assert_eq!(
            (chain.caller.to_string().as_str(), chain.proxied),
            ("198.51.100.1", false),
            "{word}"
        );
        assert_eq!(chain.hops[1].said.as_deref(), Some(word));
        assert_eq!(chain.notes.len(), 1);
    }
}

#[test]
fn the_number_of_listed_hops_is_bounded() {
    let long = vec!["192.0.2.1"; 1000].join(",");
    let chain =
        http_request(NEAR, &[("x-forwarded-for", &long)]).chain(&proxies(&["198.51.100.0/24"], ""));
    assert_eq!((chain.hops.len(), chain.left_out), (32, 1001 - 32));
    assert_eq!(chain.caller.to_string(), "192.0.2.1");
}

#[test]
fn the_proxy_protocol_is_trusted_if_no_proxies_are_listed_or_the_peer_is() {
    let mut seen = http_request(NEAR, &[("x-forwarded-for", "203.0.113.9")]);
    let ends = (
        "192.0.2.50:999".parse().expect("one"),
        "192.0.2.80:443".parse().expect("one"),
    );

    seen.connection.relayed = Some(Relayed {
        version: 2,
        ends: Some(ends),
        tls: None,
    });

    assert_eq!(
        told(&seen, &proxies(&["198.51.100.0/24"], "")).0,
        "192.0.2.50"
    );
    assert_eq!(
        told(&seen, &proxies(&["198.51.100.0/24", "192.0.2.0/24"], "")).0,
        "203.0.113.9"
    );
    assert_eq!(told(&seen, &proxies(&[], "")).0, "192.0.2.50");
    let (caller, _, hops) = told(&seen, &proxies(&["10.0.0.0/8"], ""));
    assert_eq!(caller, "198.51.100.1");
    assert_eq!(
        hops[1..],
        [
            "proxy_protocol 192.0.2.50 claimed",
            "x-forwarded-for 203.0.113.9 claimed"
        ]
    );
}
