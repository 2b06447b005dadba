use super::*;

const TODAY: Date = jiff::civil::date(2026, 11, 28);

/// Returns the warnings for these environment variables.
fn told(pairs: &[(&str, &str)]) -> Vec<String> {
    let pairs = pairs
        .iter()
        .map(|(key, value)| (format!("NETVANE__{key}"), (*value).to_owned()));
    Settings::load(None, pairs)
        .unwrap_or_else(|error| panic!("{error}"))
        .advice_on(&crate::spec::TestNames, TODAY)
}

/// Returns only the settings that the warnings are about.
fn keys(pairs: &[(&str, &str)]) -> Vec<String> {
    told(pairs)
        .iter()
        .map(|text| text.split(':').next().unwrap_or_default().to_owned())
        .collect()
}

const CONTACT: (&str, &str) = ("POLICY__CONTACT", "noc@netvane.example");
const HELO: (&str, &str) = ("SMTP__HELO", "netvane.example");
const LISTEN: (&str, &str) = ("HTTP__LISTEN", "[::]:8080");
const PROXIES: (&str, &str) = ("HTTP__TRUSTED_PROXIES", "127.0.0.1");
const URL: (&str, &str) = ("HTTP__PUBLIC_URL", "https://netvane.example");

#[test]
fn defaults_and_the_guide_s_setup_produce_no_warnings() {
    assert_eq!(told(&[]), [""; 0]);
    let telegram = (
        "TELEGRAM__TOKEN",
        "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_",
    );
    assert_eq!(told(&[CONTACT, HELO, PROXIES, URL, telegram]), [""; 0]);
    assert_eq!(
        told(&[("LOG__LEVEL", "debug"), ("POLICY__ALLOW", "127.0.0.0/8")]),
        [""; 0]
    );
}

#[test]
fn warns_if_the_service_is_open() {
    assert_eq!(
        keys(&[LISTEN]),
        ["http.listen", "policy.contact", "smtp.helo"]
    );
    assert_eq!(
        keys(&[
            LISTEN,
            CONTACT,
            HELO,
            ("HTTP__TRUSTED_PROXIES", "10.0.0.0/8")
        ]),
        [""; 0]
    );

    assert_eq!(
        keys(&[LISTEN, ("HTTP__ANONYMOUS", "false")]),
        ["http.anonymous"]
    );
    assert_eq!(keys(&[URL, CONTACT, HELO]), ["http.trusted_proxies"]);
    assert_eq!(
        keys(&[CONTACT, ("HTTP__PROXY_PROTOCOL", "true")]),
        ["http.trusted_proxies"]
    );
    assert_eq!(
        keys(&[("HTTP__TRUSTED_PROXIES", "0.0.0.0/0")]),
        ["http.trusted_proxies"]
    );
    assert_eq!(
        keys(&[("HTTP__CLIENT_ADDRESS_HEADER", "x-real-ip")]),
        ["http.client_address_header"]
    );

    let plain = ("HTTP__PUBLIC_URL", "http://netvane.example");
    assert_eq!(keys(&[plain, PROXIES, CONTACT, HELO]), ["http.public_url"]);
    let here = ("HTTP__PUBLIC_URL", "http://localhost:8080");
    assert_eq!(keys(&[here, PROXIES, CONTACT, HELO]), ["http.public_url"]);
    assert_eq!(keys(&[("HTTP__DRAIN_MS", "30000")]), ["http.drain_ms"]);
}

#[test]
fn warns_about_expiring_keys_and_open_origins() {
    let key = |end: &str| format!("sha256:{} name=ops expires={end}", "0a".repeat(32));
    let of = |end: &str| told(&[("HTTP__API_KEYS", &key(end))]);

    assert_eq!(
        of("2026-11-28"),
        ["http.api_keys: `ops` expired on 2026-11-28; remove it, or replace it"]
    );
    assert_eq!(
        of("2026-12-01"),
        ["http.api_keys: `ops` expires on 2026-12-01; add a new one beside it"]
    );
    assert_eq!(of("2027-11-28"), [""; 0]);
    let all = ("HTTP__CORS_ORIGINS", "*");

    assert_eq!(
        keys(&[all]),
        ["http.cors_origins"],
        "callers on this machine have no limits"
    );

    assert_eq!(keys(&[all, URL, PROXIES, CONTACT, HELO]), [""; 0]);
    let with_key = [
        all,
        URL,
        PROXIES,
        CONTACT,
        HELO,
        ("HTTP__API_KEYS", &key("2027-11-28")),
    ];

    assert_eq!(keys(&with_key), ["http.cors_origins"]);
    let secret = format!("whsec_{}", "A".repeat(32));
    let both = [
        ("HTTP__CALLBACK_SECRET", secret.as_str()),
        ("HTTP__INBOUND_SECRETS", &secret),
    ];
    assert_eq!(keys(&both), ["http.callback_secret"]);
    assert!(!told(&both).concat().contains("AAAA"));
}

