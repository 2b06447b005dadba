use super::*;

/// The result for other servers, the redirect and the error of one record.
fn read(text: &str) -> (Option<Cow<'static, str>>, Option<String>, Option<String>) {
    let mut spf = Spf::default();
    let next = spf.read("example.test", text.into());
    (spf.others, next, spf.fault)
}

#[test]
fn spf_result_for_other_servers() {
    for (text, others) in [
        ("v=spf1 mx -all", "fail"),
        ("v=spf1 include:_spf.example.test ~all", "softfail"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1 +all", "pass"),
        ("v=spf1 all", "pass"),
        ("v=spf1 mx", "neutral"),
        ("v=spf1 -all redirect=_spf.example.test", "fail"),
    ] {
        assert_eq!(read(text), (Some(others.into()), None, None), "{text}");
    }
    let next = Some("_spf.example.test".into());
    assert_eq!(
        read("v=spf1 redirect=_spf.Example.test."),
        (None, next, None)
    );
    assert_eq!(
        read("v=spf1 redirect=%{d}.example.test"),
        (None, None, None)
    );
    assert_eq!(
        read("v=spf1 ipv4:192.0.2.1 -all").2.as_deref(),
        Some(
            "invalid SPF record at example.test: `ipv4:192.0.2.1`: unknown mechanism; did you mean `ip4:192.0.2.1`?"
        )
    );
}

#[test]
fn version_tags_match_whole_words() {
    assert!(is_version("V=SPF1", "v=spf1", &[' ']) && is_version("v=spf1 -all", "v=spf1", &[' ']));
    assert!(!is_version("v=spf10 -all", "v=spf1", &[' ']) && !is_version("vé", "v=spf1", &[' ']));
}

#[test]
fn dkim_keys_are_distinguished_from_other_txt_records() {
    assert_eq!(key_state("v=DKIM1; p="), Some("revoked"));
    assert_eq!(key_state("v=DKIM1; k=dsa; p=AAAA"), Some("unreadable"));
    assert_eq!(
        key_state("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
        Some("valid")
    );
    assert_eq!(key_state("v=spf1 -all"), None);
    assert_eq!(key_state("hello"), None);
}
