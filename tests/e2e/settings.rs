//! Contract §3: the sources of settings, and errors about invalid ones.

use std::os::unix::fs::PermissionsExt as _;

use netvane_tests::{Dns, Finished, Netvane, Scratch, Service};

/// Returns the output of a successful run.
#[track_caller]
fn shown(run: Finished) -> String {
    run.text().to_owned()
}

/// Returns the warnings of a successful check.
#[track_caller]
fn warned(run: Finished) -> Vec<String> {
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

/// Returns the error about invalid settings.
#[track_caller]
fn fault(run: Finished) -> String {
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(2), ""),
        "{}",
        run.stderr
    );
    run.stderr
}

#[test]
fn the_defaults_are_valid_and_shown() {
    // Where ICMP is not permitted, that is the only warning.
    for line in warned(Netvane::line("config check").run()) {
        assert!(line.starts_with("ping: "), "{line}");
    }
    assert_eq!(
        shown(Netvane::line("config check --quiet").run()),
        "The configuration is valid.\n"
    );
    let shown = shown(Netvane::line("config show").run());
    let defaults = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../config/default.toml"
    ))
    .expect("config/default.toml");
    let keys = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(keys(&shown), keys(&defaults));
}

/// Brackets may be part of an address, or enclose a list.
#[test]
fn addresses_in_brackets_survive_the_environment() {
    for (written, shown_as) in [
        ("[2001:db8::53]:5353", r#"["[2001:db8::53]:5353"]"#),
        ("tcp://[2001:db8::53]", r#"["tcp://[2001:db8::53]"]"#),
        (
            "[2001:db8::53]:53,tls://[2001:db8::54]#dns.example",
            r#"["[2001:db8::53]:53", "tls://[2001:db8::54]#dns.example"]"#,
        ),
        (
            r#"["192.0.2.53", "tcp://[2001:db8::53]"]"#,
            r#"["192.0.2.53", "tcp://[2001:db8::53]"]"#,
        ),
        ("192.0.2.53, system", r#"["192.0.2.53", "system"]"#),
    ] {
        let text = shown(
            Netvane::line("config show")
                .env("NETVANE__DNS__SERVERS", written)
                .run(),
        );
        assert!(
            text.contains(&format!("servers = {shown_as}\n")),
            "{written}: {text}"
        );
    }
}

#[test]
fn config_show_prints_a_valid_configuration() {
    let scratch = Scratch::new();
    let first = Netvane::line("config show")
        .env(
            "NETVANE__DNS__SERVERS",
            "192.0.2.53:5353,tls://192.0.2.54#dns.example",
        )
        .env("NETVANE__POLICY__ALLOW", "127.0.0.0/8, ::1")
        .env("NETVANE__LOG__LEVEL", "warn");
    let first = shown(first.run());
    assert!(
        first.contains(r#"servers = ["192.0.2.53:5353", "tls://192.0.2.54#dns.example"]"#),
        "{first}"
    );
    assert!(
        first.contains(r#"allow = ["127.0.0.0/8", "::1/128"]"#),
        "{first}"
    );
    let file = scratch.file("netvane.toml", &first);
    let second = Netvane::line("config show --config").arg(&file).run();
    assert_eq!(shown(second), first);
}

#[test]
fn the_environment_overrides_the_file_and_the_file_the_defaults() {
    let scratch = Scratch::new();
    let file = scratch.file("netvane.toml", "[dns]\ntimeout_ms = 1111\nattempts = 5\n");
    let line = |run: Finished, key: &str| {
        let text = shown(run);
        text.lines()
            .find(|line| line.starts_with(key))
            .map(str::to_owned)
            .expect("the key is shown")
    };

    let with = || {
        Netvane::line("config show --config")
            .arg(&file)
            .env("NETVANE__DNS__TIMEOUT_MS", "2222")
    };

    assert_eq!(line(with().run(), "timeout_ms"), "timeout_ms = 2222");
    assert_eq!(line(with().run(), "attempts"), "attempts = 5");
    assert_eq!(line(with().run(), "cache_seconds"), "cache_seconds = 3600");
    let by_variable = Netvane::line("config show").env("NETVANE_CONFIG", &file);
    assert_eq!(line(by_variable.run(), "attempts"), "attempts = 5");
    let other = scratch.file("other.toml", "[dns]\nattempts = 7\n");
    let by_both = Netvane::line("config show --config")
        .arg(&other)
        .env("NETVANE_CONFIG", &file);

    assert_eq!(
        line(by_both.run(), "attempts"),
        "attempts = 7",
        "the option overrides the variable"
    );
}

#[test]
fn settings_apply_to_lookups() {
    let (dns, scratch) = (Dns::start(), Scratch::new());
    let file = scratch.file(
        "netvane.toml",
        format!("[dns]\nservers = ['{}']\n", dns.address),
    );
    for run in [
        Netvane::line("--config")
            .arg(&file)
            .args(["a", "example.test"]),
        Netvane::line("a example.test --config").arg(&file),
    ] {
        assert!(shown(run.run()).contains("192.0.2.80"));
    }
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    let scratch = Scratch::new();
    let file = scratch.file(
        "bad.toml",
        "[dns]\nservrs = ['192.0.2.53']\n[bananas]\nripe = true\n",
    );
    let told = fault(Netvane::line("config check --config").arg(&file).run());
    let name = file.display().to_string();

    assert!(
        told.contains(&format!(
            "{name}: unknown setting `dns.servrs`; did you mean `dns.servers`?"
        )),
        "{told}"
    );

    assert!(
        told.contains(&format!("{name}: unknown setting `bananas`")),
        "{told}"
    );

    let told = fault(
        Netvane::line("a example.com")
            .env("NETVANE__HTTP__LISTN", "127.0.0.1:1")
            .run(),
    );

    assert_eq!(
        told,
        "netvane: NETVANE__HTTP__LISTN: unknown setting `http.listn`; did you mean `http.listen`?\n"
    );
}

/// A setting, an invalid value, and the error about it.
const UNUSABLE: [(&str, &str, &str); 23] = [
    ("DNS__TIMEOUT_MS", "soon", "dns.timeout_ms"),
    ("DNS__TIMEOUT_MS", "0", "dns.timeout_ms: must be 10–60000"),
    ("DNS__ATTEMPTS", "0", "dns.attempts: must be 1–10"),
    (
        "DNS__SERVERS",
        "",
        "dns.servers: expected at least one resolver",
    ),
    (
        "DNS__SERVERS",
        "ftp://192.0.2.1",
        "expected host, host:port, udp://…",
    ),
    ("DNS__SERVERS", "192.0.2.1:0", "port must be 1–65535"),
    (
        "DNS__SERVERS",
        "dns.example",
        "`dns.example`: expected an IP address, got a name",
    ),
    (
        "DNS__TRUST_ANCHOR",
        "/nonexistent/anchor",
        "dns.trust_anchor: /nonexistent/anchor",
    ),
    (
        "TLS__CA_FILES",
        "/nonexistent/ca.pem",
        "tls.ca_files: /nonexistent/ca.pem",
    ),
    (
        "POLICY__ALLOW",
        "10.0.0.0/40",
        "`10.0.0.0/40` is not a network",
    ),
    ("LIMITS__LIGHT", "0", "limits.light"),
    ("HTTP__LISTEN", "here", "http.listen: expected ADDRESS:PORT"),
    ("HTTP__MAX_BODY_BYTES", "1", "http.max_body_bytes"),
    (
        "HTTP__CALLBACK_SECRET",
        "secret",
        "http.callback_secret: expected `whsec_` and 24 to 64 bytes in base64",
    ),
    (
        "HTTP__CALLBACK_RETRY_SECONDS",
        "soon",
        "http.callback_retry_seconds",
    ),
    (
        "HTTP__LISTEN",
        "192.0.2.1:8080",
        "http.listen: 192.0.2.1:8080: not an address of this machine",
    ),
    (
        "AUDIT__DIRECTORY",
        "/etc/hostname/audit",
        "audit.directory: /etc/hostname/audit: not writable by user",
    ),
    (
        "TLS__CA_FILES",
        "/etc/hostname",
        "tls.ca_files: /etc/hostname: expected PEM certificates, found none",
    ),
    (
        "TELEGRAM__TOKEN",
        "110201543",
        "telegram.token: expected a number, a colon and 35 letters",
    ),
    (
        "DISCORD__TOKEN",
        "Bot a.b.c",
        "discord.token: remove the `Bot`",
    ),
    (
        "SMTP__HELO",
        "192.0.2.1",
        "smtp.helo: expected an ASCII host name",
    ),
    ("LOG__LEVEL", "=/=", "log.level"),
    ("LOG__FORMAT", "xml", "log.format"),
];

#[test]
fn invalid_values_are_refused_by_name() {
    for (variable, value, told) in UNUSABLE {
        let run = Netvane::line("config check")
            .env(&format!("NETVANE__{variable}"), value)
            .run();
        assert_eq!(run.code, Some(2), "{variable}={value}: {run:?}");
        assert!(
            run.stderr.contains(told),
            "{variable}={value}: {}",
            run.stderr
        );
    }
}

#[test]
fn unreadable_files_are_refused_by_name() {
    let scratch = Scratch::new();

    for (text, told) in [
        ("[dns", "bad.toml"),
        ("[dns]\nservers = 'x'\nservers = 'y'", "bad.toml"),
        ("dns = 3", "dns"),
    ] {
        let file = scratch.file("bad.toml", text);
        let told_all = fault(Netvane::line("config check --config").arg(&file).run());
        assert!(told_all.contains(told), "{text}: {told_all}");
    }

    let told = fault(Netvane::line("config check --config /nonexistent/netvane.toml").run());

    assert!(
        told.starts_with(
            "netvane: could not read the configuration file /nonexistent/netvane.toml: "
        ),
        "{told}"
    );
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
