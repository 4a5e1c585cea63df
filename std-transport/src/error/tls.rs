//! What an error of a TLS link says about the kind of a failure.

use core::error::Error;
use core::fmt;
use std::io;

use rustls::AlertDescription;

use super::BootstrapErrorKind as Kind;

/// Who refused whom, as far as an error tells.
pub(super) fn kind(error: &io::Error) -> Option<Kind> {
    let error = error.get_ref()?;
    if error.is::<NoTls>() {
        return Some(Kind::UnexpectedOutput);
    }
    let error = error.downcast_ref::<rustls::Error>()?;
    match error {
        rustls::Error::InvalidCertificate(_) => Some(Kind::HostKeyRefused),
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::DecryptError
            | AlertDescription::AccessDenied,
        ) => Some(Kind::AuthenticationRefused),
        rustls::Error::InvalidMessage(_) | rustls::Error::PeerIncompatible(_) => {
            Some(Kind::UnexpectedOutput)
        }
        _ => None,
    }
}

/// What came was no record of TLS.
#[derive(Debug)]
pub(crate) struct NoTls(pub(crate) String);

impl fmt::Display for NoTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for NoTls {}
