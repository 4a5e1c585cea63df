//! Certificates that are thrown away with the test.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use execnet::TlsFiles;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// An authority, and certificates that it has signed for a server on this machine and for a client.
#[derive(Debug)]
pub struct Certificates(TempDir);

impl Certificates {
    /// Makes new ones, of an authority that no other test knows.
    ///
    /// # Panics
    ///
    /// When they cannot be made.
    #[must_use]
    pub fn make() -> Self {
        Self::make_for("127.0.0.1")
    }

    /// The same, for a server at another address.
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
        let issuer = Issuer::new(params, key);
        for (name, subject) in [("server", address), ("client", "client")] {
            sign(directory.path(), name, subject, &issuer);
        }
        Self(directory)
    }

    /// For a server.
    #[must_use]
    pub fn server(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
            authority: self.path("ca.pem"),
        }
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
        self.0.path().join(name)
    }
}

fn sign(directory: &Path, name: &str, subject: &str, issuer: &Issuer<'_, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![subject.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    fs::write(directory.join(format!("{name}.pem")), certificate.pem()).unwrap();
    let path = directory.join(format!("{name}.key"));
    fs::write(&path, key.serialize_pem()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
