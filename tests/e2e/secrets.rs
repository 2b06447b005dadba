//! Canaries in every secret setting, and a search for them in all that is written.

use netvane_tests::{Dns, Netvane, Scratch, Service, Telegram, http::Client};
use serde_json::json;

/// In every secret, in a form that its setting takes.
const CANARY: &str = "CANARYcanaryCANARYcanaryCANARYca";

/// All files below, as text.
fn written(directory: &std::path::Path) -> String {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let read = |entry: std::fs::DirEntry| match entry.path() {
        path if path.is_dir() => written(&path),
        path => String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned(),
    };
    entries.map(read).collect()
}

#[test]
fn secrets_and_mailboxes_are_written_nowhere() {
    let (telegram, dns, scratch) = (Telegram::start(), Dns::start(), Scratch::new());
    let state = scratch.path().join("state");
    let audit = scratch.path().join("audit");
    let server = dns.address.to_string();

    // 24 bytes in base64.
    let webhook = format!("whsec_{}", &CANARY[..32]);
    let hash = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let secrets = [
        ("NETVANE__TELEGRAM__SECRET_TOKEN", CANARY),
        ("NETVANE__HTTP__CALLBACK_SECRET", &webhook),
        ("NETVANE__HTTP__INBOUND_SECRETS", &webhook),
        ("NETVANE__HTTP__SLACK_SIGNING_SECRET", CANARY),
        ("NETVANE__HTTP__SLASH_TOKENS", CANARY),
        ("NETVANE__HTTP__API_KEYS", &hash),
        (
            "NETVANE__GEO__CITY_URL",
            "https://geo.example/CANARYcanary.mmdb",
        ),
    ];

    let mut settings: Vec<(&str, &str)> = telegram.settings().into();
    let token = settings[0].1.to_owned();
    settings.extend(secrets);
    settings.push((
        "NETVANE__GEO__CITY",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../core/src/geo/fixtures/flat-city.mmdb"
        ),
    ));

    settings.extend([
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__STATE__DIRECTORY", state.to_str().expect("a path")),
        ("NETVANE__AUDIT__DIRECTORY", audit.to_str().expect("a path")),
        ("NETVANE__LOG__LEVEL", "trace"),
    ]);

    let service = Service::start(&settings);
    telegram.wait_for_poll();

    let mut seen = String::new();
    let mut ask = |target: &str, headers: &[(&str, &str)], body: &str| {
        let response = Client::connect(service.address).ask(target, headers, body.as_bytes());
        seen += &format!(
            "{:?} {}\n",
            response.headers,
            String::from_utf8_lossy(&response.body)
        );
    };

    let question = |line: &str| json!({ "command": line }).to_string();
    let bearer = format!("Bearer nvk_{CANARY}");

    ask(
        "POST /v1/commands",
        &[("Authorization", &bearer)],
        &question("/port 22"),
    );

    ask(
        "POST /v1/commands",
        &[],
        &question("/verify canary-mailbox@example.test"),
    );

    ask(
        "POST /v1/commands",
        &[],
        &question("/trace_mail Subject: canary-subject"),
    );

    let signed = [
        ("webhook-id", "1"),
        ("webhook-timestamp", "1"),
        ("webhook-signature", "v1,CANARYcanary"),
    ];

    ask("POST /v1/commands", &signed, &question("/port 22"));
    ask(
        "POST /hooks/slack",
        &[],
        &format!("token={CANARY}x&command=/mx&text=example.test"),
    );

    ask(
        "POST /hooks/telegram",
        &[("x-telegram-bot-api-secret-token", "wrong")],
        "{}",
    );

    for path in [
        "/metrics",
        "/readyz",
        "/v1/commands",
        "/openapi.json",
        "/docs",
        "/",
        "/about",
        "/v1/commands/status",
    ] {
        ask(&format!("GET {path}"), &[], "");
    }

    // The last of them.
    service.logged("\"command\":\"status\"");
    let log = service.log();
    let asked_back = ["canary-mailbox", "canary-subject"];

    for (place, text) in [
        ("an answer", &seen),
        ("the log", &log),
        ("the audit", &written(&audit)),
    ] {
        let lower = text.to_lowercase();
        // Answers may repeat what was asked; nothing may repeat a secret.
        for word in ["canarycanary"]
            .into_iter()
            .chain(asked_back.into_iter().filter(|_| place != "an answer"))
        {
            assert!(!lower.contains(word), "{word} in {place}");
        }
        assert!(!text.contains(&token), "the token in {place}");
    }

    assert!(!written(&state).contains("CANARY"), "in the state");
    drop(service);

    // What is shown of settings, also of wrong ones.
    for (name, value) in secrets {
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

    telegram.forgive("");
    telegram.finish();
}
