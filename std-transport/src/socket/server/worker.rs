//! The processes of connections.

use alloc::sync::Arc;
use std::io;
use std::os::fd::BorrowedFd;

use crate::group::GroupOptions;
use crate::launch::{self, Launch, ONE_LINER, SshHints};
use crate::own;
use crate::process::Process;
#[cfg(feature = "tls")]
use crate::process::Started;
use crate::spec::{SpecError, XSpec};
use crate::stderr::Stderr;

/// What an interpreter runs for a stock client: the line that comes is its program, with the connection in it.
const STOCK: &str = include_str!("../../python/stock_server.py");

/// The programs that this spec starts here.
pub(super) fn launches(spec: &XSpec) -> Result<Vec<Launch>, SpecError> {
    let refused = |key, problem: &str| {
        let problem = problem.to_owned();
        Err(SpecError::Value { key, problem })
    };
    if spec.has("via") {
        return refused("via", "a server starts its workers itself");
    }
    if own::is_asked(spec) {
        return refused("worker", "a server is not its own worker: name the program");
    }
    // How long its clients wait a server does not know: most have the default.
    let hints = SshHints::within(GroupOptions::default().bootstrap_timeout);
    launch::launches(spec, &hints)
}

/// Starts a worker whose link is the connection: the first of these programs that exists.
pub(super) fn start(
    launches: &[Launch],
    connection: BorrowedFd<'_>,
    name: &str,
    stock: bool,
) -> io::Result<Arc<Process>> {
    first(launches, |launch| {
        let mut launch = launch.clone();
        if stock {
            serve_stock(&mut launch);
        }
        Process::start_on(name, &launch, connection, Stderr::Forward.sink(name))
    })
}

/// Starts a worker that is reached through pipes.
#[cfg(feature = "tls")]
pub(super) fn start_piped(launches: &[Launch], name: &str) -> io::Result<Started> {
    first(launches, |launch| {
        Process::start(name, launch, Stderr::Forward.sink(name))
    })
}

/// What is started of the first that exists.
fn first<T>(launches: &[Launch], start: impl Fn(&Launch) -> io::Result<T>) -> io::Result<T> {
    let mut missing = io::Error::from(io::ErrorKind::NotFound);
    for launch in launches {
        match start(launch) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_of_a_server_has_the_time_that_a_gateway_has() {
        let launches = launches(&"ssh=host".parse().unwrap()).unwrap();
        let arguments = &launches[0].arguments;
        assert!(
            arguments.iter().any(|word| word == "ConnectTimeout=20"),
            "{arguments:?}"
        );
    }
}
