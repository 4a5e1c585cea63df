//! The running program as its own worker: `worker=self`.

mod upload;

use core::sync::atomic::{AtomicBool, Ordering};
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::process;

use execnet_core_sync::Worker;

use crate::command::quoted;
use crate::error::{BootstrapError, MakeGatewayError};
use crate::spec::{SpecError, XSpec};
use crate::stdio_worker::serve_stdio;
use crate::transport::{Connected, Request, Start};

/// A program with this first argument is to be a worker.
const ARGUMENT: &str = "--execnet-worker";

/// Where the program is on the other side without being copied there.
const HERE: [&str; 3] = ["popen", "cmd", "slurm"];

/// Whether this program becomes a worker when it is started as one.
static ANSWERS: AtomicBool = AtomicBool::new(false);

/// Makes a worker of this process where a spec with `worker=self` has started it: serves what `register` has
/// registered, and does not return. In every other process it returns at once.
///
/// A program that uses `worker=self` calls this first of all in its `main`, before it reads arguments or prints. As a
/// worker it is started with `--execnet-worker` as its first argument; other controllers can do that too:
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
    reason = "what follows the call is the program, and this process is not to be that"
)]
pub fn worker_main(register: impl FnOnce(&mut Worker)) {
    // Workers may start workers.
    ANSWERS.store(true, Ordering::Relaxed);
    if env::args_os().nth(1).is_none_or(|first| first != ARGUMENT) {
        return;
    }
    let mut worker = Worker::new();
    register(&mut worker);
    let served = serve_stdio(worker);
    if let Err(error) = &served {
        // Nobody may read it.
        let _ = writeln!(io::stderr(), "execnet worker: {error}");
    }
    process::exit(i32::from(served.is_err()));
}

/// Starts this program where the spec says, by the transport that `start` chooses.
pub(crate) fn start(request: &Request<'_>, start: Start) -> Result<Connected, MakeGatewayError> {
    let spec = request.spec;
    if !ANSWERS.load(Ordering::Relaxed) {
        return Err(refused("this program does not call execnet::worker_main").into());
    }
    if spec.has("via") {
        return Err(refused("self goes through no other gateway").into());
    }
    if spec.has("ssh") {
        return upload::start(request, start);
    }
    if !HERE.iter().any(|key| spec.has(key)) {
        return Err(refused("self is not on the other side: name a program that is").into());
    }
    let program = env::current_exe().map_err(|error| not_found(spec, error))?;
    start_as(request, start, words(program.as_os_str())?)
}

/// Starts it with `worker` as its command line.
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
    let quoted = shlex::bytes::try_quote(program.as_bytes());
    let quoted = quoted.map_err(|error| refused(&error.to_string()))?;
    Ok(OsString::from_vec(quoted.into_owned()))
}

fn refused(problem: &str) -> SpecError {
    SpecError::value("worker", problem)
}

fn not_found(spec: &XSpec, error: io::Error) -> MakeGatewayError {
    BootstrapError::start(spec.to_string(), error).into()
}
