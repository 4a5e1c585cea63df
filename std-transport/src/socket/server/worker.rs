//! The processes of connections.

use alloc::sync::Arc;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::command::{self, Launch, ONE_LINER, SshHints};
use crate::options::GroupOptions;
use crate::process::{Process, Started};
use crate::python::STOCK_SERVER;
use crate::spec::{SpecError, XSpec};
use crate::start::start_first;
use crate::stderr::Stderr;

/// Bytes that are passed on at a time.
const PIECE: usize = 16 * 1024;

const ELSEWHERE: &str = "a server starts its workers itself";
const CLIENTS: &str = "the clients of the server choose it";
const CONNECTION: &str = "a server starts its workers itself, and does not connect to them";

/// The keys that have no meaning for the workers of a server, and why.
const REFUSED: &[(&str, &str)] = &[
    ("socket", ELSEWHERE),
    ("tcp", ELSEWHERE),
    ("tls", ELSEWHERE),
    ("unix", ELSEWHERE),
    ("via", ELSEWHERE),
    ("installvia", ELSEWHERE),
    ("bootstrap", CLIENTS),
    ("execmodel", CLIENTS),
    ("id", CLIENTS),
    (
        "nice",
        "the clients of the server choose it; cmd=nice -n N gives all workers another priority",
    ),
    ("keepalive", CONNECTION),
    ("tls_ca", CONNECTION),
    ("tls_cert", CONNECTION),
    ("tls_key", CONNECTION),
    ("tls_name", CONNECTION),
    ("token_file", CONNECTION),
];

/// The programs that this spec starts here.
pub(super) fn launches(spec: &XSpec) -> Result<Vec<Launch>, SpecError> {
    let refused = |key, problem: &str| {
        let problem = problem.to_owned();
        Err(SpecError::Value { key, problem })
    };
    spec.check_utf8()?;
    if let Some(&(key, problem)) = REFUSED.iter().find(|(key, _)| spec.has(key)) {
        return refused(key, problem);
    }
    spec.check_effect()?;
    if spec.runs_this_program() {
        return refused("worker", "a server is not its own worker: name the program");
    }
    // How long its clients wait a server does not know: most have the default.
    let hints = SshHints::within(GroupOptions::default().bootstrap_timeout);
    command::launches(spec, &hints)
}

/// Starts a worker whose link is the connection: the first of these programs that exists.
pub(super) fn start(
    launches: &[Launch],
    connection: BorrowedFd<'_>,
    name: &str,
    stock: bool,
) -> io::Result<Arc<Process>> {
    let started = start_first(launches, |launch| {
        let mut launch = launch.clone();
        if stock {
            serve_stock(&mut launch);
        }
        let stdin = if launch.input.is_empty() {
            connection.try_clone_to_owned()?
        } else {
            fed(&launch.input, connection, name)?
        };
        let stdout = connection.try_clone_to_owned()?;
        Process::start_on(name, &launch, stdin, stdout, Stderr::Inherit.sink(name))
    });
    Ok(started?)
}

/// A pipe that holds `input`, and then what comes on the connection. The thread that passes that on ends with the
/// connection, which the server shuts down when the process has ended.
fn fed(input: &str, connection: BorrowedFd<'_>, name: &str) -> io::Result<OwnedFd> {
    let source = File::from(connection.try_clone_to_owned()?);
    let input = io::Cursor::new(input.to_owned());
    let (reader, writer) = io::pipe()?;
    pump(format!("{name} in"), input.chain(source), writer)?;
    Ok(reader.into())
}

/// Starts a worker that is reached through pipes.
pub(super) fn start_piped(launches: &[Launch], name: &str) -> io::Result<Started> {
    let started = start_first(launches, |launch| {
        let mut started = Process::start(name, launch, Stderr::Inherit.sink(name))?;
        // The shell reads it at once, and a pipe has room for it.
        started.stdin.write_all(launch.input.as_bytes())?;
        Ok(started)
    });
    Ok(started?)
}

/// An interpreter is to run what a stock client sends. A worker in another language knows that by itself.
fn serve_stock(launch: &mut Launch) {
    for argument in &mut launch.arguments {
        if argument == ONE_LINER {
            *argument = STOCK_SERVER.as_str().into();
        }
    }
}

/// Passes everything on in a thread; what this returns is closed when that is done.
pub(super) fn pump(
    name: String,
    mut from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
) -> io::Result<Receiver<()>> {
    let (done, finished) = mpsc::channel();
    // Not io::copy: where that splices, it holds the lock of a pipe while it waits for input, and the reader of the pipe
    // waits for that lock, whatever the pipe holds.
    thread::Builder::new().name(name).spawn(move || {
        let mut piece = vec![0; PIECE];
        while let Ok(size @ 1..) = from.read(&mut piece) {
            if to.write_all(piece.get(..size).unwrap_or_default()).is_err() {
                break;
            }
        }
        drop(to);
        drop(done);
    })?;
    Ok(finished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::keys;

    /// Priority and model of the spec had no effect, and nothing said so.
    #[test]
    fn every_key_of_the_spec_has_an_effect_or_is_refused() {
        let launches = |spec: String| launches(&spec.parse().unwrap());
        for key in keys::all().filter(|key| !["popen", "ssh"].contains(key)) {
            let has_effect = |base: &str| {
                let with = launches(format!("{base}//{key}=1"));
                with != launches(base.to_owned())
            };
            assert!(has_effect("popen") || has_effect("ssh=host"), "{key}");
        }
    }

    #[test]
    fn a_spec_with_two_transports_is_refused() {
        assert_eq!(
            launches(&"popen//ssh=host".parse().unwrap()),
            Err(SpecError::Conflict("popen", "ssh"))
        );
    }

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
