//! Every error has a text, does not repeat its source's, and has the right source.

use core::error::Error;
use core::time::Duration;
use std::io;

use crate::bootstrap::HandshakeError;
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::handshake::BadAnswer;
use crate::peer::{ExitInfo, WorkerHandle};
use crate::rsync::RSyncError;
use crate::{
    BootstrapError, BootstrapErrorKind, GroupNotEmpty, MakeGatewayError, ServerBindError,
    ServerReloadError, SpecError, WorkerExit,
};

#[derive(Debug)]
struct Python;

impl WorkerHandle for Python {
    fn name(&self) -> &'static str {
        "python -c ..."
    }

    fn wait(&self, _: Deadline) -> Option<ExitInfo> {
        None
    }

    fn signal_kill(&self) {}

    fn stderr(&self) -> String {
        "bash: no\n".to_owned()
    }
}

#[track_caller]
fn check(error: impl Error + 'static, text: &str) {
    assert_eq!(error.to_string(), text);
    let source = error.source().map(ToString::to_string);
    assert!(
        source.as_ref().is_none_or(|source| !text.contains(source)),
        "'{text}' repeats '{source:?}'"
    );
}

/// The same, for an error that `main` may return: its `Debug` is for people to read.
#[track_caller]
fn check_top(error: impl Error + 'static, text: &str) {
    let shown = format!("{error:?}");
    assert!(shown.starts_with(text), "{shown}");
    check(error, text);
}

fn io_error() -> io::Error {
    io::Error::other("the wire broke")
}

fn exited(status: i64) -> ExitInfo {
    ExitInfo::Process(Exit::told(status))
}

#[test]
fn of_starting_a_worker() {
    let error = || BootstrapError::connect("host:1".into(), io_error());
    let text = "the connection failed: the wire broke\n  command: host:1";
    assert_eq!(
        error().io_error().map(ToString::to_string),
        Some("the wire broke".into())
    );
    check_top(error(), text);
    check_top(MakeGatewayError::from(error()), text);
    check_top(
        BootstrapError::no_interpreter("py3 -u".into(), &["py3".into(), "py".into()]),
        "no interpreter found; tried py3, py\n  command: py3 -u",
    );
    for (failure, text) in [
        (HandshakeError::End, "the handshake failed: no answer"),
        (
            HandshakeError::Password("the password is wrong".to_owned()),
            "authentication was refused: the password is wrong",
        ),
        (
            HandshakeError::Deadline(Duration::from_secs(2)),
            "the handshake failed: no answer within 2s",
        ),
        (
            HandshakeError::Io(io_error()),
            "the connection failed: the wire broke",
        ),
        (
            HandshakeError::Answer(BadAnswer::TooMuchOutput),
            "the handshake failed: much output but no answer",
        ),
        (
            HandshakeError::Answer(BadAnswer::Malformed(None)),
            "the handshake failed: the answer is malformed",
        ),
        (
            HandshakeError::Answer(BadAnswer::Malformed(execnet_serializer::loads(b"").err())),
            "the handshake failed: the answer is malformed: ",
        ),
        (
            HandshakeError::Answer(BadAnswer::Refused("no such model".into())),
            "the worker refused its settings: no such model",
        ),
    ] {
        let error = BootstrapError::handshake(&Python, Some(exited(1)), failure, b"");
        let found = error.to_string();
        assert!(found.starts_with(text), "{found}");
        let rest = "\n  command: python -c ...\n  the process exited with status 1\n  its standard error:\n    bash: no";
        assert!(found.ends_with(rest), "{found}");
        check_top(error, &found);
    }
}

