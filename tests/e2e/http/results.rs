//! Kept results: who may keep which reply, and how the links behave.

use netvane_tests::{
    Dns, Service,
    http::{Client, Response},
};
use serde_json::{Value, json};

fn service(settings: &[(&str, &str)]) -> (Dns, Service) {
    let dns = Dns::start();
    let address = dns.address.to_string();
    let mut all = vec![
        ("NETVANE__DNS__SERVERS", address.as_str()),
        ("NETVANE__HTTP__TRUSTED_PROXIES", "127.0.0.1"),
    ];
    all.extend(settings);
    let service = Service::start(&all);
    (dns, service)
}

fn request(service: &Service, target: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    Client::connect(service.address).ask(target, headers, body.as_bytes())
}

fn keep_from(service: &Service, from: &str, id: &Value) -> Response {
    let headers = [
        ("X-Forwarded-For", from),
        ("Content-Type", "application/json"),
    ];
    request(service, "POST /v1/results", &headers, &json!({ "id": id }))
}

fn keep(service: &Service, id: &Value) -> Response {
    keep_from(service, "192.0.2.1", id)
}

fn ask(service: &Service, line: &str) -> Value {
    service.command_from("192.0.2.1", line).json()
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("JSON")
}

/// The path of a link to a result.
fn path(url: &Value) -> &str {
    let url = url.as_str().expect("a URL");
    &url[url.find("/r/").expect("a result")..]
}

fn get(service: &Service, path: &str, accept: &str) -> Response {
    let target = format!("GET {path}");
    request(service, &target, &[("Accept", accept)], &Value::Null)
}

#[test]
fn a_kept_result_is_shown_in_each_format_until_it_is_deleted() {
    let (_dns, service) = service(&[]);
    let reply = ask(&service, "mx example.test");
    let kept = keep(&service, &reply["id"]);
    assert_eq!(kept.status, 201);
    let links = json_of(&kept);
    assert_eq!(kept.header("location"), links["url"]);
    let shown = path(&links["url"]);
    assert_eq!(shown.len(), "/r/".len() + 26, "128 bits: {shown}");

    let json = get(&service, shown, "application/json");
    for field in ["x-robots-tag", "referrer-policy", "cache-control"] {
        let expected = match field {
            "x-robots-tag" => "noindex, nofollow",
            "referrer-policy" => "no-referrer",
            _ => "no-store",
        };
        assert_eq!(json.header(field), expected, "{field}");
    }
    let json = json.json();
    for member in [
        "id",
        "command",
        "arguments",
        "severity",
        "summary",
        "data",
        "blocks",
        "cached",
        "elapsed_ms",
    ] {
        assert_eq!(json[member], reply[member], "{member}");
    }
    let text = get(&service, shown, "text/plain");
    assert!(
        text.text().starts_with("MX of example.test"),
        "{}",
        text.text()
    );
    let page = get(&service, shown, "text/html");
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(page.text().contains("Kept on "), "{}", page.text());

    let again = keep(&service, &reply["id"]);
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["url"], links["url"]);
    assert_eq!(again.json()["delete_url"], Value::Null);

    let deletion = path(&links["delete_url"]).to_owned();
    let question = get(&service, &deletion, "text/html");
    assert!(question.text().contains("Delete this result?"));
    assert_eq!(
        get(&service, shown, "application/json").status,
        200,
        "a GET deletes nothing"
    );
    let wrong = format!("DELETE {shown}/delete/wrong");
    assert_eq!(request(&service, &wrong, &[], &Value::Null).status, 404);
    let delete = format!("DELETE {deletion}");
    assert_eq!(request(&service, &delete, &[], &Value::Null).status, 204);
    assert_eq!(request(&service, &delete, &[], &Value::Null).status, 404);

    let unknown = get(
        &service,
        "/r/aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "application/json",
    );
    let deleted = get(&service, shown, "application/json");
    assert_eq!((deleted.status, unknown.status), (404, 404));
    assert_eq!(deleted.problem(), unknown.problem());
}

