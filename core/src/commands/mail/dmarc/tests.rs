use crate::{
    commands::{mail::testing::check_verdicts, testing::shown},
    testing::dns::{TestDns, ask, ask_json},
};

const ZONE: &str = r#"
_dmarc IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.test"
sub IN A 192.0.2.1
_dmarc.none IN TXT "v=DMARC1; p=none; rua=mailto:a@none.example.test"
_dmarc.test IN TXT "v=DMARC1; p=reject; t=y; rua=mailto:a@example.test"
_dmarc.weak IN TXT "v=DMARC1; p=reject; sp=none; rua=mailto:a@example.test"
_dmarc.weaknp IN TXT "v=DMARC1; p=reject; np=none; rua=mailto:a@example.test"
_dmarc.two IN TXT "v=DMARC1; p=reject"
_dmarc.two IN TXT "v=DMARC1; p=none"
_dmarc.case IN TXT "v=dmarc1; p=reject"
_dmarc.bad IN TXT "v=DMARC1; p=rejected; rua=mailto:a@example.test"
_dmarc.nop IN TXT "v=DMARC1; rua=mailto:a@example.test"
_dmarc.quiet IN TXT "v=DMARC1; p=reject; pct=50"
_dmarc.ext IN TXT "v=DMARC1; p=reject; rua=mailto:a@reports.invalid.example.test,mailto:b@other.example"
_dmarc.web IN TXT "v=DMARC1; p=reject; rua=https://example.test/r"
_dmarc.strict IN TXT "v=DMARC1; p=quarantine; adkim=s; aspf=s; rua=mailto:a@strict.example.test; psd=n"
"#;

#[tokio::test]
async fn every_problem_has_its_code_and_state() {
    check_verdicts(
        ZONE,
        &[
            ("dmarc example.test", "ok"),
            ("dmarc sub.example.test", "ok"),
            ("dmarc nowhere.example.test", "ok"),
            ("dmarc none.example.test", "warning policy_none"),
            ("dmarc test.example.test", "warning testing"),
            ("dmarc weak.example.test", "warning weak_subdomain_policy"),
            ("dmarc weaknp.example.test", "warning weak_subdomain_policy"),
            ("dmarc two.example.test", "error several_records"),
            ("dmarc case.example.test", "error invalid_version"),
            ("dmarc bad.example.test", "error invalid_record policy_none"),
            ("dmarc nop.example.test", "error invalid_record policy_none"),
            ("dmarc quiet.example.test", "ok ignored_tag no_reports"),
            ("dmarc web.example.test", "ok report_scheme"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_subdomain_inherits_the_policy() {
    let dns = TestDns::serving(ZONE).await;
    let data = &ask_json(&dns.engine(), "dmarc a.b.sub.example.test").await["data"];
    assert_eq!(data["found_at"], "example.test");
    assert_eq!(data["policy"], "reject");
    assert_eq!(data["alignment"]["spf"], "relaxed");
    assert_eq!(data["rua"][0]["accepted"], true);
}

#[tokio::test]
async fn a_different_organizational_domain_is_reported() {
    let dns = TestDns::serving(ZONE).await;
    let reply = ask_json(&dns.engine(), "dmarc strict.example.test").await;
    let domains = &reply["data"]["organizational_domain"];
    assert_eq!(domains["tree_walk"], "strict.example.test");
    assert_eq!(domains["public_suffix_list"], "example.test");
    assert_eq!(reply["data"]["problems"][0]["code"], "suffix_list_differs");
}

#[tokio::test]
async fn reports_to_another_domain_need_its_permission() {
    let zone = r#"
_dmarc.example IN TXT "v=DMARC1; p=reject; rua=mailto:a@given.test,mailto:b@missing.test,mailto:c@any.test; ruf=mailto:d@sub.example.test"
example.test._report._dmarc.given IN TXT "v=DMARC1;"
*._report._dmarc.any IN TXT "v=DMARC1"
example.test._report._dmarc.missing IN TXT "v=spf1 -all"
"#;
    let dns = TestDns::several(zone).await;
    let reply = ask(&dns.engine(), "dmarc example.test")
        .await
        .expect("a reply");
    insta::assert_snapshot!(shown(reply.rendition.document()), @r"
    # DMARC of example.test
    ✗ 1 error: receivers should reject mail that fails (p=reject)
    Record: v=DMARC1; p=reject; rua=mailto:a@given.test,mailto:b@missing.test,mailto:c@any.test; ruf=mailto:d@sub.example.test (exact)
    Policy: reject
    Subdomains: reject
    Alignment: SPF relaxed, DKIM relaxed
    Reports: mailto:a@given.test (permitted) / mailto:b@missing.test (not accepted) / mailto:c@any.test (permitted) (exact)
    Failure reports: mailto:d@sub.example.test (exact)
    ✗ missing.test does not permit reports about example.test to mailto:b@missing.test, so receivers do not send them (RFC 7489 §7.1)
    → The owner of missing.test must publish `v=DMARC1` as TXT at example.test._report._dmarc.missing.test
    ");
}

#[tokio::test]
async fn a_domain_that_does_not_exist_is_not_asked_to_publish_a_record() {
    let dns = TestDns::several("here IN A 192.0.2.1\n").await;
    let engine = dns.engine();
    let data = &ask_json(&engine, "dmarc gone.test").await["data"];
    assert_eq!(data["nxdomain"], true);
    assert_eq!(data["state"], "none");
    assert_eq!(
        data["problems"][0]["text"],
        "gone.test does not exist (NXDOMAIN)"
    );
    assert_eq!(
        data["problems"][0]["fix"],
        "Check the spelling of the domain"
    );

    let data = &ask_json(&engine, "dmarc here.test").await["data"];
    assert_eq!(data.get("nxdomain"), None);
    assert_eq!(data["problems"][0]["code"], "no_record");
}
