//! The running program as its own worker: `worker=self`.

mod upload;

use core::sync::atomic::{AtomicBool, Ordering};
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::io::Write as _;
use std::process;

use execnet_core_sync::Worker;

use crate::command::quoted;
use crate::error::{BootstrapError, MakeGatewayError};
use crate::spec::{SpecError, XSpec};
use crate::stdio_worker::serve_stdio;
use crate::sys;
use crate::transport::{Connected, Request, Start};

/// The first argument of this program when it is started as a worker.
const ARGUMENT: &str = "--execnet-worker";

/// Transports whose workers see the same files, so that the program needs no copy.
const HERE: [&str; 3] = ["popen", "cmd", "slurm"];

/// Whether this program calls [`worker_main`].
static IS_WORKER_PROGRAM: AtomicBool = AtomicBool::new(false);

/// Makes a worker of this process if `worker=self` has started it: serves the functions of `register`, and does not
/// return. In every other process it returns at once.
///
/// A program that uses `worker=self` must call this at the beginning of `main`, before it reads arguments or prints. As
/// a worker it is started with `--execnet-worker` as its first argument. Other controllers can do that too:
/// `popen//python=/path/to/program --execnet-worker` with stock execnet.
///
/// ```no_run
/// use execnet::{Channel, Group, Worker};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     execnet::worker_main(|worker: &mut Worker| {
///         worker.register("double", |channel: &Channel, n: i64| channel.send(n * 2));
///     });
///
///     let group = Group::new();
///     let gateway = group.make_gateway("ssh=host//worker=self")?;
///     let arguments = [("n".into(), 21.into())].into_iter().collect();
///     let channel = gateway.remote_exec_function("", "double", &arguments)?;
///     assert_eq!(channel.receive()?, execnet::value!(42));
///     Ok(())
/// }
/// ```
#[allow(
    clippy::exit,
    reason = "the code after the call is the program, and this process is a worker"
)]
pub fn worker_main(register: impl FnOnce(&mut Worker)) {
    // Workers may start workers.
    IS_WORKER_PROGRAM.store(true, Ordering::Relaxed);
    if env::args_os().nth(1).is_none_or(|first| first != ARGUMENT) {
        return;
    }
    let mut worker = Worker::new();
    register(&mut worker);
    let served = serve_stdio(worker);
    if let Err(error) = &served {
        // Fails if standard error is closed.
        let _ = writeln!(io::stderr(), "execnet worker: {error}");
    }
    process::exit(i32::from(served.is_err()));
}

/// Starts this program as the worker of a spec; `start` chooses the transport.
pub(crate) fn start(request: &Request<'_>, start: Start) -> Result<Connected, MakeGatewayError> {
    let spec = request.spec;
    if !IS_WORKER_PROGRAM.load(Ordering::Relaxed) {
        return Err(refused("this program does not call execnet::worker_main").into());
    }
    if spec.has("via") {
        return Err(refused("self cannot go through another gateway").into());
    }
    if spec.has("ssh") {
        if let Some(problem) = sys::refused("ssh//worker=self") {
            return Err(refused(problem).into());
        }
        return upload::start(request, start);
    }
    if !HERE.iter().any(|key| spec.has(key)) {
        return Err(refused("this program is not on the other side: name one that is").into());
    }
    let program = env::current_exe().map_err(|error| not_found(spec, error))?;
    start_as(request, start, words(program.as_os_str())?)
}

/// Starts the spec with this value of `worker=`.
fn start_as(
    request: &Request<'_>,
    start: Start,
    worker: impl Into<OsString>,
) -> Result<Connected, MakeGatewayError> {
    let spec = request.spec.with("worker", worker);
    spec.check_utf8()?;
    start(&Request {
        spec: &spec,
        ..*request
    })
}

fn words(program: &OsStr) -> Result<OsString, SpecError> {
    let mut words = match program.to_str() {
        Some(text) => quoted("worker", text)?.into(),
        None => quoted_os(program)?,
    };
    words.push(" ");
    words.push(ARGUMENT);
    Ok(words)
}

fn quoted_os(program: &OsStr) -> Result<OsString, SpecError> {
    let quoted = shlex::bytes::try_quote(sys::os_bytes(program));
    let quoted = quoted.map_err(|error| refused(&error.to_string()))?;
    Ok(sys::os_string(&quoted))
}

fn refused(problem: &str) -> SpecError {
    SpecError::value("worker", problem)
}

fn not_found(spec: &XSpec, error: io::Error) -> MakeGatewayError {
    BootstrapError::start(spec.to_string(), error).into()
}
