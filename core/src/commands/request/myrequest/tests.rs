use super::*;
use crate::request::http_request::samples;
use crate::testing::read_back::ReadBack;

fn variables(http_request: &HttpRequestInfo, proxies: &Proxies) -> Map<String, Value> {
    Data::of(http_request, proxies).variables
}

#[test]
fn variables_have_cgi_names() {
    let mut http_request = samples::http_request(
        "192.0.2.1:4711",
        &[
            ("host", "netvane.example:8080"),
            ("x-odd", "1"),
            ("x-odd", "2"),
            ("content-type", "text/plain"),
        ],
    );

    http_request.uri = "/v1/commands/myrequest?a=b%20c".parse().expect("a URI");
    let found = variables(&http_request, &Proxies::default());

    for (name, value) in [
        ("REMOTE_ADDR", "192.0.2.1"),
        ("REMOTE_PORT", "4711"),
        ("REQUEST_METHOD", "GET"),
        ("QUERY_STRING", "a=b%20c"),
        ("REQUEST_URI", "/v1/commands/myrequest?a=b%20c"),
        ("SERVER_NAME", "netvane.example"),
        ("SERVER_PORT", "80"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("REQUEST_SCHEME", "http"),
        ("HTTP_X_ODD", "1, 2"),
        ("CONTENT_TYPE", "text/plain"),
    ] {
        assert_eq!(
            found.get(name).and_then(Value::as_str),
            Some(value),
            "{name}"
        );
    }

    assert!(!found.contains_key("HTTP_CONTENT_TYPE") && !found.contains_key("HTTPS"));
}

#[test]
fn takes_tls_from_trusted_proxies_only() {
    let http_request = samples::http_request("192.0.2.1:4711", &[("x-forwarded-proto", "https")]);
    assert_eq!(
        variables(&http_request, &Proxies::default())["REQUEST_SCHEME"],
        "http"
    );
    let settings = crate::settings::Settings::load(
        None,
        [(
            "NETVANE__HTTP__TRUSTED_PROXIES".to_owned(),
            "192.0.2.0/24".to_owned(),
        )],
    );
    let proxies = Proxies::new(&settings.expect("settings").http);
    assert_eq!(variables(&http_request, &proxies)["HTTPS"], "on");
}

#[test]
fn hides_credentials_from_others() {
    let mut http_request = samples::http_request(
        "192.0.2.1:1",
        &[("cookie", "secret=1"), ("authorization", "Bearer x")],
    );
    assert_eq!(
        variables(&http_request, &Proxies::default())["HTTP_COOKIE"],
        "secret=1"
    );
    http_request.for_others = true;
    let data = Data::of(&http_request, &Proxies::default());
    let written =
        serde_json::to_string(&data).expect("JSON") + &format!("{:?}", data.present_checked());
    assert!(
        !written.contains("secret=1") && !written.contains("Bearer"),
        "{written}"
    );
    assert_eq!(data.headers[0].1, "(8 characters, hidden)");
}

#[test]
fn tls_variables_of_a_trusted_proxy_have_apache_names() {
    let mut http_request = samples::http_request("192.0.2.1:4711", &[]);

    http_request.connection.relayed = Some(crate::request::http_request::Relayed {
        version: 2,
        ends: Some((
            "198.51.100.7:5000".parse().expect("an address"),
            "203.0.113.1:443".parse().expect("an address"),
        )),
        tls: Some(ClientTls {
            protocol: Some("TLSv1.3".into()),
            cipher: Some("TLS_AES_128_GCM_SHA256".into()),
            server_name: None,
            client_name: Some("alice".into()),
        }),
    });

    let trusting = |network: &str| {
        let mut http = crate::settings::Settings::default().http;
        http.trusted_proxies.extend(network.parse::<ipnet::IpNet>());
        variables(&http_request, &Proxies::new(&http))
    };

    let variables = trusting("192.0.2.0/24");

    for (name, value) in [
        ("SSL_PROTOCOL", Some("TLSv1.3")),
        ("SSL_CIPHER", Some("TLS_AES_128_GCM_SHA256")),
        ("SSL_TLS_SNI", None),
        ("SSL_CLIENT_S_DN_CN", Some("alice")),
        ("HTTPS", Some("on")),
        ("REQUEST_SCHEME", Some("https")),
        ("REMOTE_ADDR", Some("198.51.100.7")),
        ("REMOTE_PORT", Some("5000")),
        ("PROXY_ADDR", Some("192.0.2.1")),
        ("PROXY_PORT", Some("4711")),
        ("SERVER_ADDR", Some("203.0.113.1")),
        ("SERVER_PORT", Some("443")),
    ] {
        assert_eq!(variables.get(name).and_then(Value::as_str), value, "{name}");
    }
}

#[test]
fn scheme_is_http_or_https_from_the_nearest_proxy() {
    let mut http = crate::settings::Settings::default().http;
    http.trusted_proxies
        .extend("192.0.2.0/24".parse::<ipnet::IpNet>());
    let proxies = Proxies::new(&http);
    for (value, expected) in [
        ("https", "https"),
        ("HTTPS", "https"),
        ("http, https", "https"),
        ("https, http", "http"),
        ("javascript", "http"),
        ("", "http"),
    ] {
        let http_request = samples::http_request("192.0.2.1:4711", &[("x-forwarded-proto", value)]);
        assert_eq!(
            scheme(&http_request, false, &proxies),
            expected,
            "{value:?}"
        );
        assert_eq!(scheme(&http_request, true, &Proxies::default()), "https");
    }
}

#[test]
fn removes_only_the_port_of_a_host() {
    for (host, name) in [
        ("example.test", "example.test"),
        ("example.test:8080", "example.test"),
        ("example.test:", "example.test"),
        ("[2001:db8::1]:80", "[2001:db8::1]"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("a:b", "a:b"),
        ("", ""),
    ] {
        assert_eq!(without_port(host), name, "{host:?}");
    }
}

#[test]
fn protocols_have_their_usual_names() {
    assert_eq!(protocol(Version::HTTP_11), "HTTP/1.1");
    assert_eq!(protocol(Version::HTTP_2), "HTTP/2");
}

#[test]
fn truncates_long_values_at_a_character() {
    let fits = "é".repeat(MAX_VALUE_CHARS);
    assert_eq!(truncate(&fits), fits);
    let longer = format!("{fits}é");
    assert_eq!(truncate(&longer), format!("{fits}… (4001 characters)"));
    assert_eq!(truncate(""), "");
}

#[test]
fn the_summary_is_the_request_line() {
    let http_request = samples::http_request(
        "192.0.2.1:1",
        &[("accept", "*/*"), ("x-a", "1"), ("x-a", "2")],
    );
    let document = Data::of(&http_request, &Proxies::default()).present_checked();
    assert_eq!(document.summary, "GET /me HTTP/1.1, 3 header fields");
    assert!(document.warnings.is_empty());
}
