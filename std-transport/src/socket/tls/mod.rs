//! TLS 1.3 with certificates on both sides, over any way to a worker.

mod files;
mod purpose;
mod session;
mod split;

pub use files::TlsFiles;
#[cfg(test)]
pub(crate) use files::client_without_certificate;
pub(crate) use files::{ServerSide, client_of};
pub(crate) use session::Session;
pub(crate) use split::TlsWire;

use std::io;

use rustls::{AlertDescription, Error};

use crate::error::Cause;

/// Who refused whom, as far as an error tells.
pub(crate) fn cause(error: &io::Error) -> Option<Cause> {
    let error = error.get_ref()?;
    if error.is::<session::NoTls>() {
        return Some(Cause::Noise);
    }
    let error = error.downcast_ref::<Error>()?;
    match error {
        Error::InvalidCertificate(_) => Some(Cause::HostKeyRefused),
        Error::AlertReceived(
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
        Error::InvalidMessage(_) | Error::PeerIncompatible(_) => Some(Cause::Noise),
        _ => None,
    }
}

/// What failed, as the kind of error that links have.
fn broken(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
