use std::sync::LazyLock;

use super::*;
use crate::{
    commands::testing::{field, head, rows, shown},
    testing::{
        dns::{TestDns, ask_json},
        read_back::ReadBack,
    },
};
use netvane_document::Severity;
use netvane_facts::mailtrace::{BoundaryKind, Confidence, Dkim};

static GEO: LazyLock<GeoReader> =
    LazyLock::new(|| GeoReader::embedded().expect("the shipped database"));

fn hop(index: usize, from: &str, by: &str) -> mailtrace::MailHop {
    mailtrace::MailHop {
        index,
        from_host: Some(from.into()),
        by: Some(by.into()),
        trusted: true,
        ..mailtrace::MailHop::default()
    }
}

fn from(address: &str, confidence: Confidence) -> mailtrace::Origin {
    mailtrace::Origin {
        address: address.parse().ok(),
        host: Some("sender.example.test".into()),
        confidence,
        evidence: "line 2".into(),
    }
}

/// Two hops from a private address, which no database knows.
fn trace() -> Trace {
    Trace {
        from: Some("Ada <ada@example.test>".into()),
        subject: Some("Hello \u{1f600}".into()),
        date: Some("2026-03-02T10:00:00Z".into()),
        hops: vec![
            hop(1, "sender.example.test", "mx.example.test"),
            hop(2, "mx.example.test", "store.example.test"),
        ],
        origin: from("10.0.0.7", Confidence::Fact),
        ..Trace::default()
    }
}

fn presented(trace: Trace) -> netvane_document::Document {
    Data::new(&GEO, trace).present_checked()
}

fn outcome(result: &str, verified: bool) -> AuthResult {
    AuthResult {
        result: Some(result.into()),
        verified,
        detail: format!("detail of {result}"),
    }
}

#[test]
fn the_summary_says_whether_the_origin_is_verified() {
    let with = |origin| presented(Trace { origin, ..trace() });
    let nameless = mailtrace::Origin {
        host: None,
        ..from("10.0.0.7", Confidence::Fact)
    };

    for (origin, summary, severity) in [
        (
            from("10.0.0.7", Confidence::Fact),
            "Sent by sender.example.test [10.0.0.7] (verified)",
            Severity::Good,
        ),
        (nameless, "Sent by [10.0.0.7] (verified)", Severity::Good),
        (
            from("10.0.0.7", Confidence::Claimed),
            "Claims to come from sender.example.test [10.0.0.7] (unverified)",
            Severity::Warning,
        ),
        (
            from("", Confidence::None),
            "No Received header names the sending address",
            Severity::Warning,
        ),
    ] {
        assert_eq!(head(&with(origin)), (summary, severity));
    }
}

#[test]
fn a_text_without_received_lines_cannot_be_traced() {
    assert_eq!(
        head(&presented(Trace::default())),
        (
            "No Received headers found; paste the full headers of the message",
            Severity::Bad
        )
    );
}

#[test]
fn the_summary_shows_location_and_network() {
    let mut data = Data::new(&GEO, trace());
    for (city, organization, told) in [
        (Some("Berlin"), Some("AS1 X"), ", Berlin, AS1 X"),
        (Some("Berlin"), None, ", Berlin"),
        (None, Some("AS1 X"), ", AS1 X"),
        (None, None, ""),
    ] {
        data.origin.place = PlaceSummary {
            city: city.map(str::to_owned),
            organization: organization.map(str::to_owned),
            ..PlaceSummary::default()
        };
        assert_eq!(
            head(&data.present_checked()).0,
            format!("Sent by sender.example.test [10.0.0.7]{told} (verified)")
        );
    }
}

#[test]
fn anomalies_are_warnings_with_their_hop() {
    let anomaly = |hop, text: &str| Anomaly {
        hop,
        text: text.into(),
    };
    let document = presented(Trace {
        anomalies: vec![
            anomaly(Some(2), "the clock went back"),
            anomaly(None, "odd"),
        ],
        notes: vec!["cut after 100 lines".into()],
        ..trace()
    });
    assert_eq!(
        document.warnings,
        ["Hop 2: the clock went back", "odd", "cut after 100 lines"]
    );
    assert_eq!(document.severity, Severity::Warning);
}

