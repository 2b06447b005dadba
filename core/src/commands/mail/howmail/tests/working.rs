//! Explanations of domains whose mail works.

use std::{io::Write, sync::Arc};

use netvane_document::render::svg;
use tokio::net::TcpListener;

use super::{engine, told};
use crate::{
    mailbox_check::scenarios::server::{Script, Server},
    testing::dns::{TestDns, ask},
};

pub(super) const GOOD: &str = "
from IN TXT \"v=spf1 redirect=_spf.example.test\"
_spf IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"
_dmarc IN TXT \"v=DMARC1; p=none; sp=reject; rua=mailto:dmarc@example.test\"
s1._domainkey.from IN TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"
k1._domainkey.from IN TXT \"v=DKIM1; p=\"
_submissions._tcp.from IN SRV 0 1 PORT smtp.from.example.test.
smtp.from IN A 127.0.0.1
autoconfig.from IN A 192.0.2.7
to IN MX 10 mx1.to.example.test.
mx1.to IN A 127.0.0.1
_25._tcp.mx1.to IN TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
_smtp._tls.to IN TXT \"v=TLSRPTv1; rua=mailto:tls@example.test\"
_imaps._tcp.to IN SRV 0 1 PORT imap.to.example.test.
_pop3._tcp.to IN SRV 0 0 0 .
imap.to IN A 127.0.0.1
";

/// A scripted mail server and a file with the CA certificate that clients must trust.
pub(super) async fn exchange(script: &str) -> (Server, tempfile::NamedTempFile) {
    let key =
        rcgen::generate_simple_self_signed(["mx1.to.example.test".to_owned()]).expect("a key");
    let secret =
        rustls_pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], secret)
        .expect("they fit");
    let mut authority = tempfile::NamedTempFile::new().expect("a file");
    authority
        .write_all(key.cert.pem().as_bytes())
        .expect("writes");
    let script: Script = toml::from_str(script).expect("a script");
    (
        Server::start(script, "nobody@example.test", Arc::new(tls))
            .await
            .expect("starts"),
        authority,
    )
}

