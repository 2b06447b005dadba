//! Whole messages, signed by the test, with their keys and policies on a DNS server on loopback.

use domain::utils::base64;
use mail_auth::{
    common::{crypto::Ed25519Key, headers::HeaderWriter},
    dkim::DkimSigner,
};

use netvane_facts::mailtrace::{self, TrustPolicy};

use super::*;
use crate::{
    Guard,
    mailauth::testing::{Entry, Zone, ZoneServer, text_zone},
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
        self.sign_bytes(message.as_bytes(), fields)
    }

    fn sign_bytes(&self, message: &[u8], fields: &[&str]) -> String {
        DkimSigner::from_key(self.key())
            .domain("example.test")
            .selector("s1")
            .headers(fields.iter().copied())
            .sign(message)
            .expect("a signature")
            .to_header()
    }
}

async fn verify(zone: Zone, message: &str, address: &str) -> MessageChecked {
    verify_at(
        &ZoneServer::start(zone).await,
        message.as_bytes(),
        Some(address),
    )
    .await
}

async fn verify_bytes(zone: Zone, message: &[u8], address: Option<&str>) -> MessageChecked {
    verify_at(&ZoneServer::start(zone).await, message, address).await
}

/// Verifies a message; without an address its envelope is not known.
async fn verify_at(server: &ZoneServer, message: &[u8], address: Option<&str>) -> MessageChecked {
    let settings = settings::Dns {
        servers: vec![Server::Resolver(
            server.address.to_string().parse().expect("a resolver"),
        )],
        timeout_ms: 5000,
        attempts: 1,
        trust_anchor: String::new(),
        private_names: Vec::new(),
        public_resolvers: Vec::new(),
        root_hints: Vec::new(),
    };
    let tls = Tls::new(&settings::Tls { ca_files: vec![] });
    let dns = Dns::new(&settings, Arc::new(Guard::new(&[], &[])), tls).expect("a client");
    let envelope = address.map(|address| Envelope {
        address: address.parse().expect("an address"),
        helo: "mail.example.test",
        by: "mx.example.net",
        mail_from: "ann@example.test",
    });
    let claims = mailtrace::trace(message, &TrustPolicy::default()).verify;
    let hashed =
        mailtrace::signed(message).map(|message| HashedMessage::new(&message.head, &message.body));
    let author = AuthorClaims {
        from_fields: claims.from_fields,
        domains: &claims.author_domains,
        signers: &claims.signers,
    };
    MailAuth::new(dns)
        .verify(
            hashed.map(Arc::new),
            envelope,
            author,
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

#[tokio::test]
async fn only_the_first_signatures_are_verified() {
    let signer = Signer::new();
    let good = signer.sign(MESSAGE, &["From", "Subject"]);
    let many = format!("{}{MESSAGE}", good.repeat(4000));
    let server = verify(signer.zone(&POLICIES), &many, "192.0.2.1").await;
    assert_eq!(results(&server), ("pass", vec!["pass"; 20], "pass"));

    // One query for the key is not enough for SPF and DMARC too.
    let budget = crate::EgressBudget::new(100);
    let bounded = budget
        .during(verify(signer.zone(&POLICIES), &many, "192.0.2.1"))
        .await;
    assert!(
        results(&bounded)
            .1
            .iter()
            .all(|result| *result == "temperror")
    );

    // Signatures that were not verified might pass.
    let mut zone = text_zone(&POLICIES);
    zone.insert("s1._domainkey.example.test".into(), vec![Entry::Failing]);
    let open = verify(zone, &many, "192.0.2.2").await;
    assert_eq!(results(&open), ("fail", vec!["temperror"; 20], "temperror"));
}

/// A signature of a key of its own, which is not valid.
fn signature(selector: usize) -> String {
    format!(
        "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.test; s=k{selector};\r\n\
         \th=From; bh=5tKXBPsC7UGe6+vKzMzw2pPrlIBFBdOqpHDc/ZkCQ8c=; b=AAAA\r\n"
    )
}

/// An ARC set whose seal and signature have keys of their own.
fn arc_set(instance: usize) -> String {
    format!(
        "ARC-Seal: i={instance}; a=ed25519-sha256; cv=none; d=a.test; s=s{instance}; b=AAAA\r\n\
         ARC-Message-Signature: i={instance}; a=ed25519-sha256; c=relaxed/relaxed; d=a.test; s=m{instance}; h=From;\r\n\
         \tbh=5tKXBPsC7UGe6+vKzMzw2pPrlIBFBdOqpHDc/ZkCQ8c=; b=AAAA\r\n\
         ARC-Authentication-Results: i={instance}; a.test; spf=pass\r\n"
    )
}

#[tokio::test]
async fn many_signatures_cause_a_bounded_number_of_queries() {
    let signatures: String = (0..4000).map(signature).collect();
    let sets: String = (1..=50).map(arc_set).collect();
    let reported = "DKIM-Signature: v=1; r=y; a=ed25519-sha256; d=example.test; s=r; h=From; \
                    bh=5tKXBPsC7UGe6+vKzMzw2pPrlIBFBdOqpHDc/ZkCQ8c=; b=AAAA\r\n";
    for (head, most) in [
        (signatures.clone(), 20),
        // A line of white space continues a field; signatures after it count too.
        (format!("X-A: b\r\n \r\n{signatures}"), 20),
        (
            signatures.replace("DKIM-Signature:", "dkim-signature :"),
            20,
        ),
        (sets.clone(), 32),
        (format!("{signatures}{sets}"), 32),
        // A request for failure reports (RFC 6651) is ignored.
        (reported.to_owned(), 1),
    ] {
        let server = ZoneServer::start(text_zone(&POLICIES)).await;
        let checked = verify_at(
            &server,
            format!("{head}{MESSAGE}").as_bytes(),
            Some("192.0.2.1"),
        )
        .await;
        assert!(checked.dkim.iter().all(|dkim| dkim.result != "pass"));
        let queries = server.queries.load(std::sync::atomic::Ordering::Relaxed);
        // SPF sends one query, DMARC one or two.
        assert!(queries <= most + 3, "{queries} of {most}");
        assert!(checked.dkim.len() <= 20);
    }
}

#[test]
fn verification_out_of_proportion_is_refused() {
    let fields = "X-A: b\r\n".repeat(2000);
    let covered = "x-a:".repeat(2000);
    let signed = |h: &str, count| {
        signature(1)
            .replace("h=From", &format!("h={h}From"))
            .repeat(count)
    };
    for (message, is_parsed) in [
        (format!("{}{fields}{MESSAGE}", signed(&covered, 1)), false),
        (format!("{}{MESSAGE}", signed(&covered, 20)), true),
        (format!("{}{fields}{MESSAGE}", signed("x-a:", 20)), true),
    ] {
        assert_eq!(signatures::parse(message.as_bytes()).is_some(), is_parsed);
    }
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
