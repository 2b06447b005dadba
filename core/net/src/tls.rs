//! The TLS client configuration shared by all clients, built on first use.

use std::sync::{Arc, OnceLock};

use netvane_document::Failure;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::settings;

/// TLS configuration that trusts the system's certificate authorities and those of `tls.ca_files`.
#[derive(Clone)]
pub(super) struct Tls {
    ca_files: Arc<[String]>,
    built: Arc<OnceLock<Result<ClientConfig, Failure>>>,
    roots: Arc<OnceLock<Result<Arc<RootCertStore>, Failure>>>,
}

impl Tls {
    pub(super) fn new(settings: &settings::Tls) -> Self {
        Self {
            ca_files: settings.ca_files.clone().into(),
            built: Arc::default(),
            roots: Arc::default(),
        }
    }

    /// Returns the configuration. Built on first use, since reading the authorities takes
    /// milliseconds.
    pub(super) fn client(&self) -> Result<ClientConfig, Failure> {
        self.built.get_or_init(|| self.build()).clone()
    }

    /// Returns the trusted authorities, read on first use.
    pub(super) fn shared_roots(&self) -> Result<Arc<RootCertStore>, Failure> {
        self.roots
            .get_or_init(|| self.roots().map(Arc::new))
            .clone()
    }

    /// Returns the system's certificate authorities and those of `tls.ca_files`.
    pub(super) fn roots(&self) -> Result<RootCertStore, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            // Minimal containers have no certificate authorities installed.
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for file in self.ca_files.iter() {
            let unusable = |error: &dyn std::fmt::Display| {
                Failure::Unavailable(format!("tls.ca_files: {file}: {error}"))
            };
            for certificate in
                CertificateDer::pem_file_iter(file).map_err(|error| unusable(&error))?
            {
                let certificate = certificate.map_err(|error| unusable(&error))?;
                roots.add(certificate).map_err(|error| unusable(&error))?;
            }
        }
        Ok(roots)
    }

    fn build(&self) -> Result<ClientConfig, Failure> {
        let roots = self.shared_roots()?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::Unavailable(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusting(files: &[String]) -> Tls {
        Tls::new(&settings::Tls {
            ca_files: files.to_vec(),
        })
    }

    #[test]
    fn trusts_the_operators_authorities_in_addition_to_the_systems() {
        let own = rcgen::generate_simple_self_signed(["ca.example.test".to_owned()]);
        let pem = own.expect("a certificate").cert.pem();
        let path = std::env::temp_dir().join(format!("netvane-ca-{}.pem", std::process::id()));
        std::fs::write(&path, pem.repeat(2)).expect("a file");
        let without = trusting(&[]).roots().expect("roots").len();
        let tls = trusting(&[path.display().to_string()]);
        let with = tls.roots().map(|roots| roots.len());
        let built = tls.client();
        std::fs::remove_file(&path).expect("was there");
        assert!(without > 0);
        assert_eq!(with.expect("roots"), without + 2);
        assert!(built.is_ok());
        assert!(tls.client().is_ok(), "cached after the first use");
    }

    #[test]
    fn the_error_names_a_file_that_cannot_be_read() {
        let failure = trusting(&["/nowhere/ca.pem".into()])
            .roots()
            .expect_err("no file");
        let failure = failure.to_string();
        assert!(
            failure.starts_with("tls.ca_files: /nowhere/ca.pem: "),
            "{failure}"
        );
    }
}
