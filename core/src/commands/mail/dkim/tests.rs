use crate::{
    commands::{mail::testing::check_verdicts, testing::shown},
    testing::dns::{TestDns, ask, ask_json},
};

const RSA_512: &str = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKvBdeG4bpXVjW8C0pg6y1X907dqGEbVceV/Rkg0Vr3jmHI86PM0UrZ/bZ2VIODNWL70pOtvXzK41cQl1ouUJYECAwEAAQ==";
const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDG8jdF7zNwfcAxK0pTljlt2Y5xAZIhskUXBDR4/tL2gTrwNzqgt2q8WWTjKKT01/2gmw7673p+FK+5S65etGx4pj30XHmcKPDGeK76uNd/clDU39YeWvgsXQOIxokCArhuM8XQzPa0mzniMrPJlCDOR1L98mQxhRIz0R/47GfxoQIDAQAB";
const RSA_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsw7ST5p2zJFESFQPKmRHuR+ALN0Rc9H0Id4y99VoycE3tKpyy51i4I+GZBSNPrkRnW4LIeovjn17spgH62ur/Tc7XtsxPJaj1xbjznblCZYoUcim6A35/Xb/XVjBMHpw3mI1qQ68JjqfJUVnvIwt9bijcyBebA2Yl0LbKyiilgpae+9VDsYKqV5DQ0uueqzvcQlpUjI5VQOC2tGo0OKriZ0Jyk94682cYP14H7JXhMkPAH9lW7r7IgA9t6buAdaNpVwHckfy7PCo24LaIF9YGc+g4I485zzA0MpI4cVQxXkPt/UsQDwKFcWPvZhnFMLR6i85vCTJ63k6Y/Cw1wkvGQIDAQAB";

/// A zone with keys at selectors named for what is special about them.
fn zone() -> String {
    let (first, second) = RSA_2048.split_at(200);
    format!(
        r#"
good._domainkey IN TXT "v=DKIM1; k=rsa; p={first}" "{second}"
weak._domainkey IN TXT "v=DKIM1; p={RSA_1024}"
tiny._domainkey IN TXT "p={RSA_512}"
ed._domainkey IN TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
revoked._domainkey IN TXT "v=DKIM1; p="
broken._domainkey IN TXT "v=DKIM1; p={first}"
text._domainkey IN TXT "hello"
test._domainkey IN TXT "v=DKIM1; t=y; p={first}" "{second}"
sha1._domainkey IN TXT "v=DKIM1; h=sha1; p={first}" "{second}"
tls._domainkey IN TXT "v=DKIM1; s=tlsrpt; p={first}" "{second}"
odd._domainkey IN TXT "v=DKIM1; k=dsa; p=AAAA"
version._domainkey IN TXT "v=DKIM2; p={first}" "{second}"
two._domainkey IN TXT "v=DKIM1; p={first}" "{second}"
two._domainkey IN TXT "v=DKIM1; p="
s1._domainkey.guess IN TXT "v=DKIM1; p={first}" "{second}"
k1._domainkey.guess IN TXT "v=DKIM1; p="
*._domainkey.wild IN TXT "v=DKIM1; p="
"#
    )
}

#[tokio::test]
async fn every_problem_has_its_code_and_state() {
    check_verdicts(
        &zone(),
        &[
            ("dkim example.test good", "ok"),
            ("dkim good._domainkey.example.test good", "ok"),
            ("dkim example.test weak", "warning weak_key"),
            ("dkim example.test tiny", "error weak_key"),
            ("dkim example.test ed", "ok unknown_key_type"),
            ("dkim example.test revoked", "ok revoked_key"),
            ("dkim example.test broken", "error invalid_key"),
            ("dkim example.test text", "error invalid_record"),
            ("dkim example.test test", "warning testing"),
            ("dkim example.test sha1", "error sha1_only"),
            ("dkim example.test tls", "error wrong_service"),
            ("dkim example.test odd", "error unknown_key_type"),
            ("dkim example.test version", "error invalid_record"),
            ("dkim example.test two", "error several_records"),
            ("dkim example.test nowhere", "none no_key"),
            ("dkim example.test", "none no_key"),
            ("dkim guess.example.test", "ok revoked_key"),
            ("dkim wild.example.test", "ok revoked_key wildcard_key"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_key_has_its_type_size_and_state() {
    let dns = TestDns::serving(&zone()).await;
    let engine = dns.engine();
    for (selector, key) in [
        ("good", ("rsa", 2048, "ok")),
        ("weak", ("rsa", 1024, "warning")),
        ("tiny", ("rsa", 512, "error")),
        ("ed", ("ed25519", 256, "ok")),
    ] {
        let reply = ask_json(&engine, &format!("dkim example.test {selector}")).await;
        let found = &reply["data"]["keys"][0];
        assert_eq!(found["selector"], selector);
        assert_eq!(
            (&found["type"], &found["bits"], &found["state"]),
            (&key.0.into(), &key.1.into(), &key.2.into())
        );
        assert_eq!(reply["data"]["searched"], serde_json::json!([selector]));
    }
    let revoked = ask_json(&engine, "dkim example.test revoked").await;
    assert_eq!(revoked["data"]["keys"][0]["state"], "revoked");
}

#[tokio::test]
async fn common_selectors_are_labeled_as_a_guess() {
    let dns = TestDns::serving(&zone()).await;
    let reply = ask(&dns.engine(), "dkim guess.example.test")
        .await
        .expect("a reply");
    insta::assert_snapshot!(shown(reply.rendition.document()), @r"
    # DKIM of guess.example.test
    ✓ 2 keys at common selectors (a guess), no problems
    [Selector | Type | Bits | State]
    s1 (exact) | RSA | 2048 | OK (good)
    k1 (exact) | none |  | revoked (aside)
    · k1: The key is revoked (`p=` is empty), so its signatures fail
    → Nothing, if that is meant; otherwise publish the key again
    ! Common selectors were tried; DNS cannot list the selectors of a domain
    ");
}

#[tokio::test]
async fn a_selector_is_one_or_more_labels() {
    let dns = TestDns::serving(&zone()).await;
    let engine = dns.engine();
    for line in ["dkim example.test a..b", "dkim example.test *"] {
        assert!(ask(&engine, line).await.is_err(), "{line}");
    }
}

#[tokio::test]
async fn a_domain_that_does_not_exist_is_told_from_one_without_keys() {
    let dns = TestDns::serving(&zone()).await;
    let engine = dns.engine();
    for line in ["dkim gone.example.test", "dkim gone.example.test s1"] {
        let data = &ask_json(&engine, line).await["data"];
        assert_eq!(data["nxdomain"], true, "{line}");
        assert_eq!(
            data["problems"][0]["text"], "gone.example.test does not exist (NXDOMAIN)",
            "{line}"
        );
    }

    let data = &ask_json(&engine, "dkim example.test").await["data"];
    assert_eq!(data.get("nxdomain"), None);
    assert_eq!(
        data["problems"][0]["text"],
        "No key at 40 common selectors. The domain may use others: DNS cannot list them."
    );
}
