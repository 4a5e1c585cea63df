use std::io;

use crate::bootstrap::HandshakeError;
use crate::command::{NO_DIRECTORY, NO_DIRECTORY_TEXT, NO_PROGRAM};
use crate::error::Stage;
use crate::exit::Exit;
use crate::handshake::BadAnswer;

/// What is at fault when a process did not become a worker.
///
/// Over ssh this is read off what the client wrote on its standard error, in the words of OpenSSH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The host has no address, nobody listens there, or it does not answer.
    HostUnreachable,
    /// The host does not let us in; over TLS: it refuses our certificate.
    AuthenticationRefused,
    /// The host's key is unknown, or not the one that is known; over TLS: its certificate is not to be trusted; with a
    /// token: the server cannot prove that it knows it.
    HostKeyRefused,
    /// There is no such interpreter or worker program on the other side, or none at all.
    NoInterpreter,
    /// There is no such container or pod.
    NoContainer,
    /// The container is there, and does not run.
    ContainerNotRunning,
    /// The directory that `chdir=` names cannot be made or entered on the other side.
    NoDirectory,
    /// Something else than a worker spoke, and ended: [`output`](super::BootstrapError::output) has what it said.
    Noise,
    /// There was no answer in time.
    TimedOut,
    /// The worker answered that it cannot do what the spec asks.
    Refused,
    /// The process ended without a word.
    Died,
    /// The operating system refused something: see [`io_error`](super::BootstrapError::io_error).
    System,
}

/// ssh ends with this status when it fails itself.
const SSH_FAILED: i32 = 255;

/// What ssh says, and what that means. The first that occurs counts: the later ones also follow from others.
const SSH_SAYS: &[(&str, Cause)] = &[
    ("Host key verification failed", Cause::HostKeyRefused),
    ("host key is known for", Cause::HostKeyRefused),
    ("IDENTIFICATION HAS CHANGED", Cause::HostKeyRefused),
    ("no matching host key type", Cause::HostKeyRefused),
    ("Could not resolve hostname", Cause::HostUnreachable),
    ("Permission denied", Cause::AuthenticationRefused),
    (
        "Too many authentication failures",
        Cause::AuthenticationRefused,
    ),
    (
        "No more authentication methods",
        Cause::AuthenticationRefused,
    ),
    ("ssh: connect to ", Cause::HostUnreachable),
    ("Connection timed out", Cause::HostUnreachable),
    ("Connection refused", Cause::HostUnreachable),
    ("Connection closed by", Cause::HostUnreachable),
    ("Connection reset by", Cause::HostUnreachable),
    ("kex_exchange_identification", Cause::HostUnreachable),
    // What it sent, or its own question whether the host is there, got no answer.
    ("not responding", Cause::HostUnreachable),
    (" timed out", Cause::HostUnreachable),
];

/// What docker, podman and kubectl say themselves. The first that occurs counts.
const CONTAINERS_SAY: &[(&str, Cause)] = &[
    ("executable file not found", Cause::NoInterpreter),
    ("executable file `", Cause::NoInterpreter),
    ("no such container", Cause::NoContainer),
    ("No such container", Cause::NoContainer),
    ("no container with name or ID", Cause::NoContainer),
    ("Error from server (NotFound)", Cause::NoContainer),
    ("is not running", Cause::ContainerNotRunning),
    ("container state improper", Cause::ContainerNotRunning),
];

impl Cause {
    pub(super) fn find(
        failure: &HandshakeError,
        exit: Option<Exit>,
        output: &[u8],
        stderr: &str,
    ) -> Self {
        match failure {
            HandshakeError::Deadline(_) => Self::TimedOut,
            HandshakeError::Io(error) => Self::of_link(error),
            HandshakeError::Impostor => Self::HostKeyRefused,
            HandshakeError::Answer(BadAnswer::Refused(_)) => Self::Refused,
            HandshakeError::Answer(_) => Self::Noise,
            HandshakeError::End => Self::of_end(exit, output, stderr),
        }
    }

    /// Of what the system says while a process is reached or started.
    pub(super) fn of_io(stage: Stage, error: &io::Error) -> Self {
        match (stage, error.kind()) {
            (Stage::Resolve, _) => Self::HostUnreachable,
            (Stage::Connect, kind) if is_unreachable(kind) => Self::HostUnreachable,
            (_, io::ErrorKind::TimedOut) => Self::TimedOut,
            // The gateway in the middle was lost.
            (_, io::ErrorKind::ConnectionAborted) => Self::Died,
            _ => Self::System,
        }
    }

    #[cfg(feature = "tls")]
    fn of_link(error: &io::Error) -> Self {
        super::tls::cause(error).unwrap_or(Self::System)
    }

    #[cfg(not(feature = "tls"))]
    fn of_link(_error: &io::Error) -> Self {
        Self::System
    }

