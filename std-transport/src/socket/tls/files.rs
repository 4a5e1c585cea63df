//! Certificates and keys in files.

use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::TlsSession;
use super::purpose::ServerVerifier;
use crate::socket::connect::HostPort;
use crate::spec::{SpecError, XSpec};
use crate::sys;

/// The certificate and key of one end of a TLS connection, and the authorities that it trusts: files in PEM format.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate of this end, followed by any intermediate certificates.
    pub certificate: PathBuf,
    /// Its private key, in a file that meets the requirements of [`Token::from_file`](crate::Token::from_file).
    pub key: PathBuf,
    /// The certificates of the authorities that sign for the other end. Every certificate that one of them has signed
    /// is trusted, so an authority should serve no other purpose. The requirements for the file are those for the key,
    /// but others may read it.
    pub authority: PathBuf,
}

/// An unusable file.
#[derive(Debug)]
pub(crate) struct TlsError {
    path: PathBuf,
    source: Box<dyn Error + Send + Sync>,
}

impl TlsError {
    fn new(path: &Path, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            path: path.to_owned(),
            source: source.into(),
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

impl TlsFiles {
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        read_certificates(&self.certificate, File::open(&self.certificate))
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let failed = |error: io::Error| TlsError::new(&self.key, error);
        let mut file = sys::open_secret(&self.key).map_err(failed)?;
        PrivateKeyDer::from_pem_reader(&mut file)
            .map_err(|error: pem::Error| TlsError::new(&self.key, error))
    }

    fn authorities(&self) -> Result<Arc<RootCertStore>, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in read_certificates(&self.authority, sys::open_trusted(&self.authority))? {
            roots
                .add(certificate)
                .map_err(|error| TlsError::new(&self.authority, error))?;
        }
        Ok(Arc::new(roots))
    }

    fn client(&self) -> Result<ClientConfig, TlsError> {
        let verifier = ServerVerifier::new(self.authorities()?, provider())
            .map_err(|error| TlsError::new(&self.authority, error))?;
        ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| TlsError::new(&self.certificate, error))?
            // rustls names this dangerous because it replaces a check. Ours makes the same check and one more.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_auth_cert(self.certificates()?, self.key()?)
            .map_err(|error| TlsError::new(&self.certificate, error))
    }

    fn server(&self) -> Result<ServerConfig, TlsError> {
        let verifier = WebPkiClientVerifier::builder_with_provider(self.authorities()?, provider())
            .build()
            .map_err(|error| TlsError::new(&self.authority, error))?;
        ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| TlsError::new(&self.certificate, error))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(self.certificates()?, self.key()?)
            .map_err(|error| TlsError::new(&self.certificate, error))
    }
}

/// Named explicitly: the program may have installed another default provider.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn read_certificates(
    path: &Path,
    file: io::Result<File>,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let mut file = file.map_err(|error| TlsError::new(path, error))?;
    let certificates: Result<Vec<_>, pem::Error> =
        CertificateDer::pem_reader_iter(&mut file).collect();
    let certificates = certificates.map_err(|error| TlsError::new(path, error))?;
    if certificates.is_empty() {
        return Err(TlsError::new(path, "no certificate found"));
    }
    Ok(certificates)
}

/// The TLS configuration of a server.
#[derive(Debug)]
pub(crate) struct ServerSide(Arc<ServerConfig>);

impl ServerSide {
    pub(crate) fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(files.server()?)))
    }

    /// A session for one connection.
    pub(crate) fn session(&self) -> Result<TlsSession, rustls::Error> {
        let connection = rustls::ServerConnection::new(Arc::clone(&self.0))?;
        Ok(TlsSession::new(connection.into()))
    }
}

/// A client's session, from the keys `tls_cert`, `tls_key`, `tls_ca` and `tls_name` of a spec.
pub(crate) fn client_of(spec: &XSpec, to: &HostPort) -> Result<TlsSession, SpecError> {
    let files = TlsFiles {
        certificate: spec.required_path("tls_cert")?.into(),
        key: spec.required_path("tls_key")?.into(),
        authority: spec.required_path("tls_ca")?.into(),
    };
    let unusable = |error: &dyn fmt::Display| SpecError::value("tls", error.to_string());
    let config = files.client().map_err(|error| unusable(&error))?;
    let name = spec.get("tls_name").unwrap_or(&to.host).to_owned();
    let name = ServerName::try_from(name)
        .map_err(|error| SpecError::value("tls_name", error.to_string()))?;
    let connection = rustls::ClientConnection::new(Arc::new(config), name);
    connection
        .map(|connection| TlsSession::new(connection.into()))
        .map_err(|error| unusable(&error))
}

/// A session that has its first message to send, and trusts no authority.
#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
pub(crate) fn client_without_certificate() -> TlsSession {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    TlsSession::new(connection.into())
}
