//! Chromium controlled over WebDriver, provided by the browser lab.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::{Lab, PATIENCE, Scratch, http::Client};

/// Script that runs before any script of a page: records violations of the page's policy, and calls
/// that must never happen.
const WATCH: &str = "
    globalThis.wrong = [];
    addEventListener('securitypolicyviolation', (e) => wrong.push(`${e.violatedDirective}: ${e.blockedURI}`), true);
    globalThis.alert = (text) => wrong.push(`alert: ${text}`);
    globalThis.shifted = 0;
    globalThis.moved = [];
    new PerformanceObserver((list) => {
        for (const shift of list.getEntries().filter((shift) => !shift.hadRecentInput)) {
            shifted += shift.value;
            for (const { node, previousRect, currentRect } of shift.sources) {
                moved.push([node?.outerHTML?.slice(0, 80) ?? node?.nodeName, previousRect, currentRect]);
            }
        }
    }).observe({ type: 'layout-shift', buffered: true });
    globalThis.painted = 0;
    new PerformanceObserver((list) => { painted = list.getEntries().at(-1).startTime; })
        .observe({ type: 'largest-contentful-paint', buffered: true });
";

/// Expression that is true once the new page is loaded and the field with `autofocus` has the
/// focus.
const READY: &str = "!globalThis.left && document.readyState === 'complete'
    && [null, document.activeElement].includes(document.querySelector('[autofocus]'))";

/// Script that returns the page's state, for the message of a failed wait.
const STATE: &str = "return {
    address: location.href,
    loading: document.readyState,
    focus: document.activeElement?.id || document.activeElement?.tagName,
    line: document.querySelector('#line')?.value,
    answer: document.querySelector('#answer')?.innerText,
    wrong,
}";

/// A browser window with a profile of its own; closed when dropped.
pub struct Browser {
    driver: SocketAddr,
    session: String,
    axe: String,
    _profile: Scratch,
}

/// Settings of a window.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Size of the viewport in CSS pixels.
    pub size: (u32, u32),
    /// Whether the system prefers a dark theme.
    pub dark: bool,
}

impl Window {
    /// A desktop screen in the light theme.
    pub const DESK: Self = Self {
        size: (1280, 800),
        dark: false,
    };
    /// A phone screen in the light theme.
    pub const PHONE: Self = Self {
        size: (390, 844),
        dark: false,
    };

    /// Returns the same window in the dark theme.
    pub const fn in_the_dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

impl Browser {
    /// Opens a window; the thread must be inside the lab's network namespace.
    pub fn open(lab: &Lab) -> Self {
        let profile = Scratch::new();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ];

        let mut arguments: Vec<String> = arguments.map(str::to_owned).into();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let options = json!({ "args": arguments, "binary": lab.value("CHROMIUM") });
        let wanted =
            json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let driver = lab
            .value("DRIVER")
            .parse()
            .expect("the lab tells where the driver is");
        let body = json!({ "capabilities": { "alwaysMatch": wanted } });
        let opened = call(driver, "POST", "/session", &body);
        let session = opened["sessionId"].as_str().expect("a session").to_owned();
        let axe = std::fs::read_to_string(lab.value("AXE")).expect("the lab has axe");
        let browser = Self {
            driver,
            session,
            axe,
            _profile: profile,
        };

        browser.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({ "source": WATCH }),
        );
        browser.become_like(Window::DESK);

