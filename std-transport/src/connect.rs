//! Which transport a spec asks for. This module alone knows all of them.

use crate::error::MakeGatewayError;
use crate::own;
use crate::relay;
use crate::socket;
use crate::spec::SpecError;
use crate::transport::{Connected, Request, Start, command, ssh};

/// The keys of specs that choose a transport.
const TRANSPORTS: &[(&str, Start)] = &[
    ("popen", command::start),
    ("ssh", ssh::start),
    ("vagrant_ssh", command::start),
    ("docker", command::start),
    ("podman", command::start),
    ("kubectl", command::start),
    ("slurm", command::start),
    ("cmd", command::start),
    ("socket", socket::start),
    ("tcp", socket::start),
    ("tls", socket::start),
    ("unix", socket::start),
];

/// Makes the worker that the request asks for.
pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    if own::is_asked(request.spec) {
        return own::start(request, start_transport);
    }
    start_transport(request)
}

/// The same where the spec names its worker.
fn start_transport(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    if request.spec.has("installvia") {
        return relay::install(request);
    }
    if request.spec.has("via") {
        return relay::start(request);
    }
    let mut asked = TRANSPORTS.iter().filter(|(key, _)| request.spec.has(key));
    match (asked.next(), asked.next()) {
        (Some((_, start)), None) => start(request),
        (Some((first, _)), Some((second, _))) => Err(SpecError::Conflict(first, second).into()),
        (None, _) => Err(SpecError::NoTransport.into()),
    }
}