#[test]
fn an_error_of_the_system_shows_the_kind() {
    let system = |kind: io::ErrorKind| io::Error::new(kind, "it said so");
    let name = || "host:1".to_owned();
    for (error, kind, text) in [
        (
            BootstrapError::connect(name(), system(io::ErrorKind::ConnectionRefused)),
            BootstrapErrorKind::HostUnreachable,
            "the host cannot be reached: it said so",
        ),
        (
            BootstrapError::connect(name(), system(io::ErrorKind::PermissionDenied)),
            BootstrapErrorKind::ConnectionFailed,
            "the connection failed: it said so",
        ),
        (
            BootstrapError::start(name(), system(io::ErrorKind::PermissionDenied)),
            BootstrapErrorKind::NotStarted,
            "the process cannot be started: it said so",
        ),
        // The text says which step took too long, the kind that one did.
        (
            BootstrapError::start(name(), system(io::ErrorKind::TimedOut)),
            BootstrapErrorKind::TimedOut,
            "the process cannot be started: it said so",
        ),
        (
            BootstrapError::start(name(), system(io::ErrorKind::ConnectionAborted)),
            BootstrapErrorKind::Ended,
            "the process cannot be started: it said so",
        ),
    ] {
        assert_eq!(error.kind(), kind);
        assert_eq!(error.to_string(), format!("{text}\n  command: host:1"));
        let wider = MakeGatewayError::from(error);
        assert_eq!(wider.is_timeout(), kind == BootstrapErrorKind::TimedOut);
        assert_eq!(wider.as_bootstrap().map(BootstrapError::kind), Some(kind));
        assert!(!wider.is_terminated() && MakeGatewayError::Terminated.is_terminated());
    }
}

#[test]
fn of_the_end_of_a_worker() {
    for (end, text) in [
        (Some(exited(7)), "the worker exited with status 7"),
        (Some(ExitInfo::Link), "the worker's link is closed"),
        (None, "the worker closed its link, and runs on"),
    ] {
        let text = format!("{text}\n  command: python -c ...\n  its standard error:\n    bash: no");
        check(WorkerExit::new(&Python, end), &text);
    }
}

const NO_TRANSPORT: &str = "the spec names no transport; expected one of popen, ssh, vagrant_ssh, \
    docker, podman, kubectl, slurm, cmd, socket, tcp, tls, unix, serial";

#[test]
fn of_specs_and_groups() {
    check(SpecError::NoTransport, NO_TRANSPORT);
    check_top(MakeGatewayError::Spec(SpecError::NoTransport), NO_TRANSPORT);
    check_top(
        MakeGatewayError::DuplicateId("a".into()),
        r#"the group has a gateway "a" already"#,
    );
    let (key, feature) = ("tls=", "tls");
    check(
        SpecError::NeedsFeature { key, feature },
        "tls= needs the feature `tls` of the crate execnet, which is not compiled into this program",
    );
    check(GroupNotEmpty, "the group has gateways already");
}

#[cfg(feature = "slurm")]
#[test]
fn of_slurm() {
    use crate::SlurmError;

    for (error, text) in [
        (
            SlurmError::NoAllocation,
            "this program runs in no allocation of Slurm: SLURM_JOB_ID is not set",
        ),
        (
            SlurmError::InsideStep("1".into()),
            "this program is Slurm's step 1 itself: start it without srun, from sbatch or salloc",
        ),
        (
            SlurmError::Missing("SLURM_X"),
            "Slurm's allocation is not described: SLURM_X is not set",
        ),
        (
            SlurmError::Unreadable {
                name: "SLURM_X",
                value: "?".into(),
            },
            r#"Slurm's allocation cannot be read: SLURM_X is "?""#,
        ),
        (
            SlurmError::Mismatch {
                nodes: 2,
                counts: 1,
            },
            "Slurm's allocation has 2 nodes, but counts of tasks for 1",
        ),
    ] {
        check(error.clone(), text);
        check_top(MakeGatewayError::Slurm(error), text);
    }
}

#[test]
fn of_servers_and_syncs() {
    check_top(
        ServerBindError::Io(io_error()),
        "cannot listen: the wire broke",
    );
    check_top(
        ServerBindError::Worker(SpecError::NoTransport),
        &format!("the spec of the workers cannot be used: {NO_TRANSPORT}"),
    );
    let tls = "TLS cannot be set up: the wire broke";
    check_top(ServerBindError::Tls(Box::new(io_error())), tls);
    check_top(ServerReloadError::Tls(Box::new(io_error())), tls);
    check_top(
        ServerReloadError::OtherKind,
        "the server listens in another way",
    );
    check_top(
        ServerBindError::InUse("/s".into()),
        "a server listens at /s already",
    );
    check_top(RSyncError::NoTargets, "no targets are left to sync to");
    let (path, error) = ("/x".into(), io_error());
    check_top(
        RSyncError::Source { path, error },
        "cannot open \"/x\" to sync from: the wire broke",
    );
}
