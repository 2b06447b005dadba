//! Settings that are refused, and the errors that name them.

use netvane_tests::{Finished, Netvane, Scratch};

/// Returns the error about invalid settings.
#[track_caller]
pub(super) fn fault(run: Finished) -> String {
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(2), ""),
        "{}",
        run.stderr
    );
    run.stderr
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
