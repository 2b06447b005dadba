use super::*;
use crate::{
    commands::{
        address::geo::tests::{known, unknown},
        testing::{field, head, rows, shown},
    },
    request::http_request::samples,
};

fn hop(address: &str, source: &'static str, trusted: bool) -> Hop {
    Hop {
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

fn data(via: Way, chain: Vec<Hop>) -> Data {
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
fn a_direct_caller_has_no_stations() {
    let direct = data(Way::Direct, vec![hop("192.0.2.1", "connection", true)]);
    let document = direct.present();
    assert_eq!(
        head(&document),
        ("You come from 192.0.2.1, directly", Severity::Neutral)
    );
    assert!(rows(&document).is_empty());
    assert_eq!(field(&document, "Your port"), Some("4711"));
    assert!(document.warnings.is_empty());
}

#[test]
fn proxies_are_named_up_to_the_caller() {
    let proxied = data(
        Way::Proxy,
        vec![
            hop("198.51.100.1", "connection", true),
            hop("198.51.100.2", "x-forwarded-for", true),
            hop("192.0.2.1", "x-forwarded-for", true),
            hop("203.0.113.7", "x-forwarded-for", false),
        ],
    );
    assert_eq!(
        head(&proxied.present()).0,
        "You come from 192.0.2.1, through 198.51.100.1, 198.51.100.2"
    );
}

#[test]
fn stations_say_who_names_them_and_what_that_is_worth() {
    let mut data = data(
        Way::Proxy,
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
    insta::assert_snapshot!(shown(&data.present()), @r#"
    # Your address
    · You come from 192.0.2.1, through 198.51.100.1, 198.51.100.2
    Address: 192.0.2.1 (address)
    Class: global
    Country: Germany (DE)
    Region: Hesse (exact)
    City: Frankfurt (exact)
    Postal code: 60311 (exact)
    Position: 50.1155, 8.6842, within 20 km
    Time zone: Europe/Berlin (exact)
    Network of: AS64496 Example Net (exact)
    Block: 192.0.2.0/24 (address)
    Names: a.example.test (domain)
    Your port: 4711
    ## From here outwards
    [Station | Said by | Worth]
    198.51.100.1 (address) | this connection | believed (good)
    198.51.100.2 (address) | PROXY protocol | believed (good)
    192.0.2.1 (address) | forwarded | believed (good)
    unknown <b> (exact) | forwarded | a claim (warning)
    ## What proxies wrote
    [Field | Value]
    via | 1.1 proxy (exact)
    Data: Cities of 2026-01-02, Networks of unknown date. Country: IPFire Location (CC BY-SA 4.0). AS: RouteViews, NRO, DB-IP.com (CC BY 4.0). (aside)
    ! 2 more stations were named
    ! Claims come from whoever sent the request; only trusted proxies are believed.
    ! Forwarded and X-Forwarded-For differ
    "#);
}

#[test]
fn only_header_fields_of_proxies_are_listed() {
    let visit = samples::visit(
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
    let names: Vec<String> = proxy_headers(&visit).into_keys().collect();
    assert_eq!(
        names,
        ["cf-ray", "proxy-connection", "via", "x-forwarded-for"]
    );
    assert_eq!(proxy_headers(&visit)["via"], "1.1 a, 1.1 b");
}

#[test]
fn sources_are_words() {
    assert_eq!(said_by("connection"), "this connection");
    assert_eq!(said_by("proxy_protocol"), "PROXY protocol");
    assert_eq!(said_by("cf-connecting-ip"), "cf-connecting-ip");
}

#[test]
fn json_says_how_the_caller_came() {
    let json = serde_json::to_value(data(Way::Proxy, vec![])).expect("JSON");
    assert_eq!(json["via"], "proxy");
    assert!(json.get("chain_left_out").is_none() && json.get("notes").is_none());
    assert_eq!(
        data(Way::Direct, vec![]).lifetime(),
        Duration::from_secs(30)
    );
}
