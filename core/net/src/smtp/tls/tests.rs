use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn identity(name: &str) -> Identity {
    let own = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    (own.cert.der().clone(), key.into())
}

fn trusting(certificates: &[&CertificateDer<'static>]) -> Opportunistic {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add((*certificate).clone()).expect("a root");
    }
    Opportunistic::new(roots).expect("suites")
}

/// Runs a handshake with a server of this identity, expected to be `name`.
async fn facts(
    tls: &Opportunistic,
    (certificate, key): Identity,
    version: &'static rustls::SupportedProtocolVersion,
    name: &str,
) -> TlsFacts {
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("an identity");
    let (near, far) = tokio::io::duplex(1 << 16);
    let name = ServerName::try_from(name.to_owned()).expect("a name");

    let (client, server) = tokio::join!(
        TlsConnector::from(tls.config()).connect(name.clone(), near),
        TlsAcceptor::from(Arc::new(server)).accept(far)
    );
    server.expect("a handshake");
    let client = client.expect("a handshake");

    tls.facts(client.get_ref().1, &name)
}

#[tokio::test]
async fn trusts_a_certificate_for_the_name_from_a_known_issuer() {
    let own = identity("mx.example.test");
    let tls = trusting(&[&own.0]);
    let facts = facts(&tls, own, &rustls::version::TLS13, "mx.example.test").await;
    assert_eq!((facts.trusted, facts.fault), (Some(true), None));
    assert_eq!(facts.version, "TLS 1.3");
    assert!(facts.cipher.starts_with("TLS13_"), "{}", facts.cipher);
}

#[tokio::test]
async fn accepts_any_other_certificate_and_reports_its_fault() {
    let own = || identity("mx.example.test");
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let stranger = Opportunistic::new(roots).expect("suites");
    let unknown = facts(&stranger, own(), &rustls::version::TLS12, "mx.example.test").await;
    assert_eq!(unknown.version, "TLS 1.2");
    assert_eq!(
        (unknown.trusted, unknown.fault.as_deref()),
        (Some(false), Some("unknown issuer"))
    );

    let trusted_identity = own();
    let tls = trusting(&[&trusted_identity.0]);
    let misnamed = facts(
        &tls,
        trusted_identity,
        &rustls::version::TLS13,
        "other.example.test",
    )
    .await;
    assert_eq!(
        (misnamed.trusted, misnamed.fault.as_deref()),
        (Some(false), Some("certificate is for another name"))
    );
}

#[tokio::test]
async fn does_not_check_certificates_without_authorities() {
    let own = identity("mx.example.test");
    let facts = facts(
        &trusting(&[]),
        own,
        &rustls::version::TLS13,
        "mx.example.test",
    )
    .await;
    assert_eq!((facts.trusted, facts.fault), (None, None));
}

#[test]
fn describes_certificate_errors() {
    for (error, expected) in [
        (CertificateError::UnknownIssuer, "unknown issuer"),
        (
            CertificateError::NotValidForName,
            "certificate is for another name",
        ),
        (CertificateError::Expired, "certificate has expired"),
        (
            CertificateError::NotValidYet,
            "certificate is not valid yet",
        ),
        (
            CertificateError::Revoked,
            "invalid peer certificate: Revoked",
        ),
    ] {
        assert_eq!(describe(&Error::InvalidCertificate(error)), expected);
    }
}