#[test]
fn warns_about_risky_exceptions_to_the_guard() {
    let allow = |net| ("POLICY__ALLOW", net);
    assert_eq!(
        told(&[allow("10.1.0.0/16"), ("POLICY__DENY", "10.0.0.0/8")]),
        [
            "policy.allow: `10.1.0.0/16` is also in policy.deny (`10.0.0.0/8`), which takes precedence"
        ]
    );
    assert!(
        told(&[allow("169.254.0.0/16")])
            .concat()
            .contains("169.254.169.254, where clouds")
    );
    assert_eq!(
        keys(&[allow("169.254.0.0/16"), ("POLICY__DENY", "169.254.169.254")]),
        [""; 0]
    );
    assert_eq!(
        keys(&[allow("10.0.0.0/8"), URL, PROXIES, CONTACT, HELO]),
        ["policy.allow"]
    );
    assert_eq!(
        keys(&[("MAIL__TRUSTED_RELAYS", "::/0")]),
        ["mail.trusted_relays"]
    );
}

#[test]
fn warns_about_mail_names_that_cannot_be_resolved() {
    for name in ["mailhost", "box.lan", "me.local", "[192.0.2.1]"] {
        assert_eq!(keys(&[("SMTP__HELO", name)]), ["smtp.helo"], "{name}");
    }
    assert_eq!(
        keys(&[("SMTP__MAIL_FROM", "probe@box.internal")]),
        ["smtp.mail_from"]
    );
    assert_eq!(
        keys(&[("SMTP__MAIL_FROM", "probe@netvane.example")]),
        [""; 0]
    );
    assert_eq!(keys(&[("SMTP__PORT", "587")]), ["smtp.port"]);
}

#[test]
fn warns_about_incomplete_chat_settings() {
    let secret = ("TELEGRAM__SECRET_TOKEN", "0123456789abcdef0123456789abcdef");
    assert_eq!(keys(&[secret]), ["telegram", "telegram.secret_token"]);
    let telegram = (
        "TELEGRAM__TOKEN",
        "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_",
    );
    let webhook = [
        CONTACT,
        HELO,
        PROXIES,
        URL,
        telegram,
        ("TELEGRAM__MODE", "webhook"),
    ];

    assert_eq!(keys(&[&webhook[..], &[secret]].concat()), [""; 0]);
    assert_eq!(
        keys(&[&webhook[..], &[("TELEGRAM__SECRET_TOKEN", "s3cret")]].concat()),
        ["telegram.secret_token"]
    );

    let of = |token| keys(&[CONTACT, HELO, ("DISCORD__TOKEN", token)]);

    assert_eq!(
        of("MTEwMDAwMDAwMDAwMDAwMDAwMQ.Fake00.netvane-tests-token-of-no-real-bot"),
        [""; 0]
    );
    assert_eq!(of("a.b.c"), ["discord.token"]);
    let other = [
        CONTACT,
        HELO,
        ("DISCORD__APPLICATION_ID", "17"),
        ("DISCORD__TOKEN", "MTEwMA.b.c"),
    ];

    assert_eq!(keys(&other), ["discord.application_id"]);
    assert_eq!(keys(&[("DISCORD__GUILDS", "17")]), ["discord"]);
    let plain = [
        CONTACT,
        HELO,
        telegram,
        ("TELEGRAM__API_URL", "http://bot.example"),
    ];

    assert_eq!(keys(&plain), ["telegram.api_url"]);
    assert!(!told(&plain).concat().contains("AAHdq"));
}

#[test]
fn warns_about_debug_logs_of_other_crates() {
    for quiet in [
        "trace",
        "info,netvane_core=debug",
        "warn,hyper=info",
        "netvane_telegram=trace",
    ] {
        assert_eq!(keys(&[("LOG__LEVEL", quiet)]), [""; 0], "{quiet}");
    }
    for loud in [
        "debug,netvane_core=info",
        "info,reqwest=debug",
        "info, hyper = TRACE",
        "teloxide=debug",
    ] {
        assert_eq!(keys(&[("LOG__LEVEL", loud)]), ["log.level"], "{loud}");
    }
}

#[test]
fn warns_about_telemetry_paths_and_downloads() {
    for (variable, value, key) in [
        (
            "TELEMETRY__OTLP_ENDPOINT",
            "http://127.0.0.1:4317",
            "telemetry.otlp_endpoint",
        ),
        (
            "TELEMETRY__OTLP_ENDPOINT",
            "http://127.0.0.1:4318/v1/traces",
            "telemetry.otlp_endpoint",
        ),
        ("RDAP__BOOTSTRAP", "rdap", "rdap.bootstrap"),
        (
            "RDAP__BOOTSTRAP_URL",
            "http://data.example/rdap",
            "rdap.bootstrap_url",
        ),
        ("TLS__CA_FILES", "ca.pem", "tls.ca_files"),
        ("LOG__LEVEL", "off", "log.level"),
    ] {
        assert_eq!(keys(&[(variable, value)]), [key], "{variable}={value}");
    }

    let geo = [
        ("GEO__CITY", "city.mmdb"),
        ("GEO__CITY_URL", "http://geo.example/?key=CANARY"),
    ];
    assert_eq!(keys(&geo), ["geo.city", "geo.city_url"]);
    assert!(!told(&geo).concat().contains("CANARY"));
}
