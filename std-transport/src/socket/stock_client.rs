//! The client of stock execnet's socket server, which executes the line that a connection sends in its own process.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use execnet_serializer::{DumpError, DumpOptions, Value};

use crate::bootstrap::Duplex;
use crate::error::MakeGatewayError;
use crate::handshake::{Nonce, Ready};
use crate::payload::{Bootstrap, Settings, WorkerEnv, config};
use crate::peer::WorkerHandle;
use crate::python::{SOCKET, STOCK, WORKER, WORKER_LAZY};
use crate::transport::{Request, handshake_with, settings};

/// Sends the worker as one line and waits for its answer.
pub(super) fn client_handshake(
    request: &Request<'_>,
    duplex: &mut dyn Duplex,
    peer: &dyn WorkerHandle,
) -> Result<Ready, MakeGatewayError> {
    let mut settings = settings(request)?;
    settings.env = WorkerEnv::of(request.spec);
    handshake_with(request, duplex, peer, &settings, line)
}

/// The line: a Python string literal whose text is a program. All that varies is in base64, so that nothing needs
/// quoting.
fn line(settings: &Settings, nonce: &Nonce) -> Result<Vec<u8>, DumpError> {
    let (program, lazy) = match settings.bootstrap {
        Bootstrap::Execnet => (
            [&STOCK, "\nstart_on_socket(clientsock, settings)\n"].concat(),
            "",
        ),
        _ => (
            [&WORKER, SOCKET.as_str(), "\nserve_socket(settings)\n"].concat(),
            WORKER_LAZY.as_str(),
        ),
    };
    let config = Value::Dict(config(settings, nonce, lazy));
    let config = STANDARD.encode(DumpOptions::wire().dumps(&config)?);
    let program = STANDARD.encode(program);
    Ok(format!(
        "\"import base64;exec(compile(base64.b64decode('{program}'),'<execnet worker>','exec'),\
         {{'clientsock':clientsock,'settings':base64.b64decode('{config}')}})\"\n"
    )
    .into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Stdout;
    use execnet_core_sync::Grace;

    use crate::spec::XSpec;

    #[test]
    fn nothing_of_a_spec_is_read_as_code() {
        let spec: XSpec = "socket=h:1//chdir=\"\n'\\//env:A=');1/0#\""
            .parse()
            .unwrap();
        let settings = Settings {
            id: "a\"'\n);import os#".to_owned(),
            exec_model: "thread".to_owned(),
            bootstrap: Bootstrap::Python,
            stdout: Stdout::Discard,
            grace: Grace::default(),
            nice: 0,
            credit: None,
            pickles: false,
            env: WorkerEnv::of(&spec),
            // The process is the server's.
            ends_group: false,
            compressed: false,
        };
        let line = line(&settings, &Nonce::new()).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line.find('\n'), Some(line.len() - 1));
        assert_eq!(line.matches('"').count(), 2);
        assert!(!line.contains(['\\', '#']));
    }
}
