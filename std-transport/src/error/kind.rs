//! The kinds of failed starts, and the lines of ssh, of container clients and of `sudo` that show them.

use core::fmt;
use std::io;

use crate::bootstrap::HandshakeError;
use crate::command::{NO_DIRECTORY, NO_DIRECTORY_TEXT, NO_PROGRAM};
use crate::exit::Exit;
use crate::handshake::BadAnswer;
use BootstrapErrorKind as Kind;

/// Why there is no worker.
///
/// Over ssh it is read from what the client wrote on its standard error, in the words of OpenSSH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BootstrapErrorKind {
    /// The host has no address, nothing listens there, or it does not answer.
    HostUnreachable,
    /// The host does not accept this user; over TLS: it refuses our certificate. `sudo`, `su` or `doas` does not let this
    /// user become the other one, or has no password for it.
    AuthenticationRefused,
    /// The host's key is unknown or has changed; over TLS: its certificate is not trusted; with a token: the server
    /// cannot prove that it knows the token.
    HostKeyRefused,
    /// The interpreter or worker program does not exist; the text names those that were tried on this machine.
    NoInterpreter,
    /// There is no such container or pod.
    NoContainer,
    /// The container exists, but does not run.
    ContainerNotRunning,
    /// The directory of `chdir=` cannot be made or entered.
    NoDirectory,
    /// The process cannot be started: see [`io_error`](super::BootstrapError::io_error).
    NotStarted,
    /// This program cannot be copied to the host, for `worker=self`.
    NotUploaded,
    /// A pipe or socket failed, or a connection for another reason than those above: see
    /// [`io_error`](super::BootstrapError::io_error).
    ConnectionFailed,
    /// The output is not the answer of a worker: see [`output`](super::BootstrapError::output).
    UnexpectedOutput,
    /// There was no answer in time.
    TimedOut,
    /// The worker answered that it cannot do what the spec requests.
    SettingsRefused,
    /// The process ended, or the connection was lost, before an answer or other output.
    Ended,
}

/// ssh ends with this status when it fails itself.
const SSH_FAILED: i32 = 255;

/// Lines of ssh and the failures that they show. The first that occurs counts: later ones also follow other failures.
const SSH_SAYS: &[(&str, Kind)] = &[
    ("Host key verification failed", Kind::HostKeyRefused),
    ("host key is known for", Kind::HostKeyRefused),
    ("IDENTIFICATION HAS CHANGED", Kind::HostKeyRefused),
    ("no matching host key type", Kind::HostKeyRefused),
    ("Could not resolve hostname", Kind::HostUnreachable),
    ("Permission denied", Kind::AuthenticationRefused),
    (
        "Too many authentication failures",
        Kind::AuthenticationRefused,
    ),
    (
        "No more authentication methods",
        Kind::AuthenticationRefused,
    ),
    ("ssh: connect to ", Kind::HostUnreachable),
    ("Connection timed out", Kind::HostUnreachable),
    ("Connection refused", Kind::HostUnreachable),
    ("Connection closed by", Kind::HostUnreachable),
    ("Connection reset by", Kind::HostUnreachable),
    ("kex_exchange_identification", Kind::HostUnreachable),
    // The host does not answer, neither what ssh sent nor its keepalive messages.
    ("not responding", Kind::HostUnreachable),
    (" timed out", Kind::HostUnreachable),
];

/// Lines of docker, podman and kubectl, and of sudo, su and doas. The first that occurs counts.
const WRAPPERS_SAY: &[(&str, Kind)] = &[
    // Of an option such as podman's `--workdir`.
    ("crun: chdir `", Kind::NoDirectory),
    (
        "OCI runtime exec failed: exec failed: unable to start container process: chdir",
        Kind::NoDirectory,
    ),
    ("executable file not found", Kind::NoInterpreter),
    ("executable file `", Kind::NoInterpreter),
    ("no such container", Kind::NoContainer),
    ("No such container", Kind::NoContainer),
    ("no container with name or ID", Kind::NoContainer),
    ("Error from server (NotFound)", Kind::NoContainer),
    ("is not running", Kind::ContainerNotRunning),
    ("container state improper", Kind::ContainerNotRunning),
    ("sudo: a password is required", Kind::AuthenticationRefused),
    ("incorrect password attempt", Kind::AuthenticationRefused),
    ("not in the sudoers file", Kind::AuthenticationRefused),
    ("is not allowed to ", Kind::AuthenticationRefused),
    ("su: Authentication failure", Kind::AuthenticationRefused),
    ("doas is not enabled", Kind::AuthenticationRefused),
    ("doas: Authorization required", Kind::AuthenticationRefused),
    ("doas: Operation not permitted", Kind::AuthenticationRefused),
];

