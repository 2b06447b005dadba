use data_encoding::BASE64;

use super::{super::Server, *};

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let written = tempfile::NamedTempFile::new().expect("a file");
    let path = written.path();
    std::fs::write(path, file).expect("writes");
    let variables = variables
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Settings::load(Some(path), variables).map_err(|error| {
        SettingsError(
            error
                .0
                .into_iter()
                .map(|fault| fault.replace(&path.display().to_string(), "FILE"))
                .collect(),
        )
    })
}

#[test]
fn the_default_file_equals_the_defaults() {
    let shown = parse(&Settings::default().to_toml()).expect("reads").cache;
    let file = parse(DEFAULTS).expect("reads").cache;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    leaves(&shown, "", &mut ours);
    leaves(&file, "", &mut theirs);
    assert_eq!(ours, theirs, "no key is missing in either");
    assert_eq!(shown.kind, file.kind, "every value is the same");
}

#[test]
fn the_environment_overrides_the_file() {
    let settings = load(
        "[dns]\ntimeout_ms = 500\nservers = ['192.0.2.53:5353', 'tls://192.0.2.54#dns.example']",
        &[
            ("NETVANE__DNS__TIMEOUT_MS", "700"),
            ("NETVANE__POLICY__ALLOW", "127.0.0.0/8, ::1"),
            ("HOME", "x"),
        ],
    )
    .expect("loads");

    assert_eq!(settings.dns.timeout_ms, 700);
    assert_eq!(settings.dns.attempts, 2, "the default is unchanged");
    assert_eq!(settings.dns.servers.len(), 2);
    assert_eq!(
        settings.policy.allow,
        [
            "127.0.0.0/8".parse().expect("net"),
            "::1/128".parse().expect("net")
        ]
    );

    for brackets in [
        "tcp://[2001:db8::53]",
        "[2001:db8::53]:5353",
        "[2001:db8::53]",
    ] {
        let settings = load("", &[("NETVANE__DNS__SERVERS", brackets)]).expect(brackets);
        assert_eq!(
            settings.dns.servers,
            [Server::Resolver(brackets.parse().expect(brackets))]
        );
    }

    let system = load("", &[("NETVANE__DNS__SERVERS", "[\"system\"]")]).expect("loads");
    assert_eq!(system.dns.servers, [Server::System]);
}

#[test]
fn secrets_are_never_shown() {
    let settings = load(
        "[telegram]\ntoken = '1:CANARY-1'\n[http]\nslash_tokens = ['CANARY-2-CANARY-2']",
        &[
            ("NETVANE__DISCORD__TOKEN", "CANARY.3.x"),
            ("NETVANE__TELEGRAM__SECRET_TOKEN", "CANARY-4"),
        ],
    )
    .expect("loads");

    assert_eq!(settings.discord.token.reveal(), "CANARY.3.x");
    let everything = format!("{settings:?}\n{}", settings.to_toml());
    assert!(!everything.contains("CANARY"), "{everything}");
    assert!(settings.to_toml().contains("token = \"(set)\""));
    let key = load("[http]\nanonymous = false\napi_keys = ['CANARY-5']", &[])
        .expect_err("no hash")
        .to_string();

    assert!(
        key.starts_with("http.api_keys") && !key.contains("CANARY"),
        "{key}"
    );

    let wrong = load(
        "[http]\nslash_tokens = 'CANARY-6'\nmax_body_bytes = 'CANARY-7'",
        &[],
    )
    .expect_err("types");

    assert!(!wrong.to_string().contains("CANARY"), "{wrong}");
}

#[test]
fn errors_suggest_what_was_meant() {
    let fault = |file, variables: &[_]| load(file, variables).expect_err("refused").0.join("\n");

    assert_eq!(
        fault("[dns]\nservrs = []", &[]),
        "FILE: unknown setting `dns.servrs`; did you mean `dns.servers`?"
    );
    assert_eq!(
        fault("", &[("NETVANE__HTTP__LISTN", "x")]),
        "NETVANE__HTTP__LISTN: unknown setting `http.listn`; did you mean `http.listen`?"
    );
    assert_eq!(
        fault("[bananas]\nx = 1", &[]),
        "FILE: unknown setting `bananas`"
    );
    assert_eq!(
        fault("[http]\nlisten = 'here'", &[]),
        "http.listen: expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::]:8080"
    );
    assert!(fault("[dns]\ntimeout_ms = 'soon'", &[]).contains("dns.timeout_ms"));
    assert!(
        fault("[policy]\nallow = ['10.0.0.0/40']", &[]).contains("`10.0.0.0/40` is not a network")
    );
    assert_eq!(
        fault("", &[("NETVANE__DNS__SERVERS", "ftp://x")]),
        "dns.servers[0]: `ftp://x`: expected host, host:port, udp://…, tcp://…, tls://…, https://… or quic://…"
    );
    assert!(fault("[dns", &[]).contains("FILE"));
}

