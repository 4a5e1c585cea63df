//! The table of transports. No other module knows all of them.

use crate::error::MakeGatewayError;
use crate::proxy;
#[cfg(feature = "self-exec")]
use crate::self_exec;
use crate::serial;
use crate::socket;
use crate::spec::{SpecError, XSpec, keys};
use crate::sys;
use crate::transport::{Connected, Request, Start, ssh_mux, stdio};

/// The keys of specs that choose a transport.
const TRANSPORTS: &[(&str, Start)] = &[
    ("popen", stdio::start),
    ("ssh", ssh_mux::start),
    ("vagrant_ssh", stdio::start),
    ("docker", stdio::start),
    ("podman", stdio::start),
    ("kubectl", stdio::start),
    ("slurm", stdio::start),
    ("cmd", stdio::start),
    ("socket", socket::start),
    ("tcp", socket::start),
    ("tls", socket::start),
    ("unix", socket::start),
    ("serial", serial::start),
];

/// Starts the worker of a request.
pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    if request.spec.runs_this_program() {
        return start_this_program(request);
    }
    start_transport(request)
}

#[cfg(feature = "self-exec")]
fn start_this_program(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    self_exec::start(request, start_transport)
}

#[cfg(not(feature = "self-exec"))]
fn start_this_program(_request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    let (key, feature) = ("worker=self", "self-exec");
    Err(SpecError::NeedsFeature { key, feature }.into())
}

/// The same for a spec with `worker=self` resolved.
fn start_transport(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    if request.spec.has("serial") {
        // The programs of proxies open processes and sockets.
        let through = ["installvia", "via"];
        if let Some(key) = through.into_iter().find(|key| request.spec.has(key)) {
            return Err(SpecError::Conflict("serial", key).into());
        }
    }
    check_system(request.spec)?;
    if request.spec.has("installvia") {
        return proxy::install(request);
    }
    if request.spec.has("via") {
        return proxy::start(request);
    }
    let mut asked = TRANSPORTS.iter().filter(|(key, _)| request.spec.has(key));
    match (asked.next(), asked.next()) {
        (Some((_, start)), None) => start(request),
        (Some((first, _)), Some((second, _))) => Err(SpecError::Conflict(first, second).into()),
        (None, _) => Err(SpecError::NoTransport.into()),
    }
}

/// Refuses what this system does not have, unless another machine does it.
fn check_system(spec: &XSpec) -> Result<(), SpecError> {
    if spec.has("via") || spec.has("installvia") {
        return Ok(());
    }
    let refused = |key| spec.has(key).then(|| Some((key, sys::refused(key)?)));
    match keys::all().find_map(|key| refused(key).flatten()) {
        Some((key, problem)) => Err(SpecError::value(key, problem)),
        None => Ok(()),
    }
}
