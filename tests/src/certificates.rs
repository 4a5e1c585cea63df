//! Certificates for one test, deleted with it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use execnet::TlsFiles;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// An authority, and certificates that it has signed for a server on this machine and for a client.
#[derive(Debug)]
pub struct Certificates {
    directory: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Certificates {
    /// Makes an authority and its certificates.
    ///
    /// # Panics
    ///
    /// When they cannot be made.
    #[must_use]
    pub fn make() -> Self {
        Self::make_for("127.0.0.1")
    }

    /// As [`make`](Self::make), for a server at another address.
    ///
    /// # Panics
    ///
    /// When they cannot be made.
    #[must_use]
    pub fn make_for(address: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        fs::write(directory.path().join("ca.pem"), certificate.pem()).unwrap();
        let made = Self {
            directory,
            issuer: Issuer::new(params, key),
        };
        made.sign("server", address, Some(ExtendedKeyUsagePurpose::ServerAuth));
        made.sign(
            "client",
            "client",
            Some(ExtendedKeyUsagePurpose::ClientAuth),
        );
        made
    }

    /// Signs another certificate, in `NAME.pem` with its key in `NAME.key`: for this host, and for this purpose if there is one.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub fn sign(&self, name: &str, subject: &str, purpose: Option<ExtendedKeyUsagePurpose>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![subject.to_owned()]).unwrap();
        params.extended_key_usages.extend(purpose);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
        let path = self.path(&format!("{name}.key"));
        fs::write(&path, key.serialize_pem()).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The files of a certificate that was [signed](Self::sign).
    #[must_use]
    pub fn files(&self, name: &str) -> TlsFiles {
        TlsFiles {
            certificate: self.path(&format!("{name}.pem")),
            key: self.path(&format!("{name}.key")),
            authority: self.path("ca.pem"),
        }
    }

    /// The files of the server.
    #[must_use]
    pub fn server(&self) -> TlsFiles {
        self.files("server")
    }

    /// The keys of a client's spec, behind `spec`.
    #[must_use]
    pub fn spec(&self, spec: &str) -> String {
        self.spec_trusting(spec, self)
    }

    /// The same for a client that trusts the authority of others.
    #[must_use]
    pub fn spec_trusting(&self, spec: &str, others: &Self) -> String {
        format!(
            "{spec}//tls_cert={}//tls_key={}//tls_ca={}",
            self.path("client.pem").display(),
            self.path("client.key").display(),
            others.path("ca.pem").display()
        )
    }

    /// Where a file is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}
