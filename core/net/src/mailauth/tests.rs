//! Whole messages, signed by the test, with their keys and policies on a DNS server on loopback.

use domain::utils::base64;
use mail_auth::{
    common::{crypto::Ed25519Key, headers::HeaderWriter},
    dkim::DkimSigner,
};

use super::*;
use crate::{
    Guard,
    mailauth::testing::{Zone, ZoneServer, text_zone},
    settings::{self, Server},
    tls::Tls,
};

const MESSAGE: &str =
    "From: Ann <ann@example.test>\r\nTo: bob@example.net\r\nSubject: Hello\r\n\r\nHello Bob\r\n";

/// A key, and the signatures made with it.
struct Signer(Vec<u8>);

impl Signer {
    fn new() -> Self {
        Self(Ed25519Key::generate_pkcs8().expect("a key"))
    }

    fn key(&self) -> Ed25519Key {
        Ed25519Key::from_pkcs8_der(&self.0).expect("a key")
    }

    /// The zone of example.test with the key at `s1`.
    fn zone(&self, records: &[(&str, &str)]) -> Zone {
        let key = base64::encode_string(&self.key().public_key());
        let key = format!("v=DKIM1; k=ed25519; p={key}");
        let mut all = vec![("s1._domainkey.example.test", key.as_str())];
        all.extend(records);
        text_zone(&all)
    }

    /// A `DKIM-Signature` of the message that covers these fields.
    fn sign(&self, message: &str, fields: &[&str]) -> String {
        DkimSigner::from_key(self.key())
            .domain("example.test")
            .selector("s1")
            .headers(fields.iter().copied())
            .sign(message.as_bytes())
            .expect("a signature")
            .to_header()
    }
}

async fn verify(zone: Zone, message: &str, address: &str) -> MessageChecked {
    let server = ZoneServer::start(zone).await;
    let settings = settings::Dns {
        servers: vec![Server::Resolver(
            server.address.to_string().parse().expect("a resolver"),
        )],
        timeout_ms: 5000,
        attempts: 1,
        trust_anchor: String::new(),
        private_names: Vec::new(),
    };
    let tls = Tls::new(&settings::Tls { ca_files: vec![] });
    let dns = Dns::new(&settings, Arc::new(Guard::new(&[], &[])), tls).expect("a client");
    let envelope = Envelope {
        address: address.parse().expect("an address"),
        helo: "mail.example.test",
        by: "mx.example.net",
        mail_from: "ann@example.test",
    };
    MailAuth::new(dns, Duration::from_secs(5))
        .verify(
            Some(message.as_bytes()),
            Some(envelope),
            Duration::from_secs(10),
        )
        .await
}

/// Results of SPF, the signatures, and DMARC.
fn results(checked: &MessageChecked) -> (&'static str, Vec<&'static str>, &'static str) {
    (
        checked.spf.as_ref().map_or("", |spf| spf.result.as_str()),
        checked.dkim.iter().map(|dkim| dkim.result).collect(),
        checked
            .dmarc
            .as_ref()
            .map_or("", |dmarc| dmarc.result.as_str()),
    )
}

const POLICIES: [(&str, &str); 2] = [
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
        "d=example.test, s=s1: the signature does not cover From (RFC 6376 §5.4)"
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

#[tokio::test]
async fn only_the_first_signatures_are_verified() {
    let signer = Signer::new();
    let good = signer.sign(MESSAGE, &["From", "Subject"]);
    let many = format!("{}{MESSAGE}", good.repeat(4000));
    let server = verify(signer.zone(&POLICIES), &many, "192.0.2.1").await;
    assert_eq!(results(&server), ("pass", vec!["pass"; 20], "pass"));

    let budget = crate::EgressBudget::new(1000);
    let bounded = budget
        .during(verify(signer.zone(&POLICIES), &many, "192.0.2.1"))
        .await;
    assert_eq!(results(&bounded).1, [""; 0], "no budget for 20 queries");

    // Signatures that were not verified might pass.
    let budget = crate::EgressBudget::new(1000);
    let open = budget
        .during(verify(signer.zone(&POLICIES), &many, "192.0.2.2"))
        .await;
    assert_eq!(results(&open), ("fail", vec![], "temperror"));
}

#[test]
fn surplus_signatures_are_left_out_and_nothing_else() {
    let field = "DKIM-Signature: a\r\n b\r\n";
    let text = |count: usize| {
        format!(
            "To: x\r\n{}From: y\r\n{}\r\n{field}",
            field.repeat(count),
            field
        )
    };
    let few = text(19);
    assert!(matches!(
        signatures::drop_surplus(few.as_bytes()),
        std::borrow::Cow::Borrowed(_)
    ));
    let many = text(30);
    let kept = String::from_utf8_lossy(&signatures::drop_surplus(many.as_bytes())).into_owned();
    assert_eq!(
        kept,
        text(20).replacen(&format!("From: y\r\n{field}"), "From: y\r\n", 1)
    );
    for odd in [
        "",
        "\r\n",
        "DKIM-Signature",
        " x",
        &"dkim-signature :\n".repeat(21),
    ] {
        let kept = signatures::drop_surplus(odd.as_bytes());
        assert_eq!(
            kept.len(),
            odd.len().min("dkim-signature :\n".len() * 20),
            "{odd:?}"
        );
    }
}
