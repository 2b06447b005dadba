//! Whole messages, signed by the test, with their keys and policies on a DNS server on loopback.

mod bounds;
mod results;

use domain::utils::base64;
use mail_auth::{
    common::{crypto::Ed25519Key, headers::HeaderWriter},
    dkim::DkimSigner,
};
use netvane_facts::mailtrace::{self, TrustPolicy};

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
