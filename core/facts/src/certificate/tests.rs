use rcgen::{CertificateParams, DnType, KeyPair};

use super::*;
use crate::target::Host;

fn host(text: &str) -> Host {
    text.parse().expect("a host")
}

/// A certificate of 90 days for `example.com`, as a CA would issue it.
fn sample(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let names = ["example.com".to_owned(), "192.0.2.1".to_owned()];
    let mut params = CertificateParams::new(names).expect("names");
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2026, 4, 1);
    params
        .distinguished_name
        .push(DnType::CommonName, "example.com");
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Acme, Inc.");
    change(&mut params);
    let key = KeyPair::generate().expect("a key");
    params
        .self_signed(&key)
        .expect("a certificate")
        .der()
        .to_vec()
}

#[test]
fn reads_the_facts_of_a_certificate() {
    let certificate = Certificate::read(&sample(|_| {})).expect("a certificate");

    assert_eq!(certificate.subject, "CN=example.com, O=Acme\\, Inc.");
    assert_eq!(certificate.subject_name(), "example.com");
    assert!(certificate.is_self_issued());
    assert_eq!(certificate.names.shown(), ["example.com", "192.0.2.1"]);
    assert!(certificate.names.hold_for(&host("example.com")));
    assert!(certificate.names.hold_for(&host("192.0.2.1")));
    assert!(!certificate.names.hold_for(&host("www.example.com")));
    assert_eq!(
        validity::rfc3339(certificate.not_before),
        "2026-01-01T00:00:00Z"
    );
    assert_eq!(
        validity::rfc3339(certificate.not_after),
        "2026-04-01T00:00:00Z"
    );
    assert_eq!(
        (certificate.key.kind, certificate.key.bits),
        (KeyType::Ecdsa, 256)
    );
    assert!(!certificate.key.is_weak());
    assert_eq!(certificate.signature.name, "ecdsa-with-SHA256");
    assert!(!certificate.signature.is_weak && certificate.for_servers && !certificate.is_ca);
    assert_eq!(certificate.sha256().len(), 64);
}

#[test]
fn the_common_name_never_counts() {
    let der = sample(|params| params.subject_alt_names.clear());
    let certificate = Certificate::read(&der).expect("a certificate");
    assert_eq!(certificate.names.count(), 0);
    assert!(!certificate.names.hold_for(&host("example.com")));
}

#[test]
fn long_names_are_shortened() {
    let der = sample(|params| {
        params
            .distinguished_name
            .push(DnType::OrganizationalUnitName, "ü".repeat(10_000));
        let long = "a".repeat(10_000).try_into().expect("ASCII");
        params.subject_alt_names = vec![rcgen::SanType::DnsName(long); 300];
    });
    let certificate = Certificate::read(&der).expect("a certificate");
    assert_eq!(certificate.subject.chars().count(), 256);
    assert_eq!(certificate.names.count(), 300);
    let shown = certificate.names.shown();
    assert_eq!(shown.len(), names::MAX_SHOWN);
    assert!(shown.iter().all(|name| name.len() == 253));
}

#[test]
fn a_truncated_certificate_is_malformed() {
    let der = sample(|_| {});
    for end in 0..der.len() {
        let error = Certificate::read(&der[..end]).expect_err("truncated");
        assert!(
            error.starts_with("malformed certificate") && error.len() < 200,
            "{error}"
        );
    }
    let longer = [&der[..], &[0]].concat();
    assert!(Certificate::read(&longer).is_err());
}

#[test]
fn changed_bytes_never_panic() {
    let der = sample(|_| {});
    for at in 0..der.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = der.clone();
            changed[at] = value;
            if let Ok(certificate) = Certificate::read(&changed) {
                let verdict = chain::ChainVerdict::UnknownIssuer;
                let faults = chain::faults(&[certificate], &verdict, &|_| false, 0);
                assert!(!faults.is_empty());
            }
        }
    }
}

#[test]
fn reads_the_timestamps_of_transparency_logs() {
    let one = [
        &[0][..],
        &[7; 32],
        &1_700_000_000_000_u64.to_be_bytes(),
        &[0, 0, 4, 3, 0, 1, 9],
    ]
    .concat();
    let item = [&(one.len() as u16).to_be_bytes()[..], &one].concat();
    let list = [&(item.len() as u16).to_be_bytes()[..], &item].concat();
    let octets = [&[4, list.len() as u8][..], &list].concat();
    let oid = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
    let der = sample(|params| {
        params.custom_extensions = vec![rcgen::CustomExtension::from_oid_content(&oid, octets)];
    });
    let certificate = Certificate::read(&der).expect("a certificate");
    assert_eq!(certificate.timestamps, Timestamp::read_list(&list));
    assert_eq!(certificate.timestamps[0].at_ms, 1_700_000_000_000);
}

#[test]
fn knows_when_a_staple_is_required() {
    let oid = [1, 3, 6, 1, 5, 5, 7, 1, 24];
    let der = sample(|params| {
        let feature = vec![0x30, 3, 2, 1, 5];
        params.custom_extensions = vec![rcgen::CustomExtension::from_oid_content(&oid, feature)];
    });
    assert!(
        Certificate::read(&der)
            .expect("a certificate")
            .requires_staple
    );
}
