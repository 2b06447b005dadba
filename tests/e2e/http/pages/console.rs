//! The form for one line, with and without scripts.

use netvane_tests::{Dns, Service, http::Client};

use super::{BROWSER, assert_page, page};

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
