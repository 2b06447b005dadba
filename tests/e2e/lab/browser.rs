//! The pages in real Chromium: every tool, hostile replies, keyboard use, copying, accessibility,
//! size.

use std::path::PathBuf;

use netvane_tests::{
    Browser, Dns, Lab, Relay, Scratch, Service, Telegram, browser::Window, http::Client,
    relay::Way, telegram::User,
};
use serde_json::{Value, json};

const ENTER: &str = "\u{e007}";
const DOWN: &str = "\u{e015}";
const TAB: &str = "\u{e004}";
const ESCAPE: &str = "\u{e00c}";

/// Expression that is true when the reply is complete.
const ANSWERED: &str =
    "document.querySelector('#answer article') && document.querySelector('#cancel').disabled";

const HOSTILE: &str = r#"
$TTL 60
@ IN SOA ns1.hostile.test. hostmaster.hostile.test. 7 7200 3600 1209600 60
@ IN NS ns1.hostile.test.
@ IN TXT "<script>alert(1)</script><img src=x onerror=alert(2)> ``` RLO txet </pre><a href='javascript:alert(3)'>x</a>"
"#;

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

fn first_examples(service: &Service) -> Vec<String> {
    let registry = service.get("/v1/commands").json();
    let commands = registry["commands"].as_array().expect("commands").clone();
    commands
        .iter()
        .map(|command| {
            command["examples"][0]
                .as_str()
                .expect("an example")
                .replace("example.com", "example.test")
        })
        .collect()
}

#[test]
#[ignore = "needs the browser lab"]
fn every_tool_works() {
    let scene = Scene::set();
    scene.go("/");
    let lines = first_examples(&scene.service);
    assert!(lines.len() >= 30, "{lines:?}");
    for line in lines {
        // Typed text cannot contain the line breaks of a message.
        let line = line.replace(['\n', '\r'], " ");
        scene.ask(&line);
        let heading = scene
            .browser
            .text("document.querySelector('#answer article h2').textContent");
        let summary = scene
            .browser
            .text("document.querySelector('#answer article .summary').textContent");
        println!("{line}: {heading}: {summary}");
        assert!(
            !heading.is_empty() && summary.len() > 10,
            "{line}: {heading}: {summary}"
        );
        assert!(!summary.contains("internal error"), "{line}: {summary}");
        let address = scene
            .browser
            .text("new URL(location).searchParams.get('q')");
        assert_eq!(address, line.trim(), "the address is a permalink");
    }

    scene.nothing_wrong();
}

#[test]
#[ignore = "needs the browser lab"]
fn a_hostile_reply_is_inert() {
    let zone = HOSTILE.replace("RLO", "\u{202e}");
    let scene = Scene::with(|| Dns::serving("hostile.test.", &zone));

    for by_script in [true, false] {
        if by_script {
            scene.go("/");
            scene.ask("txt hostile.test");
        } else {
            scene.go("/?q=txt+hostile.test");
        }

        let shown = scene
            .browser
            .text("document.querySelector('#answer article').innerText");

        assert!(
            shown.contains("<script>alert(1)</script><img src=x onerror=alert(2)>"),
            "{shown}"
        );
        assert!(
            shown.contains("\\u{202e}"),
            "what reorders text is visible: {shown}"
        );

        let hidden = "document.documentElement.outerHTML.includes('\\u202e')";
        assert_eq!(scene.browser.text(hidden), "false", "nowhere on the page");
        let live = "document.querySelectorAll('main script, main img, main [onerror], main a[href^=\"javascript\"]').length";
        assert_eq!(scene.browser.text(live), "0");
        assert_eq!(scene.browser.text("document.scripts.length"), "1");
        scene.nothing_wrong();
    }
}

#[test]
#[ignore = "needs the browser lab"]
fn progress_is_shown_and_can_be_cancelled() {
    let scene = Scene::set();
    scene.dns.hold("mail2.example.test. A");
    scene.go("/");
    scene
        .browser
        .press(&format!("mx example.test{ESCAPE}{ENTER}"));
    scene.browser.wait("document.querySelector('#answer td')");
    assert_eq!(
        scene
            .browser
            .text("document.querySelector('#answer').ariaBusy"),
        "true"
    );

    assert_eq!(
        scene
            .browser
            .text("document.querySelectorAll('#answer .forms').length"),
        "0",
        "the reply is not complete yet"
    );

    scene.dns.release("mail2.example.test. A");
    scene.browser.wait(ANSWERED);
    let said = scene
        .browser
        .text("document.querySelector('#said').textContent");
    assert_eq!(said, "MX of example.test: 2 mail servers, both resolve");
    assert_eq!(
        scene.browser.text("document.activeElement.id"),
        "line",
        "the cursor stays where it was"
    );

    scene.dns.hold("web.example.test. A");
    scene
        .browser
        .script("document.querySelector('#line').value = ''");
    scene
        .browser
        .press(&format!("a web.example.test{ESCAPE}{ENTER}"));
    scene.dns.wait_for("web.example.test. A");
    scene
        .browser
        .wait("!document.querySelector('#cancel').disabled");
    scene.browser.click("#cancel");
    scene
        .browser
        .wait("document.querySelector('#said').textContent === 'Cancelled.'");
    scene.nothing_wrong();
}

