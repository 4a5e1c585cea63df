//! TLS 1.3 with certificates on both sides, over any duplex stream.

mod files;
mod purpose;
mod session;
mod split;

pub use files::TlsFiles;
#[cfg(all(test, unix))]
pub(crate) use files::client_without_certificate;
pub(crate) use files::{ServerSide, client_of};
pub(crate) use session::TlsSession;
pub(crate) use split::TlsDuplex;

use std::io;

use rustls::{AlertDescription as Alert, Error};

use crate::error::{BootstrapErrorKind as Kind, LinkFailure};

/// As an error of links, with its meaning for the start of a worker.
fn broken(error: Error) -> io::Error {
    let invalid = io::ErrorKind::InvalidData;
    match kind(&error) {
        Some(kind) => io::Error::new(invalid, LinkFailure::new(kind, error)),
        None => io::Error::new(invalid, error),
    }
}

/// Which end refused the other, as far as the error tells.
fn kind(error: &Error) -> Option<Kind> {
    match error {
        Error::InvalidCertificate(_) => Some(Kind::HostKeyRefused),
        Error::AlertReceived(
            Alert::CertificateRequired
            | Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::CertificateUnknown
            | Alert::UnsupportedCertificate
            | Alert::DecryptError
            | Alert::AccessDenied,
        ) => Some(Kind::AuthenticationRefused),
        Error::InvalidMessage(_) | Error::PeerIncompatible(_) => Some(Kind::UnexpectedOutput),
        _ => None,
    }
}
