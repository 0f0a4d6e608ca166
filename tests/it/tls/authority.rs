//! Certificates of our own: an authority, and what it signs, rightly and wrongly.

use std::sync::{Arc, LazyLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::ring};

/// Who signs the servers of these tests.
pub(super) static OURS: LazyLock<Authority> = LazyLock::new(|| Authority::new("house"));

/// Somebody whom nobody here trusts.
pub(super) static STRANGER: LazyLock<Authority> = LazyLock::new(|| Authority::new("stranger"));

/// Somebody who signs in the name of who is trusted.
pub(super) static FORGER: LazyLock<Authority> = LazyLock::new(|| Authority::new("house"));

pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(super) struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// What a certificate says.
pub(super) struct Says {
    pub(super) names: &'static [&'static str],
    /// First and last year in which it counts.
    pub(super) years: (i32, i32),
}

/// What is right for a server on loopback.
pub(super) const RIGHT: Says = Says { names: &["127.0.0.1", "localhost"], years: (2000, 2300) };

impl Says {
    fn params(&self) -> CertificateParams {
        let names: Vec<String> = self.names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "server");
        params.not_before = date_time_ymd(self.years.0, 1, 1);
        params.not_after = date_time_ymd(self.years.1, 12, 31);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params
    }
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = Says { names: &[], ..RIGHT }.params();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages.clear();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// What goes into `crawl.ca_file`.
    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(super) fn sign(&self, says: &Says) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = says.params().signed_by(&key, &self.0).unwrap();
        Identity::new(certificate.der(), &key)
    }
}

impl Identity {
    fn new(certificate: &CertificateDer<'static>, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Self { certificate: certificate.clone(), key }
    }

    /// One that signed itself, as a server or as an authority.
    pub(super) fn of_itself(is_authority: bool) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = RIGHT.params();
        if is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        Self::new(params.self_signed(&key).unwrap().der(), &key)
    }

    /// A server that shows this and speaks `protocols`; `mutual`: one that wants to be shown one of ours.
    pub(super) fn server(self, protocols: &[&str], mutual: bool) -> Arc<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if mutual {
            let mut trusted = RootCertStore::empty();
            trusted.add(OURS.0.der().clone()).unwrap();
            let asked = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), provider);
            builder.with_client_cert_verifier(asked.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(vec![self.certificate], self.key).unwrap();
        config.alpn_protocols =
            protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}