#[test]
fn a_telegram_webhook_needs_a_public_url_and_a_secret() {
    let faults = |file: &str| load(file, &[]).map_or_else(|error| error.0, |_| Vec::new());

    assert_eq!(
        faults("[telegram]\nmode = 'push'"),
        ["telegram.mode: expected polling or webhook"]
    );
    assert_eq!(
        faults("[telegram]\nmode = 'webhook'"),
        [
            "telegram.mode: webhook requires http.public_url with https",
            "telegram.mode: webhook requires telegram.secret_token"
        ]
    );

    let served = |secret: &str| {
        format!(
            "[telegram]\nmode = 'webhook'\nsecret_token = '{secret}'\n[http]\npublic_url = 'https://bot.example'"
        )
    };

    assert_eq!(faults(&served("a-B_9")), [""; 0]);
    let charset =
        ["telegram.secret_token: expected up to 256 letters, digits, underscores and hyphens"];
    assert_eq!(faults(&served("not this")), charset);
    assert_eq!(faults(&served(&"x".repeat(257))), charset);
    for wrong in ["api.telegram.org", "ftp://bot.example", "https://"] {
        let fault = faults(&format!("[telegram]\napi_url = '{wrong}'"));
        assert_eq!(
            fault,
            ["telegram.api_url: expected an http or https URL"],
            "{wrong}"
        );
    }

    assert_eq!(
        faults("[telegram]\napi_url = 'http://127.0.0.1:8081/'"),
        [""; 0]
    );
}

#[test]
fn discord_interactions_need_a_public_key_and_an_application_id() {
    let faults = |given: &[(&str, &str)]| {
        let environment = given
            .iter()
            .map(|(key, value)| (format!("NETVANE__DISCORD__{key}"), (*value).to_owned()));
        Settings::load(None, environment)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };

    assert!(
        faults(&[("MODE", "webhook")]).contains("discord.mode: expected gateway or interactions")
    );
    assert!(
        faults(&[("MODE", "interactions")])
            .contains("requires discord.public_key and discord.application_id")
    );

    let key = "0f".repeat(32);

    assert_eq!(
        faults(&[
            ("MODE", "interactions"),
            ("PUBLIC_KEY", &key),
            ("APPLICATION_ID", "12")
        ]),
        ""
    );

    assert!(faults(&[("PUBLIC_KEY", "0f")]).contains("64 hexadecimal digits"));
    assert!(faults(&[("GUILDS", "12,x")]).contains("discord.guilds"));
    assert!(faults(&[("API_URL", "discord.com")]).contains("discord.api_url"));
}

#[test]
fn callback_settings_are_checked() {
    let fault = |key: &str, value: &str| {
        let environment = [(format!("NETVANE__HTTP__CALLBACK_{key}"), value.to_owned())];
        Settings::load(None, environment)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };

    let secret = |bytes: usize| format!("whsec_{}", BASE64.encode(&vec![7; bytes]));
    for right in [24, 32, 64] {
        assert_eq!(fault("SECRET", &secret(right)), "", "{right} bytes");
    }

    let plain = secret(32).replace("whsec_", "");

    for wrong in [
        &secret(23),
        &secret(65),
        &plain,
        "whsec_",
        "whsec_CANARY!",
        "whsec_C2FVsBQIhrscChlQIMV-b5sSYspob7oD",
    ] {
        assert_eq!(
            fault("SECRET", wrong),
            "http.callback_secret: expected `whsec_` and 24 to 64 bytes in base64, or `whsk_` and an Ed25519 key of 32 bytes",
            "{wrong}"
        );
    }

    assert_eq!(fault("RETRY_SECONDS", "0,5"), "");
    for wrong in ["", "604801", &["1"; 21].join(",")] {
        assert!(
            fault("RETRY_SECONDS", wrong).starts_with("http.callback_retry_seconds: expected 1–20"),
            "{wrong}"
        );
    }

    assert!(fault("RETRY_SECONDS", "soon").contains("http.callback_retry_seconds"));
    assert!(fault("TIMEOUT_MS", "0").contains("http.callback_timeout_ms"));
}

