use std::sync::LazyLock;

use super::*;
use crate::{
    commands::testing::{field, head, rows, shown},
    testing::read_back::ReadBack,
};
use netvane_document::Severity;
use netvane_facts::mailtrace::{
    AuthResult, BoundaryKind, Confidence, Dkim, ReportedResult, Verify,
};

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
        verify: Verify {
            from_fields: 1,
            author_domains: vec!["example.test".into()],
            ..Verify::default()
        },
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
        domain: None,
    }
}

fn reported(method: &str, result: &str) -> ReportedResult {
    ReportedResult {
        method: method.into(),
        result: result.into(),
        by: "mx.example.net".into(),
        detail: format!("identity of {method}"),
    }
}

#[test]
fn the_summary_says_whether_the_sender_is_authenticated() {
    let nothing = AuthResult::default;
    for (dmarc, receiver, policy, summary, severity) in [
        (
            outcome("pass", true),
            None,
            Some("reject"),
            "Authenticated: the message is from example.test (DMARC pass)",
            Severity::Good,
        ),
        (
            outcome("pass", true),
            Some("fail"),
            Some("reject"),
            "Not confirmed that the message is from example.test: DMARC passes now, but failed for the receiver",
            Severity::Warning,
        ),
        (
            outcome("fail", true),
            Some("pass"),
            Some("reject"),
            "Not authenticated: the message may not be from example.test (DMARC fail, the domain asks to reject such \
             mail (p=reject))",
            Severity::Bad,
        ),
        (
            outcome("fail", true),
            None,
            Some("none"),
            "Not authenticated: the message may not be from example.test (DMARC fail, policy none)",
            Severity::Bad,
        ),
        (
            outcome("none", true),
            Some("fail"),
            None,
            "Not authenticated: the message may not be from example.test (DMARC failed for the receiver)",
            Severity::Bad,
        ),
        (
            outcome("none", true),
            None,
            None,
            "Not confirmed that the message is from example.test: SPF could not be checked, there is no signature, and \
             there is no DMARC record",
            Severity::Warning,
        ),
        (
            nothing(),
            Some("pass"),
            None,
            "Reported as authenticated: example.test (DMARC passed for the receiver; not checked here)",
            Severity::Neutral,
        ),
        (
            nothing(),
            None,
            None,
            "Not confirmed that the message is from example.test: SPF could not be checked, there is no signature, and DMARC cannot be decided",
            Severity::Warning,
        ),
    ] {
        let reported = receiver.map(|result| reported("dmarc", result));
        let document = presented(Trace {
            authentication: Authentication {
                dmarc,
                dmarc_policy: policy.map(str::to_owned),
                reported: reported.into_iter().collect(),
                ..Authentication::default()
            },
            ..trace()
        });
        assert_eq!(head(&document), (summary, severity));
    }
}

#[test]
fn a_paste_without_an_author_is_neither_good_nor_bad() {
    let document = presented(Trace {
        from: None,
        verify: Verify::default(),
        ..trace()
    });
    assert_eq!(
        head(&document),
        ("Sender unknown: there is no From header", Severity::Neutral)
    );
}

#[test]
fn only_a_verified_origin_can_be_looked_up() {
    let shown_origin = |origin| {
        shown(&presented(Trace {
            hops: vec![],
            origin,
            ..trace()
        }))
    };
    let fact = shown_origin(from("10.0.0.7", Confidence::Fact));
    assert!(fact.contains("\nOrigin: 10.0.0.7 (address)"), "{fact}");
    let claimed = shown_origin(from("10.0.0.7", Confidence::Claimed));
    let expected = "\nOrigin: 10.0.0.7 (sender.example.test), unverified: line 2 (exact)";
    assert!(claimed.contains(expected), "{claimed}");
    let none = shown_origin(from("", Confidence::None));
    assert!(none.contains("\nOrigin: unknown: line 2"), "{none}");
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
        authentication: Authentication {
            dmarc: outcome("pass", true),
            ..Authentication::default()
        },
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
    first.at = Some("2026-03-02T10:00:01Z".into());
    let second = mailtrace::MailHop {
        from_host: None,
        helo: Some("[helo]".into()),
        by: None,
        tls: Some(tls),
        at: Some("2026-03-02T23:59:58Z".into()),
        delay_seconds: Some(-180),
        ..hop(2, "", "")
    };

    let third = mailtrace::MailHop {
        from_host: None,
        at: Some("2026-03-03T00:00:03Z".into()),
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
            "1 | sender.example.test / 192.168.0.1 (exact) | mx.example.test (exact) | ESMTPS, TLS | 2026-03-02 10:00:01 |  | ",
            "2 | [helo] (exact) |  (exact) | TLS | 23:59:58 | −3 min | ",
            "3 | 192.168.0.2 (exact) | z.test (exact) |  | 2026-03-03 00:00:03 | 5 s |  (aside)",
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
            reported: vec![reported("spf", "softfail"), reported("dmarc", "pass")],
            ..Authentication::default()
        },
        ..trace()
    });

    assert_eq!(
        rows(&document),
        [
            "DKIM | pass (good) | checked here (aside) | example.test (exact)",
            "DKIM | permerror (bad) | checked here (aside) | example.test (exact)",
            "DMARC | fail (bad) | checked here (aside) | detail of fail (exact)",
            "SPF | softfail (warning) | reported by mx.example.net (aside) | identity of spf (exact)",
            "DMARC | pass (good) | reported by mx.example.net (aside) | identity of dmarc (exact)",
        ]
    );
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
        ["X-Originating-IP (exact) | 192.0.2.7 (exact) |  (exact)"]
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
    ! Not confirmed that the message is from example.test: SPF could not be checked, there is no signature, and DMARC cannot be decided
    From: Ada <ada@example.test> (exact)
    Subject: Hello 😀 (exact)
    Date: 2026-03-02T10:00:00Z (exact)
    Origin: 10.0.0.7 (address)
    Trusted from: hop 2 (inferred from the topmost headers)
    [Hop | From | To | Protocol | Time (UTC) | Delay | Location]
    1 | sender.example.test (exact) | mx.example.test (exact) |  |  |  |
    2 | mx.example.test (exact) | store.example.test (exact) |  |  |  |
    "#);
}

#[test]
fn missing_headers_are_omitted() {
    let document = presented(Trace::default());
    for name in [
        "From",
        "Subject",
        "Date",
        "Trusted from",
        "Origin",
        "Data source",
    ] {
        assert_eq!(field(&document, name), None, "{name}");
    }
}

#[test]
fn control_characters_in_headers_are_kept_in_the_document() {
    let document = presented(Trace {
        subject: Some("<img src=x>\u{202e}```".into()),
        ..trace()
    });
    assert_eq!(field(&document, "Subject"), Some("<img src=x>\u{202e}```"));
}
