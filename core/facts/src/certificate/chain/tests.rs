use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::*;

const NOW: i64 = 1_770_000_000; // 2 February 2026

struct Made {
    certificate: Certificate,
    params: CertificateParams,
    key: KeyPair,
}

fn params(name: &str, is_ca: bool, year: i32) -> CertificateParams {
    let mut params = CertificateParams::new([format!("{name}.example")]).expect("a name");
    params.not_before = rcgen::date_time_ymd(year, 1, 1);
    params.not_after = rcgen::date_time_ymd(year, 12, 31);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

fn root(name: &str) -> Made {
    let (params, key) = (
        params(name, true, 2026),
        KeyPair::generate().expect("a key"),
    );
    let made = params.self_signed(&key).expect("a certificate");
    let certificate = Certificate::read(made.der()).expect("readable");
    Made {
        certificate,
        params,
        key,
    }
}

fn issue(issuer: &Made, params: CertificateParams) -> Made {
    let key = KeyPair::generate().expect("a key");
    let by = Issuer::from_params(&issuer.params, &issuer.key);
    let made = params.signed_by(&key, &by).expect("a certificate");
    let certificate = Certificate::read(made.der()).expect("readable");
    Made {
        certificate,
        params,
        key,
    }
}

fn found(chain: &[&Made], anchors: &[&Made]) -> Vec<ChainFault> {
    let chain: Vec<Certificate> = chain.iter().map(|made| made.certificate.clone()).collect();
    let is_anchor = |subject: &[u8]| {
        anchors
            .iter()
            .any(|made| made.certificate.subject_der == subject)
    };
    faults(&chain, &ChainVerdict::UnknownIssuer, &is_anchor, NOW)
}

fn missing(issuer: &str) -> ChainFault {
    ChainFault::MissingIssuer {
        issuer: format!("CN={issuer}"),
        url: None,
    }
}

#[test]
fn names_the_place_where_a_chain_breaks() {
    let root = root("root");
    let sub = issue(&root, params("sub", true, 2026));
    let leaf = issue(&sub, params("leaf", false, 2026));

    assert_eq!(found(&[&leaf], &[&root]), [missing("sub")]);
    assert_eq!(found(&[&leaf, &sub], &[]), [missing("root")]);
    assert_eq!(
        found(&[&leaf, &sub, &root], &[]),
        [ChainFault::UntrustedRoot {
            root: "CN=root".into()
        }]
    );
    assert_eq!(
        found(&[&leaf, &root, &sub], &[]),
        [ChainFault::UntrustedRoot {
            root: "CN=root".into()
        }],
        "the order does not matter"
    );
    assert_eq!(found(&[&root], &[]), [ChainFault::SelfSigned]);
    assert_eq!(found(&[&leaf, &root], &[]), [missing("sub")]);
}

#[test]
fn a_certificate_of_the_same_name_with_another_key_is_not_the_issuer() {
    let (one, other) = (root("root"), root("root"));
    let leaf = issue(&one, params("leaf", false, 2026));
    let expected = [ChainFault::WrongSignature { position: 0 }];
    assert_eq!(found(&[&leaf, &other], &[]), expected);
    assert_eq!(found(&[&leaf], &[&other]), expected, "a root of that name");
    let untrusted = [ChainFault::UntrustedRoot {
        root: "CN=root".into(),
    }];
    assert_eq!(found(&[&leaf, &other, &one], &[]), untrusted);
}

#[test]
fn a_self_signed_authority_is_self_signed_also_with_the_name_of_a_root() {
    let (own, other) = (root("localhost"), root("localhost"));
    for roots in [&[][..], &[&other][..]] {
        assert_eq!(found(&[&own], roots), [ChainFault::SelfSigned]);
        assert_eq!(found(&[&own, &own], roots), [ChainFault::SelfSigned]);
        assert_eq!(found(&[&own, &other], roots), [ChainFault::SelfSigned]);
    }
    let sub = issue(&own, params("sub", true, 2026));
    assert_eq!(found(&[&sub], &[&own]), [ChainFault::IsAuthority]);
}

#[test]
fn dates_and_kinds_are_checked_on_the_way() {
    let root = root("root");
    let old = issue(&root, params("old", true, 2025));
    let leaf = issue(&old, params("leaf", false, 2027));
    let found_here = found(&[&leaf, &old], &[&root]);
    assert!(matches!(
        found_here[0],
        ChainFault::NotYetValid { position: 0, .. }
    ));
    assert!(matches!(
        found_here[1],
        ChainFault::Expired { position: 1, .. }
    ));
    assert_eq!(found_here.len(), 2);

    let fake = issue(&root, params("fake", false, 2026));
    let leaf = issue(&fake, params("leaf", false, 2026));
    assert_eq!(
        found(&[&leaf, &fake], &[&root]),
        [ChainFault::NotAuthority { position: 1 }]
    );
}

#[test]
fn a_trusted_chain_has_no_faults() {
    let root = root("root");
    let leaf = issue(&root, params("leaf", false, 2026)).certificate;
    assert_eq!(faults(&[leaf], &ChainVerdict::Trusted, &|_| true, NOW), []);
    let none = faults(&[], &ChainVerdict::Trusted, &|_| true, NOW);
    assert_eq!(none, [ChainFault::Other("no certificate".into())]);
}

#[test]
fn a_chain_of_certificates_that_name_each_other_ends() {
    let (a, b) = (root("a"), root("b"));
    let mut cross = params("a", true, 2026);
    cross.key_identifier_method = rcgen::KeyIdMethod::Sha256;
    let (a_by_b, b_by_a) = (issue(&b, cross), issue(&a, params("b", true, 2026)));
    let chain = [&a_by_b, &b_by_a, &a_by_b, &b_by_a];
    assert!(!found(&chain, &[]).is_empty());
    let many = vec![&a; 32];
    assert_eq!(found(&many, &[]), [ChainFault::SelfSigned]);
}
