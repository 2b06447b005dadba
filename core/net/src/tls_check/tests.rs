use netvane_facts::certificate::dane::Tlsa;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use ring::digest::{SHA256, digest};

use super::*;
use crate::dns::Security;

struct Chain {
    hello: Hello,
    roots: RootCertStore,
}

/// A server's certificate for `example.test`, its authority, and roots with or without the latter.
fn chain(is_trusted: bool) -> Chain {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority
        .distinguished_name
        .push(rcgen::DnType::CommonName, "test authority");
    let key = KeyPair::generate().expect("a key");
    let root = authority.self_signed(&key).expect("a certificate");

    let leaf_key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(["example.test".to_owned()]).expect("a name");
    let leaf = leaf
        .signed_by(&leaf_key, &Issuer::from_params(&authority, &key))
        .expect("a certificate");

    let mut roots = RootCertStore::empty();
    if is_trusted {
        roots.add(root.der().clone()).expect("a root");
    }
    Chain {
        hello: Hello {
            protocol: "TLS 1.3".into(),
            chain: vec![leaf.der().to_vec(), root.der().to_vec()],
            proof: Proof::Valid,
            ..Hello::default()
        },
        roots,
    }
}

fn host(name: &str) -> Host {
    name.parse().expect("a host")
}

fn record(usage: u8, selector: u8, content: &[u8]) -> Tlsa {
    Tlsa {
        usage,
        selector,
        matching: 1,
        data: digest(&SHA256, content).as_ref().to_vec(),
    }
}

fn state(chain: &Chain, name: &str, records: Vec<Tlsa>, security: Security) -> Option<DaneState> {
    let assessment = Assessment::of(&chain.hello, &host(name), &chain.roots);
    let set = TlsaSet { records, security };
    set.compare(&assessment, None, &chain.roots)
        .map(|dane| dane.state)
}

#[test]
fn a_chain_is_trusted_only_with_its_root() {
    for is_trusted in [true, false] {
        let chain = chain(is_trusted);
        let assessment = Assessment::of(&chain.hello, &host("example.test"), &chain.roots);
        assert_eq!(
            assessment.trusted,
            Some(is_trusted),
            "{:?}",
            assessment.faults
        );
        assert!(assessment.name_matches);
    }
}

#[test]
fn a_server_without_the_key_of_its_certificate_is_not_trusted() {
    let mut chain = chain(true);
    chain.hello.proof = Proof::Invalid;
    let assessment = Assessment::of(&chain.hello, &host("example.test"), &chain.roots);
    assert_eq!(assessment.trusted, Some(false));
}

#[test]
fn each_usage_of_a_tlsa_record_is_checked() {
    use DaneState::{Insecure, Match, Mismatch, None};
    let (trusted, private) = (chain(true), chain(false));
    let part = |chain: &Chain, at: usize| chain.hello.chain[at].clone();
    let key = |chain: &Chain, at: usize| {
        Certificate::read(&part(chain, at))
            .expect("readable")
            .key_der
    };
    let secure = Security::Secure;

    for (chain, name, records, security, expected) in [
        (&private, "example.test", vec![], secure, None),
        (
            &private,
            "example.test",
            vec![record(3, 1, &key(&private, 0))],
            secure,
            Match,
        ),
        (
            &private,
            "other.test",
            vec![record(3, 0, &part(&private, 0))],
            secure,
            Match,
        ),
        (
            &private,
            "example.test",
            vec![record(3, 1, &key(&trusted, 0))],
            secure,
            Mismatch,
        ),
        (
            &private,
            "example.test",
            vec![record(2, 0, &part(&private, 1))],
            secure,
            Match,
        ),
        (
            &private,
            "other.test",
            vec![record(2, 0, &part(&private, 1))],
            secure,
            Mismatch,
        ),
        (
            &private,
            "example.test",
            vec![record(2, 0, &part(&private, 0))],
            secure,
            Mismatch,
        ),
        (
            &private,
            "example.test",
            vec![record(1, 1, &key(&private, 0))],
            secure,
            Mismatch,
        ),
        (
            &trusted,
            "example.test",
            vec![record(1, 1, &key(&trusted, 0))],
            secure,
            Match,
        ),
        (
            &trusted,
            "example.test",
            vec![record(0, 1, &key(&trusted, 1))],
            secure,
            Match,
        ),
        (
            &private,
            "example.test",
            vec![record(0, 1, &key(&private, 1))],
            secure,
            Mismatch,
        ),
        (
            &private,
            "example.test",
            vec![record(9, 1, &key(&private, 0))],
            secure,
            None,
        ),
        (
            &private,
            "example.test",
            vec![record(3, 1, &key(&private, 0))],
            Security::Insecure,
            Insecure,
        ),
    ] {
        let found = state(chain, name, records.clone(), security);
        assert_eq!(found, Some(expected), "{name} {records:?}");
    }

    let bogus = vec![record(3, 1, &key(&private, 0))];
    for security in [Security::Bogus, Security::Indeterminate] {
        assert_eq!(
            state(&private, "example.test", bogus.clone(), security),
            Option::None
        );
    }
}

#[test]
fn a_certificate_that_is_itself_a_root_is_trusted() {
    let own = rcgen::generate_simple_self_signed(["example.test".to_owned()]).expect("made");
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).expect("a root");
    let hello = Hello {
        chain: vec![own.cert.der().to_vec()],
        ..Hello::default()
    };
    let assessment = Assessment::of(&hello, &host("example.test"), &roots);
    assert_eq!(assessment.trusted, Some(true), "{:?}", assessment.faults);
}

#[test]
fn malformed_certificates_are_a_reason() {
    let hello = Hello {
        chain: vec![b"nonsense".to_vec(); 200],
        ..Hello::default()
    };
    let assessment = Assessment::of(&hello, &host("example.test"), &RootCertStore::empty());
    assert_eq!((assessment.trusted, assessment.sent), (Some(false), 200));
    assert!(assessment.certificates.is_empty() && assessment.unreadable.is_some());
}
