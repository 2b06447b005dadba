//! Answers without a registration: available and reserved names, limits, hostile texts.

use super::{
    super::{super::Kind, parse},
    domain,
};

#[test]
fn recognizes_available_names() {
    for (query, text, expected) in [
        (
            "example.com",
            "No match for domain \"EXAMPLE.COM\".\n>>> Last update of whois database: 2024-01-01T00:00:00Z <<<\n\nNOTICE: exceeding limits\n",
            "available",
        ),
        (
            "example.de",
            "Domain: example.de\nStatus: free\n",
            "available",
        ),
        (
            "example.eu",
            "% Notice\nDomain:\texample\nStatus:\tAVAILABLE\n",
            "available",
        ),
        (
            "example.se",
            "# Copyright\n\n\"example.se\" not found.\n",
            "available",
        ),
        ("example.nl", "example.nl is free\n", "available"),
        ("example.cl", "example.cl: no entries found.\n", "available"),
        (
            "example.co.nz",
            "domain_name: example.co.nz\nquery_status: 220 Available\n",
            "available",
        ),
    ] {
        domain(query, text, expected);
    }
}

#[test]
fn recognizes_reserved_names_and_rate_limits() {
    for (query, text, expected) in [
        (
            "example.org",
            "This name is reserved by the Registry in accordance with ICANN Policy.\n",
            "reserved",
        ),
        (
            "example.it",
            "Domain:             example.it\nStatus:             UNASSIGNABLE\n",
            "reserved status=unassignable",
        ),
        (
            "example.org",
            "WHOIS LIMIT EXCEEDED - SEE WWW.EXAMPLE.ORG FOR DETAILS\n",
            "throttled",
        ),
        (
            "example.ch",
            "The number of requests per client per time interval is\nrestricted. You have exceeded this limit.\n",
            "throttled",
        ),
    ] {
        domain(query, text, expected);
    }
}

#[test]
fn texts_without_data_are_unavailable() {
    for (query, text, expected) in [
        (
            "example.de",
            "Domain: example.de\nStatus: invalid\n",
            "unavailable status=invalid",
        ),
        ("example.com", "", "unavailable"),
        ("example.com", "Hello: World\nfoo bar\n", "unavailable"),
        (
            "example.com",
            "Name Server: No nameserver\nRegistrar: n/a\nCreation Date: before 1996\nRegistrant Organization: REDACTED FOR PRIVACY\nRegistrant Country: REDACTED\n",
            "unavailable",
        ),
    ] {
        domain(query, text, expected);
    }
}

/// Hostile texts are parsed in linear time, without a panic.
#[test]
fn survives_hostile_texts() {
    for text in [
        "a".repeat(1 << 20),
        ":\n".repeat(200_000),
        "a:\n".repeat(200_000),
        "Registrant:\n ".repeat(80_000),
        "[".repeat(1 << 19),
        "(".repeat(1 << 20),
        "inetnum: 1.2.3.0 - 1.2.3.255\n\n".repeat(40_000),
        "Domain Name: a.test\nStatus: x\n".repeat(40_000),
        "\u{202e}é: ü\n".repeat(50_000),
        "ns1 (((NET \u{0}) - - -\n".repeat(40_000),
        " x\n".repeat(300_000),
    ] {
        for kind in [Kind::Domain, Kind::Ip, Kind::Asn] {
            let _ = parse(kind, "example.com", &text);
        }
        let _ = super::super::referral(&text);
    }
}

#[test]
fn ignores_data_of_other_names() {
    let iana = "% IANA WHOIS server\n\nrefer:        whois.registry.example\n\ndomain:       TEST\n\norganisation: Registry Ltd\n\nnserver:      A.NIC.TEST 192.0.2.1\n\nstatus:       ACTIVE\n\ncreated:      1985-01-01\n";
    domain("example.test", iana, "unavailable");
    domain(
        "test",
        iana,
        "registered org=Registry Ltd status=active ns=a.nic.test c=1985-01-01",
    );
    let chain = format!(
        "{iana}\n# whois.registry.example\n\nDomain Name: example.test\nCreation Date: 10/16/1997 04:00:00\nExpiration Date: 10/05/2031 04:00:00\n"
    );
    domain(
        "example.test",
        &chain,
        "registered c=1997-10-16T04:00:00Z x=2031-10-05T04:00:00Z",
    );
}