#[test]
fn notes_do_not_change_the_severity() {
    let document = presented(Trace {
        notes: vec!["mended".into()],
        ..trace()
    });
    assert_eq!(document.severity, Severity::Good);
}

#[test]
fn each_hop_is_a_table_row() {
    let tls = netvane_facts::mailtrace::received::ReceivedTls {
        version: Some("TLSv1.3".into()),
        cipher: None,
        verified: None,
    };

    let mut first = hop(1, "sender.example.test", "mx.example.test");
    first.from_address = "192.168.0.1".parse().ok();
    first.protocol = Some("ESMTPS".into());
    first.tls = Some(tls.clone());
    let second = mailtrace::MailHop {
        from_host: None,
        helo: Some("[helo]".into()),
        by: None,
        tls: Some(tls),
        delay_seconds: Some(-180),
        ..hop(2, "", "")
    };

    let third = mailtrace::MailHop {
        from_host: None,
        trusted: false,
        delay_seconds: Some(5),
        from_address: "192.168.0.2".parse().ok(),
        ..hop(3, "", "z.test")
    };

    assert_eq!(
        rows(&presented(Trace {
            hops: vec![first, second, third],
            ..trace()
        })),
        [
            "1 | sender.example.test / 192.168.0.1 (domain) | mx.example.test (domain) | ESMTPS, TLS |  | ",
            "2 | [helo] (domain) |  (domain) | TLS | −3 min | ",
            "3 | 192.168.0.2 (domain) | z.test (domain) |  | 5 s |  (aside)",
        ]
    );
}

#[test]
fn authentication_results_show_their_source() {
    let dkim = |result: Option<&str>| Dkim {
        result: result.map(str::to_owned),
        verified: true,
        detail: "example.test".into(),
        ..Dkim::default()
    };

    let document = presented(Trace {
        hops: vec![],
        authentication: Authentication {
            spf: outcome("softfail", false),
            dkim: vec![dkim(Some("pass")), dkim(None), dkim(Some("permerror"))],
            dmarc: outcome("fail", true),
            arc: outcome("none", false),
            ..Authentication::default()
        },
        ..trace()
    });

    assert_eq!(
        rows(&document),
        [
            "SPF | softfail (warning) | reported by the receiver (aside) | detail of softfail (exact)",
            "DKIM | pass (good) | verified here (aside) | example.test (exact)",
            "DKIM | permerror (bad) | verified here (aside) | example.test (exact)",
            "DMARC | fail (bad) | verified here (aside) | detail of fail (exact)",
            "ARC | none | reported by the receiver (aside) | detail of none (exact)",
        ]
    );
}

#[test]
fn a_failed_dmarc_check_is_as_bad_as_the_policy_says() {
    for (result, verified, policy, severity, warnings) in [
        ("fail", true, Some("reject"), Severity::Bad, 1),
        ("fail", true, Some("quarantine"), Severity::Bad, 1),
        ("fail", true, Some("none"), Severity::Warning, 0),
        ("fail", false, Some("reject"), Severity::Good, 0),
        ("pass", true, Some("reject"), Severity::Good, 0),
        ("none", true, None, Severity::Good, 0),
    ] {
        let document = presented(Trace {
            authentication: Authentication {
                dmarc: outcome(result, verified),
                dmarc_policy: policy.map(str::to_owned),
                ..Authentication::default()
            },
            ..trace()
        });
        assert_eq!(
            (document.severity, document.warnings.len()),
            (severity, warnings),
            "{result} {policy:?}"
        );
    }
}

#[test]
fn unverified_sources_have_their_own_table() {
    let claim = Claim {
        source: "X-Originating-IP".into(),
        hop: None,
        address: "192.0.2.7".parse().expect("an address"),
        host: None,
        scope: "documentation".into(),
    };
    let document = presented(Trace {
        hops: vec![],
        claims: vec![claim],
        ..trace()
    });
    assert_eq!(
        rows(&document),
        ["X-Originating-IP (exact) | 192.0.2.7 (address) |  (exact)"]
    );
}

