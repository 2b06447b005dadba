//! Tests for the parts of the explanation about DNS records.

use super::{
    super::super::{
        DkimKeys,
        receiver::{Dane, MtaSts, Policy, TlsRpt},
        sender::{Dkim, Dmarc, Spf},
    },
    *,
};

#[test]
fn spf_result_for_other_servers() {
    let told = |spf: Spf| {
        let mut data = empty_data();
        data.sender.spf = Some(spf);
        part(trust::sender, &data)
    };

    let record = || Some("v=spf1".to_owned());

    for (others, words) in [
        ("fail", "fail (-all): receivers may reject the mail"),
        (
            "softfail",
            "softfail (~all): accepted, but treated as suspicious",
        ),
        ("neutral", "neutral (?all): no statement"),
        ("pass", "pass (+all): any server may send"),
    ] {
        let document = told(Spf {
            record: record(),
            others: Some(others.into()),
            ..Spf::default()
        });
        assert_eq!(field(&document, "Other servers"), Some(words));
        assert_eq!(document.warnings.is_empty(), others != "pass");
    }

    let broken = told(Spf {
        record: record(),
        fault: Some("too many redirects".into()),
        redirects: vec!["a.test".into(), "b.test".into()],
        others: None,
    });

    assert_eq!(field(&broken, "SPF redirect"), Some("a.test, b.test"));
    assert_eq!(broken.warnings, ["SPF of from.test: too many redirects"]);
    assert_eq!(
        told(Spf::default()).warnings,
        ["from.test has no SPF record: receivers cannot tell which servers may send its mail"]
    );
}

