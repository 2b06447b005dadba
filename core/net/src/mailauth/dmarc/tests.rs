use super::*;
use crate::mailauth::testing::{Zone, ZoneEntry, ZoneServer, text_zone};

fn identifier(method: IdentifierMethod, domain: &str) -> Identifier {
    Identifier {
        method,
        domain: domain.into(),
        passes: true,
    }
}

async fn check_with(zone: Zone, author: &str, identifiers: &[Identifier]) -> DmarcCheck {
    let server = ZoneServer::start(zone).await;
    check(&server.client, author, identifiers).await
}

/// The results of one record for identifiers of both methods.
async fn results(zone: &[(&str, &str)], author: &str, domain: &str) -> [&'static str; 2] {
    let mut results = [""; 2];
    for (result, method) in results
        .iter_mut()
        .zip([IdentifierMethod::Spf, IdentifierMethod::Dkim])
    {
        let identifiers = [identifier(method, domain)];
        *result = check_with(text_zone(zone), author, &identifiers)
            .await
            .result
            .as_str();
    }
    results
}

#[tokio::test]
async fn alignment_is_strict_or_within_the_organization() {
    let record = |text| [("_dmarc.example.test", text)];
    let relaxed = record("v=DMARC1; p=reject");
    let strict = record("v=DMARC1; p=reject; aspf=s; adkim=S");
    let mixed = record("v=DMARC1; p=reject; adkim=s");

    for (zone, author, domain, expected) in [
        (&relaxed, "example.test", "example.test", ["pass", "pass"]),
        (
            &relaxed,
            "example.test",
            "Mail.EXAMPLE.test.",
            ["pass", "pass"],
        ),
        (
            &relaxed,
            "a.example.test",
            "b.example.test",
            ["pass", "pass"],
        ),
        (&relaxed, "a.example.test", "example.test", ["pass", "pass"]),
        (
            &relaxed,
            "example.test",
            "badexample.test",
            ["fail", "fail"],
        ),
        (&relaxed, "example.test", "test", ["fail", "fail"]),
        (&relaxed, "example.test", "other.test", ["fail", "fail"]),
        (&strict, "example.test", "example.test", ["pass", "pass"]),
        (
            &strict,
            "example.test",
            "mail.example.test",
            ["fail", "fail"],
        ),
        (
            &mixed,
            "example.test",
            "mail.example.test",
            ["pass", "fail"],
        ),
        (&relaxed, "other.test", "other.test", ["none", "none"]),
    ] {
        assert_eq!(
            results(zone, author, domain).await,
            expected,
            "{author} {domain}"
        );
    }
}

#[tokio::test]
async fn another_organization_below_the_same_name_is_not_aligned() {
    let zone = [
        ("_dmarc.example.test", "v=DMARC1; p=reject"),
        ("_dmarc.customer.example.test", "v=DMARC1; p=none; psd=n"),
    ];
    assert_eq!(
        results(&zone, "example.test", "www.customer.example.test").await,
        ["fail", "fail"]
    );

    // Below a public suffix, each name is an organization.
    let zone = [("_dmarc.co.test", "v=DMARC1; p=reject; psd=y")];
    assert_eq!(
        results(&zone, "a.co.test", "b.co.test").await,
        ["fail", "fail"]
    );
    assert_eq!(
        results(&zone, "x.a.co.test", "y.a.co.test").await,
        ["pass", "pass"]
    );
}

#[tokio::test]
async fn one_aligned_pass_is_enough() {
    let zone = text_zone(&[("_dmarc.example.test", "v=DMARC1; p=reject")]);
    let mut identifiers = vec![
        identifier(IdentifierMethod::Spf, "list.test"),
        identifier(IdentifierMethod::Dkim, "other.test"),
        identifier(IdentifierMethod::Dkim, "example.test"),
    ];
    let pass = check_with(zone.clone(), "example.test", &identifiers).await;
    assert_eq!(
        (pass.result, pass.reason.as_str()),
        (DmarcResult::Pass, "aligned DKIM pass, aligned SPF fail")
    );
    identifiers[2].passes = false;
    let unknown = check_with(zone.clone(), "example.test", &identifiers).await;
    assert_eq!(
        (unknown.result, unknown.reason.as_str()),
        (
            DmarcResult::TempError,
            "aligned DKIM temperror, aligned SPF fail"
        )
    );
    let fail = check_with(zone, "example.test", &[]).await;
    assert_eq!(
        (fail.result, fail.policy, fail.found_at.as_deref()),
        (
            DmarcResult::Fail,
            Some(Policy::Reject),
            Some("example.test")
        )
    );
}

