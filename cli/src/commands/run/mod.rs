//! `execnet run`: runs a program on the machines of workers.

mod output;

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read as _, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use execnet::{CommandError, Exit, Gateway, GatewayExt as _, Grace, GroupOptions, RemoteChild};
use serde_json::json;

use crate::args::{Run, Verbosity};
use crate::escape::escaped_json;
use crate::failure::{Failure, signalled};
use crate::input::is_stdin;
use crate::printer::print_line;
use crate::stdin;
use crate::targets::{Runner, Target, print_failure};
use output::{Output, Stream};

/// A piece of standard input, which all targets share.
type Piece = Result<Arc<[u8]>, Arc<io::Error>>;

/// Maximum size of a piece of standard input.
const PIECE: usize = 64 * 1024;

/// When the link ends, the code of the worker has this time to end by itself. The program is killed at once.
const LINK_END_GRACE: Duration = Duration::from_millis(100);

pub(crate) fn run(args: &Run, verbosity: Verbosity) -> Result<(), Failure> {
    let targets = Target::all(args.specs.iter().cloned(), &args.targets)?;
    let is_hosts = args.targets.hosts.iter().any(|file| is_stdin(file));
    let inputs: Vec<Option<_>> = match args.no_stdin || is_hosts {
        true => targets.iter().map(|_| None).collect(),
        false => {
            let mut buffer = vec![0; PIECE];
            // Nothing follows an error: it may be that of every further read.
            let mut failed = false;
            let read = move || {
                let piece = if failed {
                    None
                } else {
                    read_piece(&mut buffer)
                };
                failed = matches!(piece, Some(Err(_)));
                piece
            };
            let shared = stdin::share(targets.len(), args.targets.parallel, read);
            let shared = shared.map_err(|error| Failure::Gateway(error.into()))?;
            shared.into_iter().map(Some).collect()
        }
    };
    let single = targets.len() == 1;
    let runner = Runner {
        options: GroupOptions::new().with_grace(Grace::new().with_interrupt(LINK_END_GRACE)),
        targets: &args.targets,
        limits: &args.limits,
        verbosity,
        json: args.json,
    };
    let targets = targets.into_iter().zip(inputs).collect();
    runner.on(targets, |gateway, target, input| {
        let ran = run_program(gateway, target, input, args);
        if let (Err(failure), true) = (&ran, args.json) {
            print_failure(target, failure)?;
        }
        match ran? {
            exit if exit.success() => Ok(()),
            exit if single && verbosity.quiet => Err(Failure::Reported(status(exit))),
            exit => Err(Failure::Program(
                format!("the program {exit}"),
                status(exit),
            )),
        }
    })
}

/// The next piece, or the error that ends the input.
fn read_piece(buffer: &mut [u8]) -> Option<Piece> {
    loop {
        match io::stdin().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Some(Err(Arc::new(error))),
            Ok(0) => return None,
            Ok(length) => return buffer.get(..length).map(|piece| Ok(Arc::from(piece))),
        }
    }
}

fn run_program(
    gateway: &Gateway,
    target: &Target,
    input: Option<Receiver<Piece>>,
    args: &Run,
) -> Result<Exit, Failure> {
    let mut child = gateway.command(&args.command).spawn().map_err(failure)?;
    let (errors, failed) = mpsc::channel();
    if let (Some(input), Some(stdin)) = (input, child.take_stdin()) {
        feed(input, stdin, errors).map_err(|error| Failure::Gateway(error.into()))?;
    }
    let shown = show_output(&mut child, target, args.json);
    let exit = child.wait().map_err(failure)?;
    shown?;
    // The program has had a part of its input.
    if let Ok(error) = failed.try_recv() {
        return Err(Failure::Usage("standard input".into(), error.into()));
    }
    if args.json {
        print_line(&escaped_json(&end(target, exit)))?;
    }
    Ok(exit)
}

/// Passes standard input on in a thread of its own. An error of reading it goes to `errors`.
fn feed(
    input: Receiver<Piece>,
    mut stdin: impl Write + Send + 'static,
    errors: Sender<Arc<io::Error>>,
) -> io::Result<()> {
    // Not joined: it may wait for input until the process ends.
    let thread = thread::Builder::new().name("execnet-input".into());
    let feed = move || {
        for piece in input {
            let written = match piece {
                Ok(piece) => stdin.write_all(&piece),
                // Before the end of the input, which may end the program. Fails if the program has ended.
                Err(error) => return drop(errors.send(error)),
            };
            // The program does not read on.
            if written.is_err() {
                return;
            }
        }
    };
    thread.spawn(feed)?;
    Ok(())
}

/// Shows what the program writes until it has closed both streams. Kills it if nobody reads standard output.
fn show_output(child: &mut RemoteChild, target: &Target, json: bool) -> Result<(), Failure> {
    let (stdout, stderr) = (child.take_stdout(), child.take_stderr());
    let child = &*child;
    let output = |stream| Output::new(stream, target, json);
    // Otherwise the thread of the other stream would wait for the end of the program.
    let or_kill = |shown: Result<(), Failure>| shown.inspect_err(|_| child.kill());
    thread::scope(|scope| {
        let show = || stderr.map_or(Ok(()), |stderr| output(Stream::Err).copy(stderr));
        let thread = thread::Builder::new().name("execnet-stderr".into());
        let errors = thread.spawn_scoped(scope, move || or_kill(show()));
        let errors = errors.map_err(|error| Failure::Gateway(error.into()))?;
        let shown = stdout.map_or(Ok(()), |stdout| output(Stream::Out).copy(stdout));
        let shown = or_kill(shown);
        let errors = errors.join();
        shown.and(errors.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

fn end(target: &Target, exit: Exit) -> serde_json::Value {
    let mut document = json!({"id": target.id, "status": status(exit)});
    if let Some(signal) = exit.signal() {
        document["signal"] = signal.into();
    }
    document
}

/// The exit status of a program that ended in this way, as shells have it.
fn status(exit: Exit) -> u8 {
    let code = exit.code().and_then(|code| u8::try_from(code).ok());
    let signal = exit.signal().and_then(|number| u8::try_from(number).ok());
    code.or(signal.filter(|&number| number < 128).map(signalled))
        .unwrap_or(1)
}

fn failure(error: CommandError) -> Failure {
    let status = match error.as_start().map(io::Error::kind) {
        None => return Failure::Gateway(error.into()),
        Some(io::ErrorKind::NotFound) => 127,
        Some(_) => 126,
    };
    Failure::Program(error.to_string(), status)
}
