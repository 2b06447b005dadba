//! Layout, accessibility and size of every page.

use netvane_tests::{Relay, browser::Window, relay::Way};
use serde_json::json;

use super::{Scene, console::DOWN};

/// On a slow connection, the layout must not shift while the page loads.
#[test]
#[ignore = "needs the browser lab"]
fn the_layout_does_not_shift_while_a_page_loads() {
    let scene = Scene::set();
    let relay = Relay::before(scene.service.address);
    let go = |path: &str| {
        scene.browser.go(&format!("http://{}{path}", relay.address));
        scene.browser.wait("painted > 0");
    };

    // The style sheet is cached already, so that pages are drawn from their first bytes on.
    go("/tools");
    relay.is(Way::Slow);
    for window in [Window::DESK, Window::PHONE] {
        scene.browser.become_like(window);
        for path in ["/", "/tools/dig", "/?q=mx+example.test", "/?q=port+443"] {
            go(path);
            assert_eq!(
                scene.browser.script("return shifted"),
                json!(0),
                "{path} {window:?} {}",
                scene.browser.script("return moved")
            );
            let hidden = "[...document.querySelectorAll('nav, table')]
                .filter((part) => getComputedStyle(part).visibility !== 'visible').length";
            assert_eq!(scene.browser.text(hidden), "0", "{path} {window:?}");
        }
    }
}

#[test]
#[ignore = "needs the browser lab"]
fn no_page_has_accessibility_problems() {
    let scene = Scene::set();
    let paths = [
        "/",
        "/me",
        "/tools",
        "/tools/dig",
        "/tools/trace_mail",
        "/tools/dig?name=example.test&type=MX",
        "/?q=mx+example.test",
        "/?q=dns+example.test",
        "/?q=dig+example.test+MXX",
        "/?q=howmail+carol@example.test+dave@example.test",
        "/?q=ping+127.0.0.1+count%3D3",
        "/?q=trace+127.0.0.1",
        "/?q=mtr+127.0.0.1+count%3D2",
        "/?q=http+http://127.0.0.1:8080",
        "/docs",
        "/nowhere",
    ];

    for window in [Window::DESK, Window::PHONE, Window::PHONE.in_the_dark()] {
        scene.browser.become_like(window);
        for path in paths {
            scene.go(path);
            assert_eq!(scene.browser.script("return shifted"), json!(0), "{path}");
            scene.browser.script(
                "for (const part of document.querySelectorAll('details')) part.open = true",
            );
            assert_eq!(scene.browser.barriers(), [""; 0], "{path} {window:?}");
            let wider =
                "document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(scene.browser.text(wider), "0", "{path} fits {window:?}");
        }

        scene.go("/");
        scene.browser.press("d");
        scene
            .browser
            .wait("!document.querySelector('#suggestions').hidden");
        scene.browser.press(DOWN);
        assert_eq!(scene.browser.barriers(), [""; 0], "while typing");
    }
}

#[test]
#[ignore = "needs the browser lab"]
fn the_first_load_is_small() {
    let scene = Scene::set();
    scene.go("/");
    scene
        .browser
        .wait("performance.getEntriesByType('navigation')[0].loadEventEnd > 0 && painted > 0");

    let parts =
        "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .map((entry) => [new URL(entry.name).pathname, entry.decodedBodySize])";
    let parts = scene.browser.script(parts);
    let total: u64 = parts
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|part| part[1].as_u64())
        .sum();

    println!("{total} bytes: {parts}");
    assert!((1..=60_000).contains(&total), "{total} bytes: {parts}");
    let times = "const [page] = performance.getEntriesByType('navigation');
        const [first] = performance.getEntriesByName('first-contentful-paint');
        return `first byte ${page.responseStart} ms, DOM ${page.domContentLoadedEventEnd} ms, load ${page.loadEventEnd} ms, `
            + `first contentful paint ${first?.startTime} ms, largest ${painted} ms, layout shift ${shifted}`";
    println!("{}", scene.browser.script(times));
    scene.nothing_wrong();
}
