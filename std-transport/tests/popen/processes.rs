//! Processes that a worker has started, and how they end with it.

use std::fs;
use std::path::Path;

use execnet::{Group, Outcome};
use execnet_test_support::{
    LONG, Python, bootstrap_error, each_python, eventually, group, is_running, popen, receive_int,
    signal, within,
};

use crate::{SECOND, quick};

/// A kill of the process group reaches only `setsid`.
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
    let pids = [receive_int(&channel), receive_int(&channel)];
    group.terminate_timeout(LONG / 2);
    for pid in pids {
        eventually("the process is gone", LONG / 2, || !is_running(pid));
    }
}

#[test]
fn workers_that_do_not_exit_in_time_are_killed_with_their_children() {
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
            .flat_map(|channel| [receive_int(channel), receive_int(channel)])
            .collect();
        let idle = group.make_gateway(popen()).unwrap();
        // Long enough for the idle one. The others would never exit.
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
            pids.push(receive_int(&channel));
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
        let orphan = receive_int(&channel);
        channel.wait_close_timeout(LONG).unwrap();
        gateway.exit();
        let ended = gateway.join_timeout(LONG / 2);
        signal("KILL", orphan);
        assert!(ended, "the grandchild holds the link");
    });
}

#[test]
fn a_worker_exits_when_its_controller_is_gone() {
    // Ends the link and keeps the process: what the end of this program would do.
    within("orphan", LONG, || {
        let group = group();
        let gateway = group.make_gateway(popen()).unwrap();
        let channel = gateway
            .remote_exec("import os; channel.send(os.getpid())")
            .unwrap();
        let pid = receive_int(&channel);
        gateway.exit();
        eventually("the worker has left", 2 * SECOND, || !is_running(pid));
    });
}
