use super::*;

#[test]
fn spf_result_for_other_servers() {
    let told = |text: &str| default_result(&SpfRecord::parse(text.as_bytes()).expect(text));
    assert_eq!(told("v=spf1 mx -all"), Ok("fail"));
    assert_eq!(
        told("v=spf1 include:_spf.example.test ~all"),
        Ok("softfail")
    );
    assert_eq!(told("v=spf1 ?all"), Ok("neutral"));
    assert_eq!(told("v=spf1 +all"), Ok("pass"));
    assert_eq!(told("v=spf1 all"), Ok("pass"));
    assert_eq!(told("v=spf1 mx"), Ok("neutral"));
    assert_eq!(
        told("v=spf1 redirect=_spf.Example.test"),
        Err("_spf.example.test".into())
    );
    assert_eq!(told("v=spf1 -all redirect=_spf.example.test"), Ok("fail"));
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

#[test]
fn the_tree_walk_ends_at_the_top_or_after_eight_names() {
    assert_eq!(
        tree_walk_names("a.example.test"),
        ["a.example.test", "example.test", "test"]
    );
    assert_eq!(tree_walk_names("test"), ["test"]);
    let long = tree_walk_names("1.2.3.4.5.6.7.8.9.test");
    assert_eq!(
        (long.len(), long[0].as_str()),
        (8, "1.2.3.4.5.6.7.8.9.test")
    );
    assert_eq!(
        (long[1].as_str(), long[7].as_str()),
        ("4.5.6.7.8.9.test", "test")
    );
}

fn applies(domain: &str, records: &[(&str, &str)]) -> (Option<String>, Option<String>) {
    let found = records.iter().map(|(name, text)| {
        (
            name.to_string(),
            text.to_string(),
            DmarcRecord::parse(text.as_bytes()).ok(),
        )
    });
    let dmarc = applicable_record(domain, found.collect());
    (dmarc.domain, dmarc.policy.map(Cow::into_owned))
}

#[test]
fn the_nearest_record_or_that_of_the_organization_applies() {
    let own = ("a.b.example.test", "v=DMARC1; p=none");
    let organization = ("example.test", "v=DMARC1; p=reject; sp=quarantine");
    let suffix = ("test", "v=DMARC1; psd=y; p=reject; sp=none");
    assert_eq!(applies("a.b.example.test", &[]), (None, None));
    assert_eq!(
        applies(own.0, &[own, organization]),
        (Some(own.0.into()), Some("none".into()))
    );
    assert_eq!(
        applies(own.0, &[organization]),
        (Some("example.test".into()), Some("quarantine".into()))
    );
    assert_eq!(
        applies(own.0, &[organization, suffix]),
        (Some("example.test".into()), Some("quarantine".into()))
    );
    assert_eq!(
        applies(own.0, &[suffix]),
        (Some("test".into()), Some("none".into()))
    );

    // A record between the two counts only where nothing is above it.
    let between = ("b.example.test", "v=DMARC1; p=reject");

    assert_eq!(
        applies(own.0, &[between, organization]).0.as_deref(),
        Some("example.test")
    );
    assert_eq!(
        applies("x.test", &[("x.test", "v=DMARC1; rua=mailto:d@x.test")]).1,
        Some("none".into())
    );
    assert_eq!(applies("x.test", &[("x.test", "v=DMARC1; fo=1")]).1, None);
    assert_eq!(
        applies("x.test", &[("x.test", "v=DMARC1; p=perhaps")]).1,
        None
    );
}
