//! The processes of connections.

use alloc::sync::Arc;
use std::io;
use std::os::fd::BorrowedFd;

use super::ServerOptions;
use crate::launch::{self, Launch, ONE_LINER, SshHints};
use crate::process::Process;
use crate::spec::{SpecError, XSpec};
use crate::stderr::Stderr;

/// What an interpreter runs for a stock client: the line that comes is its program, with the connection in it.
const STOCK: &str = include_str!("../../python/stock_server.py");

/// Whether workers can be started by this spec.
pub(super) fn check(spec: &XSpec) -> Result<(), SpecError> {
    if spec.has("via") {
        return Err(SpecError::Value {
            key: "via",
            problem: "a server starts its workers itself".to_owned(),
        });
    }
    launch::launches(spec, &SshHints::default()).map(drop)
}

/// Starts a worker whose link is the connection.
pub(super) fn start(
    options: &ServerOptions,
    connection: BorrowedFd<'_>,
    name: &str,
    stock: bool,
) -> io::Result<Arc<Process>> {
    let launches = launch::launches(&options.worker, &SshHints::default())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let mut missing = io::Error::from(io::ErrorKind::NotFound);
    for mut launch in launches {
        if stock {
            serve_stock(&mut launch);
        }
        match Process::start_on(name, &launch, connection, &Stderr::Forward) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing = error,
            done => return done,
        }
    }
    Err(missing)
}

/// An interpreter is to run what a stock client sends. A worker in another language knows that by itself.
fn serve_stock(launch: &mut Launch) {
    for argument in &mut launch.arguments {
        if argument == ONE_LINER {
            STOCK.clone_into(argument);
        }
    }
}