#[test]
fn a_kept_result_has_a_preview_for_links_to_it() {
    let (_dns, service) = service(&[("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example")]);
    let reply = ask(&service, "mx example.test");
    let links = json_of(&keep(&service, &reply["id"]));
    let (shown, url) = (path(&links["url"]), links["url"].as_str().expect("a URL"));

    let page = get(&service, shown, "text/html").text().to_owned();
    for (property, content) in [
        ("og:title", "MX of example.test"),
        ("og:description", reply["summary"].as_str().expect("text")),
        ("og:url", url),
        ("og:image", &format!("{url}/image.png")),
        ("og:image:width", "1200"),
    ] {
        let tag = format!("<meta property=\"{property}\" content=\"{content}\">");
        assert!(page.contains(&tag), "{tag} in {page}");
    }
    assert!(page.contains("<meta name=\"twitter:card\" content=\"summary_large_image\">"));
    assert!(page.contains("<meta name=\"robots\" content=\"noindex\">"));

    // Services that show previews accept anything, as scripts do.
    let fetched = |agent: &str| {
        let head = format!("GET {shown}");
        let fields = [("Accept", "*/*"), ("User-Agent", agent)];
        let response = request(&service, &head, &fields, &Value::Null);
        response.header("content-type").to_owned()
    };
    assert!(fetched("TelegramBot (like TwitterBot)").starts_with("text/html"));
    assert_eq!(fetched("curl/8.5.0"), "application/json");

    let image = get(&service, &format!("{shown}/image.png"), "*/*");
    assert_eq!(image.header("content-type"), "image/png");
    assert_eq!(image.header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(image.header("referrer-policy"), "no-referrer");
    let size = |at: usize| u32::from_be_bytes(image.body[at..at + 4].try_into().expect("4 bytes"));
    assert!(image.body.starts_with(b"\x89PNG") && image.body.len() < 100_000);
    assert_eq!((size(16), size(20)), (1200, 630));

    let delete = format!("DELETE {}", path(&links["delete_url"]));
    assert_eq!(request(&service, &delete, &[], &Value::Null).status, 204);
    let deleted = get(&service, &format!("{shown}/image.png"), "image/png");
    let unknown = get(
        &service,
        "/r/aaaaaaaaaaaaaaaaaaaaaaaaaa/image.png",
        "image/png",
    );
    assert_eq!((deleted.status, unknown.status), (404, 404));
    assert_eq!(deleted.problem(), unknown.problem());
}

#[test]
fn only_the_client_that_asked_may_keep_a_reply() {
    let (_dns, service) = service(&[]);
    let reply = ask(&service, "a example.test");
    assert_eq!(keep_from(&service, "192.0.2.2", &reply["id"]).status, 404);
    assert_eq!(
        keep(&service, &json!("01M7Z8Q4W0V6ZK3T5N9Y2B1XCE")).status,
        404
    );
    assert_eq!(keep(&service, &reply["id"]).status, 201);

    let problem = keep(&service, &json!(5)).problem();
    assert_eq!(problem["status"], 400);
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(r#"expected {"id": "…"}"#), "{detail}");
}

#[test]
fn private_replies_cannot_be_kept() {
    let (_dns, service) = service(&[]);
    let mail = json!({
        "name": "trace_mail",
        "arguments": { "message": "Received: from a.example (a.example [192.0.2.7]) by b.example; Mon, 2 Nov 2026 10:00:00 +0000\nFrom: x@a.example\n" },
    });
    let headers = [
        ("X-Forwarded-For", "192.0.2.1"),
        ("Content-Type", "application/json"),
    ];
    let traced = request(&service, "POST /v1/commands", &headers, &mail).json();
    let replies = ["myip", "myrequest", "myua", "status"].map(|line| ask(&service, line));
    for reply in replies.iter().chain([&traced]) {
        assert!(reply["id"].is_string(), "{reply}");
        assert_eq!(
            keep(&service, &reply["id"]).status,
            404,
            "{}",
            reply["command"]
        );
    }
}

#[test]
fn results_are_limited_per_client_and_in_bytes() {
    let (_dns, service) = service(&[
        ("NETVANE__LIMITS__RESULTS_PER_CLIENT", "2"),
        ("NETVANE__LIMITS__RESULTS_BYTES", "6000"),
    ]);
    let kept = |from: &str, line: &str| {
        let reply = service.command_from(from, line).json();
        keep_from(&service, from, &reply["id"])
    };
    let first = kept("192.0.2.1", "a example.test");
    assert_eq!(first.status, 201);
    assert_eq!(kept("192.0.2.1", "mx example.test").status, 201);
    let third = kept("192.0.2.1", "aaaa example.test");
    assert_eq!(third.problem()["code"], "rate_limited");
    assert!(!third.header("retry-after").is_empty());

    let delete = format!("DELETE {}", path(&json_of(&first)["delete_url"]));
    assert_eq!(request(&service, &delete, &[], &Value::Null).status, 204);
    assert_eq!(
        kept("192.0.2.1", "aaaa example.test").status,
        201,
        "one was deleted"
    );

    let refused = (2..20).map(|client| kept(&format!("192.0.2.{client}"), "mx example.test"));
    let refused = refused
        .into_iter()
        .find(|kept| kept.status != 201)
        .expect("full");
    assert_eq!(refused.problem()["code"], "unavailable");
    assert_eq!(refused.status, 503);
}
