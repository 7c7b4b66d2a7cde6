//! The certificates that a frontend shows, and the handshake with them.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// An `SslCertificate` resource, as far as a handshake needs it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Certificate {
    /// Nobody vouches for a laptop, so a certificate that Google would manage is self-signed here.
    Managed { domains: Vec<String> },
    /// A chain and its key, in PEM.
    Given { chain: String, key: String },
}

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("the certificate is not in PEM form")]
    Chain(#[source] rustls::pki_types::pem::Error),
    #[error("the key is not in PEM form")]
    PrivateKey(#[source] rustls::pki_types::pem::Error),
    #[error("there is no certificate")]
    Empty,
    #[error("no certificate can be made for these domains")]
    Make(#[from] rcgen::Error),
    #[error("the key does not fit the certificate, or is of an unknown kind")]
    Key(#[from] rustls::Error),
}

/// Certificates ready for use, by what they were made from: a client that has accepted a
/// self-signed one meets the same one after a change of the table.
#[derive(Debug, Default)]
pub(super) struct Certificates(HashMap<Certificate, Arc<CertifiedKey>>);

impl Certificates {
    /// The TLS side of a frontend. One that cannot be used is reported and left out; with none
    /// left, every handshake fails.
    pub(super) fn config(
        &mut self,
        rule: &str,
        wanted: &[Certificate],
    ) -> Option<Arc<ServerConfig>> {
        if wanted.is_empty() {
            return None;
        }
        let provider = Arc::new(ring::default_provider());
        let mut keys = Vec::new();
        for certificate in wanted {
            match self.key(certificate, &provider) {
                Ok(key) => keys.push((certificate.domains(), key)),
                Err(error) => tracing::warn!(%error, rule, "a certificate cannot be used"),
            }
        }
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = builder
            .ok()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ByName(keys)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Some(Arc::new(config))
    }

    /// Forgets what no frontend shows any more.
    pub(super) fn keep<'a>(&mut self, wanted: impl Iterator<Item = &'a Certificate> + Clone) {
        self.0
            .retain(|known, _| wanted.clone().any(|certificate| certificate == known));
    }

    fn key(
        &mut self,
        certificate: &Certificate,
        provider: &CryptoProvider,
    ) -> Result<Arc<CertifiedKey>, CertificateError> {
        if let Some(key) = self.0.get(certificate) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(certificate.load(provider)?);
        self.0.insert(certificate.clone(), Arc::clone(&key));
        Ok(key)
    }
}

impl Certificate {
    /// Whether a handshake could be made with it.
    pub fn verify(&self) -> Result<(), CertificateError> {
        self.load(&ring::default_provider()).map(drop)
    }

    fn load(&self, provider: &CryptoProvider) -> Result<CertifiedKey, CertificateError> {
        let (chain, key) = match self {
            Self::Managed { domains } => self_signed(domains)?,
            Self::Given { chain, key } => {
                let chain: Result<Vec<_>, _> =
                    CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes());
                (
                    chain.map_err(CertificateError::Chain)?,
                    key.map_err(CertificateError::PrivateKey)?,
                )
            }
        };
        if chain.is_empty() {
            return Err(CertificateError::Empty);
        }
        Ok(CertifiedKey::from_der(chain, key, provider)?)
    }

    /// The names for which it is chosen before the default.
    fn domains(&self) -> Vec<String> {
        match self {
            Self::Managed { domains } => domains.clone(),
            Self::Given { .. } => Vec::new(),
        }
    }
}

fn self_signed(
    domains: &[String],
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), rcgen::Error> {
    // The names under which a browser on this machine really gets here come with it.
    let local = ["localhost", "127.0.0.1"].map(str::to_owned);
    let names = domains.iter().cloned().chain(local).collect::<Vec<_>>();
    let made = rcgen::generate_simple_self_signed(names)?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    Ok((vec![made.cert.der().clone()], key.into()))
}

/// Chooses by the name that the client asks for; the first one is for all others.
#[derive(Debug)]
struct ByName(Vec<(Vec<String>, Arc<CertifiedKey>)>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or_default();
        let named = self.0.iter().find(|(domains, _)| {
            domains
                .iter()
                .any(|domain| domain.eq_ignore_ascii_case(name))
        });
        named
            .or_else(|| self.0.first())
            .map(|(_, key)| Arc::clone(key))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn managed(domain: &str) -> Certificate {
        Certificate::Managed {
            domains: vec![domain.to_owned()],
        }
    }

    fn given() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["a.test".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_given_certificate_needs_its_own_key() {
        let ((chain, key), (_, other)) = (given(), given());
        let with = |key: &str| Certificate::Given {
            chain: chain.clone(),
            key: key.to_owned(),
        };
        with(&key).verify().unwrap();
        assert!(matches!(
            with(&other).verify(),
            Err(CertificateError::Key(_))
        ));
        assert!(matches!(
            with("no key").verify(),
            Err(CertificateError::PrivateKey(_))
        ));
    }

    #[test]
    fn text_without_a_certificate_is_refused() {
        let (_, key) = given();
        let chain = "nothing".to_owned();
        let empty = Certificate::Given { chain, key };
        assert!(matches!(empty.verify(), Err(CertificateError::Empty)));
    }

    #[test]
    fn a_managed_certificate_is_made_once() {
        let mut certificates = Certificates::default();
        let provider = ring::default_provider();
        let wanted = managed("a.test");
        let first = certificates.key(&wanted, &provider).unwrap();
        certificates.keep([&wanted].into_iter());
        let second = certificates.key(&wanted, &provider).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        certificates.keep([&managed("b.test")].into_iter());
        let third = certificates.key(&wanted, &provider).unwrap();
        assert!(!Arc::ptr_eq(&first, &third));
    }
}
