//! Results of SPF, DKIM, ARC and DMARC.

use super::{MESSAGE, Signer, results, verify, verify_bytes};

pub(super) const POLICIES: [(&str, &str); 2] = [
    ("example.test", "v=spf1 ip4:192.0.2.1 -all"),
    ("_dmarc.example.test", "v=DMARC1; p=reject"),
];

#[tokio::test]
async fn a_signature_or_an_authorized_server_authenticates_the_author() {
    let signer = Signer::new();
    let signed = signer.sign(MESSAGE, &["From", "Subject"]) + MESSAGE;
    let zone = signer.zone(&POLICIES);
    for (message, address, expected) in [
        (signed.as_str(), "192.0.2.1", ("pass", vec!["pass"], "pass")),
        (signed.as_str(), "192.0.2.2", ("fail", vec!["pass"], "pass")),
        (MESSAGE, "192.0.2.1", ("pass", vec![], "pass")),
        (MESSAGE, "192.0.2.2", ("fail", vec![], "fail")),
        (
            &signed.replace("Hello Bob", "Hello Eve"),
            "192.0.2.2",
            ("fail", vec!["fail"], "fail"),
        ),
    ] {
        let checked = verify(zone.clone(), message, address).await;
        assert_eq!(results(&checked), expected, "{address}: {checked:?}");
    }
}

#[tokio::test]
async fn a_signature_that_does_not_cover_the_author_proves_nothing() {
    let signer = Signer::new();
    let signed = signer.sign(MESSAGE, &["Subject"]) + MESSAGE;
    let checked = verify(signer.zone(&POLICIES), &signed, "192.0.2.2").await;
    assert_eq!(results(&checked), ("fail", vec!["permerror"], "fail"));
    assert_eq!(
        checked.dkim[0].detail,
        "d=example.test, s=s1: the signature does not cover From (RFC 6376 §6.1.1)"
    );
}

#[tokio::test]
async fn a_message_needs_one_author_domain_for_dmarc() {
    let signer = Signer::new();
    let signed = signer.sign(MESSAGE, &["From", "Subject"]) + MESSAGE;
    let reason = async |message: &str| {
        let checked = verify(signer.zone(&POLICIES), message, "192.0.2.1").await;
        let dmarc = checked.dmarc.expect("an envelope");
        (dmarc.result.as_str(), dmarc.reason)
    };
    for (message, expected) in [
        (
            format!("From: Eve <eve@evil.test>\r\n{signed}"),
            "the message has 2 From fields, only one is allowed (RFC 5322 §3.6)",
        ),
        (
            MESSAGE.replace("<ann@example.test>", "<ann@example.test>, eve@evil.test"),
            "the From field has addresses of several domains",
        ),
        (
            MESSAGE.replace("<ann@example.test>", ""),
            "the From field has no address",
        ),
    ] {
        assert_eq!(reason(&message).await, ("permerror", expected.to_owned()));
    }
    let same = MESSAGE.replace("<ann@example.test>", "<ann@example.test>, eve@EXAMPLE.test");
    assert_eq!(reason(&same).await.0, "pass");
}

#[tokio::test]
async fn several_records_of_a_domain_are_no_authentication() {
    let signer = Signer::new();
    let two = [
        ("example.test", "v=spf1 ip4:192.0.2.1 -all"),
        ("example.test", "v=spf1 +all"),
        ("_dmarc.example.test", "v=DMARC1; p=none"),
        ("_dmarc.example.test", "v=DMARC1; p=reject"),
    ];
    let checked = verify(signer.zone(&two), MESSAGE, "192.0.2.1").await;
    assert_eq!(results(&checked), ("permerror", vec![], "none"));
}

#[tokio::test]
async fn results_are_in_the_order_of_the_signatures() {
    let signer = Signer::new();
    let good = signer.sign(MESSAGE, &["From", "Subject"]);
    let bad = "DKIM-Signature: v=9; d=example.test; s=s1; b=x\r\n";
    let checked = verify(
        signer.zone(&POLICIES),
        &format!("{good}{bad}{good}{MESSAGE}"),
        "192.0.2.2",
    )
    .await;
    let (_, dkim, dmarc) = results(&checked);
    assert_eq!(dkim.first(), Some(&"pass"));
    assert_eq!(dkim.last(), Some(&"pass"));
    assert_eq!((dkim.len(), dmarc), (3, "pass"));
    assert_ne!(dkim[1], "pass");
}