#[test]
fn warns_about_variables_that_resemble_settings() {
    let names = [
        "NETVANE_TELEGRAM_TOKEN",
        "NETVANE__TELEGRAM__TOKEN",
        "NETVANE_CONFIG",
        "netvane__dns__servers",
        "HOME",
    ];
    assert_eq!(
        almost_settings(names.map(str::to_owned)),
        [
            "NETVANE_TELEGRAM_TOKEN: not a setting, ignored; did you mean NETVANE__TELEGRAM__TOKEN?",
            "netvane__dns__servers: not a setting, ignored; did you mean NETVANE__DNS__SERVERS?"
        ]
    );
    let pods = ["NETVANE_SERVICE_HOST", "NETVANE_PORT_8080_TCP"];
    assert_eq!(almost_settings(pods.map(str::to_owned)), [""; 0]);
}

#[test]
fn syntax_errors_name_the_place_and_never_repeat_the_text() {
    let lines = [
        "token = CANARY",
        "token = CANARY:x",
        "token = \"CANARY",
        "token = 'CANARY",
        "token = \"\"\"CANARY",
        "token \"CANARY\"",
        "token = \"CANARY\" CANARY",
        "token = [\"CANARY\"",
        "token = { a = \"CANARY\"",
        "token = \"\\CANARY\"",
        "token = \"CANARY\"\ntoken = \"CANARY\"",
        "\"CANARY",
        "CANARY",
        "[CANARY",
        "token = 0xCANARY",
        "token = 2026-CANARY",
        "token = \"CANARY\u{1}\"",
        "token = \"CANARY\"\n[telegram.token.CANARY]\n",
    ];
    for line in lines {
        let text = format!("[telegram]\n{line}");
        let fault = syntax_fault(&text);
        assert!(!fault.contains("CANARY"), "{line}: {fault}");
        assert!(
            parse(&text).is_err() && fault.contains("line "),
            "{line}: {fault}"
        );
    }
    assert_eq!(
        syntax_fault("[telegram]\ntoken = CANARY"),
        "line 2: `token` needs a value in quotes: `token = \"…\"`"
    );
    assert_eq!(
        syntax_fault("[http]\nlisten = 127.0.0.1:8080\n"),
        "line 2: `listen` needs a value in quotes: `listen = \"…\"`"
    );
    for other in ["[dns]\nattempts = 3x", "[http]\nCANARY = CANARY"] {
        let fault = syntax_fault(other);
        assert!(!fault.contains("quotes:"), "{fault}");
        assert!(fault.starts_with("line 2, column "), "{fault}");
    }
}

#[test]
fn wrong_values_are_not_repeated() {
    for value in [
        r#"{ a = "CANARY" }"#,
        r#"["CANARY expected x", "b"]"#,
        r#"[["CANARY for key `x`"]]"#,
    ] {
        for key in ["telegram.token", "http.slack_signing_secret"] {
            let (section, name) = key.split_once('.').expect("a key");
            let text = format!("[{section}]\n{name} = {value}");
            let read = Config::builder()
                .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
                .add_source(File::from_str(&text, FileFormat::Toml))
                .build()
                .and_then(Config::try_deserialize::<Settings>);
            let error = read.expect_err("a wrong type");
            let fault = describe_error(&error);
            assert!(!fault.contains("CANARY"), "{fault}");
            assert!(fault.starts_with(key), "{fault}");
        }
    }
    for (message, told) in [
        (
            r#"invalid type: string "a for key `CANARY`", expected an integer for key `dns.attempts`"#,
            "dns.attempts: expected an integer",
        ),
        (r#"invalid type: string "CANARY""#, "invalid value"),
    ] {
        let error = config::ConfigError::Message(message.into());
        assert_eq!(describe_error(&error), told);
    }
}

#[test]
fn callback_keys_are_one_text_or_a_list() {
    let key = |byte: u8| format!("whsec_{}", BASE64.encode(&[byte; 32]));
    let one = key(1);
    let both = format!("{} {}", key(1), key(2));
    for (value, expected) in [
        (format!("'{one}'"), &one),
        (format!("'{both}'"), &both),
        (format!("['{}', '{}']", key(1), key(2)), &both),
    ] {
        let read: Settings = Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(File::from_str(
                &format!("[http]\ncallback_secret = {value}"),
                FileFormat::Toml,
            ))
            .build()
            .and_then(Config::try_deserialize)
            .expect("settings");
        assert_eq!(read.http.callback_secret.reveal(), expected);
        assert!(read.check().is_ok());
    }
}