impl BootstrapErrorKind {
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
            HandshakeError::Password(_) => Self::AuthenticationRefused,
            HandshakeError::Answer(BadAnswer::Refused(_)) => Self::SettingsRefused,
            HandshakeError::Answer(_) => Self::UnexpectedOutput,
            HandshakeError::End => Self::of_end(exit, output, stderr),
        }
    }

    /// The kind of a failed connection.
    pub(super) fn of_connect(error: &io::Error) -> Self {
        if is_unreachable(error.kind()) {
            Self::HostUnreachable
        } else {
            Self::ConnectionFailed
        }
    }

    /// This kind, unless the error itself shows another one.
    pub(super) fn unless_shown_by(self, error: &io::Error) -> Self {
        match (self, error.kind()) {
            (Self::HostUnreachable, _) => self,
            (_, io::ErrorKind::TimedOut) => Self::TimedOut,
            // The proxy gateway was lost.
            (_, io::ErrorKind::ConnectionAborted) => Self::Ended,
            _ => self,
        }
    }

    #[cfg(feature = "tls")]
    fn of_link(error: &io::Error) -> Self {
        super::link::LinkFailure::kind_of(error).unwrap_or(Self::ConnectionFailed)
    }

    #[cfg(not(feature = "tls"))]
    fn of_link(_error: &io::Error) -> Self {
        Self::ConnectionFailed
    }

    fn of_end(exit: Option<Exit>, output: &[u8], stderr: &str) -> Self {
        let remote = exit.is_some_and(Exit::is_remote);
        let silent = if output.is_empty() {
            Self::Ended
        } else {
            Self::UnexpectedOutput
        };
        match exit.and_then(Exit::code) {
            Some(NO_PROGRAM) => Self::of_remote(NO_PROGRAM, stderr).unwrap_or(Self::NoInterpreter),
            // Without any text too: on a busy machine podman loses what a program prints just before it ends. Other
            // programs that use this status say why.
            Some(NO_DIRECTORY) if stderr.is_empty() || stderr.contains(NO_DIRECTORY_TEXT) => {
                Self::NoDirectory
            }
            Some(code) if remote => Self::of_remote(code, stderr).unwrap_or(silent),
            _ => silent,
        }
    }

    /// Read from what the program here that leads to the other side has printed.
    fn of_remote(code: i32, stderr: &str) -> Option<Self> {
        let ssh = if code == SSH_FAILED { SSH_SAYS } else { &[] };
        let mut known = ssh.iter().chain(WRAPPERS_SAY);
        let found = known.find(|(text, _)| stderr.contains(text));
        found.map(|(_, kind)| *kind)
    }
}

impl fmt::Display for BootstrapErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostUnreachable => "the host cannot be reached",
            Self::AuthenticationRefused => "authentication was refused",
            Self::HostKeyRefused => "the host's key was refused",
            Self::NoInterpreter => "no interpreter found",
            Self::NoContainer => "there is no such container",
            Self::ContainerNotRunning => "the container is not running",
            Self::NoDirectory => "the directory cannot be made or entered",
            Self::NotStarted => "the process cannot be started",
            Self::NotUploaded => "the program cannot be copied to the host",
            Self::ConnectionFailed => "the connection failed",
            Self::UnexpectedOutput | Self::TimedOut | Self::Ended => "the handshake failed",
            Self::SettingsRefused => "the worker refused its settings",
        })
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
    use super::*;

    fn kind(code: i64, output: &str, stderr: &str) -> Kind {
        let exit = Exit::told_by_client(code);
        Kind::find(&HandshakeError::End, Some(exit), output.as_bytes(), stderr)
    }

    #[test]
    fn output_of_ssh_shows_the_kind_of_failure() {
        let said = |stderr| kind(255, "", stderr);
        assert_eq!(
            said("ssh: Could not resolve hostname x: Name or service not known"),
            Kind::HostUnreachable
        );
        assert_eq!(
            said("ssh: connect to host x port 22: Connection refused"),
            Kind::HostUnreachable
        );
        assert_eq!(
            said("me@x: Permission denied (publickey)."),
            Kind::AuthenticationRefused
        );
        assert_eq!(
            said(
                "No ED25519 host key is known for x and you have requested strict checking.\n\
                  Host key verification failed."
            ),
            Kind::HostKeyRefused
        );
        assert_eq!(said("something new"), Kind::Ended);
    }

    #[test]
    fn a_status_of_the_far_side_is_not_ssh_failing() {
        assert_eq!(kind(127, "", "sh: py: not found"), Kind::NoInterpreter);
        let refused = "mkdir: cannot create\nexecnet: cannot enter the working directory\n";
        assert_eq!(kind(125, "", refused), Kind::NoDirectory);
        assert_eq!(kind(1, "", "Permission denied"), Kind::Ended);
        assert_eq!(kind(1, "no account", ""), Kind::UnexpectedOutput);
    }

    /// Status 125 is podman's own too; 255 is that of ssh, and podman's for a container that is stopped.
    #[test]
    fn failures_of_containers_are_distinguished() {
        for (code, said, expected) in [
            (
                125,
                "Error: no container with name or ID \"box\" found: no such container",
                Kind::NoContainer,
            ),
            (
                1,
                "Error response from daemon: No such container: box",
                Kind::NoContainer,
            ),
            (
                1,
                "Error from server (NotFound): pods \"box\" not found",
                Kind::NoContainer,
            ),
            (
                255,
                "Error: can only create exec sessions on running containers: container state improper",
                Kind::ContainerNotRunning,
            ),
            (
                1,
                "Error response from daemon: container 12ab is not running",
                Kind::ContainerNotRunning,
            ),
            (
                126,
                "OCI runtime exec failed: exec: \"python\": executable file not found in $PATH",
                Kind::NoInterpreter,
            ),
            (
                127,
                "Error: crun: executable file `python` not found",
                Kind::NoInterpreter,
            ),
            (
                127,
                "Error: crun: chdir `/no`: No such file or directory: OCI runtime attempted to invoke",
                Kind::NoDirectory,
            ),
            (125, "Error: something else", Kind::Ended),
            (125, "", Kind::NoDirectory),
        ] {
            assert_eq!(kind(code, "", said), expected, "{said}");
        }
    }
}
