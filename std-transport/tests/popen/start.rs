//! Starts of workers on this machine.

use core::time::Duration;
use std::fs;

use execnet::{Group, MakeGatewayError, Value};
use execnet_test_support::{
    LONG, each_python, group, niceness, popen, quiet, receive, receive_int, within,
};

use crate::{SECOND, Scratch};

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
        let options = quiet().with_bootstrap_timeout(Duration::MAX);
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

/// A descriptor without the close-on-exec flag, as C libraries open them.
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

/// The program in front may watch or kill only its child: that must be the worker itself.
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
            let parent = receive_int(&gateway.remote_exec(source).unwrap());
            assert_eq!(parent, i64::from(std::process::id()));
        }
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
