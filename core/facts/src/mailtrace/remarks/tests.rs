//! Each remark, and the ordinary messages that have none.

use crate::mailtrace::{TrustPolicy, trace};

/// The remarks about a message with these fields.
fn of(fields: &str) -> Vec<String> {
    let received = "Received: from out.a.example (out.a.example [192.0.2.1]) by mx.b.example with ESMTP id 1; Mon, 5 \
                    Oct 2026 07:00:00 +0000\n";
    let trace = trace(
        format!("{received}{fields}\n\nHello\n").as_bytes(),
        &TrustPolicy::default(),
    );
    trace
        .anomalies
        .into_iter()
        .map(|anomaly| anomaly.text)
        .collect()
}

#[test]
fn ordinary_fields_have_no_remarks() {
    for fields in [
        "From: Ann <ann@a.example>\nSubject: Hi\nDate: Mon, 5 Oct 2026 07:00:00 +0000",
        "From: \"ann@a.example\" <ann@a.example>",
        "From: ann@a.example\nReceived-SPF: pass\nX-A: 1\nX-A: 2\nComments: a\nComments: b",
        "DKIM-Signature: v=1; d=a.example; h=from:subject:from; b=x\nFrom: a@a.example\nSubject: x",
        // Another signature covers them.
        "DKIM-Signature: v=1; d=a.example; h=from; b=x\nDKIM-Signature: v=1; d=a.example; h=From : Subject; b=x\nFrom: \
         a@a.example\nSubject: x",
        "DKIM-Signature: nonsense\nFrom: a@a.example\nSubject: x",
    ] {
        assert_eq!(of(fields), [""; 0], "{fields}");
    }
}

#[test]
fn fields_that_may_occur_once_are_counted() {
    assert_eq!(
        of("From: a@a.example\nFrom: b@b.example\nSubject: x"),
        [
            "The message has two From fields, only one is allowed (RFC 5322 §3.6): a@a.example, b@b.example."
        ]
    );
    assert_eq!(
        of("From: a@a.example\nSubject: x\nsubject: y\nSUBJECT: z\nDate: x\nDate: y"),
        [
            "The message has three Subject fields, only one is allowed (RFC 5322 §3.6).",
            "The message has two Date fields, only one is allowed (RFC 5322 §3.6).",
        ]
    );
}

#[test]
fn a_name_that_hides_an_address_is_reported() {
    assert_eq!(
        of("From: \"ceo@bank.example\" <x@evil.example>"),
        ["The display name is another address, ceo@bank.example; the sender's is x@evil.example."]
    );
    assert_eq!(
        of("From: Kim Boss <kim@c.example> <kim77@evil.example>"),
        [
            "The display name contains another address, kim@c.example; the sender's is kim77@evil.example."
        ]
    );
}

#[test]
fn fields_that_no_signature_covers_are_reported() {
    assert_eq!(
        of("DKIM-Signature: v=1; d=a.example; h=subject:to; b=x\nFrom: a@a.example\nSubject: x"),
        [
            "The signature of a.example does not cover From, so it says nothing about the sender (RFC 6376 §6.1.1)."
        ]
    );
    let on_top = of(
        "Subject: y\nDKIM-Signature: v=1; d=a.example; h=from:subject; b=x\nFrom: a@a.example\nSubject: x",
    );
    assert_eq!(on_top.len(), 2, "{on_top:?}");
    assert_eq!(
        on_top[1],
        "The Subject that is shown is not covered by any signature (RFC 6376 §5.4.2)."
    );
    // Oversigned: the second one breaks the signature, which its verification says.
    let oversigned = of(
        "Subject: y\nDKIM-Signature: v=1; d=a.example; h=from:subject:subject; b=x\nFrom: a@a.example\nSubject: x",
    );
    assert_eq!(oversigned.len(), 1, "{oversigned:?}");
}
