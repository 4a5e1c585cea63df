//! Gateways over ssh that start, and the environment of their remote code.

use std::fs;

use execnet::{Outcome, Value};
use execnet_test_support::{LONG, group, is_running, niceness, pid, pythons, receive};

use crate::with_sshd;

#[test]
fn code_runs_on_a_host_without_a_named_interpreter() {
    with_sshd("a gateway over ssh", |sshd| {
        let group = group();
        let gateway = group.make_gateway(sshd.spec("box") + "//id=there").unwrap();
        assert_eq!(gateway.id(), "there");
        let source =
            "import os; channel.send((channel.receive() * 7, 'SSH_CONNECTION' in os.environ))";
        let channel = gateway.remote_exec(source).unwrap();
        channel.send(6).unwrap();
        assert_eq!(
            receive(&channel),
            Value::Tuple(vec![42.into(), true.into()])
        );
    });
}

#[test]
fn code_runs_with_each_python_of_a_host() {
    with_sshd("each Python over ssh", |sshd| {
        let group = group();
        for python in pythons() {
            let spec = format!("{}//python={}", sshd.spec("box"), python.path.display());
            let gateway = group.make_gateway(spec).unwrap();
            let source = "import sys; channel.send(('PyPy' in sys.version, channel.receive()))";
            let channel = gateway.remote_exec(source).unwrap();
            let item = Value::from("x".repeat(1 << 20));
            channel.send(&item).unwrap();
            let is_pypy = Value::from(python.version == "PyPy");
            assert_eq!(receive(&channel), Value::Tuple(vec![is_pypy, item]));
        }
    });
}

#[test]
fn directory_environment_and_program_are_set_before_the_interpreter_starts() {
    with_sshd("chdir and env over ssh", |sshd| {
        let place = tempfile::tempdir().unwrap();
        let place = fs::canonicalize(place.path()).unwrap();
        fs::create_dir_all(&place).unwrap();
        let directory = place.join("it's new");
        let keys = format!(
            "//python=python3 -X utf8//chdir={}//env:NAME=a 'b' $HOME//env:PYTHONWARNINGS=error//nice=3",
            directory.display()
        );
        let group = group();
        let gateway = group.make_gateway(sshd.spec("box") + &keys).unwrap();
        let source = "import os, sys; channel.send([os.getcwd(), os.environ['NAME'], sys.warnoptions, \
                      os.nice(0), sys.flags.utf8_mode])";
        let channel = gateway.remote_exec(source).unwrap();
        let expected = [
            directory.to_str().unwrap().into(),
            "a 'b' $HOME".into(),
            Value::List(vec!["error".into()]),
            niceness(3).into(),
            1.into(),
        ];
        assert_eq!(receive(&channel), Value::List(expected.to_vec()));
        drop(group);
        fs::remove_dir_all(place).unwrap();
    });
}

#[test]
fn output_of_a_banner_and_a_profile_is_ignored() {
    with_sshd("noise", |sshd| {
        let group = group();
        let gateway = group.make_gateway(sshd.spec("noisy")).unwrap();
        let channel = gateway.remote_exec("channel.send(1)").unwrap();
        assert_eq!(receive(&channel), Value::from(1));
    });
}

#[test]
fn a_group_over_ssh_terminates_without_kills() {
    with_sshd("terminate over ssh", |sshd| {
        let group = group();
        let gateways = [(); 2].map(|()| group.make_gateway(sshd.spec("box")).unwrap());
        let pids = gateways.each_ref().map(pid);
        let reports = group.terminate_timeout(LONG);
        assert_eq!(reports.len(), 2);
        // Those that had not left by themselves in that time would have been killed.
        for report in &reports {
            assert!(
                matches!(report.outcome, Outcome::Exited(exit) if exit.success()),
                "{reports:?}"
            );
        }
        assert!(pids.into_iter().all(|pid| !is_running(pid)));
    });
}
