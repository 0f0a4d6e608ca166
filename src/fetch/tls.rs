//! TLS: whom we trust beside the machine, and what went wrong with a server in words for whoever runs it or runs us.

use std::fmt;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, RootCertStore};

use crate::model::Timestamp;

/// Names of a certificate that are told where it is another's.
const NAMES_MAX: usize = 3;

/// Certificates of authorities that are trusted beside those of the machine: of a proxy that opens TLS, of a house that signs for
/// its own servers.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Roots(Vec<CertificateDer<'static>>);

/// Why a file of certificates is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRoots {
    /// Nothing in it is a certificate.
    #[error(
        "holds no certificate: write those of the authorities, each between -----BEGIN CERTIFICATE----- and -----END"
    )]
    None,
    /// A part that is none.
    #[error("holds a certificate that cannot be read, number {number}: {why}")]
    Unreadable {
        /// Which, from 1.
        number: usize,
        /// What is wrong.
        why: String,
    },
}

impl Roots {
    /// The certificates of a PEM file; what else it holds, as the text between them, is left out.
    ///
    /// # Errors
    /// Where one of them cannot be read, or none is there.
    pub fn read_pem(pem: &[u8]) -> Result<Self, BadRoots> {
        let mut trusted = RootCertStore::empty();
        let mut roots = Vec::new();
        for (number, certificate) in (1..).zip(CertificateDer::pem_slice_iter(pem)) {
            let unreadable = |why: String| BadRoots::Unreadable { number, why };
            let certificate = certificate.map_err(|fault| unreadable(fault.to_string()))?;
            trusted.add(certificate.clone()).map_err(|fault| unreadable(fault.to_string()))?;
            roots.push(certificate.into_owned());
        }
        if roots.is_empty() { Err(BadRoots::None) } else { Ok(Self(roots)) }
    }

    /// The client's own form of them.
    pub(super) fn certificates(&self) -> Vec<reqwest::Certificate> {
        // They were read once, so they can be read.
        self.0.iter().filter_map(|root| reqwest::Certificate::from_der(root).ok()).collect()
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}

/// What is wrong with a certificate or a handshake.
pub(super) fn why(fault: &Error) -> String {
    match fault {
        Error::InvalidCertificate(fault) => certificate(fault),
        Error::AlertReceived(alert) => alerted(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "it does not speak TLS on this port; is the address meant to begin with http:?"
                .to_owned()
        }
        Error::PeerIncompatible(how) => old(&format!("{how:?}")),
        Error::InvalidMessage(_)
        | Error::PeerMisbehaved(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::DecryptError => {
            format!(
                "what it sends is no proper TLS ({fault}); something between us and it may be changing it"
            )
        }
        Error::NoCertificatesPresented => "it shows no certificate".to_owned(),
        other => other.to_string(),
    }
}

fn old(how: &str) -> String {
    format!(
        "it offers no version or cipher of TLS that is safe, 1.2 at least ({how}); its owner has to renew it"
    )
}

fn certificate(fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer => {
            "nobody this machine trusts signed its certificate; if it is meant, as behind a proxy or in your own house, name the \
             authority's certificate in crawl.ca_file; if all addresses fail so, are ca-certificates installed?"
                .to_owned()
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("its certificate ended on {}", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            let from = date(*not_before);
            format!("its certificate counts from {from} on only; is the clock of this machine right?")
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let (more, named) = (presented.len() > NAMES_MAX, presented.iter().take(NAMES_MAX));
            let named: Vec<&str> = named.map(|name| subject(name)).collect();
            let named = if named.is_empty() { "nobody".to_owned() } else { named.join(", ") };
            let more = if more { " and others" } else { "" };
            let expected = expected.to_str();
            format!("its certificate is made out to {named}{more}, not to {expected}")
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "its certificate is one for signing others, not for a server: it signed itself; it needs one that an authority signed"
                .to_owned()
        }
        CertificateError::Revoked => "its certificate was taken back by who signed it".to_owned(),
        CertificateError::BadSignature => {
            "its certificate is not signed by whom it names, or was changed on its way".to_owned()
        }
        CertificateError::BadEncoding => "its certificate is broken".to_owned(),
        other => format!("its certificate does not hold: {other}"),
    }
}

/// `DnsName("a.test")` as it comes, without what is around it.
fn subject(named: &str) -> &str {
    named.split('"').nth(1).unwrap_or(named)
}

fn date(at: UnixTime) -> Timestamp {
    Timestamp::from_secs(i64::try_from(at.as_secs()).unwrap_or(i64::MAX / 1000))
}

/// The same where the client's HTTP/2 had it first, which keeps its words alone: a server of TLS 1.3 says what it has against us when
/// the handshake is over for us.
pub(super) fn why_later(said: &str) -> Option<String> {
    let alert = said.strip_prefix("received fatal alert: ")?;
    let known = (0..=u8::MAX).map(AlertDescription::from);
    let known = known.into_iter().find(|known| format!("{known:?}") == alert);
    Some(known.map_or_else(|| said.to_owned(), alerted))
}

/// What the other side said when it ended the handshake (RFC 8446 §6.2).
fn alerted(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::ProtocolVersion
        | AlertDescription::HandshakeFailure
        | AlertDescription::InsufficientSecurity => old(&format!("it said {alert:?}")),
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::AccessDenied => {
            format!("it wants a certificate of ours, which we have none of (it said {alert:?})")
        }
        AlertDescription::UnrecognisedName => {
            "it does not know the name it was asked by: the address is wrong, or its owner's set-up"
                .to_owned()
        }
        AlertDescription::NoApplicationProtocol => {
            "it speaks neither HTTP/1.1 nor HTTP/2 there".to_owned()
        }
        other => format!("it ended the handshake ({other:?})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_certificates_is_read_or_told_of() {
        let check = |pem: &str, expected: &str| {
            let told = Roots::read_pem(pem.as_bytes()).unwrap_err().to_string();
            assert!(told.contains(expected), "{pem}: {told}");
        };
        check("", "holds no certificate");
        check("some words", "holds no certificate");
        check(
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "holds no certificate",
        );
        check("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "number 1");
        check("-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n", "number 1");
        check("-----BEGIN CERTIFICATE-----\nAAAA\n", "number 1");
    }

    #[test]
    fn alerts_are_told_in_words() {
        for (alert, expected) in [
            (AlertDescription::ProtocolVersion, "no version or cipher of TLS that is safe"),
            (AlertDescription::CertificateRequired, "wants a certificate of ours"),
            (AlertDescription::UnrecognisedName, "does not know the name"),
            (AlertDescription::NoApplicationProtocol, "neither HTTP/1.1 nor HTTP/2"),
            (AlertDescription::InternalError, "ended the handshake (InternalError)"),
        ] {
            let fault = Error::AlertReceived(alert);
            for told in [why(&fault), why_later(&fault.to_string()).unwrap()] {
                assert!(told.contains(expected), "{told}");
            }
        }
    }
}
