use hickory_resolver::proto::op::ResponseCode::{NXDomain, NoError, Refused, ServFail};

use domain::base::Rtype;

use super::*;
use crate::commands::{
    dns::testing::{answers, message, response},
    testing::{field, head, shown},
};
use crate::testing::read_back::ReadBack;
use netvane_net::dns::Message;

const SOA: &str = "example.test. 900 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";

fn dig(name: &str, rtype: Rtype, message: Message) -> DigResponse {
    DigResponse::new(&Question::new(name, rtype), response(message), None)
}

fn validation(security: Security) -> Option<Validation> {
    Some(Validation {
        security,
        reason: "because".into(),
    })
}

#[test]
fn output_has_the_format_of_dig() {
    let mut message = message(
        NoError,
        "aa rd ra",
        "
        example.test. 300 IN MX 10 mx1.example.test.
        example.test. 300 IN MX 20 mx2.example.test.
        ",
        "example.test. 86400 IN NS ns1.example.test.",
    );

    message.additional = answers("mx1.example.test. 60 IN A 192.0.2.1").answers;
    message.edns = Some(Edns {
        version: 0,
        dnssec_ok: true,
        udp_size: 1232,
        options: vec!["COOKIE: 0011223344556677".into()],
    });

    message.extended_errors = vec![
        ExtendedError {
            code: 3,
            name: "Stale Answer".into(),
            text: Some("cached".into()),
        },
        ExtendedError {
            code: 30,
            name: "Unassigned".into(),
            text: None,
        },
    ];

    let wire = dig("example.test.", Rtype::MX, message).wire();

    insta::assert_snapshot!(wire, @r#"
    ;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711
    ;; flags: qr aa rd ra; QUERY: 1, ANSWER: 2, AUTHORITY: 1, ADDITIONAL: 2

    ;; OPT PSEUDOSECTION:
    ; EDNS: version: 0, flags: do; udp: 1232
    ; COOKIE: 0011223344556677
    ; EDE: 3 (Stale Answer): (cached)
    ; EDE: 30 (Unassigned)

    ;; QUESTION SECTION:
    ;example.test.		IN	MX

    ;; ANSWER SECTION:
    example.test.  300    IN MX     10 mx1.example.test.
    example.test.  300    IN MX     20 mx2.example.test.

    ;; AUTHORITY SECTION:
    example.test.  86400  IN NS     ns1.example.test.

    ;; ADDITIONAL SECTION:
    mx1.example.test.  60     IN A      192.0.2.1

    ;; Query time: 12 ms
    ;; SERVER: 192.0.2.53:53 (UDP)
    ;; MSG SIZE  rcvd: 82
    "#);
}

#[test]
fn root_is_a_dot_and_empty_sections_are_omitted() {
    let wire = dig(".", Rtype::NS, message(NXDomain, "", "", "")).wire();
    insta::assert_snapshot!(wire, @r#"
    ;; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 4711
    ;; flags: qr; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0

    ;; QUESTION SECTION:
    ;.		IN	NS

    ;; Query time: 12 ms
    ;; SERVER: 192.0.2.53:53 (UDP)
    ;; MSG SIZE  rcvd: 12
    "#);
}

#[test]
fn name_column_fits_the_longest_name_up_to_48() {
    let long = format!("{}.example.test", "a".repeat(60));
    let mut out = String::new();
    let row = |name: &str| Row {
        name: name.into(),
        r#type: "A".into(),
        ttl: 5,
        data: "192.0.2.1".into(),
    };
    write_section(&mut out, "ANSWER", &[row("a.test"), row(&long)]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[..2], ["", ";; ANSWER SECTION:"]);
    assert_eq!(lines[2].find(" 5 "), Some(50), "48 and two blanks");
    assert_eq!(lines[3], format!("{long}. 5      IN A      192.0.2.1"));

    let mut empty = String::new();
    write_section(&mut empty, "ANSWER", &[]);
    assert_eq!(empty, "");
}

#[test]
fn summarizes_each_kind_of_response() {
    let one = "example.test. 300 IN A 192.0.2.1";
    let two = "example.test. 300 IN A 192.0.2.1\nexample.test. 300 IN A 192.0.2.2";
    let referral = "test. 300 IN NS ns.nic.test.";

    for (message, summary, severity) in [
        (answers(one), "1 record in the answer", Severity::Good),
        (answers(two), "2 records in the answer", Severity::Good),
        (
            message(NoError, "tc", one, ""),
            "Truncated answer (TC); the TCP retry failed",
            Severity::Warning,
        ),
        (
            message(NoError, "", "", referral),
            "Referral (no answer)",
            Severity::Neutral,
        ),
        (
            message(NoError, "aa", "", referral),
            "The name exists but has no A records",
            Severity::Neutral,
        ),
        (
            message(NoError, "ra", "", SOA),
            "The name exists but has no A records",
            Severity::Neutral,
        ),
        (
            message(NXDomain, "ra", "", SOA),
            "The name does not exist (NXDOMAIN)",
            Severity::Bad,
        ),
        (
            message(Refused, "", "", ""),
            "The server returned REFUSED",
            Severity::Bad,
        ),
    ] {
        let document = dig("example.test", Rtype::A, message).present_checked();
        assert_eq!(head(&document), (summary, severity));
        assert_eq!(document.title, "dig example.test A");
    }
}

#[test]
fn warns_of_a_truncated_answer() {
    let document = dig("example.test", Rtype::A, message(NoError, "tc", "", "")).present_checked();
    assert_eq!(
        document.warnings,
        ["Truncated over UDP (TC), and the TCP retry failed"]
    );
}

#[test]
fn validation_never_lowers_the_severity() {
    let record = "example.test. 300 IN A 192.0.2.1";

    for (security, word, severity) in [
        (Security::Secure, "secure", Severity::Good),
        (Security::Insecure, "insecure", Severity::Neutral),
        (Security::Indeterminate, "indeterminate", Severity::Warning),
        (Security::Bogus, "bogus", Severity::Bad),
    ] {
        let mut data = dig("example.test", Rtype::A, answers(record));
        data.dnssec = validation(security);
        let document = data.present_checked();
        assert_eq!(
            head(&document),
            (
                &*format!("1 record in the answer; DNSSEC: {word}"),
                severity
            )
        );
        assert_eq!(field(&document, "DNSSEC"), Some("because"));
    }

    let mut missing = dig("example.test", Rtype::A, message(NXDomain, "", "", SOA));
    missing.dnssec = validation(Security::Secure);
    assert_eq!(
        head(&missing.present_checked()),
        (
            "The name does not exist (NXDOMAIN); DNSSEC: secure",
            Severity::Bad
        )
    );
}

#[test]
fn shows_the_flags_of_the_header() {
    for (flags, line) in [
        (
            "",
            ";; flags: qr; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0",
        ),
        (
            "aa tc rd ra ad cd",
            ";; flags: qr aa tc rd ra ad cd; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0",
        ),
    ] {
        let wire = dig("example.test", Rtype::A, message(NoError, flags, "", "")).wire();
        assert_eq!(wire.lines().nth(1), Some(line));
    }
}

#[test]
fn lifetime_is_the_shortest_ttl_and_zero_for_errors() {
    let record = "example.test. 300 IN A 192.0.2.1";
    for (message, seconds) in [
        (message(NoError, "ra", record, SOA), 300),
        (message(NXDomain, "ra", "", SOA), 900),
        (message(NoError, "ra", "", ""), 0),
        (message(ServFail, "ra", record, ""), 0),
    ] {
        let data = dig("example.test", Rtype::A, message);
        assert_eq!(data.lifetime(), Duration::from_secs(seconds));
    }
}

#[test]
fn ttls_of_all_sections_count_down() {
    let record = "example.test. 300 IN A 192.0.2.1";
    let mut sections = message(NoError, "ra", record, SOA);
    sections.additional = answers("ns1.example.test. 10 IN A 192.0.2.53").answers;
    let mut data = dig("example.test", Rtype::A, sections);
    data.age(100);
    assert_eq!(
        (
            data.answers[0].ttl,
            data.authority[0].ttl,
            data.additional[0].ttl
        ),
        (200, 800, 0)
    );
}

#[test]
fn adversarial_text_stays_in_the_code_block() {
    let text = "example.test. 300 IN TXT \"```\u{1b}[31m<b>\"";
    let document = dig("example.test", Rtype::TXT, answers(text)).present_checked();
    insta::assert_snapshot!(shown(&document), @r#"
    # dig example.test TXT
    ✓ 1 record in the answer
    ```
    ;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711
    ;; flags: qr rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0

    ;; QUESTION SECTION:
    ;example.test.		IN	TXT

    ;; ANSWER SECTION:
    example.test.  300    IN TXT    "```\027[31m<b>"

    ;; Query time: 12 ms
    ;; SERVER: 192.0.2.53:53 (UDP)
    ;; MSG SIZE  rcvd: 48
    ```
    "#);
}