#[test]
fn renders_a_complete_trace() {
    let document = presented(Trace {
        boundary: Boundary {
            kind: BoundaryKind::Inferred,
            hop: Some(2),
            text: "the last server only".into(),
        },
        ..trace()
    });
    insta::assert_snapshot!(shown(&document), @r#"
    # Message trace
    ✓ Sent by sender.example.test [10.0.0.7] (verified)
    From: Ada <ada@example.test> (exact)
    Subject: Hello 😀 (exact)
    Date: 2026-03-02T10:00:00Z (exact)
    Hops: 2 hops
    Trust boundary: the last server only
    Evidence: line 2 (exact)
    [Hop | From | To | Protocol | Delay | Location]
    1 | sender.example.test (domain) | mx.example.test (domain) |  |  |
    2 | mx.example.test (domain) | store.example.test (domain) |  |  |
    "#);
}

#[test]
fn missing_headers_are_omitted() {
    let document = presented(Trace::default());
    for name in [
        "From",
        "Subject",
        "Date",
        "Trust boundary",
        "Evidence",
        "Data source",
    ] {
        assert_eq!(field(&document, name), None, "{name}");
    }
    assert_eq!(field(&document, "Hops"), Some("0 hops"));
}

#[test]
fn control_characters_in_headers_are_kept_in_the_document() {
    let document = presented(Trace {
        subject: Some("<img src=x>\u{202e}```".into()),
        ..trace()
    });
    assert_eq!(field(&document, "Subject"), Some("<img src=x>\u{202e}```"));
}

/// A message for which the first server recorded the client and the sender.
fn received(from: &str, sender: &str) -> String {
    format!(
        "trace_mail Return-Path: <{sender}>\nReceived: from mail.evil.test (mail.evil.test [{from}])\n by mx.reader.test \
         with ESMTPS id 1; Mon, 2 Mar 2026 10:00:00 +0000\nFrom: Ann <ann@example.test>\nSubject: Invoice\n\nHello\n"
    )
}

#[tokio::test]
async fn policies_of_the_sender_are_checked_with_a_reason() {
    let dns = TestDns::serving(
        "_dmarc IN TXT \"v=DMARC1; p=reject\"\ntwo IN TXT \"v=spf1 -all\"\ntwo IN TXT \"v=spf1 +all\"\n\
         wrong IN TXT \"v=spf1 ip4:192.0.2.1~all\"\nmany IN TXT \"v=spf1 include:many.example.test\"\n",
    )
    .await;
    let engine = dns.engine();

    for (from, sender, severity, result, reason) in [
        ("192.0.2.81", "ann@example.test", "good", "pass", ""),
        (
            "192.0.2.99",
            "ann@example.test",
            "bad",
            "fail",
            ": 192.0.2.99 matches `-all` of example.test",
        ),
        (
            "192.0.2.1",
            "ann@two.example.test",
            "bad",
            "permerror",
            ": two.example.test has 2 SPF records, only one is allowed (RFC 7208 §4.5)",
        ),
        (
            "192.0.2.1",
            "ann@wrong.example.test",
            "bad",
            "permerror",
            ": invalid SPF record of wrong.example.test: `ip4:192.0.2.1~all`: `192.0.2.1~all` is not an IPv4 address; \
             did you mean `ip4:192.0.2.1 ~all`?",
        ),
        (
            "192.0.2.1",
            "ann@many.example.test",
            "bad",
            "permerror",
            ": more than 10 DNS lookups are needed: `include:many.example.test` of many.example.test is number 11 (RFC \
             7208 §4.6.4)",
        ),
    ] {
        let reply = ask_json(&engine, &received(from, sender)).await;
        let authentication = &reply["data"]["authentication"];
        assert_eq!(authentication["spf"]["result"], result, "{authentication}");
        assert_eq!(
            authentication["spf"]["detail"],
            format!("{from} for {sender}{reason}")
        );
        assert_eq!(reply["severity"], severity, "{reply}");
        assert_eq!(authentication["dmarc_policy"], "reject");
    }

    let reply = ask_json(&engine, &received("192.0.2.99", "ann@example.test")).await;
    assert_eq!(
        reply["data"]["authentication"]["dmarc"]["detail"],
        "example.test: aligned DKIM none, aligned SPF none; policy of example.test: reject"
    );
}