/// Completes a line from the suggestions: command, type, and the keys that select.
fn type_with_proposals(browser: &Browser) {
    assert_eq!(browser.text("document.activeElement.id"), "line");
    browser.press("whoi");
    browser.wait("!document.querySelector('#suggestions').hidden");
    browser.wait("document.querySelector('#suggestions li b').textContent.startsWith('whois')");
    browser.press(&format!("{DOWN}{ENTER}"));
    browser.wait("document.querySelector('#line').value === 'whois '");
    browser.script("document.querySelector('#line').select()");
    browser.press("dig example.test m");
    browser.wait("[...document.querySelectorAll('#suggestions b')].some((name) => name.textContent === 'MX')");

    let usage = browser.text("document.querySelector('#usage').textContent");
    assert!(usage.starts_with("type: "));

    browser.press(DOWN);
    assert_eq!(
        browser.text("document.querySelector('#line').getAttribute('aria-activedescendant')"),
        "suggestion-0"
    );

    browser.press(&format!("{ENTER}{ENTER}"));
    browser.wait(ANSWERED);
    assert_eq!(browser.text("location.search"), "?q=dig+example.test+MX");
}

/// A mistake is marked in the line, and the suggestion takes one key.
fn correct_a_mistake(browser: &Browser) {
    browser.script("document.querySelector('#line').value = ''");
    browser.press(&format!("dig example.test MXX{ESCAPE}{ENTER}"));
    browser.wait("document.querySelector('#answer mark')");
    assert_eq!(
        browser.text("document.querySelector('#answer mark').textContent"),
        "MXX"
    );

    browser.wait(ANSWERED);
    let mut pressed = 0;

    while browser.text("document.activeElement.dataset.line ?? ''") != "dig example.test MX" {
        browser.press(TAB);
        pressed += 1;
        assert!(pressed < 20, "the correction cannot be reached");
    }

    browser.press(ENTER);
    browser
        .wait("document.querySelector('#answer h2').textContent.startsWith('dig example.test MX')");
}

#[test]
#[ignore = "needs the browser lab"]
fn works_with_the_keyboard_alone() {
    let scene = Scene::set();
    scene.go("/");
    type_with_proposals(&scene.browser);
    correct_a_mistake(&scene.browser);

    // The browser's Back button works.
    scene.browser.script("history.back()");
    scene
        .browser
        .wait("location.search.endsWith('MXX') && document.querySelector('#answer mark')");

    // The history is stored in the browser, and can be cleared.
    let remembered = "JSON.parse(localStorage.getItem('lines') ?? '[]').length";
    assert_eq!(scene.browser.text(remembered), "2");
    scene.browser.click("#history summary");
    scene.browser.click("#history button");
    assert_eq!(scene.browser.text(remembered), "0");
}

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

/// Starts a service that sends links on Telegram and stores its state in this directory.
fn service_of_links(scene: &Scene, telegram: &Telegram, state: &Scratch) -> Service {
    let server = scene.dns.address.to_string();
    let mut settings = telegram.settings().to_vec();
    let directory = state.path().display().to_string();

    settings.extend([
        ("NETVANE__DNS__SERVERS", &*server),
        ("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example"),
        ("NETVANE__STATE__DIRECTORY", &directory),
    ]);

    Service::start(&settings)
}

/// Checks that only the page's button shares: neither bots that open it nor a form on another site.
fn nothing_else_shares(service: &Service, path: &str) {
    for _ in 0..3 {
        assert_eq!(service.get(path).status, 200, "bots may look at it");
    }

    let stray = Client::connect(service.address).ask(&format!("POST {path}"), &[], b"view=guessed");

    assert_eq!(stray.status, 403);
}

/// Checks the page's accessibility in each of these windows; saves screenshots to the gallery.
fn look_in_each_window(scene: &Scene, address: &str) {
    let windows = [
        ("desk-light", Window::DESK),
        ("phone-light", Window::PHONE),
        ("phone-dark", Window::PHONE.in_the_dark()),
    ];

    for (name, window) in windows {
        scene.browser.become_like(window);
        scene.browser.go(address);
        assert_eq!(scene.browser.barriers(), [""; 0]);
        if let Some(directory) = gallery() {
            scene
                .browser
                .picture(&directory.join(format!("share-{name}.png")));
        }
    }
}

#[test]
#[ignore = "needs the browser lab"]
fn only_the_button_shares() {
    let (scene, telegram, state) = (Scene::set(), Telegram::start(), Scratch::new());
    let service = service_of_links(&scene, &telegram, &state);
    telegram.wait_for_poll();
    let ann = telegram.private(&User::new(42, "Ann"));
    let link = ann
        .say("/myua")
        .wait_for(|message| message.buttons().any(|button| button.url.is_some()));
    let url = link
        .buttons()
        .find_map(|button| button.url.clone())
        .expect("a link");
    let path = url
        .strip_prefix("https://netvane.example")
        .expect("the public address")
        .to_owned();

    nothing_else_shares(&service, &path);
    look_in_each_window(&scene, &format!("http://{}{path}", service.address));

    let shown = scene
        .browser
        .text("document.querySelector('article').innerText");
    assert!(shown.contains("Chrom"), "{shown}");
    scene.browser.click("form.share button");
    scene
        .browser
        .wait("document.querySelector('h1').textContent === 'Shared'");

    let shared = ann.wait_for(|message| message.id == link.id && message.text.contains("Chrom"));

    assert!(
        !shared
            .buttons()
            .any(|button| button.url.as_deref() == Some(&url)),
        "the link is gone"
    );

    assert_eq!(service.get(&path).status, 404, "it is used up");
    assert_eq!(scene.browser.wrongs(), [""; 0]);
    assert_eq!(service.stop(), Some(0));
    telegram.finish();
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