const HEAD: &str = "From: Ann <ann@example.test>\r\nSubject: Hello\r\n\r\n";

#[tokio::test]
async fn bodies_in_any_charset_are_verified_as_they_are() {
    let signer = Signer::new();
    for body in [
        b"Gr\xfc\xdfe\r\n".as_slice(),
        // GB2312, KOI8-R, windows-1252, UTF-16.
        b"\xc4\xe3\xba\xc3\r\n",
        b"\xf0\xd2\xc9\xd7\xc5\xd4\r\n",
        b"\x93quoted\x94 \x80 5\r\n",
        b"a\0b\0\r\n",
        b"\xff\xfe\xfd\x00\x01",
    ] {
        let message = [HEAD.as_bytes(), body].concat();
        let signature = signer.sign_bytes(&message, &["From", "Subject"]);
        let signed = [signature.as_bytes(), &message].concat();
        let checked = verify_bytes(signer.zone(&POLICIES), &signed, Some("192.0.2.2")).await;
        assert_eq!(
            results(&checked),
            ("fail", vec!["pass"], "pass"),
            "{body:x?}"
        );

        let mut changed = signed.clone();
        let last = changed.len() - 3;
        changed[last] ^= 1;
        let checked = verify_bytes(signer.zone(&POLICIES), &changed, Some("192.0.2.2")).await;
        assert_eq!(
            results(&checked),
            ("fail", vec!["fail"], "fail"),
            "{body:x?}"
        );
    }
}

#[tokio::test]
async fn blank_lines_at_the_end_do_not_matter() {
    let signer = Signer::new();
    for (signed_body, bodies) in [
        (
            "Hello\r\n",
            ["Hello\r\n \r\n", "Hello\r\n\t \r\n\r\n", "Hello \t\r\n"],
        ),
        ("", [" \r\n", "\t\r\n \r\n", " "]),
    ] {
        let message = format!("{HEAD}{signed_body}");
        let signature = signer.sign(&message, &["From", "Subject"]);
        for body in bodies {
            let message = format!("{signature}{HEAD}{body}");
            for message in [message.replace("\r\n", "\n"), message] {
                let checked = verify(signer.zone(&POLICIES), &message, "192.0.2.2").await;
                assert_eq!(results(&checked).1, ["pass"], "{body:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_field_on_top_of_a_signed_one_is_not_the_authors() {
    let signer = Signer::new();
    let signed = signer.sign(MESSAGE, &["From", "Subject"]) + MESSAGE;
    let two = format!("From: Chief <ceo@bank.test>\r\n{signed}");
    let checked = verify(signer.zone(&POLICIES), &two, "192.0.2.1").await;
    assert_eq!(results(&checked), ("pass", vec!["pass"], "permerror"));
    assert_eq!(checked.authenticated, None);
}

#[tokio::test]
async fn headers_alone_decide_only_what_they_can() {
    let signer = Signer::new();
    let signed = signer.sign(MESSAGE, &["From", "Subject"]) + MESSAGE;
    let (head, _) = signed.split_once("\r\n\r\n").expect("a body");
    let (unsigned, _) = MESSAGE.split_once("\r\n\r\n").expect("a body");
    for (text, address, expected) in [
        (head, Some("192.0.2.1"), ("pass", "pass")),
        (head, Some("192.0.2.2"), ("fail", "temperror")),
        (unsigned, Some("192.0.2.2"), ("fail", "fail")),
        (unsigned, None, ("", "temperror")),
        (&signed, None, ("", "pass")),
        (MESSAGE, None, ("", "temperror")),
    ] {
        let checked = verify_bytes(signer.zone(&POLICIES), text.as_bytes(), address).await;
        let (spf, _, dmarc) = results(&checked);
        assert_eq!((spf, dmarc), expected, "{text}");
        let handling = checked
            .dmarc
            .expect("an author")
            .policy
            .map(|policy| policy.as_str());
        assert_eq!(handling, Some("reject"));
    }
}
