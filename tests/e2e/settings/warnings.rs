//! Settings that cause warnings.

use std::os::unix::fs::PermissionsExt as _;

use netvane_tests::{Finished, Netvane, Scratch, Service};

use super::{errors::fault, shown};

/// Returns the warnings of a successful check.
#[track_caller]
pub(super) fn warned(run: Finished) -> Vec<String> {
    let text = shown(run);
    let warnings: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("warning: "))
        .map(str::to_owned)
        .collect();
    let end = if warnings.is_empty() {
        "The configuration is valid."
    } else {
        "The configuration is valid, with warnings."
    };
    assert_eq!(text.lines().skip(warnings.len()).collect::<Vec<_>>(), [end]);
    warnings
}

/// The guide's tables list the warnings, and `deploy/check` tests those; here is their wording.
#[test]
fn risky_settings_cause_warnings() {
    for (variable, value, told) in [
        (
            "NETVANE__HTTP__LISTEN",
            "[::]:8080",
            "http.listen: anyone who can reach [::]:8080 can use it",
        ),
        (
            "NETVANE__SMTP__HELO",
            "mailhost",
            "smtp.helo: mail servers cannot resolve this name",
        ),
        (
            "NETVANE_HTTP__LISTEN",
            "[::]:8080",
            "NETVANE_HTTP__LISTEN: not a setting",
        ),
        (
            "NETVANE__HTTP__INBOUND_SECRETS",
            "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "state.directory: not set",
        ),
    ] {
        let warnings = warned(Netvane::line("config check").env(variable, value).run());
        assert!(
            warnings.iter().any(|it| it.starts_with(told)),
            "{variable}={value}: {warnings:?}"
        );
        assert!(!warnings.concat().contains("AAAA"), "{warnings:?}");
        let quiet = Netvane::line("config check --quiet")
            .env(variable, value)
            .run();
        assert_eq!(
            shown(quiet),
            "The configuration is valid.\n",
            "{variable}={value}"
        );
    }
}

#[test]
fn a_service_logs_its_warnings_once() {
    let scratch = Scratch::new();
    let file = scratch.file("netvane.toml", "[smtp]\nport = 2525\n");
    let service = Service::start(&[("NETVANE_CONFIG", file.to_str().expect("a path"))]);
    service.logged("smtp.port: mail servers accept mail");
    scratch.file("netvane.toml", "[smtp]\nport = 2525\nhelo = 'mailhost'\n");
    service.signal("HUP");
    service.logged("smtp.helo: mail servers cannot resolve this name");
    assert_eq!(service.log().matches("smtp.port: ").count(), 1);
    // The service does not start without a file that it cannot read.
    let run = Netvane::line("serve")
        .env("NETVANE__RDAP__BOOTSTRAP", "/nonexistent")
        .run();
    assert!(
        fault(run).contains("rdap.bootstrap: /nonexistent"),
        "refused"
    );
}

#[test]
fn world_readable_secrets_are_reported_but_not_shown() {
    let scratch = Scratch::new();
    let file = scratch.file(
        "netvane.toml",
        "[telegram]\ntoken = '7000000001:CANARY-CANARY-CANARY-CANARY-CANARY'\n",
    );
    let check = |mode| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode))
            .expect("the test's own file");
        let run = Netvane::line("config check --config").arg(&file).run();
        let warnings = warned(run);
        assert!(!warnings.concat().contains("CANARY"), "{warnings:?}");
        warnings
            .into_iter()
            .find(|it| it.starts_with("telegram.token"))
    };
    let told = format!(
        "telegram.token: {} is world-readable; chmod 640",
        file.display()
    );
    assert_eq!(check(0o644), Some(told));
    assert_eq!(check(0o640), None);
}

/// Root may check the settings of a service that runs as another user.
#[test]
fn checks_and_terminal_lookups_write_no_audit_log() {
    let scratch = Scratch::new();
    let audit = scratch.path().join("audit");
    for line in ["config check", "port 22"] {
        let run = Netvane::line(line)
            .env("NETVANE__AUDIT__DIRECTORY", audit.to_str().expect("a path"))
            .run();
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(!audit.exists(), "{line}");
    }
}
