//! The pages without scripts, as some users, search engines and link preview bots get them.

use netvane_tests::{
    Dns, Service,
    http::{Client, Response},
};
use serde_json::Value;

const BROWSER: [(&str, &str); 1] = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")];

fn page(service: &Service, target: &str) -> Response {
    Client::connect(service.address).ask(target, &BROWSER, b"")
}

#[track_caller]
fn assert_page(response: &Response) {
    assert_eq!(
        response.header("content-type"),
        "text/html; charset=utf-8",
        "{}",
        response.text()
    );

    let policy = response.header("content-security-policy");

    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }

    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(response.header("referrer-policy"), "same-origin");
    let text = response.text();

    assert!(
        text.starts_with("<!DOCTYPE html>") && text.ends_with("</html>"),
        "{text}"
    );
    for inline in ["<style", " style=", " onclick", " onload", "javascript:"] {
        assert!(!text.contains(inline), "{inline}");
    }
}

#[test]
fn the_form_works_without_scripts() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let console = page(&service, "GET /");
    assert_page(&console);
    assert_eq!(console.status, 200);
    assert!(
        console
            .text()
            .contains(r#"<form class="ask" action="/" method="get""#),
        "{}",
        console.text()
    );

    let answered = page(&service, "GET /?q=mx+example.test");
    assert_page(&answered);
    assert_eq!(
        (answered.status, answered.header("x-robots-tag")),
        (200, "noindex, nofollow")
    );

    for part in [
        r#"<input id="line" name="q" value="mx example.test""#,
        r#"<th class="number" scope="col">Preference</th>"#,
        r#"rel="nofollow">mail1.example.test</a>"#,
        "✓</span> OK",
    ] {
        assert!(
            answered.text().contains(part),
            "{part} in {}",
            answered.text()
        );
    }

    let asked = dns.asked().len();
    let looked = Client::connect(service.address);
    let mut looked = looked;
    looked.request("HEAD /?q=mx+other.example.test", &BROWSER, b"");
    assert_eq!(looked.head().expect("an answer").0, 200);
    assert_eq!(dns.asked().len(), asked, "a HEAD request runs no lookup");
}

#[test]
fn mistakes_and_failures_are_shown_as_pages() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let mistake = page(&service, "GET /?q=dig+example.test+MXX");
    assert_page(&mistake);
    assert_eq!(mistake.status, 400);
    assert!(
        mistake
            .text()
            .contains("<code>dig example.test <mark>MXX</mark></code>"),
        "{}",
        mistake.text()
    );

    assert!(
        mistake
            .text()
            .contains(r#"<a href="/?q=dig+example.test+MX" data-line="dig example.test MX""#)
    );

    assert_eq!(page(&service, "GET /?q=nonsense").status, 404);
    assert_eq!(page(&service, "GET /?q=ping+127.0.0.1").status, 403);
    let hostile = page(&service, "GET /?q=%3Cscript%3Ealert(1)%3C/script%3E");
    assert_page(&hostile);
    assert!(
        !hostile.text().contains("<script>alert"),
        "{}",
        hostile.text()
    );

    for path in ["/nowhere", "/tools/nothing", "/v/guessed"] {
        let nothing = page(&service, &format!("GET {path}"));
        assert_page(&nothing);
        assert_eq!(nothing.status, 404, "{path}");
    }

    assert_eq!(
        service.get("/nowhere").problem()["code"],
        "not_found",
        "programs get a problem document"
    );

    assert_eq!(
        page(&service, "GET /v1/nowhere").problem()["code"],
        "not_found"
    );
}

#[test]
fn a_slow_reply_follows_the_start_of_the_page() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    dns.hold("example.test. A");
    let mut client = Client::connect(service.address);
    client.request("GET /?q=a+example.test", &BROWSER, b"");
    let (status, _) = client.head().expect("a head");
    let begun =
        String::from_utf8(client.chunk().expect("a chunk").expect("the page")).expect("UTF-8");
    assert_eq!(status, 200);
    assert!(
        begun.contains(r#"<p class="waiting">Working…</p>"#) && !begun.contains("<article"),
        "{begun}"
    );
    dns.release("example.test. A");
    let rest =
        String::from_utf8(client.chunk().expect("a chunk").expect("the answer")).expect("UTF-8");
    assert!(
        rest.starts_with("<article") && rest.contains("192.0.2.80") && rest.ends_with("</html>"),
        "{rest}"
    );
}

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
fn serves_html_fragments_for_the_script() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let events = service.get("/run?q=mx+example.test").events();
    let (name, last) = events.last().expect("an event");

    assert_eq!(
        (name.as_str(), &last["said"]),
        (
            "reply",
            &"MX of example.test: 2 mail servers, both resolve".into()
        )
    );

    assert!(
        last["html"]
            .as_str()
            .expect("a piece")
            .starts_with("<article")
    );

    let (name, last) = service
        .get("/run/a?domain=nonsense..test")
        .events()
        .pop()
        .expect("an event");

    assert_eq!(name, "error");
    assert!(
        last["html"]
            .as_str()
            .expect("a piece")
            .contains("Bad argument"),
        "{last}"
    );

    let elsewhere = [("Sec-Fetch-Site", "cross-site")];
    let refused =
        Client::connect(service.address).ask("GET /run?q=mx+example.test", &elsewhere, b"");

    assert_eq!(
        (refused.status, &refused.problem()["code"]),
        (403, &"forbidden".into())
    );
}

#[test]
fn completes_lines_for_the_script() {
    let service = Service::start(&[]);
    let complete = |line: &str| {
        let found = service.get(&format!("/complete?q={line}")).json();
        let lines = found["items"].as_array().expect("items").iter();
        lines
            .map(|item| item["line"].as_str().expect("a line").to_owned())
            .collect::<Vec<_>>()
            .join("|")
    };

    assert_eq!(complete("whoi"), "whois ");
    assert!(complete("").starts_with("dns |a |"), "{}", complete(""));
    assert_eq!(complete("dig+example.test+aaa"), "dig example.test AAAA");
    assert_eq!(
        complete("dig+example.test+type%3Daaa"),
        "dig example.test type=AAAA"
    );
    assert!(
        complete("mx+example.test+reso").contains("mx example.test resolver="),
        "{}",
        complete("mx+example.test+reso")
    );

    assert_eq!(complete("nonsense+x"), "");
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
