//! Replies as shown: copied, saved, kept under a link, and drawn as charts.

use netvane_tests::browser::Window;
use serde_json::{Value, json};

use super::Scene;

#[test]
#[ignore = "needs the browser lab"]
fn replies_can_be_copied_and_saved() {
    let scene = Scene::set();
    let origin = format!("http://{}", scene.service.address);
    let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": origin });
    scene
        .browser
        .devtools("Browser.grantPermissions", &permissions);
    scene.go("/?q=mx+example.test");
    let copied = |name: &str| {
        scene
            .browser
            .script("document.querySelector('#said').textContent = ''");
        scene.browser.click(&format!("[data-copy={name}]"));
        scene.browser.wait(&format!(
            "document.querySelector('#said').textContent === '{name} copied.'"
        ));
        let read = json!({ "expression": "navigator.clipboard.readText()", "awaitPromise": true });
        let read = scene.browser.devtools("Runtime.evaluate", &read);
        read["result"]["value"]
            .as_str()
            .unwrap_or_else(|| panic!("{read}"))
            .to_owned()
    };

    assert!(
        copied("Text")
            .starts_with("MX of example.test\n✓ 2 mail servers, both resolve\n\nPreference")
    );
    assert!(copied("Markdown").starts_with("### MX of example.test\n"));
    let json: Value = serde_json::from_str(&copied("JSON")).expect("JSON");
    assert_eq!(json["data"]["hosts"][0]["exchange"], "mail1.example.test");
    assert_eq!(copied("Link"), format!("{origin}/?q=mx+example.test"));
    let curl = copied("curl");

    assert_eq!(
        curl,
        format!(
            "curl -H 'Content-Type: application/json' -d '{{\"command\":\"mx example.test\"}}' {origin}/v1/commands"
        )
    );

    scene.nothing_wrong();
}

#[test]
#[ignore = "needs the browser lab"]
fn a_reply_can_be_kept_and_opened_by_its_link() {
    let scene = Scene::set();
    scene.go("/");
    scene.ask("mx example.test");
    scene.browser.click("[data-keep]");
    scene.browser.wait("document.querySelector('.kept a')");

    let links = "[...document.querySelectorAll('.kept a')].map((link) => link.href).join(' ')";
    let links = scene.browser.text(links);
    let (link, delete) = links.split_once(' ').expect("two links");
    assert!(delete.starts_with(&format!("{link}/delete/")), "{links}");

    scene.browser.go(link);
    let image = scene
        .browser
        .text("document.querySelector('meta[property=\"og:image\"]').content");
    assert_eq!(image, format!("{link}/image.png"));
    let heading = "document.querySelector('article h1').textContent";
    assert_eq!(scene.browser.text(heading), "MX of example.test");
    let offers = "document.querySelectorAll('[data-keep]').length";
    assert_eq!(scene.browser.text(offers), "0", "it is kept already");

    scene.go("/");
    scene.ask("myua");
    assert_eq!(scene.browser.text(offers), "0", "it is private");
    scene.nothing_wrong();
}

/// Charts fill the width of their place; their text is as large on a phone as on a desk.
#[test]
#[ignore = "needs the browser lab"]
fn measurements_are_shown_as_charts() {
    let scene = Scene::set();
    let fits = "(() => {
        const chart = document.querySelector('#answer svg.picture').getBoundingClientRect();
        const place = document.querySelector('#answer .picture').getBoundingClientRect();
        return Math.round(chart.width) === Math.round(place.width) && chart.height > 40;
    })()";
    let text_size =
        "document.querySelector('#answer svg text').getBoundingClientRect().height > 10";
    for window in [Window::DESK, Window::PHONE, Window::PHONE.in_the_dark()] {
        scene.browser.become_like(window);
        scene.go("/");
        for (line, expected) in [
            ("ping 127.0.0.1 count=3", "Round trips (ms): "),
            ("trace 127.0.0.1", "Round trips by hop (ms): 1 "),
            ("mtr 127.0.0.1 count=2", "Round trips by hop (ms): 1 "),
        ] {
            scene.ask(line);
            let label = "document.querySelector('#answer svg.picture').getAttribute('aria-label')";
            let label = scene.browser.text(label);
            assert!(label.starts_with(expected), "{line}: {label}");
            assert_eq!(scene.browser.text(fits), "true", "{line} {window:?}");
            assert_eq!(scene.browser.text(text_size), "true", "{line} {window:?}");
            let fill = "getComputedStyle(document.querySelector('#answer svg .p-neutral')).fill";
            assert_ne!(
                scene.browser.text(fill),
                "rgb(0, 0, 0)",
                "{line} {window:?}"
            );
        }
    }
    scene.nothing_wrong();
}

#[test]
#[ignore = "needs the browser lab"]
fn commands_can_be_tried_in_the_documentation() {
    let scene = Scene::set();
    for window in [Window::DESK, Window::PHONE] {
        scene.browser.become_like(window);
        scene.go("/docs");
        scene
            .browser
            .script("document.querySelector('#mx-domain').value = 'example.test'");
        scene.browser.click("form[data-try=mx] button");
        scene.browser.wait(
            "document.querySelector('.response pre')?.textContent.includes('mail1.example.test')",
        );
        let status = "document.querySelector('.response [role=status]').textContent";
        let status = scene.browser.text(status);
        assert_eq!(
            status.trim_end(),
            "GET /v1/commands/mx?domain=example.test: 200 OK"
        );
        let wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(scene.browser.text(wider), "0", "{window:?}");
    }
    scene.nothing_wrong();
}
