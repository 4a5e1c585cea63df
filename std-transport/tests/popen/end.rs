//! The end of a worker with its link, and its grace.

use execnet::{Group, GroupOptions, Outcome, WorkerExit};
use execnet_test_support::{LONG, each_python, each_python_with, is_running, receive, receive_int};

use crate::{Scratch, quick};

/// Grace periods beyond every timeout here: a worker that uses its grace is killed by the group, and the report says so.
fn patient() -> GroupOptions {
    quick(1_000_000_000, 1_000_000_000)
}

#[test]
fn an_idle_worker_exits_at_once() {
    each_python(|python, _| {
        let group = Group::with_options(patient());
        let gateway = group.make_gateway(python.spec()).unwrap();
        let channel = gateway
            .remote_exec("import os; channel.send(os.getpid())")
            .unwrap();
        let pid = receive_int(&channel);
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
    // execnet's own worker loses the call and takes 5 seconds to exit.
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
fn code_that_does_not_end_is_interrupted_after_the_grace_period() {
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
fn the_worker_exits_though_code_ignores_the_interrupt() {
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
