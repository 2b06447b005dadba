//! Defaults, file, environment and options, and which of them decides.

use netvane_tests::{Dns, Finished, Netvane, Scratch};

use super::{shown, warnings::warned};

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
