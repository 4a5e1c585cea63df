//! `execnet serve`: workers over sockets.

use alloc::sync::Arc;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use execnet::{
    Listen, Server, ServerError, ServerEvent, ServerOptions, ServerReload, ServerStop, TlsFiles,
    Token,
};
use signal_hook::consts::SIGHUP;
use signal_hook::iterator::Signals;

use crate::args::Serve;
use crate::escape::escaped;
use crate::failure::Failure;
use crate::watch::{Ending, Watch};

pub(crate) fn run(args: Serve) -> Result<(), Failure> {
    let (sender, events) = mpsc::channel();
    let mut options = ServerOptions::default();
    options.max_connections = args.max_connections;
    options.max_unauthenticated = args.max_unauthenticated;
    options.handshake_timeout = args.handshake_timeout;
    options.worker = args.worker.clone();
    options.events = Some(sender);
    let listen = listen(&args, read_or_make)?;
    let server = Server::bind(listen, options).map_err(not_served)?;
    // Before this process ends, its workers are gone and its last events told.
    let watch = Watch::start(None, Arc::new(Stop(server.stop_handle())));
    let _watch = watch.map_err(|error| Failure::Gateway(error.into()))?;
    let reporter = thread::Builder::new().name("execnet-events".into());
    let reporter = reporter.spawn(move || events.iter().for_each(|event| report(&event)));
    let reporter = reporter.map_err(|error| Failure::Gateway(error.into()))?;
    reload_on_hangup(args, server.reload_handle())
        .map_err(|error| Failure::Gateway(error.into()))?;
    tell(&server.spec())?;
    let served = server.run().map_err(not_served);
    // Ends with the server. One that panicked has said so.
    let _ = reporter.join();
    served
}

/// Kills the workers; who interrupts it once more does not wait for that.
struct Stop(ServerStop);

impl Ending for Stop {
    /// That reloads.
    const HANGUP: bool = false;

    fn end(&self) -> bool {
        self.0.stop();
        false
    }

    fn kill(&self) -> bool {
        false
    }
}

/// Reads the token and the certificates again for each SIGHUP. What cannot be read leaves the server as it is.
fn reload_on_hangup(args: Serve, handle: ServerReload) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP])?;
    let thread = thread::Builder::new().name("execnet-reload".into());
    thread.spawn(move || {
        for _ in signals.forever() {
            let reloaded = listen(&args, |path| Token::from_file(path))
                .and_then(|listen| handle.reload(&listen).map_err(not_served));
            match reloaded {
                Ok(()) => log("reloaded"),
                Err(failure) => {
                    failure.report();
                    log("not reloaded: it serves as before");
                }
            }
        }
    })?;
    Ok(())
}

/// Where to listen, and what to ask for. `read` has the token of a file.
fn listen(args: &Serve, read: fn(&Path) -> io::Result<Token>) -> Result<Listen, Failure> {
    if let Some(path) = &args.unix {
        return Ok(Listen::Unix(path.clone()));
    }
    let path = args.token_file.as_deref();
    let token = path.map(|path| token(path, read)).transpose()?;
    if let Some(address) = args.tls {
        let files = tls_files(args).ok_or_else(|| no("certificates"))?;
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
    let address = address.ok_or_else(|| no("place to listen"))?;
    let beyond_loopback = args.insecure_beyond_loopback;
    Ok(Listen::InsecureStock {
        address,
        beyond_loopback,
    })
}

/// The command line says what goes with what: this is for nobody's eyes.
fn no(what: &str) -> Failure {
    Failure::Usage("arguments".to_owned(), format!("no {what}").into())
}

fn tls_files(args: &Serve) -> Option<TlsFiles> {
    Some(TlsFiles {
        certificate: args.tls_cert.clone()?,
        key: args.tls_key.clone()?,
        authority: args.tls_ca.clone()?,
    })
}

fn token(path: &Path, read: fn(&Path) -> io::Result<Token>) -> Result<Token, Failure> {
    read(path)
        .map_err(|error| Failure::Usage(format!("token file {}", path.display()), error.into()))
}

/// The token of this file, which is made if it is missing.
fn read_or_make(path: &Path) -> io::Result<Token> {
    match Token::from_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = Token::generate()?;
            token.write_to(path)?;
            Ok(token)
        }
        found => found,
    }
}

fn not_served(error: ServerError) -> Failure {
    match error {
        ServerError::Io(_) => Failure::Gateway(error.into()),
        refused => Failure::Usage("cannot serve there".to_owned(), refused.into()),
    }
}

fn tell(spec: &str) -> Result<(), Failure> {
    let mut out = io::stdout();
    writeln!(out, "{spec}")
        .and_then(|()| out.flush())
        .map_err(Failure::Output)
}

/// A line on standard error.
fn report(event: &ServerEvent) {
    let text = match event {
        ServerEvent::Accepted { peer } => format!("{peer}: a worker"),
        ServerEvent::Refused { peer, reason } => format!("{peer}: refused: {reason}"),
        ServerEvent::RefusedMore { count } => format!("{count} more connections refused"),
        ServerEvent::Ended { peer, exit } => match exit {
            Some(exit) => format!("{peer}: the worker {exit}"),
            None => format!("{peer}: the worker does not end"),
        },
        other => format!("{other:?}"),
    };
    log(&text);
}

fn log(text: &str) {
    // Whoever closed standard error does not want to know.
    let _ = writeln!(io::stderr(), "execnet: {}", escaped(text));
}
