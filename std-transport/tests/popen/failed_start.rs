//! Starts that fail, and their errors.

use core::time::Duration;
use std::fs;

use execnet::{BootstrapErrorKind, Exit, Group, MakeGatewayError, SpecError};
use execnet_test_support::{
    LONG, bootstrap_error, each_python, eventually, group, is_running, quiet, signal, within,
};

use crate::{SECOND, Scratch};

#[test]
fn a_directory_that_cannot_be_made_is_an_error_of_its_own_kind() {
    let error = bootstrap_error(&group(), "popen//chdir=/nonexistent/far/below");
    assert_eq!(error.kind(), BootstrapErrorKind::NoDirectory);
    assert!(error.io_error().is_some(), "{error}");
}

#[test]
fn unusable_specs_start_nothing() {
    let group = group();
    let refused = |spec: &str| match group.make_gateway(spec) {
        Err(MakeGatewayError::Spec(error)) => error,
        other => panic!("{spec}: {other:?}"),
    };
    assert_eq!(refused("hello"), SpecError::NoTransport);
    assert_eq!(
        refused("popen//popen"),
        SpecError::Duplicate("popen".into())
    );
    assert!(matches!(
        refused("popen//nice=much"),
        SpecError::Value { key: "nice", .. }
    ));
    assert!(matches!(
        refused("popen//python='"),
        SpecError::Value { key: "python", .. }
    ));
    assert!(group.is_empty());
}

#[test]
fn a_missing_interpreter_is_named() {
    let error = bootstrap_error(&group(), "popen//python=/nonexistent/python -O");
    assert_eq!(error.kind(), BootstrapErrorKind::NoInterpreter);
    let expected =
        "no interpreter found; tried /nonexistent/python\n  command: /nonexistent/python -O ";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn a_program_that_may_not_be_run_fails_at_its_start() {
    let error = bootstrap_error(&group(), "popen//python=/dev/null");
    assert_eq!(error.kind(), BootstrapErrorKind::NotStarted);
    assert!(error.to_string().contains("/dev/null -u -c"), "{error}");
}

#[test]
fn a_program_that_ends_is_reported_with_status_output_and_stderr() {
    within("dies", LONG, || {
        let scratch = Scratch::new("dies");
        let error = bootstrap_error(
            &group(),
            &scratch.script("echo hello; echo sorry >&2; exit 3"),
        );
        assert_eq!(error.kind(), BootstrapErrorKind::UnexpectedOutput);
        assert_eq!(error.exit().unwrap().code(), Some(3));
        assert_eq!((error.output(), error.stderr()), ("hello\n", "sorry\n"));
        let text = error.to_string();
        for part in [
            "handshake",
            "script",
            "exited with status 3",
            "hello",
            "sorry",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    });
}

#[test]
fn a_program_that_is_killed_is_reported_with_the_signal() {
    within("killed", LONG, || {
        let scratch = Scratch::new("killed");
        let error = bootstrap_error(&group(), &scratch.script("read line; kill -9 $$"));
        assert!(
            error.to_string().contains("was killed by SIGKILL"),
            "{error}"
        );
    });
}

#[test]
fn a_program_that_never_answers_is_killed_at_the_deadline() {
    within("silent", LONG, || {
        let scratch = Scratch::new("silent");
        let options = quiet().with_bootstrap_timeout(Duration::from_secs(2));
        let pids = scratch.0.join("pids");
        let script = scratch.script(&format!(
            "sleep 1000 & echo $! $$ >{}; echo waiting; wait",
            pids.display()
        ));
        let error = bootstrap_error(&Group::with_options(options), &script);
        assert!(error.is_timeout(), "{error}");
        assert_eq!(error.output(), "waiting\n");
        let pids = fs::read_to_string(pids).unwrap();
        for pid in pids.split_whitespace() {
            let pid = pid.parse().unwrap();
            eventually("the process and its child are gone", SECOND, || {
                !is_running(pid)
            });
        }
    });
}

/// The other process is in another session, so that a kill of the process group does not close the output.
#[test]
fn a_program_that_ends_is_reported_though_another_holds_its_output() {
    within("left behind", LONG, || {
        let scratch = Scratch::new("left-behind");
        let note = scratch.0.join("pid");
        let script = format!(
            "echo hello; setsid sh -c 'echo $$ >{}; exec sleep 1000' & exit 3",
            note.display()
        );
        let error = bootstrap_error(&group(), &scratch.script(&script));
        assert_eq!(error.exit().unwrap().code(), Some(3), "{error}");
        assert_eq!(error.output(), "hello\n");
        let pid = || fs::read_to_string(&note).ok()?.trim().parse().ok();
        eventually("the other process runs", LONG, || pid().is_some());
        signal("KILL", pid().unwrap());
    });
}

#[test]
fn endless_output_ends_the_start() {
    within("babble", LONG, || {
        let scratch = Scratch::new("babble");
        let error = bootstrap_error(&group(), &scratch.script("exec yes"));
        assert!(!error.is_timeout());
        assert!(
            error.to_string().contains("much output but no answer"),
            "{error}"
        );
    });
}

#[test]
fn an_interpreter_that_echoes_its_input_does_not_answer() {
    within("echo", LONG, || {
        let scratch = Scratch::new("echo");
        let error = bootstrap_error(&group(), &scratch.script("head -c 5000"));
        assert_eq!(error.kind(), BootstrapErrorKind::UnexpectedOutput);
        assert!(
            error.output().contains("globals().update(vars(builtins))"),
            "{error}"
        );
    });
}

#[test]
fn an_unknown_execmodel_is_refused_by_the_worker() {
    each_python(|python, _| {
        let error = bootstrap_error(&group(), &(python.spec() + "//execmodel=what"));
        assert_eq!(error.kind(), BootstrapErrorKind::SettingsRefused);
        assert!(
            error.to_string().contains("unknown execmodel 'what'"),
            "{error}"
        );
        // None if it takes longer to exit than a failed start waits.
        let failed = |exit: Exit| exit.code() == Some(1);
        assert!(error.exit().is_none_or(failed), "{error:?}");
    });
}
