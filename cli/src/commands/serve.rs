//! `execnet serve`: workers over sockets.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use execnet::{Listen, Server, ServerError, ServerEvent, ServerOptions, TlsFiles, Token};

use crate::args::Serve;
use crate::escape::escaped;
use crate::failure::Failure;
use crate::watch::Watch;

pub(crate) fn run(args: Serve) -> Result<(), Failure> {
    let (sender, events) = mpsc::channel();
    let mut options = ServerOptions::default();
    options.max_connections = args.max_connections;
    options.handshake_timeout = args.handshake_timeout;
    options.worker = args.worker.clone();
    options.events = Some(sender);
    let server = Server::bind(listen(args)?, options).map_err(not_served)?;
    let stop = server.stop_handle();
    // The workers are gone before this process is.
    let watch = Watch::start(None, move || stop.stop());
    let _watch = watch.map_err(|error| Failure::Gateway(error.into()))?;
    let reporter = thread::Builder::new().name("execnet-events".into());
    let reporter = reporter.spawn(move || events.iter().for_each(|event| report(&event)));
    reporter.map_err(|error| Failure::Gateway(error.into()))?;
    tell(&server.spec())?;
    server.run().map_err(not_served)
}

fn listen(args: Serve) -> Result<Listen, Failure> {
    if let Some(path) = args.unix {
        return Ok(Listen::Unix(path));
    }
    let token = args.token_file.as_deref().map(read_token).transpose()?;
    if let Some(address) = args.tls {
        let files = tls_files(&args).ok_or_else(|| no("certificates"))?;
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

fn read_token(path: &Path) -> Result<Token, Failure> {
    token(path)
        .map_err(|error| Failure::Usage(format!("token file {}", path.display()), error.into()))
}

/// The token of this file, which is made if it is missing.
fn token(path: &Path) -> io::Result<Token> {
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
        ServerEvent::Ended { peer, exit } => match exit {
            Some(exit) => format!("{peer}: the worker {exit}"),
            None => format!("{peer}: the worker does not end"),
        },
        other => format!("{other:?}"),
    };
    // Whoever closed standard error does not want to know.
    let _ = writeln!(io::stderr(), "execnet: {}", escaped(&text));
}