/// Settings that make the mail server of `GOOD` the scripted one.
pub(super) fn meeting(
    server: &Server,
    authority: &tempfile::NamedTempFile,
) -> [(&'static str, String); 3] {
    [
        (
            "NETVANE__SMTP__PORT",
            server.addresses[0].port().to_string(),
        ),
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8".into()),
        (
            "NETVANE__TLS__CA_FILES",
            authority.path().display().to_string(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explains_a_working_pair_of_domains() {
    let (server, authority) = exchange("starttls = 'ok'\npipelining = true").await;
    let open = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = open.local_addr().expect("an address").port().to_string();
    let dns = TestDns::serving(&GOOD.replace("PORT", &port)).await;
    let engine = engine(&dns, &meeting(&server, &authority));
    let reply = ask(&engine, "howmail ada@from.example.test bob@to.example.test")
        .await
        .expect("a story");

    insta::assert_snapshot!(told(&reply).replace(&port, "PORT0"), @r"
    How mail gets from ada@from.example.test to bob@to.example.test
    ✓ to.example.test accepts mail: the mail server responds, with TLS

    Mail travels like a letter: you hand it to your provider, which finds the recipient's server, where it waits to be read.
    The servers below were looked up and contacted just now; no mail was sent.

      ┌──────────────────────────────┐
      │ The sender's mail program    │
      │ ada@from.example.test        │
      └──────────────────────────────┘
         │
         │  SMTP submission, port PORT0, TLS
         ▼
      ┌──────────────────────────────┐
      │ The sender's mail server     │
      │ smtp.from.example.test       │
      └──────────────────────────────┘
         │
         │  SMTP, port 25, TLS 1.3
         ▼
      ┌──────────────────────────────┐
      │ The recipient's mail server  │
      │ mx1.to.example.test          │
      └──────────────────────────────┘
         │
         │  filtering, then local delivery, often LMTP
         ▼
      ┌──────────────────────────────┐
      │ The mailbox                  │
      │ to.example.test              │
      └──────────────────────────────┘
         │
         │  IMAP, port PORT0, TLS
         ▼
      ┌──────────────────────────────┐
      │ The recipient's mail program │
      │ bob@to.example.test          │
      └──────────────────────────────┘

    1. Submission: from the mail program to the mail server of from.example.test
    A message is text: headers such as From, To and Subject, and a body (RFC 5322, MIME in RFC 2045).
    Your mail program logs in to your provider's server (RFC 4954) and submits the message (RFC 6409).
    It uses SMTP on port 465 with TLS from the start (RFC 8314), or on port 587, where STARTTLS switches the connection to TLS (RFC 8446).
    The server usually signs the message for the domain (DKIM, step 4). If delivery fails, it retries for several days.

    Protocol              Server                   Port  State  Source
    SMTP submission, TLS  smtp.from.example.test  PORT0  open   SRV record

    Autoconfiguration:  autoconfig.from.example.test

    2. Routing: DNS names the mail servers of to.example.test
    The sending server looks up the MX records of the domain after the @ in DNS (RFC 1035): the mail servers that accept its mail (RFC 5321 §5.1).
    It tries the server with the lowest preference value first and the others if that fails.

    Preference  Mail server          Addresses
            10  mx1.to.example.test  127.0.0.1

    3. Delivery: from server to server, to to.example.test
    The sending server connects to port 25 of the receiving server and speaks SMTP (RFC 5321).
    The receiving server greets with 220. EHLO asks for its extensions, and STARTTLS switches the connection to TLS (RFC 3207).
    Then MAIL names the sender, RCPT the recipient, and DATA carries the message. This lookup stopped before MAIL.

    Mail server:  mx1.to.example.test
    Address:      127.0.0.1
    Banner:       220 mx.example.test ESMTP
    Extensions:   PIPELINING, 8BITMIME
    Encryption:   TLS 1.3, TLS13_AES_256_GCM_SHA384
    Certificate:  valid for this name

    Extension   Meaning
    STARTTLS    supports TLS (RFC 3207)
    8BITMIME    8-bit message bodies (RFC 6152)
    PIPELINING  command pipelining (RFC 2920)

    4. Authentication: is the mail really from from.example.test?
    Anyone can put any sender address on a message, so the receiving server checks what the sender's domain publishes in DNS.
    SPF (RFC 7208) lists the servers that may send its mail. DKIM (RFC 6376) publishes the key for the signature in the message. DMARC (RFC 9989, formerly RFC 7489) says what to do when neither matches the From address.

    SPF:                   v=spf1 redirect=_spf.example.test
    SPF redirect:          _spf.example.test
    Other servers:         fail (-all): receivers may reject the mail
    DKIM:                  keys at selectors s1, k1 (revoked)
    Selectors:             DNS cannot list selectors, so 40 common ones were tried; each message names
                           its own (s= in DKIM-Signature)
    DMARC:                 v=DMARC1; p=none; sp=reject; rua=mailto:dmarc@example.test
    DMARC record at:       example.test
    Unauthenticated mail:  reject

    5. Transport security: encryption that cannot be stripped
    STARTTLS is negotiated in cleartext, so an attacker on the path can strip it. The recipient's domain can require TLS in advance:
    MTA-STS (RFC 8461) by a policy on its web server, DANE (RFC 7672) by TLSA records in DNSSEC-signed DNS. TLS-RPT (RFC 8460) requests reports of TLS failures.

    MTA-STS:                      not published
    DANE of mx1.to.example.test:  3 1 1 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
    DANE status:                  not DNSSEC-validated by the resolver, so senders ignore it
    TLS-RPT:                      reports to tls@example.test

    6. Filtering and storage: into the mailbox
    The receiving server filters the message (spam, viruses, the user's Sieve rules, RFC 5228) and passes it to the mail store, often over LMTP (RFC 2033).
    It adds a `Received` header at the top, as every server on the way does, and the results of step 4 (`Authentication-Results`, RFC 8601).

    Store:     Received by the servers of to.example.test
    Evidence:  MX mx1.to.example.test is inside the domain (inferred, not verified)

    7. Reading: from the mailbox to the recipient's mail program
    IMAP (RFC 9051, formerly RFC 3501) keeps mail on the server, so all devices see the same mailbox.
    POP3 (RFC 1939) downloads it, usually to one device. JMAP (RFC 8620, RFC 8621) serves the same purpose as IMAP, over HTTPS.
    IMAP on port 993 and POP3 on port 995 use TLS from the start. On ports 143 and 110, STARTTLS or STLS switches the connection to TLS.

    Protocol   Server                 Port  State  Source
    IMAP, TLS  imap.to.example.test  PORT0  open   SRV record

    Not offered:  POP3 (STLS) (according to to.example.test)
    ");

    assert!(
        svg(reply.rendition.document())
            .expect("a picture")
            .contains("mx1.to.example.test")
    );

    let seen = server.finish().await;
    let lines: Vec<_> = seen.iter().map(|seen| seen.lines.join(", ")).collect();

    assert_eq!(
        lines,
        ["EHLO probe.example.net, STARTTLS, EHLO probe.example.net, QUIT"]
    );

    let mut names = dns.asked_names();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "nothing is asked twice");
}
