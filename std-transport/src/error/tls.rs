//! What an error of a TLS link says about the cause.

use core::error::Error;
use core::fmt;
use std::io;

use rustls::AlertDescription;

use super::Cause;

/// Who refused whom, as far as an error tells.
pub(super) fn cause(error: &io::Error) -> Option<Cause> {
    let error = error.get_ref()?;
    if error.is::<NoTls>() {
        return Some(Cause::Noise);
    }
    let error = error.downcast_ref::<rustls::Error>()?;
    match error {
        rustls::Error::InvalidCertificate(_) => Some(Cause::HostKeyRefused),
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
        ) => Some(Cause::AuthenticationRefused),
        rustls::Error::InvalidMessage(_) | rustls::Error::PeerIncompatible(_) => Some(Cause::Noise),
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