#[tokio::test]
async fn two_records_count_as_none_and_the_parent_applies() {
    let mut records = vec![
        ("_dmarc.a.example.test", "v=DMARC1; p=none"),
        ("_dmarc.a.example.test", "v=DMARC1; p=none"),
    ];
    let none = check_with(text_zone(&records), "a.example.test", &[]).await;
    assert_eq!(none.result, DmarcResult::None);
    assert_eq!(
        none.reason,
        "_dmarc.a.example.test has 2 records, which count as none (RFC 9989 §4.10)"
    );
    records.push(("_dmarc.example.test", "v=DMARC1; p=reject; sp=quarantine"));
    let fail = check_with(text_zone(&records), "a.example.test", &[]).await;
    assert_eq!(
        (fail.result, fail.policy, fail.found_at.as_deref()),
        (
            DmarcResult::Fail,
            Some(Policy::Quarantine),
            Some("example.test")
        )
    );
}

#[tokio::test]
async fn an_invalid_policy_counts_as_none_with_an_address_for_reports() {
    let check_record = async |text| {
        let zone = text_zone(&[("_dmarc.example.test", text)]);
        let check = check_with(
            zone,
            "example.test",
            &[identifier(IdentifierMethod::Spf, "example.test")],
        )
        .await;
        (check.result, check.policy, check.reason)
    };
    let zone = text_zone(&[("_dmarc.example.test", "v=DMARC1; p=reject; t=y")]);
    let testing = check_with(zone, "example.test", &[]).await;
    assert_eq!(
        (testing.policy, testing.requested_handling()),
        (Some(Policy::Reject), Some(Policy::Quarantine))
    );
    let (result, policy, _) = check_record("v=DMARC1; p=rejct; rua=mailto:a@example.test").await;
    assert_eq!((result, policy), (DmarcResult::Pass, Some(Policy::None)));
    let (result, policy, reason) = check_record("v=DMARC1; p=rejct").await;
    assert_eq!((result, policy), (DmarcResult::PermError, None));
    assert_eq!(
        reason,
        "invalid record of example.test: `p` must be `none`, `quarantine` or `reject`, got `rejct`"
    );
}

#[tokio::test]
async fn subdomains_that_do_not_exist_have_a_policy_of_their_own() {
    let mut zone = text_zone(&[(
        "_dmarc.example.test",
        "v=DMARC1; p=none; sp=quarantine; np=reject",
    )]);
    zone.insert(
        "real.example.test".into(),
        vec![ZoneEntry::Address(
            "2001:db8::1".parse().expect("an address"),
        )],
    );
    zone.insert(
        "alias.example.test".into(),
        vec![ZoneEntry::Alias("gone.test".into())],
    );
    zone.insert("down.example.test".into(), vec![ZoneEntry::Failing]);
    for (author, policy) in [
        ("example.test", Policy::None),
        ("real.example.test", Policy::Quarantine),
        ("alias.example.test", Policy::Quarantine),
        ("down.example.test", Policy::Quarantine),
        ("fake.example.test", Policy::Reject),
    ] {
        let check = check_with(zone.clone(), author, &[]).await;
        assert_eq!(
            (check.result, check.policy),
            (DmarcResult::Fail, Some(policy)),
            "{author}"
        );
    }
}

#[tokio::test]
async fn failed_lookups_decide_only_where_they_matter() {
    let mut zone = text_zone(&[("_dmarc.a.example.test", "v=DMARC1; p=reject")]);
    zone.insert("_dmarc.example.test".into(), vec![ZoneEntry::Failing]);
    let with = async |domain: &str| {
        let identifiers = [identifier(IdentifierMethod::Dkim, domain)];
        check_with(zone.clone(), "a.example.test", &identifiers)
            .await
            .result
    };
    assert_eq!(with("a.example.test").await, DmarcResult::Pass);
    assert_eq!(with("b.example.test").await, DmarcResult::TempError);
    let other = check_with(zone.clone(), "b.example.test", &[]).await;
    assert_eq!(
        (other.result, other.reason.as_str()),
        (
            DmarcResult::TempError,
            "could not look up TXT of _dmarc.example.test: SERVFAIL"
        )
    );
}

#[tokio::test]
async fn authors_without_a_domain_name_are_an_error() {
    for author in ["", "[192.0.2.1]", "localhost", "a..test", "\u{1b}[31m"] {
        let check = check_with(Zone::new(), author, &[]).await;
        assert_eq!(check.result, DmarcResult::PermError, "{author:?}");
    }
}
