//! Processes of workers: how they start, how they end, and what is said when they do not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};

use execnet::{
    BootstrapErrorKind, Channel, Exit, Grace, Group, GroupOptions, MakeGatewayError, Outcome,
    ReceiveError, SpecError, Value, WorkerExit,
};
use execnet_test_support::{
    LONG, Python, bootstrap_error, each_python, each_python_with, eventually, group, is_running,
    niceness, pythons, quiet, receive, within,
};

const SECOND: Duration = Duration::from_secs(1);

/// A spec for one of the interpreters here, for what does not depend on which.
fn popen() -> String {
    pythons().last().unwrap().spec()
}

fn pid(channel: &Channel) -> i64 {
    receive(channel).as_i64().unwrap()
}

fn quick(interrupt: u64, leave: u64) -> GroupOptions {
    let mut options = quiet();
    options.grace = Grace::default()
        .with_interrupt(Duration::from_millis(interrupt))
        .with_leave(Duration::from_millis(leave));
    options
}

/// With these a worker that uses its grace is killed by the group, which shows in its report.
fn patient() -> GroupOptions {
    quick(1_000_000_000, 1_000_000_000)
}

/// A directory that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("execnet-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn script(&self, text: &str) -> String {
        let path = self.0.join("script");
        fs::write(&path, format!("{text}\n")).unwrap();
        // Not run as a program: a process that another test starts meanwhile may have it open for writing still.
        format!("popen//python=sh '{}'", path.display())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

// -- starting

#[test]
fn the_default_interpreter_comes_from_the_path() {
    within("popen", LONG, || {
        let group = group();
        let gateway = group.make_gateway("popen").unwrap();
        assert_eq!(gateway.id(), "gw0");
        let channel = gateway.remote_exec("channel.send(6 * 7)").unwrap();
        assert_eq!(receive(&channel), Value::from(42));
    });
}

#[test]
fn ids_are_counted_and_unique() {
    within("ids", LONG, || {
        let group = group();
        let id = |spec: String| group.make_gateway(spec).unwrap().id().to_owned();
        assert_eq!(id(popen()), "gw0");
        assert_eq!(id(popen() + "//id=gw1"), "gw1");
        assert_eq!(id(popen() + "//id='\"\\"), "'\"\\");
        assert_eq!(id(popen()), "gw2");
        let taken = group.make_gateway(popen() + "//id=gw1");
        assert!(matches!(taken, Err(MakeGatewayError::DuplicateId(id)) if id == "gw1"));
        assert_eq!(group.get("gw1").unwrap().id(), "gw1");
        assert_eq!(group.len(), 4);
        group.terminate_timeout(SECOND);
        assert!(group.is_empty());
        assert_eq!(id(popen() + "//id=gw1"), "gw1");
    });
}

#[test]
fn durations_that_the_clock_cannot_hold_are_waits_without_end() {
    within("no overflow", LONG, || {
        let mut options = quiet();
        options.bootstrap_timeout = Duration::MAX;
        let group = Group::with_options(options);
        let middle = group.make_gateway(popen()).unwrap();
        let far = format!("{}//via={}", popen(), middle.id());
        let gateway = group.make_gateway(far).unwrap();
        let channel = gateway.remote_exec("channel.send(1)").unwrap();
        assert_eq!(receive(&channel), Value::from(1));
        let reports = group.terminate_timeout(Duration::MAX);
        assert_eq!(reports.len(), 2);
        assert!(gateway.join_timeout(Duration::MAX));
    });
}

#[test]
fn directory_environment_priority_and_bytecode_are_as_the_spec_says() {
    each_python(|python, _| {
        let scratch = Scratch::new(&format!("chdir-{}", python.version));
        let directory = scratch.0.join("new");
        let group = group();
        let keys = format!(
            "//chdir={}//env:NAME123=a=b//env:PYTHONWARNINGS=error//nice=3//dont_write_bytecode",
            directory.display()
        );
        let gateway = group.make_gateway(python.spec() + &keys).unwrap();
        let source = "import os, sys; channel.send([os.getcwd(), os.environ['NAME123'], \
                      sys.warnoptions, os.nice(0), sys.dont_write_bytecode])";
        let channel = gateway.remote_exec(source).unwrap();
        let expected = [
            fs::canonicalize(&directory)
                .unwrap()
                .to_str()
                .unwrap()
                .into(),
            "a=b".into(),
            Value::List(vec!["error".into()]),
            niceness(3).into(),
            true.into(),
        ];
        assert_eq!(receive(&channel), Value::List(expected.to_vec()));
    });
}

