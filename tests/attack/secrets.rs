//! Attacks on what only the operator may see: secrets in errors, files of the state, metrics, and
//! control characters on the operator's terminal.

use std::{os::unix::fs::PermissionsExt, process::Command};

use netvane_tests::{Dns, Hostile, Netvane, Scratch, is_harmless, program::binary};

use crate::{
    figures::exactly,
    network::{client, serve},
};

const CANARY: &str = "CANARY";

/// Settings with mistakes in or next to a line that has a secret.
const BROKEN: [&str; 12] = [
    "[telegram]\ntoken = \"CANARY",
    "[telegram]\ntoken = CANARY",
    "[telegram]\ntoken = 'CANARY'x",
    "[telegram]\ntoken = \"CANARY\"\ntoken = \"CANARY2\"",
    "[telegram]\ntoken = [\"CANARY\"]",
    "[http]\ncallback_secret = \"whsec_CANARY\"",
    "[http]\ncallback_secret = [\"whsec_CANARY\", 3]",
    "[http]\napi_keys = [\"nvk_CANARY\"]",
    "[http]\nslash_tokens = { a = \"CANARY\" }",
    "[discord]\ntoken.x = \"CANARY\"",
    "[blocklist.keys]\nspamhaus = \"CANARY!\"",
    "telegram = \"CANARY\"",
];

#[test]
fn errors_in_settings_never_show_a_secret() {
    let directory = Scratch::new();
    let mut shown = 0;
    for text in BROKEN {
        let file = directory.file("netvane.toml", text).display().to_string();
        for arguments in [
            &["config", "check"][..],
            &["config", "show"],
            &["port", "22"],
            &["serve"],
        ] {
            let run = Netvane::new(["--config", &file]).args(arguments).run();
            assert_ne!(run.code, Some(0), "{text}: {arguments:?}");
            if format!("{}{}", run.stdout, run.stderr).contains(CANARY) {
                println!("{text}: {arguments:?}: {}{}", run.stdout, run.stderr);
                shown += 1;
            }
        }
    }
    exactly(
        "secrets: shown by errors of 12 broken files of settings",
        shown,
        0,
        "secrets",
    );
}

#[test]
fn files_of_the_state_are_for_their_owner_alone() {
    let (dns, state) = (Dns::start(), Scratch::new());
    let directory = state.path().join("new");
    let path = directory.display().to_string();
    let service = serve(dns.address, &[("NETVANE__STATE__DIRECTORY", path.as_str())]);
    assert_eq!(service.get("/readyz").status, 200);
    let files = std::fs::read_dir(&directory).expect("a directory");
    let open_to_others = files
        .chain(std::fs::read_dir(state.path()).expect("a directory"))
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.metadata().expect("a mode").permissions().mode() & 0o077 != 0)
        .count();
    exactly(
        "secrets: files of the state that others may open",
        open_to_others,
        0,
        "files",
    );
}

#[test]
fn metrics_need_a_key_where_lookups_do() {
    let dns = Dns::start();
    let service = serve(dns.address, &[("NETVANE__HTTP__ANONYMOUS", "false")]);
    let mut from = netvane_tests::http::Client::connect_from(client(1), service.address);
    assert_eq!(from.ask("GET /metrics", &[], b"").status, 401);
    assert_eq!(from.ask("GET /healthz", &[], b"").status, 200);
}

/// What the program writes to a terminal.
fn on_a_terminal(line: &str, dns: &str) -> String {
    let program = format!("{} {line}", binary().display());
    let run = Command::new("script")
        .args(["--quiet", "--return", "--command", &program, "/dev/null"])
        .env("NETVANE__DNS__SERVERS", dns)
        .env("NO_COLOR", "1")
        .output()
        .expect("script starts");
    String::from_utf8(run.stdout).expect("UTF-8")
}

#[test]
fn json_on_a_terminal_has_no_control_characters() {
    let server = Hostile::start();
    let mut bad = 0;
    for line in ["txt", "caa", "mx", "ns", "soa"] {
        let line = format!("--json {line} control.hostile.test");
        let shown = on_a_terminal(&line, &server.address.to_string()).replace("\r\n", "\n");
        assert!(shown.contains('{'), "{line}: {shown}");
        if !is_harmless(&shown) {
            println!("{line}: {shown:?}");
            bad += 1;
        }
    }
    exactly(
        "secrets: JSON on a terminal with control or bidi characters",
        bad,
        0,
        "replies",
    );
}
