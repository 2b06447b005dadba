//! The console: every tool, hostile replies, progress, suggestions and the keyboard.

use netvane_tests::{Browser, Dns, Service};

use super::{ANSWERED, ENTER, Scene};

pub(super) const DOWN: &str = "\u{e015}";
const TAB: &str = "\u{e004}";
pub(super) const ESCAPE: &str = "\u{e00c}";

const HOSTILE: &str = r#"
$TTL 60
@ IN SOA ns1.hostile.test. hostmaster.hostile.test. 7 7200 3600 1209600 60
@ IN NS ns1.hostile.test.
@ IN TXT "<script>alert(1)</script><img src=x onerror=alert(2)> ``` RLO txet </pre><a href='javascript:alert(3)'>x</a>"
"#;

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
