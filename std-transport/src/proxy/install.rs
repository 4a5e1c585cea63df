//! Gateways through a socket server that is started on another gateway for the purpose: `socket//installvia=ID`.
//!
//! The server listens where only processes of the same user on its own machine can connect. Where that is not this
//! machine, the installer connects and forwards the bytes, as for `via=`.

use core::error::Error;
use std::io;

use execnet_core_sync::Gateway;
use execnet_serializer::{Dict, Value};

use super::launches::describe;
use super::stream::text;
use super::via::{connect, member, remote_timeout};
use crate::command::{self, SshHints};
use crate::error::{BootstrapError, MakeGatewayError};
use crate::python::INSTALL;
use crate::socket::{Address, ServerKind, Target};
use crate::spec::{SpecError, XSpec};
use crate::transport::{Connected, Request};

/// The function of the program of a Python installer, and of a Rust worker.
pub(super) const FUNCTION: &str = "execnet_install";

/// Starts the server, and connects to it.
pub(crate) fn install(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    let spec = request.spec;
    if spec.get("socket").is_some() {
        return Err(SpecError::Conflict("installvia", "socket=HOST:PORT").into());
    }
    if spec.has("via") {
        return Err(SpecError::Conflict("installvia", "via").into());
    }
    let installer = member(request, "installvia")?;
    let target = serve(request, &installer)?;
    let here = request.members.spec(installer.id());
    if here.is_some_and(|spec| is_here(&spec)) {
        // The server is on this machine, so this process can connect to its socket itself.
        target.connect(request, Some(installer.id().to_owned()))
    } else {
        connect(request, &installer, target)
    }
}

/// Whether a member's worker is a process of this user on this machine.
fn is_here(spec: &XSpec) -> bool {
    spec.has("popen") && !spec.has("via") && !spec.changes_account()
}

/// Makes the installer start the server; returns its address and kind.
fn serve(request: &Request<'_>, installer: &Gateway) -> Result<Target, MakeGatewayError> {
    let name = format!("socket (installed via {})", installer.id());
    let failed = |kind, error: Box<dyn Error + Send + Sync>| {
        BootstrapError::start(name.clone(), io::Error::new(kind, error))
    };
    let arguments = arguments(request)?;
    let call = installer.remote_exec_function(&INSTALL, FUNCTION, &arguments);
    let answer = call
        .map_err(|error| failed(io::ErrorKind::Other, error.into()))?
        .receive_timeout(request.deadline.left())
        .map_err(|error| match error.is_timeout() {
            true => failed(io::ErrorKind::TimedOut, error.into()),
            false => failed(io::ErrorKind::Other, error.into()),
        })?;
    match answer_of(answer.into_value()) {
        Some((kind, path)) => Ok(Target {
            name,
            address: Address::Unix(path),
            kind,
            tls: None,
        }),
        None => {
            let problem = "the installer sent a malformed answer";
            Err(failed(io::ErrorKind::Other, problem.into()).into())
        }
    }
}

fn arguments(request: &Request<'_>) -> Result<Dict, SpecError> {
    let launches = command::launches(&worker_of(request.spec), &SshHints::default())?;
    let pairs = [
        ("timeout".into(), remote_timeout(request).into()),
        ("launches".into(), describe(&launches)),
    ];
    Ok(pairs.into_iter().collect())
}

/// The part of the spec that the process is started with. What the worker does itself is not asked for twice.
fn worker_of(spec: &XSpec) -> XSpec {
    let given = ["python", "worker"].into_iter();
    let given = given.filter_map(|key| Some((key, spec.get(key)?)));
    given.fold(XSpec::popen(), |worker, (key, value)| {
        worker.set(key, value)
    })
}

fn answer_of(answer: Value) -> Option<(ServerKind, String)> {
    let Value::Tuple(parts) = answer else {
        return None;
    };
    let [kind, path] = <[Value; 2]>::try_from(parts).ok()?;
    let kind = match text(kind)?.as_str() {
        "guest" => ServerKind::Stock,
        "process" => ServerKind::Native,
        _ => return None,
    };
    Some((kind, text(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_slashes_in_the_name_of_the_interpreter_stay() {
        let spec: XSpec = "socket//installvia=m//python=/opt////py//nice=3"
            .parse()
            .unwrap();
        let worker = worker_of(&spec);
        assert_eq!(worker.get("python"), Some("/opt//py"));
        assert_eq!(worker.keys().count(), 2);
    }
}
