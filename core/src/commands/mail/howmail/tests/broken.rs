//! Explanations of domains whose mail does not work.

use super::{engine, told};
use crate::testing::dns::{TestDns, ask, ask_json};

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

#[tokio::test]
async fn explains_a_broken_pair_of_domains() {
    let dns = TestDns::serving(BROKEN).await;
    let engine = engine(&dns, &[]);
    let line = "explain_mail eve@none.example.test bob@inward.example.test";

    insta::assert_snapshot!(told(&ask(&engine, line).await.expect("a story")), @r"
    How mail gets from eve@none.example.test to bob@inward.example.test
    ✗ This mail would bounce: inward.example.test's mail servers have no public address

    Mail travels like a letter: you hand it to your provider, which finds the recipient's server, where it waits to be read.
    The servers below were looked up and contacted just now; no mail was sent.

      ┌───────────────────────────────────────────────────────────┐
      │ The sender's mail program                                 │
      │ eve@none.example.test                                     │
      └───────────────────────────────────────────────────────────┘
         │
         │  SMTP submission, port 465 or 587, TLS
         ▼
      ┌───────────────────────────────────────────────────────────┐
      │ The sender's mail server                                  │
      │ none.example.test                                         │
      └───────────────────────────────────────────────────────────┘
         │
         │  DNS MX lookup
         ▼
      ┌───────────────────────────────────────────────────────────┐
      │ Undeliverable                                             │
      │ inward.example.test's mail servers have no public address │
      └───────────────────────────────────────────────────────────┘

    1. Submission: from the mail program to the mail server of none.example.test
    A message is text: headers such as From, To and Subject, and a body (RFC 5322, MIME in RFC 2045).
    Your mail program logs in to your provider's server (RFC 4954) and submits the message (RFC 6409).
    It uses SMTP on port 465 with TLS from the start (RFC 8314), or on port 587, where STARTTLS switches the connection to TLS (RFC 8446).
    The server usually signs the message for the domain (DKIM, step 4). If delivery fails, it retries for several days.

    none.example.test publishes no SRV records for mail programs (RFC 6186), and no common host name responds. Users get the server name from their provider.

    2. Routing: DNS names the mail servers of inward.example.test
    The sending server looks up the MX records of the domain after the @ in DNS (RFC 1035): the mail servers that accept its mail (RFC 5321 §5.1).
    It tries the server with the lowest preference value first and the others if that fails.

    Preference  Mail server             Addresses
            10  localhost.example.test  127.0.0.1
            20  private.example.test    10.0.0.25

    Delivery ends here: inward.example.test's mail servers have no public address.
    The server returns the message to the sender with the reason (a bounce, RFC 3464).
    The steps below show what would happen otherwise.

    3. Delivery: from server to server, to inward.example.test
    The sending server connects to port 25 of the receiving server and speaks SMTP (RFC 5321).
    The receiving server greets with 220. EHLO asks for its extensions, and STARTTLS switches the connection to TLS (RFC 3207).
    Then MAIL names the sender, RCPT the recipient, and DATA carries the message. This lookup stopped before MAIL.

    Mail server:  localhost.example.test
    Error:        localhost.example.test (127.0.0.1) is in 127.0.0.0/8 (Loopback, RFC 1122), which this
                  service does not contact. Operators can allow it with `[policy] allow`.

    Mail server:  private.example.test
    Error:        private.example.test (10.0.0.25) is in 10.0.0.0/8 (Private-Use, RFC 1918), which this
                  service does not contact. Operators can allow it with `[policy] allow`.

    4. Authentication: is the mail really from none.example.test?
    Anyone can put any sender address on a message, so the receiving server checks what the sender's domain publishes in DNS.
    SPF (RFC 7208) lists the servers that may send its mail. DKIM (RFC 6376) publishes the key for the signature in the message. DMARC (RFC 9989, formerly RFC 7489) says what to do when neither matches the From address.

    SPF:        none
    DKIM:       no key at 40 common selectors (inconclusive)
    Selectors:  DNS cannot list selectors, so 40 common ones were tried; each message names its own (s=
                in DKIM-Signature)
    DMARC:      none

    5. Transport security: encryption that cannot be stripped
    STARTTLS is negotiated in cleartext, so an attacker on the path can strip it. The recipient's domain can require TLS in advance:
    MTA-STS (RFC 8461) by a policy on its web server, DANE (RFC 7672) by TLSA records in DNSSEC-signed DNS. TLS-RPT (RFC 8460) requests reports of TLS failures.

    MTA-STS:  published but invalid (see below)
    DANE:     not published
    TLS-RPT:  not published

    6. Filtering and storage: into the mailbox
    The receiving server filters the message (spam, viruses, the user's Sieve rules, RFC 5228) and passes it to the mail store, often over LMTP (RFC 2033).
    It adds a `Received` header at the top, as every server on the way does, and the results of step 4 (`Authentication-Results`, RFC 8601).

    7. Reading: from the mailbox to the recipient's mail program
    IMAP (RFC 9051, formerly RFC 3501) keeps mail on the server, so all devices see the same mailbox.
    POP3 (RFC 1939) downloads it, usually to one device. JMAP (RFC 8620, RFC 8621) serves the same purpose as IMAP, over HTTPS.
    IMAP on port 993 and POP3 on port 995 use TLS from the start. On ports 143 and 110, STARTTLS or STLS switches the connection to TLS.

    Protocol   Server                  Port  State          Source
    IMAP, TLS  localhost.example.test   993  not reachable  SRV record

    ! inward.example.test names localhost.example.test as its mail server, which resolves to 127.0.0.1: not reachable from the internet, not contacted. Fix the MX or its addresses
    ! inward.example.test names private.example.test as its mail server, which resolves to 10.0.0.25: not reachable from the internet, not contacted. Fix the MX or its addresses
    ! none.example.test has no SPF record: receivers cannot tell which servers may send its mail
    ! none.example.test has no DMARC record: it does not ask receivers to reject forged mail
    ! inward.example.test publishes MTA-STS, but https://mta-sts.inward.example.test/.well-known/mta-sts.txt could not be fetched: mta-sts.inward.example.test (127.0.0.1) is in 127.0.0.0/8 (Loopback, RFC 1122), which this service does not contact. Operators can allow it with `[policy] allow`.
    ! inward.example.test publishes localhost.example.test:993 for mail programs: localhost.example.test (127.0.0.1) is in 127.0.0.0/8 (Loopback, RFC 1122), which this service does not contact. Operators can allow it with `[policy] allow`.
    ");
}

#[tokio::test]
async fn summarizes_domains_without_working_mail() {
    let dns = TestDns::start().await;
    let engine = engine(&dns, &[]);

    for (to, severity, summary) in [
        (
            "null",
            "warning",
            "This mail would bounce: null.example.test does not accept mail (null MX)",
        ),
        (
            "gone",
            "bad",
            "This mail would bounce: gone.example.test does not exist",
        ),
        (
            "mail1",
            "warning",
            "The mail servers of mail1.example.test do not respond",
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
