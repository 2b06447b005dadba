//! What both domains publish in DNS, as the story tells it.

use super::{
    super::super::{
        DkimKeys,
        receiver::{Dane, MtaSts, Policy, TlsRpt},
        sender::{Dkim, Dmarc, Spf},
    },
    *,
};

#[test]
fn spf_says_what_it_thinks_of_others() {
    let told = |spf: Spf| {
        let mut data = untold();
        data.sender.spf = Some(spf);
        part(trust::sender, &data)
    };

    let record = || Some("v=spf1".to_owned());

    for (others, words) in [
        ("fail", "forged (-all): receivers may refuse it"),
        (
            "softfail",
            "probably forged (~all): taken, but looked at more closely",
        ),
        ("neutral", "nothing is said about it (?all)"),
        ("pass", "allowed as well (+all)"),
    ] {
        let document = told(Spf {
            record: record(),
            others: Some(others),
            ..Spf::default()
        });
        assert_eq!(field(&document, "From other servers"), Some(words));
        assert_eq!(document.warnings.is_empty(), others != "pass");
    }

    let broken = told(Spf {
        record: record(),
        fault: Some("it redirects on and on".into()),
        redirects: vec!["a.test".into(), "b.test".into()],
        others: None,
    });

    assert_eq!(field(&broken, "SPF is at"), Some("a.test, b.test"));
    assert_eq!(
        broken.warnings,
        ["SPF of from.test: it redirects on and on"]
    );
    assert_eq!(
        told(Spf::default()).warnings,
        ["from.test has no SPF record: any server may claim to send for it"]
    );
}

#[test]
fn keys_are_told_by_their_selectors() {
    let told = |keys: &[(&str, &'static str)], fault: Option<&str>| {
        let mut data = untold();
        let keys = keys.iter().map(|(selector, key)| Dkim {
            selector: (*selector).into(),
            name: String::new(),
            key,
        });
        data.sender.dkim = Some(DkimKeys {
            keys: keys.collect(),
            tried: vec!["s1", "s2"],
            fault: fault.map(str::to_owned),
        });
        field(&part(trust::sender, &data), "DKIM").map(str::to_owned)
    };

    assert_eq!(
        told(&[("s1", "valid"), ("s2", "revoked")], None).as_deref(),
        Some("keys under the selectors s1, s2 (revoked)")
    );
    assert_eq!(
        told(&[], None).as_deref(),
        Some("no key under the usual selectors, which proves nothing")
    );
    assert_eq!(told(&[], Some("timeout")).as_deref(), Some("timeout"));
}

#[test]
fn dmarc_is_weak_where_it_only_watches() {
    for (policy, testing, words, warned) in [
        (
            Some("reject"),
            false,
            Some("is to be refused (reject)"),
            false,
        ),
        (
            Some("quarantine"),
            true,
            Some(
                "belongs into the spam folder (quarantine), though for now that is only a test (t=y)",
            ),
            false,
        ),
        (
            Some("none"),
            false,
            Some("is only reported, not stopped (none)"),
            true,
        ),
        (None, false, None, false),
    ] {
        let mut data = untold();

        data.sender.dmarc = Some(Dmarc {
            record: Some("v=DMARC1".into()),
            domain: Some("from.test".into()),
            policy,
            testing,
            ..Dmarc::default()
        });

        let document = part(trust::sender, &data);
        assert_eq!(field(&document, "Mail that proves nothing"), words);
        assert_eq!(field(&document, "DMARC is at"), None, "the domain's own");
        assert_eq!(
            document
                .warnings
                .iter()
                .any(|it| it.contains("only watches")),
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
fn policies_are_told_by_their_mode() {
    for (mode, told) in [
        (
            "enforce",
            "enforce: mail goes there encrypted and with a valid certificate, or not at all; \
             senders remember it for 7 days",
        ),
        (
            "testing",
            "testing: on trial: failures are only reported; senders remember it for 7 days",
        ),
        ("none", "none: switched off; senders remember it for 7 days"),
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
fn exchanges_must_be_named_and_have_certificates_where_that_is_enforced() {
    let mut untrusted = answering("mx2.test", true);
    untrusted.welcome.tls.as_mut().expect("TLS").trusted = Some(false);
    let mut data = with(vec![answering("mx1.test", true), untrusted]);

    data.receiver.mta_sts = Some(policy("enforce", &["mx2.test"]));
    assert_eq!(
        part(trust::encryption, &data).warnings,
        [
            "mx1.test is not named by the MTA-STS policy of to.test",
            "mx2.test has no valid certificate, which the MTA-STS policy of to.test demands"
        ]
    );
    data.receiver.mta_sts = Some(policy("testing", &["*.test"]));
    assert!(part(trust::encryption, &data).warnings.is_empty());
    data.receiver.mta_sts = Some(policy("none", &[]));
    assert!(part(trust::encryption, &data).warnings.is_empty());
}

#[test]
fn an_announced_policy_that_is_of_no_use_is_warned_of() {
    let mut data = with(vec![]);
    data.receiver.mta_sts = Some(MtaSts {
        policy: None,
        fault: Some("it answers with status 404".into()),
        ..policy("none", &[])
    });
    let document = part(trust::encryption, &data);
    assert_eq!(
        document.warnings,
        ["to.test announces MTA-STS, but it answers with status 404"]
    );
    data.receiver.mta_sts = Some(MtaSts::default());
    assert_eq!(
        field(&part(trust::encryption, &data), "MTA-STS"),
        Some("not published")
    );
}

#[test]
fn dane_counts_only_where_the_whole_way_is_signed() {
    for (records, mx, counts, warned) in [
        (
            true,
            true,
            "validated by the resolver (DNSSEC), so it counts; not compared with the certificate here",
            false,
        ),
        (
            true,
            false,
            "validated (DNSSEC), but the MX records are not: the way to this server can be changed",
            false,
        ),
        (
            false,
            true,
            "not validated by the resolver (DNSSEC), so it does not count",
            true,
        ),
        (
            false,
            false,
            "not validated by the resolver (DNSSEC), so it does not count",
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
        assert_eq!(field(&document, "DANE is"), Some(counts));
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
fn reports_are_told_with_their_addresses() {
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
    assert_eq!(
        told(None).as_deref(),
        Some("could not be found out in time")
    );
}
