//! The pages in real Chromium: every tool, hostile replies, keyboard use, copying, accessibility,
//! size.

mod console;
mod links;
mod quality;
mod replies;

use std::path::PathBuf;

use console::{DOWN, ESCAPE};
use netvane_tests::{Browser, Dns, Lab, Service, browser::Window};
use serde_json::json;

const ENTER: &str = "\u{e007}";

/// Expression that is true when the reply is complete.
const ANSWERED: &str =
    "document.querySelector('#answer article') && document.querySelector('#cancel').disabled";

struct Scene {
    browser: Browser,
    service: Service,
    dns: Dns,
    lab: Lab,
}

impl Scene {
    fn set() -> Self {
        Self::with(Dns::start)
    }

    fn with(dns: impl FnOnce() -> Dns) -> Self {
        let lab = Lab::browser();
        lab.enter();
        let dns = dns();
        let server = dns.address.to_string();
        let service = Service::start(&[
            ("NETVANE__DNS__SERVERS", &server),
            ("NETVANE__RDAP__ENABLED", "false"),
            ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
        ]);
        Self {
            browser: Browser::open(&lab),
            service,
            dns,
            lab,
        }
    }

    fn go(&self, path: &str) {
        self.browser
            .go(&format!("http://{}{path}", self.service.address));
    }

    /// Types a line into the console and waits for its reply.
    #[track_caller]
    fn ask(&self, line: &str) {
        self.browser.script(
            "document.querySelector('#line').value = ''; document.querySelector('#line').focus()",
        );
        self.browser
            .script("document.querySelector('#answer').replaceChildren()");
        self.browser.press(&format!("{line}{ESCAPE}{ENTER}"));
        self.browser.wait(ANSWERED);
    }

    #[track_caller]
    fn nothing_wrong(&self) {
        assert_eq!(self.browser.wrongs(), [""; 0]);
        let elsewhere = "return performance.getEntriesByType('resource').map((entry) => entry.name)
            .filter((name) => !name.startsWith(location.origin + '/'))";
        assert_eq!(
            self.browser.script(elsewhere),
            json!([]),
            "no external resources are loaded"
        );
        assert_eq!(
            self.browser.script("return shifted"),
            json!(0),
            "the layout does not shift"
        );
    }
}

/// Returns the directory for screenshots, if one is set.
fn gallery() -> Option<PathBuf> {
    std::env::var_os("NETVANE_PICTURES").map(PathBuf::from)
}

#[test]
#[ignore = "needs the browser lab"]
fn pictures() {
    let Some(directory) = gallery() else { return };
    let scene = Scene::set();
    let paths = [
        ("home", "/"),
        ("mx", "/?q=mx+example.test"),
        ("mistake", "/?q=dig+example.test+MXX"),
        ("dns", "/?q=dns+example.test"),
        (
            "howmail",
            "/?q=howmail+carol@example.test+dave@example.test",
        ),
        ("ping", "/?q=ping+127.0.0.1"),
        ("mtr", "/?q=mtr+127.0.0.1+count%3D3"),
        ("me", "/me"),
        ("docs", "/docs"),
        ("tools", "/tools"),
        ("tool", "/tools/dig"),
        ("nothing", "/nowhere"),
    ];

    let windows = [("desk", Window::DESK), ("phone", Window::PHONE)];

    for (name, window) in windows {
        for (theme, window) in [("light", window), ("dark", window.in_the_dark())] {
            scene.browser.become_like(window);
            for (page, path) in paths {
                scene.go(path);
                scene
                    .browser
                    .picture(&directory.join(format!("{page}-{name}-{theme}.png")));
            }
            scene.go("/");
            scene.browser.press("dig example.test ");
            scene
                .browser
                .wait("document.querySelectorAll('#suggestions li').length > 3");
            scene.browser.press(DOWN);
            scene
                .browser
                .picture(&directory.join(format!("typing-{name}-{theme}.png")));
        }
    }

    assert!(!scene.lab.value("CLIENT_NS").is_empty());
}
