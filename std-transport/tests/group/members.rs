//! The members of a group, and their end.

use core::time::Duration;
use std::sync::mpsc;
use std::thread;

use execnet::{
    Channel, Group, MakeGatewayError, MemberError, MultiChannel, Outcome, Stderr, Stdout,
    TerminateReport, Value,
};
use execnet_test_support::{
    LONG, eventually, group, is_running, popen, pythons, quiet, receive, within,
};

use crate::ids;

#[test]
fn code_runs_on_all_members() {
    within("remote_exec", LONG, || {
        let group = group();
        for id in ["a", "b"] {
            group.make_gateway(format!("{}//id={id}", popen())).unwrap();
        }
        let all = |results: Vec<Result<Channel, MemberError>>| -> MultiChannel {
            results.into_iter().collect::<Result<_, _>>().unwrap()
        };
        let channels = all(group.remote_exec("channel.send(channel.gateway.id)"));
        let ids: Vec<Value> = channels.iter().map(receive).collect();
        assert_eq!(ids, ["a-worker", "b-worker"].map(Value::from));
        let kwargs = [(Value::from("n"), Value::from(41))].into_iter().collect();
        let source = "def next(channel, n): channel.send(n + 1)";
        let channels = all(group.remote_exec_function(source, "next", &kwargs));
        assert_eq!(
            channels.iter().map(receive).collect::<Vec<_>>(),
            [42, 42].map(Value::from)
        );
        let source = "if __name__ == '__channelexec__': raise ValueError";
        for channel in &all(group.remote_exec_module(source, "here.py")) {
            let error = channel.receive_timeout(LONG).unwrap_err();
            assert!(format!("{error:?}").contains("here.py"), "{error:?}");
        }
    });
}

#[test]
fn a_member_without_a_worker_does_not_fail_the_others() {
    within("dead member", LONG, || {
        let group = group();
        let made = group.make_gateways([popen(), popen(), popen()]);
        let dead = made[1].as_ref().unwrap();
        dead.kill();
        assert!(dead.join_timeout(LONG));
        let results = group.remote_exec("channel.send(42)");
        assert_eq!(ids(&group), ["gw0", "gw1", "gw2"]);
        let error = results[1].as_ref().unwrap_err();
        assert_eq!(error.gateway.id(), "gw1");
        assert!(error.to_string().starts_with("gateway 'gw1': "), "{error}");
        for index in [0, 2] {
            assert_eq!(receive(results[index].as_ref().unwrap()), Value::from(42));
        }
    });
}

#[test]
fn a_crashed_worker_is_replaced_under_its_id() {
    within("restart", LONG, || {
        let group = group();
        let spec = format!("{}//id=worker", popen());
        let first = group.make_gateway(&spec).unwrap();
        let taken = group.make_gateway(&spec);
        assert!(
            matches!(taken, Err(MakeGatewayError::DuplicateId(_))),
            "{taken:?}"
        );
        first.kill();
        assert!(first.join_timeout(LONG));
        assert!(group.contains(&first), "its end shows");
        let spec = group.spec("worker").unwrap();
        let second = group.make_gateway(&spec).unwrap();
        assert_eq!((second.id(), second.spec()), ("worker", spec.as_str()));
        assert_eq!(group.gateways(), core::slice::from_ref(&second));
        let channel = second.remote_exec("channel.send(1)").unwrap();
        assert_eq!(receive(&channel), Value::from(1));
        let outcomes: Vec<String> = group
            .terminate_timeout(LONG)
            .iter()
            .map(|report| match report.outcome {
                Outcome::Exited(exit) => format!("{} {:?}", report.id, exit.signal()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(outcomes, ["worker Some(9)", "worker None"]);
    });
}

#[test]
fn a_gateway_that_is_exited_leaves_its_group_and_is_still_reported() {
    within("exit", 2 * LONG, || {
        let group = group();
        let spec = format!("{}//id=a", popen());
        let stays = group.make_gateway(popen() + "//id=stays").unwrap();
        // More than the length at which the group removes ended gateways from its list.
        for _ in 0..20 {
            let gateway = group.make_gateway(&spec).unwrap();
            gateway.exit();
            assert_eq!(ids(&group), ["stays"]);
            assert!(group.get("a").is_none() && !group.contains(&gateway));
            assert!(gateway.join_timeout(LONG));
        }
        // A worker that does not exit on request is still killed with the group.
        let stubborn = group.make_gateway(&spec).unwrap();
        let source = "import os, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n\
                      channel.send(os.getpid())\nwhile 1: signal.pause()";
        let pid = receive(&stubborn.remote_exec(source).unwrap());
        stubborn.exit();
        assert_eq!((group.len(), ids(&group).len()), (1, 1));
        let reports = group.terminate_timeout(Duration::from_secs(2));
        assert_eq!(reports.len(), 22);
        assert_eq!(reports[0].id, stays.id());
        for report in &reports[..21] {
            assert!(
                matches!(report.outcome, Outcome::Exited(exit) if exit.success()),
                "{report:?}"
            );
        }
        assert!(
            matches!(reports[21].outcome, Outcome::Killed(_)),
            "{reports:?}"
        );
        assert!(!is_running(pid.as_i64().unwrap()));
        assert!(group.terminate().is_empty());
    });
}

/// The second call returned at once, and the first could not be ended before its timeout.
#[test]
fn a_call_of_terminate_hurries_one_that_is_under_way() {
    within("terminate", LONG, || {
        let group = group();
        let gateway = group.make_gateway(popen()).unwrap();
        let source = "import os, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n\
                      channel.send(os.getpid())\nwhile 1: signal.pause()";
        let channel = gateway.remote_exec(source).unwrap();
        let pid = receive(&channel).as_i64().unwrap();
        thread::scope(|scope| {
            let patient = scope.spawn(|| group.terminate());
            eventually("the first call", LONG, || gateway.is_exited());
            let reports = group.terminate_timeout(Duration::ZERO);
            assert!(
                matches!(
                    reports[..],
                    [TerminateReport {
                        outcome: Outcome::Killed(_),
                        ..
                    }]
                ),
                "{reports:?}"
            );
            assert!(!is_running(pid));
            assert_eq!(patient.join().unwrap().len(), 1);
        });
        assert!(group.terminate().is_empty());
    });
}

#[test]
fn lines_of_both_streams_come_with_the_gateways_id() {
    for python in pythons() {
        within(&format!("lines of Python {}", python.version), LONG, || {
            let (sink, lines) = mpsc::channel();
            let stderr = Stderr::callback(move |id, line| {
                let _ = sink.send(format!("{id}: {line}"));
            });
            let options = quiet().with_stdout(Stdout::Stderr).with_stderr(stderr);
            let group = Group::with_options(options);
            let source = "import os, sys\nsys.stdout.write('printed\\n')\nsys.stdout.flush()\n\
                          os.write(2, b'one\\ntw')\nos.write(1, b'o\\nno end')";
            let gateway = group.make_gateway(python.spec() + "//id=here").unwrap();
            gateway
                .remote_exec(source)
                .unwrap()
                .wait_close_timeout(LONG)
                .unwrap();
            let next = || lines.recv_timeout(LONG).unwrap();
            assert_eq!(
                [next(), next(), next()],
                ["here: printed", "here: one", "here: two"]
            );
            group.terminate_timeout(LONG);
            assert_eq!(next(), "here: no end");
            drop(group);
            assert!(lines.recv().is_err(), "nothing follows");
        });
    }
}
