use super::*;
use crate::{
    commands::{
        address::geo::tests::{known, unknown},
        testing::{field, head, rows, shown},
    },
    request::http_request::samples,
    testing::read_back::ReadBack,
};

fn hop(address: &str, source: &'static str, trusted: bool) -> ProxyHop {
    ProxyHop {
        address: address.parse().ok(),
        port: None,
        said: address
            .parse::<IpAddr>()
            .is_err()
            .then(|| address.to_owned()),
        source: source.into(),
        trusted,
    }
}

fn data(via: Via, chain: Vec<ProxyHop>) -> Data {
    Data {
        address: "192.0.2.1".parse().expect("an address"),
        port: Some(4711),
        via,
        chain,
        chain_left_out: 0,
        proxy_headers: BTreeMap::new(),
        geo: unknown("192.0.2.1"),
        names: vec![],
        notes: vec![],
    }
}

#[test]
fn a_direct_connection_has_no_proxy_chain() {
    let direct = data(Via::Direct, vec![hop("192.0.2.1", "connection", true)]);
    let document = direct.present_checked();
    assert_eq!(
        head(&document),
        (
            "Your IP address is 192.0.2.1, direct connection",
            Severity::Neutral
        )
    );
    assert!(rows(&document).is_empty());
    assert_eq!(field(&document, "Your port"), Some("4711"));
    assert!(document.warnings.is_empty());
}

#[test]
fn summary_names_the_proxies_up_to_the_client() {
    let proxied = data(
        Via::Proxy,
        vec![
            hop("198.51.100.1", "connection", true),
            hop("198.51.100.2", "x-forwarded-for", true),
            hop("192.0.2.1", "x-forwarded-for", true),
            hop("203.0.113.7", "x-forwarded-for", false),
        ],
    );
    assert_eq!(
        head(&proxied.present_checked()).0,
        "Your IP address is 192.0.2.1, via 198.51.100.1, 198.51.100.2"
    );
}

#[test]
fn proxy_chain_shows_source_and_trust() {
    let mut data = data(
        Via::Proxy,
        vec![
            hop("198.51.100.1", "connection", true),
            hop("198.51.100.2", "proxy_protocol", true),
            hop("192.0.2.1", "forwarded", true),
            hop("unknown <b>", "forwarded", false),
        ],
    );

    data.geo = known("192.0.2.1");
    data.names = vec!["a.example.test".into()];
    data.chain_left_out = 2;
    data.notes = vec!["Forwarded and X-Forwarded-For differ".into()];
    data.proxy_headers.insert("via".into(), "1.1 proxy".into());
    insta::assert_snapshot!(shown(&data.present_checked()), @r#"
    # Your IP address
    · Your IP address is 192.0.2.1, via 198.51.100.1, 198.51.100.2
    Address: 192.0.2.1 (address)
    Class: global
    Country: Germany (DE)
    Region: Hesse (exact)
    City: Frankfurt (exact)
    Postal code: 60311 (exact)
    Position: 50.1155, 8.6842, within 20 km
    Time zone: Europe/Berlin (exact)
    Network: AS64496 Example Net (exact)
    Block: 192.0.2.0/24 (address)
    Names: a.example.test (domain)
    Your port: 4711
    ## Proxy chain, nearest first
    [Address | Source | Trust]
    198.51.100.1 (address) | this connection | verified (good)
    198.51.100.2 (address) | PROXY protocol | verified (good)
    192.0.2.1 (address) | forwarded | verified (good)
    unknown <b> (exact) | forwarded | unverified (warning)
    ## Proxy headers
    [Field | Value]
    via | 1.1 proxy (exact)
    Data: Cities of 2026-01-02, Networks of unknown date. Country: IPFire Location (CC BY-SA 4.0). AS: RouteViews, NRO, DB-IP.com (CC BY 4.0). (aside)
    ! 2 more addresses in the chain are not shown
    ! Unverified entries may be forged; only entries added by trusted proxies are verified.
    ! Forwarded and X-Forwarded-For differ
    "#);
}

#[test]
fn lists_only_proxy_headers() {
    let http_request = samples::http_request(
        "192.0.2.1:1",
        &[
            ("via", "1.1 a"),
            ("via", "1.1 b"),
            ("x-forwarded-for", "192.0.2.7"),
            ("cf-ray", "1"),
            ("user-agent", "x"),
            ("cookie", "secret=1"),
            ("authorization", "Bearer x"),
            ("proxy-connection", "keep-alive"),
            ("x-forwardedness", "no"),
        ],
    );
    let names: Vec<String> = proxy_headers(&http_request).into_keys().collect();
    assert_eq!(
        names,
        ["cf-ray", "proxy-connection", "via", "x-forwarded-for"]
    );
    assert_eq!(proxy_headers(&http_request)["via"], "1.1 a, 1.1 b");
}

#[test]
fn names_sources() {
    assert_eq!(source_name("connection"), "this connection");
    assert_eq!(source_name("proxy_protocol"), "PROXY protocol");
    assert_eq!(source_name("cf-connecting-ip"), "cf-connecting-ip");
}

#[test]
fn json_has_the_kind_of_connection() {
    let json = serde_json::to_value(data(Via::Proxy, vec![])).expect("JSON");
    assert_eq!(json["via"], "proxy");
    assert!(json.get("chain_left_out").is_none() && json.get("notes").is_none());
    assert_eq!(
        data(Via::Direct, vec![]).lifetime(),
        Duration::from_secs(30)
    );
}
