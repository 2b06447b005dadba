use hickory_resolver::proto::op::ResponseCode::NXDomain;

use super::*;
use crate::commands::{
    dns::testing::{answers, lookup, message, records},
    testing::{head, shown},
};
use crate::testing::read_back::ReadBack;
use netvane_document::Severity;

fn data(lines: &str) -> Data {
    Data {
        lookup: lookup("example.test", Rtype::TXT, answers(lines)),
        texts: texts(&records(lines)),
    }
}

#[test]
fn finds_the_purpose_of_common_texts() {
    let purpose_name = |name, text| {
        purpose(name, text).map(|purpose| purpose.split([':', '(']).next().unwrap_or("").trim())
    };
    assert_eq!(purpose_name("example.com", "v=spf1 -all"), Some("SPF"));
    assert_eq!(purpose_name("example.com", "v=spf10 -all"), None);
    assert_eq!(
        purpose_name("_dmarc.example.com", "v=DMARC1; p=none"),
        Some("DMARC")
    );
    assert_eq!(
        purpose_name("s1._domainkey.example.com", "k=rsa; p=MII"),
        Some("DKIM")
    );
    assert_eq!(
        purpose_name("example.com", "google-site-verification=x"),
        Some("Ownership token for Google")
    );
    assert_eq!(
        purpose_name("example.com", "acme-domain-verification=x"),
        Some("Ownership token")
    );
    assert_eq!(purpose_name("example.com", "hello"), None);
}

#[test]
fn long_texts_wrap_at_separators() {
    let spf = format!("v=spf1 {}-all", "include:_spf.mail.example ".repeat(6));
    let lines = wrap(&spf);
    assert!(
        lines.lines().all(|line| line.chars().count() <= 76),
        "{lines}"
    );
    assert_eq!(lines.replace('\n', " "), spf);
    let key = format!("v=DKIM1; k=rsa; p={}", "A".repeat(400));
    assert_eq!(wrap(&key).replace(['\n', ' '], ""), key.replace(' ', ""));
}

#[test]
fn spf_is_shown_first() {
    let data = data(
        "example.test. 300 IN TXT \"ms=1\"\nexample.test. 300 IN TXT \"b\"\nexample.test. 300 IN TXT \"v=spf1 -all\"",
    );
    let shown = shown(&data.present());
    let at = |text: &str| shown.find(text).expect(text);
    assert!(
        at("v=spf1 -all") < at("ms=1") && at("ms=1") < at("```\nb"),
        "{shown}"
    );
}

#[test]
fn strings_of_a_record_are_joined_without_separators() {
    let data = data("example.test. 300 IN TXT \"v=spf1 ip4:192.0\" \".2.0/24 -all\"");
    assert_eq!(data.texts[0].text, "v=spf1 ip4:192.0.2.0/24 -all");
    assert_eq!((data.texts[0].strings, data.texts[0].ttl), (2, 300));
}

#[test]
fn each_text_has_its_purpose_as_heading_and_spf_is_first() {
    let data = data(
        "
        example.test. 60 IN TXT \"hello <b>world</b>\"
        example.test. 300 IN TXT \"v=spf1 mx -all\"
        ",
    );
    insta::assert_snapshot!(shown(&data.present_checked()), @r#"
    # TXT of example.test
    ✓ 2 text records
    ## SPF: servers that may send mail for this domain (RFC 7208) · TTL 5 min
    ```
    v=spf1 mx -all
    ```
    ## Text · TTL 1 min
    ```
    hello <b>world</b>
    ```
    Answered by: 192.0.2.53:53 (aside)
    "#);
}

#[test]
fn warns_of_a_second_spf_record() {
    let one = "example.test. 300 IN TXT \"v=spf1 mx -all\"\n";
    let two = "example.test. 300 IN TXT \"V=SPF1\"\n";
    let other = "example.test. 300 IN TXT \"v=spf2.0/pra -all\"\n";
    assert!(
        data(&format!("{one}{other}"))
            .present_checked()
            .warnings
            .is_empty()
    );
    assert_eq!(
        data(&format!("{one}{two}")).present_checked().warnings,
        [
            "2 SPF records; only one is allowed, so SPF evaluation fails with permerror (RFC 7208 §4.5)"
        ]
    );
}

#[test]
fn a_failed_lookup_shows_no_texts() {
    let none = Data {
        lookup: lookup("gone.test", Rtype::TXT, message(NXDomain, "ra", "", "")),
        texts: Vec::new(),
    };
    let document = none.present_checked();
    assert_eq!(
        head(&document),
        ("gone.test does not exist (NXDOMAIN)", Severity::Bad)
    );
    assert_eq!(document.blocks.len(), 1, "its source");
}

#[test]
fn finds_no_purpose_in_similar_or_malformed_texts() {
    for (name, text, expected) in [
        ("example.test", "", None),
        ("example.test", "   ", None),
        ("example.test", "v=", None),
        ("example.test", "v=spf1", Some("SPF")),
        ("example.test", "  v=spf1 -all", Some("SPF")),
        ("example.test", "v=spf1;-all", Some("SPF")),
        ("example.test", "vérification=x", None),
        ("_acme-challenge.example.test", "abc", Some("ACME")),
        ("_acme-challengex.example.test", "abc", None),
        ("S1._DOMAINKEY.example.test", "p=MII", Some("DKIM")),
        ("s1._domainkey.example.test", "hello", None),
        ("example.test", "site-verify:1", Some("Ownership token")),
        ("example.test", "verification", None),
    ] {
        let purpose_name = purpose(name, text).map(|purpose| purpose.split([':', '(']).next());
        assert_eq!(
            purpose_name.flatten().map(str::trim),
            expected,
            "{name} {text:?}"
        );
    }
}

#[test]
fn wraps_texts_longer_than_76_characters() {
    let fits = "é".repeat(76);
    assert_eq!(wrap(&fits), fits);
    let longer = "é".repeat(77);
    assert_eq!(wrap(&longer), format!("{fits}\né"));
    assert_eq!(wrap(""), "");
}

#[test]
fn ttls_of_texts_count_down() {
    let mut data = data("example.test. 300 IN TXT \"x\"");
    assert_eq!(data.lifetime(), std::time::Duration::from_secs(300));
    data.age(301);
    assert_eq!((data.texts[0].ttl, data.lookup.answers[0].ttl), (0, 0));
}
