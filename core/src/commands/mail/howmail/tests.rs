//! Whole stories, told with a DNS server and mail servers in the test's own process.

#![expect(clippy::disallowed_methods, reason = "servers for tests need sockets")]

use std::{io::Write, sync::Arc, time::Duration};

use tokio::net::TcpListener;

use crate::{
    Engine,
    mailbox_check::scenarios::server::{Script, Server},
    settings::Settings,
    testing::dns::{TestDns, ask, ask_json},
};
use netvane_document::{
    Reply,
    render::{Layout, svg, text},
};

const GOOD: &str = "
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

const BROKEN: &str = "
none IN A 192.0.2.9
inward IN MX 10 localhost.example.test.
inward IN MX 20 private.example.test.
localhost IN A 127.0.0.1
private IN A 10.0.0.25
_mta-sts.inward IN TXT \"v=STSv1; id=1\"
mta-sts.inward IN A 127.0.0.1
_imaps._tcp.inward IN SRV 0 1 993 localhost.example.test.
";

fn engine(dns: &TestDns, more: &[(&str, String)]) -> Engine {
    let variables = [
        ("NETVANE__DNS__SERVERS", dns.address.to_string()),
        ("NETVANE__DNS__TIMEOUT_MS", "5000".into()),
        ("NETVANE__SMTP__HELO", "probe.example.net".into()),
    ];
    let variables = variables.iter().chain(more);
    let settings = variables.map(|(key, value)| ((*key).to_owned(), value.clone()));
    Engine::new(&Settings::load(None, settings).expect("settings")).expect("an engine")
}

fn told(reply: &Reply) -> String {
    text(
        reply.rendition.document(),
        Layout {
            width: 100,
            color: false,
        },
    )
}

