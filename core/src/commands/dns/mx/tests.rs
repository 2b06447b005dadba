use hickory_resolver::proto::op::ResponseCode::{NXDomain, NoError, ServFail};

use super::*;
use crate::commands::{
    dns::testing::{answers, lookup, message},
    testing::{head, rows, shown},
};
use crate::testing::read_back::ReadBack;

const SOA: &str = "example.test. 900 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";

/// Data of a domain with these MX records: preference, host name, number of addresses.
pub(crate) fn found(exchanges: &[(u16, &str, usize)]) -> Data {
    let lines: String = exchanges
        .iter()
        .map(|(preference, name, _)| format!("example.test. 300 IN MX {preference} {name}.\n"))
        .collect();
    let hosts = exchanges
        .iter()
        .map(|(preference, name, addresses)| Exchange {
            addresses: (0..*addresses)
                .map(|at| std::net::IpAddr::from([192, 0, 2, at as u8 + 1]))
                .collect(),
            ..exchange(*preference, (*name).into(), Some(300))
        })
        .collect();

    Data {
        lookup: lookup("example.test", Rtype::MX, answers(&lines)),
        hosts,
        null_mx: false,
        implicit: false,
    }
}

fn without(message: netvane_net::dns::Message) -> Data {
    Data {
        lookup: lookup("example.test", Rtype::MX, message),
        hosts: Vec::new(),
        null_mx: false,
        implicit: false,
    }
}

#[test]
fn summary_counts_the_mail_servers_that_resolve() {
    for (exchanges, summary, severity) in [
        (
            &[(10, "a.test", 1)][..],
            "1 mail server; it resolves",
            Severity::Good,
        ),
        (
            &[(10, "a.test", 1), (20, "b.test", 2)],
            "2 mail servers, both resolve",
            Severity::Good,
        ),
        (
            &[(10, "a.test", 1), (20, "b.test", 1), (30, "c.test", 1)],
            "3 mail servers, all resolve",
            Severity::Good,
        ),
        (
            &[(10, "a.test", 0)],
            "The only mail server does not resolve",
            Severity::Bad,
        ),
        (
            &[(10, "a.test", 0), (20, "b.test", 0)],
            "None of 2 mail servers resolves",
            Severity::Bad,
        ),
        (
            &[(10, "a.test", 1), (20, "b.test", 0)],
            "1 of 2 mail servers resolves",
            Severity::Good,
        ),
        (
            &[(10, "a.test", 1), (20, "b.test", 0), (30, "c.test", 1)],
            "2 of 3 mail servers resolve",
            Severity::Good,
        ),
    ] {
        assert_eq!(head(&found(exchanges).head()), (summary, severity));
    }
}

#[test]
fn explains_why_a_domain_cannot_receive_mail() {
    let null = Data {
        null_mx: true,
        ..without(answers("example.test. 300 IN MX 0 ."))
    };
    let implicit = Data {
        implicit: true,
        hosts: vec![exchange(0, "example.test".into(), None)],
        ..without(message(NoError, "ra", "", SOA))
    };

    for (data, summary, severity) in [
        (
            null,
            "example.test does not accept mail (null MX, RFC 7505)",
            Severity::Neutral,
        ),
        (
            implicit,
            "No MX; mail is delivered to the domain's own address (RFC 5321 §5.1)",
            Severity::Warning,
        ),
        (
            without(message(NoError, "ra", "", SOA)),
            "example.test cannot receive mail: no MX and no address",
            Severity::Bad,
        ),
        (
            without(message(NXDomain, "ra", "", SOA)),
            "example.test does not exist (NXDOMAIN)",
            Severity::Bad,
        ),
        (
            without(message(ServFail, "ra", "", "")),
            "192.0.2.53:53 returned SERVFAIL",
            Severity::Bad,
        ),
    ] {
        assert_eq!(head(&data.present_checked()), (summary, severity));
    }
}

#[test]
fn every_fault_is_a_warning() {
    let mut host = exchange(10, "mx.test".into(), Some(300));
    assert_eq!(host.warning(), None);

    for (fault, warning) in [
        (
            Fault::Cname,
            "Mail server mx.test is an alias; an MX must not point to a CNAME (RFC 2181 §10.3)",
        ),
        (Fault::NoAddress, "Mail server mx.test has no address"),
        (
            Fault::DoesNotExist,
            "Mail server mx.test does not exist (NXDOMAIN)",
        ),
        (
            Fault::IpLiteral,
            "Mail server mx.test is an IP address; an MX must name a host (RFC 1035 §3.3.9, RFC 5321 §2.3.5)",
        ),
        (Fault::Unresolved, "Could not resolve mail server mx.test"),
        (
            Fault::NullAmongOthers,
            "A null MX (`.`) must be the only MX record (RFC 7505 §3)",
        ),
        (
            Fault::Localhost,
            "Mail server mx.test is the sending host itself (RFC 6761 §6.3)",
        ),
    ] {
        host.fault = Some(fault);
        assert_eq!(host.warning().as_deref(), Some(warning));
    }
}