    fn of_end(exit: Option<Exit>, output: &[u8], stderr: &str) -> Self {
        let remote = exit.is_some_and(Exit::is_remote);
        let silent = if output.is_empty() {
            Self::Died
        } else {
            Self::Noise
        };
        match exit.and_then(Exit::code) {
            Some(NO_PROGRAM) => Self::NoInterpreter,
            Some(NO_DIRECTORY) if stderr.contains(NO_DIRECTORY_TEXT) => Self::NoDirectory,
            Some(code) if remote => Self::of_remote(code, stderr).unwrap_or(silent),
            _ => silent,
        }
    }

    /// Read off what the program here that leads to the other side says.
    fn of_remote(code: i32, stderr: &str) -> Option<Self> {
        let ssh = if code == SSH_FAILED { SSH_SAYS } else { &[] };
        let mut known = ssh.iter().chain(CONTAINERS_SAY);
        let found = known.find(|(text, _)| stderr.contains(text));
        found.map(|(_, cause)| *cause)
    }

    pub(super) fn stage(self) -> Stage {
        match self {
            Self::HostUnreachable | Self::AuthenticationRefused | Self::HostKeyRefused => {
                Stage::Connect
            }
            Self::NoInterpreter | Self::NoContainer | Self::ContainerNotRunning => Stage::Start,
            Self::NoDirectory => Stage::Directory,
            Self::Refused => Stage::SetUp,
            Self::Noise | Self::TimedOut | Self::Died | Self::System => Stage::Handshake,
        }
    }

    /// For errors, where it says more than the failure that it was found from.
    pub(super) fn text(self) -> Option<&'static str> {
        match self {
            Self::HostUnreachable => Some("the host cannot be reached"),
            Self::AuthenticationRefused => Some("authentication was refused"),
            Self::HostKeyRefused => Some("the host's key was refused"),
            Self::NoInterpreter => Some("no interpreter found"),
            Self::NoContainer => Some("there is no such container"),
            Self::ContainerNotRunning => Some("the container is not running"),
            Self::NoDirectory => Some("the directory cannot be made or entered"),
            Self::Noise | Self::TimedOut | Self::Refused | Self::Died | Self::System => None,
        }
    }
}

/// Whether a connection fails in this way when nobody is there to take it; a Unix socket that is not there counts.
fn is_unreachable(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable, NotFound,
        TimedOut,
    };
    matches!(
        kind,
        AddrNotAvailable
            | ConnectionRefused
            | HostUnreachable
            | NetworkUnreachable
            | NotFound
            | TimedOut
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    fn cause(code: i32, output: &str, stderr: &str) -> Cause {
        let exit = Exit::remote(ExitStatus::from_raw(code << 8));
        Cause::find(&HandshakeError::End, Some(exit), output.as_bytes(), stderr)
    }

    #[test]
    fn what_ssh_says_is_understood() {
        let said = |stderr| cause(255, "", stderr);
        assert_eq!(
            said("ssh: Could not resolve hostname x: Name or service not known"),
            Cause::HostUnreachable
        );
        assert_eq!(
            said("ssh: connect to host x port 22: Connection refused"),
            Cause::HostUnreachable
        );
        assert_eq!(
            said("me@x: Permission denied (publickey)."),
            Cause::AuthenticationRefused
        );
        assert_eq!(
            said(
                "No ED25519 host key is known for x and you have requested strict checking.\n\
                  Host key verification failed."
            ),
            Cause::HostKeyRefused
        );
        assert_eq!(said("something new"), Cause::Died);
    }

    #[test]
    fn a_status_of_the_far_side_is_not_ssh_failing() {
        assert_eq!(cause(127, "", "sh: py: not found"), Cause::NoInterpreter);
        let refused = "mkdir: cannot create\nexecnet: cannot enter the working directory\n";
        assert_eq!(cause(125, "", refused), Cause::NoDirectory);
        assert_eq!(cause(1, "", "Permission denied"), Cause::Died);
        assert_eq!(cause(1, "no account", ""), Cause::Noise);
    }

    /// Status 125 is podman's own too; 255 is that of ssh, and podman's for a container that is stopped.
    #[test]
    fn what_is_wrong_with_a_container_is_told_apart() {
        for (code, said, expected) in [
            (
                125,
                "Error: no container with name or ID \"box\" found: no such container",
                Cause::NoContainer,
            ),
            (
                1,
                "Error response from daemon: No such container: box",
                Cause::NoContainer,
            ),
            (
                1,
                "Error from server (NotFound): pods \"box\" not found",
                Cause::NoContainer,
            ),
            (
                255,
                "Error: can only create exec sessions on running containers: container state improper",
                Cause::ContainerNotRunning,
            ),
            (
                1,
                "Error response from daemon: container 12ab is not running",
                Cause::ContainerNotRunning,
            ),
            (
                126,
                "OCI runtime exec failed: exec: \"python\": executable file not found in $PATH",
                Cause::NoInterpreter,
            ),
            (
                127,
                "Error: crun: executable file `python` not found",
                Cause::NoInterpreter,
            ),
            (125, "Error: something else", Cause::Died),
        ] {
            assert_eq!(cause(code, "", said), expected, "{said}");
        }
    }
}