/// As where a library in C has opened it.
#[cfg(target_os = "linux")]
#[test]
fn descriptors_of_the_program_are_not_the_workers() {
    use rustix::io::{FdFlags, fcntl_setfd};
    each_python(|python, _| {
        let scratch = Scratch::new(&format!("inherited-{}", python.version));
        let path = scratch.0.join("secret");
        let file = fs::File::create(&path).unwrap();
        fcntl_setfd(&file, FdFlags::empty()).unwrap();
        let group = group();
        let gateway = group.make_gateway(python.spec()).unwrap();
        let source = "
            import os
            found = []
            for name in os.listdir('/proc/self/fd'):
                try:
                    found.append(os.readlink('/proc/self/fd/' + name))
                except OSError:
                    pass
            channel.send(repr(found))
        ";
        let found = receive(&gateway.remote_exec(source).unwrap());
        let found = found.to_string();
        assert!(found.contains("pipe:"), "{found}");
        assert!(!found.contains("secret"), "{found}");
    });
}

/// The kill of the group from here reaches `setsid` alone.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_in_a_session_of_its_own_ends_what_it_has_started() {
    each_python(|python, _| {
        for after in ["", STUBBORN] {
            in_a_session_of_its_own(python, after);
        }
    });
}

/// Code that no interrupt ends.
const STUBBORN: &str = "
    import signal, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True: time.sleep(0.01)
";

#[cfg(target_os = "linux")]
fn in_a_session_of_its_own(python: &Python, after: &str) {
    let group = Group::with_options(quick(50, 100));
    let spec = python.spec().replacen("popen", "cmd=setsid -w", 1);
    let gateway = group.make_gateway(spec).unwrap();
    let source = "
            import subprocess
            for command in ('sleep 1000', 'trap \"\" TERM HUP INT; sleep 1000; sleep 1000'):
                channel.send(subprocess.Popen(['sh', '-c', command]).pid)
        ";
    let source = source.replace("\n            ", "\n    ");
    let channel = gateway.remote_exec(&(source + after)).unwrap();
    let pids = [pid(&channel), pid(&channel)];
    group.terminate_timeout(LONG / 2);
    for pid in pids {
        eventually("the process is gone", LONG / 2, || !is_running(pid));
    }
}

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

/// What watches and kills the program that stands in front, and loses sight of its grandchildren, has the worker.
#[test]
fn a_shell_that_looks_for_the_interpreter_does_not_stay() {
    within("in place", LONG, || {
        let group = group();
        for spec in [
            "cmd=env".to_owned(),
            popen().replacen("popen", "cmd=env//chdir=/tmp", 1),
        ] {
            let gateway = group.make_gateway(spec).unwrap();
            let source = "import os; channel.send(os.getppid())";
            let parent = pid(&gateway.remote_exec(source).unwrap());
            assert_eq!(parent, i64::from(std::process::id()));
        }
    });
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
        let mut options = quiet();
        options.bootstrap_timeout = Duration::from_secs(2);
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

/// The other process is in a session of its own: killing the group of the first does not end its output.
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
        kill(pid().unwrap());
    });
}

