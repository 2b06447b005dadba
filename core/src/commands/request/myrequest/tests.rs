use super::*;
use crate::request::http_request::samples;

fn variables(visit: &Visit, proxies: &Proxies) -> Map<String, Value> {
    Data::of(visit, proxies).variables
}

#[test]
fn variables_are_named_as_cgi_names_them() {
    let mut visit = samples::visit(
        "192.0.2.1:4711",
        &[
            ("host", "netvane.example:8080"),
            ("x-odd", "1"),
            ("x-odd", "2"),
            ("content-type", "text/plain"),
        ],
    );

    visit.uri = "/v1/commands/myrequest?a=b%20c".parse().expect("a URI");
    let found = variables(&visit, &Proxies::default());

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
fn tls_is_known_from_trusted_proxies_only() {
    let visit = samples::visit("192.0.2.1:4711", &[("x-forwarded-proto", "https")]);
    assert_eq!(
        variables(&visit, &Proxies::default())["REQUEST_SCHEME"],
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
    assert_eq!(variables(&visit, &proxies)["HTTPS"], "on");
}

#[test]
fn others_do_not_read_credentials() {
    let mut visit = samples::visit(
        "192.0.2.1:1",
        &[("cookie", "secret=1"), ("authorization", "Bearer x")],
    );
    assert_eq!(
        variables(&visit, &Proxies::default())["HTTP_COOKIE"],
        "secret=1"
    );
    visit.for_others = true;
    let data = Data::of(&visit, &Proxies::default());
    let written = serde_json::to_string(&data).expect("JSON") + &format!("{:?}", data.present());
    assert!(
        !written.contains("secret=1") && !written.contains("Bearer"),
        "{written}"
    );
    assert_eq!(data.headers[0].1, "(8 characters, not shown to others)");
}
