//! The arguments of `execnet serve` and `execnet worker`.

use core::net::SocketAddr;
use core::time::Duration;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueHint};
use execnet::XSpec;

use super::values::{count, nonzero_time, spec_parser};
use crate::complete::spec_completer;

/// Listen for clients and start a worker for each authorised connection
///
/// Prints the spec for clients to standard output once it listens, and logs connections to standard error. Clients on other
/// machines name their own copy of the token file; for TLS, clients add `tls_cert=`, `tls_key=` and `tls_ca=`.
///
/// Runs until it is interrupted. The first interrupt (or SIGTERM, SIGQUIT) ends the server and kills all workers at
/// once, without a chance to clean up: stop the clients first if their code needs one. SIGHUP reloads the token and the
/// certificates.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("listen").required(true).args(["unix", "tcp", "tls", "insecure_stock"])))]
pub(crate) struct Serve {
    /// Listen on a Unix socket in a private directory, for processes of this user
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) unix: Option<PathBuf>,
    /// Listen on a loopback address, for clients that know the token
    #[arg(long, value_name = "ADDRESS:PORT", requires = "token_file")]
    pub(crate) tcp: Option<SocketAddr>,
    /// Listen on any address with TLS, for clients that have a certificate
    #[arg(long, value_name = "ADDRESS:PORT", requires_all = ["tls_cert", "tls_key", "tls_ca"])]
    pub(crate) tls: Option<SocketAddr>,
    /// Certificate of the server, followed by its intermediate certificates (PEM)
    #[arg(long, value_name = "FILE", requires = "tls", value_hint = ValueHint::FilePath)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the server, in a file that only its owner can access (PEM)
    #[arg(long, value_name = "FILE", requires = "tls", value_hint = ValueHint::FilePath)]
    pub(crate) tls_key: Option<PathBuf>,
    /// Certificates of the authorities that sign for clients (PEM)
    #[arg(long, value_name = "FILE", requires = "tls", value_hint = ValueHint::FilePath)]
    pub(crate) tls_ca: Option<PathBuf>,
    /// File of the token, which only its owner can access; created if it does not exist
    #[arg(long, value_name = "FILE", conflicts_with_all = ["unix", "insecure_stock"])]
    pub(crate) token_file: Option<PathBuf>,
    /// Listen for clients of stock execnet: anyone who can connect can run code, without any check
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) insecure_stock: Option<SocketAddr>,
    /// Allow --insecure-stock on addresses other than loopback
    #[arg(long, requires = "insecure_stock")]
    pub(crate) insecure_beyond_loopback: bool,
    /// Spec of the workers; clients choose id, execmodel and nice
    #[arg(long, value_name = "SPEC", default_value = "popen", value_parser = spec_parser(), add = spec_completer())]
    pub(crate) worker: XSpec,
    /// Maximum number of clients; further ones are refused
    #[arg(long, value_name = "N", default_value = "64", allow_hyphen_values = true, value_parser = count())]
    pub(crate) max_connections: usize,
    /// Maximum number of connections that have not authenticated; beyond it, a new one replaces
    /// another at random
    #[arg(long, value_name = "N", default_value = "100", allow_hyphen_values = true, value_parser = count())]
    pub(crate) max_unauthenticated: usize,
    /// Time for clients to authenticate
    #[arg(long, value_name = "TIME", default_value = "10s", allow_hyphen_values = true, value_parser = nonzero_time)]
    pub(crate) handshake_timeout: Duration,
}

/// Run as a Rust worker over stdin/stdout (started by a controller; executes no Python)
///
/// The spec is popen//worker=execnet worker, or the same over ssh; for stock execnet popen//python=execnet worker. The
/// worker takes part in syncs (execnet rsync) and connects to further gateways (via=).
#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// The arguments that stock execnet passes to an interpreter; ignored
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub(crate) ignored: Vec<OsString>,
}