#[test]
fn lists_mail_servers_with_addresses_and_faults() {
    let mut data = found(&[(5, "a.test", 2), (10, "b.test", 0)]);
    data.hosts[1].fault = Some(Fault::DoesNotExist);
    insta::assert_snapshot!(shown(&data.present_checked()), @r#"
    # MX of example.test
    ! 1 of 2 mail servers resolves
    [Preference | Mail server | Addresses | TTL]
    5 | a.test (domain) | 192.0.2.1 / 192.0.2.2 (address) | 5 min
    10 | b.test (domain) | none (bad) | 5 min
    Answered by: 192.0.2.53:53 (aside)
    ! Mail server b.test does not exist (NXDOMAIN)
    "#);
}

#[test]
fn an_implicit_mail_server_has_no_ttl() {
    let data = Data {
        implicit: true,
        hosts: vec![exchange(0, "example.test".into(), None)],
        ..without(message(NoError, "ra", "", SOA))
    };
    assert_eq!(
        rows(&data.present_checked()),
        ["0 | example.test (domain) | none (bad) | "]
    );
}

#[test]
fn ttls_of_mail_servers_count_down() {
    let mut data = found(&[(5, "a.test", 1)]);
    assert_eq!(data.lifetime(), std::time::Duration::from_secs(300));
    data.age(299);
    assert_eq!(
        (data.hosts[0].ttl, data.lookup.answers[0].ttl),
        (Some(1), 1)
    );
    data.age(299);
    assert_eq!(
        (data.hosts[0].ttl, data.lookup.answers[0].ttl),
        (Some(0), 0)
    );
    data.hosts[0].ttl = None;
    data.age(1);
    assert_eq!(data.hosts[0].ttl, None);
}

#[test]
fn json_omits_an_absent_fault() {
    let mut data = found(&[(5, "a.test", 1)]);
    let host = |data: &Data| serde_json::to_value(&data.hosts[0]).expect("JSON");
    assert_eq!(
        host(&data),
        serde_json::json!({
            "preference": 5, "exchange": "a.test", "addresses": ["192.0.2.1"], "ttl": 300,
        })
    );
    data.hosts[0].fault = Some(Fault::NullAmongOthers);
    assert_eq!(host(&data)["fault"], "null_among_others");
}

#[test]
fn private_mail_servers_are_bad() {
    for (addresses, severity) in [
        (&["10.1.2.3"][..], Severity::Bad),
        (&["127.0.0.1", "::1"], Severity::Bad),
        (&["fd00::1", "100.64.0.1"], Severity::Bad),
        (&["10.1.2.3", "192.0.2.1"], Severity::Good),
    ] {
        let mut data = found(&[(5, "a.test", 0)]);
        data.hosts[0].addresses = addresses
            .iter()
            .map(|address| address.parse().expect("an address"))
            .collect();
        data.hosts[0].fault = data.hosts[0].address_fault();
        let document = data.present_checked();
        assert_eq!(document.severity, severity, "{addresses:?}");
        assert_eq!(
            document.summary.contains("private or local addresses"),
            severity == Severity::Bad
        );
    }
}

#[test]
fn a_failed_lookup_of_all_mail_servers_is_temporary() {
    let mut data = found(&[(5, "a.test", 0)]);
    data.hosts[0].fault = Some(Fault::Unresolved);
    assert_eq!(
        head(&data.present_checked()),
        (
            "Could not resolve the mail servers; this can be temporary",
            Severity::Warning
        )
    );
}

#[test]
fn a_failed_lookup_of_one_mail_server_is_temporary_if_no_other_can_be_reached() {
    let mut data = found(&[(5, "a.test", 0), (10, "b.test", 0)]);
    data.hosts[0].fault = Some(Fault::Unresolved);
    for (fault, address) in [
        (Fault::DoesNotExist, None),
        (Fault::NoAddress, None),
        (Fault::Private, Some("10.0.0.1")),
    ] {
        data.hosts[1].fault = Some(fault);
        data.hosts[1].addresses = address
            .into_iter()
            .map(|address| address.parse().expect("an address"))
            .collect();
        assert_eq!(data.present_checked().severity, Severity::Warning);
    }
}
