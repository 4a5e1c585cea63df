//! Programs that are their own workers, and worker programs that a spec names.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::SystemTime;

use execnet::{
    BootstrapErrorKind, Group, Listen, MakeGatewayError, Server, ServerOptions, SpecError, Value,
};
use execnet_test_support::{LONG, quiet, receive, within};
use execnet_tests::sshd::{self, Sshd};

const PROGRAM: &str = env!("CARGO_BIN_EXE_own-worker");

/// Runs the program, which starts itself at this place and asks its worker for a factorial.
fn run(place: &str) -> Output {
    let output = Command::new(PROGRAM).args([place, "20"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    println!("{place}: {} {error}", output.status);
    output
}

fn works(place: &str) {
    let output = run(place);
    assert!(output.status.success());
    assert_eq!(output.stdout, b"20! = 2432902008176640000\n");
}

fn with_sshd(test: impl FnOnce(&Sshd) + Send + 'static) {
    within("over ssh", 3 * LONG, || sshd::with_sshd(test));
}

#[test]
fn a_program_is_its_own_worker_here() {
    within("popen", LONG, || works("popen"));
    within("cmd", LONG, || works("cmd=env IN_FRONT=1"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_whose_path_is_not_utf8_is_its_own_worker_here() {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join(OsStr::from_bytes(b"odd \xff' program"));
    fs::copy(PROGRAM, &program).unwrap();
    within("popen", LONG, move || {
        // The example reads its arguments as text.
        let run = |place| {
            let mut command = Command::new(&program);
            command
                .arg0("program")
                .args([place, "20"])
                .output()
                .unwrap()
        };
        let output = run("popen");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        assert_eq!(output.stdout, b"20! = 2432902008176640000\n");
        // A command that goes in front may take it to another machine.
        let output = run("cmd=env");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("worker= is not UTF-8"), "{error}");
        drop(place);
    });
}

#[test]
fn a_program_copies_itself_to_another_host_once() {
    with_sshd(|sshd| {
        let cache = tempfile::tempdir().unwrap();
        let spec = sshd.spec("noisy") + "//env:XDG_CACHE_HOME=" + cache.path().to_str().unwrap();
        works(&spec);
        let copies = listed(&cache.path().join("execnet"));
        let [copy] = copies.as_slice() else {
            panic!("{copies:?}")
        };
        assert_eq!(fs::read(copy).unwrap(), fs::read(PROGRAM).unwrap());
        assert_eq!(
            fs::metadata(copy).unwrap().permissions().mode() & 0o777,
            0o700
        );
        let made = fs::metadata(copy).unwrap().ino();
        works(&spec);
        assert_eq!(listed(&cache.path().join("execnet")), copies);
        assert_eq!(fs::metadata(copy).unwrap().ino(), made);
    });
}

#[test]
fn a_damaged_copy_is_replaced_and_an_old_one_removed() {
    with_sshd(|sshd| {
        let cache = tempfile::tempdir().unwrap();
        let spec = sshd.spec("box") + "//env:XDG_CACHE_HOME=" + cache.path().to_str().unwrap();
        works(&spec);
        let directory = cache.path().join("execnet");
        let copy = listed(&directory).remove(0);
        let whole = fs::read(&copy).unwrap();
        let mut changed = whole.clone();
        changed[whole.len() / 2] ^= 1;
        for damaged in [&whole[..whole.len() / 2], &changed] {
            fs::write(&copy, damaged).unwrap();
            works(&spec);
            assert!(fs::read(&copy).unwrap() == whole);
        }
        let (old, recent) = (
            directory.join("worker-old"),
            directory.join("worker-recent"),
        );
        for path in [&old, &recent] {
            fs::write(path, "").unwrap();
        }
        let long_ago = SystemTime::now() - Duration::from_secs(40 * 24 * 3600);
        fs::File::open(&old)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        fs::remove_file(&copy).unwrap();
        works(&spec);
        assert!(!old.exists() && recent.exists() && copy.exists());
    });
}

#[test]
fn a_copy_that_others_could_have_written_is_not_run() {
    with_sshd(|sshd| {
        let cache = tempfile::tempdir().unwrap();
        let spec = sshd.spec("box") + "//env:XDG_CACHE_HOME=" + cache.path().to_str().unwrap();
        works(&spec);
        let directory = cache.path().join("execnet");
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).unwrap();
        let output = run(&spec);
        assert!(!output.status.success());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("others can write there"), "{error}");
    });
}

#[test]
fn the_error_for_a_copy_that_cannot_be_written_has_the_reason() {
    with_sshd(|sshd| {
        let output = run(&(sshd.spec("box") + "//env:XDG_CACHE_HOME=/dev/null"));
        assert!(!output.status.success());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("/dev/null"), "{error}");
    });
}

fn listed(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_program_that_does_not_answer_as_a_worker_is_not_started() {
    let group = Group::with_options(quiet());
    let refused = |spec: &str| match group.make_gateway(spec) {
        Err(MakeGatewayError::Spec(SpecError::Value { key, problem })) => {
            assert_eq!(key, "worker", "{spec}");
            problem
        }
        other => panic!("{spec}: {other:?}"),
    };
    let problem = refused("popen//worker=self");
    assert!(problem.contains("worker_main"), "{problem}");
    execnet::worker_main(|_| {});
    for spec in ["docker=box//worker=self", "popen//worker=self//via=gw0"] {
        refused(spec);
    }
}

#[test]
fn a_worker_program_is_named_by_its_path() {
    let group = Group::with_options(quiet());
    let worker = format!("popen//worker={PROGRAM} --execnet-worker");
    let gateway = group.make_gateway(&worker).unwrap();
    let kwargs = [("n".into(), 5.into())].into_iter().collect();
    let channel = gateway
        .remote_exec_function("", "factorial", &kwargs)
        .unwrap();
    assert_eq!(receive(&channel), Value::from(120));
    match group.make_gateway("popen//worker=/nowhere/worker -x") {
        Err(MakeGatewayError::Bootstrap(error)) => {
            assert_eq!(error.kind(), BootstrapErrorKind::NoInterpreter);
            assert!(
                error.to_string().contains("tried /nowhere/worker\n"),
                "{error}"
            );
        }
        other => panic!("{other:?}"),
    }
    match group.make_gateway("popen//worker=sh -c 'echo hello'") {
        Err(MakeGatewayError::Bootstrap(error)) => {
            assert_eq!(error.kind(), BootstrapErrorKind::UnexpectedOutput);
            assert_eq!(error.output(), "hello\n");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_worker_program_is_named_by_its_path_on_another_host() {
    with_sshd(|sshd| {
        let place = tempfile::tempdir().unwrap();
        let keys = format!("//chdir={}/new//env:X=1//nice=2", place.path().display());
        let group = Group::with_options(quiet());
        let spec = sshd.spec("box") + &keys;
        let gateway = group
            .make_gateway(format!("{spec}//worker={PROGRAM} --execnet-worker"))
            .unwrap();
        let info = gateway.remote_info_timeout(LONG).unwrap();
        assert_eq!(
            Path::new(&info.cwd),
            place.path().join("new").canonicalize().unwrap()
        );
        match group.make_gateway(format!("{spec}//worker=/nowhere/worker")) {
            Err(MakeGatewayError::Bootstrap(error)) => {
                assert_eq!(error.kind(), BootstrapErrorKind::NoInterpreter);
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_served_worker_program_starts_in_the_directory_of_the_client() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().canonicalize().unwrap();
    let options = ServerOptions::new().with_worker(
        format!("popen//worker={PROGRAM} --execnet-worker")
            .parse()
            .unwrap(),
    );
    let server = Server::bind(Listen::Unix(place.join("private/socket")), options).unwrap();
    let (spec, stop) = (server.spec() + "//worker=there", server.stop_handle());
    std::thread::scope(|scope| {
        scope.spawn(|| server.run());
        let group = Group::with_options(quiet());
        let new = place.join("new");
        let gateway = group.make_gateway(format!("{spec}//nice=1//chdir={}", new.display()));
        let info = gateway.unwrap().remote_info_timeout(LONG).unwrap();
        assert_eq!(Path::new(&info.cwd), new);
        for (key, told) in [
            ("chdir=/dev/null/x", "/dev/null/x"),
            ("env:A=1", "variables"),
        ] {
            match group.make_gateway(format!("{spec}//{key}")) {
                Err(MakeGatewayError::Bootstrap(error)) => {
                    assert_eq!(error.kind(), BootstrapErrorKind::SettingsRefused);
                    assert!(error.to_string().contains(told), "{error}");
                }
                other => panic!("{other:?}"),
            }
        }
        stop.stop();
    });
}
