use crate::settings::Settings;

fn faults(variable: &str, value: &str) -> String {
    let pair = (format!("NETVANE__HTTP__{variable}"), value.to_owned());
    Settings::load(None, [pair])
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

fn hash() -> String {
    format!("sha256:{}", "0a".repeat(32))
}

#[test]
fn accepts_valid_settings() {
    let hash = hash();
    let secret = format!("whsec_{}", "A".repeat(32));

    for (variable, value) in [
        ("API_KEYS", format!("{hash} name=ops scopes=ask+batch")),
        ("INBOUND_SECRETS", format!("{secret},{secret}")),
        (
            "SLACK_SIGNING_SECRET",
            "0123456789abcdef0123456789abcdef".into(),
        ),
        ("SLASH_TOKENS", "xr3j5x3p4pfk7kk6ck7b4e6ghh".into()),
        (
            "CORS_ORIGINS",
            "https://dash.example,http://localhost:3000".into(),
        ),
        ("CORS_ORIGINS", "*".into()),
        ("ANONYMOUS", "false".into()),
    ] {
        assert_eq!(faults(variable, &value), "", "{variable}={value}");
    }
}

#[test]
fn errors_never_repeat_secrets() {
    let hash = hash();
    for (variable, value, told) in [
        (
            "API_KEYS",
            format!("{hash},nvk_hidden"),
            "http.api_keys: entry 2: this is a key; its hash belongs here",
        ),
        (
            "INBOUND_SECRETS",
            "hidden".into(),
            "http.inbound_secrets: entry 1: expected `whsec_`",
        ),
        (
            "SLACK_SIGNING_SECRET",
            "hidden".into(),
            "http.slack_signing_secret: ",
        ),
        ("SLASH_TOKENS", "hidden".into(), "http.slash_tokens: "),
        (
            "CORS_ORIGINS",
            "*,https://dash.example".into(),
            "\"*\" means all origins",
        ),
        (
            "CORS_ORIGINS",
            "https://dash.example/".into(),
            "is not an origin",
        ),
        ("CORS_ORIGINS", "null".into(), "is not an origin"),
        (
            "CORS_ORIGINS",
            "https://Dash.example".into(),
            "is not an origin",
        ),
    ] {
        let fault = faults(variable, &value);
        assert!(
            fault.contains(told) && !fault.contains("hidden"),
            "{variable}={value}: {fault}"
        );
    }
}