        browser
    }

    /// Changes the size and the theme.
    pub fn become_like(&self, window: Window) {
        let (width, height) = window.size;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let theme = if window.dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": features }),
        );
    }

    /// Opens a URL and waits until its page accepts keys: the driver may return before the scripts
    /// have run, and a field with `autofocus` gets the focus only with the first frame.
    #[track_caller]
    pub fn go(&self, url: &str) {
        self.script("globalThis.left = true");
        self.ask("POST", "/url", &json!({ "url": url }));
        self.wait(READY);
    }

    /// Runs JavaScript in the page as the body of a function, and returns its value.
    #[track_caller]
    pub fn script(&self, body: &str) -> Value {
        self.ask(
            "POST",
            "/execute/sync",
            &json!({ "script": body, "args": [] }),
        )
    }

    /// Evaluates a JavaScript expression as text.
    #[track_caller]
    pub fn text(&self, expression: &str) -> String {
        let value = self.script(&format!("return String({expression})"));
        value.as_str().expect("text").to_owned()
    }

    /// Waits until a JavaScript expression is true; panics after a timeout.
    #[track_caller]
    pub fn wait(&self, expression: &str) {
        let end = Instant::now() + PATIENCE;
        while self.script(&format!("return Boolean({expression})")) != true {
            assert!(
                Instant::now() < end,
                "waited in vain: {expression}; the page: {}",
                self.script(STATE)
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Presses keys one after another, on the element that has the focus.
    pub fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let source = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.ask("POST", "/actions", &json!({ "actions": [source] }));
    }

    /// Clicks the first element that matches a CSS selector.
    pub fn click(&self, selector: &str) {
        let found = self.ask(
            "POST",
            "/element",
            &json!({ "using": "css selector", "value": selector }),
        );
        let element = found
            .as_object()
            .and_then(|found| found.values().next())
            .and_then(Value::as_str);
        let element = element.expect("an element");
        self.ask("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// Runs a command of the Chrome DevTools protocol.
    pub fn devtools(&self, name: &str, parameters: &Value) -> Value {
        self.ask(
            "POST",
            "/goog/cdp/execute",
            &json!({ "cmd": name, "params": parameters }),
        )
    }

    /// Returns the accessibility problems that axe finds on the page.
    pub fn barriers(&self) -> Vec<String> {
        self.script(&self.axe);
        let body = "const done = arguments[arguments.length - 1]; axe.run().then(done, (error) => done({ error: String(error) }))";
        let found = self.ask(
            "POST",
            "/execute/async",
            &json!({ "script": body, "args": [] }),
        );
        let all = found["violations"]
            .as_array()
            .unwrap_or_else(|| panic!("{found}"));
        let told = |one: &Value| {
            let places = one["nodes"].as_array().into_iter().flatten();
            let places: Vec<String> = places
                .map(|node| format!("{} {}", node["html"], node["failureSummary"]))
                .collect();
            format!("{}: {}: {places:#?}", one["id"], one["help"])
        };
        all.iter().map(told).collect()
    }

    /// Returns policy violations, calls that must not happen, and errors in the console.
    pub fn wrongs(&self) -> Vec<String> {
        let mut found = vec![];
        let wrong = self.script("return wrong");
        found.extend(wrong.as_array().into_iter().flatten().map(Value::to_string));
        let log = self.ask("POST", "/se/log", &json!({ "type": "browser" }));
        let errors = log
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["level"] == "SEVERE");
        found.extend(errors.map(|entry| entry["message"].to_string()));
        found
    }

    /// Saves a screenshot of the window as PNG.
    pub fn picture(&self, path: &Path) {
        let picture = self.ask("GET", "/screenshot", &Value::Null);
        let picture = BASE64
            .decode(picture.as_str().expect("a picture").as_bytes())
            .expect("a picture");
        std::fs::write(path, picture).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        call(
            self.driver,
            method,
            &format!("/session/{}{path}", self.session),
            body,
        )
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        let close = || call(self.driver, "DELETE", &path, &Value::Null);
        // Close it even after a failed test, because an open window outlives its driver.
        let closed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(close));
        if let Err(panic) = closed
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

#[track_caller]
fn call(driver: SocketAddr, method: &str, path: &str, body: &Value) -> Value {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {driver}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut client = Client::connect(driver);
    client.send(head + &body);
    let response = client
        .response()
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    let answer: Value = serde_json::from_slice(&response.body).expect("an answer in JSON");
    assert_eq!(
        response.status, 200,
        "{method} {path}: {}",
        answer["value"]["message"]
    );
    answer["value"].clone()
}
