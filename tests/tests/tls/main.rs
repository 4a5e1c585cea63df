//! Socket servers and clients with TLS and certificates on both sides.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod certificates;
mod connections;

use core::time::Duration;

use execnet::{Listen, ServerOptions, TlsFiles, Token};
use execnet_test_support::{Served, loopback};

fn served(files: TlsFiles, token: Option<Token>, test: impl FnOnce(&Served)) {
    let options = ServerOptions::new().with_handshake_timeout(Duration::from_secs(2));
    served_with(files, token, options, test);
}

fn served_with(
    files: TlsFiles,
    token: Option<Token>,
    options: ServerOptions,
    test: impl FnOnce(&Served),
) {
    let address = loopback();
    let listen = Listen::Tls {
        address,
        files,
        token,
    };
    test(&Served::on(listen, options));
}
