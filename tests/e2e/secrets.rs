//! Canary values in every secret setting, and a search for them in everything that the program
//! writes.

use netvane_tests::{Dns, Netvane, Scratch, Service, Telegram, http::Client};
use serde_json::json;

/// Returns the content of all files below a directory as text.
fn written(directory: &std::path::Path) -> String {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let read = |entry: std::fs::DirEntry| match entry.path() {
        path if path.is_dir() => written(&path),
        path => String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned(),
    };
    entries.map(read).collect()
}

/// The canary, in a form that every secret setting accepts.
macro_rules! canary {
    () => {
        "CANARYcanaryCANARYcanaryCANARYca"
    };
}

const CANARY: &str = canary!();
/// A webhook secret: 24 bytes in base64.
const WEBHOOK: &str = concat!("whsec_", canary!());
const HASH: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// All secret settings with their values.
const SECRETS: [(&str, &str); 7] = [
    ("NETVANE__TELEGRAM__SECRET_TOKEN", CANARY),
    ("NETVANE__HTTP__CALLBACK_SECRET", WEBHOOK),
    ("NETVANE__HTTP__INBOUND_SECRETS", WEBHOOK),
    ("NETVANE__HTTP__SLACK_SIGNING_SECRET", CANARY),
    ("NETVANE__HTTP__SLASH_TOKENS", CANARY),
    ("NETVANE__HTTP__API_KEYS", HASH),
    (
        "NETVANE__GEO__CITY_URL",
        "https://geo.example/CANARYcanary.mmdb",
    ),
];

const CITIES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../core/facts/src/geo/fixtures/flat-city.mmdb"
);

/// Target, header fields and body of a request.
type Request = (
    &'static str,
    &'static [(&'static str, &'static str)],
    String,
);

/// Returns requests with secrets, valid and invalid, or with private data; the last one is the
/// status.
fn requests() -> [Request; 14] {
    const BEARER: (&str, &str) = ("Authorization", concat!("Bearer nvk_", canary!()));
    const SIGNED: [(&str, &str); 3] = [
        ("webhook-id", "1"),
        ("webhook-timestamp", "1"),
        ("webhook-signature", "v1,CANARYcanary"),
    ];
    const WRONG: (&str, &str) = ("x-telegram-bot-api-secret-token", "wrong");
    let question = |line: &str| json!({ "command": line }).to_string();
    let slash = format!("token={CANARY}x&command=/mx&text=example.test");
    let (mailbox, message) = (
        "/verify canary-mailbox@example.test",
        "/trace_mail Subject: canary-subject",
    );

    [
        ("POST /v1/commands", &[BEARER], question("/port 22")),
        ("POST /v1/commands", &[], question(mailbox)),
        ("POST /v1/commands", &[], question(message)),
        ("POST /v1/commands", &SIGNED, question("/port 22")),
        ("POST /hooks/slack", &[], slash),
        ("POST /hooks/telegram", &[WRONG], "{}".to_owned()),
        ("GET /metrics", &[], String::new()),
        ("GET /readyz", &[], String::new()),
        ("GET /v1/commands", &[], String::new()),
        ("GET /openapi.json", &[], String::new()),
        ("GET /docs", &[], String::new()),
        ("GET /", &[], String::new()),
        ("GET /about", &[], String::new()),
        ("GET /v1/commands/status", &[], String::new()),
    ]
}

/// Sends all of these requests; returns all responses with their headers.
fn answers(service: &Service) -> String {
    let mut seen = String::new();

    for (target, headers, body) in requests() {
        let response = Client::connect(service.address).ask(target, headers, body.as_bytes());
        seen += &format!(
            "{:?} {}\n",
            response.headers,
            String::from_utf8_lossy(&response.body)
        );
    }

    seen
}

/// Checks that a text contains no secret. Only responses may repeat private input of the request.
#[track_caller]
fn holds_no_secret(place: &str, text: &str, token: &str) {
    let lower = text.to_lowercase();
    let asked_back = ["canary-mailbox", "canary-subject"];
    let asked_back = asked_back.into_iter().filter(|_| place != "an answer");

    for word in ["canarycanary"].into_iter().chain(asked_back) {
        assert!(!lower.contains(word), "{word} in {place}");
    }

    assert!(!text.contains(token), "the token in {place}");
}

#[test]
fn secrets_and_mailboxes_are_never_written() {
    let (telegram, dns, scratch) = (Telegram::start(), Dns::start(), Scratch::new());
    let state = scratch.path().join("state");
    let audit = scratch.path().join("audit");
    let server = dns.address.to_string();

    let mut settings: Vec<(&str, &str)> = telegram.settings().into();
    let token = settings[0].1.to_owned();
    settings.extend(SECRETS);

    settings.extend([
        ("NETVANE__GEO__CITY", CITIES),
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__STATE__DIRECTORY", state.to_str().expect("a path")),
        ("NETVANE__AUDIT__DIRECTORY", audit.to_str().expect("a path")),
        ("NETVANE__LOG__LEVEL", "trace"),
    ]);

    let service = Service::start(&settings);
    telegram.wait_for_poll();

    let seen = answers(&service);

    // Wait until the last request is logged.
    service.logged("\"command\":\"status\"");
    let log = service.log();

    for (place, text) in [
        ("an answer", &seen),
        ("the log", &log),
        ("the audit", &written(&audit)),
    ] {
        holds_no_secret(place, text, &token);
    }

    assert!(!written(&state).contains("CANARY"), "in the state");
    drop(service);
    telegram.forgive("");
    telegram.finish();
}

#[test]
fn config_show_and_errors_contain_no_secrets() {
    for (name, value) in SECRETS {
        for line in ["config show", "config check"] {
            let run = Netvane::line(line).env(name, value).run();
            assert!(
                !format!("{}{}", run.stdout, run.stderr).contains("CANARY"),
                "{line} with {name}"
            );
            let run = Netvane::line(line)
                .env(name, format!("{value},\u{7f}CANARY é"))
                .run();
            assert!(
                !format!("{}{}", run.stdout, run.stderr).contains("CANARY"),
                "{line} with a wrong {name}"
            );
        }
    }
}
