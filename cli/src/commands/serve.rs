//! `execnet serve`: starts workers for clients that connect to a socket.

use alloc::sync::Arc;
use std::io;
use std::path::{self, Path};
use std::sync::mpsc;
use std::thread;

use execnet::{
    Listen, Server, ServerBindError, ServerEvent, ServerOptions, ServerReload, ServerStop,
    TlsFiles, Token, XSpec,
};

use crate::args::Serve;
use crate::failure::Failure;
use crate::messages;
use crate::printer::print_line;
use crate::watch::{Shutdown, Watch};

pub(crate) fn run(args: Serve) -> Result<(), Failure> {
    let (sender, events) = mpsc::channel();
    let options = ServerOptions::new()
        .with_max_connections(args.max_connections)
        .with_max_unauthenticated(args.max_unauthenticated)
        .with_handshake_timeout(args.handshake_timeout)
        .with_worker(args.worker.clone())
        .with_events(sender);
    let listen = listen(&args, read_or_create)?;
    let server = Server::bind(listen, options).map_err(bind_failure)?;
    // Dropped last: the process ends after its workers have exited and all events are logged.
    let watch = Watch::start(None, Arc::new(Stop(server.stop_handle())));
    let _watch = watch.map_err(|error| Failure::Gateway(error.into()))?;
    let reporter = thread::Builder::new().name("execnet-events".into());
    let reporter = reporter.spawn(move || events.iter().for_each(|event| log_event(&event)));
    let reporter = reporter.map_err(|error| Failure::Gateway(error.into()))?;
    // Computed from the bound socket: with port 0 the system has chosen one.
    let spec = client_spec(&server.spec(), args.token_file.as_deref());
    reload_on_hangup(args, server.reload_handle())
        .map_err(|error| Failure::Gateway(error.into()))?;
    // Last: whoever reads the line may connect, and send SIGHUP, at once.
    print_line(&spec)?;
    let served = server.run();
    // Ends with the server. If it panicked, the panic is printed already.
    let _ = reporter.join();
    served.map_err(|error| Failure::Gateway(format!("cannot serve: {error}").into()))
}

/// The first signal kills the workers, the second one exits without waiting for their end.
struct Stop(ServerStop);

impl Shutdown for Stop {
    /// SIGHUP reloads.
    const HANGUP: bool = false;

    fn shut_down(&self) -> bool {
        self.0.stop();
        false
    }

    fn kill(&self) -> bool {
        false
    }
}

/// Reloads the token and the certificates on each SIGHUP. On an error the server keeps what it has.
#[cfg(unix)]
fn reload_on_hangup(args: Serve, handle: ServerReload) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGHUP])?;
    let thread = thread::Builder::new().name("execnet-reload".into());
    thread.spawn(move || {
        for _ in signals.forever() {
            let reloaded = listen(&args, |path| Token::from_file(path))
                .and_then(|listen| handle.reload(&listen).map_err(reload_failure));
            match reloaded {
                Ok(()) => messages::print("reloaded"),
                Err(failure) => {
                    failure.report();
                    messages::print("not reloaded: the old token and certificates stay in use");
                }
            }
        }
    })?;
    Ok(())
}

/// Windows has no such signal: a server is started again.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, clippy::needless_pass_by_value)]
fn reload_on_hangup(_args: Serve, _handle: ServerReload) -> io::Result<()> {
    Ok(())
}

/// Where to listen, and how clients authenticate. `read` reads the file of the token.
fn listen(args: &Serve, read: fn(&Path) -> io::Result<Token>) -> Result<Listen, Failure> {
    if let Some(path) = &args.unix {
        return Ok(Listen::Unix(path.clone()));
    }
    let path = args.token_file.as_deref();
    let token = path.map(|path| token(path, read)).transpose()?;
    if let Some(address) = args.tls {
        let files = tls_files(args).ok_or_else(|| missing("certificates"))?;
        return Ok(Listen::Tls {
            address,
            files,
            token,
        });
    }
    if let (Some(address), Some(token)) = (args.tcp, token) {
        return Ok(Listen::Tcp { address, token });
    }
    let address = args.insecure_stock;
    let address = address.ok_or_else(|| missing("address"))?;
    let beyond_loopback = args.insecure_beyond_loopback;
    Ok(Listen::InsecureStock {
        address,
        beyond_loopback,
    })
}

/// Unreachable: clap checks which options are required together.
fn missing(what: &str) -> Failure {
    Failure::Usage("arguments".to_owned(), format!("missing {what}").into())
}

fn tls_files(args: &Serve) -> Option<TlsFiles> {
    Some(TlsFiles {
        certificate: args.tls_cert.clone()?,
        key: args.tls_key.clone()?,
        authority: args.tls_ca.clone()?,
    })
}

fn token(path: &Path, read: fn(&Path) -> io::Result<Token>) -> Result<Token, Failure> {
    read(path).map_err(|error| Failure::Usage(format!("token file {path:?}"), error.into()))
}

/// Reads the token of a file, which is created if it does not exist.
fn read_or_create(path: &Path) -> io::Result<Token> {
    match Token::from_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = Token::generate()?;
            token.write_to(path)?;
            Ok(token)
        }
        found => found,
    }
}

fn bind_failure(error: ServerBindError) -> Failure {
    match error {
        ServerBindError::Io(_) => Failure::Gateway(error.into()),
        refused => Failure::Usage("cannot serve".to_owned(), refused.into()),
    }
}

#[cfg(unix)]
fn reload_failure(error: execnet::ServerReloadError) -> Failure {
    Failure::Usage("cannot serve".to_owned(), error.into())
}

/// The spec for clients on this machine, which read the token from the same file.
fn client_spec(address: &str, token_file: Option<&Path>) -> String {
    let Some(file) = token_file else {
        return address.to_owned();
    };
    // Fails without a working directory, which clients may have.
    let file = path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let token_file = XSpec::with_transport("token_file", file.display());
    format!("{address}//{}", token_file.as_str())
}

/// Prints a line to standard error.
fn log_event(event: &ServerEvent) {
    let text = match event {
        ServerEvent::Accepted { peer } => format!("{peer}: worker started"),
        ServerEvent::Refused { peer, reason } => format!("{peer}: refused: {reason}"),
        ServerEvent::RefusedMore { count } => format!("{count} more connections refused"),
        ServerEvent::Ended { peer, exit } => match exit {
            Some(exit) => format!("{peer}: worker {exit}"),
            None => format!("{peer}: worker was killed but has not exited"),
        },
        other => format!("{other:?}"),
    };
    messages::print(&text);
}
