//! Gateways to interpreters on this machine, over their standard input and output.

use alloc::sync::Arc;
use core::time::Duration;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Instant;

use execnet_core_sync::link::{Control, Link, SharedError};

use crate::bootstrap::{Failure, bootstrap};
use crate::error::{BootstrapError, MakeGatewayError, Stage, WorkerExit};
use crate::group::GroupOptions;
use crate::handshake::{Nonce, Scanner};
use crate::launch::{self, Launch};
use crate::process::{Process, Started};
use crate::program::{Settings, program};
use crate::spec::{SpecError, XSpec};

/// How long the exit status of a process whose output has ended may take.
const EXIT_PATIENCE: Duration = Duration::from_millis(500);

/// Starts a worker; its link is ready for frames. `begun` hears of the process as soon as there is
/// one.
pub(crate) fn start(
    id: &str,
    spec: &XSpec,
    options: &GroupOptions,
    begun: impl FnOnce(&Arc<Process>),
) -> Result<(Link, Arc<Process>), MakeGatewayError> {
    let launches = launch::popen(spec)?;
    let settings = settings(id, spec, options)?;
    let started = start_first(id, &launches, options)?;
    begun(&started.process);
    shake_hands(started, &settings, options)
}

fn settings(id: &str, spec: &XSpec, options: &GroupOptions) -> Result<Settings, SpecError> {
    let nice = spec.get("nice").unwrap_or("0");
    let nice = nice.trim().parse().map_err(|_| SpecError::Value {
        key: "nice",
        problem: format!("{nice:?} is no number"),
    })?;
    Ok(Settings {
        id: id.to_owned(),
        execmodel: spec.get("execmodel").unwrap_or("thread").to_owned(),
        grace: options.grace,
        nice,
    })
}

/// Starts the first of these programs that exists.
fn start_first(
    id: &str,
    launches: &[Launch],
    options: &GroupOptions,
) -> Result<Started, MakeGatewayError> {
    let mut tried = Vec::new();
    for launch in launches {
        if let Some(directory) = &launch.chdir {
            make_directory(directory)
                .map_err(|error| BootstrapError::io(Stage::Directory, launch.to_string(), error))?;
        }
        match Process::start(id, launch, options.stderr) {
            Ok(started) => return Ok(started),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tried.push(launch.program.clone());
            }
            Err(error) => {
                return Err(BootstrapError::io(Stage::Start, launch.to_string(), error).into());
            }
        }
    }
    Err(MakeGatewayError::NoInterpreter(tried))
}

/// As execnet does: one level, if there is nothing.
fn make_directory(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

fn shake_hands(
    started: Started,
    settings: &Settings,
    options: &GroupOptions,
) -> Result<(Link, Arc<Process>), MakeGatewayError> {
    let Started {
        process,
        mut stdin,
        mut stdout,
    } = started;
    let nonce = Nonce::new();
    let program = program(settings, &nonce).map_err(|error| {
        let error = io::Error::new(io::ErrorKind::InvalidInput, error);
        BootstrapError::io(Stage::Handshake, process.command().to_owned(), error)
    })?;
    let mut scanner = Scanner::new(&nonce);
    let patience = options.bootstrap_timeout;
    match bootstrap(&mut stdin, &mut stdout, &program, &mut scanner, patience) {
        Ok(ready) => {
            let reader = io::Cursor::new(ready.rest).chain(stdout);
            let control = Arc::new(ProcessControl(Arc::clone(&process)));
            Ok((Link::from_std(reader, stdin, control), process))
        }
        Err(failure) => Err(explain(&process, failure, scanner).into()),
    }
}

fn explain(process: &Process, failure: Failure, scanner: Scanner) -> BootstrapError {
    // Whose output has ended, or who has refused, is about to leave; the others are killed now.
    let patience = match failure {
        Failure::End | Failure::Answer(_) => EXIT_PATIENCE,
        Failure::Deadline(_) | Failure::Io(_) => Duration::ZERO,
    };
    let exit = process.wait(Some(Instant::now() + patience));
    if exit.is_none() {
        process.kill();
    }
    BootstrapError::handshake(process, exit, failure, &scanner.noise())
}

/// What a gateway can do to its worker's process.
struct ProcessControl(Arc<Process>);

impl Control for ProcessControl {
    fn post_mortem(&self) -> Option<SharedError> {
        let exit = self.0.wait(Some(Instant::now() + EXIT_PATIENCE));
        Some(Arc::new(WorkerExit::new(&self.0, exit)))
    }

    fn kill(&self) {
        self.0.signal_group();
    }
}