#[test]
fn dkim_keys_are_listed_by_selector() {
    let told = |keys: &[(&str, &'static str)], fault: Option<&str>| {
        let mut data = empty_data();
        let keys = keys.iter().map(|(selector, key)| Dkim {
            selector: (*selector).into(),
            name: String::new(),
            key: (*key).into(),
        });
        data.sender.dkim = Some(DkimKeys {
            keys: keys.collect(),
            tried: vec!["s1".into(), "s2".into()],
            fault: fault.map(str::to_owned),
        });
        field(&part(trust::sender, &data), "DKIM").map(str::to_owned)
    };

    assert_eq!(
        told(&[("s1", "valid"), ("s2", "revoked")], None).as_deref(),
        Some("keys at selectors s1, s2 (revoked)")
    );
    assert_eq!(
        told(&[], None).as_deref(),
        Some("no key at 2 common selectors (inconclusive)")
    );
    assert_eq!(told(&[], Some("timeout")).as_deref(), Some("timeout"));
}

#[test]
fn dmarc_with_policy_none_is_a_warning() {
    for (policy, testing, words, warned) in [
        (Some("reject"), false, Some("reject"), false),
        (
            Some("quarantine"),
            true,
            Some("quarantine (spam folder); test mode (t=y)"),
            false,
        ),
        (
            Some("none"),
            false,
            Some("none (reported, not stopped)"),
            true,
        ),
        (None, false, None, false),
    ] {
        let mut data = empty_data();

        data.sender.dmarc = Some(Dmarc {
            record: Some("v=DMARC1".into()),
            domain: Some("from.test".into()),
            policy: policy.map(Into::into),
            testing,
            ..Dmarc::default()
        });

        let document = part(trust::sender, &data);
        assert_eq!(field(&document, "Unauthenticated mail"), words);
        assert_eq!(
            field(&document, "DMARC record at"),
            None,
            "the domain's own"
        );
        assert_eq!(
            document
                .warnings
                .iter()
                .any(|it| it.contains("only monitors")),
            warned
        );
    }
}

fn policy(mode: &str, mx: &[&str]) -> MtaSts {
    MtaSts {
        record: Some("v=STSv1; id=1".into()),
        policy: Some(Policy {
            mode: mode.into(),
            mx: mx.iter().map(|name| (*name).to_owned()).collect(),
            max_age: 604_800,
        }),
        fault: None,
    }
}

#[test]
fn mta_sts_modes_are_explained() {
    for (mode, told) in [
        (
            "enforce",
            "enforce: mail is delivered over TLS with a valid certificate, or not at all; \
             senders cache it for 7 days",
        ),
        (
            "testing",
            "testing: no enforcement, failures go to reports; senders cache it for 7 days",
        ),
        ("none", "none: policy disabled; senders cache it for 7 days"),
    ] {
        let mut data = with(vec![]);
        data.receiver.mta_sts = Some(policy(mode, &["mx.test"]));
        assert_eq!(
            field(&part(trust::encryption, &data), "MTA-STS"),
            Some(told)
        );
    }
}

#[test]
fn enforced_mta_sts_warns_of_unlisted_servers_and_invalid_certificates() {
    let mut untrusted = answering("mx2.test", true);
    untrusted.welcome.tls.as_mut().expect("TLS").trusted = Some(false);
    let mut data = with(vec![answering("mx1.test", true), untrusted]);

    data.receiver.mta_sts = Some(policy("enforce", &["mx2.test"]));
    assert_eq!(
        part(trust::encryption, &data).warnings,
        [
            "mx1.test is not listed in the MTA-STS policy of to.test",
            "mx2.test has no valid certificate, but the MTA-STS policy of to.test requires one"
        ]
    );
    data.receiver.mta_sts = Some(policy("testing", &["*.test"]));
    assert!(part(trust::encryption, &data).warnings.is_empty());
    data.receiver.mta_sts = Some(policy("none", &[]));
    assert!(part(trust::encryption, &data).warnings.is_empty());
}

#[test]
fn a_published_but_invalid_mta_sts_policy_is_a_warning() {
    let mut data = with(vec![]);
    data.receiver.mta_sts = Some(MtaSts {
        policy: None,
        fault: Some("it returned HTTP status 404".into()),
        ..policy("none", &[])
    });
    let document = part(trust::encryption, &data);
    assert_eq!(
        document.warnings,
        ["to.test publishes MTA-STS, but it returned HTTP status 404"]
    );
    data.receiver.mta_sts = Some(MtaSts::default());
    assert_eq!(
        field(&part(trust::encryption, &data), "MTA-STS"),
        Some("not published")
    );
}

#[test]
fn dane_is_effective_only_if_mx_and_tlsa_are_validated() {
    for (records, mx, counts, warned) in [
        (
            true,
            true,
            "DNSSEC-validated by the resolver, so senders use it; not compared with the certificate here",
            false,
        ),
        (
            true,
            false,
            "DNSSEC-validated, but the MX records are not: an attacker can name another mail server",
            false,
        ),
        (
            false,
            true,
            "not DNSSEC-validated by the resolver, so senders ignore it",
            true,
        ),
        (
            false,
            false,
            "not DNSSEC-validated by the resolver, so senders ignore it",
            false,
        ),
    ] {
        let mut data = with(vec![exchange("mx.test")]);
        data.receiver.authenticated = mx;
        data.receiver.exchanges[0].dane = Some(Dane {
            records: vec!["3 1 1 AB".into()],
            authenticated: records,
        });
        let document = part(trust::encryption, &data);
        assert_eq!(field(&document, "DANE of mx.test"), Some("3 1 1 AB"));
        assert_eq!(field(&document, "DANE status"), Some(counts));
        assert_eq!(!document.warnings.is_empty(), warned);
    }

    let mut none = with(vec![exchange("mx.test")]);

    none.receiver.exchanges[0].dane = Some(Dane {
        records: vec![],
        authenticated: true,
    });
    assert_eq!(
        field(&part(trust::encryption, &none), "DANE"),
        Some("not published")
    );
}

#[test]
fn tls_rpt_lists_report_addresses() {
    let told = |tls_rpt| {
        let mut data = with(vec![]);
        data.receiver.tls_rpt = tls_rpt;
        field(&part(trust::encryption, &data), "TLS-RPT").map(str::to_owned)
    };
    let found = TlsRpt {
        record: Some("v=TLSRPTv1".into()),
        reports: vec!["a@x.test".into(), "https://x.test".into()],
        fault: None,
    };
    assert_eq!(
        told(Some(found)).as_deref(),
        Some("reports to a@x.test, https://x.test")
    );
    assert_eq!(
        told(Some(TlsRpt::default())).as_deref(),
        Some("not published")
    );
    assert_eq!(told(None).as_deref(), Some("lookup failed or timed out"));
}
