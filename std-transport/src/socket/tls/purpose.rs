//! Checks that the certificate of a server is meant for servers.

use alloc::sync::Arc;
use core::fmt;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage};

/// The purpose `serverAuth`, 1.3.6.1.5.5.7.3.1, as DER encodes its numbers.
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];

/// Verifies a server's certificate as rustls does, and also requires that it names the purpose `serverAuth`.
///
/// rustls accepts a certificate that names no purpose at all. One authority signs for both ends here, so that such a
/// certificate of a client would let it pose as the server.
pub(super) struct ServerVerifier {
    inner: Arc<WebPkiServerVerifier>,
    authorities: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerVerifier {
    pub(super) fn new(
        authorities: Arc<RootCertStore>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, rustls::client::VerifierBuilderError> {
        let builder = WebPkiServerVerifier::builder_with_provider(
            Arc::clone(&authorities),
            Arc::clone(&provider),
        );
        Ok(Self {
            inner: builder.build()?,
            authorities,
            provider,
        })
    }

    /// Whether there is a path to an authority on which the purpose is allowed.
    fn is_for_servers(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> bool {
        let Ok(certificate) = EndEntityCert::try_from(end_entity) else {
            return false;
        };
        let path = certificate.verify_for_usage(
            self.provider.signature_verification_algorithms.all,
            &self.authorities.roots,
            intermediates,
            now,
            KeyUsage::required(SERVER_AUTH),
            None,
            None,
        );
        path.is_ok()
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // The check of rustls comes first and stays whole: ours adds a condition and replaces none.
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        if self.is_for_servers(end_entity, intermediates, now) {
            Ok(verified)
        } else {
            Err(CertificateError::InvalidPurpose.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl fmt::Debug for ServerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerVerifier").finish_non_exhaustive()
    }
}