/// A mail server that follows a script, and a file with the authority that vouches for it.
async fn exchange(script: &str) -> (Server, tempfile::NamedTempFile) {
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

/// Settings under which the exchange of `GOOD` is the scripted server.
fn meeting(server: &Server, authority: &tempfile::NamedTempFile) -> [(&'static str, String); 3] {
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
async fn a_good_pair() {
    let (server, authority) = exchange("starttls = 'ok'\npipelining = true").await;
    let open = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = open.local_addr().expect("an address").port().to_string();
    let dns = TestDns::serving(&GOOD.replace("PORT", &port)).await;
    let engine = engine(&dns, &meeting(&server, &authority));
    let reply = ask(&engine, "howmail ada@from.example.test bob@to.example.test")
        .await
        .expect("a story");

    insta::assert_snapshot!(told(&reply).replace(&port, "PORT0"), @r#"
    How mail gets from ada@from.example.test to bob@to.example.test
    ✓ to.example.test takes mail: the mail server answers, with encryption

    A message is handed on like a letter: you give it to your own post office, that one finds the receiver's, and there it waits until it is read.
    The servers below were looked up and greeted just now; no mail was sent.

      ┌────────────────────────────┐
      │ The sender's mail program  │
      │ ada@from.example.test      │
      └────────────────────────────┘
         │
         │  SMTP submission, port PORT0, TLS
         ▼
      ┌────────────────────────────┐
      │ The sender's mail server   │
      │ smtp.from.example.test     │
      └────────────────────────────┘
         │
         │  SMTP, port 25, TLS 1.3
         ▼
      ┌────────────────────────────┐
      │ The receiver's mail server │
      │ mx1.to.example.test        │
      └────────────────────────────┘
         │
         │  filters, then delivery inside, often LMTP
         ▼
      ┌────────────────────────────┐
      │ The mailbox                │
      │ to.example.test            │
      └────────────────────────────┘
         │
         │  IMAP, port PORT0, TLS
         ▼
      ┌────────────────────────────┐
      │ The reader's mail program  │
      │ bob@to.example.test        │
      └────────────────────────────┘

    1. Sending: from the mail program to the server of from.example.test
    A message is text: a head with From, To and Subject, and a body (RFC 5322, MIME in RFC 2045).
    Your mail program hands it to your provider's server and logs in there (RFC 4954). This is submission (RFC 6409):
    SMTP on port 465, encrypted from the first byte (RFC 8314), or on port 587, where the command STARTTLS begins the encryption (TLS, RFC 8446).
    The server as a rule signs the message for the domain (DKIM, step 4) and tries for days, if need be, until it is delivered.

    Protocol              Server                   Port  Port is  Found by
    SMTP submission, TLS  smtp.from.example.test  PORT0  open     SRV record

    Settings for programs:  autoconfig.from.example.test

    2. Finding the way: DNS names the servers of to.example.test
    The server asks DNS, the directory of the internet (RFC 1035, port 53), who takes mail for the part after the @: the MX records (RFC 5321 §5.1).
    The lowest preference is tried first; the others are there for when it fails.

    Preference  Mail server          Addresses
            10  mx1.to.example.test  127.0.0.1

    3. The hop: from server to server, to to.example.test
    The sender's server connects to port 25 and both speak SMTP (RFC 5321).
    The other side greets with 220; EHLO asks what it can do; STARTTLS encrypts the rest (RFC 3207).
    Then MAIL names the sender, RCPT the receiver, and DATA carries the message. We stopped before MAIL.

    Mail server:  mx1.to.example.test
    Address:      127.0.0.1
    Greets:       220 mx.example.test ESMTP
    Announces:    PIPELINING, 8BITMIME
    Encryption:   TLS 1.3, TLS13_AES_256_GCM_SHA384
    Certificate:  valid for this name

    Announced   Means
    STARTTLS    can encrypt the rest of the talk (RFC 3207)
    8BITMIME    takes letters beyond ASCII in the text (RFC 6152)
    PIPELINING  several commands may travel together (RFC 2920)

    4. Checking: does it really come from from.example.test?
    Anybody can write any sender on an envelope. So the receiver's server asks DNS what the sender's domain says.
    SPF (RFC 7208) lists the servers that may send; DKIM (RFC 6376) has the key for the signature in the message; DMARC (RFC 9989, before: RFC 7489) says what to do when neither fits the address that the reader sees.

    SPF:                       v=spf1 redirect=_spf.example.test
    SPF is at:                 _spf.example.test
    From other servers:        forged (-all): receivers may refuse it
    DKIM:                      keys under the selectors s1, k1 (revoked)
    Selectors:                 guessed: DNS does not list selectors, 20 usual ones were tried; a
                               message names its own (s= in DKIM-Signature)
    DMARC:                     v=DMARC1; p=none; sp=reject; rua=mailto:dmarc@example.test
    DMARC is at:               example.test
    Mail that proves nothing:  is to be refused (reject)

    5. Keeping it secret: encryption that nobody on the way can switch off
    STARTTLS is only asked for in the clear, so whoever sits on the line can strike it out. A receiver can promise it beforehand:
    MTA-STS (RFC 8461) by a policy on its web server, DANE (RFC 7672) by TLSA records in signed DNS; TLS-RPT (RFC 8460) asks for reports of failures.

    MTA-STS:                      not published
    DANE of mx1.to.example.test:  3 1 1
                                  0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
    DANE is:                      not validated by the resolver (DNSSEC), so it does not count
    TLS-RPT:                      reports to tls@example.test

    6. Arriving: into the mailbox
    The server filters (spam, viruses, the owner's own Sieve rules, RFC 5228) and hands the message to the store, often by LMTP (RFC 2033).
    It adds a `Received` line on top, as every server on the way did, and the verdicts of step 4. There the message waits.

    Store:      Taken in under to.example.test's own name
    Told from:  the exchange mx1.to.example.test bears the domain's own name; a guess, not a fact

    7. Reading: from the mailbox to the reader's program
    IMAP (RFC 9051, older: RFC 3501) leaves mail on the server, so that all devices see the same.
    POP3 (RFC 1939) fetches it, as a rule to one device. JMAP (RFC 8620, RFC 8621) does what IMAP does, over HTTPS.
    Encrypted from the first byte: IMAP 993, POP3 995. On 143 and 110 encryption begins with STARTTLS or STLS.

    Protocol   Server                 Port  Port is  Found by
    IMAP, TLS  imap.to.example.test  PORT0  open     SRV record

    Not offered:  POP3 (STLS), says to.example.test
    "#);

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

#[tokio::test]
async fn a_broken_pair() {
    let dns = TestDns::serving(BROKEN).await;
    let engine = engine(&dns, &[]);
    let line = "explain_mail eve@none.example.test bob@inward.example.test";

    insta::assert_snapshot!(told(&ask(&engine, line).await.expect("a story")), @r#"
    How mail gets from eve@none.example.test to bob@inward.example.test
    ✗ This mail would come back: inward.example.test's mail servers are out of reach

    A message is handed on like a letter: you give it to your own post office, that one finds the receiver's, and there it waits until it is read.
    The servers below were looked up and greeted just now; no mail was sent.

      ┌─────────────────────────────────────────────────────┐
      │ The sender's mail program                           │
      │ eve@none.example.test                               │
      └─────────────────────────────────────────────────────┘
         │
         │  SMTP submission, port 465 or 587, TLS
         ▼
      ┌─────────────────────────────────────────────────────┐
      │ The sender's mail server                            │
      │ none.example.test                                   │
      └─────────────────────────────────────────────────────┘
         │
         │  DNS: who takes the mail?
         ▼
      ┌─────────────────────────────────────────────────────┐
      │ Nowhere to go                                       │
      │ inward.example.test's mail servers are out of reach │
      └─────────────────────────────────────────────────────┘

    1. Sending: from the mail program to the server of none.example.test
    A message is text: a head with From, To and Subject, and a body (RFC 5322, MIME in RFC 2045).
    Your mail program hands it to your provider's server and logs in there (RFC 4954). This is submission (RFC 6409):
    SMTP on port 465, encrypted from the first byte (RFC 8314), or on port 587, where the command STARTTLS begins the encryption (TLS, RFC 8446).
    The server as a rule signs the message for the domain (DKIM, step 4) and tries for days, if need be, until it is delivered.

    none.example.test publishes no SRV records for it (RFC 6186), and no usual name answers: users learn the server from their provider.

    2. Finding the way: DNS names the servers of inward.example.test
    The server asks DNS, the directory of the internet (RFC 1035, port 53), who takes mail for the part after the @: the MX records (RFC 5321 §5.1).
    The lowest preference is tried first; the others are there for when it fails.

    Preference  Mail server             Addresses
            10  localhost.example.test  127.0.0.1
            20  private.example.test    10.0.0.25

    Here the way ends: inward.example.test's mail servers are out of reach.
    The server sends the message back to the sender with the reason, a bounce (RFC 3464).
    What follows is how it would have gone on.

    3. The hop: from server to server, to inward.example.test
    The sender's server connects to port 25 and both speak SMTP (RFC 5321).
    The other side greets with 220; EHLO asks what it can do; STARTTLS encrypts the rest (RFC 3207).
    Then MAIL names the sender, RCPT the receiver, and DATA carries the message. We stopped before MAIL.

    Mail server:  localhost.example.test
    But:          localhost.example.test (127.0.0.1) is not contacted: it lies in 127.0.0.0/8
                  (Loopback, RFC 1122). An operator can allow it with `[policy] allow`.

    Mail server:  private.example.test
    But:          private.example.test (10.0.0.25) is not contacted: it lies in 10.0.0.0/8
                  (Private-Use, RFC 1918). An operator can allow it with `[policy] allow`.

    4. Checking: does it really come from none.example.test?
    Anybody can write any sender on an envelope. So the receiver's server asks DNS what the sender's domain says.
    SPF (RFC 7208) lists the servers that may send; DKIM (RFC 6376) has the key for the signature in the message; DMARC (RFC 9989, before: RFC 7489) says what to do when neither fits the address that the reader sees.

    SPF:        none
    DKIM:       no key under the usual selectors, which proves nothing
    Selectors:  guessed: DNS does not list selectors, 20 usual ones were tried; a message names its
                own (s= in DKIM-Signature)
    DMARC:      none

    5. Keeping it secret: encryption that nobody on the way can switch off
    STARTTLS is only asked for in the clear, so whoever sits on the line can strike it out. A receiver can promise it beforehand:
    MTA-STS (RFC 8461) by a policy on its web server, DANE (RFC 7672) by TLSA records in signed DNS; TLS-RPT (RFC 8460) asks for reports of failures.

    MTA-STS:  announced, but of no use (see below)
    DANE:     not published
    TLS-RPT:  not published

    6. Arriving: into the mailbox
    The server filters (spam, viruses, the owner's own Sieve rules, RFC 5228) and hands the message to the store, often by LMTP (RFC 2033).
    It adds a `Received` line on top, as every server on the way did, and the verdicts of step 4. There the message waits.

    7. Reading: from the mailbox to the reader's program
    IMAP (RFC 9051, older: RFC 3501) leaves mail on the server, so that all devices see the same.
    POP3 (RFC 1939) fetches it, as a rule to one device. JMAP (RFC 8620, RFC 8621) does what IMAP does, over HTTPS.
    Encrypted from the first byte: IMAP 993, POP3 995. On 143 and 110 encryption begins with STARTTLS or STLS.

    Protocol   Server                  Port  Port is        Found by
    IMAP, TLS  localhost.example.test   993  not reachable  SRV record

    ! inward.example.test names localhost.example.test as its mail server, which leads to 127.0.0.1: nobody outside can reach that, so the domain is broken, and it was not connected to
    ! inward.example.test names private.example.test as its mail server, which leads to 10.0.0.25: nobody outside can reach that, so the domain is broken, and it was not connected to
    ! none.example.test has no SPF record: any server may claim to send for it
    ! none.example.test has no DMARC record: receivers are not told to refuse forged mail
    ! inward.example.test announces MTA-STS, but the policy at https://mta-sts.inward.example.test/.well-known/mta-sts.txt could not be fetched: mta-sts.inward.example.test (127.0.0.1) is not contacted: it lies in 127.0.0.0/8 (Loopback, RFC 1122). An operator can allow it with `[policy] allow`.
    ! inward.example.test names localhost.example.test:993 for its mail programs: localhost.example.test (127.0.0.1) is not contacted: it lies in 127.0.0.0/8 (Loopback, RFC 1122). An operator can allow it with `[policy] allow`.
    "#);
}

#[tokio::test]
async fn domains_without_mail() {
    let dns = TestDns::start().await;
    let engine = engine(&dns, &[]);

    for (to, severity, summary) in [
        (
            "null",
            "warning",
            "This mail would come back: null.example.test takes no mail (null MX)",
        ),
        (
            "gone",
            "bad",
            "This mail would come back: gone.example.test does not exist",
        ),
        (
            "mail1",
            "warning",
            "The story is the same, but the mail servers of mail1.example.test do not answer us just now",
        ),
    ] {
        let reply = ask_json(
            &engine,
            &format!("howmail example.test bob@{to}.example.test"),
        )
        .await;
        assert_eq!(
            (&reply["severity"], &reply["summary"]),
            (&severity.into(), &summary.into())
        );
    }
}

#[tokio::test]
async fn without_addresses_examples_are_told_even_if_nothing_is_known() {
    let dns = TestDns::start().await;
    let engine = engine(&dns, &[]);
    let reply = ask_json(&engine, "howmail").await;
    assert_eq!(reply["data"]["example"], true);
    assert_eq!(reply["data"]["to"], "bob@gmail.com");
    assert_eq!(
        reply["summary"],
        "The story is the same, but the mail servers of gmail.com could not be looked up just now"
    );
    assert_eq!(reply["data"]["path"].as_array().map(Vec::len), Some(5));
    let headings = reply["blocks"].as_array().expect("blocks").iter();
    assert_eq!(
        headings.filter(|block| block["kind"] == "heading").count(),
        7
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_domain_is_asked_once() {
    let (server, authority) = exchange("").await;
    let dns = TestDns::serving(&GOOD.replace("PORT", "1")).await;
    let engine = engine(&dns, &meeting(&server, &authority));
    let reply = ask_json(&engine, "howmail ada@to.example.test bob@to.example.test").await;
    assert_eq!(reply["data"]["receiver"]["exchanges"][0]["starttls"], false);
    assert_eq!(reply["data"]["access"]["found"][0]["state"], "closed");
    assert_eq!(
        reply["data"]["access"]["refused"],
        serde_json::json!(["pop3"])
    );
    assert_eq!(
        reply["data"]["sender"]["submission"]["refused"],
        serde_json::json!([])
    );
    let mut names = dns.asked_names();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "nothing is asked twice");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_exchanges_end_in_a_story() {
    for (script, fault) in [
        ("banner = '!silence'", "greeting: no reply in time"),
        (
            "banner = '!huge'",
            "greeting: a reply longer than any server may send",
        ),
        (
            "banner = '!raw SSH-2.0-x'",
            "greeting: not an SMTP reply: SSH-2.0-x",
        ),
        (
            "banner = '!drip 100 220 never in time, since every byte of this takes its time'",
            "greeting: the reply did not end in time",
        ),
        ("starttls = 'drop'", "TLS failed"),
        (
            "starttls = 'inject'",
            "it talks on in the clear after its consent to STARTTLS",
        ),
    ] {
        let (server, authority) = exchange(script).await;
        let dns = TestDns::serving(&GOOD.replace("PORT", "1")).await;
        let mut settings = meeting(&server, &authority).to_vec();
        settings.push(("NETVANE__SMTP__TIMEOUT_MS", "1000".into()));
        let engine = engine(&dns, &settings);
        let ask = ask_json(&engine, "howmail ada@from.example.test bob@to.example.test");
        let reply = tokio::time::timeout(Duration::from_secs(15), ask)
            .await
            .expect("an end");
        let told = reply["data"]["receiver"]["exchanges"][0]["fault"]
            .as_str()
            .unwrap_or_default();
        assert!(told.starts_with(fault), "{script}: {told}");
        assert_eq!(reply["severity"], "warning", "{script}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_is_told() {
    let dns = TestDns::serving(&GOOD.replace("PORT", "1")).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = closed.local_addr().expect("an address").port().to_string();
    drop(closed);
    let settings = [
        ("NETVANE__SMTP__PORT", port),
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8".into()),
    ];
    let reply = ask_json(
        &engine(&dns, &settings),
        "howmail ada@from.example.test bob@to.example.test",
    )
    .await;

    assert_eq!(
        reply["data"]["receiver"]["exchanges"][0]["unreachable"],
        "connection refused"
    );
    assert_eq!(reply["data"]["receiver"]["port_blocked"], false);
    assert_eq!(
        reply["data"]["path"][2]["via"],
        "SMTP, port 25; not reached from here"
    );
    assert_eq!(
        reply["summary"],
        "The story is the same, but the mail servers of to.example.test do not answer us just now"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_questions_about_one_domain_leave_its_servers_alone() {
    let (server, authority) = exchange("").await;
    let dns = TestDns::serving(&GOOD.replace("PORT", "1")).await;
    let mut settings = meeting(&server, &authority).to_vec();
    settings.push(("NETVANE__LIMITS__SMTP_PROBES", "1".into()));
    let engine = engine(&dns, &settings);
    ask_json(&engine, "howmail ada@from.example.test bob@to.example.test").await;
    let reply = ask_json(&engine, "howmail eve@from.example.test bob@to.example.test").await;
    assert_eq!(
        reply["data"]["receiver"]["unasked"],
        "Hourly probe limit for the mail servers of to.example.test reached. Retry in 60 min."
    );
    assert_eq!(server.finish().await.len(), 1);
}
