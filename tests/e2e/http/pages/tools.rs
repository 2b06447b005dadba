//! The page of each tool, the visitor's own request, and the assets.

use netvane_tests::{Dns, Service, http::Client};
use serde_json::Value;

use super::{BROWSER, assert_page, page};

/// Checks that a tool's page shows what the registry says, with a field for each argument.
#[track_caller]
fn has_its_page(service: &Service, command: &Value) {
    let name = command["name"].as_str().expect("a name");
    let tool = page(service, &format!("GET /tools/{name}"));
    assert_page(&tool);
    assert_eq!(
        (tool.status, tool.header("x-robots-tag")),
        (200, ""),
        "{name}"
    );

    let about = command["about"].as_str().expect("a line");

    assert!(
        tool.text().contains(&about.replace('"', "&quot;")),
        "{name}: {about}"
    );
    assert!(tool.text().contains(r#"<meta name="description""#));
    let canonical =
        format!(r#"<link rel="canonical" href="https://netvane.example/tools/{name}">"#);
    assert!(tool.text().contains(&canonical), "{name}");
    for argument in command["arguments"].as_array().expect("arguments") {
        let field = format!(r#"name="{}""#, argument["name"].as_str().expect("a name"));
        assert!(tool.text().contains(&field), "{name}: {field}");
    }
}

#[test]
fn every_tool_has_a_page() {
    let dns = Dns::start();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", &dns.address.to_string()),
        ("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example/"),
    ]);
    let registry = service.get("/v1/commands").json();
    let index = page(&service, "GET /tools");
    let map = page(&service, "GET /sitemap.xml");

    for command in registry["commands"].as_array().expect("commands") {
        let name = command["name"].as_str().expect("a name");

        assert!(
            index.text().contains(&format!(r#"href="/tools/{name}""#)),
            "{name}"
        );
        assert!(
            map.text()
                .contains(&format!("<loc>https://netvane.example/tools/{name}</loc>")),
            "{name}"
        );

        has_its_page(&service, command);
    }

    let robots = service.get("/robots.txt");

    for rule in [
        "Disallow: /*?q=",
        "Disallow: /v/",
        "Disallow: /v1",
        "Disallow: /run",
        "Allow: /tools",
    ] {
        assert!(robots.text().contains(rule), "{}", robots.text());
    }
}

#[test]
fn the_form_of_a_tool_runs_the_lookup() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let asked = page(
        &service,
        "GET /tools/dig?name=example.test&type=mx&resolver=&norecurse=on",
    );
    assert_page(&asked);
    assert_eq!(
        (asked.status, asked.header("x-robots-tag")),
        (200, "noindex, nofollow")
    );
    assert!(
        asked.text().contains("mail1.example.test")
            && asked.text().contains(r#"value="on" checked"#),
        "{}",
        asked.text()
    );

    let form =
        "message=Received%3A+from+a.example.test+%28%5B192.0.2.1%5D%29+by+b.example.test%3B%0D%0A";
    let mut headers = BROWSER.to_vec();
    headers.push(("Content-Type", "application/x-www-form-urlencoded"));
    let traced =
        Client::connect(service.address).ask("POST /tools/trace_mail", &headers, form.as_bytes());
    assert_page(&traced);
    assert!(
        traced.text().contains("b.example.test</"),
        "{}",
        traced.text()
    );
}

#[test]
fn a_file_of_the_form_is_the_message() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let file = b"Received: from a.example.test ([192.0.2.1]) by b.example.test; Mon, 2 Nov 2026 10:00:00 +0000\r\n\
                 From: a@example.test\r\nSubject: Gr\xfc\xdfe\r\n\r\nGr\xfc\xdfe\r\n";
    let part = |name: &str, more: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n")
    };
    let form = [
        format!("{}\r\n", part("message", "")).as_bytes(),
        part("file", "; filename=\"mail.eml\"").as_bytes(),
        file,
        b"\r\n--x--\r\n",
    ]
    .concat();

    let mut headers = BROWSER.to_vec();
    headers.push(("Content-Type", "multipart/form-data; boundary=x"));
    let traced = Client::connect(service.address).ask("POST /tools/trace_mail", &headers, &form);
    assert_page(&traced);
    assert!(traced.text().contains("Grüße"), "{}", traced.text());
}

#[test]
fn a_visitor_sees_their_own_request() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let headers = [
        BROWSER[0],
        ("User-Agent", "<script>alert(1)</script>"),
        ("X-Forwarded-For", "192.0.2.9"),
    ];

    let me = Client::connect(service.address).ask("GET /me", &headers, b"");
    assert_page(&me);
    for part in [
        "127.0.0.1",
        "192.0.2.9",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "HTTP_USER_AGENT",
    ] {
        assert!(me.text().contains(part), "{part} in {}", me.text());
    }

    for field in ["accept-ch", "critical-ch", "vary"] {
        assert!(
            me.header(field).contains("Sec-CH-UA-Full-Version-List"),
            "{field}: {}",
            me.header(field)
        );
    }

    assert_eq!(me.header("cache-control"), "no-store");
}

#[test]
fn assets_never_change_under_the_same_url() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let console = page(&service, "GET /");
    let mut total = console.body.len();

    for (name, media_type) in [
        ("netvane.css", "text/css; charset=utf-8"),
        ("netvane.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let start = console
            .text()
            .find(&format!("/assets/{name}?v="))
            .expect("it is referred to");
        let path = console.text()[start..]
            .split('"')
            .next()
            .expect("an address");
        let file = service.get(path);

        assert_eq!(
            (file.status, file.header("content-type")),
            (200, media_type)
        );
        assert_eq!(
            file.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(
            service
                .get(&format!("/assets/{name}"))
                .header("cache-control"),
            "no-cache"
        );

        total += file.body.len();
    }

    assert!(total <= 60_000, "{total} bytes");
    assert_eq!(service.get("/assets/../Cargo.toml").status, 404);
    assert_eq!(service.get("/assets/nothing.js").status, 404);
}