#[test]
fn endless_output_is_given_up() {
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
fn a_banner_before_the_answer_does_no_harm() {
    within("banner", LONG, || {
        let scratch = Scratch::new("banner");
        let spec = popen();
        let python = spec.trim_start_matches("popen//python=");
        let script = format!("echo 'Welcome to EXECNET-'; echo profile >&2; exec {python} \"$@\"");
        let group = group();
        let gateway = group.make_gateway(scratch.script(&script)).unwrap();
        let channel = gateway.remote_exec("channel.send(1)").unwrap();
        assert_eq!(receive(&channel), Value::from(1));
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
        // None where it takes longer than it is given to end by itself.
        let failed = |exit: Exit| exit.code() == Some(1);
        assert!(error.exit().is_none_or(failed), "{error:?}");
    });
}

// -- dying

#[test]
fn a_worker_killed_in_mid_stream_is_an_error_that_names_the_signal() {
    each_python(|python, gateway| {
        let source = "import os, sys\nsys.stderr.write('last words')\nsys.stderr.flush()\n\
                      channel.send(os.getpid())\nwhile 1: channel.send('x' * 1000)";
        let channel = gateway.remote_exec(source).unwrap();
        let pid = pid(&channel);
        for _ in 0..100 {
            receive(&channel);
        }
        kill(pid);
        let error = loop {
            if let Err(error) = channel.receive_timeout(LONG) {
                break error;
            }
        };
        let ReceiveError::Disconnected(lost) = &error else {
            panic!("{error:?}")
        };
        let exit = lost.cause().unwrap().downcast_ref::<WorkerExit>().unwrap();
        assert_eq!(
            exit.exit().unwrap().signal(),
            Some(9),
            "Python {}",
            python.version
        );
        assert_eq!(exit.stderr(), "last words");
        assert!(exit.to_string().contains("was killed by SIGKILL"), "{exit}");
        assert!(gateway.join_timeout(SECOND));
        assert!(channel.send(1).is_err());
    });
}

fn kill(pid: i64) {
    let status = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_worker_that_exits_by_itself_is_reported_with_its_status() {
    each_python(|_, gateway| {
        let channel = gateway.remote_exec("import os; os._exit(7)").unwrap();
        let error = channel.receive_timeout(LONG).unwrap_err();
        let ReceiveError::Disconnected(lost) = &error else {
            panic!("{error:?}")
        };
        assert!(
            lost.cause()
                .unwrap()
                .to_string()
                .contains("exited with status 7")
        );
    });
}

// -- ending

#[test]
fn an_idle_worker_leaves_at_once() {
    each_python(|python, _| {
        let group = Group::with_options(patient());
        let gateway = group.make_gateway(python.spec()).unwrap();
        let channel = gateway
            .remote_exec("import os; channel.send(os.getpid())")
            .unwrap();
        let pid = pid(&channel);
        channel.wait_close_timeout(LONG).unwrap();
        let reports = group.terminate_timeout(LONG / 2);
        assert!(
            matches!(reports[0].outcome, Outcome::Exited(exit) if exit.success()),
            "{reports:?}"
        );
        assert!(!is_running(pid));
        assert!(!gateway.has_receiver());
    });
}

#[test]
fn code_that_waits_on_its_channel_ends_with_the_link() {
    each_python(|python, _| {
        let group = Group::with_options(patient());
        let gateway = group.make_gateway(python.spec()).unwrap();
        let channel = gateway
            .remote_exec("channel.send(1)\nchannel.receive()")
            .unwrap();
        let beside = gateway
            .remote_exec("channel.send(1)\nfor x in channel: pass")
            .unwrap();
        assert_eq!((receive(&channel), receive(&beside)), (1.into(), 1.into()));
        let reports = group.terminate_timeout(LONG / 2);
        assert!(
            matches!(reports[0].outcome, Outcome::Exited(exit) if exit.success()),
            "{reports:?}"
        );
    });
}

#[test]
fn a_call_followed_at_once_by_the_end_is_run_and_does_not_linger() {
    // execnet's own worker loses the call and takes 5 seconds to leave.
    each_python(|python, _| {
        let scratch = Scratch::new(&format!("last-{}", python.version));
        let file = scratch.0.join("ran");
        let group = Group::with_options(patient());
        let gateway = group.make_gateway(python.spec()).unwrap();
        let source = format!("open({:?}, 'w').close()", file.display().to_string());
        let channel = gateway.remote_exec(&source).unwrap();
        let reports = group.terminate_timeout(LONG / 2);
        assert!(
            matches!(reports[0].outcome, Outcome::Exited(exit) if exit.success()),
            "{reports:?}"
        );
        assert!(file.exists());
        drop(channel);
    });
}

#[test]
fn code_that_goes_on_is_interrupted_after_the_grace_period() {
    each_python_with("", quick(100, 1_000_000_000), |_, gateway| {
        let source = "
            import sys, time
            channel.send(1)
            try:
                while 1:
                    time.sleep(0.01)
            except KeyboardInterrupt:
                sys.stderr.write('interrupted')
            ";
        let channel = gateway.remote_exec(source).unwrap();
        receive(&channel);
        gateway.exit();
        assert!(gateway.join_timeout(LONG));
        assert_eq!(exit_status(gateway), Some(0));
        assert_eq!(worker_exit(gateway).stderr(), "interrupted");
    });
}

#[test]
fn code_that_ignores_the_interrupt_is_left_without() {
    each_python_with("", quick(50, 100), |_, gateway| {
        let source = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n\
                      channel.send(1)\nwhile 1: time.sleep(0.01)";
        let channel = gateway.remote_exec(source).unwrap();
        receive(&channel);
        gateway.exit();
        assert!(gateway.join_timeout(LONG));
        assert_eq!(exit_status(gateway), Some(1));
    });
}

#[test]
fn threads_of_remote_code_do_not_keep_a_worker_for_ever() {
    each_python_with("", quick(50, 100), |_, gateway| {
        let source =
            "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()";
        let channel = gateway.remote_exec(source).unwrap();
        channel.wait_close_timeout(LONG).unwrap();
        gateway.exit();
        assert!(gateway.join_timeout(LONG));
    });
}

fn exit_status(gateway: &execnet::Gateway) -> Option<i32> {
    worker_exit(gateway).exit().unwrap().code()
}

fn worker_exit(gateway: &execnet::Gateway) -> WorkerExit {
    let lost = gateway.disconnected().unwrap();
    let exit = lost.cause().unwrap().downcast_ref::<WorkerExit>();
    exit.unwrap().clone()
}

#[test]
fn what_does_not_leave_in_time_is_killed_with_its_children() {
    within("terminate", LONG, || {
        let group = group();
        let source = "import os, signal, subprocess, time\n\
                      signal.signal(signal.SIGINT, signal.SIG_IGN)\n\
                      channel.send(subprocess.Popen(['sleep', '1000']).pid)\n\
                      channel.send(os.getpid())\nos.kill(os.getpid(), signal.SIGSTOP)";
        let gateways = [(); 3].map(|()| group.make_gateway(popen()).unwrap());
        let channels = gateways
            .each_ref()
            .map(|gateway| gateway.remote_exec(source).unwrap());
        let pids: Vec<i64> = channels
            .iter()
            .flat_map(|channel| [pid(channel), pid(channel)])
            .collect();
        let idle = group.make_gateway(popen()).unwrap();
        // Long enough for the idle one. The others would never leave.
        let reports = group.terminate_timeout(2 * SECOND);
        assert_eq!(reports.len(), 4);
        for report in &reports[..3] {
            assert!(
                matches!(report.outcome, Outcome::Killed(Some(exit)) if exit.signal() == Some(9)),
                "{report:?}"
            );
        }
        assert_eq!(reports[3].id, idle.id());
        assert!(
            matches!(reports[3].outcome, Outcome::Exited(_)),
            "{reports:?}"
        );
        for pid in pids {
            eventually("the process is gone", SECOND, || !is_running(pid));
        }
    });
}

#[test]
fn dropping_the_group_leaves_no_process_and_no_thread() {
    within("drop", LONG, || {
        let before = threads();
        let group = group();
        let mut pids = Vec::new();
        for _ in 0..3 {
            let gateway = group.make_gateway(popen()).unwrap();
            let source = "import os; channel.send(os.getpid()); channel.receive()";
            let channel = gateway.remote_exec(source).unwrap();
            pids.push(pid(&channel));
        }
        let _ = bootstrap_error(&group, "popen//python=false");
        drop(group);
        assert!(pids.into_iter().all(|pid| !is_running(pid)));
        eventually("the threads are gone", SECOND, || threads() == before);
    });
}

fn threads() -> usize {
    fs::read_dir(Path::new("/proc/self/task")).unwrap().count()
}

#[test]
fn a_forked_grandchild_does_not_hold_the_link() {
    each_python(|_, gateway| {
        let source = "
            import os, subprocess, time
            pid = os.fork()
            if pid == 0:
                os.setsid()
                time.sleep(1000)
            channel.send(pid)
            ";
        let channel = gateway.remote_exec(source).unwrap();
        let orphan = pid(&channel);
        channel.wait_close_timeout(LONG).unwrap();
        gateway.exit();
        let ended = gateway.join_timeout(LONG / 2);
        kill(orphan);
        assert!(ended, "the grandchild holds the link");
    });
}

#[test]
fn a_worker_whose_controller_is_gone_leaves() {
    // Dropping every handle of the gateway but the process: what the end of this program would do.
    within("orphan", LONG, || {
        let group = group();
        let gateway = group.make_gateway(popen()).unwrap();
        let channel = gateway
            .remote_exec("import os; channel.send(os.getpid())")
            .unwrap();
        let pid = pid(&channel);
        gateway.exit();
        eventually("the worker has left", 2 * SECOND, || !is_running(pid));
    });
}
