//! Starting the process of a connection.

use std::io::{self, Write as _};

use crate::command::{self, Launch, ONE_LINER, SshHints};
use crate::options::GroupOptions;
use crate::process::{Process, Started};
use crate::python::STOCK_SERVER;
use crate::spec::{SpecError, XSpec};
use crate::start::start_first;
use crate::stderr::Stderr;

const ELSEWHERE: &str = "a server starts its workers itself";
const CLIENTS: &str = "the clients of the server choose it";
const CONNECTION: &str = "a server starts its workers itself, and does not connect to them";

/// The keys that have no effect on the workers of a server, with the reason.
const REFUSED: &[(&str, &str)] = &[
    ("socket", ELSEWHERE),
    ("tcp", ELSEWHERE),
    ("tls", ELSEWHERE),
    ("unix", ELSEWHERE),
    ("serial", ELSEWHERE),
    ("via", ELSEWHERE),
    ("installvia", ELSEWHERE),
    ("bootstrap", CLIENTS),
    ("execmodel", CLIENTS),
    ("id", CLIENTS),
    (
        "nice",
        "the clients of the server choose it; cmd=nice -n N sets the priority of all workers",
    ),
    ("pickle", CLIENTS),
    ("baud", CONNECTION),
    ("keepalive", CONNECTION),
    ("tls_ca", CONNECTION),
    ("tls_cert", CONNECTION),
    ("tls_key", CONNECTION),
    ("tls_name", CONNECTION),
    ("token_file", CONNECTION),
];

/// The launches of a server's spec.
pub(super) fn launches(spec: &XSpec) -> Result<Vec<Launch>, SpecError> {
    spec.check_utf8()?;
    if let Some(&(key, problem)) = REFUSED.iter().find(|(key, _)| spec.has(key)) {
        return Err(SpecError::value(key, problem));
    }
    spec.check_effect()?;
    if spec.runs_this_program() {
        let problem = "a server cannot be its own worker: name the program";
        return Err(SpecError::value("worker", problem));
    }
    // A server does not know the timeouts of its clients; most have the default.
    let hints = SshHints::within(GroupOptions::BOOTSTRAP_TIMEOUT);
    command::launches(spec, &hints)
}

/// Starts a worker with pipes, from the first launch whose program exists.
pub(super) fn start_piped(launches: &[Launch], name: &str, stock: bool) -> io::Result<Started> {
    let started = start_first(launches, |launch| {
        let launch = &for_client(launch, stock);
        let mut started = Process::start(name, launch, Stderr::Inherit.sink(name))?;
        // Does not block for long, whatever the length: the shell reads its commands at once.
        started
            .stdin
            .write_all(launch.input.without_password().as_bytes())?;
        Ok(started)
    });
    Ok(started?)
}

/// The launch for a client that may be stock: an interpreter then executes what that sends. Workers that are not in
/// Python handle stock clients themselves.
pub(super) fn for_client(launch: &Launch, stock: bool) -> Launch {
    let mut launch = launch.clone();
    let one_liners = launch.arguments.iter_mut();
    for argument in one_liners.filter(|argument| stock && *argument == ONE_LINER) {
        *argument = STOCK_SERVER.as_str().into();
    }
    launch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::keys;

    /// Priority and execution model of the spec had no effect, without an error.
    #[test]
    fn every_key_of_the_spec_has_an_effect_or_is_refused() {
        let launches = |spec: String| launches(&spec.parse().unwrap());
        for key in keys::all().filter(|key| !["popen", "ssh"].contains(key)) {
            let has_effect = |base: &str| {
                let with = launches(format!("{base}//{key}=1"));
                with != launches(base.to_owned())
            };
            assert!(has_effect("popen") || has_effect("ssh=host"), "{key}");
        }
    }

    #[test]
    fn a_spec_with_two_transports_is_refused() {
        assert_eq!(
            launches(&"popen//ssh=host".parse().unwrap()),
            Err(SpecError::Conflict("popen", "ssh"))
        );
    }

    #[test]
    fn ssh_of_a_server_has_the_time_that_a_gateway_has() {
        let launches = launches(&"ssh=host".parse().unwrap()).unwrap();
        let arguments = &launches[0].arguments;
        assert!(
            arguments.iter().any(|word| word == "ConnectTimeout=20"),
            "{arguments:?}"
        );
    }
}
